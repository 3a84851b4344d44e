"""The exact path of customers under a path of menus, in numpy. It audits every answer and never sees a bound.

Customers are held by the terms they are on: everyone on those of the month's menu, or, where terms are kept, a band of
rows for every stage in which they joined or last decided (and one for the terms of today, where those are told).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimizer.economics import dynamics
from optimizer.horizon.again import chosen_again
from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Ints

NUMBERS = 1 << 18
"""Customers in one array of an evaluation: fits a second-level cache."""


def walk(horizon: Horizon, path: Ints, state: Array, stage: int = 0) -> Iterator[Array]:
    """State (B, 1 + bands x J, I) after every month's decisions, from the first month of a stage on.

    ``path``: (B, K, G) columns. ``state``: (B or 1, 1 + bands x J, I) before that month, as ``start_state`` has it.
    """
    h, bands = horizon, _bands(horizon)
    members = np.hstack([h.members[:, :1], np.tile(h.members[:, 1:], bands)])
    rate = np.empty((len(path), 1 + bands * h.plans, h.types))
    weights = np.empty((len(path), h.classes, h.plans + 1, h.types))
    for k in range(stage, h.stages):
        rate[:, 0], rate[:, 1:] = h.outside_decision_rate, h.at(h.decision_rate, k)[terms_held(h, path, k)]
        weights[:, :, 1:] = np.moveaxis(h.at(h.choice_weight, k)[:, h.entries(path[:, k])], 0, 1)
        chosen = _chosen_rows(h, k)
        for t in h.months_of[k]:
            weights[:, :, 0] = h.outside_weight[t]
            moving = dynamics.deciders(state, rate, members, h.entrants[t])
            joined = np.zeros((len(path), *state.shape[1:]))
            joined[:, chosen] = dynamics.joining(weights, dynamics.per_weight(moving, weights))
            if h.reach is not None:
                joined[:, 0] += dynamics.newly_reached(
                    customers(h, state), h.reach.speed, h.reach.base[t], h.reach.referral
                )
            state = dynamics.after_decisions(state, rate, joined)
            yield state


def start_state(horizon: Horizon) -> Array:
    """(1, 1 + bands x J, I) before the first month."""
    state = np.zeros((1, 1 + _bands(horizon) * horizon.plans, horizon.types))
    state[0, : horizon.plans + 1] = horizon.start
    return state


def customers(horizon: Horizon, state: Array) -> Array:
    """(B, J+1, I) on whatever terms."""
    if not horizon.keeps:
        return state
    held = state[:, 1:].reshape(len(state), -1, horizon.plans, horizon.types).sum(axis=1)
    return np.concatenate([state[:, :1], held], axis=1)


def _bands(horizon: Horizon) -> int:
    return horizon.stages + (horizon.today is not None) if horizon.keeps else 1


def terms_held(horizon: Horizon, path: Ints, stage: int) -> Ints:
    """(B, bands x J) entry of every row in a stage: the menu's, or of each band the menu that it holds."""
    h = horizon
    if not h.keeps:
        return h.entries(path[:, stage])
    held = path if h.today is None else np.concatenate([np.tile(h.today, (len(path), 1, 1)), path], axis=1)
    return h.entries(held).reshape(len(path), -1)


def _chosen_rows(horizon: Horizon, stage: int) -> Ints:
    """(J+1,) rows that the deciders of a stage join."""
    band = stage + (horizon.today is not None) if horizon.keeps else 0
    return np.concatenate([[0], 1 + band * horizon.plans + np.arange(horizon.plans)])


def simulate(horizon: Horizon, path: Ints) -> Array:
    """Customers (T, J+1, I) after every month's decisions under one path, (K, G) columns."""
    return np.concatenate([customers(horizon, s) for s in walk(horizon, path[None], start_state(horizon))])


def values(horizon: Horizon, paths: Ints) -> Array:
    """Value (B,) of paths (B, K, G): the sum over months of weight x reward x customers after decisions."""
    start = start_state(horizon)
    least = max(1, NUMBERS // start.size)
    parts = np.split(paths, range(least, len(paths), least))
    return np.concatenate([rest_value(horizon, part, start) for part in parts])


def rest_value(horizon: Horizon, paths: Ints, state: Array, stage: int = 0) -> Array:
    """Value (B,) from the first month of a stage on."""
    total, t = np.zeros(len(paths)), int(horizon.months_of[stage].start)
    for after in walk(horizon, paths, state, stage):
        total += earned(horizon, t, paths, after)
        t += 1
    return total


def earned(horizon: Horizon, month: int, paths: Ints, state: Array) -> Array:
    """Value (B,) of one month: paths (B, K, G) of columns, the state after the month's decisions."""
    return np.asarray(earned_streams(horizon, month, paths, state) @ horizon.weight[:, month])


def earned_streams(horizon: Horizon, month: int, paths: Ints, state: Array) -> Array:
    """(B, Q) every stream of reward in one month, before weights; see ``earned``."""
    k = int(horizon.stage[month])
    held = terms_held(horizon, paths, k)
    total = np.einsum("qbji,bji->bq", horizon.at(horizon.reward, k)[:, held], state[:, 1:])
    if horizon.again is not None:
        chosen = np.tile(chosen_again(horizon, month, paths[:, k]), (1, _bands(horizon), 1))
        total = total + np.einsum("qbji,bji->bq", horizon.at(horizon.again, k)[:, held], state[:, 1:] * chosen)
    return np.asarray(total)


def streams(horizon: Horizon, path: Ints) -> Array:
    """(T, Q) every stream of reward in every month of one path, (K, G) columns, before weights."""
    months = enumerate(walk(horizon, path[None], start_state(horizon)))
    return np.concatenate([earned_streams(horizon, t, path[None], state) for t, state in months])
