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

_loop = njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
"""Of the compiler's liberties only those under which NaN and infinities keep their meaning."""


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
    other = _helper().submit(_potentials, tables, question, around, size // 2, size, flat, absolute)
    _potentials(tables, question, around, 0, size // 2, flat, absolute)
    other.result()
    return _finished(tables, question, around, flat, absolute)  # type: ignore[no-any-return]


@cache
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "optimizer-bounds")


@_loop
def weight_sums(weight, columns, first):  # type: ignore[no-untyped-def]
    """The sums of a box: weights (T, I), its columns (n,), and where each plan begins (J + 1,)."""
    plans, types = len(first) - 1, weight.shape[1]
    small, large = np.empty((plans, types)), np.empty((plans, types))
    low, high = np.empty((plans, types)), np.empty((plans, types))
    least, most = np.empty(types), np.empty(types)
    for j in range(plans):
        for i in range(types):
            small[j, i] = weight[columns[first[j]], i]
            large[j, i] = small[j, i]
        for k in range(first[j] + 1, first[j + 1]):
            w = weight[columns[k]]
            for i in range(types):
                small[j, i] = min(small[j, i], w[i])
                large[j, i] = max(large[j, i], w[i])
    for i in range(types):
        below, above = 1.0, 1.0
        for j in range(plans):  # sums from both sides, as differences would cancel
            low[j, i], high[j, i] = below, above
            below += small[j, i]
            above += large[j, i]
        least[i], most[i] = below, above
        below, above = 0.0, 0.0
        for j in range(plans - 1, -1, -1):
            low[j, i] += below
            high[j, i] += above
            below += small[j, i]
            above += large[j, i]
    return Sums(low, high, least, most)


@_loop
def _bound(tables, question, sums):  # type: ignore[no-untyped-def]
    size = len(question.columns)
    around = _around(tables, question, sums)
    flat, absolute = np.empty(size), np.empty(size)
    _potentials(tables, question, around, 0, size, flat, absolute)
    return _finished(tables, question, around, flat, absolute)


@_loop
def _around(tables, question, sums):  # type: ignore[no-untyped-def]
    weight, matrix, outside, people = tables.weight, tables.matrix, tables.outside, tables.people
    rows, center, shift = question.rows, question.center, question.shift
    plans, types, figures = len(center), weight.shape[1], len(rows)
    reach, unit, base, per_size = np.empty(types), np.empty(types), np.empty((plans, types)), np.empty((figures, types))
    at_value, terms = 0.0, 0.0
    for i in range(types):
        reach[i] = people[i] / sums.least[i]
        size, value, absolute = 1.0, 0.0, 0.0
        for q in range(figures):
            value += rows[q] * outside[q, i]
            per_size[q, i] = outside[q, i]
        absolute += abs(value)
        for j in range(plans):
            size += weight[center[j], i]
            own = 0.0
            for q in range(figures):
                own += rows[q] * matrix[q, center[j], i]
                per_size[q, i] += matrix[q, center[j], i]
            base[j, i] = own
            value += own
            absolute += abs(own)
        value /= size
        for q in range(figures):
            per_size[q, i] /= size
        for j in range(plans):
            base[j, i] -= value * weight[center[j], i]
        for j in range(len(shift)):
            value += shift[j, i]
            base[j, i] += shift[j, i]
        for j in range(plans):
            absolute += abs(base[j, i])
        unit[i] = value
        at_value += people[i] * value
        terms += (absolute + abs(value) * sums.most[i]) * reach[i]
    return Around(unit, base, per_size, sums.low, sums.high, reach, at_value, 2.0 * terms)


@_loop
def _potentials(tables, question, around, start, stop, flat, absolute):  # type: ignore[no-untyped-def]
    """D without level amounts into ``flat``, absolute sums of the numerators into ``absolute``, both (n,)."""
    matrix, rows, people, unit, reach = tables.matrix, question.rows, tables.people, around.unit, around.reach
    spans = question.spans
    types = len(people)
    value = np.empty(types)
    j = 0
    for k in range(start, stop):
        while k >= question.first[j + 1]:
            j += 1
        column = question.columns[k]
        row = matrix[0, column]
        for i in range(types):
            value[i] = rows[0] * row[i]
        for q in range(1, len(rows)):
            if rows[q] != 0.0:
                row = matrix[q, column]
                for i in range(types):
                    value[i] += rows[q] * row[i]
        w, base, low, high = tables.weight[column], around.base[j], around.low[j], around.high[j]
        total, size = 0.0, 0.0
        if len(spans):
            least, most = spans[0], spans[1]
            for i in range(types):
                d = value[i] - unit[i] * w[i] - base[i]
                held = max(w[i] + low[i], least[i]) if d > 0.0 else min(w[i] + high[i], most[i])
                total += people[i] * d / held
                size += abs(value[i]) * reach[i]
        else:
            for i in range(types):
                d = value[i] - unit[i] * w[i] - base[i]
                total += people[i] * d / (w[i] + (low[i] if d > 0.0 else high[i]))
                size += abs(value[i]) * reach[i]
        flat[k], absolute[k] = total, size


@_loop
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


@_loop
def _favoured(tables, question, around, best):  # type: ignore[no-untyped-def]
    """Cut, rest, gradient, and truth at the levels that the bound favours (J,)."""
    weight, matrix, people, rows, shift = tables.weight, tables.matrix, tables.people, question.rows, question.shift
    spans = question.spans
    center, unit, base, per_size = question.center, around.unit, around.base, around.per_size
    plans, types, figures = len(best), len(people), len(rows)
    cut, at_best, gradient = np.empty(figures), np.empty(figures), np.empty((plans, types))
    moved, taken, size, reached = np.zeros(types), np.zeros(types), np.ones(types), np.empty(types)
    rest = 0.0
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
        for i in range(types):
            value = 0.0
            for q in range(figures):
                value += rows[q] * matrix[q, best[j], i]
            d = value - unit[i] * w[i] - own[i]
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


@_loop
def _least_rest(table, first):  # type: ignore[no-untyped-def]
    """(J + 1, K) least deficits of all plans from one on, per sieve."""
    plans, sieves = len(first) - 1, table.shape[1]
    rest = np.zeros((plans + 1, sieves))
    for j in range(plans - 1, -1, -1):
        for k in range(sieves):
            least = np.inf
            for row in range(first[j], first[j + 1]):
                least = min(least, table[row, k])
            rest[j, k] = rest[j + 1, k] + least
    return rest


@_loop
def left_over(  # type: ignore[no-untyped-def]
    table, first, budgets, totals, counts, most, nodes
):
    """(most, J) positions in ``table`` within each plan of the menus that no sieve settles, depth first; how many; and
    the largest bound of those settled (see ``sifting``), inf beyond ``most`` menus or ``nodes`` parts of menus.

    ``table``: (N, K) deficits of the sieves, plan after plan, rising by the first sieve within a plan; ``first``:
    (J + 1,) where each plan begins; ``budgets``, ``totals``: (K,); ``counts``: (K,) whether settled menus count.
    """
    plans, sieves = len(first) - 1, len(budgets)
    rest = _least_rest(table, first)
    found = np.empty((most, plans), dtype=np.intp)
    spent = np.zeros((plans + 1, sieves))
    at = np.zeros(plans, dtype=np.intp)
    size, looked, settled, j = 0, 0, -np.inf, 0
    while j >= 0:
        if at[j] == first[j + 1] - first[j]:
            at[j] = 0
            j -= 1
            if j >= 0:
                at[j] += 1
            continue
        looked += 1
        if looked > nodes:
            return found, 0, np.inf
        row = first[j] + at[j]
        passes, possible, least = True, True, np.inf
        for k in range(sieves):
            value = spent[j, k] + table[row, k] + rest[j + 1, k]
            if value >= budgets[k]:
                passes = False
                if not counts[k]:
                    possible = False
            if counts[k]:
                least = min(least, totals[k] - value)
        if not passes:
            last = spent[j, 0] + table[row, 0] + rest[j + 1, 0]
            if last >= budgets[0]:  # and so do all further levels: the first sieve alone speaks for them
                if counts[0]:
                    settled = max(settled, totals[0] - last)
                at[j] = first[j + 1] - first[j]
            else:
                if possible:
                    settled = max(settled, least)
                at[j] += 1
            continue
        for k in range(sieves):
            spent[j + 1, k] = spent[j, k] + table[row, k]
        if j < plans - 1:
            j += 1
            continue
        if size == most:
            return found, 0, np.inf
        for k in range(plans):
            found[size, k] = at[k]
        size += 1
        at[j] += 1
    return found, size, settled
