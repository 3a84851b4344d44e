"""What can be said of the customers under every path of a box of menus: intervals, month by month.

Customers of a plan are told given the plan's own level, deciders per weight given the own level of one plan. A stage
starts from the hull over the levels that may come before. Everyone together is known exactly, and tells the most that
the others leave over for the alternatives and for any one plan.
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
    """Of the M months of a stage, over the n columns that it may take; W types."""

    months: range
    columns: Ints
    """(n,)"""
    customers: Array
    """(M, 2, n, W) (least, minus most) on the column's plan before the month, if the plan stands there in the stage."""
    per_weight: Array
    """(M, 2, C, n, W) (least, minus most) deciders per unit of choice weight, if the column's plan stands there."""


@dataclass(frozen=True)
class _Stage:
    """What a stage's months share."""

    columns: Ints
    plan: Ints
    """(n,) plan of every column."""
    first: Ints
    """(J,) where each plan's columns begin."""
    rate: Array
    attraction: Array
    stays: Array
    """(n, W) 1 - rate."""
    beyond: Array
    """(n, W) rate for columns whose deciders are of the alternatives' class (else 0), less the alternatives' rate."""
    habit: Array
    """(C, n, 1)"""
    own: Array
    """(C, n, 1): 1 for the class of the column's deciders."""
    weight: Array
    """(2, C, W) choice weight of our plans together, (most, least): what (least, most) deciders are divided by."""
    own_weight: Array
    """(2, C, n, W) the same, given the level of one plan."""


def ranges(horizon: Horizon, box: Bools) -> Iterator[StageRanges]:
    """The intervals of every stage over a box (K, N) whose columns are all reachable (``paths.reachable``)."""
    outside = SIDES[:, None] * horizon.start[0]
    state = np.empty((2, 0, horizon.types))
    for k, months in enumerate(horizon.months_of):
        stage = _stage(horizon, np.flatnonzero(box[k]))
        if k:
            state = _entered(horizon, np.flatnonzero(box[k - 1]), stage.columns, state)
        else:
            state = SIDES[:, None, None] * horizon.start[1:][stage.plan]
        customers, rates = [], []
        for t in months:
            rate, joined, outside = _month(horizon, stage, t, state, outside)
            customers.append(state)
            rates.append(rate)
            state = stage.stays * state + joined
            np.maximum(state[1], -horizon.people[t + 1], out=state[1])
        yield StageRanges(months, stage.columns, np.stack(customers), np.stack(rates))


def _stage(horizon: Horizon, columns: Ints) -> _Stage:
    plan = horizon.plan[columns]
    first = np.searchsorted(plan, np.arange(horizon.plans))
    rate, attraction = horizon.decision_rate[columns], horizon.attraction[columns]
    ours, members = horizon.habit[:, 1:], horizon.members[:, 1:]
    habit, own = ours[:, plan, None], members[:, plan, None]
    hulls = np.stack([np.maximum.reduceat(attraction, first), np.minimum.reduceat(attraction, first)])
    weight = ours @ hulls
    given = weight[:, :, None] + habit * (attraction - hulls[:, plan])[:, None]
    beyond = own[horizon.origin[0]] * rate - horizon.outside_decision_rate
    return _Stage(columns, plan, first, rate, attraction, 1.0 - rate, beyond, habit, own, weight,
                  np.maximum(given, 0.0))  # fmt: skip


def _entered(horizon: Horizon, before: Ints, columns: Ints, state: Array) -> Array:
    """Customers at the start of a stage: the hull over the columns before that a column may follow."""
    row, source = np.nonzero(horizon.follows[np.ix_(before, columns)].T)
    return np.minimum.reduceat(state[:, source], np.searchsorted(row, np.arange(len(columns))), axis=1)


def _month(horizon: Horizon, stage: _Stage, t: int, state: Array, outside: Array) -> tuple[Array, Array, Array]:
    """Deciders per weight (2, C, n, W), who joins every column (2, n, W), the alternatives' customers after the month.

    Deciders of the alternatives' class are told twice, the second time with n_0 written as everyone less the plans'
    customers; what is better holds.
    """
    people, entrants, zero = horizon.people[t], horizon.entrants[t], horizon.origin[0]
    rho, first, plan = horizon.outside_decision_rate, stage.first, stage.plan
    held = np.minimum.reduceat(state, first, axis=1).sum(axis=1)
    outside = np.maximum(outside, SIDES[:, None] * people + held[::-1])
    moving = stage.rate * state
    hull = np.minimum.reduceat(moving, first, axis=1)
    sums = horizon.members[:, 1:] @ hull
    sums[:, zero] += rho * outside + SIDES[:, None] * entrants
    given = sums[:, :, None] + stage.own * (moving - hull[:, plan])[:, None]
    ends = stage.beyond * state
    part = np.minimum(ends, -ends[::-1])
    hull = np.minimum.reduceat(part, first, axis=1)
    total = SIDES[:, None] * (rho * people + entrants) + hull.sum(axis=1)
    sums[:, zero] = np.maximum(sums[:, zero], total)
    given[:, zero] = np.maximum(given[:, zero], total[:, None] + part - hull[:, plan])
    away = horizon.habit[:, :1] * horizon.outside_attraction[t]
    rates = given / (stage.own_weight + away[:, None])
    np.maximum(rates[0], 0.0, out=rates[0])
    np.maximum(sums[0], 0.0, out=sums[0])
    joined = stage.attraction * (stage.habit * rates).sum(axis=1)
    chosen = (sums * away / (stage.weight + away)).sum(axis=1)
    return rates, joined, (1.0 - rho) * outside + chosen
