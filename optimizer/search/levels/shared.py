"""What searches of one instance share whose aims and limits differ in constants alone: layouts, loops and trees."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from optimizer.model.instance import Figure, Instance, Limit
from optimizer.search.engine import GapRule
from optimizer.search.kernels import ChosenKernel, Kernel
from optimizer.search.levels.evaluation import Truth
from optimizer.search.levels.moving import eased
from optimizer.search.levels.question import MenuQuestion, ask
from optimizer.search.levels.staircase import Staircase
from optimizer.search.levels.thresholds import ThresholdTree
from optimizer.search.tuning import DEFAULT, Tuning

Figures = tuple[Figure, ...]


@dataclass
class SharedSearch:
    """Given to every search of a study on one instance; of use where figures are made once and only their constants are
    replaced, as they are told by their arrays."""

    _kernel: ChosenKernel | None = None
    _asked: dict[tuple[int, ...], tuple[Figures, MenuQuestion]] = field(default_factory=dict)
    """The figures are kept with what was laid out for them, so that no other arrays take their place."""
    _trees: dict[tuple[object, ...], ThresholdTree] = field(default_factory=dict)

    def kernel(self, tuning: Tuning, deadline: float | None) -> ChosenKernel:
        """The inner loops, chosen by what all searches have read."""
        if self._kernel is None:
            self._kernel = ChosenKernel(tuning, deadline)
        return self._kernel

    def ask(self, instance: Instance, aim: Figure, limits: Sequence[Limit]) -> MenuQuestion:
        """See ``question.ask``; the layout is an earlier one where only constants differ."""
        began = time.monotonic()
        figures = (aim, *(limit.figure for limit in limits))
        key = (id(instance), *_arrays(figures))
        if key not in self._asked:
            self._asked[key] = (figures, ask(instance, aim, limits, None, ()).switched().stated())
        known, asked = self._asked[key]
        constants = np.array([new.constant - old.constant for new, old in zip(figures, known, strict=True)])
        truth = Truth(instance, aim, tuple(limits))
        return replace(asked, layout=eased(asked.layout, constants), truth=truth, began=began)

    def tree(
        self, asked: MenuQuestion, rule: GapRule, kernel: Kernel, tuning: Tuning = DEFAULT
    ) -> ThresholdTree | None:
        """The tree of the last limit's thresholds, all else as it is asked; None without a limit."""
        truth = asked.truth
        if not truth.limits or truth.excluded:
            return None
        *others, last = truth.limits
        figures = (truth.aim, *(limit.figure for limit in truth.limits))
        constants = tuple(figure.constant for figure in figures[:-1])
        key = (id(asked.layout.instance), *_arrays(figures), constants, rule)
        if key not in self._trees:
            moved = np.zeros(len(figures))
            moved[-1] = -last.figure.constant
            moving = Limit(last.name, replace(last.figure, constant=0.0))
            whole = dict.fromkeys(asked.mixes, asked.columns)
            rest = Truth(truth.instance, truth.aim, tuple(others))
            known = Staircase(rest, moving, rule, tuning)
            self._trees[key] = ThresholdTree(eased(asked.layout, moved), kernel, whole, known)
        return self._trees[key]


def _arrays(figures: Figures) -> tuple[int, ...]:
    """What tells figures apart that differ in more than constants."""
    parts = [(f.amounts, f.outside, f.fixed, f.mix, f.burst, f.again) for f in figures]
    return tuple(id(part) for figure in parts for part in figure)
