"""An answer over draws of what is not known, as a typed result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optimizer.answer.views import Viewed

if TYPE_CHECKING:
    import pandas as pd

    from optimizer.typing import LevelIndices, Status, Verdict

WORDS = {
    "mean": "mean over the draws",
    "cvar": "mean of the worst {tail:.0%} of the draws",
    "worst": "worst draw",
    "regret": "largest loss against what each draw alone allows",
}
"""What a risk is, in words."""


@dataclass(frozen=True)
class Range:
    """A figure over draws, by weight."""

    mean: float
    p10: float
    p50: float
    p90: float


@dataclass(frozen=True)
class OverDraws:
    """A menu over some draws."""

    draws: int
    aim: Range
    tail: float
    """Mean of the aim in the worst tail."""
    worst: float
    figures: Mapping[str, Range]
    conditions: tuple[float, ...]
    """Share of the draws by weight that meet each condition of the case."""


@dataclass(frozen=True)
class RobustMenu:
    """One of the menus that stand side by side."""

    name: str
    """What it is the best for: point, mean, cvar, worst, regret, or mean with equal weights."""
    asked: bool
    """Whether it is the answer."""
    levels: LevelIndices
    mix: int
    document: Mapping[str, Any]
    """Terms by plan, and the split."""
    value: float
    """What it is best for: of the regret menu the largest regret."""
    bound: float
    verdict: Verdict
    proven: OverDraws
    """In the draws that the proof is for."""
    fresh: OverDraws | None
    """In draws that it was not chosen in."""
    regret: float | None
    """Largest loss against what each draw alone allows, as ``regret`` is asked; None where that was not."""
    meets: bool
    """Whether it meets in the draws of the proof what the case asks over them."""


@dataclass(frozen=True)
class LeverShare:
    """How often a lever stands at a level among the draws' own best menus, by weight."""

    plan: str
    """Empty for the split of the budget."""
    lever: str
    """``price``, an AI model for its allowance, or its unit price."""
    level: str
    share: float


@dataclass(frozen=True)
class LeverMove:
    """What the result of a test would move."""

    plan: str
    """Empty for the split of the budget."""
    lever: str
    before: str
    after: str
    probability: float


@dataclass(frozen=True)
class Experiment:
    """A test of one plan's terms: two arms of as many visitors, who decide anew; today's terms, and others."""

    plan: str
    lever: str
    today: str
    other: str
    """Level of the lever in the second arm."""
    visitors: int
    """In each arm."""
    months: float
    """In which so many decide at all, on average over the draws."""
    value: float
    """What choosing by its result is worth on average (EVSI), in the aim's unit."""
    known: float
    """The same with endless visitors: what its take-up alone is worth knowing."""
    above_null: bool
    """Whether it is more than the best of as many unrelated tests would show in 95 of 100 cases."""
    cost: float
    """usd of contribution that the second arm brings less than the first, on average; below 0 where it brings more."""
    ratio: Range
    """Take-up of the plan in the second arm over the first, over the draws; its share in the second where the first
    does not offer it."""
    changes: float
    """Probability that another menu is chosen by the result."""
    moves: tuple[LeverMove, ...]
    """Most likely first."""
    by_size: tuple[tuple[int, float], ...]
    """Visitors in each arm, and what choosing by the result is worth then."""


@dataclass(frozen=True)
class Experiments:
    """Tests by what they are worth."""

    ranked: tuple[Experiment, ...]
    """The one worth running first."""
    null: float
    """What a test of something unrelated shows on average."""
    null_most: float
    """What the best of as many shows in 95 of 100 cases."""
    control: float
    """What the first test shows where its results belong to other draws."""
    held: float
    """Months that visitors keep an arm's terms, for the cost."""


@dataclass(frozen=True)
class RobustAnswer(Viewed):
    """The menu that does best over many draws of what is not known, and what else the draws tell."""

    case: str
    title: str
    question: str
    figure: str
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
    menus: tuple[RobustMenu, ...]
    conditions: tuple[tuple[str, str], ...]
    """Name of every condition, and where it must hold."""
    levers: tuple[LeverShare, ...]
    worth: Any
    """``uncertainty.worth.Worths``; None where it was not asked for."""
    experiments: Experiments | None
    """None where it was not asked for, or no plan's terms can be tested."""
    own_infeasible: int
    """Draws in which no menu meets the conditions."""
    draws: Any = field(repr=False)
    """``uncertainty.drawing.MarketDraws``."""
    weighted: bool
    """Whether draws count by evidence."""
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
    def asked(self) -> RobustMenu:
        """The answer."""
        return next(menu for menu in self.menus if menu.asked)

    @property
    def menu(self) -> Mapping[str, Any]:
        """The answer's terms by plan."""
        found: Mapping[str, Any] = self.asked.document["menu"]
        return found

    @property
    def risk_words(self) -> str:
        return WORDS[self.risk].format(tail=self.tail)

    def to_frame(self) -> pd.DataFrame:
        """One row a menu: what it brings over the draws, and over fresh ones."""
        import pandas as pd

        rows = []
        for menu in self.menus:
            row = {"menu": menu.name, "value": menu.value, "bound": menu.bound}
            rows.append(row | cells_over_draws(menu.proven, menu.fresh))
        return pd.DataFrame(rows)

    def frames(self) -> list[pd.DataFrame]:
        """The menus side by side."""
        return [self.to_frame()]


def cells_over_draws(proven: OverDraws, fresh: OverDraws | None) -> dict[str, float]:
    """What a menu, or a path, brings over the draws of the proof and over fresh ones, as cells of a table's row."""
    found: dict[str, float] = {}
    for name, over in (("draws", proven), ("fresh", fresh)):
        if over is not None:
            found |= {f"{name}_mean": over.aim.mean, f"{name}_p10": over.aim.p10, f"{name}_p90": over.aim.p90,
                      f"{name}_tail": over.tail, f"{name}_worst": over.worst}  # fmt: skip
    return found
