"""The bound over a box of levels in all draws at once.

For weights >= 0 the sign of a level's potential inside a draw does not depend on the draw's weight, so one pass gives
potentials of every draw that hold for all weights, and weights . value + sum_j max_l (weights . potential_l) bounds the
box. Conditions enter with multipliers; a chance requirement with what the draws it may be missed in can add.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.typing import Array, Bools, Ints
from optimizer.uncertainty.arrays import Draws, DrawTables, NumpyLoops, Region, region_of
from optimizer.uncertainty.multipliers import Space
from optimizer.uncertainty.outer import Missing, Outer, chances, lowered
from optimizer.uncertainty.question import SHARE_TOLERANCE, Holds, Requirement

ROUNDS = 12
"""Cutting-plane rounds of one program."""
PRECISION = 0.05
"""Part of the distance to the cutoff to which a program is solved."""


@dataclass(frozen=True)
class DrawBound:
    """A bound over one box."""

    total: float
    """No menu of the box that meets the requirements has a larger risk; -inf where none meets them."""
    levels: Array
    """(n,) the same over the part of the box that keeps one column."""
    fits: Bools
    """(n,) False where no menu with the column meets the requirements."""
    pick: Ints
    """(J,) the columns that the bound favours."""
    multiplier: Array
    region: Region


@dataclass(frozen=True)
class Bounder:
    """Bounds boxes of one problem."""

    space: Space
    loops: NumpyLoops

    def bound(
        self, box: tuple[Ints, ...], mix: int, center: Ints, start: Array, enough: float, aim: bool = True
    ) -> DrawBound:
        """Around the menu ``center``, with multipliers lowered from ``start`` until the bound is ``enough``.

        ``aim`` False: a proof that nothing meets the requirements, where the total is below 0.
        """
        space, draws = self.space, self.space.draws
        region = region_of(draws, self.loops, box, mix)
        if not space.free:
            return self._plain(region, center, start)
        uppers = self._upper(region, center, np.arange(draws.rows), 1.0)
        fits = requirements_met(space, uppers, region)
        if not all(fits[a:b].any() for a, b in _plans(region)):
            return _none(region, center, start)
        missing = tuple(self._missing(region, center, uppers, d) for d in chances(space.question.requirements))
        outer = self._outer(region, center, uppers, missing, aim)
        if space.size > 1:
            tolerance = PRECISION * abs(outer.total(start)[0] - enough) if np.isfinite(enough) else 0.0
            y = lowered(outer, start, ROUNDS, enough, tolerance)
        else:
            y = start
        return self._at(region, center, y, outer, uppers, fits)

    def _plain(self, region: Region, center: Ints, y: Array) -> DrawBound:
        """Where the weights are fixed and there is nothing to meet."""
        question = self.space.question
        value, potential = self.loops.joint(self.space.draws, region, center, self.space.rows(y))
        terms = _terms(self.space.draws, region, center)
        total = value - float(y @ question.offsets) + self.space.rounding(y, terms)
        return _found(region, total, potential, np.ones(len(potential), dtype=np.bool_), y)

    def _at(self, region: Region, center: Ints, y: Array, outer: Outer, uppers: _Upper, fits: Bools) -> DrawBound:
        """The bound at given multipliers: of the rows weighted, which is tighter than their tables weighted."""
        space, rows = self.space, self.space.rows(y)
        slack = space.rounding(y, uppers.tables.size) + sum(m.charge(space, y) for m in outer.missing)
        if rows[:, 1:].any():
            value, potential = self.loops.joint(space.draws, region, center, rows)
            value += float((rows[:, : uppers.gain.shape[1]] * uppers.gain).sum())
            value -= float(y[space.parts[0]] @ space.question.offsets)
        else:
            value, potential = float(y @ outer.constant), y @ outer.columns
        return _found(region, value + slack, potential, fits, y)

    def _upper(self, region: Region, center: Ints, rows: Ints, sign: float) -> _Upper:
        tables = self.loops.tables(self.space.draws, region, center, rows, sign)
        slack = self.space.steps * (tables.size + self.space.slack[:, rows])
        top = np.maximum.reduceat(tables.potential, region.first[:-1], axis=2)
        return _Upper(tables, top, tables.value + top.sum(axis=2) + slack, self._gain(region, center))

    def _over(self, region: Region, center: Ints) -> Array:
        """(S, H) the most burst that the box can need."""
        count = self.space.draws.cost.shape[1]
        rows = np.arange(count, self.space.draws.rows)
        tables = self.loops.tables(self.space.draws, region, center, rows, -1.0)
        top = np.maximum.reduceat(tables.potential, region.first[:-1], axis=2).sum(axis=2)
        slack = self.space.steps * (tables.size + self.space.slack[:, rows])
        return np.asarray(np.maximum(0.0, tables.value + top + slack))

    def _gain(self, region: Region, center: Ints) -> Array:
        """(S, 1 + K) the most that burst can add to aim and limits."""
        gain = np.maximum(0.0, -self.space.draws.cost)
        if not gain.any():
            return np.zeros(gain.shape[:2])
        return np.asarray(np.einsum("sh,skh->sk", self._over(region, center), gain))

    def _missing(self, region: Region, center: Ints, uppers: _Upper, requirement: Requirement) -> Missing:
        rows = np.array([1 + k for k in requirement.limits])
        below = self._upper(region, center, rows, -1.0).total
        cost = np.maximum(0.0, self.space.draws.cost[:, rows])
        if cost.any():
            below = below + np.einsum("sh,skh->sk", self._over(region, center), cost)
        dead = np.asarray((uppers.total[:, rows] + uppers.gain[:, rows] < 0.0).any(axis=1), dtype=np.bool_)
        return Missing(requirement, np.maximum(0.0, below), dead)

    def _outer(self, region: Region, center: Ints, uppers: _Upper, missing: tuple[Missing, ...], aim: bool) -> Outer:
        value = uppers.tables.value.copy()
        value[:, : uppers.gain.shape[1]] += uppers.gain
        value[:, 0] -= self.space.question.offsets
        gathered = self.space.gathered
        return Outer(self.space, gathered(value), gathered(uppers.tables.potential), region.first, missing, aim)


@dataclass(frozen=True)
class _Upper:
    """Bounds of every row in every draw over a box."""

    tables: DrawTables
    top: Array
    """(S, R, J) largest potential of each plan."""
    total: Array
    """(S, R), slack included, burst left out."""
    gain: Array
    """(S, 1 + K) the most that burst can add."""


def requirements_met(space: Space, uppers: _Upper, region: Region) -> Bools:
    """(n,) whether some menu with a column may meet every requirement, each requirement looked at alone."""
    question, count = space.question, space.question.count
    fits = np.ones(len(region.columns), dtype=np.bool_)
    if not count:
        return fits
    plan = np.repeat(np.arange(len(region.first) - 1), np.diff(region.first))
    rows = slice(1, 1 + count)
    most = (uppers.total + np.pad(uppers.gain, ((0, 0), (0, uppers.total.shape[1] - 1 - count))))[:, rows, None]
    most = most - uppers.top[:, rows][:, :, plan] + uppers.tables.potential[:, rows]
    for requirement in question.requirements:
        own = most[:, list(requirement.limits)]
        if requirement.holds is Holds.MEAN:
            fits &= (np.einsum("s,skn->kn", question.weights, own) >= 0.0).all(axis=0)
            continue
        lost = question.weights @ (own < 0.0).any(axis=1)
        fits &= lost <= (1.0 - requirement.share + SHARE_TOLERANCE if requirement.holds is Holds.CHANCE else 0.0)
    return fits


def _terms(draws: Draws, region: Region, center: Ints) -> Array:
    """(S, R) absolute terms of the aim's bound; zero elsewhere. See ``arrays.terms_of``."""
    at = draws.weight[:, center]
    held, outside = draws.matrix[:, 0][:, center], draws.outside[:, 0]
    unit = np.abs(outside + held.sum(axis=1)) / (1.0 + at.sum(axis=1))
    terms = (2 * draws.plans + 5 + 2.0 * at.sum(axis=1)) * unit + np.abs(outside) + 2.0 * np.abs(held).sum(axis=1)
    out = np.zeros((len(at), draws.rows))
    out[:, 0] = (terms * draws.people[region.mix] / (1.0 + region.least.sum(axis=1))).sum(axis=1)
    return out


def _plans(region: Region) -> list[tuple[int, int]]:
    return list(zip(region.first[:-1].tolist(), region.first[1:].tolist(), strict=True))


def _found(region: Region, value: float, potential: Array, fits: Bools, y: Array) -> DrawBound:
    """Sums over plans, of the largest potential among the columns that fit."""
    held = np.where(fits, potential, -np.inf)
    pick = np.array([a + int(held[a:b].argmax()) for a, b in _plans(region)])
    total = value + float(held[pick].sum())
    levels = total - np.repeat(held[pick], np.diff(region.first)) + held
    return DrawBound(total, levels, fits, region.columns[pick], y, region)


def _none(region: Region, center: Ints, y: Array) -> DrawBound:
    size = len(region.columns)
    return DrawBound(-np.inf, np.full(size, -np.inf), np.zeros(size, dtype=np.bool_), center, y, region)
