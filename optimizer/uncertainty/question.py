"""What is asked over many draws: one figure, how draws count, and in how many of them each condition must hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

import numpy as np

from optimizer.model.instance import Figure, Instance, Limit, evaluate, follows_rules
from optimizer.model.measures import LEAST, magnitude
from optimizer.optimise.risks import least_weighted
from optimizer.typing import Array, LevelIndices

SHARE_TOLERANCE = 1e-9
"""Shares of draws by weight are decided at this tolerance: weights are sums of rounded numbers."""


class Holds(StrEnum):
    """In which draws a condition must hold."""

    EVERY = "every"
    MEAN = "mean"
    """Of the condition's figure by weight."""
    CHANCE = "chance"
    """At least a share of the draws by weight."""


@dataclass(frozen=True)
class Requirement:
    """One condition: the limits that make it, by their numbers, and where all of them must hold together."""

    name: str
    holds: Holds
    limits: tuple[int, ...]
    share: float = 1.0
    """Of the draws by weight."""


@dataclass(frozen=True)
class RiskQuestion:
    """S draws with the same plans, levels, rules and mixes; figures by draw.

    Maximised is ``min over w in W of sum_s w_s (aim_s - offset_s)``, ``W = {0 <= w <= caps, sum w = 1}``.
    """

    instances: tuple[Instance, ...]
    aims: tuple[Figure, ...]
    limits: tuple[tuple[Limit, ...], ...]
    """Per draw, K each; burst limits are among them."""
    requirements: tuple[Requirement, ...]
    weights: Array
    """(S,) of the draws, > 0, sum 1."""
    caps: Array
    """(S,) most weight a draw may get: its own for the mean, weight / tail for CVaR, 1 for the worst case."""
    offsets: Array
    """(S,)."""
    known_sizes: Array | None = field(default=None, repr=False)
    """``sizes`` where they are known, of more levels than are there."""

    @property
    def draws(self) -> int:
        return len(self.instances)

    @property
    def count(self) -> int:
        """K, limits of a draw."""
        return len(self.limits[0])

    @cached_property
    def sizes(self) -> Array:
        """(S, 1 + K) no choice's terms of aim and limits add up to more in absolute value."""
        if self.known_sizes is not None:
            return self.known_sizes
        found = [
            [magnitude(instance, figure) for figure in (aim, *(limit.figure for limit in limits))]
            for instance, aim, limits in zip(self.instances, self.aims, self.limits, strict=True)
        ]
        return np.array(found)

    @cached_property
    def yardstick(self) -> float:
        """Least size that gaps are relative to: ``LEAST`` of the largest that the aim could be, by weight."""
        return float(LEAST * (self.weights @ self.sizes[:, 0])) or 1.0

    def risk(self, values: Array) -> Array:
        """(...) the risk of aims (..., S)."""
        return least_weighted(values - self.offsets, self.caps)

    def missed(self, limits: Array, near: float = 0.0) -> Array:
        """(...) by how much requirements are missed at limits (..., S, K), in units of their sizes; 0: all are met.

        ``near``: misses up to so many sizes count as met.
        """
        total = np.zeros(limits.shape[:-2])
        size = np.where(self.sizes[:, 1:] > 0.0, self.sizes[:, 1:], 1.0)
        for requirement in self.requirements:
            picked = list(requirement.limits)
            if requirement.holds is Holds.MEAN:
                mean = np.einsum("...sk,s->...k", limits[..., picked], self.weights)
                total += _short(mean / (self.weights @ size[:, picked]), near).sum(axis=-1)
                continue
            short = _short(limits[..., picked] / size[:, picked], near).sum(axis=-1)
            total += self._beyond(short, requirement) if requirement.holds is Holds.CHANCE else short.sum(axis=-1)
        return total

    def _beyond(self, short: Array, requirement: Requirement) -> Array:
        """(...) misses (..., S) of the draws that may not miss, least bad ones first; 0 where enough are met."""
        order = np.argsort(short, axis=-1, kind="stable")
        weight = self.weights[order]
        asked = np.cumsum(weight, axis=-1) - weight < requirement.share - SHARE_TOLERANCE
        return np.asarray(np.where(asked, np.take_along_axis(short, order, axis=-1), 0.0).sum(axis=-1))

    def probability(self, limits: Array, requirement: Requirement) -> float:
        """Share of the draws by weight in which a requirement's limits hold, at limits (S, K)."""
        return min(1.0, float(self.weights @ (limits[:, list(requirement.limits)] >= 0.0).all(axis=1)))

    def allowed(self, requirement: Requirement) -> float:
        """Weight of draws in which a requirement may be missed; whole draws where all weigh the same."""
        if requirement.holds is Holds.EVERY:
            return 0.0
        most, each = 1.0 - requirement.share + SHARE_TOLERANCE, float(self.weights[0])
        equal = np.allclose(self.weights, each, rtol=1e-12, atol=0.0)
        return float(np.floor(most / each)) * each * (1.0 + 1e-12) if equal else most

    def with_offsets(self, offsets: Array) -> RiskQuestion:
        """The same with what each draw's aim is compared to."""
        return replace(self, offsets=offsets)

    def alone(self, draw: int) -> RiskQuestion:
        """One draw with the conditions that hold in every draw; their limits come first."""
        every = tuple(d for d in self.requirements if d.holds is Holds.EVERY)
        count = sum(len(d.limits) for d in every)
        return replace(
            self, instances=(self.instances[draw],), aims=(self.aims[draw],), limits=(self.limits[draw][:count],),
            requirements=every, weights=np.ones(1), caps=np.ones(1), offsets=np.zeros(1),
            known_sizes=self.sizes[[draw], : 1 + count],
        )  # fmt: skip

    def truth(self, menu: LevelIndices, mix: int) -> tuple[Array, Array]:
        """(S,) aim and (S, K) limits at one choice, by the instances' own evaluation: the last word."""
        values = np.array([
            list(evaluate(instance, dict(numbered(aim, limits)), menu, mix).values())
            for instance, aim, limits in zip(self.instances, self.aims, self.limits, strict=True)
        ])  # fmt: skip
        return values[:, 0], values[:, 1:]

    def value(self, menu: LevelIndices, mix: int) -> float | None:
        """The risk at a choice, or None where it breaks a rule or a requirement."""
        if not follows_rules(self.instances[0], menu):
            return None
        aim, limits = self.truth(menu, mix)
        return None if self.missed(limits) > 0.0 else float(self.risk(aim))


def numbered(aim: Figure, limits: tuple[Limit, ...]) -> list[tuple[str, Figure]]:
    """The aim, then the limits, with names for ``evaluate``."""
    return [(str(k), figure) for k, figure in enumerate((aim, *(limit.figure for limit in limits)))]


def _short(values: Array, near: float) -> Array:
    return np.where(values < -near, -values, 0.0)
