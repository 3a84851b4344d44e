"""A market and its choices become an ``Instance``: per-customer amounts of every level, computed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimizer.economics import finance, serving
from optimizer.economics.figures import LINEAR, TOTAL, Amount, LinearFigure, Selection, components
from optimizer.economics.population import PlanFacts, Terms
from optimizer.economics.response import PerCustomer, per_customer
from optimizer.execution import clock
from optimizer.market.evaluate import plan_selected, rival_amount, type_mask
from optimizer.market.prepare import MONTH_HOURS, Prepared
from optimizer.model.choices import Choices
from optimizer.model.instance import Block, Figure, Instance, combine, zero_figure
from optimizer.typing import Array


@dataclass(frozen=True)
class MarketInstance:
    """The instance and what is needed to make figures on it."""

    prepared: Prepared
    choices: Choices
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
        elsewhere = self.prepared.market.finance.free_serving_elsewhere.value
        return combine([(w, _linear(self, LINEAR[n], s)) for w, n, s in components(name, selection, elsewhere)])


def build_instance(prepared: Prepared, choices: Choices) -> MarketInstance:
    """Everything per customer at every level, and the instance made of it. Raises SolverError when time is up."""
    per = tuple(
        tuple(None if terms is None else _one(prepared, facts, terms) for terms in levels)
        for facts, levels in zip(prepared.plans, choices.levels, strict=True)
    )
    size = prepared.population.size

    def over(get: Amount) -> tuple[Array, ...]:
        return tuple(np.stack([np.zeros(size) if p is None else get(p) for p in row], axis=1) for row in per)

    instance = Instance(
        customers=np.stack([prepared.base_reach(m) for m in choices.mixes]),
        attraction=over(lambda p: p.weight),
        denominators=over(lambda p: p.denominator),
        rules=choices.rules,
        names=choices.plans,
    )
    pools = prepared.pools
    gpu_blocks = tuple((int(p), h) for p in np.flatnonzero(pools.contracted) for h in range(len(pools.blocks)))
    blocks = tuple(_block(prepared, instance, over, p, h, len(gpu_blocks)) for p, h in gpu_blocks)
    return MarketInstance(prepared, choices, replace(instance, blocks=blocks), per, gpu_blocks)


def _one(prepared: Prepared, plan: PlanFacts, terms: Terms) -> PerCustomer:
    clock.check("all prices and limits were worked out")
    return per_customer(prepared.population, prepared.ai_models, prepared.pools, plan, terms, prepared.outside)


def _block(
    prepared: Prepared, instance: Instance, over: Callable[[Amount], tuple[Array, ...]], p: int, h: int, count: int
) -> Block:
    """A contracted pool in a block of hours, one of ``count``."""
    pools, hours = prepared.pools, prepared.population.hours

    def busy(c: PerCustomer) -> Array:
        return serving.gpus_busy(c.pool_hours[:, p], hours[:, h], float(pools.hours[h]))

    use = replace(zero_figure(instance), amounts=over(busy), burst=np.zeros(count))
    name = f"{pools.names[p]} {pools.blocks[h]}"
    return Block(name, use, float(pools.reserved[p]), float(pools.burst_limit[p]))


def _linear(built: MarketInstance, figure: LinearFigure, selection: Selection) -> Figure:
    prepared, instance = built.prepared, built.instance
    rows = type_mask(prepared, selection)
    rivals = np.zeros(instance.types)
    constant = 0.0
    if figure.alternatives:
        rivals = np.where(rows, rival_amount(prepared, figure.alternatives == "revenue"), 0.0)
        constant += float(rivals @ prepared.population.potential)
    if figure.constant == "potential":
        constant += float(prepared.population.potential[rows].sum())
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
        table = built.stack(j, amount) if selected else np.zeros((instance.types, levels))
        amounts.append(table - rivals[:, None])
        due = figure.fixed * plan.fixed_cost if selected and selection.segment is None else 0.0
        fixed.append(np.array([0.0 if p is None else due for p in built.per[j]]))
    burst = np.zeros(len(instance.blocks))
    if selection.total and figure.capacity:
        pools = prepared.pools
        for pool in np.flatnonzero(pools.contracted):
            reserved = finance.reserved_cost(float(pools.reserved[pool]), float(pools.price[pool]), MONTH_HOURS)
            constant += figure.capacity * reserved
        for b, (p, h) in enumerate(built.gpu_blocks):
            burst[b] = figure.capacity * finance.burst_cost(1.0, float(pools.hours[h]), float(pools.burst_price[p]))
    return Figure(tuple(amounts), np.zeros(instance.types), tuple(fixed), np.zeros(instance.mixes), constant, burst)
