"""What can be said of the customers under every path of a box of menus: intervals, month by month.

Customers of a plan are told given the own column of its group, deciders per weight given the own column of one group.
A stage starts from the hull over the columns that may come before. Everyone together is known exactly, and tells the
most that the others leave over for the alternatives and for any one plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Bools, Ints

SIDES = np.array([1.0, -1.0])
"""Intervals are held as (least, minus most): one operation serves both ends, and both hulls are minima."""


@dataclass(frozen=True)
class StageRanges:
    """Of the M months of a stage, over the n columns that it may take and their m entries; W types."""

    months: range
    columns: Ints
    """(n,)"""
    entries: Ints
    """(m,)"""
    begin: Ints
    """(n,) where each column's entries begin."""
    customers: Array
    """(M, 2, m, W) (least, minus most) on the entry's plan before the month, if its group stands there in the stage."""
    per_weight: Array
    """(M, 2, C, n, W) (least, minus most) deciders per unit of choice weight, if the column's group stands there."""


@dataclass(frozen=True)
class _Stage:
    """What a stage's months share."""

    columns: Ints
    entries: Ints
    begin: Ints
    """(n,) where each column's entries begin."""
    column: Ints
    """(m,) place of every entry's column among the n."""
    group: Ints
    """(n,) group of every column."""
    first: Ints
    """(G,) where each group's columns begin."""
    rate: Array
    weight: Array
    """(C, m, W)"""
    stays: Array
    """(m, W) 1 - rate."""
    beyond: Array
    """(m, W) rate for entries whose deciders are of the alternatives' class (else 0), less the alternatives' rate."""
    own: Array
    """(C, m, 1): 1 for the class of the entry's deciders."""
    ours: Array
    """(2, C, W) choice weight of our plans together, (most, least): what (least, most) deciders are divided by."""
    ours_given: Array
    """(2, C, n, W) the same, given the column of one group."""

    def by_column(self, array: Array) -> Array:
        """Sums over each column's entries of (..., m, W)."""
        return np.asarray(np.add.reduceat(array, self.begin, axis=-2))

    def hull(self, array: Array) -> Array:
        """Least over each group's columns of (..., n, W)."""
        return np.asarray(np.minimum.reduceat(array, self.first, axis=-2))


def ranges(horizon: Horizon, box: Bools) -> Iterator[StageRanges]:
    """The intervals of every stage over a box (K, N) whose columns are all reachable (``paths.reachable``)."""
    outside = SIDES[:, None] * horizon.start[0]
    state, before = np.empty((2, 0, horizon.types)), np.empty(0, dtype=np.intp)
    for k, months in enumerate(horizon.months_of):
        stage = _stage(horizon, k, np.flatnonzero(box[k]))
        if k:
            state = _entered(horizon, k, before, stage.entries, state)
        else:
            state = SIDES[:, None, None] * horizon.start[horizon.entry_row[stage.entries]]
        customers, rates = [], []
        for t in months:
            rate, joined, outside = _month(horizon, stage, t, state, outside)
            customers.append(state)
            rates.append(rate)
            state = stage.stays * state + joined
            np.maximum(state[1], -horizon.people[t + 1], out=state[1])
        before = stage.entries
        yield StageRanges(months, stage.columns, stage.entries, stage.begin, np.stack(customers), np.stack(rates))


def _stage(horizon: Horizon, k: int, columns: Ints) -> _Stage:
    h, group = horizon, horizon.group[columns]
    first = np.searchsorted(group, np.arange(h.groups))
    width = h.widths[group]
    begin, column = np.cumsum(width) - width, np.repeat(np.arange(len(columns)), width)
    entries = h.entry_first[columns][column] + np.arange(len(column)) - begin[column]
    rate, weight = h.at(h.decision_rate, k)[entries], h.at(h.choice_weight, k)[:, entries]
    own = h.members[:, h.entry_row[entries], None]
    summed = np.add.reduceat(weight, begin, axis=1)
    hulls = np.stack([np.maximum.reduceat(summed, first, axis=1), np.minimum.reduceat(summed, first, axis=1)])
    others = (1.0 - np.eye(h.groups)) @ hulls  # differences would lose small weights beside large
    beyond = own[h.origin[0]] * rate - h.outside_decision_rate
    return _Stage(columns, entries, begin, column, group, first, rate, weight, 1.0 - rate, beyond, own,
                  hulls.sum(axis=2), others[:, :, group] + summed)  # fmt: skip


def _entered(horizon: Horizon, k: int, before: Ints, entries: Ints, state: Array) -> Array:
    """Customers at the start of a stage: the hull over the columns before that a column may follow."""
    follows = horizon.came_from(k)
    full = np.full((2, len(horizon.entry_row) + 1, state.shape[2]), np.inf)
    full[:, before] = state
    sets, set_of = np.unique(follows.set_of[entries], return_inverse=True)
    used = np.repeat(np.isin(np.arange(len(follows.first) - 1), sets), np.diff(follows.first))
    starts = np.cumsum(np.diff(follows.first)[sets]) - np.diff(follows.first)[sets]
    hulls = np.minimum.reduceat(full[:, follows.columns[used]], starts, axis=1)
    return np.asarray(hulls[:, set_of.ravel()])


def _month(horizon: Horizon, stage: _Stage, t: int, state: Array, outside: Array) -> tuple[Array, Array, Array]:
    """Deciders per weight (2, C, n, W), who joins every entry (2, m, W), the alternatives' customers after the month.

    Deciders of the alternatives' class are told twice, the second time with n_0 written as everyone less the plans'
    customers; what is better holds.
    """
    people, entrants, zero = horizon.people[t], horizon.entrants[t], horizon.origin[0]
    rho, group = horizon.outside_decision_rate, stage.group
    held = stage.hull(stage.by_column(state)).sum(axis=1)
    outside = np.maximum(outside, SIDES[:, None] * people + held[::-1])
    moving = stage.by_column(stage.own * (stage.rate * state)[:, None])
    hull = stage.hull(moving)
    sums = hull.sum(axis=2)
    sums[:, zero] += rho * outside + SIDES[:, None] * entrants
    given = sums[:, :, None] + (moving - hull[:, :, group])
    ends = stage.beyond * state
    part = stage.by_column(np.minimum(ends, -ends[::-1]))
    hull = stage.hull(part)
    total = SIDES[:, None] * (rho * people + entrants) + hull.sum(axis=1)
    sums[:, zero] = np.maximum(sums[:, zero], total)
    given[:, zero] = np.maximum(given[:, zero], total[:, None] + part - hull[:, group])
    away = horizon.outside_weight[t]
    rates = given / (stage.ours_given + away[:, None])
    np.maximum(rates[0], 0.0, out=rates[0])
    np.maximum(sums[0], 0.0, out=sums[0])
    joined = (stage.weight * rates[:, :, stage.column]).sum(axis=1)
    chosen = (sums * away / (stage.ours + away)).sum(axis=1)
    return rates, joined, (1.0 - rho) * outside + chosen
