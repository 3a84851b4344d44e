"""Good paths that keep limits, by the exact simulation: first less is missed, then more is earned."""

from __future__ import annotations

import numpy as np

from optimizer.horizon.ascent import BETTER, neighbours
from optimizer.horizon.instance import Horizon
from optimizer.horizon.limits import Limited, best_of, kept
from optimizer.horizon.paths import stepping
from optimizer.horizon.simulate import earned_streams, start_state, walk
from optimizer.search.engine import Clock
from optimizer.typing import Array, Ints

MOST_EXCHANGES = 10
MOST_MOVES = 250
"""Of each side of a pair."""
MOST_PAIRS = 2000
"""Pairs that are looked at for limits on steps."""
MOST_TRIED = 64
"""Pairs that are simulated."""


def ascend_within(limited: Limited, path: Ints, sweeps: int, clock: Clock) -> tuple[Ints, Array]:
    """Move one plan in one stage at a time while less is missed of the limits, or nothing and more is earned.

    The path and what ``Limited.assess`` says of it.
    """
    h = limited.horizon
    for _ in range(sweeps):
        moved, before, done = False, start_state(h), np.zeros(len(limited.weights))
        for k in range(h.stages):
            for j in range(h.groups):
                if clock.stop() is not None:
                    return path, limited.assess(path[None])[0]
                path, better = _moved(limited, path, k, j, before, done)
                moved = moved or better
            before, done = _through(limited, path, k, before, done)
        if not moved:
            break
    return path, limited.assess(path[None])[0]


def _moved(limited: Limited, path: Ints, k: int, j: int, before: Array, done: Array) -> tuple[Ints, bool]:
    """The path with the best level of a plan in a stage, and whether it is another one."""
    tried, here = neighbours(limited.horizon, path, k, j)
    if len(tried) == 1:
        return path, False
    found = done + limited.rest(tried, before, k)
    found[:, 1:] -= limited.least
    lack = limited.lack(found)
    best = int(np.lexsort((-found[:, 0], lack))[0])
    less = lack[best] < lack[here] * (1.0 - BETTER)
    more = lack[best] == lack[here] and found[best, 0] > found[here, 0] + BETTER * abs(found[here, 0])
    return (tried[best], True) if less or more else (path, False)


def _through(limited: Limited, path: Ints, k: int, before: Array, done: Array) -> tuple[Array, Array]:
    """Customers after a stage, and the value and the limits' sums up to there."""
    h = limited.horizon
    for t, after in zip(h.months_of[k], walk(h, path[None], before, k), strict=False):
        done = done + limited.weights[:, :, t] @ earned_streams(h, t, path[None], after)[0]
        before = after
    return before, done


def exchange(limited: Limited, path: Ints, assessed: Array, clock: Clock) -> tuple[Ints, Array]:
    """Make two moves at once while both together keep the limits and earn more: one gives up what the other needs.

    Pairs are chosen by what their moves do alone, and then simulated. From a path that keeps the limits.
    """
    for _ in range(MOST_EXCHANGES):
        if clock.stop() is not None:
            break
        tried = _likely(limited, path, assessed)
        if not len(tried):
            break
        found = limited.assess(tried)
        best = best_of(found)
        if best is None or not found[best, 0] > assessed[0] + BETTER * abs(assessed[0]):
            break
        path, assessed = tried[best], found[best]
    return path, assessed


def _likely(limited: Limited, path: Ints, assessed: Array) -> Ints:
    """(B, K, J) the path after the two moves that promise most, if moves add up."""
    h = limited.horizon
    moves, stage, group = _moves(h, path)
    change = _after_moves(limited, path, moves, stage) - assessed
    given = change[:, 1:] / np.maximum(np.abs(change[:, 1:]).max(axis=0, initial=0.0), 1e-300)
    earning, giving = (np.argsort(-worth)[:MOST_MOVES] for worth in (change[:, 0], given.max(axis=1)))
    one, two = (grid.ravel() for grid in np.meshgrid(earning, giving, indexing="ij"))
    together = assessed + change[one] + change[two]
    same = (stage[one] == stage[two]) & (group[one] == group[two])
    good = np.flatnonzero(kept(together) & ~same & (together[:, 0] > assessed[0]))
    good = good[np.argsort(-together[good, 0], kind="stable")[:MOST_PAIRS]]
    tried = np.where(moves[two[good]] == path, moves[one[good]], moves[two[good]])
    return np.asarray(tried[stepping(h, tried)][:MOST_TRIED])


def _moves(horizon: Horizon, path: Ints) -> tuple[Ints, Ints, Ints]:
    """(B, K, G) the path with another column of one group in one stage, that stage, and the group."""
    h = horizon
    if h.spelling is not None:
        near = [(k, j, *neighbours(h, path, k, j)) for k in range(h.stages) for j in range(h.groups)]
        others = [np.delete(tried, here, axis=0) for _, _, tried, here in near]
        sizes = [len(own) for own in others]
        stages, groups = (np.repeat([found[at] for found in near], sizes) for at in (0, 1))
        return np.concatenate(others), stages, groups
    stage, column = np.nonzero(np.ones((h.stages, h.columns), dtype=np.bool_))
    other = column != path[stage, h.group[column]]
    stage, column = stage[other], column[other]
    moves = np.repeat(path[None], len(stage), axis=0)
    moves[np.arange(len(stage)), stage, h.group[column]] = column
    return moves, stage, h.group[column]


def _after_moves(limited: Limited, path: Ints, moves: Ints, stage: Ints) -> Array:
    """``Limited.assess`` of paths that are one path up to a stage each."""
    h, found = limited.horizon, np.empty((len(moves), len(limited.weights)))
    before, done = start_state(h), np.zeros(len(limited.weights))
    for k in range(h.stages):
        if (here := stage == k).any():
            found[here] = done + limited.rest(moves[here], before, k)
        before, done = _through(limited, path, k, before, done)
    found[:, 1:] -= limited.least
    return found
