"""How a path may move between neighbouring stages: which column of a group may come before and after which."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.typing import Array, Bools, Ints


@dataclass(frozen=True)
class Neighbours:
    """For each of N columns, the columns that may stand in the neighbouring stage. Columns with the same ones share a
    set: without limits a group has one."""

    columns: Ints
    """(M,) of the sets, set after set; N, which stands for none, in an empty set."""
    first: Ints
    """(P+1,) where each set begins, and M."""
    set_of: Ints
    """(N,)"""

    def of(self, column: int) -> Ints:
        """The neighbours of a column."""
        s = self.set_of[column]
        found = self.columns[self.first[s] : self.first[s + 1]]
        return found[found < len(self.set_of)]

    def most(self, worth: Array) -> Array:
        """(N,) the most that a neighbour is worth; -inf where there is none."""
        found = np.maximum.reduceat(np.append(worth, -np.inf)[self.columns], self.first[:-1])
        return np.asarray(found[self.set_of])

    def best(self, worth: Array, columns: Ints) -> Ints:
        """The neighbour of each of some columns that is worth most."""
        found = [self.of(int(column)) for column in columns]
        return np.array([near[worth[near].argmax()] for near in found], dtype=np.intp)

    def total(self, ways: Ints) -> Ints:
        """(N,) the sum over neighbours; exact for Python's whole numbers."""
        found = np.add.reduceat(np.append(ways, 0)[self.columns], self.first[:-1])
        return np.asarray(found[self.set_of])

    def has(self, inside: Bools) -> Bools:
        """(N,) whether a neighbour is among some columns."""
        found = np.logical_or.reduceat(np.append(inside, False)[self.columns], self.first[:-1])
        return np.asarray(found[self.set_of])

    @cached_property
    def table(self) -> Bools:
        """(N, N) whether the second is a neighbour of the first."""
        n = len(self.set_of)
        made = np.zeros((len(self.first) - 1, n + 1), dtype=np.bool_)
        made[np.repeat(np.arange(len(made)), np.diff(self.first)), self.columns] = True
        return np.asarray(made[self.set_of, :n])


@dataclass(frozen=True)
class Moves:
    """Between two stages."""

    before: Neighbours
    """Of a column of the later stage, those it may follow."""
    after: Neighbours
    """Of a column of the earlier stage, those that may follow it."""


def moves_of(blocks: Sequence[Bools]) -> Moves:
    """From a table (L, L) for every group: whether the second column may follow the first."""
    return Moves(_neighbours([block.T for block in blocks]), _neighbours(blocks))


def within_steps(levels: Ints, steps: Ints) -> Bools:
    """(L, L) whether every member stays within its steps: the product over members. ``levels``: (L, members)."""
    return np.asarray((np.abs(levels[:, None] - levels) <= steps).all(axis=2))


def parted(moves: Moves, columns: Ints) -> Moves:
    """Among some columns, whole groups in order, alone."""
    return Moves(_among(moves.before, columns), _among(moves.after, columns))


def _neighbours(blocks: Sequence[Bools]) -> Neighbours:
    many = sum(len(block) for block in blocks)
    starts, offset, sets, listed = [], 0, 0, []
    for block in blocks:
        rows, inverse = np.unique(block, axis=0, return_inverse=True)
        starts.append(sets + inverse.ravel())
        listed += [np.flatnonzero(row) + offset if row.any() else np.array([many]) for row in rows]
        sets, offset = sets + len(rows), offset + len(block)
    first = np.cumsum([0] + [len(found) for found in listed])
    return Neighbours(*(np.concatenate(a).astype(np.intp) for a in (listed, [first], starts)))


def _among(neighbours: Neighbours, columns: Ints) -> Neighbours:
    place = np.full(len(neighbours.set_of) + 1, len(columns), dtype=np.intp)
    place[columns] = np.arange(len(columns))
    used, set_of = np.unique(neighbours.set_of[columns], return_inverse=True)
    pieces = [neighbours.columns[a:b] for a, b in itertools.pairwise(neighbours.first)]
    listed = [place[pieces[s]] for s in used]
    first = np.cumsum([0] + [len(found) for found in listed]).astype(np.intp)
    return Neighbours(np.concatenate(listed), first, set_of.ravel().astype(np.intp))
