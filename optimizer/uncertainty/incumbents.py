"""The best menu so far over all draws, and coordinate ascent to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimizer.search.levels.layout import EPS
from optimizer.typing import Array, Bools, Ints, LevelIndices
from optimizer.uncertainty.arrays import Draws, NumpyLoops
from optimizer.uncertainty.question import RiskQuestion

CHUNK = 1 << 22
"""Values of one block of menus."""


@dataclass(frozen=True)
class RobustIncumbent:
    """A choice that meets all requirements, with its true risk."""

    value: float
    menu: LevelIndices
    mix: int


class Evaluator:
    """Values many menus in all draws at once, and leaves the last word to the instances' own evaluation."""

    def __init__(self, question: RiskQuestion, draws: Draws, loops: NumpyLoops) -> None:
        self.question, self.draws, self.loops = question, draws, loops
        self.best: RobustIncumbent | None = None
        self.near = 64.0 * EPS * (draws.weight.shape[2] + 16)

    def offer(self, menus: Ints, mix: int) -> None:
        """Take note of menus (B, J) of columns."""
        for column in np.unique(menus[:, 0]):
            self.moves(menus[menus[:, 0] == column], mix, 0, np.array([column]))

    def box(self, box: tuple[Ints, ...], mix: int) -> None:
        """Take note of every menu of a box."""
        plan = int(np.argmax([len(part) for part in box]))
        rest = [part if j != plan else part[:1] for j, part in enumerate(box)]
        grid = np.stack([axis.ravel() for axis in np.meshgrid(*rest, indexing="ij")], axis=1)
        size = len(self.draws.weight) * self.draws.rows * len(box[plan])
        step = max(1, CHUNK // size)
        for at in range(0, len(grid), step):
            self.moves(grid[at : at + step], mix, plan, box[plan])

    def moves(self, menus: Ints, mix: int, plan: int, columns: Ints) -> tuple[Array, Array]:
        """(B, L) misses and risks of menus with one plan moved to each column, all of them taken note of."""
        values = self.draws.billed(self.loops.vary(self.draws, mix, menus, plan, columns))
        missed = self.question.missed(values[..., 1:], self.near)
        risk = self.question.risk(values[..., 0])
        moved = np.repeat(menus[:, None, :], len(columns), axis=1)
        moved[:, :, plan] = columns
        fits = _follow(self.draws, moved)
        missed = np.where(fits, missed, np.inf)
        self._take(moved.reshape(-1, menus.shape[1]), mix, np.where(missed > 0.0, -np.inf, risk).ravel())
        return missed, risk

    def _take(self, menus: Ints, mix: int, risk: Array) -> None:
        """Candidates by falling risk until the next one cannot beat the best."""
        while True:
            k = int(np.argmax(risk))
            if not risk[k] > (-np.inf if self.best is None else self.best.value):
                return
            menu = self.draws.menu(menus[k])
            value = self.question.value(menu, mix)
            if value is not None and (self.best is None or value > self.best.value):
                self.best = RobustIncumbent(value, menu, mix)
            risk[k] = -np.inf

    def ascend(self, start: Ints, mix: int, stop: Callable[[], object]) -> None:
        """Coordinate ascent: least missed first, then the largest risk."""
        menu, score = start.copy(), (np.inf, np.inf)
        while not stop():
            before = score
            for j in range(self.draws.plans):
                columns = np.arange(self.draws.starts[j], self.draws.starts[j + 1])
                missed, risk = (part[0] for part in self.moves(menu[None], mix, j, columns))
                k = int(np.lexsort((-risk, missed))[0])
                if (missed[k], -risk[k]) < score:
                    score, menu[j] = (float(missed[k]), -float(risk[k])), columns[k]
            if score == before:
                return


def _follow(draws: Draws, menus: Ints) -> Bools:
    """(...) which menus (..., J) of columns keep every rule."""
    keep = np.ones(menus.shape[:-1], dtype=np.bool_)
    for first, second, allowed in draws.rules:
        keep &= allowed[menus[..., first] - draws.starts[first], menus[..., second] - draws.starts[second]]
    return keep
