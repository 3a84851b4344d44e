"""From a Pyomo program to a proven answer; light to import (Pyomo and HiGHS are loaded when first needed)."""

from optimizer.solve.compiling import compile_program
from optimizer.solve.outcome import Outcome, Progress, SolveOptions, Status
from optimizer.solve.program import Program
from optimizer.solve.session import Session, read_mps

__all__ = ["Outcome", "Program", "Progress", "Session", "SolveOptions", "Status", "compile_program", "read_mps"]
