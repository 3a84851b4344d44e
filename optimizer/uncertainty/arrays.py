"""All draws side by side in arrays, and the loops over them in numpy.

A *column* is a level of a plan, plans one after the other. Indices: ``s`` draw, ``r`` row, ``t`` column, ``i`` type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from optimizer.errors import bad_argument
from optimizer.model.instance import Figure, Instance, combine
from optimizer.search.levels.bounds import others
from optimizer.search.levels.layout import check_figure, check_instance, lay_rows, stack
from optimizer.typing import Array, Bools, Ints, LevelIndices
from optimizer.uncertainty.question import RiskQuestion

AT_ONCE = 1 << 16
"""Numbers in one array of some draws: fits a second-level cache."""


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
    types: Ints
    """(J, 2) per plan a range of types outside which it neither weighs nor brings anything, whatever the draw."""
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
    met = _types(question)
    return Draws(people, weight, matrix, outside, fixed, offset, cost, share, starts, met, rules)


def _types(question: RiskQuestion) -> Ints:
    """See ``Draws.types``; what has no attraction has no denominator weight in most instances, not in all."""
    ranges = np.zeros((len(question.instances[0].attraction), 2), dtype=np.intp)
    for j in range(len(ranges)):
        met = np.zeros(max(instance.types for instance in question.instances), dtype=np.bool_)
        for instance in question.instances:
            w, e = instance.attraction[j], instance.denominators[j]
            met[: instance.types] |= (w > 0.0).any(axis=1) | (e > 0.0).any(axis=1)
        found = np.flatnonzero(met)
        ranges[j] = (found[0], found[-1] + 1) if len(found) else (0, 1)
    return ranges


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
    """The loops, some draws at once, so that their numbers stay in the cache."""

    def spans(self, draws: Draws, columns: Ints, first: Ints) -> tuple[Array, Array]:
        """(S, J, I) smallest and largest weight of each plan among the columns."""
        shape = (len(draws.weight), len(first) - 1, draws.weight.shape[2])
        least, most = np.empty(shape), np.empty(shape)
        for s in _parts(draws, len(columns)):
            own = draws.weight[s][:, columns]
            least[s] = np.minimum.reduceat(own, first[:-1], axis=1)
            most[s] = np.maximum.reduceat(own, first[:-1], axis=1)
        return least, most

    def tables(self, draws: Draws, region: Region, center: Ints, rows: Ints, sign: float) -> DrawTables:
        """Of the rows times ``sign``, around the menu ``center``."""
        shape = (len(draws.weight), len(rows))
        made = DrawTables(np.empty(shape), np.empty((*shape, len(region.columns))), np.empty(shape))
        for s in _parts(draws, len(region.columns) * len(rows)):
            found = _bounds(draws, region, center, s, lambda part: sign * part[:, rows])
            made.value[s], made.potential[s], made.size[s] = found
        return made

    def joint(self, draws: Draws, region: Region, center: Ints, weights: Array) -> tuple[float, Array]:
        """Value at the reference and (n,) potentials of the rows weighted by (S, R): tighter than weighted tables."""
        value, potential = 0.0, np.zeros(len(region.columns))
        for part in _parts(draws, len(region.columns) * draws.rows):
            s = part[weights[part].any(axis=1)]
            if len(s):
                weighed = partial(_weighed, weights[s])
                found = _bounds(draws, region, center, s, weighed)
                value += float(found[0].sum())
                potential += found[1].sum(axis=(0, 1))
        return value, potential

    def vary(self, draws: Draws, mix: int, menus: Ints, plan: int, columns: Ints) -> Array:
        """(B, L, S, R) rows at menus (B, J) with one plan moved to each of the columns (L,)."""
        rest = menus[:, [j for j in range(draws.plans) if j != plan]]
        out = np.empty((len(menus), len(columns), len(draws.weight), draws.rows))
        for s in _parts(draws, len(menus) * len(columns)):
            weight, matrix, fixed = draws.weight[s], draws.matrix[s], draws.fixed[s]
            base = 1.0 + weight[:, rest].sum(axis=2)
            reached = draws.people[mix, s][:, None, None] / (base[:, :, None] + weight[:, None, columns])
            held = draws.outside[s][:, :, None] + matrix[:, :, rest].sum(axis=3)
            level = draws.offset[mix, s][:, :, None] + fixed[:, :, rest].sum(axis=3)
            found = np.einsum("sbli,srbi->srbl", reached, held)
            found += np.einsum("sbli,srli->srbl", reached, matrix[:, :, columns])
            found += level[..., None] + fixed[:, :, None, columns]
            out[:, :, s] = found.transpose(2, 3, 0, 1)
        return out


def _parts(draws: Draws, width: int) -> list[Ints]:
    """Draws to take at once, where each reads ``width`` times its types in numbers."""
    size, _, types = draws.weight.shape
    step = max(1, AT_ONCE // (width * types))
    return [np.arange(at, min(at + step, size)) for at in range(0, size, step)]


def _weighed(weights: Array, rows: Array) -> Array:
    """(s, 1, ...) rows (s, R, ...) by their weights (s, R)."""
    return np.asarray(np.einsum("sr,sr...->s...", weights, rows)[:, None])


def _bounds(
    draws: Draws, region: Region, center: Ints, s: Ints, rows: Callable[[Array], Array]
) -> tuple[Array, Array, Array]:
    """Of some draws: (s, R') values at the reference, (s, R', n) potentials, (s, R') absolute terms.

    ``rows``: from (s, R, ...) to those wanted, (s, R', ...). See ``search.levels.bounds``.
    """
    people, counts = draws.people[region.mix, s], np.diff(region.first)
    own, at = draws.weight[s][:, region.columns], draws.weight[s][:, center]
    held, outside = rows(draws.matrix[s][:, :, center]), rows(draws.outside[s])
    chosen, reference = rows(draws.fixed[s][:, :, region.columns]), rows(draws.fixed[s][:, :, center])
    unit = (outside + held.sum(axis=2)) / (1.0 + at.sum(axis=1))[:, None]
    base = held - unit[:, :, None] * at[:, None]
    d = rows(draws.matrix[s][:, :, region.columns])
    d -= unit[:, :, None] * own[:, None]
    d -= np.repeat(base, counts, axis=2)
    low, high = (np.repeat(part[s], counts, axis=1)[:, None] for part in (region.low, region.high))
    d /= own[:, None] + np.where(d > 0.0, low, high)
    potential = np.einsum("srki,si->srk", d, people) + chosen - np.repeat(reference, counts, axis=2)
    value = np.einsum("sri,si->sr", unit, people) + reference.sum(axis=2) + rows(draws.offset[region.mix, s])
    terms = np.abs(outside) + (2 * len(center) + 5 + 2.0 * at.sum(axis=1))[:, None] * np.abs(unit)
    terms += 2.0 * np.abs(held).sum(axis=2)
    size = np.einsum("sri,si->sr", terms, people / (1.0 + region.least[s].sum(axis=1)))
    return value, potential, size


def region_of(draws: Draws, loops: NumpyLoops, box: tuple[Ints, ...], mix: int) -> Region:
    """The region of a box."""
    columns = np.concatenate(box)
    first = np.concatenate([[0], np.cumsum([len(part) for part in box])]).astype(np.intp)
    least, most = loops.spans(draws, columns, first)
    around = [np.ascontiguousarray(others(part.transpose(1, 0, 2)).transpose(1, 0, 2)) for part in (least, most)]
    return Region(columns, first, mix, least, most, *around)
