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
    """Backwards through the months of a path (K, J), in the unit of the value.

    Source: Bellman's equation of a fixed policy; the state is the multiplier of these values, so that
    value = sum v(0) start + sum over months of entrants x lambda of their class.
    """
    rows, types = horizon.start.shape
    after = np.zeros((horizon.months + 1, rows, types))
    decider = np.zeros((horizon.months, len(horizon.habit), types))
    rate, attraction, gain = (np.empty((rows, types)) for _ in range(3))
    rate[0] = horizon.outside_decision_rate
    for t in reversed(range(horizon.months)):
        menu = path[horizon.stage[t]]
        rate[1:], attraction[0] = horizon.decision_rate[menu], horizon.outside_attraction[t]
        attraction[1:] = horizon.attraction[menu]
        gain[0], gain[1:] = after[t + 1, 0], horizon.monthly_reward[t, menu] + after[t + 1, 1:]
        decider[t] = dynamics.decider_value(dynamics.choice_weights(attraction, horizon.habit), gain)
        after[t] = dynamics.customer_value(rate, gain, decider[t, horizon.origin])
    entering = (horizon.entrants * decider[:, horizon.origin[0]]).sum()
    return CustomerValues(after, decider, float((after[0] * horizon.start).sum() + entering))
