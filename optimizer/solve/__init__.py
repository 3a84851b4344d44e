"""From a program to a proven answer; light to import (Pyomo and HiGHS are loaded when first needed)."""
