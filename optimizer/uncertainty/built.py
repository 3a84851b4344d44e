"""Draws as a recheck looks at them: a box of levels in one draw, built from members where nests are very wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.model.instance import Figure, Instance, Rule
from optimizer.model.measures import magnitude
from optimizer.typing import Array, Ints
from optimizer.uncertainty.question import RiskQuestion
from optimizer.uncertainty.wide_question import WideQuestion

Levels = tuple[Ints, ...]
KEPT = 1 << 27
"""Most numbers of built boxes that are kept, for the next proof over the same box."""


@dataclass(frozen=True)
class BuiltBox:
    """A box in one draw."""

    instance: Instance
    figures: list[Figure]
    """The aim, then the limits."""
    box: Levels
    reference: Sequence[int]


class BuiltDraws:
    """Of a question of any kind."""

    def __init__(self, question: RiskQuestion | WideQuestion) -> None:
        self._whole = question
        self.question = question.plain if isinstance(question, WideQuestion) else question
        """Figures and instances are of plans where nests are very wide; sizes, weights and requirements hold as they
        are."""
        first = self.question.instances[0]
        self.rules: tuple[Rule, ...] = question.rules if isinstance(question, WideQuestion) else first.rules
        self.levels: tuple[int, ...] = question.levels if isinstance(question, WideQuestion) else first.levels
        self.mixes, self.blocks = first.mixes, len(first.blocks)
        self.uses = [[magnitude(i, b.use) + abs(b.reserved) for b in i.blocks] for i in self.question.instances]
        self._key: tuple[object, ...] = ()
        self._kept: dict[int, BuiltBox] = {}

    def burst(self, s: int) -> list[Array]:
        """(H,) burst part of the aim and of each limit."""
        aim, limits = self.question.aims[s], self.question.limits[s]
        return [aim.burst, *(limit.figure.burst for limit in limits)]

    def draw(self, s: int, box: Levels, reference: Sequence[int]) -> BuiltBox:
        """A box and a menu in one draw."""
        wide = self._whole
        if not isinstance(wide, WideQuestion):
            figures = [wide.aims[s], *(limit.figure for limit in wide.limits[s])]
            return BuiltBox(wide.instances[s], figures, box, reference)
        key = (tuple(part.tobytes() for part in box), tuple(reference))
        if key != self._key:
            self._key, self._kept = key, {}
        if s not in self._kept:
            made = _built(wide, s, box, reference)
            numbers = made.instance.types * sum(made.instance.levels) * (2 + len(made.figures)) * wide.draws
            if numbers > KEPT:
                return made
            self._kept[s] = made
        return self._kept[s]

    def narrowed(self, menus: Ints) -> tuple[RiskQuestion, Ints]:
        """A question in which menus (B, J) stand, and their levels there."""
        wide = self._whole
        if not isinstance(wide, WideQuestion):
            return wide, menus
        narrow = wide.narrowed([np.unique(own) for own in menus.T])
        places = [np.searchsorted(part, own) for part, own in zip(narrow.levels, menus.T, strict=True)]
        return narrow.question, np.stack(places, axis=1)


def _built(wide: WideQuestion, s: int, box: Levels, reference: Sequence[int]) -> BuiltBox:
    narrow = wide.narrowed([np.union1d(part, [k]).astype(np.intp) for part, k in zip(box, reference, strict=True)], [s])
    question, place = narrow.question, narrow.inside(tuple(reference))
    assert place is not None
    figures = [question.aims[0], *(limit.figure for limit in question.limits[0])]
    inside = tuple(np.searchsorted(there, part) for there, part in zip(narrow.levels, box, strict=True))
    return BuiltBox(question.instances[0], figures, inside, place)
