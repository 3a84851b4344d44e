"""What is asked of an optimisation and what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from optimizer.execution.arguments import checked_gap
from optimizer.execution.clock import GRACE
from optimizer.typing import Choice, Status

EXACT = 1e-12
"""Relative difference that rounding explains: a gap of 0 asks for no more."""


Progress = Callable[[float, float, int], None]
"""Told the value, the bound and the boxes processed, as often as they may have moved."""


@dataclass(frozen=True)
class Settings:
    """How far and how long to search. Raises InputError for a gap that is none."""

    gap: float = 1e-4
    scale: float | None = None
    """Least size that the gap is relative to, in the aim's unit; None: a small share of the largest the aim could be
    (``measures.yardstick``)."""
    deadline: float | None = None
    """``time.monotonic()`` at which the best known answer is returned."""
    screen: bool = True
    cross_check: bool = True
    """Hand the surviving box to HiGHS even where screening has closed the search."""
    cancelled: Callable[[], bool] | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        checked_gap(self.gap)

    @property
    def late(self) -> bool:
        """Whether time is up: what is known by now is all there will be."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    @property
    def overdue(self) -> bool:
        """Whether the grace after it is over, too: not even a first answer is looked for."""
        return self.deadline is not None and time.monotonic() >= self.deadline + GRACE


@dataclass(frozen=True)
class Work:
    """What the search took."""

    boxes: int = 0
    enumerated: int = 0
    rows: int = 0
    columns: int = 0
    build_seconds: float = 0.0
    solve_seconds: float = 0.0
    steps: int = 1
    notes: tuple[str, ...] = ()

    def __add__(self, other: Work) -> Work:
        return Work(
            self.boxes + other.boxes,
            self.enumerated + other.enumerated,
            max(self.rows, other.rows),
            max(self.columns, other.columns),
            self.build_seconds + other.build_seconds,
            self.solve_seconds + other.solve_seconds,
            self.steps + other.steps,
            (*self.notes, *other.notes),
        )


@dataclass(frozen=True)
class Answer:
    """The best choice found, and what is proven of it."""

    status: Status
    """optimal, feasible, infeasible, no_answer or interrupted."""
    choice: Choice | None
    value: float
    """True value of the aim at the choice."""
    bound: float
    """No feasible choice is worth more."""
    method: str
    """``screened`` (true-weight bounds and enumeration alone) or ``solver`` (HiGHS closed part of it)."""
    work: Work = field(default_factory=Work)
    certificate: Any = None
    scale: float = 0.0
    """Least size that the gap is relative to; 0 where that was not asked."""


def relative_gap(value: float, bound: float, scale: float) -> float:
    """(bound - value) / max(|value|, scale), not below 0, for the most of something."""
    return (bound - value) / max(abs(value), scale) if bound > value else 0.0


def reached(gap: float, asked: float) -> bool:
    """Whether a gap is as small as was asked for, but for rounding."""
    return gap <= max(asked, EXACT) * (1.0 + 1e-9)
