"""Pairs of columns of neighbouring stages: what customers who stay are worth may hang on both."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.horizon.moves import Moves
from optimizer.typing import Array, Bools, Ints

MOST_FOLLOWERS = 100
"""Pairs by column up to which a group's pairs are listed: more cost more than they tell."""


@dataclass(frozen=True)
class Arcs:
    """Between two stages, in order of the later column; of groups whose pairs are listed."""

    source: Ints
    """(A,) the earlier column."""
    target: Ints
    """(A,) the later one."""
    listed: Bools
    """(N,) columns of the groups whose pairs are listed."""

    @cached_property
    def all_listed(self) -> bool:
        """Whether all groups' pairs are."""
        return bool(self.listed.all())

    @cached_property
    def by_source(self) -> Ints:
        """(A,) places in order of the earlier column, then of the later one."""
        return np.argsort(self.source, kind="stable")

    @cached_property
    def _first_into(self) -> Ints:
        """(N+1,) where each later column's pairs begin, and A."""
        return np.searchsorted(self.target, np.arange(len(self.listed) + 1))

    @cached_property
    def _first_out_of(self) -> Ints:
        """(N+1,) the same of earlier columns in ``by_source``."""
        return np.searchsorted(self.source[self.by_source], np.arange(len(self.listed) + 1))

    def into(self, worth: Array, arcs: Array) -> Array:
        """(N,) the most of the earlier column's worth and the pair's, by later column; -inf where nothing leads."""
        return _most(worth[self.source] + arcs, self._first_into)

    def out_of(self, worth: Array, arcs: Array) -> Array:
        """(N,) the most of the later column's worth and the pair's, by earlier column; -inf where nothing follows."""
        return _most((worth[self.target] + arcs)[self.by_source], self._first_out_of)

    def best_into(self, worth: Array, arcs: Array, column: int) -> int:
        """The earlier column behind ``into`` of a later one."""
        a, b = self._first_into[column : column + 2]
        return int(self.source[a + (worth[self.source[a:b]] + arcs[a:b]).argmax()])

    def taken(self, before: Ints, after: Ints) -> Ints:
        """(G,) place of every group's pair of columns, of menus (G,) of two stages; -1 where it is not listed."""
        spans = [(p, *self._first_into[q : q + 2]) for p, q in zip(before, after, strict=True)]
        found = [np.flatnonzero(self.source[a:b] == p) + a for p, a, b in spans]
        return np.array([own[0] if len(own) else -1 for own in found], dtype=np.intp)


def _most(found: Array, first: Ints) -> Array:
    """The most from each first place to the next; -inf where they are the same."""
    starts = first[:-1]
    made = np.maximum.reduceat(np.append(found, -np.inf), starts)
    made[starts == first[1:]] = -np.inf
    return np.asarray(made)


def arcs_of(moves: Moves, first: Ints) -> Arcs:
    """Of groups whose first columns, and N, are given."""
    before, sources, targets = moves.before, [], []
    listed = np.zeros(len(before.set_of), dtype=np.bool_)
    size = np.diff(before.first)[before.set_of]
    for a, b in itertools.pairwise(first):
        if size[a:b].sum() <= MOST_FOLLOWERS * (b - a):
            near = [before.of(column) for column in range(a, b)]
            sources += near
            targets.append(np.repeat(np.arange(a, b), [len(found) for found in near]))
            listed[a:b] = True
    none = np.empty(0, dtype=np.intp)
    source, target = (np.concatenate([none, *found]).astype(np.intp) for found in (sources, targets))
    return Arcs(source, target, listed)
