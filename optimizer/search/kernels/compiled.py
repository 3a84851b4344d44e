"""The bound of ``bounds.bound_box`` in compiled loops, for searches that take many bounds.

Same formula, one pass over the numbers and no temporary arrays; imported only by searches that have become long, as
numba takes a third of a second to load. Sums may be taken in any order, which the rounding slack of the bound covers.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from optimizer.search.levels.layout import EPS
from optimizer.typing import Array, Ints

loop = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
"""Of the compiler's liberties only those under which NaN and infinities keep their meaning. Python's way of dividing
asks every divisor whether it is zero, one number at a time; sizes are at least 1, so nothing is left unasked."""


class Tables(NamedTuple):
    """The problem at one mix level."""

    weight: Array
    """(T, I) denominator weights."""
    matrix: Array
    """(Q, T, I) numerators of every row."""
    outside: Array
    """(Q, I)."""
    fixed: Array
    """(Q, T)."""
    offset: Array
    """(Q,)."""
    magnitude: Array
    """(Q,)."""
    people: Array
    """(I,)."""


class Question(NamedTuple):
    """What is bounded, over which box, around which reference."""

    rows: Array
    """(Q,) weights of the rows."""
    constant: float
    absolute: float
    """Sum of the absolute terms in ``constant``."""
    columns: Ints
    """(n,) of the box, plan after plan."""
    first: Ints
    """(J + 1,) where each plan begins."""
    center: Ints
    """(J,) columns."""
    shift: Array
    """(J, I), or (0, I) for none."""
    spans: Array
    """(2, I) least and largest sizes, or (0, I) for none."""


class Sums(NamedTuple):
    """One plus the least and largest weights of a box."""

    low: Array
    """(J, I) of the other plans, least."""
    high: Array
    """(J, I) of the other plans, largest."""
    least: Array
    """(I,) of all plans."""
    most: Array
    """(I,) of all plans."""


class Around(NamedTuple):
    """What the bounds of all levels share."""

    unit: Array
    """(I,) lambda, shifted."""
    base: Array
    """(J, I) numerator less lambda times weight at the reference, shifted."""
    per_size: Array
    """(Q, I) value of each row per person at the reference."""
    low: Array
    """(J, I) one plus the least weights of the other plans."""
    high: Array
    """(J, I) one plus their largest ones."""
    reach: Array
    """(I,) people on the alternatives at the least weights."""
    value: float
    """The bound at the reference without level amounts."""
    terms: float
    """Absolute terms, for the rounding slack."""


def bound(tables: Tables, question: Question, sums: Sums, shared: int) -> tuple[Any, ...]:
    """The fields of ``bounds.BoxBound`` in their order, ``potential`` as one array (n,) for all plans.

    From ``shared`` numbers on two threads share a box; every sum is taken by one of them, so that the result does not
    depend on how they run.
    """
    size = len(question.columns)
    if size * tables.weight.shape[1] * len(question.rows) < shared:
        return _bound(tables, question, sums)  # type: ignore[no-any-return]
    around = _around(tables, question, sums)
    flat, absolute = np.empty(size), np.empty(size)
    other = helper().submit(_potentials, tables, question, around, size // 2, size, flat, absolute)
    _potentials(tables, question, around, 0, size // 2, flat, absolute)
    other.result()
    return _finished(tables, question, around, flat, absolute)  # type: ignore[no-any-return]


@cache
def helper() -> ThreadPoolExecutor:
    """The other thread; the loops let Python go while they run."""
    return ThreadPoolExecutor(1, "optimizer-bounds")


@loop
def weight_sums(weight, columns, first):  # type: ignore[no-untyped-def]
    """The sums of a box: weights (T, I), its columns (n,), and where each plan begins (J + 1,)."""
    plans, types = len(first) - 1, weight.shape[1]
    small, large = np.empty((plans, types)), np.empty((plans, types))
    for j in range(plans):
        extremes(weight, columns[first[j] : first[j + 1]], small[j], large[j])
    return added_up(small, large)


@loop
def extremes(weight, columns, small, large):  # type: ignore[no-untyped-def]
    """Least and largest weights (I,) of one plan's columns into ``small`` and ``large``."""
    small[:] = weight[columns[0]]
    large[:] = small
    for k in range(1, len(columns)):
        w = weight[columns[k]]
        for i in range(len(small)):
            small[i] = min(small[i], w[i])
            large[i] = max(large[i], w[i])


@loop
def added_up(small, large):  # type: ignore[no-untyped-def]
    """The sums of least and largest weights (J, I)."""
    plans, types = small.shape
    low, high = np.empty((plans, types)), np.empty((plans, types))
    least, most = np.empty(types), np.empty(types)
    below, above = np.ones(types), np.ones(types)
    for j in range(plans):  # sums from both sides, as differences would cancel
        for i in range(types):
            low[j, i], high[j, i] = below[i], above[i]
            below[i] += small[j, i]
            above[i] += large[j, i]
    least[:], most[:] = below, above
    below[:], above[:] = 0.0, 0.0
    for j in range(plans - 1, -1, -1):
        for i in range(types):
            low[j, i] += below[i]
            high[j, i] += above[i]
            below[i] += small[j, i]
            above[i] += large[j, i]
    return Sums(low, high, least, most)


@loop
def _bound(tables, question, sums):  # type: ignore[no-untyped-def]
    size = len(question.columns)
    around = _around(tables, question, sums)
    flat, absolute = np.empty(size), np.empty(size)
    _potentials(tables, question, around, 0, size, flat, absolute)
    return _finished(tables, question, around, flat, absolute)


@loop
def _around(tables, question, sums):  # type: ignore[no-untyped-def]
    weight, matrix, outside, people = tables.weight, tables.matrix, tables.outside, tables.people
    rows, center, shift = question.rows, question.center, question.shift
    plans, types, figures = len(center), weight.shape[1], len(rows)
    reach, unit, base, per_size = np.empty(types), np.zeros(types), np.zeros((plans, types)), np.empty((figures, types))
    size, absolute = np.ones(types), np.empty(types)
    for q in range(figures):
        for i in range(types):
            unit[i] += rows[q] * outside[q, i]
            per_size[q, i] = outside[q, i]
    for i in range(types):
        absolute[i] = abs(unit[i])
    for j in range(plans):
        w, own = weight[center[j]], base[j]
        for q in range(figures):
            row, per = matrix[q, center[j]], per_size[q]
            for i in range(types):
                own[i] += rows[q] * row[i]
                per[i] += row[i]
        for i in range(types):
            size[i] += w[i]
            unit[i] += own[i]
            absolute[i] += abs(own[i])
    for i in range(types):
        unit[i] /= size[i]
    for q in range(figures):
        for i in range(types):
            per_size[q, i] /= size[i]
    for j in range(plans):
        w, own = weight[center[j]], base[j]
        for i in range(types):
            own[i] -= unit[i] * w[i]
    for j in range(len(shift)):
        for i in range(types):
            unit[i] += shift[j, i]
            base[j, i] += shift[j, i]
    for j in range(plans):
        for i in range(types):
            absolute[i] += abs(base[j, i])
    at_value, terms = 0.0, 0.0
    for i in range(types):
        reach[i] = people[i] / sums.least[i]
        at_value += people[i] * unit[i]
        terms += (absolute[i] + abs(unit[i]) * sums.most[i]) * reach[i]
    return Around(unit, base, per_size, sums.low, sums.high, reach, at_value, 2.0 * terms)


@loop
def _potentials(tables, question, around, start, stop, flat, absolute):  # type: ignore[no-untyped-def]
    """D without level amounts into ``flat``, absolute sums of the numerators into ``absolute``, both (n,)."""
    rows = np.zeros(4)
    used = np.zeros(max(4, len(question.rows)), dtype=np.intp)
    count = 0
    for q in range(len(question.rows)):
        if question.rows[q] != 0.0:
            used[count] = q
            if count < 4:
                rows[count] = question.rows[q]
            count += 1
    more = np.zeros(len(tables.people))
    j = 0
    for k in range(start, stop):
        while k >= question.first[j + 1]:
            j += 1
        if count > 4:
            _combine(tables, question, used[4:count], question.columns[k], more)
        if len(question.spans):
            flat[k], absolute[k] = _within_spans(
                tables, around, question.spans, question.columns[k], j, used, rows, more
            )
        else:
            flat[k], absolute[k] = _level(tables, around, question.columns[k], j, used, rows, more)


@loop
def _combine(tables, question, used, column, more):  # type: ignore[no-untyped-def]
    """(I,) the rows beyond the first four that count into ``more``."""
    more[:] = 0.0
    for q in used:
        row = tables.matrix[q, column]
        for i in range(len(more)):
            more[i] += question.rows[q] * row[i]


@loop
def _level(tables, around, column, j, used, rows, more):  # type: ignore[no-untyped-def]
    """D of one level, and the absolute sum of its numerators. A loop of its own, or it is not taken in vectors."""
    matrix, people, unit, reach = tables.matrix, tables.people, around.unit, around.reach
    a, b, c, d = matrix[used[0], column], matrix[used[1], column], matrix[used[2], column], matrix[used[3], column]
    w, base, low, high = tables.weight[column], around.base[j], around.low[j], around.high[j]
    total, size = 0.0, 0.0
    for i in range(len(people)):
        value = rows[0] * a[i] + rows[1] * b[i] + rows[2] * c[i] + rows[3] * d[i] + more[i]
        gain = value - unit[i] * w[i] - base[i]
        below, above = w[i] + low[i], w[i] + high[i]
        total += people[i] * gain / (below if gain > 0.0 else above)
        size += abs(value) * reach[i]
    return total, size


@loop
def _within_spans(tables, around, spans, column, j, used, rows, more):  # type: ignore[no-untyped-def]
    """The same where sizes are confined."""
    matrix, people, unit, reach = tables.matrix, tables.people, around.unit, around.reach
    a, b, c, d = matrix[used[0], column], matrix[used[1], column], matrix[used[2], column], matrix[used[3], column]
    w, base, low, high = tables.weight[column], around.base[j], around.low[j], around.high[j]
    least, most = spans[0], spans[1]
    total, size = 0.0, 0.0
    for i in range(len(people)):
        value = rows[0] * a[i] + rows[1] * b[i] + rows[2] * c[i] + rows[3] * d[i] + more[i]
        gain = value - unit[i] * w[i] - base[i]
        held = max(w[i] + low[i], least[i]) if gain > 0.0 else min(w[i] + high[i], most[i])
        total += people[i] * gain / held
        size += abs(value) * reach[i]
    return total, size


@loop
def _finished(tables, question, around, flat, absolute):  # type: ignore[no-untyped-def]
    rows, center, columns, first = question.rows, question.center, question.columns, question.first
    plans, figures = len(center), len(rows)
    top, best = np.empty(plans), np.empty(plans, dtype=np.intp)
    fall, terms, total = 0.0, around.terms + question.absolute, 0.0
    value = around.value + question.constant
    for q in range(figures):
        value += rows[q] * tables.offset[q]
        terms += abs(rows[q]) * tables.magnitude[q]
    for j in range(plans):
        largest, pick, least, at_center = 0.0, -1, np.inf, 0.0
        for q in range(figures):
            at_center += rows[q] * tables.fixed[q, center[j]]
        value += at_center
        for k in range(first[j], first[j + 1]):
            for q in range(figures):
                flat[k] += rows[q] * tables.fixed[q, columns[k]]
            flat[k] -= at_center
            least = min(least, flat[k])
            largest = max(largest, absolute[k])
            if pick < 0 or flat[k] > flat[pick]:
                pick = k
        top[j], best[j] = flat[pick], columns[pick]
        total += flat[pick]
        fall = max(fall, flat[pick] - least)
        terms += largest
    cut, rest, gradient, at_best = _favoured(tables, question, around, best)
    slack = 2.0 * EPS * (len(tables.people) + 4 * plans + 40) * terms
    return value + total + slack, flat, top, best, value, cut, rest, gradient, at_best, fall


@loop
def _favoured(tables, question, around, best):  # type: ignore[no-untyped-def]
    """Cut, rest, gradient, and truth at the levels that the bound favours (J,)."""
    weight, matrix, people, rows, shift = tables.weight, tables.matrix, tables.people, question.rows, question.shift
    spans = question.spans
    center, unit, base, per_size = question.center, around.unit, around.base, around.per_size
    plans, types, figures = len(best), len(people), len(rows)
    cut, at_best, gradient = np.empty(figures), np.empty(figures), np.empty((plans, types))
    moved, taken, size, reached = np.zeros(types), np.zeros(types), np.ones(types), np.empty(types)
    rest, value = 0.0, np.empty(types)
    for j in range(len(shift)):
        for i in range(types):
            moved[i] += shift[j, i]
            rest += people[i] * shift[j, i]
    for q in range(figures):
        total = tables.offset[q]
        for i in range(types):
            total += people[i] * per_size[q, i]
        cut[q], at_best[q] = total, tables.offset[q]
    for j in range(plans):
        w, at, own = weight[best[j]], weight[center[j]], base[j]
        value[:] = 0.0
        for q in range(figures):
            new = matrix[q, best[j]]
            for i in range(types):
                value[i] += rows[q] * new[i]
        for i in range(types):
            d = value[i] - unit[i] * w[i] - own[i]
            held = w[i] + (around.low[j, i] if d > 0.0 else around.high[j, i])
            if len(spans):
                held = max(held, spans[0, i]) if d > 0.0 else min(held, spans[1, i])
            reached[i] = people[i] / held
            taken[i] += w[i] * reached[i]
            size[i] += w[i]
            gradient[j, i] = people[i] - reached[i]
        for q in range(figures):
            new, old, per = matrix[q, best[j]], matrix[q, center[j]], per_size[q]
            share = 0.0
            for i in range(types):
                share += (new[i] - old[i] - per[i] * (w[i] - at[i])) * reached[i]
            cut[q] += share + tables.fixed[q, best[j]]
        if len(shift):
            for i in range(types):
                rest -= (moved[i] * w[i] + shift[j, i]) * reached[i]
    for i in range(types):
        reached[i] = people[i] / size[i]
    for j in range(plans):
        for i in range(types):
            gradient[j, i] -= taken[i]
        for q in range(figures):
            new, total = matrix[q, best[j]], tables.fixed[q, best[j]]
            for i in range(types):
                total += new[i] * reached[i]
            at_best[q] += total
    for q in range(figures):
        total = 0.0
        for i in range(types):
            total += tables.outside[q, i] * reached[i]
        at_best[q] += total
    return cut, rest, gradient, at_best
