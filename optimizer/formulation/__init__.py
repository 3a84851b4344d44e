"""The pricing program in Pyomo: exact linear form of the finite-mixture logit with discrete levels."""

from optimizer.formulation.box import LARGEST_ATTRACTION, Box, Choice, make_box, unsafe_levels
from optimizer.formulation.equations import Equation
from optimizer.formulation.program import Record, build, equations

__all__ = [
    "LARGEST_ATTRACTION",
    "Box",
    "Choice",
    "Equation",
    "Record",
    "build",
    "equations",
    "make_box",
    "unsafe_levels",
]
