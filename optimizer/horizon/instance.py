"""A horizon as frozen arrays: customers today, what may be chosen, the months, and how paths may move.

What is chosen together is a group: a plan alone, or the plans of a nest. A column is one choice of a group: a level of
the plan, or a combination of its members' levels. An entry is one plan in one column. Entries stand column after
column, columns group after group; a plan alone has one entry a column. A path is (K, G) columns.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optimizer.horizon.arcs import Arcs, arcs_of
from optimizer.horizon.moves import Moves, Neighbours, parted
from optimizer.horizon.spelling import Spelling
from optimizer.typing import Array, Bools, Ints


@dataclass(frozen=True)
class Reach:
    """Word of mouth and growth: see ``economics.dynamics.newly_reached``."""

    speed: Array
    """(I,) share of the way to the reach aimed at that is gone in a month, 0 to 1."""
    base: Array
    """(T, I) people reached without word of mouth."""
    referral: Array
    """(J+1, I) people whom a customer brings."""


@dataclass(frozen=True)
class Memory:
    """Of columns that know the column before; see ``memory``."""

    base: Ints
    """(N,) the column that each stands for."""
    came: Ints
    """(N,) the one before, in the same numbers."""
    column: Ints
    """The column by the one before and the one it stands for; -1 where there is none."""


@dataclass(frozen=True)
class Horizon:
    """I types, J plans in G groups with N columns and E entries, T months in K stages, C origin classes, Q streams of
    reward.

    Arrays with an axis S are the same in all stages (1) or told for each (K). Row 0 of (J+1, I) arrays is the
    alternatives.
    """

    start: Array
    """(J+1, I) customers before the first month."""
    choice_weight: Array
    """(S, C, E, I) of an entry to someone who decides, habit and nests in it; 0 where it is not offered."""
    decision_rate: Array
    """(S, E, I) share of a plan's customers who decide anew in a month."""
    reward: Array
    """(S, Q, E, I) per customer and month."""
    weight: Array
    """(Q, T) of every stream in every month: discount, cost paths, prices of what is used."""
    outside_weight: Array
    """(T, C, I) choice weight of the alternatives."""
    outside_decision_rate: Array
    """(I,)"""
    entrants: Array
    """(T, I) people who come and decide at once, with the class of row 0."""
    stage: Ints
    """(T,) from 0, rising by 0 or 1."""
    first: Ints
    """(G+1,) first column of every group, and N."""
    group_of: Ints
    """(J,) group of every plan; a group's plans stand in order in its columns."""
    level: Ints
    """(E,) level of the entry's plan, for those who name plans by levels."""
    moves: tuple[Moves, ...]
    """How columns may follow each other between neighbouring stages: one for all pairs of stages, or K - 1."""
    origin: Ints
    """(J+1,) class of every row's deciders."""
    allowed: Bools
    """(K, N) columns that may be taken: all but what was announced or is not there yet."""
    reach: Reach | None = None
    """None where nobody is reached or lost to sight: everyone together is then known."""
    keeps: bool = False
    """Whether customers keep the terms of the stage in which they joined or last decided, instead of moving along."""
    today: Ints | None = None
    """(G,) columns whose terms customers of ``start`` keep; those of the first stage where absent."""
    memory: Memory | None = None
    spelling: Spelling | None = None
    """Of one whose paths stand for those of another."""
    again: Array | None = None
    """(S, Q, E, I) reward per customer and month x the probability to choose the same plan again; see ``again``."""

    @property
    def types(self) -> int:
        """I."""
        return int(self.start.shape[1])

    @property
    def plans(self) -> int:
        """J."""
        return len(self.start) - 1

    @property
    def groups(self) -> int:
        """G."""
        return len(self.first) - 1

    @property
    def columns(self) -> int:
        """N."""
        return int(self.first[-1])

    @property
    def months(self) -> int:
        """T."""
        return len(self.stage)

    @property
    def classes(self) -> int:
        """C."""
        return int(self.choice_weight.shape[1])

    @cached_property
    def stages(self) -> int:
        """K."""
        return int(self.stage[-1]) + 1

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Number of columns of every group."""
        return tuple(int(n) for n in np.diff(self.first))

    @cached_property
    def group(self) -> Ints:
        """(N,) group of every column."""
        return np.repeat(np.arange(self.groups), self.sizes)

    @cached_property
    def widths(self) -> Ints:
        """(G,) number of plans of every group."""
        return np.bincount(self.group_of, minlength=self.groups)

    @cached_property
    def entry_first(self) -> Ints:
        """(N+1,) first entry of every column, and E."""
        return np.concatenate([[0], np.cumsum(self.widths[self.group])]).astype(np.intp)

    @cached_property
    def entry_column(self) -> Ints:
        """(E,)"""
        return np.repeat(np.arange(self.columns), self.widths[self.group])

    @cached_property
    def entry_row(self) -> Ints:
        """(E,) row of every entry's plan in (J+1, I) arrays, from 1."""
        members = [np.flatnonzero(self.group_of == g) + 1 for g in range(self.groups)]
        return np.concatenate([np.tile(rows, n) for rows, n in zip(members, self.sizes, strict=True)])

    @cached_property
    def place(self) -> Ints:
        """(J,) place of every plan within its group's columns."""
        order = np.argsort(self.group_of, kind="stable")
        found = np.empty(self.plans, dtype=np.intp)
        found[order] = np.arange(self.plans) - np.searchsorted(self.group_of[order], self.group_of[order])
        return found

    def entries(self, menu: Ints) -> Ints:
        """(..., J) entries of menus (..., G) of columns, in the order of plans."""
        return np.asarray(self.entry_first[menu[..., self.group_of]] + self.place)

    def levels(self, path: Ints) -> Ints:
        """(..., J) levels of the plans in a path (..., G) of columns."""
        return np.asarray(self.level[self.entries(path)])

    @staticmethod
    def at(array: Array, stage: int) -> Array:
        """A stage's part of an array with an axis S."""
        return np.asarray(array[stage if len(array) > 1 else 0])

    def between(self, stage: int) -> Moves:
        """How a stage's columns may be followed in the next."""
        return self.moves[stage if len(self.moves) > 1 else 0]

    def arcs_between(self, stage: int) -> Arcs:
        """Pairs of a stage's columns and those of the next, of groups where they are listed."""
        return self._arcs[stage if len(self.moves) > 1 else 0]

    @cached_property
    def _arcs(self) -> tuple[Arcs, ...]:
        return tuple(arcs_of(pair, self.first) for pair in self.moves)

    def came_from(self, stage: int) -> Neighbours:
        """For every entry of a stage after the first, the entries of its plan that it may follow."""
        return self._came[stage - 1 if len(self.moves) > 1 else 0]

    @cached_property
    def _came(self) -> tuple[Neighbours, ...]:
        return tuple(self._by_entry(pair.before) for pair in self.moves)

    def _by_entry(self, columns: Neighbours) -> Neighbours:
        """A set of columns is a set of entries for every plan of the group."""
        width = np.empty(len(columns.first) - 1, dtype=np.intp)
        width[columns.set_of] = self.widths[self.group]
        starts, none = np.cumsum(width) - width, len(self.entry_row)
        listed = [np.minimum(self.entry_first[columns.columns[a:b]] + place, none)
                  for (a, b), w in zip(itertools.pairwise(columns.first), width, strict=True)
                  for place in range(w)]  # fmt: skip
        first = np.cumsum([0] + [len(found) for found in listed]).astype(np.intp)
        place = np.arange(none) - self.entry_first[self.entry_column]
        return Neighbours(np.concatenate(listed), first, starts[columns.set_of[self.entry_column]] + place)

    @cached_property
    def members(self) -> Array:
        """(C, J+1): 1 where a row belongs to a class."""
        return np.asarray(self.origin == np.arange(self.classes)[:, None], dtype=np.float64)

    @cached_property
    def months_of(self) -> tuple[range, ...]:
        """The months of every stage."""
        edges = np.searchsorted(self.stage, np.arange(self.stages + 1))
        return tuple(range(int(a), int(b)) for a, b in itertools.pairwise(edges))

    @cached_property
    def people(self) -> Array:
        """(T+1, I) everyone before every month and after the last; without ``reach`` known whatever is chosen, with it
        the most that they can be."""
        if self.reach is None:
            come = np.vstack([np.zeros(self.types), self.entrants.cumsum(axis=0)])
            return np.asarray(self.start.sum(axis=0) + come)
        return self._growing(np.maximum(self.reach.referral.max(axis=0), 0.0) - 1.0)

    @cached_property
    def _rows_together(self) -> Array:
        """(T+1, I) no less than the sum over rows of absolute customers."""
        if self.reach is None:
            return self.people
        return self._growing(np.abs(self.reach.referral - 1.0).max(axis=0))

    def _growing(self, bring: Array) -> Array:
        """(T+1, I) everyone, if each brought so many more in a month."""
        assert self.reach is not None
        found = [self.start.sum(axis=0)]
        for entrants, base in zip(self.entrants, self.reach.base, strict=True):
            found.append(found[-1] * (1.0 + self.reach.speed * bring) + entrants + self.reach.speed * base)
        return np.array(found)

    @cached_property
    def foreign(self) -> Array:
        """(N, G) 0 where a column is of a group, else -inf."""
        return np.where(self.group[:, None] == np.arange(self.groups), 0.0, -np.inf)

    @cached_property
    def monthly_reward(self) -> Array:
        """(T, E, I) value of a customer's month in every entry."""
        return self._weighed(self.reward)

    @cached_property
    def monthly_again(self) -> Array | None:
        """(T, E, I) the same of ``again``; None where nothing hangs on it."""
        return None if self.again is None else self._weighed(self.again)

    def _weighed(self, reward: Array) -> Array:
        made = [np.einsum("qm,qei->mei", self.weight[:, span.start : span.stop], self.at(reward, k))
                for k, span in enumerate(self.months_of)]  # fmt: skip
        return np.concatenate(made)

    @cached_property
    def _largest(self) -> Array:
        """(T, I) largest absolute reward of a month."""
        found = np.abs(self.monthly_reward)
        return np.asarray((found if self.monthly_again is None else found + np.abs(self.monthly_again)).max(axis=1))

    @cached_property
    def magnitude(self) -> float:
        """No path is worth more than this, nor less than minus this, while nobody is lost to sight."""
        return float((self._largest * self.people[1:]).sum())

    @cached_property
    def worth_to_come(self) -> float:
        """Sum over months of everyone x the largest reward of every month to come; those whom they bring count."""
        bring = 0.0 if self.reach is None else self.reach.speed * np.abs(self.reach.referral - 1.0).max(axis=0)
        to_come = np.zeros_like(self._largest)
        for t in reversed(range(self.months)):
            to_come[t] = self._largest[t] + ((1.0 + bring) * to_come[t + 1] if t + 1 < self.months else 0.0)
        return float((self._rows_together[1:] * to_come).sum())

    def part(self, groups: Ints, types: Ints) -> Horizon:
        """The horizon of some types, whom the other groups never reach."""
        columns = np.flatnonzero(np.isin(self.group, groups))
        entries = np.flatnonzero(np.isin(self.entry_column, columns))
        plans = np.flatnonzero(np.isin(self.group_of, groups))
        rows = np.concatenate([[0], plans + 1])
        sizes = np.concatenate([[0], np.cumsum([self.sizes[g] for g in groups], dtype=np.intp)])

        def cut(array: Array, *axes: Ints) -> Array:  # of the last axes
            before = [np.arange(n) for n in array.shape[: array.ndim - len(axes)]]
            return np.ascontiguousarray(array[np.ix_(*before, *axes)])

        return replace(
            self,
            start=cut(self.start, rows, types),
            choice_weight=cut(self.choice_weight, entries, types),
            decision_rate=cut(self.decision_rate, entries, types),
            reward=cut(self.reward, entries, types),
            outside_weight=cut(self.outside_weight, types),
            outside_decision_rate=self.outside_decision_rate[types],
            entrants=cut(self.entrants, types),
            first=sizes,
            group_of=np.searchsorted(groups, self.group_of[plans]),
            level=self.level[entries],
            moves=tuple(parted(pair, columns) for pair in self.moves),
            origin=self.origin[rows],
            allowed=self.allowed[:, columns],
            reach=self.reach
            and Reach(self.reach.speed[types], cut(self.reach.base, types), cut(self.reach.referral, rows, types)),
            memory=None,
            spelling=None,
            again=None if self.again is None else cut(self.again, entries, types),
            today=None if self.today is None else self.today[groups] - self.first[groups] + sizes[:-1],
        )
