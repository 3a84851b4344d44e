"""A horizon whose columns know the column before: its bounds are tighter where few columns may follow one.

A column becomes as many as may come before it. Customers at the start of a stage are then told given the columns of two
stages, not as the hull over all that may come before; paths, values and what may follow what stay the same. The
certificate of a search over it says so, and is replayed over the same horizon.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from optimizer.horizon.instance import Horizon, Memory
from optimizer.horizon.moves import moves_of
from optimizer.typing import Ints


def worth_remembering(horizon: Horizon, most: float) -> bool:
    """Whether columns grow by no more than a factor, and customers move along with menus in three stages or more."""
    h = horizon
    if h.keeps or h.stages < 3 or len(h.moves) > 1:
        return False
    before = h.moves[0].before
    pairs = int(np.diff(before.first)[before.set_of].sum())
    stays = all(column in before.of(column) for column in range(h.columns))
    return stays and pairs <= most * h.columns


def remembering(horizon: Horizon) -> Horizon:
    """The horizon by pairs of columns; of one that is ``worth_remembering``."""
    h, before = horizon, horizon.moves[0].before
    near = [before.of(column) for column in range(h.columns)]
    base = np.repeat(np.arange(h.columns), [len(found) for found in near])
    came = np.concatenate(near)
    first = np.searchsorted(base, h.first)
    blocks = [base[a:b, None] == came[None, a:b] for a, b in itertools.pairwise(first)]
    entries = np.concatenate([np.arange(h.entry_first[c], h.entry_first[c + 1]) for c in base])
    allowed = h.allowed[:, base]
    allowed[0] &= came == base
    allowed[1:] &= h.allowed[:-1, came]
    column = np.full((h.columns, h.columns), -1, dtype=np.intp)
    column[came, base] = np.arange(len(base))
    return replace(
        h,
        choice_weight=np.ascontiguousarray(h.choice_weight[:, :, entries]),
        decision_rate=np.ascontiguousarray(h.decision_rate[:, entries]),
        reward=np.ascontiguousarray(h.reward[:, :, entries]),
        again=None if h.again is None else np.ascontiguousarray(h.again[:, :, entries]),
        first=first.astype(np.intp),
        level=h.level[entries],
        moves=(moves_of(blocks),),
        allowed=allowed,
        memory=Memory(base, came, column),
    )


def forgotten(horizon: Horizon, path: Ints) -> Ints:
    """The path (K, G) in columns of the horizon that was made to remember."""
    return path if horizon.memory is None else np.asarray(horizon.memory.base[path])
