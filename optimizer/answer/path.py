"""The answer to a case over months: a menu for every stage, the path it leads along, and what is proven of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from optimizer.answer.audit import ConditionCheck
from optimizer.answer.menu import PlanChoice
from optimizer.answer.solution import ObjectiveValue
from optimizer.answer.views import Viewed
from optimizer.economics.cash import balance
from optimizer.economics.figures import HEADLINES, TOTAL, Selection, unit_of
from optimizer.horizon.gpus import Supply, load_of
from optimizer.horizon.timeline import Timeline
from optimizer.horizon.worth import CustomerWorth
from optimizer.market.evaluate import Evaluation
from optimizer.market.months import MonthEvaluation
from optimizer.model.choices import Menu
from optimizer.typing import Status, Verdict

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class StageMenu:
    """The menu of one stage."""

    months: range
    """From 1; the tail under the last menu is not counted."""
    menu: tuple[PlanChoice, ...]
    """Against today's."""
    chosen: Menu
    """The same as its terms, in the stage's first world."""


@dataclass(frozen=True)
class GpuOrder:
    """An order of GPUs."""

    offer: str
    month: int
    """In which it is placed, from 1."""
    lots: int
    gpus: float


@dataclass(frozen=True)
class GpuPrice:
    """A GPU hour in a month, usd."""

    worth: float
    """What one more at hand throughout the month would bring in the objective, by the bound's prices."""
    rent: float
    """The market's."""
    hired: float
    """On demand."""


@dataclass(frozen=True)
class PathSolution(Viewed):
    """The answer to a case over months."""

    case: str
    title: str
    question: str
    verdict: Verdict
    verdict_text: str
    status: Status
    objective: ObjectiveValue
    held_value: float
    """Of the objective, where today's menu is held for all months."""
    stages: tuple[StageMenu, ...]
    levels: tuple[tuple[int, ...], ...] = field(repr=False)
    """By stage and plan."""
    timeline: Timeline = field(repr=False)
    months: tuple[MonthEvaluation, ...] = field(repr=False)
    """Every month, the tail included."""
    held: tuple[MonthEvaluation, ...] = field(repr=False)
    """The same where today's menu is held."""
    today: Evaluation = field(repr=False)
    conditions: tuple[ConditionCheck, ...]
    largest_difference: float
    """Relative, between the search's arrays and the evaluator."""
    orders: tuple[GpuOrder, ...]
    """Of GPUs; every order that may be placed, those of 0 lots included."""
    supply: Supply | None = field(repr=False)
    """GPUs at hand where they stand under a contract or are ordered ahead."""
    gpu_prices: tuple[GpuPrice, ...]
    """By month of the horizon; empty where hours are paid as used."""
    worth: tuple[CustomerWorth, ...]
    """What a customer is worth along the path."""
    findings: tuple[Any, ...]
    paths: int
    """How many the case allows."""
    boxes: int
    certificate: Mapping[str, Any] = field(repr=False)
    input_hash: str
    inputs: str = field(repr=False)
    versions: dict[str, str]
    seconds: dict[str, float]

    @property
    def path(self) -> tuple[MonthEvaluation, ...]:
        """The months of the horizon, without the tail."""
        return self.months[: self.timeline.months]

    def figure(self, name: str, month: int, plan: str | None = None, segment: str | None = None) -> float:
        """A figure in a month, from 1. Raises KeyError for an unknown name."""
        return self.months[month - 1].figure(name, Selection(plan, segment))

    def series(self, name: str, selection: Selection = TOTAL) -> list[float]:
        """A figure in every month of the horizon."""
        return [month.figure(name, selection) for month in self.path]

    def held_series(self, name: str) -> list[float]:
        """The same where today's menu is held."""
        return [month.figure(name) for month in self.held[: self.timeline.months]]

    @property
    def gpus(self) -> list[dict[str, float]] | None:
        """By month of the horizon, GPUs at hand, what they carry and the most that are busy, both in GPUs of the
        standing kind; None where they are paid as used."""
        if self.supply is None:
            return None
        busy = load_of(self.path, self.supply.pool).max(axis=1)
        rows = zip(self.supply.at_hand, self.supply.capacity, busy, strict=False)
        return [{"at_hand": float(n), "carry": float(can), "busy": float(most)} for n, can, most in rows]

    @property
    def cash(self) -> list[float] | None:
        """At the end of every month of the horizon; None where the case does not state any."""
        stated = self.timeline.asked.cash
        if stated is None:
            return None
        ahead = np.zeros(self.timeline.months) if self.supply is None else self.supply.ahead[: self.timeline.months]
        flows = np.array(self.series("contribution_margin")) - ahead - stated.spend.value
        return [float(amount) for amount in balance(stated.have.value, flows)]

    def to_frame(self) -> pd.DataFrame:
        """One row a month, one column a headline figure."""
        import pandas as pd

        index = pd.Index(range(1, self.timeline.months + 1), name="month")
        return pd.DataFrame({name: self.series(name) for name in HEADLINES}, index=index)

    def frames(self) -> list[pd.DataFrame]:
        """The path, for notebooks."""
        return [self.to_frame()]


def units(names: Sequence[str] = HEADLINES) -> dict[str, str]:
    """The unit of every headline figure."""
    return {name: unit_of(name) for name in names}
