"""The efficient frontier of two figures of a case over months as a typed result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optimizer.answer.offers import Offers

if TYPE_CHECKING:
    import pandas as pd

    from optimizer.answer.path_worlds import ChosenPath
    from optimizer.typing import Verdict


@dataclass(frozen=True)
class PathAxis:
    """A figure over a window of months, and the direction in which it is better."""

    name: str
    sense: int
    """+1 more is better, -1 less is."""
    unit: str
    months: tuple[int, int] | None
    """First and last, from 1; None: discounted and summed over all months, the tail included."""
    held: float
    """Where today's menu is held."""

    @property
    def words(self) -> str:
        """The window."""
        if self.months is None:
            return "discounted"
        first, last = self.months
        return f"month {first}" if first == last else f"months {first} to {last}"


@dataclass(frozen=True)
class PathPoint:
    """An efficient path."""

    chosen: ChosenPath = field(repr=False)
    offers: tuple[Offers, ...] = field(repr=False)
    """By stage."""
    x: float
    y: float
    bound: float
    """No path with at least the threshold of x has a better y."""
    gap: float
    verdict: Verdict
    threshold: float | None
    """The x that was asked for; None at the end with the best y."""


@dataclass(frozen=True)
class PathFrontier:
    """Efficient paths from the best y to the best x, with a proven statement of what may be missing between them."""

    case: str
    x: PathAxis
    y: PathAxis
    points: tuple[PathPoint, ...]
    first_months: tuple[int, ...]
    """Of the stages, from 1."""
    plans: dict[str, str]
    """Plan -> its title."""
    room: float
    """The most by which the true frontier can lie above the staircase of the points, in the unit of y; proven."""
    complete: bool
    """False where time or the user stopped the study."""
    solves: int
    seconds: float

    def to_frame(self) -> pd.DataFrame:
        """One row a point."""
        import pandas as pd

        names = ("x", "y", "bound", "gap", "verdict", "threshold")
        rows: list[dict[str, Any]] = [{name: getattr(p, name) for name in names} for p in self.points]
        return pd.DataFrame(rows, columns=names)

    def frames(self) -> list[pd.DataFrame]:
        """The points."""
        return [self.to_frame()]
