"""The inner loops of ``levels.pairs`` compiled: no temporary arrays, one pass over a pair of plans for both messages."""

from __future__ import annotations

import numpy as np
from numba import njit

from optimizer.search.levels.pairs import Passed, Sides
from optimizer.typing import Array, Ints

_loop = njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})


class CompiledPairs:
    """Meets :class:`~optimizer.search.levels.pairs.PairLoops`, equal to the loops in numpy up to rounding."""

    @staticmethod
    def amounts(
        d: Array, own: Array, sides: Sides, first: Ints, slopes: Array, people: Array, spans: Array | None
    ) -> Array:
        """See ``NumpyPairs.amounts``."""
        confined = np.empty((0, len(people))) if spans is None else spans
        return amounts(d, own, sides.low, sides.high, first, slopes, people, confined)  # type: ignore[no-any-return]

    @staticmethod
    def passed(held: Array, pairs: Array, first: Ints, sweeps: int) -> Passed:
        """See ``NumpyPairs.passed``."""
        return Passed(*passed(held, pairs, first, sweeps))


@_loop
def amounts(d, own, low, high, first, slopes, people, spans):  # type: ignore[no-untyped-def]
    """(n,)."""
    size, types = d.shape
    out, turns = np.empty(size), np.empty(types)
    for i in range(types):
        turns[i] = 1.0 / np.sqrt(max(slopes[i], 1e-300))
    j = 0
    for k in range(size):
        while k >= first[j + 1]:
            j += 1
        total = 0.0
        for i in range(types):
            e, b = own[k, i], slopes[i]
            p, q = e + low[j, i], e + high[j, i]
            if len(spans):
                q = min(q, spans[1, i])
                p = min(max(p, spans[0, i]), q)
            ends = max(1.0 / p + b * p, 1.0 / q + b * q)
            turn = min(max(turns[i], p), q)
            worst = ends if d[k, i] > 0.0 else 1.0 / turn + b * turn
            total += people[i] * d[k, i] * (worst - b * (1.0 + e))
        out[k] = total
    return out


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
