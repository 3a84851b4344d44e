"""How far numbers move the objective, as a typed result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from optimizer.answer.views import Viewed

if TYPE_CHECKING:
    import pandas as pd

    from optimizer.schema.base import Quantity

TOP = 12
"""So many numbers are optimised anew, and drawn."""
VISIBLE = 1e-4
"""Least swing, relative to the objective, that is more than rounding."""


@dataclass(frozen=True)
class End:
    """The objective at one end of a number's range."""

    value: float | None
    missing: str = ""
    """Why there is no value."""
    contradicts: tuple[str, ...] = ()
    """Reported figures that such a world does not give back, though the market as stated does."""


@dataclass(frozen=True)
class Driver:
    """One number of the market and what it does to the objective, the market calibrated anew each time."""

    path: str
    unit: str
    value: float
    low: float
    high: float
    assumed: bool
    why: str
    """Source key, or the reason for the assumption."""
    kept_low: float | None
    """Objective at the number's low with the menu kept; None where today's counts cannot be given back then."""
    kept_high: float | None
    best_low: float | None = None
    """The same with the menu optimised anew; None where it was not asked for, or no menu meets the conditions."""
    best_high: float | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    """``kept_low`` and so on -> why there is no value."""
    contradicts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """``low`` or ``high`` -> figures that the company reported and that such a world does not give back."""

    def swing(self, base: float) -> float:
        """Largest move of the objective with the menu kept."""
        return max((abs(v - base) for v in (self.kept_low, self.kept_high) if v is not None), default=0.0)

    def redone(self, at_low: End, at_high: End) -> Driver:
        """The same with the menu optimised anew at both ends."""
        sides = {"low": at_low, "high": at_high}
        missing = {**self.missing, **{f"best_{side}": end.missing for side, end in sides.items() if end.missing}}
        return replace(self, best_low=at_low.value, best_high=at_high.value, missing=missing)


def ends(q: Quantity) -> tuple[float, float]:
    """Low and high of a number that has both."""
    return float(q.low or 0.0), float(q.high or 0.0)


def driver_of(path: str, q: Quantity, at_low: End, at_high: End) -> Driver:
    """A number and the objective at both of its ends, the menu kept."""
    low, high = ends(q)
    sides = {"low": at_low, "high": at_high}
    return Driver(
        path=path,
        unit=q.unit,
        value=q.value,
        low=low,
        high=high,
        assumed=q.assumption is not None,
        why=str(q.assumption or q.source),
        kept_low=at_low.value,
        kept_high=at_high.value,
        missing={f"kept_{side}": end.missing for side, end in sides.items() if end.missing},
        contradicts={side: end.contradicts for side, end in sides.items() if end.contradicts},
    )


@dataclass(frozen=True)
class Tornado(Viewed):
    """Numbers by how much they move the objective."""

    case: str
    figure: str
    unit: str
    base: float
    drivers: tuple[Driver, ...]
    """Largest swing first."""
    seconds: float
    complete: bool = True
    sources: Mapping[str, tuple[str, str | None, str]] = field(default_factory=dict, repr=False)
    """Source key -> its text, address and grade."""
    thing: str = "menu"
    """What is kept: a menu, or a path of menus over months."""

    def leading(self, shown: int = TOP) -> list[Driver]:
        """The drivers that are worth a line: the largest ones that move the objective by more than rounding."""
        return [d for d in self.drivers if d.swing(self.base) > VISIBLE * abs(self.base)][:shown]

    def to_frame(self) -> pd.DataFrame:
        """One row a number."""
        import pandas as pd

        rows = [
            {
                "path": d.path,
                "value": d.value,
                "low": d.low,
                "high": d.high,
                "unit": d.unit,
                "assumed": d.assumed,
                "kept_low": d.kept_low,
                "kept_high": d.kept_high,
                "best_low": d.best_low,
                "best_high": d.best_high,
                "swing": d.swing(self.base),
            }
            for d in self.drivers
        ]
        return pd.DataFrame(rows)

    def frames(self) -> list[pd.DataFrame]:
        """The numbers."""
        return [self.to_frame()]
