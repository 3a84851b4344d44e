"""The outer weights: how much each draw counts, and a multiplier >= 0 for each limit, as one flat vector.

In order: a weight per draw for the aim; per limit a multiplier per draw, or one for all where the limit is on the mean;
a price per draw and block for capacity, at most what burst costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.model.measures import magnitude
from optimizer.optimise.risks import within_caps
from optimizer.search.levels.layout import EPS
from optimizer.typing import Array, Bools
from optimizer.uncertainty.arrays import Draws, spare
from optimizer.uncertainty.question import SHARE_TOLERANCE, Holds, Requirement, RiskQuestion


@dataclass(frozen=True)
class Space:
    """What the vectors mean; S draws, K limits, H blocks."""

    question: RiskQuestion
    draws: Draws

    @cached_property
    def on_mean(self) -> tuple[bool, ...]:
        """(K,) which limits are on the mean."""
        mean = {k for d in self.question.requirements if d.holds is Holds.MEAN for k in d.limits}
        return tuple(k in mean for k in range(self.question.count))

    @cached_property
    def parts(self) -> tuple[slice, ...]:
        """Where the aim, each limit and the prices stand."""
        size = self.question.draws
        lengths = [size, *(1 if mean else size for mean in self.on_mean), size * self.draws.cost.shape[2]]
        ends = np.cumsum(lengths)
        return tuple(slice(int(end - n), int(end)) for n, end in zip(lengths, ends, strict=True))

    @property
    def size(self) -> int:
        return int(self.parts[-1].stop)

    @cached_property
    def free(self) -> bool:
        """Whether there is anything to choose."""
        return self.size > self.question.draws or not self.mean

    @cached_property
    def mean(self) -> bool:
        """Whether the caps leave the draws' own weights alone."""
        return bool(np.all(self.question.caps <= self.question.weights))

    @cached_property
    def slack(self) -> Array:
        """(S, R) largest absolute terms of each row, sizes of the choices alone."""
        spares = [[magnitude(i, figure) for figure in spare(i)] for i in self.question.instances]
        return np.concatenate([self.question.sizes, np.array(spares).reshape(self.question.draws, -1)], axis=1)

    @cached_property
    def steps(self) -> float:
        """Rounding of a sum of all terms, relative to their absolute sum; doubled."""
        size, _, types = self.draws.weight.shape
        return float(2.0 * EPS * (types + 4 * self.draws.plans + 40 + size))

    def start(self, weights: Array | None = None) -> Array:
        """The aim alone, by the draws' weights or others."""
        y = np.zeros(self.size)
        y[: self.question.draws] = self.question.weights if weights is None else weights
        return y

    def rows(self, y: Array) -> Array:
        """(S, R) weights of the rows."""
        out = np.empty((self.question.draws, self.draws.rows))
        out[:, 0] = y[self.parts[0]]
        for k, mean in enumerate(self.on_mean):
            own = y[self.parts[1 + k]]
            out[:, 1 + k] = self.question.weights * own if mean else own
        out[:, 1 + self.question.count :] = y[self.parts[-1]].reshape(self.question.draws, -1)
        return out

    def gathered(self, rows: Array) -> Array:
        """(size, ...) what each entry of the vector multiplies, of rows (S, R, ...)."""
        count = self.question.count
        found = [rows[:, 0]]
        for k, mean in enumerate(self.on_mean):
            own = rows[:, 1 + k]
            found.append(np.tensordot(self.question.weights, own, axes=1)[None] if mean else own)
        return np.concatenate([*found, rows[:, 1 + count :].reshape(-1, *rows.shape[2:])])

    def cost(self, y: Array) -> Array:
        """(S, H) what a unit of burst costs under these weights: the most that its price may be."""
        paid = np.maximum(self.draws.cost, 0.0)
        return np.asarray(np.einsum("sk,skh->sh", self.rows(y)[:, : paid.shape[1]], paid))

    def repaired(self, y: Array) -> Array:
        """The nearest vector that is allowed, up to rounding: a solver keeps its bounds within a tolerance only."""
        y = np.maximum(y, 0.0)
        if y[self.parts[0]].any():
            y[self.parts[0]] = within_caps(y[self.parts[0]], self.question.caps)
        y[self.parts[-1]] = np.minimum(y[self.parts[-1]], self.cost(y).ravel())
        return y

    def rounding(self, y: Array, terms: Array) -> float:
        """More than rounding can take from a bound with these weights; ``terms``: (S, R) absolute terms of the rows."""
        held = y[self.parts[0]]
        worth = self.question.sizes[:, 0] + np.abs(self.question.offsets)
        slack = self.steps * float(np.abs(self.rows(y)).ravel() @ (terms + self.slack).ravel())
        if not held.any():
            return slack
        off = abs(float(held.sum()) - 1.0) + float(np.maximum(0.0, held - self.question.caps).sum())
        return slack + 2.0 * (off + EPS * len(held)) * float(worth.max())


def charge(question: RiskQuestion, requirement: Requirement, missed: Array, dead: Bools) -> float:
    """The most that draws in which a chance requirement is missed can add to a bound.

    ``missed``: (S,) what each adds; ``dead``: (S,) those that miss it at every menu, all of which do. The draws that
    may be missed beside them are filled in by what they add per weight, the last one in part. -inf where more miss it
    than may.
    """
    room = question.allowed(requirement) - float(question.weights[dead].sum())
    if room < -SHARE_TOLERANCE:
        return -np.inf
    worth = np.where(dead | (question.weights > room), 0.0, missed)
    order = np.argsort(-worth / question.weights, kind="stable")
    before = np.cumsum(question.weights[order]) - question.weights[order]
    share = np.clip((room - before) / question.weights[order], 0.0, 1.0)
    return float((share * worth[order]).sum() + missed[dead].sum())
