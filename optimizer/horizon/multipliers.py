"""Weights of aims and multipliers for limits on paths, box by box: by cutting planes over the paths simulated.

A path of the box with aims O and slacks G bounds the Lagrangian from below by weights x O + multipliers x G, so the
least upper envelope of these lines tells which rows to take next. Source: Kelley (1960); Fisher (1981), Lagrangian
relaxation.
"""

from __future__ import annotations

import numpy as np

from optimizer.horizon.limits import Limited
from optimizer.horizon.tuning import PathTuning
from optimizer.optimise.risks import within_caps
from optimizer.search.levels.simplex import least_upper_bound
from optimizer.typing import Array, Bools, Ints

LARGEST = 30.0
"""Of a multiplier: the value's size over the slack's, among the paths of a box."""
MOST_CUTS = 120
"""Paths in one envelope: the latest."""


class PathPool:
    """Paths that were simulated, by their columns."""

    def __init__(self, limited: Limited) -> None:
        self._limited = limited
        self._known: dict[bytes, int] = {}
        self.paths: list[Ints] = []
        self.assessed: list[Array] = []

    def assess(self, path: Ints) -> Array:
        """(A+K,) aims and slacks of a path (K, J); simulated once."""
        key = path.tobytes()
        if key not in self._known:
            self.add(path, self._limited.assess(path[None])[0])
        return self.assessed[self._known[key]]

    def add(self, path: Ints, assessed: Array) -> None:
        """Take in a path that was simulated elsewhere."""
        if path.tobytes() not in self._known:
            self._known[path.tobytes()] = len(self.paths)
            self.paths.append(path)
            self.assessed.append(assessed)

    def within(self, box: Bools) -> Array:
        """(P, A+K) the latest of those in a box."""
        if not self.paths:
            return np.empty((0, len(self._limited.weights)))
        inside = np.flatnonzero(box[np.arange(len(box))[:, None], np.array(self.paths)].all(axis=(1, 2)))
        return np.array([self.assessed[p] for p in inside[-MOST_CUTS:]]).reshape(-1, len(self._limited.weights))

    def best_by(self, rows: Array) -> Ints:
        """The path with the most of ``rows`` x (aims, slacks)."""
        return self.paths[int((np.array(self.assessed) @ rows).argmax())]

    def promising(self, rows: Array) -> list[Ints]:
        """The best path that keeps the limits, and the one with the most of ``rows``; different ones."""
        assessed = np.array(self.assessed)
        best = self._limited.best_of(assessed)
        picks = {int((assessed @ rows).argmax())} | ({best} if best is not None else set())
        return [self.paths[k] for k in sorted(picks)]


def lines_at(cuts: Array, rows: Array) -> float:
    """The envelope of the cuts at rows."""
    return float((cuts @ rows).max())


def least_envelope(limited: Limited, cuts: Array, least: Array, most: Array) -> Array | None:
    """(A+K,) the rows within bounds (A+K,) at which the envelope of cuts (P, A+K) is least; None where none is found.

    Weights of several aims add up to 1: with what lies above all of them taken off, more weight is less, so that they
    add up to as much as they may.
    """
    aims = limited.aims
    free = np.flatnonzero(most > least)
    shift = np.where(np.arange(cuts.shape[1]) < aims, cuts[:, :aims].max(), 0.0) if aims > 1 else np.zeros_like(least)
    lines = cuts - shift
    slack = np.abs(lines[:, free]).max(axis=0)
    unit, constant = np.where(slack > 0.0, slack, 1.0), lines @ least
    size = np.abs(constant).max() or 1.0
    together, left = np.zeros((0, len(free))), np.zeros(0)
    if aims > 1:
        together, left = ((free < aims) * size / unit)[None], np.array([max(0.0, 1.0 - float(least[:aims].sum()))])
    z = least_upper_bound(lines[:, free] / unit, constant / size, together, left, (most - least)[free] * unit / size)
    if z is None:
        return None
    rows = least.copy()
    rows[free] += z * size / unit
    rows[:aims] = within_caps(rows[:aims], limited.most_rows[:aims])
    return rows


def anywhere(limited: Limited, cuts: Array) -> Array | None:
    """``least_envelope`` up to the largest multipliers that make sense for these cuts."""
    slack = np.abs(limited.slack(cuts)).max(axis=0)
    value = np.abs(cuts[:, : limited.aims]).max() or 1.0
    most = np.concatenate([limited.most_rows[: limited.aims], LARGEST * value / np.where(slack > 0.0, slack, np.inf)])
    least = np.zeros(len(most))
    if limited.aims == 1:
        least[0] = most[0] = 1.0
    return least_envelope(limited, cuts, least, most)


def nearby(limited: Limited, cuts: Array, rows: Array, usual: Array, cutoff: float, tuning: PathTuning) -> Array:
    """The next rows for a box.

    Where a path that was simulated lies above the cutoff, no bound at the rows known closes the box: then those of the
    cuts' least envelope, not far from the rows known, if that takes off much of the excess. ``usual``: of the whole.
    """
    excess = lines_at(cuts, rows) - cutoff if len(cuts) else 0.0
    if not excess > 0.0:
        return rows
    least, most = rows / tuning.reach, rows * tuning.reach + tuning.least_step * usual
    if limited.aims == 1:
        least[0] = most[0] = rows[0]
    else:
        most[: limited.aims] += tuning.least_step * limited.first_rows[: limited.aims]
    best = least_envelope(limited, cuts, least, np.minimum(most, limited.most_rows))
    if best is None or not lines_at(cuts, rows) - lines_at(cuts, best) > tuning.promise * min(excess, 1e300):
        return rows
    return best


def alone(limited: Limited, limit: int) -> Array:
    """The rows of one limit, without an aim."""
    rows = np.zeros(len(limited.weights))
    rows[limited.aims + limit] = 1.0
    return rows


def most_missed(limited: Limited, assessed: Array) -> int | None:
    """The limit that a path misses most, in shares of the limits' sizes; None where it keeps all."""
    if not limited.limits:
        return None
    sizes, short = limited.sizes[limited.aims :], -limited.slack(assessed)
    missed = np.where(sizes > 0.0, short / np.where(sizes > 0.0, sizes, 1.0), short)
    worst = int(missed.argmax())
    return worst if missed[worst] > 0.0 else None


def clashing(limited: Limited, cuts: Array) -> Array | None:
    """(A+K,) rows of limits together, without an aim, that every one of the cuts misses; None without any."""
    slacks = limited.slack(cuts)
    slack = np.abs(slacks).max(axis=0, initial=0.0)
    size, count = np.where(slack > 0.0, slack, 1.0), slacks.shape[1]
    none = np.zeros((0, count))
    z = least_upper_bound(slacks / size, np.zeros(len(cuts)), none, np.zeros(0), np.ones(count))
    if z is None or not (slacks / size @ z).max() < 0.0:
        return None
    return np.concatenate([np.zeros(limited.aims), z / size])
