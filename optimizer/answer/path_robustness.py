"""The answer over draws to a case over months, as a typed result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optimizer.answer.offers import Offers
from optimizer.answer.robustness import WORDS, OverDraws, cells_over_draws

if TYPE_CHECKING:
    import pandas as pd

    from optimizer.typing import Status, Verdict


@dataclass(frozen=True)
class RobustPath:
    """One of the paths that stand side by side."""

    name: str
    """What it is the best for: point, mean, cvar, worst or regret; or today, whose menu is held."""
    asked: bool
    """Whether it is the answer."""
    levels: tuple[tuple[int, ...], ...] = field(repr=False)
    """By stage and plan."""
    offers: tuple[Offers, ...] = field(repr=False)
    """By stage, as plain data."""
    proven: OverDraws
    """In the draws that the proof is for."""
    fresh: OverDraws | None
    """In draws that it was not chosen in."""
    regret: float | None
    """Largest loss against what each draw alone allows; None where regret was not asked."""
    meets: bool
    """Whether it meets in the draws of the proof what the case asks over them."""


@dataclass(frozen=True)
class RobustPathAnswer:
    """The path of menus, the same in every draw, that does best over many draws of what is not known."""

    case: str
    title: str
    question: str
    figure: str
    window: str
    """The months of the figure."""
    unit: str
    sense: int
    risk: str
    tail: float
    value: float
    """In the aim's own direction; of regret the largest regret."""
    bound: float
    gap: float
    gap_asked: float
    verdict: Verdict
    status: Status
    paths: tuple[RobustPath, ...]
    """The answer among them."""
    units: Mapping[str, str]
    """Of the figures told, by their names with their months."""
    conditions: tuple[tuple[str, str], ...]
    """Name of every condition, and where it must hold."""
    first_months: tuple[int, ...]
    """Of the stages, from 1."""
    plans: Mapping[str, str]
    """Plan -> its title."""
    draws: Any = field(repr=False)
    """``uncertainty.drawing.MarketDraws``."""
    weighted: bool
    """Whether draws count by evidence."""
    largest_difference: float
    """Relative, between the search's arrays and the evaluator, in any draw."""
    boxes: int
    input_hash: str
    inputs: str = field(repr=False)
    certificate: Mapping[str, Any] = field(repr=False)
    spent: Mapping[str, float]
    """Seconds by what they were spent on."""
    complete: bool = True

    @property
    def seconds(self) -> float:
        """In all."""
        return sum(self.spent.values())

    @property
    def asked(self) -> RobustPath:
        """The answer."""
        return next(path for path in self.paths if path.asked)

    @property
    def risk_words(self) -> str:
        return WORDS[self.risk].format(tail=self.tail)

    def to_frame(self) -> pd.DataFrame:
        """One row a path: what it brings over the draws, and over fresh ones."""
        import pandas as pd

        rows = []
        for path in self.paths:
            row = {"path": path.name, "asked": path.asked, "meets_conditions": path.meets}
            rows.append(row | cells_over_draws(path.proven, path.fresh))
        return pd.DataFrame(rows)

    def frames(self) -> list[pd.DataFrame]:
        """The paths side by side."""
        return [self.to_frame()]
