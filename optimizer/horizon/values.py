"""What a customer and a decider are worth along a path of menus: the adjoint of the simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.economics import dynamics
from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Ints


@dataclass(frozen=True)
class CustomerValues:
    """Along a reference path; a customer of a plan is worth ``after[0][j] - after[0][0]`` more than one elsewhere.

    Where terms are kept, ``after[t]`` is of someone on the terms of month t's menu, and ``on_terms`` of any.
    """

    after: Array
    """(T+1, J+1, I) value of a customer before month t's decisions, so after month t - 1's bill; 0 at the end."""
    decider: Array
    """(T, C, I) value of someone who decides in a month."""
    value: float
    """Of the path, as the simulation has it up to rounding."""
    on_terms: Array | None = None
    """(T+1, E, I) as ``after``, of a customer who keeps an entry's terms; where terms are kept."""


def customer_values(horizon: Horizon, path: Ints) -> CustomerValues:
    """Backwards through the months of a path (K, G), in the unit of the value.

    Source: Bellman's equation of a fixed policy; the state is the multiplier of these values, so that
    value = sum v(0) start + sum over months of entrants x lambda of their class and of those reached x G_0.
    """
    return _kept(horizon, path) if horizon.keeps else _moved(horizon, path)


def _moved(horizon: Horizon, path: Ints) -> CustomerValues:
    """Everyone is on the terms of the month's menu."""
    h, (rows, types) = horizon, horizon.start.shape
    after, decider = np.zeros((h.months + 1, rows, types)), np.zeros((h.months, h.classes, types))
    rate, gain = np.empty((rows, types)), np.empty((rows, types))
    rate[0] = h.outside_decision_rate
    for t in reversed(range(h.months)):
        k = int(h.stage[t])
        entries = h.entries(path[k])
        rate[1:] = h.at(h.decision_rate, k)[entries]
        gain[0], gain[1:] = after[t + 1, 0], h.monthly_reward[t, entries] + after[t + 1, 1:]
        decider[t] = dynamics.decider_value(_weights(h, t, entries), gain)
        after[t] = dynamics.customer_value(rate, gain, decider[t, h.origin])
        if h.reach is not None:
            after[t] += dynamics.reach_value(h.reach.speed, h.reach.referral, gain[0])
    value = float((after[0] * h.start).sum()) + _arriving(h, after, decider)
    return CustomerValues(after, decider, value)


def _kept(horizon: Horizon, path: Ints) -> CustomerValues:
    """Everyone keeps the terms of the stage in which they joined or last decided."""
    h, entries_of, row = horizon, horizon.entries(path)[horizon.stage], horizon.entry_row
    on_terms = np.zeros((h.months + 1, len(row), h.types))
    outside, decider = np.zeros((h.months + 1, h.types)), np.zeros((h.months, h.classes, h.types))
    for t in reversed(range(h.months)):
        rate = h.at(h.decision_rate, int(h.stage[t]))
        gain = h.monthly_reward[t] + on_terms[t + 1]
        chosen = np.concatenate([outside[None, t + 1], gain[entries_of[t]]])
        decider[t] = dynamics.decider_value(_weights(h, t, entries_of[t]), chosen)
        on_terms[t] = dynamics.customer_value(rate, gain, decider[t, h.origin[row]])
        own = decider[t, h.origin[0]]
        outside[t] = dynamics.customer_value(h.outside_decision_rate, outside[t + 1], own)
        if h.reach is not None:
            brought = dynamics.reach_value(h.reach.speed, h.reach.referral, outside[t + 1])
            on_terms[t] += brought[row]
            outside[t] += brought[0]
    shown = np.vstack([entries_of, entries_of[-1:]])
    after = np.concatenate([outside[:, None], np.take_along_axis(on_terms, shown[:, :, None], axis=1)], axis=1)
    held = entries_of[0] if h.today is None else h.entries(h.today)
    before = (outside[0] * h.start[0]).sum() + (on_terms[0, held] * h.start[1:]).sum()
    return CustomerValues(after, decider, float(before) + _arriving(h, after, decider), on_terms)


def _weights(horizon: Horizon, month: int, entries: Ints) -> Array:
    """(C, J+1, I) choice weights of a month's menu."""
    ours = horizon.at(horizon.choice_weight, int(horizon.stage[month]))[:, entries]
    return np.concatenate([horizon.outside_weight[month][:, None], ours], axis=1)


def _arriving(horizon: Horizon, after: Array, decider: Array) -> float:
    """What those are worth who enter or are reached without word of mouth."""
    entering = (horizon.entrants * decider[:, horizon.origin[0]]).sum()
    if horizon.reach is not None:
        entering += (horizon.reach.speed * horizon.reach.base * after[1:, 0]).sum()
    return float(entering)
