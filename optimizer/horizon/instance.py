"""A horizon as frozen arrays: customers today, the levels of every plan, the months, and how paths may move."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optimizer.typing import Array, Bools, Ints


@dataclass(frozen=True)
class Horizon:
    """I types, J plans with N levels in all, T months in K stages, C origin classes, Q streams of reward.

    The levels of all plans stand in one axis, plan after plan: a level of a plan is a column. A path is (K, J) columns.
    """

    start: Array
    """(J+1, I) customers before the first month; row 0 the alternatives."""
    attraction: Array
    """(N, I) of a column to someone who decides, before habit and nests."""
    decision_rate: Array
    """(N, I) share of a plan's customers who decide anew in a month."""
    reward: Array
    """(Q, N, I) per customer and month."""
    weight: Array
    """(Q, T) of every stream in every month: discount, cost paths, prices of what is used."""
    outside_attraction: Array
    """(T, I) of the alternatives."""
    outside_decision_rate: Array
    """(I,)"""
    entrants: Array
    """(T, I) people who come and decide at once, with the class of row 0."""
    stage: Ints
    """(T,) from 0, rising by 0 or 1."""
    first: Ints
    """(J+1,) first column of every plan, and N."""
    steps: Ints
    """(J,) most levels that a plan may move between neighbouring stages."""
    origin: Ints
    """(J+1,) class of every row's deciders."""
    habit: Array
    """(C, J+1) factor of attraction by class."""

    @property
    def types(self) -> int:
        """I."""
        return int(self.start.shape[1])

    @property
    def plans(self) -> int:
        """J."""
        return len(self.first) - 1

    @property
    def months(self) -> int:
        """T."""
        return len(self.stage)

    @cached_property
    def stages(self) -> int:
        """K."""
        return int(self.stage[-1]) + 1

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """Number of levels of every plan."""
        return tuple(int(n) for n in np.diff(self.first))

    @cached_property
    def plan(self) -> Ints:
        """(N,) plan of every column, from 0."""
        return np.repeat(np.arange(self.plans), self.levels)

    @cached_property
    def members(self) -> Array:
        """(C, J+1): 1 where a row belongs to a class."""
        return np.asarray(self.origin == np.arange(len(self.habit))[:, None], dtype=np.float64)

    @cached_property
    def months_of(self) -> tuple[range, ...]:
        """The months of every stage."""
        edges = np.searchsorted(self.stage, np.arange(self.stages + 1))
        return tuple(range(int(a), int(b)) for a, b in itertools.pairwise(edges))

    @cached_property
    def people(self) -> Array:
        """(T+1, I) everyone before every month and after the last: known whatever is chosen."""
        return np.asarray(self.start.sum(axis=0)) + np.vstack([np.zeros(self.types), np.cumsum(self.entrants, axis=0)])

    @cached_property
    def follows(self) -> Bools:
        """(N, N) whether the second column may follow the first in the next stage."""
        level = np.arange(len(self.plan)) - self.first[self.plan]
        near = np.abs(level[:, None] - level) <= self.steps[self.plan][:, None]
        return np.asarray(near & (self.plan[:, None] == self.plan))

    @cached_property
    def barred(self) -> Array:
        """(N, N) 0 where a column may follow another, else -inf."""
        return np.where(self.follows, 0.0, -np.inf)

    @cached_property
    def foreign(self) -> Array:
        """(N, J) 0 where a column is of a plan, else -inf."""
        return np.where(self.plan[:, None] == np.arange(self.plans), 0.0, -np.inf)

    @cached_property
    def monthly_reward(self) -> Array:
        """(T, N, I) value of a customer's month on every column."""
        return np.asarray(np.einsum("qt,qni->tni", self.weight, self.reward))

    @cached_property
    def _largest(self) -> Array:
        """(T, I) largest absolute reward of a month."""
        return np.asarray(np.abs(self.monthly_reward).max(axis=1))

    @cached_property
    def magnitude(self) -> float:
        """No path is worth more than this, nor less than minus this."""
        return float((self._largest * self.people[1:]).sum())

    @cached_property
    def worth_to_come(self) -> float:
        """Sum over months of everyone x the largest reward of every month to come."""
        to_come = np.cumsum(self._largest[::-1], axis=0)[::-1]
        return float((self.people[1:] * to_come).sum())

    def part(self, plans: Ints, types: Ints) -> Horizon:
        """The horizon of some types, whom the other plans never reach."""
        rows, columns = np.concatenate([[0], plans + 1]), np.flatnonzero(np.isin(self.plan, plans))
        cut = np.ix_(columns, types)
        return replace(
            self,
            start=self.start[np.ix_(rows, types)],
            attraction=self.attraction[cut],
            decision_rate=self.decision_rate[cut],
            reward=np.ascontiguousarray(self.reward[:, columns][:, :, types]),
            outside_attraction=np.ascontiguousarray(self.outside_attraction[:, types]),
            outside_decision_rate=self.outside_decision_rate[types],
            entrants=np.ascontiguousarray(self.entrants[:, types]),
            first=np.concatenate([[0], np.cumsum([self.levels[j] for j in plans], dtype=np.intp)]),
            steps=self.steps[plans],
            origin=self.origin[rows],
            habit=np.ascontiguousarray(self.habit[:, rows]),
        )
