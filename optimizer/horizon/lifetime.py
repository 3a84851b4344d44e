"""What customers are worth along a path, by stream and plan on which it is earned; and what revenue they keep."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer.economics import cash, lifetime
from optimizer.horizon.instance import Horizon
from optimizer.horizon.simulate import simulate
from optimizer.horizon.values import customer_values
from optimizer.typing import Array, Ints


@dataclass(frozen=True)
class LifetimeValues:
    """Of a customer before the first month; ``parts`` add up to ``total``."""

    total: Array
    """(J, I) value of a customer of a plan less that of the same person on the alternatives."""
    parts: Array
    """(Q, J, J, I) by stream, plan where it is earned, and plan held."""

    @property
    def own(self) -> Array:
        """(Q, J, I) earned on the plan held."""
        return lifetime.own_part(self.parts)

    @property
    def later(self) -> Array:
        """(Q, J, I) earned on other plans: upgrades."""
        return lifetime.later_part(self.parts)


def lifetime_values(horizon: Horizon, path: Ints) -> LifetimeValues:
    """Along a path (K, G) of columns: the adjoint once for every stream and plan, as if only it earned.

    The simulated path changes by ``total`` where a person is on the plan instead of on the alternatives.
    """
    total = lifetime.lifetime_value(customer_values(horizon, path).after[0])
    parts = [[lifetime.lifetime_value(customer_values(_only(horizon, q, j), path).after[0])
              for j in range(horizon.plans)] for q in range(len(horizon.weight))]  # fmt: skip
    return LifetimeValues(total, np.array(parts))


def _only(horizon: Horizon, stream: int, plan: int) -> Horizon:
    """The horizon in which one stream of one plan earns."""
    here = (horizon.entry_row == plan + 1)[:, None]
    return replace(
        horizon,
        reward=np.where(here, horizon.reward[:, stream : stream + 1], 0.0),
        weight=horizon.weight[stream : stream + 1],
    )


def net_revenue_retention(horizon: Horizon, path: Ints, revenue: Array, month: int = 0, span: int = 12) -> float:
    """Revenue in month + span of those who are customers after ``month``, over their revenue in it.

    ``revenue``: (Q, T) weight of every stream, undiscounted. Who leaves and comes back counts; nobody new does: the
    value of today's customers in a horizon in which that month alone earns. Nan beyond the last month.
    """
    if not 0 <= month < month + span < horizon.months:
        return float("nan")
    held = simulate(horizon, path)[month, 1:]
    stage, months = int(horizon.stage[month]), np.arange(horizon.months)
    reward = horizon.at(horizon.reward, stage)[:, horizon.entries(path[stage])]
    now = np.einsum("q,qji->ji", revenue[:, month], reward)
    then = customer_values(replace(horizon, weight=np.where(months == month + span, revenue, 0.0)), path)
    return cash.net_revenue_retention(float((held * then.after[month + 1, 1:]).sum()), float((held * now).sum()))
