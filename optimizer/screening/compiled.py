"""The bound of ``bounds.bound_box`` in compiled loops, for searches that take many bounds.

Same formula, one pass over the numbers and no temporary arrays; imported only by searches that have become long, as
numba takes a third of a second to load. Sums may be taken in any order, which the rounding slack of the bound covers.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit

from optimizer.instance import Array
from optimizer.screening.problem import EPS, Ints

SHARED = 200_000
"""Numbers read for one bound from which two threads share the work."""
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


class Found(NamedTuple):
    """The parts of ``bounds.Bound``."""

    total: float
    value: float
    potential: Array
    """(n,)."""
    top: Array
    best: Ints
    cut: Array
    rest: float
    gradient: Array
    at_best: Array
    fall: float
    """How far the worst level lies below the best one of its plan."""


def bound(tables: Tables, question: Question) -> Found:
    """The bound over a box. Large boxes are shared between two threads; every sum is taken by one of them, so that the
    result does not depend on how they run."""
    size = len(question.columns)
    if size * tables.weight.shape[1] * len(question.rows) < SHARED:
        return Found(*_bound(tables, question))
    around = _around(tables, question)
    flat, absolute = np.empty(size), np.empty(size)
    other = _helper().submit(_potentials, tables, question, around, size // 2, size, flat, absolute)
    _potentials(tables, question, around, 0, size // 2, flat, absolute)
    other.result()
    return Found(*_finished(tables, question, around, flat, absolute))


@cache
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "optimizer-bounds")


@_loop
def _bound(tables, question):  # type: ignore[no-untyped-def]
    size = len(question.columns)
    around = _around(tables, question)
    flat, absolute = np.empty(size), np.empty(size)
    _potentials(tables, question, around, 0, size, flat, absolute)
    return _finished(tables, question, around, flat, absolute)


@_loop
def _surroundings(weight, columns, first):  # type: ignore[no-untyped-def]
    """``low`` and ``high`` of ``Around``; (I,) one plus all least, and all largest weights."""
    plans, types = len(first) - 1, weight.shape[1]
    least, most = np.empty((plans, types)), np.empty((plans, types))
    for j in range(plans):
        small, large = least[j], most[j]
        small[:] = weight[columns[first[j]]]
        large[:] = small
        for k in range(first[j] + 1, first[j + 1]):
            w = weight[columns[k]]
            for i in range(types):
                small[i] = min(small[i], w[i])
                large[i] = max(large[i], w[i])
    low, high = np.ones((plans, types)), np.ones((plans, types))
    before, above = np.zeros(types), np.zeros(types)
    for j in range(plans):  # sums from both sides, as differences would cancel
        low[j] += before
        high[j] += above
        before += least[j]
        above += most[j]
    all_least, all_most = 1.0 + before, 1.0 + above
    before[:] = 0.0
    above[:] = 0.0
    for j in range(plans - 1, -1, -1):
        low[j] += before
        high[j] += above
        before += least[j]
        above += most[j]
    return low, high, all_least, all_most


@_loop
def _around(tables, question):  # type: ignore[no-untyped-def]
    weight, matrix, people, rows, shift = tables.weight, tables.matrix, tables.people, question.rows, question.shift
    center = question.center
    low, high, all_least, all_most = _surroundings(weight, question.columns, question.first)
    plans, types, figures = len(center), weight.shape[1], len(rows)
    reach = people / all_least
    value, unit, size = np.zeros((plans, types)), np.zeros(types), np.ones(types)
    per_size = tables.outside.copy()
    for q in range(figures):
        unit += rows[q] * tables.outside[q]
    terms = (np.abs(unit) * reach).sum()
    for j in range(plans):
        size += weight[center[j]]
        for q in range(figures):
            row = matrix[q, center[j]]
            value[j] += rows[q] * row
            per_size[q] += row
        unit += value[j]
        terms += (np.abs(value[j]) * reach).sum()
    unit /= size
    for q in range(figures):
        per_size[q] /= size
    base = np.empty((plans, types))
    for j in range(plans):
        base[j] = value[j] - unit * weight[center[j]]
    for j in range(len(shift)):
        unit += shift[j]
        base[j] += shift[j]
    for j in range(plans):
        terms += (np.abs(base[j]) * reach).sum()
    terms += (np.abs(unit) * all_most * reach).sum()
    return Around(unit, base, per_size, low, high, reach, (people * unit).sum(), 2.0 * terms)


@_loop
def _potentials(tables, question, around, start, stop, flat, absolute):  # type: ignore[no-untyped-def]
    """D without level amounts into ``flat``, absolute sums of the numerators into ``absolute``, both (n,)."""
    matrix, rows, people, unit, reach = tables.matrix, question.rows, tables.people, around.unit, around.reach
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
    fall, terms = 0.0, around.terms
    value = around.value + question.constant + (rows * tables.offset).sum()
    for j in range(plans):
        largest, pick, least = 0.0, -1, np.inf
        at_center = 0.0
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
        fall = max(fall, flat[pick] - least)
        terms += largest
    cut, rest, gradient, at_best = _favoured(tables, question, around, best)
    magnitude = (np.abs(rows) * tables.magnitude).sum()
    slack = 2.0 * EPS * (len(tables.people) + 4 * plans + 40) * (terms + magnitude + question.absolute)
    return value + top.sum() + slack, value, flat, top, best, cut, rest, gradient, at_best, fall


@_loop
def _favoured(tables, question, around, best):  # type: ignore[no-untyped-def]
    """Cut, rest, gradient, and truth at the levels that the bound favours (J,)."""
    weight, matrix, people, rows, shift = tables.weight, tables.matrix, tables.people, question.rows, question.shift
    plans, types, figures = len(best), len(people), len(rows)
    moved, taken, size = np.zeros(types), np.zeros(types), np.ones(types)
    for j in range(len(shift)):
        moved += shift[j]
    rest = (people * moved).sum()
    cut, at_best = tables.offset.copy(), tables.offset.copy()
    gradient = np.empty((plans, types))
    value, reached, held = np.empty(types), np.empty(types), np.zeros((figures, types))
    for q in range(figures):
        held[q] += tables.outside[q]
        cut[q] += (around.per_size[q] * people).sum()
    for j in range(plans):
        w, at = weight[best[j]], weight[question.center[j]]
        value[:] = 0.0
        for q in range(figures):
            row = matrix[q, best[j]]
            for i in range(types):
                value[i] += rows[q] * row[i]
                held[q, i] += row[i]
        for i in range(types):
            d = value[i] - around.unit[i] * w[i] - around.base[j, i]
            reached[i] = people[i] / (w[i] + (around.low[j, i] if d > 0.0 else around.high[j, i]))
            taken[i] += w[i] * reached[i]
            gradient[j, i] = people[i] - reached[i]
            size[i] += w[i]
        for q in range(figures):
            row, own, per = matrix[q, best[j]], matrix[q, question.center[j]], around.per_size[q]
            share = 0.0
            for i in range(types):
                share += (row[i] - own[i] - per[i] * (w[i] - at[i])) * reached[i]
            cut[q] += share + tables.fixed[q, best[j]]
            at_best[q] += tables.fixed[q, best[j]]
        if len(shift):
            for i in range(types):
                rest -= (moved[i] * w[i] + shift[j, i]) * reached[i]
    for j in range(plans):
        gradient[j] -= taken
    for q in range(figures):
        at_best[q] += (held[q] * people / size).sum()
    return cut, rest, gradient, at_best
