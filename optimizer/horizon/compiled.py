"""The potentials of ``bounds`` in compiled loops, types innermost. Imports numba.

Same formulas as ``continuing``, ``intervals`` and ``bounds.numpy_potentials``, without large temporary arrays. Sums may
be taken in any order, which the slack of the bound covers. What a month's inner loops read beside the tables lies in
one array, and what they write in another: with more arrays the compiler cannot tell them apart, and leaves numbers
single.
"""

from __future__ import annotations

import numpy as np

from optimizer.horizon.entering import enter, follow, hold, weigh
from optimizer.horizon.tables import FAR, PathTables, loop, part, stage_of
from optimizer.horizon.valuing import value
from optimizer.typing import Array, Bools

LEFT, BALANCE, WEIGHT, CHOSEN, BY_CLASS = 0, 2, 4, 6, 7
"""Rows of a month by group and class: (least, most) deciders of all but the group; the same of the alternatives' class
by what is left of everyone; (most, least) weight of everything but the group; worth of the reference's choice."""
HELD, BEYOND, BROUGHT, LOST, MOVING = 0, 2, 4, 6, 8
"""Rows of what a group's customers do: pairs (least, most), the last by class."""


@part
def _own(tab: PathTables, r: int, q: int, state: Array, own: Array) -> None:  # pragma: no cover - compiled
    """Rows (HELD, ...) of one column's plans together."""
    own[:] = 0.0
    for e in range(tab.begin[q], tab.begin[q + 1]):
        j = tab.row[e]
        c = tab.origin[j]
        mine, at = 1.0 if c == tab.origin[0] else 0.0, MOVING + 2 * c
        for w in range(tab.start.shape[1]):
            rho, n, m = tab.rate[r, e, w], state[0, e, w], state[1, e, w]
            z = mine * rho - tab.outside_rate[w]
            own[HELD, w] += n
            own[HELD + 1, w] += m
            own[at, w] += rho * n
            own[at + 1, w] += rho * m
            own[BEYOND, w] += min(z * n, z * m)
            own[BEYOND + 1, w] += max(z * n, z * m)
        if tab.reaches:
            for w in range(tab.start.shape[1]):
                n, m, lost = state[0, e, w], state[1, e, w], tab.brings[j, w]
                brought = lost - tab.brings[0, w]
                own[BROUGHT, w] += min(brought * n, brought * m)
                own[BROUGHT + 1, w] += max(brought * n, brought * m)
                own[LOST, w] += min(lost * n, lost * m)
                own[LOST + 1, w] += max(lost * n, lost * m)


@part
def _hull_single(tab: PathTables, r: int, e: int, state: Array, hull: Array) -> None:  # pragma: no cover - compiled
    """Takes a column of one plan into its group's hull, at once; without reach."""
    c = tab.origin[tab.row[e]]
    mine, at = 1.0 if c == tab.origin[0] else 0.0, MOVING + 2 * c
    for w in range(tab.start.shape[1]):
        rho, n, m = tab.rate[r, e, w], state[0, e, w], state[1, e, w]
        z = mine * rho - tab.outside_rate[w]
        hull[HELD, w] = min(hull[HELD, w], n)
        hull[HELD + 1, w] = max(hull[HELD + 1, w], m)
        hull[at, w] = min(hull[at, w], rho * n)
        hull[at + 1, w] = max(hull[at + 1, w], rho * m)
        hull[BEYOND, w] = min(hull[BEYOND, w], z * n, z * m)
        hull[BEYOND + 1, w] = max(hull[BEYOND + 1, w], z * n, z * m)


@loop
def _hulls(
    tab: PathTables, k: int, box: Bools, state: Array, hulls: Array, own: Array
) -> None:  # pragma: no cover - compiled
    """(G, rows, W) least and most, over each group's columns, of what its customers do in a month."""
    r, (groups, rows, width) = stage_of(tab.rate, k), hulls.shape
    for g in range(groups):
        hull, single = hulls[g], tab.begin[tab.first[g] + 1] - tab.begin[tab.first[g]] == 1 and not tab.reaches
        for row in range(rows):
            far = FAR if row % 2 == 0 else -FAR
            for w in range(width):
                hull[row, w] = far
        for q in range(tab.first[g], tab.first[g + 1]):
            if box[k, q] and single:
                _hull_single(tab, r, tab.begin[q], state, hull)
            elif box[k, q]:
                _own(tab, r, q, state, own)
                for row in range(0, rows, 2):
                    for w in range(width):
                        hull[row, w] = min(hull[row, w], own[row, w])
                        hull[row + 1, w] = max(hull[row + 1, w], own[row + 1, w])
        if single:
            used = MOVING + 2 * tab.origin[tab.row[tab.begin[tab.first[g]]]]
            for row in range(BROUGHT, rows):
                if row != used and row != used + 1:
                    for w in range(width):
                        hull[row, w] = 0.0


@loop
def _gather(
    tab: PathTables, t: int, hulls: Array, others: Array, weight: Array, sides: Array, month: Array
) -> None:  # pragma: no cover - compiled
    """The month's rows (BY_CLASS) by group and class; moves on ``sides`` (4, W): (least, most) customers of the
    alternatives, (least, most) of everyone."""
    zero, (groups, rows, width) = tab.origin[0], hulls.shape
    classes = (rows - MOVING) // 2
    total = np.zeros((rows, width))
    for g in range(groups):
        for row in range(rows):
            for w in range(width):
                total[row, w] += hulls[g, row, w]
    deciders, balance = np.zeros((2, classes, width)), np.zeros((2, width))
    for w in range(width):
        sides[0, w] = max(sides[0, w], sides[2, w] - total[HELD + 1, w])
        sides[1, w] = min(sides[1, w], sides[3, w] - total[HELD, w])
    for side in range(2):
        for w in range(width):
            entrants, rho = tab.entrants[t, w], tab.outside_rate[w]
            balance[side, w] = rho * sides[2 + side, w] + entrants + total[BEYOND + side, w]
            for c in range(classes):
                deciders[side, c, w] = total[MOVING + 2 * c + side, w]
            deciders[side, zero, w] += rho * sides[side, w] + entrants
    for g in range(groups):
        for c in range(classes):
            at = (g * classes + c) * BY_CLASS
            for side in range(2):
                for w in range(width):
                    month[at + LEFT + side, w] = deciders[side, c, w] - hulls[g, MOVING + 2 * c + side, w]
                    month[at + WEIGHT + side, w] = tab.outside_weight[t, c, w] + others[side, g, c, w]
                    month[at + BALANCE + side, w] = FAR if side else -FAR
                    if c == zero:
                        month[at + BALANCE + side, w] = balance[side, w] - hulls[g, BEYOND + side, w]
    _leave(tab, t, total, deciders, balance, weight, sides)


@loop
def _leave(
    tab: PathTables, t: int, total: Array, deciders: Array, balance: Array, weight: Array, sides: Array
) -> None:  # pragma: no cover - compiled
    """The alternatives' customers and everyone after the month; ``weight`` (2, G, C, W) of every group."""
    floor = -FAR if tab.reaches else 0.0
    for w in range(sides.shape[1]):
        rho, low, high = tab.outside_rate[w], 0.0, 0.0
        for c in range(deciders.shape[1]):
            least, most = deciders[0, c, w], deciders[1, c, w]
            if c == tab.origin[0]:
                least, most = max(least, balance[0, w]), min(most, balance[1, w])
            least, away = max(least, floor), tab.outside_weight[t, c, w]
            heavy = light = away
            for g in range(weight.shape[1]):
                heavy += weight[0, g, c, w]
                light += weight[1, g, c, w]
            low += away * least / (heavy if least >= 0.0 else light)
            high += away * most / (light if most >= 0.0 else heavy)
        n, m, few, many = sides[0, w], sides[1, w], sides[2, w], sides[3, w]
        sides[2, w] = sides[3, w] = tab.people[t + 1, w]
        if tab.reaches:
            base, lost = tab.base[t, w], tab.brings[0, w]
            stays = 1.0 - rho + lost
            low += base + max(min(stays * n, stays * m) + total[LOST, w],
                              (1.0 - rho) * n + min(lost * few, lost * many) + total[BROUGHT, w])  # fmt: skip
            high += base + min(max(stays * n, stays * m) + total[LOST + 1, w],
                               (1.0 - rho) * m + max(lost * few, lost * many) + total[BROUGHT + 1, w])  # fmt: skip
            base, lost = base + tab.entrants[t, w], 1.0 + lost
            sides[2, w] = base + total[BROUGHT, w] + min(lost * few, lost * many)
            sides[3, w] = base + total[BROUGHT + 1, w] + max(lost * few, lost * many)
        else:
            low, high = low + (1.0 - rho) * n, high + (1.0 - rho) * m
        sides[0, w], sides[1, w] = low, high


@loop
def _worths(
    tab: PathTables, t: int, shares: Array, gain: Array, decider: Array, sides: Array, month: Array
) -> None:  # pragma: no cover - compiled
    """The month's rows of worth: by group and class what choosing it adds along the mixed path, and of every class's
    deciders; the last one is the most of any plan after the month."""
    classes, width = decider.shape
    k, at_decider = tab.stage[t], (len(tab.first) - 1) * len(decider) * BY_CLASS
    s = stage_of(tab.weight, k)
    for c in range(classes):
        for w in range(width):
            month[at_decider + c, w] = decider[c, w]
    for w in range(width):
        month[at_decider + classes, w] = sides[3, w] - min(sides[0, w], 0.0)
    for g in range(len(tab.first) - 1):
        for c in range(classes):
            at = (g * classes + c) * BY_CLASS + CHOSEN
            for w in range(width):
                month[at, w] = 0.0
            for q in range(tab.first[g], tab.first[g + 1]):
                share = shares[k, q]
                if share > 0.0:
                    for e in range(tab.begin[q], tab.begin[q + 1]):
                        for w in range(width):
                            month[at, w] += share * tab.weight[s, c, e, w] * (gain[t, e, w] - decider[c, w])


@part
def _stay(tab: PathTables, t: int, q: int, classes: int, state: Array, work: Array, month: Array) -> None:
    # pragma: no cover - compiled
    """Moves a column's customers on by a month, with those who join (``work``, least and most by entry)."""
    r, most = stage_of(tab.rate, tab.stage[t]), (len(tab.first) - 1) * classes * BY_CLASS + classes
    for e in range(tab.begin[q], tab.begin[q + 1]):
        at = 2 * (e - tab.begin[q])
        for w in range(work.shape[1]):
            stays = 1.0 - tab.rate[r, e, w]
            state[0, e, w] = stays * state[0, e, w] + work[at, w]
            state[1, e, w] = min(stays * state[1, e, w] + work[at + 1, w], month[most, w])


@part
def _single(
    tab: PathTables, t: int, g: int, q: int, classes: int, gain: Array, state: Array, work: Array, month: Array
) -> tuple[float, float]:
    # pragma: no cover - compiled
    """The worth of a column of one plan to deciders, and how much less it is in the middle; who joins."""
    e, k, total, wide, floor = tab.begin[q], tab.stage[t], 0.0, 0.0, -FAR if tab.reaches else 0.0
    r, s, j = stage_of(tab.rate, k), stage_of(tab.weight, k), tab.row[e]
    at_decider = (len(tab.first) - 1) * classes * BY_CLASS
    for c in range(classes):
        at, mine = (g * classes + c) * BY_CLASS, 1.0 if c == tab.origin[j] else 0.0
        for w in range(work.shape[1]):
            rho, a, n, m = tab.rate[r, e, w], tab.weight[s, c, e, w], state[0, e, w], state[1, e, w]
            z = mine * rho - tab.outside_rate[w]
            least = max(month[at + LEFT, w] + mine * rho * n, month[at + BALANCE, w] + min(z * n, z * m), floor)
            most = min(month[at + LEFT + 1, w] + mine * rho * m, month[at + BALANCE + 1, w] + max(z * n, z * m))
            heavy, light = month[at + WEIGHT, w] + a, month[at + WEIGHT + 1, w] + a
            few = least / (heavy if least >= 0.0 else light)
            many = most / (light if most >= 0.0 else heavy)
            d = a * (gain[t, e, w] - month[at_decider + c, w]) - month[at + CHOSEN, w]
            total += max(d * few, d * many)
            wide += abs(d * (many - few))
            work[0, w] = a * few + (work[0, w] if c else 0.0)
            work[1, w] = a * many + (work[1, w] if c else 0.0)
    return total, 0.5 * wide


@part
def _several(
    tab: PathTables, t: int, g: int, q: int, classes: int, gain: Array, state: Array, work: Array, month: Array,
    own: Array,
) -> tuple[float, float]:  # fmt: skip
    # pragma: no cover - compiled
    """The same of a column of several plans; the last three rows of ``work`` are its own."""
    k, total, wide, floor = tab.stage[t], 0.0, 0.0, -FAR if tab.reaches else 0.0
    s, few, many, worth = stage_of(tab.weight, k), len(work) - 3, len(work) - 2, len(work) - 1
    at_decider = (len(tab.first) - 1) * classes * BY_CLASS
    _own(tab, stage_of(tab.rate, k), q, state, own)
    for c in range(classes):
        at = (g * classes + c) * BY_CLASS
        for w in range(work.shape[1]):
            least, most = (
                month[at + LEFT, w] + own[MOVING + 2 * c, w],
                month[at + LEFT + 1, w] + own[MOVING + 2 * c + 1, w],
            )
            least = max(least, month[at + BALANCE, w] + own[BEYOND, w], floor)
            most = min(most, month[at + BALANCE + 1, w] + own[BEYOND + 1, w])
            heavy = month[at + WEIGHT, w] + tab.together[s, c, q, w]
            light = month[at + WEIGHT + 1, w] + tab.together[s, c, q, w]
            work[few, w] = least / (heavy if least >= 0.0 else light)
            work[many, w] = most / (light if most >= 0.0 else heavy)
            work[worth, w] = -month[at + CHOSEN, w]
        for e in range(tab.begin[q], tab.begin[q + 1]):
            to = 2 * (e - tab.begin[q])
            for w in range(work.shape[1]):
                a = tab.weight[s, c, e, w]
                work[worth, w] += a * (gain[t, e, w] - month[at_decider + c, w])
                work[to, w] = a * work[few, w] + (work[to, w] if c else 0.0)
                work[to + 1, w] = a * work[many, w] + (work[to + 1, w] if c else 0.0)
        for w in range(work.shape[1]):
            total += max(work[worth, w] * work[few, w], work[worth, w] * work[many, w])
            wide += abs(work[worth, w] * (work[many, w] - work[few, w]))
    return total, 0.5 * wide


@loop
def _columns(
    tab: PathTables, t: int, box: Bools, classes: int, gain: Array, state: Array, work: Array, month: Array, own: Array,
    table: Array,
) -> None:  # fmt: skip  # pragma: no cover - compiled
    """Adds a month's potentials; moves customers on."""
    k = tab.stage[t]
    for g in range(len(tab.first) - 1):
        single = tab.begin[tab.first[g] + 1] - tab.begin[tab.first[g]] == 1
        for q in range(tab.first[g], tab.first[g + 1]):
            if box[k, q]:
                if single:
                    total, wide = _single(tab, t, g, q, classes, gain, state, work, month)
                else:
                    total, wide = _several(tab, t, g, q, classes, gain, state, work, month, own)
                table[0, k, q] += total
                table[1, k, q] += wide
                _stay(tab, t, q, classes, state, work, month)


@loop
def potentials(tab: PathTables, box: Bools, shares: Array) -> tuple[float, Array, Array]:  # pragma: no cover - compiled
    """``bounds.Potentials`` of a part: the constant, (2, K, n) potentials, and (2, K-1, A) of pairs."""
    rows, width = tab.start.shape
    groups, classes, entries, months = len(tab.first) - 1, tab.weight.shape[1], len(tab.row), len(tab.stage)
    gain, decider = np.empty((months, entries, width)), np.empty((months, classes, width))
    entering, leaving = np.zeros((len(box), entries, width)), np.zeros((len(box), entries, width))
    constant = value(tab, box, shares, gain, decider, entering, leaving)
    state, was = np.zeros((2, entries, width)), np.zeros((2, entries, width))
    weight, others = np.zeros((2, groups, classes, width)), np.zeros((2, groups, classes, width))
    hulls, own = np.zeros((groups, MOVING + 2 * classes, width)), np.zeros((MOVING + 2 * classes, width))
    month = np.zeros((groups * classes * BY_CLASS + classes + 1, width))
    sides, work = np.zeros((4, width)), np.zeros((2 * rows + 3, width))
    table, arcs = np.zeros((2, len(box), box.shape[1])), np.zeros((2, len(box) - 1, tab.arc_source.shape[1]))
    for w in range(width):
        sides[0, w] = sides[1, w] = tab.start[0, w]
        for j in range(rows):
            sides[2, w] += tab.start[j, w]
        sides[3, w] = sides[2, w]
    last = -1
    for t in range(months):
        k = tab.stage[t]
        if k != last:
            if k:
                follow(tab, k - 1, box, state, entering, leaving, arcs)
            enter(tab, k, box, state, was)
            hold(tab, k, box, state, entering, leaving, table)
            weigh(tab, k, box, weight, others)
            last = k
        _hulls(tab, k, box, state, hulls, own)
        _gather(tab, t, hulls, others, weight, sides, month)
        _worths(tab, t, shares, gain, decider[t], sides, month)
        _columns(tab, t, box, classes, gain, state, work, month, own, table)
    return constant, table, arcs
