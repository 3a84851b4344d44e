"""Good paths by the exact simulation: one menu for all stages first, then one (stage, group) after the other."""

from __future__ import annotations

import numpy as np

from optimizer.horizon.bounds import constant_path, whole_box
from optimizer.horizon.instance import Horizon
from optimizer.horizon.paths import nearest, stepping
from optimizer.horizon.simulate import earned, rest_value, start_state, values, walk
from optimizer.horizon.spelling import Spelling
from optimizer.search.engine import Clock
from optimizer.typing import Array, Ints

BETTER = 1e-12
"""Relative: less is rounding."""


def best_constant(horizon: Horizon, clock: Clock) -> Ints:
    """A path of one menu that no other column of one group makes better, unless the clock stops it; or the path nearest
    to it that may be taken."""
    path = constant_path(horizon, np.zeros(horizon.groups, dtype=np.intp))
    value, moved = float(values(horizon, path[None])[0]), True
    while moved and clock.stop() is None:
        moved = False
        for j in range(horizon.groups):
            tried = np.repeat(path[None], horizon.sizes[j], axis=0)
            tried[:, :, j] = np.arange(horizon.first[j], horizon.first[j + 1])[:, None]
            found = values(horizon, tried)
            best = int(found.argmax())
            if found[best] > value + BETTER * abs(value):
                path, value, moved = tried[best], float(found[best]), True
    return nearest(horizon, whole_box(horizon), path)


def ascend(horizon: Horizon, path: Ints, sweeps: int, clock: Clock) -> tuple[Ints, float]:
    """Move one group in one stage at a time while that is better and the neighbouring stages allow it."""
    for _ in range(sweeps):
        moved, before, total = False, start_state(horizon), 0.0
        for k in range(horizon.stages):
            for j in range(horizon.groups):
                if clock.stop() is not None:
                    return path, float(values(horizon, path[None])[0])
                path, better = _moved(horizon, path, k, j, before)
                moved = moved or better
            before, more = _through(horizon, path, k, before)
            total += more
        if not moved:
            return path, total
    return path, float(values(horizon, path[None])[0])


def _moved(horizon: Horizon, path: Ints, k: int, j: int, before: Array) -> tuple[Ints, bool]:
    """The path with the best column of a group in a stage, and whether it is another one."""
    tried, here = neighbours(horizon, path, k, j)
    if len(tried) == 1:
        return path, False
    found = rest_value(horizon, tried, before, k)
    best = int(found.argmax())
    if found[best] > found[here] + BETTER * abs(found[here]):
        return tried[best], True
    return path, False


def neighbours(horizon: Horizon, path: Ints, k: int, j: int) -> tuple[Ints, int]:
    """(B, K, G) paths with other columns of a group in a stage, and the path itself; and where that stands."""
    if horizon.spelling is not None:
        tried = _respelled(horizon, horizon.spelling, path, k, j)
    else:
        tried = _next_to(horizon, path, k, j)
    return tried, int(np.flatnonzero((tried == path).all(axis=(1, 2)))[0])


def _respelled(horizon: Horizon, spelling: Spelling, path: Ints, k: int, j: int) -> Ints:
    """Of the plain path that a path stands for, in the run of plain stages that begins with a stage."""
    run = spelling.run_from(k)
    if run is None:
        return path[None]
    plain = spelling.plain(path)
    columns = np.unique(spelling.base[horizon.first[j] : horizon.first[j + 1]])
    tried = np.repeat(plain[None], len(columns), axis=0)
    tried[:, run, j] = columns[:, None]
    made = spelling.spelled(tried)
    return np.asarray(made[stepping(horizon, made) | (tried == plain).all(axis=(1, 2))])


def _next_to(horizon: Horizon, path: Ints, k: int, j: int) -> Ints:
    h = horizon
    columns = h.first[j] + np.flatnonzero(h.allowed[k, h.first[j] : h.first[j + 1]])
    later = None
    if k:
        columns = np.intersect1d(columns, h.between(k - 1).after.of(path[k - 1, j]))
    if k + 1 < h.stages and h.memory is not None:  # the next column knows another one before it
        later = h.memory.column[h.memory.base[columns], h.memory.base[path[k + 1, j]]]
        there = (later >= 0) & h.allowed[k + 1, later]
        columns, later = columns[there], later[there]
    elif k + 1 < h.stages:
        columns = np.intersect1d(columns, h.between(k).before.of(path[k + 1, j]))
    tried = np.repeat(path[None], len(columns), axis=0)
    tried[:, k, j] = columns
    if later is not None:
        tried[:, k + 1, j] = later
    return tried


def _through(horizon: Horizon, path: Ints, k: int, before: Array) -> tuple[Array, float]:
    """The state after a stage, and what its months earn."""
    months, total = horizon.months_of[k], 0.0
    for t, after in zip(months, walk(horizon, path[None], before, k), strict=False):
        total += float(earned(horizon, t, path[None], after)[0])
        before = after
    return before, total
