"""Multipliers for limits on paths, box by box: by cutting planes over the paths that were simulated.

A path of the box with value O and slacks G bounds the Lagrangian from below by O + multipliers x G, so the least upper
envelope of these lines tells which multipliers to take next. Source: Kelley (1960); Fisher (1981), Lagrangian
relaxation.
"""

from __future__ import annotations

import numpy as np

from optimizer.horizon.limits import Limited, best_of
from optimizer.horizon.tuning import PathTuning
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
        """(1+K,) value and slacks of a path (K, J); simulated once."""
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
        """(P, 1+K) the latest of those in a box."""
        if not self.paths:
            return np.empty((0, len(self._limited.weights)))
        inside = np.flatnonzero(box[np.arange(len(box))[:, None], np.array(self.paths)].all(axis=(1, 2)))
        return np.array([self.assessed[p] for p in inside[-MOST_CUTS:]]).reshape(-1, len(self._limited.weights))

    def best_by(self, rows: Array) -> Ints:
        """The path with the most of ``rows`` x (value, slacks)."""
        return self.paths[int((np.array(self.assessed) @ rows).argmax())]

    def promising(self, rows: Array) -> list[Ints]:
        """The best path that keeps the limits, and the one with the most of ``rows``; different ones."""
        assessed = np.array(self.assessed)
        best = best_of(assessed)
        picks = {int((assessed @ rows).argmax())} | ({best} if best is not None else set())
        return [self.paths[k] for k in sorted(picks)]


def lines_at(cuts: Array, rows: Array) -> float:
    """The envelope of the cuts at multipliers."""
    return float((cuts @ rows).max())


def least_envelope(cuts: Array, least: Array, most: Array) -> Array | None:
    """(1+K,) the rows [1, multipliers] within bounds (K,) at which the envelope of cuts (P, 1+K) is least; None where
    none is found."""
    slack = np.abs(cuts[:, 1:]).max(axis=0)
    unit, count = np.where(slack > 0.0, slack, 1.0), cuts.shape[1] - 1
    constant = cuts[:, 0] + cuts[:, 1:] @ least
    size, none = np.abs(constant).max() or 1.0, np.zeros((0, count))
    z = least_upper_bound(cuts[:, 1:] / unit, constant / size, none, np.zeros(0), (most - least) * unit / size)
    return None if z is None else np.concatenate([[1.0], least + z * size / unit])


def anywhere(cuts: Array) -> Array | None:
    """``least_envelope`` up to the largest multipliers that make sense for these cuts."""
    slack = np.abs(cuts[:, 1:]).max(axis=0)
    value = np.abs(cuts[:, 0]).max() or 1.0
    most = LARGEST * value / np.where(slack > 0.0, slack, np.inf)
    return least_envelope(cuts, np.zeros(len(most)), most)


def nearby(cuts: Array, rows: Array, usual: Array, cutoff: float, tuning: PathTuning) -> Array:
    """The next rows [1, multipliers] for a box.

    Where a path that was simulated lies above the cutoff, no bound at the rows known closes the box: then those of the
    cuts' least envelope, not far from the rows known, if that takes off much of the excess. ``usual``: of the whole.
    """
    excess = lines_at(cuts, rows) - cutoff if len(cuts) else 0.0
    if not excess > 0.0:
        return rows
    known, reach = rows[1:], tuning.reach
    best = least_envelope(cuts, known / reach, known * reach + tuning.least_step * usual[1:])
    if best is None or not lines_at(cuts, rows) - lines_at(cuts, best) > tuning.promise * min(excess, 1e300):
        return rows
    return best


def alone(count: int, limit: int) -> Array:
    """The rows of one limit among so many, without the value."""
    rows = np.zeros(1 + count)
    rows[1 + limit] = 1.0
    return rows


def most_missed(assessed: Array, sizes: Array) -> int | None:
    """The limit that a path misses most, in shares of the limits' sizes; None where it keeps all."""
    missed = np.where(sizes > 0.0, -assessed[1:] / np.where(sizes > 0.0, sizes, 1.0), -assessed[1:])
    worst = int(missed.argmax())
    return worst if missed[worst] > 0.0 else None


def clashing(cuts: Array) -> Array | None:
    """(1+K,) rows of limits together, without the value, that every one of the cuts misses; None without any."""
    slack = np.abs(cuts[:, 1:]).max(axis=0, initial=0.0)
    size, count = np.where(slack > 0.0, slack, 1.0), cuts.shape[1] - 1
    none = np.zeros((0, count))
    z = least_upper_bound(cuts[:, 1:] / size, np.zeros(len(cuts)), none, np.zeros(0), np.ones(count))
    if z is None or not (cuts[:, 1:] / size @ z).max() < 0.0:
        return None
    return np.concatenate([[0.0], z / size])
