"""What is asked of a ``MenuProblem``, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optimizer.typing import LevelIndices, Status, Verdict


@dataclass(frozen=True)
class Ratio:
    """A ratio of two figures, for an objective, a condition or an axis of a frontier.

    A menu counts where the denominator is at least the floor (decided at 1e-6 relative). Menus that do not count are
    never the best, meet no condition on the ratio and lie on no frontier; where none counts, there is no answer.
    """

    numerator: str
    denominator: str
    floor: float | None = None
    """Least the denominator may be, above 0; None: 1e-6 of the largest it could be (``MenuProblem.floor`` tells it)."""


@dataclass(frozen=True)
class Condition:
    """A bound on a figure or a ratio of figures; decided at 1e-6 relative."""

    figure: str | Ratio
    at_least: float | None = None
    at_most: float | None = None
    name: str = ""
    """What to call it in a diagnosis; made from the figure where empty."""


@dataclass(frozen=True)
class Burst:
    """Capacity that may be exceeded at a price: ``max(0, use - reserved)`` is charged to a figure."""

    use: str
    """Name of the figure that takes capacity."""
    reserved: float
    price: float
    """Per unit of burst."""
    charged_to: str
    """Name of the figure that pays."""
    limit: float = float("inf")
    """The most burst there may be."""


@dataclass(frozen=True)
class MenuSolution:
    """The best menu found and what is proven of it."""

    menu: LevelIndices
    """A level index per plan."""
    mix: int
    value: float
    """By direct evaluation."""
    bound: float
    """No menu that meets the conditions is better; finite."""
    gap: float
    """(bound - value) / max(|value|, yardstick); the yardstick is 1e-6 of the largest that the objective could be (for
    a ratio, of the largest numerator over the largest denominator), so that the unit of money plays no part."""
    verdict: Verdict
    """proved, solver_proved or best_found."""
    status: Status
    figures: Mapping[str, float]
    seconds: float
    work: Any = field(repr=False, default=None)
    floor: float | None = None
    """Where the objective is a ratio: the least denominator at which a menu counts."""


@dataclass(frozen=True)
class FrontierMenu:
    """An efficient menu."""

    menu: LevelIndices
    mix: int
    x: float
    y: float
    bound: float
    """No menu with at least the x that was asked for has a better y."""


@dataclass(frozen=True)
class MenuFrontier:
    """Efficient menus, by x in the direction that is better."""

    points: tuple[FrontierMenu, ...]
    room: float
    """The most by which the true frontier can lie above the drawn staircase, in units of y; proven."""
    complete: bool
    solves: int
    seconds: float
