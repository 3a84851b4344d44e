"""A horizon's part as compiled loops read it, and how they are compiled. Imports numba."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Bools, Ints

_FAST = {"reassoc", "contract", "nsz"}
"""Of the compiler's liberties only those under which NaN and infinities keep their meaning."""
loop = njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
part = njit(inline="always", fastmath=_FAST, error_model="numpy")
"""Of a loop over columns: a call for each would count references to every table."""
FAR = 1e300


class PathTables(NamedTuple):
    """A horizon's part as the loops read it; see ``instance.Horizon``. Axes S as they are there."""

    start: Array
    weight: Array
    """(S, C, E, W)"""
    together: Array
    """(S, C, N, W) weights of a column's entries together."""
    rate: Array
    reward: Array
    """(T, E, W)"""
    outside_weight: Array
    outside_rate: Array
    entrants: Array
    people: Array
    reaches: bool
    base: Array
    """(T, W) reach speed x base reach."""
    brings: Array
    """(J+1, W) reach speed x (referral - 1)."""
    stage: Ints
    first: Ints
    begin: Ints
    """(N+1,) first entry of every column, and E."""
    row: Ints
    """(E,)"""
    origin: Ints
    before: Ints
    """Columns that a column may follow, set after set, for each pair of stages told (R)."""
    before_first: Ints
    """(R, P+1) where each set begins."""
    before_set: Ints
    """(R, N)"""
    level: Ints
    """(E,)"""
    listed: Bools
    """(R, N) columns of groups whose pairs are listed (``arcs``), for each pair of stages told."""
    arc_count: Ints
    """(R,)"""
    arc_source: Ints
    """(R, A), as ``arc_target``."""
    arc_target: Ints
    out_arc: Ints
    """(R, A) pairs in order of the earlier column."""
    out_first: Ints
    """(R, N+1) where each earlier column's begin."""


def tables_of(horizon: Horizon) -> PathTables:
    """Everything contiguous."""

    def c(array: Any) -> Any:  # writable, whatever the horizon's own are: one signature to compile
        return np.array(array, order="C")

    h, befores = horizon, [pair.before for pair in horizon.moves]
    offsets = np.cumsum([0] + [len(b.columns) for b in befores])
    most = max(len(b.first) for b in befores)
    first = np.stack([np.pad(b.first, (0, most - len(b.first)), mode="edge") + at
                      for b, at in zip(befores, itertools.islice(offsets, len(befores)), strict=True)])  # fmt: skip
    base, brings = np.zeros((h.months, h.types)), np.zeros((h.plans + 1, h.types))
    if h.reach is not None:
        base, brings = h.reach.speed * h.reach.base, h.reach.speed * (h.reach.referral - 1.0)
    pairs = [h.arcs_between(k) for k in range(len(h.moves))]
    longest = max(len(p.source) for p in pairs)

    def padded(arrays: list[Ints]) -> Ints:
        return np.stack([np.pad(a, (0, longest - len(a))) for a in arrays])

    return PathTables(
        c(h.start), c(h.choice_weight), np.add.reduceat(h.choice_weight, h.entry_first[:-1], axis=2),
        c(h.decision_rate), c(h.monthly_reward), c(h.outside_weight), c(h.outside_decision_rate), c(h.entrants),
        c(h.people), h.reach is not None, base, brings, c(h.stage), c(h.first), c(h.entry_first), c(h.entry_row),
        c(h.origin), np.concatenate([b.columns for b in befores]), first, np.stack([b.set_of for b in befores]),
        c(h.level), np.stack([p.listed for p in pairs]), np.array([len(p.source) for p in pairs]),
        padded([p.source for p in pairs]), padded([p.target for p in pairs]), padded([p.by_source for p in pairs]),
        np.stack([np.searchsorted(p.source[p.by_source], np.arange(h.columns + 1)) for p in pairs]),
    )  # fmt: skip


@loop
def stage_of(array: Array | Bools | Ints, stage: int) -> int:  # pragma: no cover - compiled
    """A stage's place on an axis S."""
    return stage if len(array) > 1 else 0
