"""The pricing program in Pyomo: exact linear form of the finite-mixture logit with discrete levels."""
