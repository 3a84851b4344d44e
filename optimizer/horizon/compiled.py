"""The potentials of ``bounds`` in compiled loops, types innermost. Imports numba.

Same formulas as ``values``, ``intervals`` and ``bounds.numpy_potentials``, without large temporary arrays. Sums may be
taken in any order, which the slack of the bound covers.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Bools, Ints

_loop = njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
"""Of the compiler's liberties only those under which NaN and infinities keep their meaning."""
FAR = 1e300


class PathTables(NamedTuple):
    """A horizon's part as the loops read it; see ``instance.Horizon``. Axes S as they are there."""

    start: Array
    weight: Array
    """(S, C, E, W)"""
    together: Array
    """(S, C, N, W) weights of a column's entries together."""
    rate: Array
    reward: Array
    """(T, E, W)"""
    outside_weight: Array
    outside_rate: Array
    entrants: Array
    people: Array
    stage: Ints
    first: Ints
    begin: Ints
    """(N+1,) first entry of every column, and E."""
    row: Ints
    """(E,)"""
    origin: Ints
    before: Ints
    """Columns that a column may follow, set after set, for each pair of stages told (R)."""
    before_first: Ints
    """(R, P+1) where each set begins."""
    before_set: Ints
    """(R, N)"""


class _Scratch(NamedTuple):
    """Of one month: least and most over the columns of each group, and their sums."""

    held: Array
    """(2, G, W)"""
    moving: Array
    """(2, G, C, W)"""
    beyond: Array
    """(2, G, W)"""
    weight: Array
    """(2, G, C, W)"""
    others: Array
    """(2, G, C, W) choice weight of all other groups: summed, as differences would lose small weights beside large."""
    deciders: Array
    """(2, C, W) of all groups, the alternatives and those who enter."""
    ours: Array
    """(2, C, W) choice weight of everything."""
    outside: Array
    """(2, W) customers of the alternatives."""
    balance: Array
    """(2, W) deciders of the alternatives' class by what is left of everyone."""
    own_moving: Array
    """(2, C, W) of one column."""
    own_beyond: Array
    """(2, W) of one column."""
    own_held: Array
    """(2, W) of one column."""
    kept: Array
    """(J+1, W) worth of a customer at the reference's menu."""
    chosen: Array
    """(G, C, W) worth of a decider at the reference's menu."""
    rates: Array
    """(2, W) deciders per weight of one column and class."""
    worth: Array
    """(W,)"""


def tables_of(horizon: Horizon) -> PathTables:
    """Everything contiguous."""

    def c(array: Any) -> Any:  # writable, whatever the horizon's own are: one signature to compile
        return np.array(array, order="C")

    h, befores = horizon, [pair.before for pair in horizon.moves]
    offsets = np.cumsum([0] + [len(b.columns) for b in befores])
    most = max(len(b.first) for b in befores)
    first = np.stack([np.pad(b.first, (0, most - len(b.first)), mode="edge") + at
                      for b, at in zip(befores, itertools.islice(offsets, len(befores)), strict=True)])  # fmt: skip
    return PathTables(
        c(h.start), c(h.choice_weight), np.add.reduceat(h.choice_weight, h.entry_first[:-1], axis=2),
        c(h.decision_rate), c(h.monthly_reward), c(h.outside_weight), c(h.outside_decision_rate), c(h.entrants),
        c(h.people), c(h.stage), c(h.first), c(h.entry_first), c(h.entry_row), c(h.origin),
        np.concatenate([b.columns for b in befores]), first, np.stack([b.set_of for b in befores]),
    )  # fmt: skip


@_loop
def _at(array: Array, stage: int) -> int:  # pragma: no cover - compiled
    """A stage's place on an axis S."""
    return stage if len(array) > 1 else 0


@_loop
def _adjoint(tab: PathTables, path: Ints, after: Array, decider: Array) -> float:  # pragma: no cover - compiled
    """``values.customer_values``: fills the values, returns the path's."""
    rows, width = tab.start.shape
    classes, value = decider.shape[1], 0.0
    total, gains, gain = np.zeros(width), np.zeros(width), np.zeros((rows, width))
    for t in range(len(tab.stage) - 1, -1, -1):
        menu, r, s = path[tab.stage[t]], _at(tab.rate, tab.stage[t]), _at(tab.weight, tab.stage[t])
        for w in range(width):
            gain[0, w] = after[t + 1, 0, w]
        for q in menu:
            for e in range(tab.begin[q], tab.begin[q + 1]):
                j = tab.row[e]
                for w in range(width):
                    gain[j, w] = tab.reward[t, e, w] + after[t + 1, j, w]
        for c in range(classes):
            for w in range(width):
                total[w] = tab.outside_weight[t, c, w]
                gains[w] = total[w] * gain[0, w]
            for q in menu:
                for e in range(tab.begin[q], tab.begin[q + 1]):
                    j = tab.row[e]
                    for w in range(width):
                        total[w] += tab.weight[s, c, e, w]
                        gains[w] += tab.weight[s, c, e, w] * gain[j, w]
            for w in range(width):
                decider[t, c, w] = gains[w] / total[w]
        for w in range(width):
            worth, rho = decider[t, tab.origin[0], w], tab.outside_rate[w]
            after[t, 0, w] = (1.0 - rho) * gain[0, w] + rho * worth
            value += tab.entrants[t, w] * worth
        for q in menu:
            for e in range(tab.begin[q], tab.begin[q + 1]):
                j = tab.row[e]
                for w in range(width):
                    rho = tab.rate[r, e, w]
                    after[t, j, w] = (1.0 - rho) * gain[j, w] + rho * decider[t, tab.origin[j], w]
    for j in range(rows):
        for w in range(width):
            value += after[0, j, w] * tab.start[j, w]
    return value


@_loop
def _enter(
    tab: PathTables, stage: int, box: Bools, low: Array, high: Array, was: Array, weight: Array
) -> None:  # pragma: no cover - compiled
    """Customers at the start of a stage, and the hull of its choice weights."""
    width, pair = tab.start.shape[1], stage - 1 if len(tab.before_set) > 1 else 0
    s = _at(tab.weight, stage)
    for e in range(len(low)):
        for w in range(width):
            was[0, e, w], was[1, e, w] = low[e, w], high[e, w]
    for g in range(len(tab.first) - 1):
        for c in range(weight.shape[2]):
            for w in range(width):
                weight[0, g, c, w], weight[1, g, c, w] = FAR, -FAR
        done, like = -1, 0
        for q in range(tab.first[g], tab.first[g + 1]):
            if not box[stage, q]:
                continue
            for c in range(weight.shape[2]):
                for w in range(width):
                    weight[0, g, c, w] = min(weight[0, g, c, w], tab.together[s, c, q, w])
                    weight[1, g, c, w] = max(weight[1, g, c, w], tab.together[s, c, q, w])
            came = tab.before_set[pair, q]
            for r in range(tab.begin[q + 1] - tab.begin[q]):
                e = tab.begin[q] + r
                if stage == 0:
                    for w in range(width):
                        low[e, w] = high[e, w] = tab.start[tab.row[e], w]
                elif came == done:
                    for w in range(width):
                        low[e, w], high[e, w] = low[tab.begin[like] + r, w], high[tab.begin[like] + r, w]
                else:
                    for w in range(width):
                        low[e, w], high[e, w] = FAR, -FAR
                    for m in range(tab.before_first[pair, came], tab.before_first[pair, came + 1]):
                        p = tab.before[m]
                        if p < box.shape[1] and box[stage - 1, p]:
                            for w in range(width):
                                low[e, w] = min(low[e, w], was[0, tab.begin[p] + r, w])
                                high[e, w] = max(high[e, w], was[1, tab.begin[p] + r, w])
            done, like = came, q


@_loop
def _beside(weight: Array, others: Array) -> None:  # pragma: no cover - compiled
    """Weight of all other groups, for each group."""
    sides, groups, classes, width = weight.shape
    others[:] = 0.0
    for side in range(sides):
        for g in range(groups):
            for other in range(groups):
                if other != g:
                    for c in range(classes):
                        for w in range(width):
                            others[side, g, c, w] += weight[side, other, c, w]


@_loop
def _own(tab: PathTables, r: int, q: int, low: Array, high: Array, scratch: Any) -> None:  # pragma: no cover - compiled
    """Customers and deciders of a column's plans together."""
    moving, beyond, held, width = scratch.own_moving, scratch.own_beyond, scratch.own_held, low.shape[1]
    moving[:], beyond[:], held[:] = 0.0, 0.0, 0.0
    for e in range(tab.begin[q], tab.begin[q + 1]):
        c = tab.origin[tab.row[e]]
        own = 1.0 if c == tab.origin[0] else 0.0
        for w in range(width):
            rho, n, m = tab.rate[r, e, w], low[e, w], high[e, w]
            z = own * rho - tab.outside_rate[w]
            held[0, w] += n
            held[1, w] += m
            moving[0, c, w] += rho * n
            moving[1, c, w] += rho * m
            beyond[0, w] += min(z * n, z * m)
            beyond[1, w] += max(z * n, z * m)


@_loop
def _widen(hull: Array, own: Array) -> None:  # pragma: no cover - compiled
    """Take least and most into a hull."""
    for w in range(own.shape[1]):
        hull[0, w], hull[1, w] = min(hull[0, w], own[0, w]), max(hull[1, w], own[1, w])


@_loop
def _gather(tab: PathTables, t: int, box: Bools, low: Array, high: Array, scratch: Any) -> None:  # pragma: no cover
    """Hulls over the columns of each group, and what they add up to."""
    groups, width, zero, k = len(tab.first) - 1, tab.start.shape[1], tab.origin[0], tab.stage[t]
    classes, r = scratch.ours.shape[1], _at(tab.rate, k)
    scratch.deciders[:] = 0.0
    for side in range(2):
        for w in range(width):
            scratch.balance[side, w] = tab.outside_rate[w] * tab.people[t, w] + tab.entrants[t, w]
    least, most = np.zeros(width), np.zeros(width)
    for g in range(groups):
        held, moving, beyond = scratch.held[:, g], scratch.moving[:, g], scratch.beyond[:, g]
        held[0], moving[0], beyond[0] = FAR, FAR, FAR
        held[1], moving[1], beyond[1] = -FAR, -FAR, -FAR
        for q in range(tab.first[g], tab.first[g + 1]):
            if box[k, q]:
                _own(tab, r, q, low, high, scratch)
                _widen(held, scratch.own_held)
                _widen(beyond, scratch.own_beyond)
                for c in range(classes):
                    _widen(moving[:, c], scratch.own_moving[:, c])
        for w in range(width):
            least[w] += held[0, w]
            most[w] += held[1, w]
        for side in range(2):
            for w in range(width):
                scratch.balance[side, w] += beyond[side, w]
            for c in range(classes):
                for w in range(width):
                    scratch.deciders[side, c, w] += moving[side, c, w]
    for w in range(width):
        scratch.outside[0, w] = max(scratch.outside[0, w], tab.people[t, w] - most[w])
        scratch.outside[1, w] = min(scratch.outside[1, w], tab.people[t, w] - least[w])
    for side in range(2):
        for w in range(width):
            scratch.deciders[side, zero, w] += tab.outside_rate[w] * scratch.outside[side, w] + tab.entrants[t, w]
        for c in range(classes):
            for w in range(width):
                scratch.ours[side, c, w] = tab.outside_weight[t, c, w]
            for g in range(groups):
                for w in range(width):
                    scratch.ours[side, c, w] += scratch.weight[side, g, c, w]


@_loop
def _leave(tab: PathTables, t: int, scratch: Any) -> None:  # pragma: no cover - compiled
    """The alternatives' customers after the month."""
    zero = tab.origin[0]
    for w in range(tab.start.shape[1]):
        rho, low, high = tab.outside_rate[w], 0.0, 0.0
        for c in range(scratch.ours.shape[1]):
            least, most = scratch.deciders[0, c, w], scratch.deciders[1, c, w]
            if c == zero:
                least, most = max(least, scratch.balance[0, w]), min(most, scratch.balance[1, w])
            away = tab.outside_weight[t, c, w]
            low += away * max(least, 0.0) / scratch.ours[1, c, w]
            high += away * most / scratch.ours[0, c, w]
        scratch.outside[0, w] = (1.0 - rho) * scratch.outside[0, w] + low
        scratch.outside[1, w] = (1.0 - rho) * scratch.outside[1, w] + high


@_loop
def _there(
    tab: PathTables, t: int, menu: Ints, after: Array, decider: Array, scratch: Any
) -> None:  # pragma: no cover - compiled
    """What customers and deciders are worth in a month at the reference's menu."""
    r, s = _at(tab.rate, tab.stage[t]), _at(tab.weight, tab.stage[t])
    scratch.chosen[:] = 0.0
    for g in range(len(menu)):
        for e in range(tab.begin[menu[g]], tab.begin[menu[g] + 1]):
            j = tab.row[e]
            for w in range(tab.start.shape[1]):
                gain, rho = tab.reward[t, e, w] + after[j, w], tab.rate[r, e, w]
                scratch.kept[j, w] = (1.0 - rho) * gain + rho * decider[tab.origin[j], w]
            for c in range(len(decider)):
                for w in range(tab.start.shape[1]):
                    gain = tab.reward[t, e, w] + after[j, w]
                    scratch.chosen[g, c, w] += tab.weight[s, c, e, w] * (gain - decider[c, w])


@_loop
def _column(
    tab: PathTables, t: int, g: int, q: int, low: Array, high: Array, scratch: Any, after: Array, decider: Array,
) -> float:  # fmt: skip  # pragma: no cover - compiled
    """The potential of a column in one month; moves its customers on."""
    width, zero, k = tab.start.shape[1], tab.origin[0], tab.stage[t]
    r, s, rates, worth = _at(tab.rate, k), _at(tab.weight, k), scratch.rates, scratch.worth
    _own(tab, r, q, low, high, scratch)
    total = 0.0
    for e in range(tab.begin[q], tab.begin[q + 1]):
        j = tab.row[e]
        for w in range(width):
            rho, n, m = tab.rate[r, e, w], low[e, w], high[e, w]
            f = (1.0 - rho) * (tab.reward[t, e, w] + after[j, w]) + rho * decider[tab.origin[j], w] - scratch.kept[j, w]
            total += max(f * n, f * m)
            low[e, w], high[e, w] = (1.0 - rho) * n, (1.0 - rho) * m
    for c in range(len(decider)):
        moving, hull = scratch.own_moving[:, c], scratch.moving[:, g, c]
        for w in range(width):
            least = scratch.deciders[0, c, w] + (moving[0, w] - hull[0, w])
            most = scratch.deciders[1, c, w] + (moving[1, w] - hull[1, w])
            if c == zero:
                least = max(least, scratch.balance[0, w] + scratch.own_beyond[0, w] - scratch.beyond[0, g, w])
                most = min(most, scratch.balance[1, w] + scratch.own_beyond[1, w] - scratch.beyond[1, g, w])
            beside = tab.outside_weight[t, c, w] + tab.together[s, c, q, w]
            rates[0, w] = max(least, 0.0) / (scratch.others[1, g, c, w] + beside)
            rates[1, w] = max(most, 0.0) / (scratch.others[0, g, c, w] + beside)
            worth[w] = -scratch.chosen[g, c, w]
        for e in range(tab.begin[q], tab.begin[q + 1]):
            j = tab.row[e]
            for w in range(width):
                a = tab.weight[s, c, e, w]
                worth[w] += a * (tab.reward[t, e, w] + after[j, w] - decider[c, w])
                low[e, w] += a * rates[0, w]
                high[e, w] += a * rates[1, w]
        for w in range(width):
            total += max(worth[w] * rates[0, w], worth[w] * rates[1, w])
    for e in range(tab.begin[q], tab.begin[q + 1]):
        for w in range(width):
            high[e, w] = min(high[e, w], tab.people[t + 1, w])
    return total


@_loop
def potentials(tab: PathTables, box: Bools, path: Ints) -> tuple[float, Array]:  # pragma: no cover - compiled
    """``bounds.Potentials`` of a part: the value of the path, and (K, n) potentials."""
    rows, width = tab.start.shape
    groups, classes, entries, months = len(tab.first) - 1, tab.weight.shape[1], len(tab.row), len(tab.stage)
    after, decider = np.zeros((months + 1, rows, width)), np.zeros((months, classes, width))
    value = _adjoint(tab, path, after, decider)
    low, high, was = np.zeros((entries, width)), np.zeros((entries, width)), np.zeros((2, entries, width))
    table = np.zeros(box.shape)
    one, by_class = (2, groups, width), (2, groups, classes, width)
    scratch = _Scratch(
        np.zeros(one), np.zeros(by_class), np.zeros(one), np.zeros(by_class), np.zeros(by_class),
        np.zeros((2, classes, width)), np.zeros((2, classes, width)), np.zeros((2, width)), np.zeros((2, width)),
        np.zeros((2, classes, width)), np.zeros((2, width)), np.zeros((2, width)), np.zeros((rows, width)),
        np.zeros((groups, classes, width)), np.zeros((2, width)), np.zeros(width),
    )  # fmt: skip
    for w in range(width):
        scratch.outside[0, w] = scratch.outside[1, w] = tab.start[0, w]
    last = -1
    for t in range(months):
        k = tab.stage[t]
        if k != last:
            _enter(tab, k, box, low, high, was, scratch.weight)
            _beside(scratch.weight, scratch.others)
            last = k
        _gather(tab, t, box, low, high, scratch)
        _there(tab, t, path[k], after[t + 1], decider[t], scratch)
        for g in range(groups):
            for q in range(tab.first[g], tab.first[g + 1]):
                if box[k, q]:
                    table[k, q] += _column(tab, t, g, q, low, high, scratch, after[t + 1], decider[t])
        _leave(tab, t, scratch)
    return value, table
