"""The loops over draws, compiled, for searches that read many numbers. Imports numba; see ``arrays`` for what they do.

One pass over the numbers and no temporary arrays. Sums may be taken in any order, which the slack of the bounds covers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from optimizer.search.kernels.loops import compiled_before
from optimizer.typing import Array, Ints
from optimizer.uncertainty.arrays import Draws, DrawTables, NumpyLoops, Region

_loop = njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
"""Of the compiler's liberties only those under which NaN and infinities keep their meaning."""


class Numbers(NamedTuple):
    """The draws at one mix level; see ``arrays.Draws``."""

    weight: Array
    matrix: Array
    outside: Array
    fixed: Array
    offset: Array
    """(S, R)."""
    people: Array
    """(S, I)."""


class Place(NamedTuple):
    """Where a bound is taken; see ``arrays.Region``."""

    columns: Ints
    first: Ints
    center: Ints
    """(J,) columns of the reference."""
    least: Array
    low: Array
    high: Array
    types: Ints
    """See ``arrays.Draws``."""


@_loop
def _spans(weight: Array, columns: Ints, first: Ints, types: Ints, least: Array, most: Array) -> None:
    for s in range(len(weight)):
        for j in range(len(first) - 1):
            for i in range(types[j, 0], types[j, 1]):
                least[s, j, i] = most[s, j, i] = weight[s, columns[first[j]], i]
            for k in range(first[j] + 1, first[j + 1]):
                for i in range(types[j, 0], types[j, 1]):
                    x = weight[s, columns[k], i]
                    least[s, j, i] = min(least[s, j, i], x)
                    most[s, j, i] = max(most[s, j, i], x)


@_loop
def _around(weight: Array, center: Ints, held: Array, outside: Array, people: Array, least: Array,
            unit: Array, base: Array) -> tuple[float, float]:  # fmt: skip
    """Fills lambda and the reference's own values; returns the value there and the absolute terms."""
    plans = len(center)
    value = size = 0.0
    for i in range(len(people)):
        at, total, low, terms = 1.0, outside[i], 1.0, abs(outside[i])
        for j in range(plans):
            at += weight[center[j], i]
            total += held[j, i]
            low += least[j, i]
            terms += 2.0 * abs(held[j, i])
        unit[i] = total / at
        for j in range(plans):
            base[j, i] = held[j, i] - unit[i] * weight[center[j], i]
        value += people[i] * unit[i]
        size += (terms + (2.0 * plans + 3.0 + 2.0 * at) * abs(unit[i])) * people[i] / low
    return value, size


@_loop
def _potential(weight: Array, value: Array, sign: float, unit: Array, base: Array, low: Array, high: Array,
               people: Array) -> float:  # fmt: skip
    """Of one column: (I,) arrays throughout."""
    total = 0.0
    for i in range(len(people)):
        d = sign * value[i] - unit[i] * weight[i] - base[i]
        total += people[i] * d / (weight[i] + (low[i] if d > 0.0 else high[i]))
    return total


@_loop
def _tables(
    numbers: Numbers, place: Place, rows: Ints, sign: float, value: Array, potential: Array, size: Array
) -> None:
    weight, matrix, outside, fixed, offset, people = numbers
    columns, first, center, least, low, high, met = place
    plans, types = len(center), weight.shape[2]
    unit, base, held, bare = np.empty(types), np.empty((plans, types)), np.empty((plans, types)), np.empty(types)
    for s in range(len(weight)):
        for k in range(len(rows)):
            r = rows[k]
            for i in range(types):
                bare[i] = sign * outside[s, r, i]
                for j in range(plans):
                    held[j, i] = sign * matrix[s, r, center[j], i]
            v, size[s, k] = _around(weight[s], center, held, bare, people[s], least[s], unit, base)
            v += sign * offset[s, r]
            for j in range(plans):
                level = fixed[s, r, center[j]]
                v += sign * level
                a, b = met[j]
                for n in range(first[j], first[j + 1]):
                    c = columns[n]
                    d = _potential(weight[s, c, a:b], matrix[s, r, c, a:b], sign, unit[a:b], base[j, a:b],
                                   low[s, j, a:b], high[s, j, a:b], people[s, a:b])  # fmt: skip
                    potential[s, k, n] = d + sign * (fixed[s, r, c] - level)
            value[s, k] = v


@_loop
def _joint(numbers: Numbers, place: Place, weights: Array, potential: Array) -> float:
    weight, matrix, outside, fixed, offset, people = numbers
    columns, first, center, least, low, high, met = place
    plans, types, rows = len(center), weight.shape[2], matrix.shape[1]
    unit, base, held, bare = np.empty(types), np.empty((plans, types)), np.empty((plans, types)), np.empty(types)
    mixed, value = np.empty(types), 0.0
    for s in range(len(weight)):
        if not np.any(weights[s] != 0.0):
            continue
        bare[:] = 0.0
        held[:] = 0.0
        for r in range(rows):
            v = weights[s, r]
            if v == 0.0:
                continue
            value += v * offset[s, r]
            for i in range(types):
                bare[i] += v * outside[s, r, i]
            for j in range(plans):
                value += v * fixed[s, r, center[j]]
                for i in range(types):
                    held[j, i] += v * matrix[s, r, center[j], i]
        value += _around(weight[s], center, held, bare, people[s], least[s], unit, base)[0]
        for j in range(plans):
            a, b = met[j]
            for n in range(first[j], first[j + 1]):
                c = columns[n]
                mixed[a:b] = 0.0
                for r in range(rows):
                    v = weights[s, r]
                    if v == 0.0:
                        continue
                    potential[n] += v * (fixed[s, r, c] - fixed[s, r, center[j]])
                    for i in range(a, b):
                        mixed[i] += v * matrix[s, r, c, i]
                potential[n] += _potential(weight[s, c, a:b], mixed[a:b], 1.0, unit[a:b], base[j, a:b],
                                           low[s, j, a:b], high[s, j, a:b], people[s, a:b])  # fmt: skip
    return value


@_loop
def _vary(  # noqa: PLR0912 - one loop nest, compiled as one
    numbers: Numbers, met: Ints, menus: Ints, plan: int, columns: Ints, out: Array
) -> None:
    weight, matrix, outside, fixed, offset, people = numbers
    types, rows = weight.shape[2], matrix.shape[1]
    base, held, level, reached = np.empty(types), np.empty((rows, types)), np.empty(rows), np.empty(types)
    first, end = met[plan]
    for s in range(len(weight)):
        for b in range(len(menus)):
            base[:] = 1.0
            for r in range(rows):
                level[r] = offset[s, r]
                held[r] = outside[s, r]
            for j in range(menus.shape[1]):
                if j == plan:
                    continue
                c = menus[b, j]
                for i in range(met[j, 0], met[j, 1]):
                    base[i] += weight[s, c, i]
                for r in range(rows):
                    level[r] += fixed[s, r, c]
                    for i in range(met[j, 0], met[j, 1]):
                        held[r, i] += matrix[s, r, c, i]
            for r in range(rows):  # people to whom the plan is nothing, whatever its level
                total = 0.0
                for i in range(first):
                    total += people[s, i] / base[i] * held[r, i]
                for i in range(end, types):
                    total += people[s, i] / base[i] * held[r, i]
                level[r] += total
            for k in range(len(columns)):
                c = columns[k]
                for i in range(first, end):
                    reached[i] = people[s, i] / (base[i] + weight[s, c, i])
                for r in range(rows):
                    total = 0.0
                    for i in range(first, end):
                        total += reached[i] * (held[r, i] + matrix[s, r, c, i])
                    out[b, k, s, r] = total + level[r] + fixed[s, r, c]


class CompiledLoops(NumpyLoops):
    """As :class:`~optimizer.uncertainty.arrays.NumpyLoops`, up to rounding."""

    @staticmethod
    def on_disk() -> bool:
        """Whether every loop was compiled before, so that it need only be loaded; compiling takes some seconds."""
        loops = (_spans, _around, _potential, _tables, _joint, _vary)
        return all(compiled_before(loop) for loop in loops)

    def compile_all(self) -> None:
        """Call every loop once, over one draw of one type and one column, which compiles what is not compiled yet."""
        single, columns, first = np.ones((1, 1, 1)), np.zeros(1, dtype=np.intp), np.array([0, 1], dtype=np.intp)
        draws = Draws(
            single, single, np.ones((1, 1, 1, 1)), single, single, single, np.ones((1, 1, 0)), np.ones(1), first,
            first[None], (),
        )  # fmt: skip
        least, most = self.spans(draws, columns, first)
        region = Region(columns, first, 0, least, most, single, single)
        self.tables(draws, region, columns, columns, 1.0)
        self.joint(draws, region, columns, np.ones((1, 1)))
        self.vary(draws, 0, columns[None], 0, columns)

    def spans(self, draws: Draws, columns: Ints, first: Ints) -> tuple[Array, Array]:
        """See ``NumpyLoops``."""
        shape = (len(draws.weight), len(first) - 1, draws.weight.shape[2])
        least, most = np.zeros(shape), np.zeros(shape)
        _spans(draws.weight, columns, first, draws.types, least, most)
        return least, most

    def tables(self, draws: Draws, region: Region, center: Ints, rows: Ints, sign: float) -> DrawTables:
        """See ``NumpyLoops``."""
        size = len(draws.weight)
        value, potential = np.empty((size, len(rows))), np.empty((size, len(rows), len(region.columns)))
        made = DrawTables(value, potential, np.empty((size, len(rows))))
        _tables(_numbers(draws, region.mix), _place(draws, region, center), rows, sign, value, potential, made.size)
        return made

    def joint(self, draws: Draws, region: Region, center: Ints, weights: Array) -> tuple[float, Array]:
        """See ``NumpyLoops``."""
        potential = np.zeros(len(region.columns))
        value = _joint(_numbers(draws, region.mix), _place(draws, region, center), weights, potential)
        return float(value), potential

    def vary(self, draws: Draws, mix: int, menus: Ints, plan: int, columns: Ints) -> Array:
        """See ``NumpyLoops``."""
        out = np.empty((len(menus), len(columns), len(draws.weight), draws.rows))
        _vary(_numbers(draws, mix), draws.types, np.ascontiguousarray(menus), plan, columns, out)
        return out


def _numbers(draws: Draws, mix: int) -> Numbers:
    return Numbers(draws.weight, draws.matrix, draws.outside, draws.fixed, draws.offset[mix], draws.people[mix])


def _place(draws: Draws, region: Region, center: Ints) -> Place:
    around = (region.least, region.low, region.high, draws.types)
    return Place(region.columns, region.first, np.ascontiguousarray(center), *around)
