"""What a customer and a decider are worth along a path of menus: the adjoint of the simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.economics import dynamics
from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Ints


@dataclass(frozen=True)
class CustomerValues:
    """Along a reference path; a customer of a plan is worth ``after[0][j] - after[0][0]`` more than one elsewhere."""

    after: Array
    """(T+1, J+1, I) value of a customer before month t's decisions, so after month t - 1's bill; 0 at the end."""
    decider: Array
    """(T, C, I) value of someone who decides in a month."""
    value: float
    """Of the path, as the simulation has it up to rounding."""


def customer_values(horizon: Horizon, path: Ints) -> CustomerValues:
    """Backwards through the months of a path (K, G), in the unit of the value.

    Source: Bellman's equation of a fixed policy; the state is the multiplier of these values, so that
    value = sum v(0) start + sum over months of entrants x lambda of their class.
    """
    h, (rows, types) = horizon, horizon.start.shape
    after = np.zeros((h.months + 1, rows, types))
    decider = np.zeros((h.months, h.classes, types))
    rate, gain, weights = np.empty((rows, types)), np.empty((rows, types)), np.empty((h.classes, rows, types))
    rate[0] = h.outside_decision_rate
    for t in reversed(range(h.months)):
        k = int(h.stage[t])
        entries = h.entries(path[k])
        rate[1:], weights[:, 1:] = h.at(h.decision_rate, k)[entries], h.at(h.choice_weight, k)[:, entries]
        weights[:, 0] = h.outside_weight[t]
        gain[0], gain[1:] = after[t + 1, 0], h.monthly_reward[t, entries] + after[t + 1, 1:]
        decider[t] = dynamics.decider_value(weights, gain)
        after[t] = dynamics.customer_value(rate, gain, decider[t, h.origin])
    entering = (h.entrants * decider[:, h.origin[0]]).sum()
    return CustomerValues(after, decider, float((after[0] * h.start).sum() + entering))
