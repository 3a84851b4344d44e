"""What a case asks of its months: the aim and the conditions, as weights of streams and as figures of a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.economics.figures import RATIOS, TOTAL, Selection, known_as, unit_of
from optimizer.errors import bad_argument
from optimizer.horizon.fleet import Charges
from optimizer.horizon.gpus import Supply, standing_bill
from optimizer.horizon.limits import PathLimit
from optimizer.horizon.of_case import PosedPath, posed
from optimizer.horizon.streams import billed, hangs_on_price, is_share
from optimizer.horizon.timeline import Timeline
from optimizer.market.evaluate import Evaluation
from optimizer.model.measures import TOLERANCE, condition_factors, condition_name, selection_of
from optimizer.schema.case import CaseCondition
from optimizer.typing import Array

MONEY = "usd/month"
Parts = list[tuple[str, Selection, Array]]
"""Figures, each with its (T,) weight."""


@dataclass(frozen=True)
class PathCondition:
    """One side of a condition in one window of months."""

    name: str
    figure: str
    selection: Selection
    sense: int
    """+1 at least, -1 at most."""
    bound: float
    months: range
    """From 0: a ratio is taken of the window's sums, an amount as the mean of its months."""

    def value(self, path: Sequence[Evaluation], supply: Supply | None = None) -> float:
        """By the evaluator; nan for a ratio over nothing. What was paid ahead for GPUs counts in cash alone."""
        return over(path, self.months, self.figure, self.selection)

    @property
    def words(self) -> str:
        """The window."""
        first, last = self.months[0] + 1, self.months[-1] + 1
        return f"month {first}" if first == last else f"months {first} to {last}"


@dataclass(frozen=True)
class CashDate:
    """Cash at the end of a month: what was there, and the contribution margin less what else is spent."""

    months: range
    """From 0, all up to the date."""
    have: float
    spend: float
    """A month."""
    bound: float
    name: str = "cash"
    figure: str = "contribution_margin"
    selection: Selection = TOTAL
    sense: int = 1

    def value(self, path: Sequence[Evaluation], supply: Supply | None = None) -> float:
        """By the evaluator: a purchase of GPUs when it is paid, not as it is used."""
        earned = sum(path[t].figure(self.figure) for t in self.months)
        ahead = 0.0 if supply is None else float(supply.ahead[: len(self.months)].sum())
        return float(self.have + earned - ahead - self.spend * len(self.months))

    @property
    def words(self) -> str:
        """The date."""
        return f"month {len(self.months)}"


@dataclass(frozen=True)
class Aim:
    """What to get the most or the least of."""

    name: str
    sense: int
    unit: str
    weight: Array
    """(T,) of the figure in every month."""
    months: range | None
    """The window whose mean it is; None: the discounted sum of all months."""

    def value(self, path: Sequence[Evaluation]) -> float:
        """By the evaluator."""
        return float(sum(w * path[t].figure(self.name) for t, w in enumerate(self.weight) if w))


@dataclass(frozen=True)
class PathQuestion:
    """A timeline with what is asked of it."""

    timeline: Timeline
    aim: Aim
    conditions: tuple[PathCondition | CashDate, ...]

    @cached_property
    def posed(self) -> PosedPath:
        """The arrays, with streams for everything that is asked."""
        wanted = [(name, TOTAL) for name in _linear(self.aim.name)]
        wanted += [(name, c.selection) for c in self.conditions for name in _linear(c.figure)]
        return posed(self.timeline, tuple(dict.fromkeys(wanted)))

    @cached_property
    def weight(self) -> Array:
        """(Q, T) of the aim, in the sense that more is better."""
        return self._weighted(self._aim)[0]

    @cached_property
    def constant(self) -> float:
        """What the aim is worth beside the streams, the bill of GPUs that stand included."""
        return self._weighted(self._aim)[1]

    @cached_property
    def _aim(self) -> Parts:
        """The aim as weights of one linear figure."""
        name, own = self.aim.name, self.aim.sense * self.aim.weight
        if name not in RATIOS:
            return [(name, TOTAL, own)]
        ratio = RATIOS[name]
        below = self.posed.streams[self._at(ratio.denominator, TOTAL)].constant
        return [(ratio.numerator, TOTAL, own / below)]

    @cached_property
    def limits(self) -> tuple[PathLimit, ...]:
        """The conditions, the tolerance inside; of orders of GPUs without what these take from them."""
        found = []
        for c in self.conditions:
            parts, least = self._condition(c)
            weight, constant = self._weighted(parts)
            found.append(PathLimit(f"{c.name}, {c.words}", weight, least - constant))
        return tuple(found)

    def _condition(self, c: PathCondition | CashDate) -> tuple[Parts, float]:
        """Figures by month, and the least that they add up to."""
        target = c.bound - c.sense * TOLERANCE * (c.have if isinstance(c, CashDate) else abs(c.bound))
        inside = np.zeros(self.timeline.length)
        if isinstance(c, CashDate):
            inside[: len(c.months)] = 1.0
            return [(c.figure, TOTAL, inside)], target - c.have + c.spend * len(c.months)
        inside[c.months.start : c.months.stop] = c.sense / len(c.months)
        names = _linear(c.figure)
        parts = [(names[0], c.selection, inside)]
        parts += [(name, c.selection, -target * inside) for name in names[1:]]
        return parts, 0.0 if len(names) > 1 else c.sense * target

    @cached_property
    def charges(self) -> Charges | None:
        """What orders of GPUs and burst take from the aim and from every condition; None where hours are paid as used.
        Cash counts them as they are paid, all else as they are used."""
        if self.timeline.fleet is None:
            return None
        rows = [self._aim, *(self._condition(c)[0] for c in self.conditions)]
        ahead = [False, *(isinstance(c, CashDate) for c in self.conditions)]
        return self.timeline.fleet.charged(-np.stack([self._billed(parts) for parts in rows]), np.array(ahead))

    @property
    def free_of_gpus(self) -> bool:
        """Whether nothing that is asked hangs on the GPUs at hand: nothing to order, no limit, and no bill of them."""
        fleet, charges = self.timeline.fleet, self.charges
        if fleet is None or charges is None:
            return True
        return not fleet.orders and fleet.endless and not charges.burst.any()

    def _billed(self, parts: Parts) -> Array:
        """(T,) how often figures count the bill of GPUs."""
        return np.asarray(sum(own * billed(self.timeline, name, selection) for name, selection, own in parts))

    def _weighted(self, parts: Parts) -> tuple[Array, float]:
        """(Q, T) weights of figures with (T,) weights of their own, and what they are worth beside the streams."""
        placed = [(self._at(name, selection), own) for name, selection, own in parts]
        constant = sum(float(own @ self.posed.streams[at].constant) for at, own in placed)
        if self.timeline.fleet is not None:
            constant += float(self._billed(parts) @ standing_bill(self.timeline.fleet))
        return self.posed.weight(placed), constant

    def _at(self, name: str, selection: Selection) -> int:
        return next(k for k, s in enumerate(self.posed.streams) if (s.name, s.selection) == (name, selection))


def over(path: Sequence[Evaluation], months: range, name: str, selection: Selection = TOTAL) -> float:
    """A figure over months of a path: a ratio of the sums, an amount as the mean."""
    names = _linear(name)
    sums = [sum(path[t].figure(n, selection) for t in months) for n in names]
    if len(sums) == 1:
        return float(sums[0]) / len(months)
    return float(sums[0] / sums[1]) if sums[1] else float("nan")


def _linear(name: str) -> tuple[str, ...]:
    """Numerator and denominator of a ratio, else the figure itself."""
    return (RATIOS[name].numerator, RATIOS[name].denominator) if name in RATIOS else (known_as(name),)


def question_of(timeline: Timeline) -> PathQuestion:
    """What the case asks. Raises InputError, with a cure, for what months do not know."""
    conditions = tuple(
        made
        for condition, factor in zip(
            timeline.m.inputs.case.conditions,
            condition_factors(timeline.m.inputs.case, timeline.m.today.figure),
            strict=True,
        )
        for made in _conditions(timeline, condition, factor)
    )
    made = PathQuestion(timeline, _aim_of(timeline), (*conditions, *_cash(timeline)))
    _check_orders(made)
    return made


def _check_orders(question: PathQuestion) -> None:
    """Raises InputError for a figure that prices GPU hours at what all GPUs at hand cost, where that may be chosen."""
    timeline = question.timeline
    if timeline.fleet is None or not timeline.fleet.orders:
        return
    asked = [(question.aim.name, TOTAL), *((c.figure, c.selection) for c in question.conditions)]
    for figure, selection in asked:
        for name in _linear(figure):
            if hangs_on_price(timeline, question.posed.per[0], name, selection):
                message = f"{figure} prices GPU hours at what all GPUs at hand cost, which hangs on the orders"
                raise bad_argument("horizon.gpus", message, "ask for the figure of the whole company, or order none")


def _cash(timeline: Timeline) -> list[CashDate]:
    """Cash at the end of every month; empty where nothing is asked of it."""
    stated = timeline.asked.cash
    if stated is None:
        return []
    least = 0.0 if stated.least is None else stated.least.value
    return [CashDate(range(t), stated.have.value, stated.spend.value, least) for t in range(1, timeline.months + 1)]


def _aim_of(timeline: Timeline) -> Aim:
    stated = timeline.m.inputs.case.objective
    name, sense = (stated.maximise, 1) if stated.maximise is not None else (stated.minimise, -1)
    assert name is not None
    weight = np.zeros(timeline.length)
    if stated.months is not None:
        window = _window(timeline, stated.months, "objective.months")
        weight[window.start : window.stop] = 1.0 / len(window)
        if name in RATIOS and not is_share(name):
            cure = "make it a condition, and name an amount or a share of all who could be customers"
            raise bad_argument("objective", f"{name} cannot be the aim over months", cure)
        return Aim(name, sense, unit_of(name), weight, window)
    if name in RATIOS or unit_of(name) != MONEY:
        cure = f"add months to the objective, e.g. {{maximise: {name}, months: [{timeline.months}, {timeline.months}]}}"
        raise bad_argument("objective", f"{name} is no money that could be discounted and summed over months", cure)
    return Aim(name, sense, "usd", timeline.discount, None)


def _conditions(timeline: Timeline, c: CaseCondition, factor: float) -> list[PathCondition]:
    if c.share is not None or c.on is not None:
        raise bad_argument("conditions", "in and on ask over draws, not over months", "leave them out")
    where = f"conditions: {condition_name(c)}"
    if c.at is not None:
        windows = [_window(timeline, (month, month), where) for month in c.at]
    elif c.since is not None:
        _window(timeline, (c.since, timeline.months), where)
        windows = [range(t, t + 1) for t in range(c.since - 1, timeline.months)]
    else:
        windows = [_window(timeline, c.months or (1, timeline.months), where)]
    sides = [(1, c.at_least), (-1, c.at_most)]
    return [
        PathCondition(condition_name(c), c.figure, selection_of(c), sense, value * factor, window)
        for window in windows
        for sense, value in sides
        if value is not None
    ]


def _window(timeline: Timeline, months: tuple[int, int], where: str) -> range:
    first, last = months
    if not first <= last <= timeline.months:
        raise bad_argument(
            where, f"months {first} to {last} are none of the horizon's", f"stay within 1 to {timeline.months}"
        )
    return range(first - 1, last)
