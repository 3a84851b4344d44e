"""Paths of levels: which may follow which, the best ones under separable potentials, and all of them in order."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Bools, Ints


def reachable(horizon: Horizon, box: Bools) -> Bools:
    """(K, N) columns of a box that some path within it takes; a group without such a path has none in any stage."""
    kept = box.copy()
    for k in range(1, len(kept)):
        kept[k] &= horizon.between(k - 1).before.has(kept[k - 1])
    for k in reversed(range(len(kept) - 1)):
        kept[k] &= horizon.between(k).after.has(kept[k + 1])
    return kept


def is_empty(horizon: Horizon, box: Bools) -> bool:
    """Whether some group has no column left in some stage."""
    return not np.logical_or.reduceat(box, horizon.first[:-1], axis=1).all()


@dataclass(frozen=True)
class Favoured:
    """The paths that potentials favour."""

    total: float
    """The most that the potentials of a path add up to."""
    path: Ints
    """(K, G) columns of such a path."""
    through: Array
    """(K, N) the most of a path that takes a column; -inf where none may."""


def favoured(horizon: Horizon, potentials: Array, arcs: Sequence[Array] = ()) -> Favoured:
    """The best path under potentials (K, N), -inf for columns out of the box, and the best one through every column.

    ``arcs``: for each pair of stages what the pairs of ``Horizon.arcs_between`` add; nothing where absent.
    Source: Viterbi (1967), forwards and backwards, group by group; limits on steps are exact.
    """
    forward, backward = _forward(horizon, potentials, arcs), potentials.copy()
    for k in reversed(range(len(backward) - 1)):
        backward[k] += _after(horizon, k, backward[k + 1], arcs)
    most = np.maximum.reduceat(forward[-1], horizon.first[:-1])
    open_ = np.isfinite(potentials)
    through = np.where(open_, forward + backward - np.where(open_, potentials, 0.0), -np.inf)
    total = float(most.sum())
    return Favoured(total, _traced(horizon, forward, arcs), total - most[horizon.group] + through)


def favoured_path(horizon: Horizon, potentials: Array) -> Ints:
    """The path of ``favoured`` alone."""
    return _traced(horizon, _forward(horizon, potentials, ()), ())


def _forward(horizon: Horizon, potentials: Array, arcs: Sequence[Array]) -> Array:
    """(K, N) the most of a path up to a stage that ends at a column."""
    forward = potentials.copy()
    for k in range(1, len(forward)):
        forward[k] += _before(horizon, k - 1, forward[k - 1], arcs)
    return forward


def _before(horizon: Horizon, k: int, worth: Array, arcs: Sequence[Array]) -> Array:
    """(N,) the most that leads from a stage to every column of the next."""
    pairs = horizon.arcs_between(k) if len(arcs) else None
    if pairs is None or not pairs.all_listed:
        found = horizon.between(k).before.most(worth)
        return found if pairs is None else np.where(pairs.listed, pairs.into(worth, arcs[k]), found)
    return pairs.into(worth, arcs[k])


def _after(horizon: Horizon, k: int, worth: Array, arcs: Sequence[Array]) -> Array:
    """(N,) the most that follows in the next stage on every column of a stage."""
    pairs = horizon.arcs_between(k) if len(arcs) else None
    if pairs is None or not pairs.all_listed:
        found = horizon.between(k).after.most(worth)
        return found if pairs is None else np.where(pairs.listed, pairs.out_of(worth, arcs[k]), found)
    return pairs.out_of(worth, arcs[k])


def _traced(horizon: Horizon, forward: Array, arcs: Sequence[Array]) -> Ints:
    """The path behind the largest of the last stage's values, group by group."""
    path = np.empty((len(forward), horizon.groups), dtype=np.intp)
    path[-1] = (forward[-1][:, None] + horizon.foreign).argmax(axis=0)
    for k in reversed(range(len(forward) - 1)):
        pairs = horizon.arcs_between(k) if len(arcs) else None
        if pairs is None or not pairs.all_listed:
            path[k] = horizon.between(k).before.best(forward[k], path[k + 1])
        if pairs is not None:
            for g in np.flatnonzero(pairs.listed[path[k + 1]]):
                path[k, g] = pairs.best_into(forward[k], arcs[k], int(path[k + 1, g]))
    return path


def sequences(horizon: Horizon, box: Bools, group: int) -> Ints:
    """(n, K) all sequences of a group's columns within a box that keep its steps, in order."""
    found = np.flatnonzero(box[0] & (horizon.group == group))[:, None]
    for k in range(1, len(box)):
        row, column = np.nonzero(horizon.between(k - 1).after.table[found[:, -1]] & box[k])
        found = np.column_stack([found[row], column])
    return found


def count_paths(horizon: Horizon, box: Bools) -> int:
    """Paths within a box; without listing them."""
    ways = box[0].astype(object)
    for k in range(1, len(box)):
        ways = horizon.between(k - 1).before.total(ways) * box[k]
    return math.prod(int(ways[a:b].sum()) for a, b in itertools.pairwise(horizon.first))


def all_paths(horizon: Horizon, box: Bools, chunk: int) -> Iterator[Ints]:
    """Every path within a box, (chunk, K, G) columns at a time."""
    lists = [sequences(horizon, box, j) for j in range(horizon.groups)]
    shape = tuple(len(found) for found in lists)
    count = math.prod(shape)
    for at in range(0, count, chunk):
        picks = np.unravel_index(np.arange(at, min(at + chunk, count)), shape)
        yield np.stack([found[pick] for found, pick in zip(lists, picks, strict=True)], axis=2)


def nearest(horizon: Horizon, box: Bools, path: Ints) -> Ints:
    """A path within a box that keeps the steps, near another: as many levels off as need be. (K, G) columns."""
    columns = np.arange(horizon.columns)
    return favoured_path(horizon, np.where(box, -np.abs(columns - path[:, horizon.group]).astype(float), -np.inf))


def stepping(horizon: Horizon, paths: Ints) -> Bools:
    """(B,) whether paths (B, K, G) take columns that are allowed, and each may follow the one before."""
    inside = horizon.allowed[np.arange(horizon.stages)[:, None], paths].all(axis=(1, 2))
    for k in range(horizon.stages - 1):
        inside &= horizon.between(k).after.table[paths[:, k], paths[:, k + 1]].all(axis=1)
    return np.asarray(inside)
