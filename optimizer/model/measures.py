"""Objectives and conditions as figures on the instance: everything becomes ``figure >= 0`` or ``figure -> max``.

A ratio has one meaning everywhere: a menu counts where the denominator is at least a positive floor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from optimizer.economics.figures import RATIOS, TOTAL, Selection, is_linear, unit_of
from optimizer.errors import bad_argument
from optimizer.model.build import MarketInstance
from optimizer.model.instance import Figure, Instance, Limit, combine, zero_figure
from optimizer.schema.case import Case, CaseCondition

TOLERANCE = 1e-6
"""Conditions are decided at this relative tolerance, by the evaluator."""
FLOOR = 1e-3
"""Least denominator of a ratio, as a share of today's."""
FLOOR_NEW = 1e-6
"""The same where today has none, as a share of today's total, or of the whole market where there is no total either."""
FLOOR_PLAN = 1e-9
"""Least denominator of a ratio of one plan that is offered, as a share of the same total."""
FLOOR_ARRAYS = 1e-6
"""Least denominator of a ratio that is given as arrays, as a share of the largest it could be (:func:`magnitude`)."""
LEAST = 1e-6
"""Least size that gaps are relative to, as a share of the largest that a figure could be (:func:`yardstick`)."""

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
    """Least denominator at which a menu counts, above 0; 0 without a denominator."""
    offered: Figure | None = None
    """For one plan's ratio: 1 where the plan is on the menu, else 0; a condition asks nothing where it is off."""

    @property
    def least(self) -> float:
        """The floor less the tolerance: a menu counts where its denominator is at least this."""
        return self.floor * (1.0 - TOLERANCE)


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
    """``sense x (measure - value) >= 0`` within the tolerance, at menus that count."""
    target = value - sense * TOLERANCE * abs(value)
    if measure.denominator is None:
        return (Limit(name, combine([(float(sense), measure.numerator)], -sense * target)),)
    main = Limit(name, combine([(float(sense), measure.numerator), (-sense * target, measure.denominator)]))
    if measure.offered is None:
        return (main, *counting(measure, name))
    asked = combine([(1.0, measure.denominator), (-measure.least, measure.offered)])
    return main, Limit(f"{name} (denominator)", asked)


def counting(measure: Measure, name: str = "") -> tuple[Limit, ...]:
    """The limit that only menus at which a ratio counts keep; none for a measure that is no ratio."""
    if measure.denominator is None:
        return ()
    asked = combine([(1.0, measure.denominator)], -measure.least)
    return (Limit(f"{name or measure.name} (denominator)", asked),)


def magnitude(instance: Instance, figure: Figure) -> float:
    """No choice's terms add up to more than this in absolute value, in the figure's unit.

    A plan's customers of a type are at most w n / (1 + e), whatever the other plans.
    """
    people = instance.customers.max(axis=0)

    def linear(f: Figure) -> float:
        total = abs(f.constant) + float(np.abs(f.mix).max()) + float(np.abs(f.outside) @ people)
        for j, (w, e, fixed) in enumerate(zip(instance.attraction, instance.denominators, f.fixed, strict=True)):
            held = f.amounts[j] * w
            if f.again:  # divided by at least 1
                held = np.abs(held, out=held) + np.abs(f.again[j] * w)
            held /= 1.0 + e
            total += float((people @ np.abs(held, out=held) + np.abs(fixed)).max())
        return total

    over = [linear(block.use) + abs(block.reserved) for block in instance.blocks]
    return linear(figure) + sum(abs(float(price)) * most for price, most in zip(figure.burst, over, strict=True))


def yardstick(instance: Instance, numerator: Figure, denominator: Figure | None = None) -> float:
    """Least size that gaps of a figure or a ratio are relative to: ``LEAST`` of the largest it could be.

    It comes from the problem, so that it moves with the unit of money; 1 for a figure that is 0 at every menu.
    """
    below = 1.0 if denominator is None else magnitude(instance, denominator)
    return LEAST * magnitude(instance, numerator) / (below or 1.0) or 1.0


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
        if denominator.constant == 0.0:
            raise bad_argument(name, "has no value in this market: there is nobody to take a share of")
        return Measure(name, selection, combine([(1.0 / denominator.constant, numerator)]), None, 0.0)
    # a plan's stated floor of 0 means the default: it asks nothing where the plan is off the menu
    least = floor or default_floor(built, ratio.denominator, selection, today)
    offered = None if selection.plan is None else built.offered(selection.plan)
    return Measure(name, selection, numerator, denominator, least, offered)


def default_floor(built: MarketInstance, denominator: str, selection: Selection, today: Today) -> float:
    """The least denominator of a ratio at which a menu counts, where none is stated; in the denominator's unit."""
    total = today(denominator, TOTAL)
    if not total > 0.0:
        total = float(built.prepared.population.potential.sum())
        if unit_of(denominator).startswith("usd"):
            prices = [terms.price for terms in built.prepared.terms.values()]
            total *= max(prices, default=0.0) or 1.0
    if selection.plan is not None:
        return FLOOR_PLAN * total
    stated = today(denominator, selection)
    return FLOOR * stated if stated > 0.0 else FLOOR_NEW * total


def condition_name(condition: CaseCondition) -> str:
    """The name in messages."""
    if condition.name:
        return condition.name
    part = selection_of(condition)
    return condition.figure if part.total else f"{condition.figure} of {part.label}"


def condition_factors(case: Case, today: Today) -> tuple[float, ...]:
    """What the bounds of each condition are multiples of. Raises InputError for a figure that has no value today."""
    factors = []
    for index, condition in enumerate(case.conditions):
        relative = condition.relative_to == "today"
        factor = today(condition.figure, selection_of(condition)) if relative else 1.0
        if not math.isfinite(factor):
            message = f"{condition.figure} has no value today, so nothing can be relative to it"
            raise bad_argument(f"conditions.{index}", message)
        factors.append(factor)
    return tuple(factors)


def bounds(case: Case, built: MarketInstance, today: Today) -> tuple[ConditionBound, ...]:
    """Every side of every condition of a case. Raises InputError like :func:`condition_factors`."""
    found = []
    for condition, factor in zip(case.conditions, condition_factors(case, today), strict=True):
        made = measure(built, condition.figure, selection_of(condition), today, condition.denominator_floor)
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
