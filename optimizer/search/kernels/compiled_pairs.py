"""The bound of ``levels.pairs`` in compiled loops, which other threads need not wait for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from optimizer.search.kernels.compiled import Question, Sums, Tables, _around, helper
from optimizer.search.levels.layout import EPS
from optimizer.typing import Array

_loop = njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})


def bound_pairs(
    tables: Tables, question: Question, sums: Sums, slopes: Array, sweeps: int, shared: int, matrix: int
) -> tuple[Any, ...]:
    """The fields of ``bounds.BoxBound`` in their order, those per level as arrays (n,) for all plans.

    From ``shared`` products on two threads share the pairs of levels; from so many types, ``matrix``, they are numpy's
    matrix product, which is quicker on long rows. Neither lets the result depend on how threads run.
    """
    around, own, d, scaled, amounts, terms = _prepared(tables, question, sums, slopes)
    size, types = own.shape
    first, pairs = question.first, np.empty((size, size))
    if size * size * types < shared:
        fill(pairs, scaled, own, first, 0, size)
    elif types >= matrix:
        np.matmul(scaled, own.T, out=pairs)
        pairs += pairs.T
    else:
        half = int(0.29 * size) // 4 * 4  # of the triangle
        other = helper().submit(fill, pairs, scaled, own, first, half, size)
        fill(pairs, scaled, own, first, 0, half)
        other.result()
    return _concluded(  # type: ignore[no-any-return]
        tables, question, sums, slopes, around, own, d, pairs, amounts, terms, sweeps
    )


@_loop
def _prepared(tables, question, sums, slopes):  # type: ignore[no-untyped-def]
    """What the reference says, (n, I) weights, d and d times -n b, (n,) amounts, and absolute terms."""
    people, around = tables.people, _around(tables, question, sums)
    own, d, amounts, terms = _levels(tables, question, sums, around, slopes)
    scaled, factor = np.empty(d.shape), np.empty(len(people))
    for i in range(len(people)):
        factor[i] = -people[i] * slopes[i]
    for k in range(len(d)):
        for i in range(len(people)):
            scaled[k, i] = d[k, i] * factor[i]
    return around, own, d, scaled, amounts, terms


@_loop
def _concluded(tables, question, sums, slopes, around, own, d, pairs, amounts, terms, sweeps):  # type: ignore[no-untyped-def]
    people, columns, first, center = tables.people, question.columns, question.first, question.center
    rows, fixed, types, plans = question.rows, tables.fixed, len(people), len(center)
    value = question.constant
    for i in range(types):
        value += people[i] * around.unit[i]
    size_of_terms = question.absolute
    for q in range(len(rows)):
        value += rows[q] * tables.offset[q]
        size_of_terms += abs(rows[q]) * tables.magnitude[q]
    for j in range(plans):
        at_center = 0.0
        for q in range(len(rows)):
            at_center += rows[q] * fixed[q, center[j]]
        value += at_center
        for k in range(first[j], first[j + 1]):
            for q in range(len(rows)):
                amounts[k] += rows[q] * fixed[q, columns[k]]
            amounts[k] -= at_center
    flat, held, edges, ends, messages = passed(amounts, pairs, first, sweeps)
    pick, top, total, fall = np.empty(plans, dtype=np.intp), np.empty(plans), value, 0.0
    for j in range(plans):
        pick[j] = first[j]
        for k in range(first[j], first[j + 1]):
            if flat[k] > flat[pick[j]]:
                pick[j] = k
        top[j] = flat[pick[j]]
        total += top[j]
        for k in range(first[j], first[j + 1]):
            fall = max(fall, top[j] - flat[k] - held[k])
        for k in range(j + 1, plans):
            total += edges[j, k]
    size_of_terms += 2.0 * terms + 4.0 * messages
    slack = 2.0 * EPS * (types + 4 * plans + 40) * size_of_terms
    taken, by_slopes = _taken(question, sums, own, d, people, slopes, pick, ends)
    cut, gradient = _cut(tables, question, around, own, taken, pick)
    rest = total - question.constant  # of shifts, and of messages that stay as they are
    for q in range(len(rows)):
        rest -= rows[q] * cut[q]
    return (
        total + slack, flat, top, columns[pick], value, cut, rest, gradient, _true_parts(tables, columns[pick]), fall,
        by_slopes, held,
    )  # fmt: skip


@_loop
def _worst(d, e, low, high, slope, spans, i):  # type: ignore[no-untyped-def]
    """The size at which d (1 / s + b s) is largest."""
    p, q = e + low, e + high
    if len(spans):
        q = min(q, spans[1, i])
        p = max(p, spans[0, i])
    if d > 0.0:
        return p if p > q or 1.0 / p + slope * p >= 1.0 / q + slope * q else q
    return min(max(1.0 / np.sqrt(max(slope, 1e-300)), p), q)


@_loop
def _levels(tables, question, sums, around, slopes):  # type: ignore[no-untyped-def]
    """(n, I) weights and d, (n,) amounts of levels, and absolute terms for the rounding slack."""
    weight, matrix, people, rows = tables.weight, tables.matrix, tables.people, question.rows
    columns, first, spans, types = question.columns, question.first, question.spans, len(tables.people)
    own, d = np.empty((len(columns), types)), np.empty((len(columns), types))
    amounts, turns = np.empty(len(columns)), np.empty(types)
    largest, most = np.zeros(types), np.empty(types)
    for i in range(types):
        turns[i] = 1.0 / np.sqrt(max(slopes[i], 1e-300))
    for j in range(len(first) - 1):
        most[:] = 0.0
        base, unit, low, high = around.base[j], around.unit, sums.low[j], sums.high[j]
        for k in range(first[j], first[j + 1]):
            column = columns[k]
            for i in range(types):
                own[k, i] = weight[column, i]
                d[k, i] = 0.0
            for q in range(len(rows)):
                if rows[q] != 0.0:
                    row = matrix[q, column]
                    for i in range(types):
                        d[k, i] += rows[q] * row[i]
            for i in range(types):
                most[i] = max(most[i], abs(d[k, i]) + abs(unit[i]) * own[k, i])
            total = 0.0
            for i in range(types):
                e, b = own[k, i], slopes[i]
                value = d[k, i] - unit[i] * e - base[i]
                d[k, i] = value
                p, q = e + low[i], e + high[i]
                if len(spans):
                    q = min(q, spans[1, i])
                    p = max(p, spans[0, i])
                turn = min(max(turns[i], p), q)
                up, down = 1.0 / p + b * p, 1.0 / turn + b * turn
                if p <= q:
                    up = max(up, 1.0 / q + b * q)
                total += people[i] * value * ((up if value > 0.0 else down) - b * (1.0 + e))
            amounts[k] = total
        for i in range(types):
            largest[i] += most[i] + abs(base[i])
    terms = 0.0
    for i in range(types):
        least, high_end = sums.least[i], sums.most[i]
        if len(spans):
            least, high_end = max(least, spans[0, i]), min(high_end, spans[1, i])
        reach = 1.0 / least + 3.0 * slopes[i] * max(least, high_end)
        terms += people[i] * (abs(around.unit[i]) + largest[i] * reach)
    return own, d, amounts, terms


@_loop
def fill(out, scaled, own, first, start, stop):  # type: ignore[no-untyped-def]
    """(n, n) amounts of pairs of levels of two plans, by four rows at a time from ``start`` to ``stop`` and the columns
    beyond; those of one plan are left as they come."""
    size, types = own.shape
    j = 0
    for a in range(start, stop, 4):
        while a >= first[j + 1]:
            j += 1
        if j == len(first) - 2:
            break
        w, x, y, z = a, min(a + 1, size - 1), min(a + 2, size - 1), min(a + 3, size - 1)
        for c in range(first[j + 1], size):
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for i in range(types):
                e, f = own[c, i], scaled[c, i]
                s0 += scaled[w, i] * e + own[w, i] * f
                s1 += scaled[x, i] * e + own[x, i] * f
                s2 += scaled[y, i] * e + own[y, i] * f
                s3 += scaled[z, i] * e + own[z, i] * f
            out[w, c], out[x, c], out[y, c], out[z, c] = s0, s1, s2, s3
            out[c, w], out[c, x], out[c, y], out[c, z] = s0, s1, s2, s3


@_loop
def passed(amounts, pairs, first, sweeps):  # type: ignore[no-untyped-def]
    """The fields of ``Passed``."""
    plans, size = len(first) - 1, len(amounts)
    message, held = np.zeros((plans, size)), amounts.copy()
    for _ in range(sweeps):
        for j in range(plans):
            for k in range(j + 1, plans):
                _pass(pairs, held, message, first, j, k)
    best, place = np.zeros((size, plans)), np.empty(size)
    for j in range(plans):
        for k in range(j + 1, plans):
            _largest(pairs, message, first, j, k, best, place)
    edges, ends, total = np.zeros((plans, plans)), np.zeros((plans, plans), dtype=np.intp), 0.0
    for j in range(plans):
        for k in range(plans):
            largest, at = best[first[j], k], 0
            for a in range(first[j], first[j + 1]):
                if best[a, k] > largest:
                    largest, at = best[a, k], a - first[j]
            edges[j, k], ends[j, k] = largest, at
    for j in range(plans):
        for k in range(j + 1, plans):  # of several equal pairs both ends of one
            row, largest = pairs[first[j] + ends[j, k]], -np.inf
            off = message[k, first[j] + ends[j, k]]
            for c in range(first[k], first[k + 1]):
                value = row[c] - message[j, c] - off
                if value > largest:
                    largest, ends[k, j] = value, c - first[k]
    lost, potential = np.zeros(size), amounts.copy()
    for j in range(plans):
        for k in range(plans):
            most = 0.0
            for a in range(first[j], first[j + 1]):
                lost[a] += best[a, k] - edges[j, k]
                potential[a] += message[k, a]
                most = max(most, abs(message[k, a]))
            total += most
    return potential, lost, edges, ends, total


@_loop
def _pass(pairs, held, message, first, j, k):  # type: ignore[no-untyped-def]
    """One pair of plans, both ways."""
    a0, a1, c0, c1 = first[j], first[j + 1], first[k], first[k + 1]
    one, other = held[a0:a1] - message[k, a0:a1], held[c0:c1] - message[j, c0:c1]
    to_one, to_other = np.full(a1 - a0, -np.inf), np.full(c1 - c0, -np.inf)
    for a in range(a1 - a0):
        row, own = pairs[a0 + a], one[a]
        for c in range(c1 - c0):
            value = row[c0 + c] + own
            to_other[c] = value if value > to_other[c] else to_other[c]
    for c in range(c1 - c0):  # of the other half, so that both loops run along rows
        row, own = pairs[c0 + c], other[c]
        for a in range(a1 - a0):
            value = row[a0 + a] + own
            to_one[a] = value if value > to_one[a] else to_one[a]
    for a in range(a1 - a0):
        message[k, a0 + a] = 0.5 * (to_one[a] - one[a])
        held[a0 + a] = one[a] + message[k, a0 + a]
    for c in range(c1 - c0):
        message[j, c0 + c] = 0.5 * (to_other[c] - other[c])
        held[c0 + c] = other[c] + message[j, c0 + c]


@_loop
def _largest(pairs, message, first, j, k, best, place):  # type: ignore[no-untyped-def]
    """Largest pairs of the levels of two plans, messages taken off."""
    for one, other in ((j, k), (k, j)):
        for a in range(first[one], first[one + 1]):
            best[a, other] = -np.inf
        for c in range(first[other], first[other + 1]):
            row, off = pairs[c], message[one, c]
            for a in range(first[one], first[one + 1]):
                place[a] = row[a] - off
            for a in range(first[one], first[one + 1]):
                best[a, other] = max(best[a, other], place[a] - message[other, a])


@_loop
def _taken(question, sums, own, d, people, slopes, pick, ends):  # type: ignore[no-untyped-def]
    """(n, I) what the bound takes of every d, and (I,) its gradient by the slopes."""
    first, spans, types, plans = question.first, question.spans, len(people), len(pick)
    taken, gradient = np.zeros(d.shape), np.zeros(types)
    for j in range(plans):
        k = pick[j]
        for i in range(types):
            e = own[k, i]
            at = _worst(d[k, i], e, sums.low[j, i], sums.high[j, i], slopes[i], spans, i)
            taken[k, i] += people[i] * (1.0 / at + slopes[i] * (at - 1.0 - e))
            gradient[i] += people[i] * d[k, i] * (at - 1.0 - e)
    for j in range(plans):
        for k in range(j + 1, plans):
            a, c = first[j] + ends[j, k], first[k] + ends[k, j]
            for i in range(types):
                gradient[i] -= people[i] * (d[a, i] * own[c, i] + d[c, i] * own[a, i])
                taken[a, i] -= people[i] * slopes[i] * own[c, i]
                taken[c, i] -= people[i] * slopes[i] * own[a, i]
    return taken, gradient


@_loop
def _cut(tables, question, around, own, taken, pick):  # type: ignore[no-untyped-def]
    """(Q,) value of every row in the bound, and (J, I) its gradient by the shifts."""
    people, columns, first, center = tables.people, question.columns, question.first, question.center
    types, plans, figures = len(people), len(center), len(question.rows)
    gradient, cut = np.zeros((plans, types)), tables.offset.copy()
    of_all, base = people.copy(), np.empty((figures, types))
    for q in range(figures):
        for i in range(types):
            cut[q] += around.per_size[q, i] * people[i]
        for j in range(plans):
            cut[q] += tables.fixed[q, columns[pick[j]]]
    for j in range(plans):
        at = tables.weight[center[j]]
        for q in range(figures):
            for i in range(types):
                base[q, i] = tables.matrix[q, center[j], i] - around.per_size[q, i] * at[i]
        for k in range(first[j], first[j + 1]):
            used = False
            for i in range(types):
                if taken[k, i] != 0.0:
                    used = True
                    break
            if not used:
                continue
            for i in range(types):
                of_all[i] -= taken[k, i] * own[k, i]
                gradient[j, i] -= taken[k, i]
            for q in range(figures):
                row, per, share = tables.matrix[q, columns[k]], around.per_size[q], 0.0
                for i in range(types):
                    share += (row[i] - per[i] * own[k, i] - base[q, i]) * taken[k, i]
                cut[q] += share
    for j in range(plans):
        for i in range(types):
            gradient[j, i] += of_all[i]
    return cut, gradient


@_loop
def _true_parts(tables, best):  # type: ignore[no-untyped-def]
    """(Q,) linear parts of all figures at a menu (J,)."""
    types, out = len(tables.people), tables.offset.copy()
    reached = np.ones(types)
    for j in range(len(best)):
        for i in range(types):
            reached[i] += tables.weight[best[j], i]
    for i in range(types):
        reached[i] = tables.people[i] / reached[i]
    for q in range(len(out)):
        total = 0.0
        for i in range(types):
            total += tables.outside[q, i] * reached[i]
        for j in range(len(best)):
            for i in range(types):
                total += tables.matrix[q, best[j], i] * reached[i]
            total += tables.fixed[q, best[j]]
        out[q] += total
    return out
