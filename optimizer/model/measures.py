"""Objectives and conditions as figures on the instance: everything becomes ``figure >= 0`` or ``figure -> max``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from optimizer.economics.figures import RATIOS, TOTAL, Selection, is_linear
from optimizer.errors import bad_argument
from optimizer.model.build import MarketInstance
from optimizer.model.instance import Figure, Limit, combine, zero_figure
from optimizer.schema.case import Case, CaseCondition

TOLERANCE = 1e-6
"""Conditions are decided at this relative tolerance, by the evaluator."""
FLOOR = 1e-3
"""Least denominator of a ratio in total, as a share of today's."""

Today = Callable[[str, Selection], float]
"""Today's value of a figure."""


@dataclass(frozen=True)
class Measure:
    """A figure of any kind on the instance: numerator / denominator, or the numerator alone."""

    name: str
    selection: Selection
    numerator: Figure
    denominator: Figure | None
    floor: float
    """Least the denominator may be."""


@dataclass(frozen=True)
class ConditionBound:
    """One side of a condition, with the name users know it by."""

    name: str
    measure: Measure
    sense: int
    """+1 at least, -1 at most."""
    value: float

    def limits(self) -> tuple[Limit, ...]:
        """The side as limits; the tolerance is inside."""
        return measure_limits(self.name, self.measure, self.sense, self.value)

    def moved(self, value: float) -> ConditionBound:
        """The same side at another value."""
        return ConditionBound(self.name, self.measure, self.sense, value)


def measure_limits(name: str, measure: Measure, sense: int, value: float) -> tuple[Limit, ...]:
    """``sense x (measure - value) >= 0`` within the tolerance, and the floor on a ratio's denominator."""
    target = value - sense * TOLERANCE * abs(value)
    if measure.denominator is None:
        return (Limit(name, combine([(float(sense), measure.numerator)], -sense * target)),)
    main = Limit(name, combine([(float(sense), measure.numerator), (-sense * target, measure.denominator)]))
    if measure.floor <= 0.0:
        return (main,)
    floor = Limit(f"{name} (denominator)", combine([(1.0, measure.denominator)], -measure.floor * (1.0 - TOLERANCE)))
    return main, floor


def selection_of(condition: CaseCondition) -> Selection:
    """The part of the business a condition is about."""
    return Selection(condition.plan, condition.segment, (condition.channel,) if condition.channel else None)


def measure(
    built: MarketInstance, name: str, selection: Selection, today: Today, floor: float | None = None
) -> Measure:
    """A figure on the instance; a ratio over a constant becomes linear."""
    if name not in RATIOS:
        return Measure(name, selection, built.figure(name, selection), None, 0.0)
    ratio = RATIOS[name]
    numerator = built.figure(ratio.numerator, selection)
    denominator = built.figure(ratio.denominator, selection)
    if is_linear(name):
        return Measure(name, selection, combine([(1.0 / denominator.constant, numerator)]), None, 0.0)
    if floor is None:
        stated = today(ratio.denominator, selection)
        floor = FLOOR * stated if selection.plan is None and math.isfinite(stated) else 0.0
    return Measure(name, selection, numerator, denominator, floor)


def condition_name(condition: CaseCondition) -> str:
    """The name in messages."""
    if condition.name:
        return condition.name
    part = selection_of(condition)
    return condition.figure if part.total else f"{condition.figure} of {part.label}"


def bounds(case: Case, built: MarketInstance, today: Today) -> tuple[ConditionBound, ...]:
    """Every side of every condition of a case."""
    found = []
    for index, condition in enumerate(case.conditions):
        selection = selection_of(condition)
        made = measure(built, condition.figure, selection, today, condition.denominator_floor)
        factor = today(condition.figure, selection) if condition.relative_to == "today" else 1.0
        if not math.isfinite(factor):
            raise bad_argument(
                f"conditions.{index}", f"{condition.figure} has no value today, so nothing can be relative to it"
            )
        name = condition_name(condition)
        for sense, value in ((1, condition.at_least), (-1, condition.at_most)):
            if value is not None:
                found.append(ConditionBound(name, made, sense, value * factor))
    return tuple(found)


def blend(
    built: MarketInstance, weights: Mapping[str, float], today: Today
) -> tuple[Figure, list[tuple[float, Measure]]]:
    """A weighted sum's linear part, and its ratios with their weights."""
    linear = zero_figure(built.instance)
    ratios: list[tuple[float, Measure]] = []
    for name, weight in weights.items():
        made = measure(built, name, TOTAL, today)
        if made.denominator is None:
            linear = combine([(1.0, linear), (weight, made.numerator)])
        else:
            ratios.append((weight, made))
    return linear, ratios
