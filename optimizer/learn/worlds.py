"""What tables would show of a market whose numbers are known: the evaluator at today's menu and at those of tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np

from optimizer.economics import trials
from optimizer.economics.figures import Selection
from optimizer.inputs.moved import quantity_at, with_values
from optimizer.market.evaluate import Evaluation, evaluate_menu, type_mask
from optimizer.market.prepare import Prepared, prepare, terms_of
from optimizer.model.case_model import CaseModel
from optimizer.typing import Array, Bools

TERMS = ("price", "allowances", "unit_prices", "fallback_limit", "credits", "least_spend", "included_spend")
"""Numbers of a plan that are terms of its offer, and nothing else."""
Changes = tuple[tuple[str, float], ...]
"""Paths of the market and what a test set them to, in the schema's units."""


@dataclass(frozen=True)
class MarketWorld:
    """A calibrated market, and what is worked out of it."""

    m: CaseModel
    _tested: dict[Changes, Evaluation] = field(default_factory=dict, repr=False, compare=False)
    _without: dict[str, Evaluation] = field(default_factory=dict, repr=False, compare=False)

    @property
    def today(self) -> Evaluation:
        return self.m.today

    @property
    def prepared(self) -> Prepared:
        return self.m.today.prepared

    def at(self, changes: Changes) -> Evaluation:
        """Today's menu with what a test changed; constants stay as they are."""
        if not changes:
            return self.today
        if changes not in self._tested:
            self._tested[changes] = self._evaluated(changes)
        return self._tested[changes]

    def _evaluated(self, changes: Changes) -> Evaluation:
        market, parts = with_values(self.m.inputs.market, dict(changes)), [path.split(".") for path, _ in changes]
        if all(first == "plans" and of_plan in TERMS for first, _, of_plan, *_ in parts):
            terms = {plan: terms_of(market, market.plans[plan]) for _, plan, *_ in parts}
            return evaluate_menu(self.prepared, {**self.prepared.today_menu(), **terms})
        prepared = prepare(market, self.m.calibrated.constants)
        return evaluate_menu(prepared, prepared.today_menu())

    def without(self, plan: str) -> Evaluation:
        """Today's menu less a plan."""
        if plan not in self._without:
            menu = {name: t for name, t in self.prepared.today_menu().items() if name != plan}
            self._without[plan] = evaluate_menu(self.prepared, menu)
        return self._without[plan]

    @cached_property
    def _rows(self) -> Mapping[str, Bools]:
        return rows_of(self.prepared)

    def rows(self, segment: str) -> Bools:
        """(I,) types of a segment; of all where it is empty."""
        return self._rows[segment] if segment else np.ones(self.prepared.population.size, bool)

    def held(self, segment: str, plan: str) -> Array:
        """(I,) customers of a plan today, of one segment."""
        return np.where(self.rows(segment), self.today.customers[:, self.today.plans.index(plan)], 0.0)


class TodaysWorld(Protocol):
    """What surveys need of a world."""

    @property
    def today(self) -> Evaluation: ...

    @property
    def prepared(self) -> Prepared: ...

    def rows(self, segment: str) -> Bools:
        """(I,) types of a segment."""


def rows_of(prepared: Prepared) -> Mapping[str, Bools]:
    """(I,) types of each segment."""
    pop = prepared.population
    return {s: np.asarray(pop.segment == k) for k, s in enumerate(pop.segments)}


Predicted = Callable[[MarketWorld], float]
"""What a table would show in a world."""


def number(path: str, world: MarketWorld) -> float:
    """A number of the market itself."""
    return quantity_at(world.m.inputs.market, path).value


def requests_wanted(segment: str, plan: str, world: MarketWorld) -> float:
    """Mean wish of a plan's customers, requests a month: heavy users choose other plans than light ones."""
    pop, held = world.prepared.population, world.held(segment, plan)
    return float(held @ pop.requests[pop.cell]) / float(held.sum())


def spread_of_wishes(segment: str, plan: str, world: MarketWorld) -> float:
    """Spread of wishes between a plan's customers, as their counts tell it."""
    pop, market = world.prepared.population, world.m.inputs.market
    classes = range(len(market.classes.usage) - 1)
    held = np.array([world.held(segment, plan)[pop.usage_class == k].sum() for k in classes], dtype=float)
    return trials.wish_spread(held, market.segments[segment].usage.sigma.value, market.classes.usage)


def leaves_for(segment: str, plan: str, other: str, world: MarketWorld) -> float:
    """Monthly rate at which a plan's customers go to another plan of ours, or to none of ours."""
    e, held = world.today, world.held(segment, plan)
    if other == "none":
        again = world.prepared.outside_attraction / e.total_attraction
    else:
        again = e.again[:, e.plans.index(other)]
    return trials.rate_of(held, e.decision_rates[:, e.plans.index(plan)] * again)


def take_up(segment: str, changes: Changes, plan: str, world: MarketWorld) -> float:
    """Share of those reached in a segment and deciding who take a plan in a test."""
    e = world.at(changes)
    weight = np.where(world.rows(segment), e.base, 0.0)
    return trials.taken(weight, e.again[:, e.plans.index(plan)])


def held_after(segment: str, changes: Changes, holders: str, plan: str, months: float, world: MarketWorld) -> float:
    """Share of a plan's customers who are on a plan (their own, or another) some months into a test."""
    e, held = world.at(changes), world.held(segment, holders)
    j = e.plans.index(holders)
    if plan == holders:
        return trials.still_held(held, e.leaving[:, j], months)
    again = e.again[:, e.plans.index(plan)]
    return trials.gone_to(held, e.leaving[:, j], e.decision_rates[:, j], again, months)


def second_choice(segment: str, plan: str, to: str, world: MarketWorld) -> float:
    """Share of a plan's customers who would go to a plan, an alternative or nothing if theirs were no longer there."""
    without, outside = world.without(plan), world.prepared.alternative_attraction
    names = [*without.plans, *(a.name for a in world.prepared.alternatives), "nothing"]
    shares = trials.second_choices(world.held(segment, plan), without.attraction, outside)
    return float(shares[names.index(to)])


def rival_share(alternative: str, segment: str, world: TodaysWorld) -> float:
    """Customers of an alternative as a share of the potential ones."""
    rows = world.rows(segment)
    return rival_customers(alternative, segment, world) / float(world.prepared.population.potential[rows].sum())


def rival_customers(alternative: str, segment: str, world: TodaysWorld) -> float:
    """Customers of an alternative."""
    names = [a.name for a in world.prepared.alternatives]
    there = world.today.elsewhere * world.prepared.alternative_share[:, names.index(alternative)]
    return float(there[world.rows(segment)].sum())


def reached_share(segment: str, world: TodaysWorld) -> float:
    """Share of the potential customers whom go-to-market reaches."""
    rows = world.rows(segment)
    return float(world.today.base[rows].sum()) / float(world.prepared.population.potential[rows].sum())


def referred_share(segment: str, world: TodaysWorld) -> float:
    """Share of all who are reached whom a customer told of us."""
    rows = world.rows(segment)
    return 1.0 - float(world.today.base[rows].sum()) / float(world.today.reached[rows].sum())


def account_figure(name: str, plan: str | None, channel: str | None, world: MarketWorld) -> float:
    """A figure of the accounts."""
    rows: Any = (channel,) if channel else None
    return world.today.figure(name, Selection(plan, None, rows))


def offered_to(prepared: Prepared, plan: str, segment: str) -> bool:
    """Whether a segment is offered a plan."""
    rows = type_mask(prepared, Selection(segment=segment)) if segment else np.ones(prepared.population.size, bool)
    return bool(prepared.plans[prepared.plan_index(plan)].offered[rows].any())


def of(function: Callable[..., float], *arguments: Any) -> Predicted:
    """A figure of a world, its other arguments given."""
    return partial(function, *arguments)
