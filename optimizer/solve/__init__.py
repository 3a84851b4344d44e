"""From a program to a proven answer; light to import (Pyomo and HiGHS are loaded when first needed)."""

from optimizer.solve.boxes import BoxOutcome, CheckedChoice, check_choice, choice_from, solve_box
from optimizer.solve.lowering import lower_program
from optimizer.solve.outcome import Outcome, Progress, SolveOptions
from optimizer.solve.program import Program
from optimizer.solve.session import Session, read_mps
from optimizer.solve.solving import solve
from optimizer.solve.workers import close_workers, warm_worker
from optimizer.typing import Status

__all__ = [
    "BoxOutcome",
    "CheckedChoice",
    "Outcome",
    "Program",
    "Progress",
    "Session",
    "SolveOptions",
    "Status",
    "check_choice",
    "choice_from",
    "close_workers",
    "lower_program",
    "read_mps",
    "solve",
    "solve_box",
    "warm_worker",
]
