"""The pricing program in Pyomo: exact linear form of the finite-mixture logit with discrete levels."""

from optimizer.formulation.box import LARGEST_ATTRACTION, ProgramBox, make_box, unsafe_levels
from optimizer.formulation.equations import Equation
from optimizer.formulation.program import Record, build, equations
from optimizer.typing import Choice

__all__ = [
    "LARGEST_ATTRACTION",
    "Choice",
    "Equation",
    "ProgramBox",
    "Record",
    "build",
    "equations",
    "make_box",
    "unsafe_levels",
]
