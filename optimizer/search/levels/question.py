"""What a search by levels is asked, laid out."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.model.instance import Figure, Instance, Limit
from optimizer.search.levels.again import stated
from optimizer.search.levels.alike import alike, switched
from optimizer.search.levels.evaluation import Truth
from optimizer.search.levels.layout import Box, Layout, checked_box, prepare
from optimizer.search.levels.merging import Groups
from optimizer.search.proof.certificate import Node, Recorder
from optimizer.typing import Choice, Ints


@dataclass(frozen=True)
class MenuQuestion:
    """What is asked, laid out."""

    layout: Layout
    truth: Truth
    columns: tuple[Ints, ...]
    """Per plan, of the box's levels."""
    mixes: list[int]
    excluded: list[Choice]
    began: float
    groups: Groups = ()
    """Plans of the problem as it came, where those that attract alike are taken together: ``layout`` and ``columns``
    are then of the problem stated so."""
    whole: tuple[Layout, tuple[Ints, ...]] | None = None
    """That problem, and its box."""

    @property
    def given(self) -> tuple[Layout, tuple[Ints, ...]]:
        """Layout and box of the problem as it came."""
        return (self.layout, self.columns) if self.whole is None else self.whole

    @property
    def choices(self) -> int:
        """Menus times mix levels, rules not counted."""
        return math.prod(map(len, self.columns)) * len(self.mixes)

    def root(self, recorder: Recorder, mix: int) -> Node:
        """What is recorded of a mix level."""
        node = recorder.root(mix)
        return recorder.alike(node, self.groups) if self.groups else node

    def switched(self) -> MenuQuestion:
        """The same question with plans that attract alike taken together, see ``levels.alike``."""
        limits = [limit.figure for limit in self.truth.limits]
        box = [np.sort(self.layout.level[c]) for c in self.columns]
        rows = () if self.excluded else alike(self.layout.instance, self.truth.aim, limits, box)
        if not rows:
            return self
        layout, columns, groups = switched(self.layout, self.columns, rows)
        return replace(self, layout=layout, columns=columns, groups=groups, whole=(self.layout, self.columns))

    def stated(self) -> MenuQuestion:
        """The same with figures that are not linear stated over the whole box, see ``levels.again``."""
        return replace(self, layout=stated(self.layout, self.columns))

    def certificate(self, recorder: Recorder, bound: float) -> dict[str, Any]:
        """The finished certificate."""
        plain = [[list(menu), mix] for menu, mix in self.excluded]
        layout, columns = self.given
        return recorder.data(layout, bound, columns, plain)


def ask(
    instance: Instance, aim: Figure, limits: Sequence[Limit], box: Box | None, excluded: Collection[Choice]
) -> MenuQuestion:
    """The question laid out. Raises InputError for numbers that no bound could be computed from."""
    began = time.monotonic()
    layout = prepare(instance, aim, limits)
    box = checked_box(instance, box)
    refused = plain(excluded)
    columns = tuple(np.sort(c[part]) for c, part in zip(layout.column, box.levels, strict=True))
    mixes = [box.mix] if box.mix is not None else list(range(instance.mixes))
    return MenuQuestion(layout, Truth(instance, aim, tuple(limits), frozenset(refused)), columns, mixes, refused, began)


def plain(choices: Collection[Choice]) -> list[Choice]:
    """Choices in Python's own numbers."""
    return [(tuple(int(k) for k in menu), int(mix)) for menu, mix in choices]
