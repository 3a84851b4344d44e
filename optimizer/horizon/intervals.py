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


@dataclass(frozen=True)
class MonthRanges:
    """Of one month, over the n columns that its stage may take; W types."""

    month: int
    columns: Ints
    """(n,)"""
    low: Array
    """(n, W) least customers of the column's plan before the month, if the plan stands there in this stage."""
    high: Array
    """(n, W) most."""
    per_weight_low: Array
    """(C, n, W) least deciders per unit of choice weight, if the column's plan stands there."""
    per_weight_high: Array
    """(C, n, W) most."""


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
    least: Array
    """(C, W) least choice weight of our plans together."""
    most: Array
    own_least: Array
    """(C, n, W) the same, given the level of one plan."""
    own_most: Array


def ranges(horizon: Horizon, box: Bools) -> Iterator[MonthRanges]:
    """The intervals of every month over a box (K, N) whose columns are all reachable (``paths.reachable``)."""
    outside = (horizon.start[0], horizon.start[0])
    low = high = np.empty((0, horizon.types))
    for k, months in enumerate(horizon.months_of):
        stage = _stage(horizon, np.flatnonzero(box[k]))
        if k:
            low, high = _entered(horizon, np.flatnonzero(box[k - 1]), stage.columns, low, high)
        else:
            low = high = horizon.start[1:][stage.plan]
        for t in months:
            found, joined, outside = _month(horizon, stage, t, low, high, outside)
            yield found
            room = horizon.people[t + 1]
            low = stage.stays * low + joined[0]
            high = np.minimum(stage.stays * high + joined[1], room)


def _stage(horizon: Horizon, columns: Ints) -> _Stage:
    plan = horizon.plan[columns]
    first = np.searchsorted(plan, np.arange(horizon.plans))
    rate, attraction = horizon.decision_rate[columns], horizon.attraction[columns]
    habit = horizon.habit[:, 1:][:, plan, None]
    own = horizon.members[:, 1:][:, plan, None]
    least, most = np.minimum.reduceat(attraction, first), np.maximum.reduceat(attraction, first)
    totals = [horizon.habit[:, 1:] @ hull for hull in (least, most)]
    given = [total[:, None] + habit * (attraction - hull[plan])
             for total, hull in zip(totals, (least, most), strict=True)]  # fmt: skip
    beyond = own[horizon.origin[0]] * rate - horizon.outside_decision_rate
    return _Stage(columns, plan, first, rate, attraction, 1.0 - rate, beyond, habit, own, totals[0], totals[1],
                  np.maximum(given[0], 0.0), np.maximum(given[1], 0.0))  # fmt: skip


def _entered(horizon: Horizon, before: Ints, columns: Ints, low: Array, high: Array) -> tuple[Array, Array]:
    """Customers at the start of a stage: the hull over the columns before that a column may follow."""
    row, source = np.nonzero(horizon.follows[np.ix_(before, columns)].T)
    starts = np.searchsorted(row, np.arange(len(columns)))
    return np.minimum.reduceat(low[source], starts), np.maximum.reduceat(high[source], starts)


def _month(
    horizon: Horizon, stage: _Stage, t: int, low: Array, high: Array, outside: tuple[Array, Array]
) -> tuple[MonthRanges, tuple[Array, Array], tuple[Array, Array]]:
    """The month's ranges, who joins every column, and the alternatives' customers after it."""
    people, entrants, zero = horizon.people[t], horizon.entrants[t], horizon.origin[0]
    rho, first, plan = horizon.outside_decision_rate, stage.first, stage.plan
    held = (np.minimum.reduceat(low, first), np.maximum.reduceat(high, first))
    outside = (np.maximum(outside[0], people - held[1].sum(axis=0)), np.minimum(outside[1], people - held[0].sum(axis=0)))
    moving = (stage.rate * low, stage.rate * high)
    hulls = (np.minimum.reduceat(moving[0], first), np.maximum.reduceat(moving[1], first))
    sums, given = [], []
    for side in (0, 1):
        total = horizon.members[:, 1:] @ hulls[side]
        total[zero] += rho * outside[side] + entrants
        sums.append(total)
        given.append(total[:, None] + stage.own * (moving[side] - hulls[side][plan]))
    # The alternatives' class once more, with n_0 written as everyone less the plans' customers.
    ends = (stage.beyond * low, stage.beyond * high)
    for side, pick, best in ((0, np.minimum, np.maximum), (1, np.maximum, np.minimum)):
        part = pick(*ends)
        hull = pick.reduceat(part, first)
        total = rho * people + entrants + hull.sum(axis=0)
        sums[side][zero] = best(sums[side][zero], total)
        given[side][zero] = best(given[side][zero], total + part - hull[plan])
    away = horizon.habit[:, :1] * horizon.outside_attraction[t]
    rates = (given[0] / (stage.own_most + away[:, None]), given[1] / (stage.own_least + away[:, None]))
    rates = (np.maximum(rates[0], 0.0), np.maximum(rates[1], 0.0))
    joined = tuple(stage.attraction * (stage.habit * rate).sum(axis=0) for rate in rates)
    chosen = (np.maximum(sums[0], 0.0) * away / (stage.most + away), sums[1] * away / (stage.least + away))
    after = tuple((1.0 - rho) * n + c.sum(axis=0) for n, c in zip(outside, chosen, strict=True))
    found = MonthRanges(t, stage.columns, low, high, *rates)
    return found, (joined[0], joined[1]), (after[0], after[1])
