"""Multipliers by cutting planes: every bound evaluated is a linear function of the multipliers below the true bound
as a function of them, so the least upper envelope of the cuts tells where to evaluate next (Kelley 1960)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.search.levels.bounds import Chord, Multiplier
from optimizer.search.levels.layout import Layout
from optimizer.search.levels.simplex import least_upper_bound
from optimizer.search.tuning import Tuning
from optimizer.typing import Array


def none(layout: Layout, aim: float = 1.0) -> Multiplier:
    """The aim alone (or, with weight 0, nothing)."""
    rows = np.zeros(1 + layout.limits)
    rows[0] = aim
    return Multiplier(rows, np.zeros(layout.blocks))


def conditions(layout: Layout) -> list[Multiplier]:
    """Every limit alone, at no burst cost, and every burst limit alone."""
    out = []
    for k in range(layout.limits):
        rows = np.zeros(1 + layout.limits)
        rows[1 + k] = 1.0
        out.append(Multiplier(rows, np.zeros(layout.blocks)))
    for h in np.flatnonzero(np.isfinite(layout.room)):
        gpus = np.zeros(layout.blocks)
        gpus[h] = 1.0
        out.append(Multiplier(np.zeros(1 + layout.limits), gpus))
    return out


def single_conditions(layout: Layout, best: Multiplier) -> list[Multiplier]:
    """The aim alone, and every limit and burst limit alone that has a weight in ``best``; shares of burst as there."""
    cost = best.rows @ -np.minimum(layout.burst, 0.0)
    share = np.divide(np.minimum(best.gpus, cost), cost, out=np.zeros_like(cost), where=cost > 0.0)
    out = []
    for k in np.flatnonzero(best.rows > 0.0):
        rows = np.zeros(1 + layout.limits)
        rows[k] = 1.0
        out.append(Multiplier(rows, -np.minimum(layout.burst[k], 0.0) * share))
    for h in np.flatnonzero((best.gpus > cost) & np.isfinite(layout.room)):
        gpus = np.zeros(layout.blocks)
        gpus[h] = 1.0
        out.append(Multiplier(np.zeros(1 + layout.limits), gpus))
    return out if len(out) > 1 else []


def proposed(
    layout: Layout,
    cuts: Sequence[tuple[Array, float]],
    aim: float,
    best: Multiplier,
    chord: Chord | None,
    tuning: Tuning,
    reach: float = np.inf,
) -> Multiplier | None:
    """The multiplier that minimises the envelope of the cuts, moved inward towards the best one known.

    ``aim`` 1 for a bound on the aim, 0 for a proof of infeasibility (then each multiplier is at most 1 per size).
    ``reach``: how far it may lie from the best one, as a part of that; then it is taken as it is.
    """
    k, h = layout.limits, layout.blocks
    scale = layout.scales
    priced = np.flatnonzero((layout.burst < 0.0).any(axis=0)) if h else np.zeros(0, dtype=np.intp)
    bounded = np.flatnonzero(np.isfinite(layout.room))
    size = scale[0] if aim else 1.0
    unit = np.concatenate([scale[1 : 1 + k], scale[1 + k :][priced], scale[1 + k :][bounded]])
    if not len(unit):
        return None
    table = np.array([_terms(layout, cut, chord) for cut, _ in cuts])
    rest = np.array([r for _, r in cuts])
    spare = table[:, 1 + k :]
    slope = np.concatenate([table[:, 1 : 1 + k], spare[:, priced], (spare + layout.room)[:, bounded]], axis=1) / unit
    cost = -np.minimum(layout.burst[:, priced], 0.0) * scale[1 + k :][priced]
    coupling = np.zeros((len(priced), len(unit)))
    coupling[:, :k] = -(cost[1:] / scale[1 : 1 + k, None]).T
    coupling[:, k : k + len(priced)] = np.eye(len(priced))
    least, largest = np.zeros(len(unit)), np.full(len(unit), tuning.largest_multiplier if aim else 1.0)
    if np.isfinite(reach):
        paid = np.minimum(best.gpus[priced], -np.minimum(best.rows @ layout.burst, 0.0)[priced])
        spare_of = best.gpus.copy()
        spare_of[priced] -= paid
        known = np.concatenate([best.rows[1:], paid, spare_of[bounded]]) * unit / size
        room = reach * np.maximum(known, tuning.least_reach)
        least, largest = np.maximum(0.0, known - room), np.minimum(largest, known + room)
    z = least_upper_bound(
        slope, (aim * table[:, 0] + rest) / size + slope @ least, coupling,
        np.maximum(0.0, aim * cost[0] / size - coupling @ least), largest - least,
    )  # fmt: skip
    if z is None:
        return None
    z = (z + least) * size / unit
    gpus = np.zeros(h)
    gpus[priced] += z[k : k + len(priced)]
    gpus[bounded] += z[k + len(priced) :]
    rows, inward = np.concatenate([[aim], z[:k]]), 0.0 if np.isfinite(reach) else tuning.inward
    return Multiplier(inward * best.rows + (1.0 - inward) * rows, inward * best.gpus + (1.0 - inward) * gpus)


@dataclass(frozen=True)
class Slopes:
    """A subgradient of the bound by the multipliers, and the units it is taken in."""

    rows: Array
    """(K,)."""
    gpus: Array
    """(H,)."""
    row_unit: Array
    """(K,) step per slope."""
    gpu_unit: Array
    """(H,)."""

    @property
    def norm(self) -> float:
        """Squared length in those units."""
        return float(self.rows**2 @ self.row_unit + self.gpus**2 @ self.gpu_unit)

    def moved(self, multiplier: Multiplier, length: float) -> Multiplier:
        """A step down, kept at or above zero."""
        rows = multiplier.rows.copy()
        rows[1:] = np.maximum(0.0, rows[1:] - length * self.row_unit * self.rows)
        return Multiplier(rows, np.maximum(0.0, multiplier.gpus - length * self.gpu_unit * self.gpus))


@dataclass(frozen=True)
class Pace:
    """How fast each multiplier moves: faster while its slope keeps its sign, slower when it turns (as in Rprop)."""

    factor: Array
    """(K + H,)."""
    sign: Array
    """(K + H,) of the last slopes that were not zero."""

    def applied(self, slopes: Slopes) -> Slopes:
        """The slopes in units of this pace."""
        k = len(slopes.rows)
        row_unit, gpu_unit = slopes.row_unit * self.factor[:k], slopes.gpu_unit * self.factor[k:]
        return Slopes(slopes.rows, slopes.gpus, row_unit, gpu_unit)


def paced(before: Pace | None, slopes: Slopes, tuning: Tuning) -> Pace:
    """The pace after one more slope."""
    sign = np.sign(np.concatenate([slopes.rows, slopes.gpus]))
    if before is None:
        return Pace(np.ones(len(sign)), sign)
    faster = np.minimum(tuning.fastest_pace, tuning.pace_grows * before.factor)
    factor = np.where(sign * before.sign < 0.0, tuning.pace_falls * before.factor, faster)
    return Pace(factor, np.where(sign == 0.0, before.sign, sign))


def slopes(
    layout: Layout, multiplier: Multiplier, cut: Array, chord: Chord | None, people: float, tuning: Tuning
) -> Slopes:
    """The subgradient at a bound with this cut; zero where the multiplier is zero and would fall."""
    k = layout.limits
    terms = _terms(layout, cut, chord)
    rows, gpus = terms[1 : 1 + k], terms[1 + k :]
    if layout.blocks:
        cost = multiplier.rows @ np.minimum(layout.burst, 0.0)
        used = np.where(np.isfinite(layout.room) & (multiplier.gpus + cost > 0.0), layout.room, 0.0)
        rows = rows + np.minimum(layout.burst[1:], 0.0) @ used
        gpus = gpus + used
        free = np.isinf(layout.room) & (multiplier.gpus >= -cost) & (gpus < 0.0)
        gpus = np.where(free | ((multiplier.gpus <= 0.0) & (gpus > 0.0)), 0.0, gpus)
    rows = np.where((multiplier.rows[1:] <= 0.0) & (rows > 0.0), 0.0, rows)
    unit = tuning.steep * people / layout.scales**2
    return Slopes(rows, gpus, unit[1 : 1 + k], unit[1 + k :])


def _terms(layout: Layout, cut: Array, chord: Chord | None) -> Array:
    """(1 + K + H,) value of the aim and of each limit in a cut, burst gains by their chord, then reserved less use."""
    k = layout.limits
    use = cut[1 + k :]
    rows = cut[: 1 + k]
    if chord is not None:
        rows = rows + np.maximum(layout.burst, 0.0) @ (chord.slope * use + chord.shift)
    return np.concatenate([rows, layout.reserved - use])
