"""All draws side by side in arrays, and the loops over them in numpy.

A *column* is a level of a plan, plans one after the other. Indices: ``s`` draw, ``r`` row, ``t`` column, ``i`` type.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer.errors import bad_argument
from optimizer.model.instance import Figure, Instance, combine
from optimizer.search.levels.bounds import others
from optimizer.search.levels.layout import check_figure, check_instance, lay_rows, stack
from optimizer.typing import Array, Bools, Ints, LevelIndices
from optimizer.uncertainty.question import RiskQuestion


@dataclass(frozen=True)
class Draws:
    """Linear rows of every draw: the aim, its K limits, then what is left of each reserved capacity before burst."""

    people: Array
    """(M, S, I) base reach; 0 for types that a draw does not have."""
    weight: Array
    """(S, T, I) denominator weights."""
    matrix: Array
    """(S, R, T, I) numerators."""
    outside: Array
    """(S, R, I)."""
    fixed: Array
    """(S, R, T)."""
    offset: Array
    """(M, S, R)."""
    cost: Array
    """(S, 1 + K, H) what a unit of burst takes from aim and limits, >= 0."""
    strength: Array
    """(T,) mean share of the people that a level would take alone."""
    starts: Ints
    """(J + 1,) first column of each plan."""
    rules: tuple[tuple[int, int, Bools], ...]

    @property
    def plans(self) -> int:
        return len(self.starts) - 1

    @property
    def rows(self) -> int:
        return int(self.matrix.shape[1])

    def whole(self) -> tuple[Ints, ...]:
        """Every column, plan by plan."""
        return tuple(np.arange(a, b) for a, b in zip(self.starts[:-1], self.starts[1:], strict=True))

    def menu(self, columns: Ints) -> LevelIndices:
        """Level indices of one column per plan."""
        return tuple(int(k) for k in columns - self.starts[:-1])

    def columns(self, menu: LevelIndices) -> Ints:
        """One column per plan."""
        return np.asarray(np.array(menu, dtype=np.intp) + self.starts[:-1])

    def billed(self, values: Array) -> Array:
        """(..., S, 1 + K) aim and limits with burst, from rows (..., S, R)."""
        count = self.cost.shape[1]
        if not self.cost.size:
            return values[..., :count]
        over = np.maximum(0.0, -values[..., count:])
        return np.asarray(values[..., :count] - np.einsum("...sh,skh->...sk", over, self.cost))


def draws_of(question: RiskQuestion) -> Draws:
    """Check every number and lay all draws out. Draws may differ in their types. Raises InputError."""
    first = question.instances[0]
    types = max(instance.types for instance in question.instances)
    total, mixes = sum(first.levels), first.mixes
    size, blocks = question.draws, len(first.blocks)
    count = 1 + question.count + blocks
    people, offset = np.zeros((mixes, size, types)), np.zeros((mixes, size, count))
    weight, matrix = np.zeros((size, total, types)), np.zeros((size, count, total, types))
    outside, fixed = np.zeros((size, count, types)), np.zeros((size, count, total))
    cost = np.zeros((size, 1 + question.count, blocks))
    for s, (instance, aim, limits) in enumerate(zip(question.instances, question.aims, question.limits, strict=True)):
        figures = [aim, *(limit.figure for limit in limits), *spare(instance)]
        check_instance(instance)
        for figure in figures:
            check_figure(instance, figure, f"draw {s}")
            if figure.again:
                raise bad_argument(f"draw {s}", "has figures of people who decide anew, which draws do not cover")
        rows, own = lay_rows(instance, figures), instance.types
        orders = [np.arange(n, dtype=np.intp) for n in instance.levels]
        people[:, s, :own], weight[s, :, :own] = instance.customers, stack(instance.denominators, orders)
        matrix[s, :, :, :own], outside[s, :, :own] = rows.matrix, rows.outside
        fixed[s], offset[:, s] = rows.fixed, rows.offset.T
        cost[s] = [-figure.burst for figure in figures[: 1 + len(limits)]]
    share = np.einsum("si,sti,s->t", people.mean(axis=0), weight / (1.0 + weight), question.weights)
    starts = np.concatenate([[0], np.cumsum(first.levels)]).astype(np.intp)
    rules = tuple((rule.first, rule.second, rule.allowed) for rule in first.rules)
    return Draws(people, weight, matrix, outside, fixed, offset, cost, share, starts, rules)


def spare(instance: Instance) -> list[Figure]:
    """Per block, reserved less used: burst is what it lacks to zero."""
    return [replace(combine([(-1.0, block.use)]), constant=block.reserved - block.use.constant)
            for block in instance.blocks]  # fmt: skip


@dataclass(frozen=True)
class Region:
    """A box of columns per plan at one mix level, and what every bound over it needs."""

    columns: Ints
    """(n,) plan after plan."""
    first: Ints
    """(J + 1,) where each plan begins."""
    mix: int
    least: Array
    """(S, J, I) smallest weight of each plan."""
    most: Array
    low: Array
    """(S, J, I) one plus the least weights of the other plans."""
    high: Array


@dataclass(frozen=True)
class DrawTables:
    """Bounds of rows, draw by draw: no menu of the region exceeds value + sum of its columns' potentials + slack."""

    value: Array
    """(S, R') at the reference."""
    potential: Array
    """(S, R', n)."""
    size: Array
    """(S, R') absolute terms that were added up."""


class NumpyLoops:
    """The loops, draw by draw, so that the numbers of one stay in the cache."""

    def spans(self, draws: Draws, columns: Ints, first: Ints) -> tuple[Array, Array]:
        """(S, J, I) smallest and largest weight of each plan among the columns."""
        shape = (len(draws.weight), len(first) - 1, draws.weight.shape[2])
        least, most = np.empty(shape), np.empty(shape)
        for s, weight in enumerate(draws.weight):
            own = weight[columns]
            least[s] = np.minimum.reduceat(own, first[:-1], axis=0)
            most[s] = np.maximum.reduceat(own, first[:-1], axis=0)
        return least, most

    def tables(self, draws: Draws, region: Region, center: Ints, rows: Ints, sign: float) -> DrawTables:
        """Of the rows times ``sign``, around the menu ``center``."""
        size = len(draws.weight)
        made = DrawTables(np.empty((size, len(rows))), np.empty((size, len(rows), len(region.columns))),
                      np.empty((size, len(rows))))  # fmt: skip
        for s in range(size):
            for k, row in enumerate(rows):
                weights = np.zeros(draws.rows)
                weights[row] = sign
                made.value[s, k], made.potential[s, k], made.size[s, k] = _bound(draws, region, center, s, weights)
        return made

    def joint(self, draws: Draws, region: Region, center: Ints, weights: Array) -> tuple[float, Array]:
        """Value at the reference and (n,) potentials of the rows weighted by (S, R): tighter than weighted tables."""
        value, potential = 0.0, np.zeros(len(region.columns))
        for s in np.flatnonzero(weights.any(axis=1)):
            own = _bound(draws, region, center, int(s), weights[s])
            value += own[0]
            potential += own[1]
        return value, potential

    def vary(self, draws: Draws, mix: int, menus: Ints, plan: int, columns: Ints) -> Array:
        """(B, L, S, R) rows at menus (B, J) with one plan moved to each of the columns (L,)."""
        size, rest = len(draws.weight), [j for j in range(draws.plans) if j != plan]
        out = np.empty((len(menus), len(columns), size, draws.rows))
        for s in range(size):
            weight, people = draws.weight[s], draws.people[mix, s]
            base = 1.0 + weight[menus[:, rest]].sum(axis=1)
            reached = people / (base[:, None] + weight[columns])
            for r in range(draws.rows):
                matrix, fixed = draws.matrix[s, r], draws.fixed[s, r]
                held = draws.outside[s, r] + matrix[menus[:, rest]].sum(axis=1)
                level = draws.offset[mix, s, r] + fixed[menus[:, rest]].sum(axis=1)
                out[:, :, s, r] = np.einsum("bli,bi->bl", reached, held) + np.einsum(
                    "bli,li->bl", reached, matrix[columns]
                )
                out[:, :, s, r] += level[:, None] + fixed[columns]
        return out


def _bound(draws: Draws, region: Region, center: Ints, s: int, weights: Array) -> tuple[float, Array, float]:
    """One draw's rows, weighted: value at the reference, (n,) potentials, absolute terms; as ``levels.bounds``."""
    used = np.flatnonzero(weights)
    picked, people = weights[used], draws.people[region.mix, s]

    def weighed(part: Array) -> Array:
        return np.asarray(np.tensordot(picked, part, axes=1))

    own, at = draws.weight[s, region.columns], draws.weight[s, center]
    held, outside = weighed(draws.matrix[s, used][:, center]), weighed(draws.outside[s, used])
    level = weighed(draws.fixed[s, used])
    unit = (outside + held.sum(axis=0)) / (1.0 + at.sum(axis=0))
    base = held - unit * at
    counts = np.diff(region.first)
    d = weighed(draws.matrix[s, used][:, region.columns]) - unit * own - np.repeat(base, counts, axis=0)
    around = np.where(d > 0.0, *(np.repeat(part[s], counts, axis=0) for part in (region.low, region.high)))
    potential = (d / (own + around)) @ people + level[region.columns] - np.repeat(level[center], counts)
    value = float(people @ unit + level[center].sum() + weighed(draws.offset[region.mix, s, used]))
    return value, potential, terms_of(people, region.least[s], unit, held, at, outside)


def terms_of(people: Array, least: Array, unit: Array, held: Array, at: Array, outside: Array) -> float:
    """Absolute terms of one draw's bound beyond those that the row's own size counts; (J, I) and (I,) parts."""
    plans = len(held)
    terms = (2 * plans + 3) * np.abs(unit) + np.abs(outside) + 2.0 * (np.abs(held) + np.abs(unit) * at).sum(axis=0)
    return float(terms @ (people / (1.0 + least.sum(axis=0))))


def region_of(draws: Draws, loops: NumpyLoops, box: tuple[Ints, ...], mix: int) -> Region:
    """The region of a box."""
    columns = np.concatenate(box)
    first = np.concatenate([[0], np.cumsum([len(part) for part in box])]).astype(np.intp)
    least, most = loops.spans(draws, columns, first)
    around = [np.ascontiguousarray(others(part.transpose(1, 0, 2)).transpose(1, 0, 2)) for part in (least, most)]
    return Region(columns, first, mix, least, most, *around)
