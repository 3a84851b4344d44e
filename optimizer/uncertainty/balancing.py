"""Reported figures that have free numbers behind them: these are scaled until the figures come out as reported.

All figures are balanced at once, by Newton's method from the slopes of the market as stated, which are corrected as
the steps go (Broyden 1965): a figure moves with the numbers behind the others too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.economics.figures import Selection, unit_of
from optimizer.errors import InputError
from optimizer.market.calibrate import RetentionError
from optimizer.market.check import quantities
from optimizer.market.check_patterns import named
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, vary
from optimizer.schema.market import Observed
from optimizer.typing import Array
from optimizer.units import convert

STEPS = 10
"""Steps in which the figures are balanced."""
BALANCED = 1e-3
"""Relative difference at which a figure counts as balanced; reported figures are known to a hundredth at best."""
TRIAL = 0.02
"""Relative step from which the slopes are taken."""
LEAST_RATIO = 0.2
"""Below it the logarithm of a figure against what is reported goes on as its tangent: a margin may be negative."""
FAR, NEARLY = 0.1, 0.3
"""In logs: a figure this far off is balanced before those that it moves; within the other slopes hardly change."""
SHORTEST = 1.0 / 16.0
"""Part of a step below which no shorter one is tried where the market cannot be calibrated."""

World = Callable[[Mapping[str, float]], Evaluation]
"""Today's menu in the market with numbers at values by path, calibrated. Raises InputError where that cannot be."""


@dataclass(frozen=True)
class Balances:
    """Reported figures, the free numbers behind each, and what moves what."""

    stated: tuple[Observed, ...]
    wanted: Array
    """(K,) each in the figure's unit."""
    free: tuple[Mapping[str, float], ...]
    """Behind each figure: values in the market as stated, by path."""
    slopes: Array
    """(K, K) what figures do, in logs, as the numbers behind one of them grow."""

    def off(self, today: Evaluation) -> Array:
        """(K,) by how much each figure is too large, in logs."""
        return np.array([_off(today, stated, float(w)) for stated, w in zip(self.stated, self.wanted, strict=True)])

    def scaled(self, values: Mapping[str, float], scales: Array) -> dict[str, float]:
        """The free numbers at scales (K,) in logs, from their values or those of the market as stated."""
        by: dict[str, float] = {}
        for free, scale in zip(self.free, scales.tolist(), strict=True):
            for path in free:
                by[path] = by.get(path, 0.0) + scale
        stated = {path: x for free in self.free for path, x in free.items()}
        return {path: values.get(path, stated[path]) * math.exp(scale) for path, scale in by.items()}

    def balanced(self, values: Mapping[str, float], world: World) -> tuple[dict[str, float], Evaluation]:
        """The values with the free numbers where the figures come out, as far as they do.

        Raises InputError where the market cannot be calibrated at the values, or anywhere near where the steps lead.
        """
        at, slopes, today = np.zeros(len(self.free)), self.slopes, world({})
        gap = self.off(today)
        for _ in range(STEPS):
            if not np.abs(gap).max(initial=0.0) > BALANCED:
                break
            moving = self._moving(gap)
            move = np.zeros(len(gap))
            own = slopes[np.ix_(moving, moving)]
            move[moving] = np.clip(-np.linalg.lstsq(own, gap[moving], rcond=None)[0], -1.0, 1.0)
            move, today = self._stepped(values, at, move, world)
            before, gap, at = gap, self.off(today), at + move
            if np.abs(before).max() < NEARLY:  # far off, what a step does says little of the slopes
                slopes = slopes + np.outer(gap - before - slopes @ move, move) / float(move @ move)
        return {**values, **(self.scaled(values, at) if at.any() else {})}, today

    def _moving(self, gap: Array) -> NDArray[np.bool_]:
        """(K,) figures that are balanced next: those that no figure far off moves, unless they move it too."""
        moves = np.abs(self.slopes) > BALANCED
        far = (np.abs(gap) > FAR) & moves & ~moves.T
        return np.asarray(~far.any(axis=1))

    def _stepped(self, values: Mapping[str, float], at: Array, move: Array, world: World) -> tuple[Array, Evaluation]:
        """A step, shortened until the market can be calibrated after it."""
        while True:
            try:
                return move, world(self.scaled(values, at + move))
            except RetentionError:
                raise
            except InputError:
                if np.abs(move).max() < SHORTEST:
                    raise
                move = 0.5 * move


def balances(m: CaseModel) -> Balances:
    """What draws of a market are balanced by. Raises InputError for numbers that a figure does not answer to."""
    stated, free, numbers = [], [], quantities(m.inputs.market)
    for k, observed in enumerate(m.inputs.market.today.observed):
        if observed.balanced_by:
            stated.append((k, observed))
            free.append({path: q.value for path, q in numbers.items() if named(path, observed.balanced_by)})
    wanted = np.array([o.value.value * convert(1.0, o.value.unit, unit_of(o.figure)) for _, o in stated])
    bare = Balances(tuple(o for _, o in stated), wanted, tuple(free), np.zeros((len(free), len(free))))
    if not free:
        return bare
    now = bare.off(m.today)
    moved = [vary(m, {path: x * math.exp(TRIAL) for path, x in behind.items()}).today for behind in free]
    slopes = np.stack([(bare.off(today) - now) / TRIAL for today in moved], axis=1)
    for (k, observed), slope in zip(stated, np.diag(slopes), strict=True):
        if not abs(slope) > BALANCED:
            where = f"today.observed.{k}.balanced_by"
            message = f"{observed.figure} does not answer to these numbers"
            raise InputError([m.inputs.market_document.finding("balanced-by", where, message, "name others")])
    return Balances(bare.stated, wanted, tuple(free), slopes)


def _off(today: Evaluation, stated: Observed, wanted: float) -> float:
    value = today.figure(stated.figure, Selection(stated.plan, None, (stated.channel,) if stated.channel else None))
    ratio = value / wanted if wanted != 0.0 else math.nan
    return math.log(ratio) if ratio > LEAST_RATIO else math.log(LEAST_RATIO) + ratio / LEAST_RATIO - 1.0
