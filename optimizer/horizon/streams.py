"""Business figures as streams of a horizon: what a customer adds in a month, by type, plan, level and world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.economics import finance, serving
from optimizer.economics.figures import COHORTS, LINEAR, RATIOS, TOTAL, LinearFigure, Selection, components, is_linear
from optimizer.economics.response import PerCustomer, per_customer
from optimizer.errors import bad_argument
from optimizer.horizon.gpus import busy_of
from optimizer.horizon.timeline import Era, Timeline
from optimizer.market.evaluate import plan_selected, population_mask, rival_amount, type_mask
from optimizer.market.prepare import Prepared
from optimizer.typing import Array

ADDS = "figures that add up over customers, e.g. contribution_margin, revenue or customers, and their ratios"


@dataclass(frozen=True)
class Stream:
    """A figure that adds up over customers, in every month of a timeline."""

    name: str
    selection: Selection
    rows: tuple[tuple[Array, ...], ...]
    """By era and plan, (2, L, I): per customer of each level and type, without and with what GPU time scales."""
    fixed: tuple[tuple[Array, ...], ...]
    """By era and plan, (L,) due in a month when the level is chosen."""
    constant: Array
    """(T,) whatever is chosen."""
    again: tuple[tuple[Array, ...], ...] | None = None
    """By era and plan, (L, I): per customer who, deciding anew, would choose the same plan."""


def stream_of(timeline: Timeline, per: Sequence[Sequence[Sequence[PerCustomer | None]]], name: str,
              selection: Selection) -> Stream:  # fmt: skip
    """A linear or composite figure. ``per``: by era, plan and level. Raises InputError for what does not add up."""
    if not adds_up(name):
        raise bad_argument(name, "does not add up over customers", f"over months there are {ADDS}")
    eras, length = timeline.eras, timeline.length
    if any(_reserved(era.m.prepared, timeline.pool) and _shares_bill(era.m.prepared, name, selection) for era in eras):
        message = f"{name} holds the bill of reserved GPUs, which does not add up over customers"
        cure = "hire all hours on demand: changes: {pools.main.capacity.reserved: {to: 0}}, and its burst_price"
        raise bad_argument("pools", message, cure)
    rows, fixed, again, constant = [], [], [], np.zeros(length)
    for era, own in zip(eras, per, strict=True):
        made = [_of_plan(era, timeline.pool, name, selection, j, levels) for j, levels in enumerate(own)]
        rows.append(tuple(amounts for amounts, _ in made))
        fixed.append(tuple(due for _, due in made))
        again.append(tuple(_of_those_who_stay(era, name, selection, j, levels) for j, levels in enumerate(own)))
        constant[era.months.start : era.months.stop] = _constant(era.m.prepared, timeline.budget, name, selection)
    some = any(figure.again is not None for _, figure, _ in _parts(timeline.m.prepared, name, selection))
    return Stream(name, selection, tuple(rows), tuple(fixed), constant, tuple(again) if some else None)


def _reserved(prepared: Prepared, ordered: int | None) -> bool:
    """Whether GPUs are reserved in a pool whose are not ordered."""
    found = np.nan_to_num(prepared.pools.reserved) > 0.0
    return bool(found[np.arange(len(found)) != ordered].any())


def _shares_bill(prepared: Prepared, name: str, selection: Selection) -> bool:
    return any(figure.capacity and part.total for _, figure, part in _parts(prepared, name, selection))


def billed(timeline: Timeline, name: str, selection: Selection) -> Array:
    """(T,) how often a figure counts the bill of the GPUs that stand or are ordered: 1, -1, or 0 for a part."""
    found = np.zeros(timeline.length)
    for era in timeline.eras:
        parts = _parts(era.m.prepared, name, selection)
        found[era.months.start : era.months.stop] = sum(w * figure.capacity for w, figure, part in parts if part.total)
    return found


def hangs_on_price(
    timeline: Timeline, per: Sequence[Sequence[PerCustomer | None]], name: str, selection: Selection
) -> bool:
    """Whether a figure prices the GPU hours of customers at what the GPUs at hand cost together. ``per``: by plan."""
    prepared, pool = timeline.eras[0].m.prepared, timeline.pool
    parts = _parts(prepared, name, selection)
    for facts, levels in zip(prepared.plans, per, strict=True):
        for p in (p for p in levels if p is not None):
            dearer = replace(p, serving=p.serving + p.pool_hours[:, pool])
            change = np.zeros(prepared.population.size)
            for w, figure, part in parts:
                if plan_selected(prepared, facts.name, part):
                    more, own = (_amount(prepared, pool, figure, part, q) for q in (dearer, p))
                    change += w * np.where(type_mask(prepared, part), more - own, 0.0)
            if (np.abs(change) > 1e-6 * np.abs(p.pool_hours[:, pool])).any():
                return True
    return False


def adds_up(name: str) -> bool:
    """Whether a figure is a sum over customers of what each of them brings."""
    return name not in RATIOS and name not in COHORTS


def _parts(prepared: Prepared, name: str, selection: Selection) -> list[tuple[float, LinearFigure, Selection]]:
    elsewhere = prepared.market.finance.free_serving_elsewhere.value
    return [(w, LINEAR[n], s) for w, n, s in components(name, selection, elsewhere)]


def _of_plan(
    era: Era, ordered: int | None, name: str, selection: Selection, plan: int, levels: Sequence[PerCustomer | None]
) -> tuple[Array, Array]:
    """(2, L, I) per customer, and (L,) due, of one plan in an era."""
    prepared = era.m.prepared
    facts, size = prepared.plans[plan], prepared.population.size
    amounts, due = np.zeros((2, len(levels), size)), np.zeros(len(levels))
    for w, figure, part in _parts(prepared, name, selection):
        rows, selected = type_mask(prepared, part), plan_selected(prepared, facts.name, part)
        at_rivals = _at_rivals(prepared, figure, part)
        for k, p in enumerate(levels):
            if p is None:
                continue
            if selected:
                with_gpu, without = (_amount(prepared, ordered, figure, part, q) for q in (p, without_gpu(p)))
                amounts[0, k] += w * np.where(rows, without, 0.0)
                amounts[1, k] += w * np.where(rows, with_gpu - without, 0.0)
                due[k] += w * figure.fixed * facts.fixed_cost if part.segment is None else 0.0
            amounts[0, k] -= w * at_rivals
    return amounts, due


def _of_those_who_stay(
    era: Era, name: str, selection: Selection, plan: int, levels: Sequence[PerCustomer | None]
) -> Array:
    """(L, I) per customer who would choose the same plan again, of one plan in an era."""
    prepared = era.m.prepared
    amounts = np.zeros((len(levels), prepared.population.size))
    for w, figure, part in _parts(prepared, name, selection):
        if figure.again is not None and plan_selected(prepared, prepared.plans[plan].name, part):
            rows = type_mask(prepared, part)
            for k, p in enumerate(levels):
                amounts[k] += 0.0 if p is None else w * np.where(rows, figure.again(p), 0.0)
    return amounts


def _amount(
    prepared: Prepared, ordered: int | None, figure: LinearFigure, selection: Selection, p: PerCustomer
) -> Array:
    value = figure.amount(p)
    if selection.total and figure.serving is not None:
        value = value - figure.capacity * figure.serving(p)
    return value + figure.capacity * hired(prepared, ordered, p) if selection.total and figure.capacity else value


def hired(prepared: Prepared, ordered: int | None, p: PerCustomer) -> Array:
    """(I,) usd/month per customer for GPUs on demand, in pools with a contract of which none is reserved or ordered."""
    pools, hours, total = prepared.pools, prepared.population.hours, np.zeros(prepared.population.size)
    for pool in np.flatnonzero(pools.contracted & (np.arange(len(pools.names)) != ordered)):
        for h, block_hours in enumerate(pools.hours):
            busy = serving.gpus_busy(p.pool_hours[:, pool], hours[:, h], float(block_hours))
            total += busy * finance.burst_cost(1.0, float(block_hours), float(pools.burst_price[pool]))
    return total


def without_gpu(p: PerCustomer) -> PerCustomer:
    """The same customer without any GPU time: what is left is not scaled by it."""
    nothing = np.zeros_like(p.gpu_hours)
    return replace(p, serving=p.tokens, serving_as_used=p.tokens, gpu_hours=nothing, pool_hours=p.pool_hours * 0.0)


def _at_rivals(prepared: Prepared, figure: LinearFigure, selection: Selection) -> Array:
    """(I,) what a person who is not ours brings."""
    if not figure.alternatives:
        return np.zeros(prepared.population.size)
    rows = type_mask(prepared, selection) & population_mask(prepared, selection)
    return np.where(rows, rival_amount(prepared, figure.alternatives == "revenue"), 0.0)


def _constant(prepared: Prepared, budget: float | None, name: str, selection: Selection) -> float:
    total = 0.0
    for w, figure, part in _parts(prepared, name, selection):
        total += w * float(_at_rivals(prepared, figure, part) @ prepared.population.potential)
        total += w * figure.marketing * (budget or 0.0) if part.total else 0.0
        if figure.constant == "potential":
            rows = type_mask(prepared, part) & population_mask(prepared, part)
            total += w * float(prepared.population.potential[rows].sum())
    return total


def busy_streams(timeline: Timeline, per: Sequence[Sequence[Sequence[PerCustomer | None]]]) -> tuple[Stream, ...]:
    """GPUs busy in every block of hours of the pool whose GPUs are ordered; none where there is none."""
    if timeline.pool is None:
        return ()
    found, pool = [], timeline.pool
    for h, block in enumerate(timeline.m.prepared.pools.blocks):
        rows, fixed = [], []
        for era, own in zip(timeline.eras, per, strict=True):
            size = era.m.prepared.population.size
            tables = [np.zeros((2, len(levels), size)) for levels in own]
            for table, levels in zip(tables, own, strict=True):
                for k, p in enumerate(levels):
                    if p is not None:
                        table[1, k] = busy_of(era.m.prepared, p, pool, h)
            rows.append(tuple(tables))
            fixed.append(tuple(np.zeros(len(levels)) for levels in own))
        found.append(Stream(f"gpus busy, {block}", TOTAL, tuple(rows), tuple(fixed), np.zeros(timeline.length)))
    return tuple(found)


def per_level(era: Era) -> tuple[tuple[PerCustomer | None, ...], ...]:
    """By plan and level, what a customer does in an era; None off the menu."""
    p = era.m.prepared
    return tuple(
        tuple(
            None if terms is None else per_customer(p.population, p.ai_models, p.pools, facts, terms) for terms in own
        )
        for facts, own in zip(p.plans, era.levels, strict=True)
    )


def is_share(name: str) -> bool:
    """Whether a ratio's denominator is the same whatever is chosen."""
    return name in RATIOS and is_linear(name)
