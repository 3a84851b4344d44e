"""Limits on paths that are linear in customers: what a path keeps of them, and the horizon at multipliers for them.

A limit is a weight of every stream in every month: of one month, from a date on, in a window, over the horizon, up to
a date (as for cash), or of a ratio turned linear (a margin of 60 %: margin less 0.6 revenue is 0 or more).

Over draws of what is not known there may be several aims, one a draw, of which a risk makes one value: the least
weighted sum. Any weights within their caps bound it, as any multipliers of limits bound what keeps them: both are
*rows*, weights of the A aims and then multipliers of the K limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optimizer.horizon.instance import Horizon
from optimizer.horizon.simulate import NUMBERS, earned_streams, start_state, walk
from optimizer.optimise.risks import least_weighted
from optimizer.typing import Array, Bools, Ints

EPS = float(np.finfo(np.float64).eps)
ROUNDED = 1e-6
"""By how much weights may be off 1 or a cap; what that changes is added to the bound."""


@dataclass(frozen=True)
class PathLimit:
    """``sum over streams and months of weight x stream >= at_least``; a tolerance, where there is one, is inside."""

    name: str
    weight: Array
    """(Q, T)"""
    at_least: float


@dataclass(frozen=True)
class PathRisk:
    """A aims, one a draw, and what is made of them: the least of weights x (aims - offsets)."""

    weight: Array
    """(A, Q, T) of every aim."""
    offsets: Array
    """(A,)"""
    caps: Array
    """(A,) most weight of every aim; weights add up to 1."""
    usual: Array
    """(A,) weights within the caps with which a search begins."""


@dataclass(frozen=True)
class Limited:
    """A horizon, the K limits that its paths must keep, and its aims: its own value where there is no risk."""

    horizon: Horizon
    limits: tuple[PathLimit, ...]
    risk: PathRisk | None = None

    @property
    def plain(self) -> bool:
        """Whether there is the horizon's own value alone."""
        return not self.limits and self.risk is None

    @property
    def aims(self) -> int:
        """A."""
        return 1 if self.risk is None else len(self.risk.weight)

    @cached_property
    def weights(self) -> Array:
        """(A+K, Q, T): of the aims, then of every limit."""
        aims = self.horizon.weight[None] if self.risk is None else self.risk.weight
        return np.stack([*aims, *(limit.weight for limit in self.limits)])

    @cached_property
    def least(self) -> Array:
        """(K,)"""
        return np.array([limit.at_least for limit in self.limits])

    @cached_property
    def taken(self) -> Array:
        """(A+K,) what is taken off aims and limits' sums."""
        return np.concatenate([np.zeros(1) if self.risk is None else self.risk.offsets, self.least])

    @cached_property
    def sizes(self) -> Array:
        """(A+K,) no path's aim, or limit, is larger than this; in any unit of money the same share of it."""
        h = self.horizon
        reward = np.abs(h.reward).max(axis=(0, 2))
        if h.again is not None:
            reward = reward + np.abs(h.again).max(axis=(0, 2))
        by_draw = [np.einsum("qi,ti->qt", reward[:, types], h.people[1:, types])
                   for types in np.split(np.arange(h.types), h.draw_first[1:])]  # fmt: skip
        return np.asarray(np.einsum("kqt,qt->k", np.abs(self.weights), np.concatenate(by_draw)))

    @cached_property
    def first_rows(self) -> Array:
        """(A+K,) the aims as searches begin with them, without limits."""
        aims = np.ones(1) if self.risk is None else self.risk.usual
        return np.concatenate([aims, np.zeros(len(self.limits))])

    @cached_property
    def most_rows(self) -> Array:
        """(A+K,) the largest that rows may be."""
        caps = np.ones(1) if self.risk is None else self.risk.caps
        return np.concatenate([caps, np.full(len(self.limits), np.inf)])

    def proves(self, rows: Array) -> bool:
        """Whether a bound at rows says something of the value, or with no aim in them of the limits alone."""
        fits = rows.shape == self.first_rows.shape and bool(np.isfinite(rows).all() and (rows >= 0.0).all())
        if not fits or self.without_aim(rows):
            return fits
        held = rows[: self.aims]
        return abs(float(held.sum()) - 1.0) <= ROUNDED and bool((held <= self.most_rows[: self.aims] + ROUNDED).all())

    def without_aim(self, rows: Array) -> bool:
        """Whether only limits are in the rows."""
        return not rows[: self.aims].any()

    def priced(self, rows: Array) -> Horizon:
        """The horizon whose value is ``rows`` x (the aims and the limits' sums)."""
        return replace(self.horizon, weight=np.einsum("k,kqt->qt", rows, self.weights))

    @cached_property
    def widest(self) -> Horizon:
        """No rows with an aim and without limits make more of any draw than this."""
        return self.horizon if self.risk is None else self.priced(np.concatenate([self.risk.caps, 0.0 * self.least]))

    def constant(self, rows: Array) -> float:
        """What is added to it, so that no path that keeps the limits is worth less than its value.

        More than rounding takes off is in it: streams may cancel in the priced horizon that do not in the value, and
        weights add up to 1 only nearly.
        """
        terms = 8 + self.horizon.months + self.horizon.types + len(self.horizon.first) + self.weights[:, :, 0].size
        slack = 4.0 * EPS * terms * (np.abs(rows) @ (self.sizes + np.abs(self.taken)))
        if self.risk is not None and not self.without_aim(rows):
            held, worth = rows[: self.aims], self.sizes[: self.aims] + np.abs(self.risk.offsets)
            off = abs(float(held.sum()) - 1.0) + float(np.maximum(0.0, held - self.risk.caps).sum())
            slack += 2.0 * (off + EPS * len(held)) * float(worth.max())
        return float(-rows @ self.taken + slack)

    def assess(self, paths: Ints) -> Array:
        """(B, A+K) aims of paths (B, K, J), and by how much they keep every limit: below 0 where they do not."""
        least = max(1, NUMBERS // self.horizon.start.size)
        parts = np.split(paths, range(least, len(paths), least))
        found = np.concatenate([self.rest(part, start_state(self.horizon)) for part in parts])
        return np.asarray(found - self.taken)

    def rest(self, paths: Ints, customers: Array, stage: int = 0) -> Array:
        """(B, A+K) the aims and the limits' sums from the first month of a stage on."""
        total, t = np.zeros((len(paths), len(self.weights))), int(self.horizon.months_of[stage].start)
        for after in walk(self.horizon, paths, customers, stage):
            total += earned_streams(self.horizon, t, paths, after) @ self.weights[:, :, t].T
            t += 1
        return total

    def worth(self, assessed: Array) -> Array:
        """(...) value of what was assessed (..., A+K)."""
        if self.risk is None:
            return np.asarray(assessed[..., 0])
        return least_weighted(assessed[..., : self.aims], self.risk.caps)

    def slack(self, assessed: Array) -> Array:
        """(..., K) by how much the limits are kept."""
        return np.asarray(assessed[..., self.aims :])

    def kept(self, assessed: Array) -> Bools:
        """(...) whether all limits are kept."""
        return np.asarray((self.slack(assessed) >= 0.0).all(axis=-1))

    def best_of(self, assessed: Array) -> int | None:
        """The path (of B) with the most value among those that keep all limits."""
        worth = np.where(self.kept(assessed), self.worth(assessed), -np.inf)
        best = int(worth.argmax())
        return best if worth[best] > -np.inf else None

    def lack(self, assessed: Array) -> Array:
        """(B,) by how much the limits are missed together, in shares of their sizes; 0 where all are kept."""
        sizes = self.sizes[self.aims :]
        return np.asarray((np.maximum(-self.slack(assessed), 0.0) / np.where(sizes > 0.0, sizes, 1.0)).sum(axis=1))


def limited(horizon: Horizon, limits: Sequence[PathLimit], risk: PathRisk | None = None) -> Limited:
    """Frozen."""
    return Limited(horizon, tuple(limits), risk)
