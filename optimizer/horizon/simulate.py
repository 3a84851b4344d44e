"""The exact path of customers under a path of menus, in numpy. It audits every answer and never sees a bound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimizer.economics import dynamics
from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Ints

NUMBERS = 1 << 18
"""Customers in one array of an evaluation: fits a second-level cache."""


def walk(horizon: Horizon, path: Ints, customers: Array, stage: int = 0) -> Iterator[Array]:
    """Customers (B, J+1, I) after every month's decisions, from the first month of a stage on.

    ``path``: (B, K, J) columns. ``customers``: (B or 1, J+1, I) before that month.
    """
    for k in range(stage, horizon.stages):
        ours = horizon.attraction[path[:, k]]
        rate = np.empty((len(path), horizon.plans + 1, horizon.types))
        rate[:, 0], rate[:, 1:] = horizon.outside_decision_rate, horizon.decision_rate[path[:, k]]
        attraction = np.empty_like(rate)
        attraction[:, 1:] = ours
        for t in horizon.months_of[k]:
            attraction[:, 0] = horizon.outside_attraction[t]
            weights = dynamics.choice_weights(attraction, horizon.habit)
            moving = dynamics.deciders(customers, rate, horizon.members, horizon.entrants[t])
            joined = dynamics.joining(weights, dynamics.per_weight(moving, weights))
            customers = dynamics.after_decisions(customers, rate, joined)
            yield customers


def simulate(horizon: Horizon, path: Ints) -> Array:
    """Customers (T, J+1, I) after every month's decisions under one path, (K, J) columns."""
    return np.concatenate(list(walk(horizon, path[None], horizon.start[None])))


def values(horizon: Horizon, paths: Ints) -> Array:
    """Value (B,) of paths (B, K, J): the sum over months of weight x reward x customers after decisions."""
    least = max(1, NUMBERS // horizon.start.size)
    parts = np.split(paths, range(least, len(paths), least))
    return np.concatenate([rest_value(horizon, part, horizon.start[None]) for part in parts])


def rest_value(horizon: Horizon, paths: Ints, customers: Array, stage: int = 0) -> Array:
    """Value (B,) from the first month of a stage on."""
    total, t = np.zeros(len(paths)), int(horizon.months_of[stage].start)
    for after in walk(horizon, paths, customers, stage):
        total += earned(horizon, t, paths[:, horizon.stage[t]], after)
        t += 1
    return total


def earned(horizon: Horizon, month: int, menu: Ints, customers: Array) -> Array:
    """Value (B,) of one month: menus (B, J) columns, customers (B, J+1, I) after the month's decisions."""
    return np.asarray(streams(horizon, month, menu, customers) @ horizon.weight[:, month])


def streams(horizon: Horizon, month: int, menu: Ints, customers: Array) -> Array:
    """Every stream of one month before its weight, (B, Q); as ``earned``."""
    return np.asarray(np.einsum("qbji,bji->bq", horizon.reward[:, menu], customers[:, 1:]))
