"""From arrays by plan and level, and nests, to the groups, columns and entries of a ``Horizon``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.economics import dynamics
from optimizer.horizon.moves import Moves, moves_of, within_steps
from optimizer.model.composites import Composite, Composites, Nest, composites_of
from optimizer.typing import Array, Ints

MOST_COLUMNS = 4096
"""Combinations of one nest's levels that a search over paths can hold."""


@dataclass(frozen=True)
class GroupLayout:
    """Plans with levels, and what of them is chosen together."""

    levels: tuple[int, ...]
    """(J,) number of levels of every plan."""
    nests: tuple[Nest, ...] = ()

    @cached_property
    def parts(self) -> tuple[Composite, ...]:
        """The groups, each where its first plan stands."""
        return self._composites.parts

    @cached_property
    def _composites(self) -> Composites:
        return composites_of(self.levels, [nest.plans for nest in self.nests], ())

    def too_many(self) -> tuple[int, int] | None:
        """A nest with more combinations than ``MOST_COLUMNS``, and how many it has."""
        for at, nest in enumerate(self.nests):
            count = math.prod(self.levels[j] for j in nest.plans)
            if count > MOST_COLUMNS:
                return at, count
        return None

    @cached_property
    def first(self) -> Ints:
        """(G+1,) first column of every group, and N."""
        return np.concatenate([[0], np.cumsum([len(part.levels) for part in self.parts])]).astype(np.intp)

    @cached_property
    def group_of(self) -> Ints:
        """(J,) group of every plan."""
        found = np.empty(len(self.levels), dtype=np.intp)
        for g, part in enumerate(self.parts):
            found[list(part.plans)] = g
        return found

    @cached_property
    def level(self) -> Ints:
        """(E,) level of every entry's plan."""
        return np.concatenate([part.levels.ravel() for part in self.parts])

    @cached_property
    def level_place(self) -> Ints:
        """(E,) place of every entry's level where the levels of all plans stand plan after plan."""
        begin = np.concatenate([[0], np.cumsum(self.levels)])
        return np.concatenate([(part.levels + begin[list(part.plans)]).ravel() for part in self.parts])

    def choice_weights(self, attraction: Array, habit: Array) -> Array:
        """(C, E, I) from attractions (sum of levels, I), plan after plan, and habit (C, J+1)."""
        lambdas = {nest.plans: nest.dissimilarity for nest in self.nests}
        begin = np.concatenate([[0], np.cumsum(self.levels)])
        made = []
        for part in self.parts:
            plans = np.array(part.plans)
            members = attraction[part.levels + begin[plans]]
            weights = dynamics.choice_weights(members, habit[:, plans + 1], lambdas.get(part.plans, 1.0))
            made.append(weights.reshape(len(habit), -1, attraction.shape[1]))
        return np.concatenate(made, axis=1)

    def moves(self, steps: Ints) -> Moves:
        """Between two stages, by the most levels (J,) that every plan may move: the product of its members' steps."""
        return moves_of([within_steps(part.levels, steps[list(part.plans)]) for part in self.parts])

    def columns_of(self, levels: Ints) -> Ints:
        """(K, G) columns of a path (K, J) of levels."""
        found = np.empty((len(levels), len(self.parts)), dtype=np.intp)
        for g, part in enumerate(self.parts):
            own = levels[:, list(part.plans)]
            found[:, g] = self.first[g] + np.ravel_multi_index(tuple(own.T), [self.levels[j] for j in part.plans])
        return found
