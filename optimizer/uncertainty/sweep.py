"""The bound of ``uncertainty.bounds`` over all levels of very wide nests, built a block at a time and not kept.

Around one menu and with given weights of the rows, at every mix level: potentials are worked out draw by draw from the
members' arrays. Where two wide nests meet the same customers, each is bounded within what the other's members allow:
attractions I^lambda of a nest lie between those of the least and of the largest sum I, and its weights between that
times the least and the largest weight per attraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.economics import choice
from optimizer.model.instance import Figure, combine
from optimizer.model.members import Members
from optimizer.model.nest_sums import NestSums
from optimizer.search.engine import Clock
from optimizer.search.levels.bounds import others
from optimizer.typing import Array, Ints, LevelIndices
from optimizer.uncertainty.arrays import spare
from optimizer.uncertainty.multipliers import Space
from optimizer.uncertainty.outer import Missing, chances
from optimizer.uncertainty.question import RiskQuestion
from optimizer.uncertainty.wide_question import WideQuestion

BLOCK = 1 << 16
"""Numbers of one array of a block: fits a second-level cache."""


@dataclass(frozen=True)
class Sweep:
    """By mix level, no menu that meets the requirements has a larger risk than ``total``."""

    total: Array
    """(M,)."""
    levels: tuple[Array, ...]
    """By composite (L, M): the same of menus with a level."""
    pick: Ints
    """(M, J) the levels that the bound favours."""


@dataclass(frozen=True)
class _Rows:
    """Figures in one draw: the weighted one first, then those of which only the largest value counts."""

    value: Array
    """(Q, M) at the reference."""
    potential: list[Array]
    """By composite (Q, L, M)."""
    terms: Array
    """(Q, M) absolute terms that were added up at the reference."""

    @property
    def most(self) -> Array:
        """(Q, M) no menu exceeds it, rounding left out."""
        return np.asarray(self.value + sum(part.max(axis=1) for part in self.potential))


def sweep(
    wide: WideQuestion, space: Space, box: tuple[Ints, ...], center: LevelIndices, y: Array, clock: Clock
) -> Sweep | None:
    """Over a box, with the vector ``y`` of ``space``, whose question is the plain one. None where time is up."""
    plain, rows = wide.plain, space.rows(y)
    wanted = _wanted(plain, space, rows)
    mixes = plain.instances[0].mixes
    total, terms = np.zeros(mixes), np.zeros(mixes)
    levels = [np.zeros((len(part), mixes)) for part in box]
    most = np.zeros((len(wanted), plain.draws, mixes))
    for s in np.flatnonzero(rows.any(axis=1)).tolist():  # what has no weight adds nothing
        if clock.stop():
            return None
        figures = [_weighted(plain, s, rows[s]), *(_one(plain, s, row, sign) for row, sign in wanted)]
        found = _draw_rows(wide, wide.members[s], box, center, figures)
        total += found.value[0]
        terms += found.terms[0]
        levels = [part + own[0] for part, own in zip(levels, found.potential, strict=True)]
        slack = space.steps * (found.terms[1:] + np.array([space.slack[s, row] for row, _ in wanted])[:, None])
        most[:, s] = found.most[1:] + slack
    top = np.array([part.max(axis=0) for part in levels])
    total += top.sum(axis=0) + space.rounding(y, np.zeros_like(rows)) + space.steps * terms
    total += _beside(plain, space, y, rows, {key: most[k] for k, key in enumerate(wanted)})
    total -= float(y[space.parts[0]] @ plain.offsets)
    return Sweep(
        total,
        tuple(total - own + part for part, own in zip(levels, top, strict=True)),
        np.array([part.argmax(axis=0) for part in levels]).T,
    )


def _wanted(plain: RiskQuestion, space: Space, rows: Array) -> list[tuple[int, float]]:
    """Rows and signs of which the largest value in every draw is needed: limits that may be missed, and burst."""
    missed = [1 + k for d in chances(plain.requirements) for k in d.limits if rows[:, 1 + k].any()]
    cost = space.draws.cost
    burst = (cost < 0.0).any() or (bool(missed) and bool((cost[:, missed] > 0.0).any()))
    blocks = range(cost.shape[1], cost.shape[1] + cost.shape[2]) if burst else ()
    return [(row, -1.0) for row in dict.fromkeys([*missed, *blocks])]


def _beside(plain: RiskQuestion, space: Space, y: Array, rows: Array, most: dict[tuple[int, float], Array]) -> Array:
    """(M,) what burst can gain, and what draws can add in which chance requirements may be missed."""
    cost, (mixes, size, _) = space.draws.cost, space.draws.people.shape
    count, blocks = cost.shape[1:]
    found = np.zeros(mixes)
    for mix in range(mixes):
        over = np.zeros((size, blocks))
        for h in range(blocks):
            if (count + h, -1.0) in most:
                over[:, h] = np.maximum(0.0, most[count + h, -1.0][:, mix])
        gain = np.einsum("sh,skh->sk", over, np.maximum(0.0, -cost))
        found[mix] = float((rows[:, :count] * gain).sum())
        for requirement in chances(plain.requirements):
            below = np.zeros((size, len(requirement.limits)))
            for at, k in enumerate(requirement.limits):
                if (1 + k, -1.0) in most:
                    paid = np.einsum("sh,sh->s", over, np.maximum(0.0, cost[:, 1 + k]))
                    below[:, at] = np.maximum(0.0, most[1 + k, -1.0][:, mix] + paid)
            found[mix] += Missing(requirement, below, np.zeros(size, dtype=np.bool_)).charge(space, y)
    return found


def _figures(plain: RiskQuestion, s: int) -> list[Figure]:
    return [plain.aims[s], *(limit.figure for limit in plain.limits[s]), *spare(plain.instances[s])]


def _weighted(plain: RiskQuestion, s: int, weights: Array) -> Figure:
    pairs = [(float(v), figure) for v, figure in zip(weights, _figures(plain, s), strict=True) if v]
    return combine(pairs or [(0.0, plain.aims[s])])


def _one(plain: RiskQuestion, s: int, row: int, sign: float) -> Figure:
    return combine([(sign, _figures(plain, s)[row])])


def _draw_rows(
    wide: WideQuestion, members: Members, box: tuple[Ints, ...], center: LevelIndices, figures: Sequence[Figure]
) -> _Rows:
    """See ``search.levels.bounds``; burst left out. Arrays over types first, (I, ...)."""
    at = [np.array([k], dtype=np.intp) for k in center]
    instance, composed = members.figures(wide.kept(at), figures)
    place = [0 if j in wide.wide else k for j, k in enumerate(center)]
    below = instance.denominators
    held = np.array([
        [f.amounts[j][:, k] * instance.attraction[j][:, k] for j, k in enumerate(place)] for f in composed
    ])  # fmt: skip
    weight = np.array([below[j][:, k] for j, k in enumerate(place)])
    outside = np.array([f.outside for f in composed])
    unit = (outside + held.sum(axis=1)) / (1.0 + weight.sum(axis=0))
    base = held - unit[:, None] * weight
    people = instance.customers
    ends = [_span(members, j) if j in wide.wide else _ends(below[j][:, box[j]]) for j in range(len(center))]
    potential: list[Array] = [np.empty(0)] * len(center)
    for j in wide.wide:
        low, high = (others(np.array(side))[j] for side in zip(*ends, strict=True))
        potential[j], ends[j] = _wide(members, j, box[j], figures, unit, base[:, j], low, high, people)
    for j in (j for j in range(len(center)) if j not in wide.wide):
        low, high = (others(np.array(side))[j] for side in zip(*ends, strict=True))
        values = np.stack([f.amounts[j][:, box[j]] * instance.attraction[j][:, box[j]] for f in composed])
        potential[j] = np.stack([
            people @ _rates(v, below[j][:, box[j]], u[:, None], b[:, None], low[:, None], high[:, None])
            for v, u, b in zip(values, unit, base[:, j], strict=True)
        ]).transpose(0, 2, 1)  # fmt: skip
    fixed = _fixed(members, figures)
    for j, k in enumerate(center):
        potential[j] = potential[j] + (fixed[j][:, box[j]] - fixed[j][:, [k]])[:, :, None]
    value = unit @ people.T + np.array([f.mix + f.constant for f in figures])
    value += np.array([part[:, k] for part, k in zip(fixed, center, strict=True)]).sum(axis=0)[:, None]
    terms = (2 * len(center) + 5 + 2.0 * weight.sum(axis=0)) * np.abs(unit) + np.abs(outside)
    terms += 2.0 * np.abs(held).sum(axis=1)
    return _Rows(value, potential, terms @ (people / (1.0 + sum(low for low, _ in ends))).T)


def _fixed(members: Members, figures: Sequence[Figure]) -> list[Array]:
    """By composite (Q, L), due when the level is chosen."""
    return [
        np.stack([
            sum((f.fixed[j][k] for j, k in zip(part.plans, part.levels.T, strict=True)), np.zeros(len(part.levels)))
            for f in figures
        ])
        for part in members.composites.parts
    ]  # fmt: skip


def _rates(value: Array, weight: Array, unit: Array, base: Array, low: Array, high: Array) -> Array:
    """D per person of each type."""
    d = value - unit * weight
    d -= base
    total = np.where(d > 0.0, low, high)
    total += weight
    return np.asarray(np.divide(d, total, out=d))


def _ends(weight: Array) -> tuple[Array, Array]:
    return weight.min(axis=1), weight.max(axis=1)


def _span(members: Members, at: int) -> tuple[Array, Array]:
    """(I,) what a nest's weights are not below and do not exceed, whatever its members' levels."""
    plans, demand = members.composites.parts[at].plans, members.demand
    exponent = members.dissimilarity[plans[0]]
    attraction = [demand.attraction[j] for j in plans]
    unit = np.maximum(np.max([a.max(axis=1) for a in attraction], axis=0), 1e-300)
    with np.errstate(under="ignore"):
        powers = [choice.nest_power(a, unit[:, None], exponent) for a in attraction]
    least, most = (sum(end(p, axis=1) for p in powers) for end in (np.min, np.max))
    per = [demand.duration[j] * demand.kept[j] for j in plans]
    offered = [np.where(a > 0.0, r, np.nan) for a, r in zip(attraction, per, strict=True)]
    lowest = np.nan_to_num(np.fmin.reduce(np.concatenate(offered, axis=1), axis=1))
    largest = np.nan_to_num(np.fmax.reduce(np.concatenate(offered, axis=1), axis=1))
    low, high = (unit * total**exponent * r for total, r in ((least, lowest), (most, largest)))
    return np.asarray(low * (1.0 - 1e-9)), np.asarray(high * (1.0 + 1e-9))


def _wide(
    members: Members,
    at: int,
    picked: Ints,
    figures: Sequence[Figure],
    unit: Array,
    base: Array,
    low: Array,
    high: Array,
    people: Array,
) -> tuple[Array, tuple[Array, Array]]:
    """(Q, L, M) potentials of a wide composite without what is fixed, and (I,) its least and largest weights."""
    part, demand, rows = members.composites.parts[at], members.demand, members.composites.parts[at].levels[picked]
    types = _reached(members, at)
    own = [demand.attraction[j][types] for j in part.plans]
    lasting = [demand.duration[j][types] for j in part.plans]
    kept = [demand.kept[j][types] for j in part.plans]
    amounts = [[f.amounts[j][types] for j in part.plans] for f in figures]
    unit, base, low, high = unit[:, types], base[:, types], low[types], high[types]
    there = np.ascontiguousarray(people[:, types].T)
    found = np.empty((len(figures), len(rows), len(people)))
    least, most = np.full(len(low), np.inf), np.zeros(len(low))
    step = max(1, BLOCK // max(1, len(low)))
    for first in range(0, len(rows), step):
        block = slice(first, first + step)
        sums = NestSums(rows[block], own, lasting, members.dissimilarity[part.plans[0]])
        weight = sums.stock_of(kept).T
        np.minimum(least, weight.min(axis=0), out=least)
        np.maximum(most, weight.max(axis=0), out=most)
        for q, tables in enumerate(amounts):
            found[q, block] = _rates(sums.stock_of(tables).T, weight, unit[q], base[q], low, high) @ there
    ends = np.zeros((2, len(demand.attraction[part.plans[0]])))
    ends[:, types] = least, most
    return found, (ends[0], ends[1])


def _reached(members: Members, at: int) -> slice:
    """From the first to the last type to whom some member is offered; at least one."""
    offered = [(members.demand.attraction[j] > 0.0).any(axis=1) for j in members.composites.parts[at].plans]
    reached = np.flatnonzero(np.any(offered, axis=0))
    return slice(int(reached[0]), int(reached[-1]) + 1) if len(reached) else slice(0, 1)
