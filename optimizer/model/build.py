"""A market and its choices become an ``Instance``: per-customer amounts of every level, computed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimizer.economics import choice, finance, reach, serving
from optimizer.economics.figures import LINEAR, TOTAL, Amount, LinearFigure, Selection, components
from optimizer.economics.population import PlanFacts, Terms
from optimizer.economics.response import PerCustomer, per_customer
from optimizer.execution import clock
from optimizer.market.evaluate import plan_selected, population_mask, rival_amount, type_mask
from optimizer.market.prepare import MONTH_HOURS, Prepared
from optimizer.model.choices import Choices
from optimizer.model.composites import Composed, PlanDemand, sum_of
from optimizer.model.instance import Block, Figure, Instance, combine
from optimizer.typing import Array


@dataclass(frozen=True)
class MarketInstance:
    """The instance and what is needed to make figures on it."""

    prepared: Prepared
    choices: Choices
    composed: Composed
    """Of the plans, with nests as composites."""
    instance: Instance
    per: tuple[tuple[PerCustomer | None, ...], ...]
    """Per plan and level; None where the plan is off the menu."""
    gpu_blocks: tuple[tuple[int, int], ...]
    """(pool, hour block) of each of the instance's blocks."""

    def stack(self, plan: int, amount: Amount) -> Array:
        """(I, L) of an amount over the levels of a plan; 0 off the menu."""
        size = self.prepared.population.size
        return np.stack([np.zeros(size) if p is None else amount(p) for p in self.per[plan]], axis=1)

    def figure(self, name: str, selection: Selection = TOTAL) -> Figure:
        """A linear figure on the instance. Raises KeyError for a ratio or an unknown name."""
        clock.check(f"{name} was worked out")
        self.choices.check_asked(name, selection)
        elsewhere = self.prepared.market.finance.free_serving_elsewhere.value
        parts = [(w, LINEAR[n], s) for w, n, s in components(name, selection, elsewhere)]
        plain = self.composed.figure(combine([(w, _linear(self, figure, s)) for w, figure, s in parts]))
        own = [(w, _again(self, figure, s)) for w, figure, s in parts if figure.again is not None]
        if not own:
            return plain
        outside = self.prepared.outside_attraction
        amounts = [sum_of([w * rows[j] for w, rows in own]) for j in range(len(self.per))]
        return replace(plain, again=self.composed.again(amounts, outside))

    def offered(self, plan: str) -> Figure:
        """1 where a plan is on the menu, 0 where it is not."""
        here = tuple(
            np.array([float(name == plan and terms is not None) for terms in levels])
            for name, levels in zip(self.choices.plans, self.choices.levels, strict=True)
        )
        return self.composed.figure(replace(_nothing(self), fixed=here))


def build_instance(prepared: Prepared, choices: Choices) -> MarketInstance:
    """Everything per customer at every level, and the instance made of it. Raises SolverError when time is up."""
    per = tuple(
        tuple(None if terms is None else _one(prepared, facts, terms) for terms in levels)
        for facts, levels in zip(prepared.plans, choices.levels, strict=True)
    )
    size = prepared.population.size

    def over(get: Amount) -> tuple[Array, ...]:
        return tuple(np.stack([np.zeros(size) if p is None else get(p) for p in row], axis=1) for row in per)

    lambdas = dissimilarities(prepared)
    composed = Composed(
        np.stack([prepared.base_reach(*mix) for mix in choices.splits]),
        PlanDemand(
            over(lambda p: p.attraction),
            over(lambda p: choice.stock_attraction(choice.stock(np.ones(size), p.decision_rate), prepared.outside)),
            over(lambda p: reach.denominator_weight(np.ones(size), p.referral)),
        ),
        choices.composites,
        lambda part: lambdas[part.plans[0]],
        choices.rules,
        choices.plans,
    )
    instance = replace(composed.instance, odds=composed.odds(prepared.outside_attraction))
    pools = prepared.pools
    gpu_blocks = tuple((int(p), h) for p in np.flatnonzero(pools.contracted) for h in range(len(pools.blocks)))
    built = MarketInstance(prepared, choices, composed, instance, per, gpu_blocks)
    blocks = tuple(_block(built, over, p, h) for p, h in gpu_blocks)
    return replace(built, instance=replace(instance, blocks=blocks))


def dissimilarities(prepared: Prepared) -> dict[int, float]:
    """By plan of a nest."""
    return {prepared.plan_index(name): nest.dissimilarity for nest in prepared.nests for name in nest.plans}


def _one(prepared: Prepared, plan: PlanFacts, terms: Terms) -> PerCustomer:
    clock.check("all prices and limits were worked out")
    return per_customer(prepared.population, prepared.ai_models, prepared.pools, plan, terms)


def _nothing(built: MarketInstance) -> Figure:
    """The figure of plans that is 0 at every choice."""
    size, levels = built.prepared.population.size, [len(row) for row in built.per]
    return Figure(
        amounts=tuple(np.zeros((size, n)) for n in levels),
        outside=np.zeros(size),
        fixed=tuple(np.zeros(n) for n in levels),
        mix=np.zeros(len(built.choices.mixes)),
        constant=0.0,
        burst=np.zeros(len(built.gpu_blocks)),
    )


def _block(built: MarketInstance, over: Callable[[Amount], tuple[Array, ...]], p: int, h: int) -> Block:
    """A contracted pool in a block of hours."""
    pools, hours = built.prepared.pools, built.prepared.population.hours

    def busy(c: PerCustomer) -> Array:
        return serving.gpus_busy(c.pool_hours[:, p], hours[:, h], float(pools.hours[h]))

    use = built.composed.figure(replace(_nothing(built), amounts=over(busy)))
    name = f"{pools.names[p]} {pools.blocks[h]}"
    return Block(name, use, float(pools.reserved[p]), float(pools.burst_limit[p]))


def _again(built: MarketInstance, figure: LinearFigure, selection: Selection) -> list[Array]:
    """(I, L) by plan, what those bring who would choose the same plan again."""
    rows, amount = type_mask(built.prepared, selection), figure.again
    assert amount is not None
    return [
        built.stack(j, lambda p: np.where(rows, amount(p), 0.0))
        if plan_selected(built.prepared, plan.name, selection)
        else np.zeros((rows.size, len(built.per[j])))
        for j, plan in enumerate(built.prepared.plans)
    ]


def _linear(built: MarketInstance, figure: LinearFigure, selection: Selection) -> Figure:
    """A figure by plans, but for what those bring who choose the same plan again."""
    prepared, blank = built.prepared, _nothing(built)
    rows = type_mask(prepared, selection)
    rivals = np.zeros(rows.size)
    constant = 0.0
    if figure.alternatives:
        rivals = np.where(
            rows & population_mask(prepared, selection), rival_amount(prepared, figure.alternatives == "revenue"), 0.0
        )
        constant += float(rivals @ prepared.population.potential)
    if figure.constant == "potential":
        constant += float(prepared.population.potential[rows & population_mask(prepared, selection)].sum())
    marketing = figure.marketing if selection.total else 0.0
    mix = np.array([marketing * (budget or 0.0) for _, budget in built.choices.splits])
    replaced = selection.total and figure.serving is not None

    def amount(p: PerCustomer) -> Array:
        value = figure.amount(p)
        if replaced and figure.serving is not None:
            value = value - figure.capacity * figure.serving(p)
        return np.where(rows, value, 0.0)

    amounts, fixed = [], []
    for j, plan in enumerate(prepared.plans):
        selected = plan_selected(prepared, plan.name, selection)
        levels = len(built.per[j])
        table = built.stack(j, amount) if selected else np.zeros((rows.size, levels))
        amounts.append(table - rivals[:, None])
        due = figure.fixed * plan.fixed_cost if selected and selection.segment is None else 0.0
        fixed.append(np.array([0.0 if p is None else due for p in built.per[j]]))
    burst = blank.burst
    if selection.total and figure.capacity:
        pools = prepared.pools
        for pool in np.flatnonzero(pools.contracted):
            reserved = finance.reserved_cost(float(pools.reserved[pool]), float(pools.price[pool]), MONTH_HOURS)
            constant += figure.capacity * reserved
        for b, (p, h) in enumerate(built.gpu_blocks):
            burst[b] = figure.capacity * finance.burst_cost(1.0, float(pools.hours[h]), float(pools.burst_price[p]))
    return replace(blank, amounts=tuple(amounts), fixed=tuple(fixed), mix=mix, constant=constant, burst=burst)
