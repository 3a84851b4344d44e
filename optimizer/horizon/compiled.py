"""The potentials of ``bounds`` in compiled loops, types innermost. Imports numba.

Same formulas as ``values``, ``intervals`` and ``bounds.numpy_potentials``, without temporary arrays. Sums may be taken
in any order, which the slack of the bound covers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Bools, Ints

_loop = njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
"""Of the compiler's liberties only those under which NaN and infinities keep their meaning."""
FAR = 1e300


class PathTables(NamedTuple):
    """A horizon's part as the loops read it; see ``instance.Horizon``."""

    start: Array
    attraction: Array
    rate: Array
    reward: Array
    outside_attraction: Array
    outside_rate: Array
    entrants: Array
    people: Array
    stage: Ints
    first: Ints
    origin: Ints
    habit: Array
    follows: Bools


class _Hulls(NamedTuple):
    """Scratch of one month: least and most over the columns of each plan (J, W), and their sums by class (C, W)."""

    held: Array
    moving: Array
    beyond: Array
    attraction: Array
    deciders: Array
    weight: Array
    outside: Array
    """(2, W) customers of the alternatives."""
    balance: Array
    """(2, W) deciders of the alternatives' class by what is left of everyone."""


def tables_of(horizon: Horizon) -> PathTables:
    """Everything contiguous."""

    def c(array: Any) -> Any:  # writable, whatever the horizon's own are: one signature to compile
        return np.array(array, order="C")

    return PathTables(
        c(horizon.start), c(horizon.attraction), c(horizon.decision_rate), c(horizon.monthly_reward),
        c(horizon.outside_attraction), c(horizon.outside_decision_rate), c(horizon.entrants), c(horizon.people),
        c(horizon.stage), c(horizon.first), c(horizon.origin), c(horizon.habit), c(horizon.follows),
    )  # fmt: skip


@_loop
def _adjoint(tab: PathTables, path: Ints, after: Array, decider: Array) -> float:  # pragma: no cover - compiled
    """``values.customer_values``: fills the values, returns the path's."""
    rows, width = tab.start.shape
    classes, value = len(tab.habit), 0.0
    total, gains, gain = np.zeros(width), np.zeros(width), np.zeros((rows, width))
    for t in range(len(tab.stage) - 1, -1, -1):
        menu = path[tab.stage[t]]
        for w in range(width):
            gain[0, w] = after[t + 1, 0, w]
        for j in range(rows - 1):
            for w in range(width):
                gain[j + 1, w] = tab.reward[t, menu[j], w] + after[t + 1, j + 1, w]
        for c in range(classes):
            for w in range(width):
                total[w] = tab.habit[c, 0] * tab.outside_attraction[t, w]
                gains[w] = total[w] * gain[0, w]
            for j in range(rows - 1):
                for w in range(width):
                    weight = tab.habit[c, j + 1] * tab.attraction[menu[j], w]
                    total[w] += weight
                    gains[w] += weight * gain[j + 1, w]
            for w in range(width):
                decider[t, c, w] = gains[w] / total[w]
        for w in range(width):
            worth, rho = decider[t, tab.origin[0], w], tab.outside_rate[w]
            after[t, 0, w] = (1.0 - rho) * gain[0, w] + rho * worth
            value += tab.entrants[t, w] * worth
        for j in range(rows - 1):
            for w in range(width):
                rho = tab.rate[menu[j], w]
                after[t, j + 1, w] = (1.0 - rho) * gain[j + 1, w] + rho * decider[t, tab.origin[j + 1], w]
    for j in range(rows):
        for w in range(width):
            value += after[0, j, w] * tab.start[j, w]
    return value


@_loop
def _enter(
    tab: PathTables, stage: int, box: Bools, low: Array, high: Array, was: Array, attraction: Array
) -> None:  # pragma: no cover - compiled
    """Customers at the start of a stage, and the hull of its attractions."""
    width = tab.start.shape[1]
    for q in range(len(low)):
        for w in range(width):
            was[0, q, w], was[1, q, w] = low[q, w], high[q, w]
    for j in range(len(tab.first) - 1):
        for w in range(width):
            attraction[0, j, w], attraction[1, j, w] = FAR, -FAR
        for q in range(tab.first[j], tab.first[j + 1]):
            if not box[stage, q]:
                continue
            for w in range(width):
                attraction[0, j, w] = min(attraction[0, j, w], tab.attraction[q, w])
                attraction[1, j, w] = max(attraction[1, j, w], tab.attraction[q, w])
            for w in range(width):
                low[q, w] = tab.start[j + 1, w] if stage == 0 else FAR
                high[q, w] = tab.start[j + 1, w] if stage == 0 else -FAR
            if stage == 0:
                continue
            for p in range(tab.first[j], tab.first[j + 1]):
                if box[stage - 1, p] and tab.follows[p, q]:
                    for w in range(width):
                        low[q, w] = min(low[q, w], was[0, p, w])
                        high[q, w] = max(high[q, w], was[1, p, w])


@_loop
def _gather(tab: PathTables, t: int, box: Bools, low: Array, high: Array, hulls: Any) -> None:  # pragma: no cover
    """Hulls over the columns of each plan, and what they add up to."""
    plans, width, zero = len(tab.first) - 1, tab.start.shape[1], tab.origin[0]
    inside = box[tab.stage[t]]
    for c in range(len(tab.habit)):
        for w in range(width):
            hulls.deciders[0, c, w] = hulls.deciders[1, c, w] = 0.0
    for w in range(width):
        hulls.balance[0, w] = hulls.balance[1, w] = tab.outside_rate[w] * tab.people[t, w] + tab.entrants[t, w]
    least, most = np.zeros(width), np.zeros(width)
    for j in range(plans):
        held, moving, beyond = hulls.held[:, j], hulls.moving[:, j], hulls.beyond[:, j]
        for w in range(width):
            held[0, w], moving[0, w], beyond[0, w] = FAR, FAR, FAR
            held[1, w], moving[1, w], beyond[1, w] = -FAR, -FAR, -FAR
        own = 1.0 if tab.origin[j + 1] == zero else 0.0
        for q in range(tab.first[j], tab.first[j + 1]):
            if not inside[q]:
                continue
            for w in range(width):
                rho, n, m = tab.rate[q, w], low[q, w], high[q, w]
                z = own * rho - tab.outside_rate[w]
                held[0, w], held[1, w] = min(held[0, w], n), max(held[1, w], m)
                moving[0, w], moving[1, w] = min(moving[0, w], rho * n), max(moving[1, w], rho * m)
                beyond[0, w] = min(beyond[0, w], z * n, z * m)
                beyond[1, w] = max(beyond[1, w], z * n, z * m)
        c = tab.origin[j + 1]
        for w in range(width):
            least[w] += held[0, w]
            most[w] += held[1, w]
            hulls.deciders[0, c, w] += moving[0, w]
            hulls.deciders[1, c, w] += moving[1, w]
            hulls.balance[0, w] += beyond[0, w]
            hulls.balance[1, w] += beyond[1, w]
    for w in range(width):
        hulls.outside[0, w] = max(hulls.outside[0, w], tab.people[t, w] - most[w])
        hulls.outside[1, w] = min(hulls.outside[1, w], tab.people[t, w] - least[w])
        hulls.deciders[0, zero, w] += tab.outside_rate[w] * hulls.outside[0, w] + tab.entrants[t, w]
        hulls.deciders[1, zero, w] += tab.outside_rate[w] * hulls.outside[1, w] + tab.entrants[t, w]
    for c in range(len(tab.habit)):
        for side in range(2):
            for w in range(width):
                hulls.weight[side, c, w] = tab.habit[c, 0] * tab.outside_attraction[t, w]
            for j in range(plans):
                for w in range(width):
                    hulls.weight[side, c, w] += tab.habit[c, j + 1] * hulls.attraction[side, j, w]


@_loop
def _leave(tab: PathTables, t: int, hulls: Any) -> None:  # pragma: no cover - compiled
    """The alternatives' customers after the month."""
    zero = tab.origin[0]
    for w in range(tab.start.shape[1]):
        rho, low, high = tab.outside_rate[w], 0.0, 0.0
        for c in range(len(tab.habit)):
            least, most = hulls.deciders[0, c, w], hulls.deciders[1, c, w]
            if c == zero:
                least, most = max(least, hulls.balance[0, w]), min(most, hulls.balance[1, w])
            away = tab.habit[c, 0] * tab.outside_attraction[t, w]
            low += away * max(least, 0.0) / hulls.weight[1, c, w]
            high += away * most / hulls.weight[0, c, w]
        hulls.outside[0, w] = (1.0 - rho) * hulls.outside[0, w] + low
        hulls.outside[1, w] = (1.0 - rho) * hulls.outside[1, w] + high


@_loop
def _column(
    tab: PathTables, t: int, plan: int, q: int, there: int, low: Array, high: Array, hulls: Any, after: Array,
    decider: Array, joined: Array,
) -> float:  # fmt: skip  # pragma: no cover - compiled
    """The potential of a column in one month; moves its customers on."""
    worth, zero, own_class = 0.0, tab.origin[0], tab.origin[plan + 1]
    own = 1.0 if own_class == zero else 0.0
    for w in range(tab.start.shape[1]):
        joined[0, w] = joined[1, w] = 0.0
    for c in range(len(tab.habit)):
        habit, mine = tab.habit[c, plan + 1], 1.0 if c == own_class else 0.0
        for w in range(tab.start.shape[1]):
            rho, a, n, m = tab.rate[q, w], tab.attraction[q, w], low[w], high[w]
            least = hulls.deciders[0, c, w] + mine * (rho * n - hulls.moving[0, plan, w])
            most = hulls.deciders[1, c, w] + mine * (rho * m - hulls.moving[1, plan, w])
            if c == zero:
                z = own * rho - tab.outside_rate[w]
                least = max(least, hulls.balance[0, w] + min(z * n, z * m) - hulls.beyond[0, plan, w])
                most = min(most, hulls.balance[1, w] + max(z * n, z * m) - hulls.beyond[1, plan, w])
            away = habit * a
            few = max(least, 0.0) / (hulls.weight[1, c, w] + habit * (a - hulls.attraction[1, plan, w]))
            many = max(most, 0.0) / (hulls.weight[0, c, w] + habit * (a - hulls.attraction[0, plan, w]))
            gain = tab.reward[t, q, w] + after[plan + 1, w] - decider[c, w]
            same = tab.reward[t, there, w] + after[plan + 1, w] - decider[c, w]
            d = away * gain - habit * tab.attraction[there, w] * same
            worth += max(d * few, d * many)
            joined[0, w] += away * few
            joined[1, w] += away * many
    for w in range(tab.start.shape[1]):
        rho, was, next_ = tab.rate[q, w], tab.rate[there, w], after[plan + 1, w]
        f = (1.0 - rho) * (tab.reward[t, q, w] + next_) + rho * decider[own_class, w]
        f -= (1.0 - was) * (tab.reward[t, there, w] + next_) + was * decider[own_class, w]
        worth += max(f * low[w], f * high[w])
        low[w] = (1.0 - rho) * low[w] + joined[0, w]
        high[w] = min((1.0 - rho) * high[w] + joined[1, w], tab.people[t + 1, w])
    return worth


@_loop
def potentials(tab: PathTables, box: Bools, path: Ints) -> tuple[float, Array]:  # pragma: no cover - compiled
    """``bounds.Potentials`` of a part: the value of the path, and (K, n) potentials."""
    rows, width = tab.start.shape
    plans, classes, columns = rows - 1, len(tab.habit), tab.first[-1]
    after, decider = np.zeros((len(tab.stage) + 1, rows, width)), np.zeros((len(tab.stage), classes, width))
    value = _adjoint(tab, path, after, decider)
    low, high, was = np.zeros((columns, width)), np.zeros((columns, width)), np.zeros((2, columns, width))
    joined, table = np.zeros((2, width)), np.zeros(box.shape)
    hulls = _Hulls(
        np.zeros((2, plans, width)), np.zeros((2, plans, width)), np.zeros((2, plans, width)),
        np.zeros((2, plans, width)), np.zeros((2, classes, width)), np.zeros((2, classes, width)),
        np.zeros((2, width)), np.zeros((2, width)),
    )  # fmt: skip
    for w in range(width):
        hulls.outside[0, w] = hulls.outside[1, w] = tab.start[0, w]
    last = -1
    for t in range(len(tab.stage)):
        k = tab.stage[t]
        if k != last:
            _enter(tab, k, box, low, high, was, hulls.attraction)
            last = k
        _gather(tab, t, box, low, high, hulls)
        for j in range(plans):
            for q in range(tab.first[j], tab.first[j + 1]):
                if box[k, q]:
                    there = path[k, j]
                    table[k, q] += _column(
                        tab, t, j, q, there, low[q], high[q], hulls, after[t + 1], decider[t], joined
                    )
        _leave(tab, t, hulls)
    return value, table
