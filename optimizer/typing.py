"""The types that every floor shares: arrays, menus, choices, and how a search or an answer ended."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]
LevelIndices = tuple[int, ...]
"""One level index a plan; has a meaning only beside the levels it was chosen among."""
Choice = tuple[LevelIndices, int]
"""A menu and the index of a mix level."""


class Status(StrEnum):
    """How a search or a solve ended."""

    OPTIMAL = "optimal"
    """The gap asked for is met."""
    FEASIBLE = "feasible"
    """Stopped at a limit with values."""
    NO_ANSWER = "no_answer"
    """Stopped at a limit without values."""
    INFEASIBLE = "infeasible"
    """Proven; by the solver with presolve on and off."""
    UNBOUNDED = "unbounded"
    EVALUATED = "evaluated"
    """Nothing was optimised."""
    INTERRUPTED = "interrupted"
    """Cancelled by the caller; values are kept where there were any."""
    ERROR = "error"


class Verdict(StrEnum):
    """What may be believed of an answer."""

    PROVED = "proved"
    """No menu is better by more than the gap asked for: bounds and evaluation alone show it."""
    SOLVER_PROVED = "solver_proved"
    """The same, where the solver closed part of the proof."""
    BEST_FOUND = "best_found"
    """A menu that meets the conditions, with the bound that was reached."""
    EVALUATED = "evaluated"
    """One menu, evaluated; nothing was optimised."""
    NOT_TRUSTED = "not_trusted"
    """Program and evaluator disagree: no number is shown."""
