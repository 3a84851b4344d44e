"""Limits on paths that are linear in customers: what a path keeps of them, and the horizon at multipliers for them.

A limit is a weight of every stream in every month: of one month, from a date on, in a window, over the horizon, up to
a date (as for cash), or of a ratio turned linear (a margin of 60 %: margin less 0.6 revenue is 0 or more).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optimizer.horizon.instance import Horizon
from optimizer.horizon.simulate import NUMBERS, earned_streams, start_state, walk
from optimizer.typing import Array, Bools, Ints

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class PathLimit:
    """``sum over streams and months of weight x stream >= at_least``; a tolerance, where there is one, is inside."""

    name: str
    weight: Array
    """(Q, T)"""
    at_least: float


@dataclass(frozen=True)
class Limited:
    """A horizon and the K limits that its paths must keep."""

    horizon: Horizon
    limits: tuple[PathLimit, ...]

    @cached_property
    def weights(self) -> Array:
        """(1+K, Q, T): of the value, then of every limit."""
        return np.stack([self.horizon.weight, *(limit.weight for limit in self.limits)])

    @cached_property
    def least(self) -> Array:
        """(K,)"""
        return np.array([limit.at_least for limit in self.limits])

    @cached_property
    def sizes(self) -> Array:
        """(1+K,) no path's value, or limit, is larger than this; in any unit of money the same share of it."""
        reward = np.abs(self.horizon.reward).max(axis=(0, 2))
        if self.horizon.again is not None:
            reward = reward + np.abs(self.horizon.again).max(axis=(0, 2))
        monthly = np.einsum("qi,ti->qt", reward, self.horizon.people[1:])
        return np.asarray(np.einsum("kqt,qt->k", np.abs(self.weights), monthly))

    def priced(self, rows: Array) -> Horizon:
        """The horizon whose value is ``rows[0]`` x the value + ``rows[1:]`` x the limits' sums."""
        return replace(self.horizon, weight=np.einsum("k,kqt->qt", rows, self.weights))

    def constant(self, rows: Array) -> float:
        """What is added to it, so that no path that keeps the limits is worth less than ``rows[0]`` x its value.

        More than rounding takes off is in it: streams may cancel in the priced horizon that do not in the value.
        """
        terms = 8 + self.horizon.months + self.horizon.types + len(self.horizon.first) + self.weights[:, :, 0].size
        return float(-rows[1:] @ self.least + 4.0 * EPS * terms * (np.abs(rows) @ self.sizes))

    def assess(self, paths: Ints) -> Array:
        """(B, 1+K) value of paths (B, K, J), and by how much they keep every limit: below 0 where they do not."""
        least = max(1, NUMBERS // self.horizon.start.size)
        parts = np.split(paths, range(least, len(paths), least))
        found = np.concatenate([self.rest(part, start_state(self.horizon)) for part in parts])
        found[:, 1:] -= self.least
        return found

    def rest(self, paths: Ints, customers: Array, stage: int = 0) -> Array:
        """(B, 1+K) the value and the limits' sums from the first month of a stage on."""
        total, t = np.zeros((len(paths), len(self.weights))), int(self.horizon.months_of[stage].start)
        for after in walk(self.horizon, paths, customers, stage):
            total += earned_streams(self.horizon, t, paths, after) @ self.weights[:, :, t].T
            t += 1
        return total

    def lack(self, assessed: Array) -> Array:
        """(B,) by how much the limits are missed together, in shares of their sizes; 0 where all are kept."""
        sizes = np.where(self.sizes[1:] > 0.0, self.sizes[1:], 1.0)
        return np.asarray((np.maximum(-assessed[:, 1:], 0.0) / sizes).sum(axis=1))


def kept(assessed: Array) -> Bools:
    """(B,) whether all limits are kept."""
    return np.asarray((assessed[:, 1:] >= 0.0).all(axis=1))


def best_of(assessed: Array) -> int | None:
    """The path with the most value among those that keep all limits."""
    worth = np.where(kept(assessed), assessed[:, 0], -np.inf)
    best = int(worth.argmax())
    return best if worth[best] > -np.inf else None


def limited(horizon: Horizon, limits: Sequence[PathLimit]) -> Limited:
    """Frozen."""
    return Limited(horizon, tuple(limits))
