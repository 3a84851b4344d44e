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

    ``path``: (B, K, G) columns. ``customers``: (B or 1, J+1, I) before that month.
    """
    h = horizon
    rate = np.empty((len(path), h.plans + 1, h.types))
    weights = np.empty((len(path), h.classes, h.plans + 1, h.types))
    for k in range(stage, h.stages):
        entries = h.entries(path[:, k])
        rate[:, 0], rate[:, 1:] = h.outside_decision_rate, h.at(h.decision_rate, k)[entries]
        weights[:, :, 1:] = np.moveaxis(h.at(h.choice_weight, k)[:, entries], 0, 1)
        for t in h.months_of[k]:
            weights[:, :, 0] = h.outside_weight[t]
            moving = dynamics.deciders(customers, rate, h.members, h.entrants[t])
            joined = dynamics.joining(weights, dynamics.per_weight(moving, weights))
            customers = dynamics.after_decisions(customers, rate, joined)
            yield customers


def simulate(horizon: Horizon, path: Ints) -> Array:
    """Customers (T, J+1, I) after every month's decisions under one path, (K, G) columns."""
    return np.concatenate(list(walk(horizon, path[None], horizon.start[None])))


def values(horizon: Horizon, paths: Ints) -> Array:
    """Value (B,) of paths (B, K, G): the sum over months of weight x reward x customers after decisions."""
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
    """Value (B,) of one month: menus (B, G) columns, customers (B, J+1, I) after the month's decisions."""
    return np.asarray(earned_streams(horizon, month, menu, customers) @ horizon.weight[:, month])


def earned_streams(horizon: Horizon, month: int, menu: Ints, customers: Array) -> Array:
    """(B, Q) every stream of reward in one month, before weights; see ``earned``."""
    reward = horizon.at(horizon.reward, int(horizon.stage[month]))
    return np.asarray(np.einsum("qbji,bji->bq", reward[:, horizon.entries(menu)], customers[:, 1:]))
