"""What customers are worth along a path, by stream and plan on which it is earned; and what revenue they keep."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from optimizer.economics import cash, lifetime
from optimizer.horizon.instance import Horizon
from optimizer.horizon.simulate import earned_streams, start_state, terms_held, walk
from optimizer.horizon.values import customer_values
from optimizer.typing import Array, Ints


@dataclass(frozen=True)
class LifetimeValues:
    """Of a customer before the first month, on the terms of then; ``parts`` and ``brought`` add up to ``total``."""

    total: Array
    """(J, I) value of a customer of a plan less that of the same person on the alternatives."""
    parts: Array
    """(Q, J, J, I) without word of mouth, by stream, plan where it is earned, and plan held."""
    brought: Array
    """(J, I) word of mouth: what the people are worth whom a customer brings, and whom those bring."""

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
    total, quiet = _lifetime(horizon, path), _without_referral(horizon)
    parts = [[_lifetime(_only(quiet, q, j), path) for j in range(horizon.plans)] for q in range(len(horizon.weight))]
    brought = np.zeros_like(total) if quiet is horizon else total - _lifetime(quiet, path)
    return LifetimeValues(total, np.array(parts), brought)


def _lifetime(horizon: Horizon, path: Ints) -> Array:
    """(J, I)"""
    found = customer_values(horizon, path)
    before = found.after[0]
    if found.on_terms is not None and horizon.today is not None:
        before = np.vstack([before[:1], found.on_terms[0, horizon.entries(horizon.today)]])
    return lifetime.lifetime_value(before)


def _without_referral(horizon: Horizon) -> Horizon:
    """The horizon in which nobody brings anybody; itself where that is so."""
    reach = horizon.reach
    if reach is None or not reach.referral.any():
        return horizon
    return replace(horizon, reach=replace(reach, referral=np.zeros_like(reach.referral)))


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
    value of today's customers in a horizon without word of mouth in which that month alone earns. Nan beyond the last
    month.
    """
    if not 0 <= month < month + span < horizon.months:
        return float("nan")
    after = next(itertools.islice(walk(horizon, path[None], start_state(horizon)), month, None))
    held, now = after[0, 1:], earned_streams(horizon, month, path[None], after)[0] @ revenue[:, month]
    earning = np.where(np.arange(horizon.months) == month + span, revenue, 0.0)
    then = customer_values(replace(_without_referral(horizon), weight=earning), path)
    worth = then.after[month + 1, 1:]
    if then.on_terms is not None:
        worth = then.on_terms[month + 1, terms_held(horizon, path[None], int(horizon.stage[month]))[0]]
    return cash.net_revenue_retention(float((held * worth).sum()), float(now))
