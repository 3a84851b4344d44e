"""Rewards of those who, deciding anew, would choose the same plan: as those of a business figure that counts leavers.

Such a reward is ``again`` x the probability q that someone who decides in the month takes the own plan again, which all
plans of the month's menu move. The simulation has it as it is. A bound has instead, over a box, the end of q that is
better by the sign of ``again``: given the own column, and between the least and the most weight of all other groups. So
no path of the box has more, a box of one path has what there is, and all else of the bound stays as it is. Where terms
are kept, the plan's column of the month is any of the box.
"""

from __future__ import annotations

import copy

import numpy as np

from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Bools, Ints


def chosen_again(horizon: Horizon, month: int, menus: Ints) -> Array:
    """(B, J, I) probability that a customer of a plan who decides in a month takes it again; menus (B, G)."""
    h, entries = horizon, horizon.entries(menus)
    weights = h.at(h.choice_weight, int(h.stage[month]))[:, entries]
    total = weights.sum(axis=2) + h.outside_weight[month][:, None]
    own, plans = h.origin[1:], np.arange(h.plans)
    return np.stack([weights[own[j], :, j] / total[own[j]] for j in plans], axis=1)


def over_box(horizon: Horizon, box: Bools) -> Horizon:
    """The horizon with rewards that are no less than those of any path of a box (K, N); itself where nothing hangs on
    who chooses again."""
    h, more = horizon, horizon.monthly_again
    if more is None:
        return h
    reward, known = h.monthly_reward.copy(), None
    for t in np.flatnonzero(more.any(axis=(1, 2))):
        k, away = int(h.stage[t]), h.outside_weight[t]
        if known is None or known[0] != k or not np.array_equal(known[1], away):
            known = k, away, _of_month(h, k, away, box[k])
        least, most = known[2]
        reward[t] += np.where(more[t] > 0.0, more[t] * most, more[t] * least)
    made = copy.copy(h)  # with all that was worked out of it, but this
    made.__dict__.update(again=None, monthly_reward=reward)
    return made


def _of_month(horizon: Horizon, k: int, away: Array, columns: Bools) -> Array:
    """(2, E, I) of a month's menus with the weight ``away`` (C, I) of the alternatives."""
    h, weight = horizon, horizon.at(horizon.choice_weight, k)
    together = np.add.reduceat(weight, h.entry_first[:-1], axis=1)
    inside, others = columns[:, None], 1.0 - np.eye(h.groups)
    low = np.minimum.reduceat(np.where(inside, together, np.inf), h.first[:-1], axis=1)
    high = np.maximum.reduceat(np.where(inside, together, -np.inf), h.first[:-1], axis=1)
    row, column = h.entry_row, h.entry_column
    c, g = h.origin[row], h.group[column]
    own = weight[c, np.arange(len(row))]
    ends = np.stack([own / (away[c] + together[c, column] + (others @ hull)[c, g]) for hull in (high, low)])
    return ends if not h.keeps else _of_any(h, columns, ends)


def _of_any(horizon: Horizon, columns: Bools, ends: Array) -> Array:
    """The same whatever column of the box the plan's group has in the month."""
    inside = columns[horizon.entry_column]
    found = np.empty_like(ends)
    for row in range(1, horizon.plans + 1):
        own = horizon.entry_row == row
        found[0, own] = ends[0, own & inside].min(axis=0)
        found[1, own] = ends[1, own & inside].max(axis=0)
    return found
