"""Draws of what is not known, side by side in one horizon: one path of menus, the same in every draw.

The types of all draws stand beside each other, and every stream is told draw by draw: a path of the whole is a path of
each draw, and its value the weighted sum of theirs. The search, the bound and its certificate are those of one horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optimizer.errors import bad_argument
from optimizer.horizon.instance import Horizon, Reach
from optimizer.horizon.limits import Limited, PathLimit, PathRisk, limited
from optimizer.optimise.risks import Risk
from optimizer.typing import Array, Ints

ALIKE = ("stage", "first", "group_of", "level", "origin", "allowed", "keeps", "today")
"""What draws share; and how columns may follow each other."""


@dataclass(frozen=True)
class PathDraws:
    """S draws, each a horizon of its own, of which more value is better, with K limits each."""

    horizons: tuple[Horizon, ...]
    limits: tuple[tuple[PathLimit, ...], ...]
    constants: Array
    """(S,) what a path is worth beside the streams."""
    weights: Array
    """(S,) of the draws, > 0, sum 1."""
    on_mean: frozenset[int] = frozenset()
    """Limits that hold on the mean over the draws, by weight; the others hold in every draw."""

    @property
    def count(self) -> int:
        """S."""
        return len(self.horizons)

    @cached_property
    def stacked(self) -> Horizon:
        """All draws in one; its value is the mean, without the constants."""
        h, every = self.horizons[0], self.horizons
        weight = np.concatenate([w * one.weight for w, one in zip(self.weights, every, strict=True)])
        return replace(
            h,
            start=_beside([one.start for one in every]),
            choice_weight=_beside([one.choice_weight for one in every]),
            decision_rate=_beside([one.decision_rate for one in every]),
            reward=_beside([one.reward for one in every]),
            again=None if h.again is None else _beside([one.again for one in every if one.again is not None]),
            weight=weight,
            outside_weight=_beside([one.outside_weight for one in every]),
            outside_decision_rate=_beside([one.outside_decision_rate for one in every]),
            entrants=_beside([one.entrants for one in every]),
            reach=_reach(every),
            draw=np.repeat(np.arange(len(every)), [one.types for one in every]),
        )

    @cached_property
    def all_limits(self) -> tuple[PathLimit, ...]:
        """Of the stacked horizon: on the mean once, else of every draw."""
        found = []
        for k, first in enumerate(self.limits[0]):
            own = [limits[k] for limits in self.limits]
            if k in self.on_mean:
                weight = np.concatenate([w * limit.weight for w, limit in zip(self.weights, own, strict=True)])
                least = float(self.weights @ [limit.at_least for limit in own])
                found.append(PathLimit(f"{first.name} on the mean", weight, least))
                continue
            for s, limit in enumerate(own):
                found.append(PathLimit(f"{limit.name}, draw {s + 1}", self._of_draw(s, limit.weight), limit.at_least))
        return tuple(found)

    def _of_draw(self, draw: int, weight: Array) -> Array:
        """(S x Q, T) weights of one draw's streams."""
        found = np.zeros_like(self.stacked.weight)
        found[draw * len(weight) : (draw + 1) * len(weight)] = weight
        return found

    def asked(self, risk: Risk, caps: Array, offsets: Array) -> Limited:
        """What a search over the stacked horizon is asked; values are less the offsets (S,), by their weights."""
        if risk is Risk.MEAN:
            return limited(self.stacked, self.all_limits)
        aims = np.stack([self._of_draw(s, one.weight) for s, one in enumerate(self.horizons)])
        made = PathRisk(aims, offsets - self.constants, caps, self.weights)
        return limited(self.stacked, self.all_limits, made)

    def constant(self, risk: Risk, offsets: Array) -> float:
        """What is added to the value of ``asked``."""
        return float(self.weights @ (self.constants - offsets)) if risk is Risk.MEAN else 0.0

    def assess(self, paths: Ints) -> tuple[Array, Array]:
        """(B, S) values, and (B,) by how much limits are missed at most, in their units; draw by draw, not stacked."""
        pairs = zip(self.horizons, self.limits, strict=True)
        found = np.stack([limited(h, limits).assess(paths) for h, limits in pairs], axis=1)
        slack = found[..., 1:]
        mean = [k in self.on_mean for k in range(slack.shape[2])]
        held = np.where(mean, np.einsum("bsk,s->bk", slack, self.weights)[:, None], slack)
        return found[..., 0] + self.constants, -held.min(axis=(1, 2), initial=0.0)

    def own_limits(self, draw: int) -> tuple[PathLimit, ...]:
        """The limits that hold in every draw, of one."""
        return tuple(limit for k, limit in enumerate(self.limits[draw]) if k not in self.on_mean)


def check_alike(horizons: Sequence[Horizon], what: str = "problems") -> None:
    """Raises InputError where draws do not share stages, plans, levels and how paths may move."""
    first = horizons[0]
    for s, one in enumerate(horizons[1:], start=1):
        for name in ALIKE:
            if not _same(getattr(one, name), getattr(first, name)):
                raise bad_argument(
                    f"{what}[{s}]", f"has another {name} than {what}[0]", "draws differ in numbers alone"
                )
        tables = [[pair.after.table for pair in h.moves] for h in (one, first)]
        moves = len(tables[0]) == len(tables[1]) and all(np.array_equal(a, b) for a, b in zip(*tables, strict=True))
        if not moves or one.weight.shape != first.weight.shape or (one.reach is None) != (first.reach is None):
            message = f"has other steps, months or word of mouth than {what}[0]"
            raise bad_argument(f"{what}[{s}]", message, "draws differ in numbers alone")


def _same(one: object, other: object) -> bool:
    return one is other or np.array_equal(one, other)  # type: ignore[arg-type]


def _beside(arrays: Sequence[Array]) -> Array:
    """Along the last axis, types; stages are told where any draw tells them."""
    stages = max(len(array) for array in arrays)
    told = [np.repeat(a, stages, axis=0) if a.ndim > 2 and len(a) < stages else a for a in arrays]
    return np.ascontiguousarray(np.concatenate(told, axis=-1))


def _reach(horizons: Sequence[Horizon]) -> Reach | None:
    found = [h.reach for h in horizons if h.reach is not None]
    if not found:
        return None
    return Reach(*(_beside([getattr(one, name) for one in found]) for name in ("speed", "base", "referral")))
