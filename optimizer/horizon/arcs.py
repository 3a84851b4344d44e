"""Pairs of columns of neighbouring stages: what customers who stay are worth may hang on both."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.horizon.moves import Moves
from optimizer.typing import Array, Ints

MOST_FOLLOWERS = 100
"""Pairs by column up to which a group's pairs are listed: more cost more than they tell."""


@dataclass(frozen=True)
class Arcs:
    """Between two stages, in order of the later column; of groups whose pairs are listed."""

    source: Ints
    """(A,) the earlier column."""
    target: Ints
    """(A,) the later one."""
    listed: Ints
    """Columns of the groups whose pairs are listed."""

    @cached_property
    def by_source(self) -> Ints:
        """(A,) places in order of the earlier column, then of the later one."""
        return np.argsort(self.source, kind="stable")

    def into(self, worth: Array, arcs: Array) -> Array:
        """(N,) the most of the earlier column's worth and the pair's, by later column; -inf where nothing leads."""
        return self._most(worth[self.source] + arcs, self.target, len(worth))

    def out_of(self, worth: Array, arcs: Array) -> Array:
        """(N,) the most of the later column's worth and the pair's, by earlier column; -inf where nothing follows."""
        order = self.by_source
        return self._most((worth[self.target] + arcs)[order], self.source[order], len(worth))

    def best_into(self, worth: Array, arcs: Array, column: int) -> int:
        """The earlier column behind ``into`` of a later one."""
        own = slice(*np.searchsorted(self.target, [column, column + 1]))
        return int(self.source[own][(worth[self.source[own]] + arcs[own]).argmax()])

    @staticmethod
    def _most(found: Array, by: Ints, columns: int) -> Array:
        """The most by column, of pairs in order of columns."""
        made = np.full(columns, -np.inf)
        if len(by):
            begin = np.flatnonzero(np.diff(by, prepend=-1))
            made[by[begin]] = np.maximum.reduceat(found, begin)
        return made


def arcs_of(moves: Moves, first: Ints) -> Arcs:
    """Of groups whose first columns, and N, are given."""
    before, sources, targets, listed = moves.before, [], [], []
    size = np.diff(before.first)[before.set_of]
    for a, b in itertools.pairwise(first):
        if size[a:b].sum() <= MOST_FOLLOWERS * (b - a):
            near = [before.of(column) for column in range(a, b)]
            sources += near
            targets.append(np.repeat(np.arange(a, b), [len(found) for found in near]))
            listed.append(np.arange(a, b))
    none = np.empty(0, dtype=np.intp)
    return Arcs(*(np.concatenate([none, *found]).astype(np.intp) for found in (sources, targets, listed)))
