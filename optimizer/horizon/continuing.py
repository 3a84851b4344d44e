"""What customers are worth by the column that they are on, and deciders, along a mixed path.

A column is held for a whole stage, so within a stage a customer is valued under that column, whatever the mixed path
takes there; after the stage as one who goes on to the columns of the mixed path, or as near to them as the column can
be followed. Deciders choose among the columns of the mixed path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.economics import dynamics
from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Bools, Ints


@dataclass(frozen=True)
class ContinuingValues:
    """In the unit of the value."""

    gain: Array
    """(T, E, I) a month's reward in every entry and the value after it."""
    decider: Array
    """(T, C, I) value of someone who decides in a month."""
    entering: Array
    """(K, E, I) value of a customer in every entry at the start of a stage."""
    leaving: Array
    """(K, E, I) the value after a stage that is in its gains."""
    chosen: Array
    """(T, C, G, I) what choosing a group's entries adds to deciders along the mixed path, less what they are worth."""
    constant: float
    """Of those with the alternatives at the start, who enter, and who are reached without word of mouth."""


def continuing_values(horizon: Horizon, box: Bools, shares: Array) -> ContinuingValues:
    """Backwards through the months. ``shares``: (K, N) within the box, of every group 1 in every stage.

    Source: Bellman's equation of a fixed policy; see ``bounds`` for why any values give a bound.
    """
    h, (entries, types) = horizon, (len(horizon.entry_row), horizon.types)
    row, group = h.entry_row, np.repeat(np.arange(h.groups), h.widths * np.array(h.sizes))
    gain, decider = np.empty((h.months, entries, types)), np.empty((h.months, h.classes, types))
    entering, leaving = np.zeros((2, h.stages, entries, types))
    chosen = np.empty((h.months, h.classes, h.groups, types))
    outside, constant = np.zeros(types), 0.0
    begin = np.searchsorted(group, np.arange(h.groups))
    for k in reversed(range(h.stages)):
        if k + 1 < h.stages:
            leaving[k] = entering[k + 1] if h.keeps else _leaving(h, k, box, shares, entering[k + 1])
        value, rate = leaving[k], h.at(h.decision_rate, k)
        taken = h.at(h.choice_weight, k) * shares[k, h.entry_column][:, None]
        for t in reversed(h.months_of[k]):
            gain[t] = h.monthly_reward[t] + value
            away = h.outside_weight[t]
            decider[t] = (away * outside + (taken * gain[t]).sum(axis=1)) / (away + taken.sum(axis=1))
            chosen[t] = np.add.reduceat(taken * (gain[t] - decider[t][:, None]), begin, axis=1)
            value = dynamics.customer_value(rate, gain[t], decider[t, h.origin[row]])
            own, later = decider[t, h.origin[0]], outside
            constant += float((h.entrants[t] * own).sum())
            outside = dynamics.customer_value(h.outside_decision_rate, later, own)
            if h.reach is not None:
                constant += float((h.reach.speed * h.reach.base[t] * later).sum())
                brought = dynamics.reach_value(h.reach.speed, h.reach.referral, later)
                value, outside = value + brought[row], outside + brought[0]
        entering[k] = value
    return ContinuingValues(
        gain, decider, entering, leaving, chosen, constant + float((outside * h.start[0]).sum())
    )  # fmt: skip


def _leaving(horizon: Horizon, k: int, box: Bools, shares: Array, entering: Array) -> Array:
    """(E, I) the value after a stage of who is on a column of the box; 0 elsewhere."""
    h, found = horizon, np.zeros_like(entering)
    pairs = h.arcs_between(k)
    inside = box[k, pairs.source] & box[k + 1, pairs.target]
    source, target = pairs.source[inside], pairs.target[inside]
    order = np.argsort(source, kind="stable")
    for g in range(h.groups):
        a, b = h.first[g], h.first[g + 1]
        into = a + np.flatnonzero(shares[k + 1, a:b])
        columns = a + np.flatnonzero(box[k, a:b])
        own = order[h.group[source[order]] == g]
        listed = bool(pairs.listed[a])
        for column in into:
            to = _nearest(h, source[own], target[own], column) if listed else np.full(len(columns), column)
            for place in range(h.widths[g]):
                worth = entering[h.entry_first[to] + place]
                found[h.entry_first[columns] + place] += shares[k + 1, column] * worth
    return found


def _nearest(horizon: Horizon, source: Ints, target: Ints, column: int) -> Ints:
    """Of every earlier column's followers, the one with the fewest levels to a column; pairs in order."""
    places = np.arange(horizon.widths[horizon.group[column]])
    levels = horizon.level[horizon.entry_first[target][:, None] + places]
    away = np.abs(levels - horizon.level[horizon.entry_first[column] + places]).sum(axis=1)
    found = np.minimum.reduceat(away * horizon.columns + target, np.flatnonzero(np.diff(source, prepend=-1)))
    return np.asarray(found % horizon.columns)
