"""Good choices to start from: coordinate ascent from drawn menus, first with penalties, then by the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimizer.search.engine import Clock
from optimizer.search.levels.ascent import Lines, ascend, first_row, lagrangian_rows, line_values, true_score
from optimizer.search.levels.bounds import make_form
from optimizer.search.levels.enumeration import Incumbent
from optimizer.search.levels.evaluation import Truth
from optimizer.search.levels.layout import Layout
from optimizer.search.levels.multipliers import none
from optimizer.search.levels.rules import follow
from optimizer.search.levels.wide import thinned
from optimizer.search.tuning import Tuning
from optimizer.typing import Ints


def find(
    layout: Layout, truth: Truth, box: tuple[Ints, ...], mixes: Sequence[int], given: Sequence[tuple[Ints, int]],
    starts: int, seed: int, tuning: Tuning, clock: Clock, lines: Lines = line_values,
) -> Incumbent | None:  # fmt: skip
    """The best feasible choice found from the given choices and ``starts`` drawn menus per mix level.

    Stages: the aim alone, the aim less penalties, the truth.
    """
    box = thinned(layout, box, tuning.first_levels)
    menus, at = draw(box, mixes, starts, seed)
    best: Incumbent | None = None
    for columns, mix in given:
        best = better(layout, truth, columns, mix, best)
    simple = not layout.limits and not layout.blocks and layout.exact is None
    form = make_form(layout, none(layout), None)
    menus, _ = ascend(layout, lagrangian_rows(layout, form), first_row, menus, at, box, tuning, clock, lines)
    if not simple:
        menus, at = _distinct(menus, at)
        menus, _ = ascend(layout, layout.true_rows, true_score(layout, 3.0), menus, at, box, tuning, clock, lines)
        menus, _ = ascend(layout, layout.true_rows, true_score(layout), menus, at, box, tuning, clock, lines)
    for menu, mix in zip(*_distinct(menus, at), strict=True):
        best = better(layout, truth, menu, int(mix), best)
    return best


def near(
    layout: Layout, truth: Truth, box: tuple[Ints, ...], given: Sequence[tuple[Ints, int]], tuning: Tuning,
    clock: Clock, lines: Lines,
) -> Incumbent | None:  # fmt: skip
    """The best of the given choices, which may be infeasible, and what a sweep of ascent makes of each."""
    best: Incumbent | None = None
    for columns, mix in given:
        best = better(layout, truth, columns, mix, best)
    return swept(layout, truth, box, given, best, tuning, clock, lines)


def swept(
    layout: Layout, truth: Truth, box: tuple[Ints, ...], given: Sequence[tuple[Ints, int]], best: Incumbent | None,
    tuning: Tuning, clock: Clock, lines: Lines,
) -> Incumbent | None:  # fmt: skip
    """The best known, or what a sweep of ascent with penalties and one by the truth makes of the given choices."""
    menus, mixes = _distinct(np.array([c for c, _ in given]), np.array([m for _, m in given], dtype=np.intp))
    scores = np.zeros(len(menus))
    for penalty in (3.0, np.inf):
        menus, scores = ascend(
            layout, layout.true_rows, true_score(layout, penalty), menus, mixes, box, tuning, clock, lines, sweeps=1
        )
    for k in np.argsort(-scores, kind="stable"):
        if best is not None and not scores[k] > best.value:
            break
        best = better(layout, truth, menus[k], int(mixes[k]), best)
    return best


def improve(
    layout: Layout, truth: Truth, box: tuple[Ints, ...], menus: Ints, mix: int, incumbent: Incumbent | None,
    tuning: Tuning, clock: Clock, lines: Lines,
) -> Incumbent | None:  # fmt: skip
    """The best of the incumbent and what ascent by the truth reaches inside the box from the given menus (B, J)."""
    menus, mixes = _distinct(menus, np.full(len(menus), mix, dtype=np.intp))
    menus, _ = ascend(layout, layout.true_rows, true_score(layout), menus, mixes, box, tuning, clock, lines)
    for menu in _distinct(menus, mixes)[0]:
        incumbent = better(layout, truth, menu, mix, incumbent)
    return incumbent


def draw(box: tuple[Ints, ...], mixes: Sequence[int], starts: int, seed: int) -> tuple[Ints, Ints]:
    """(B, J) start menus and (B,) mix levels: the middle levels first, then random ones."""
    generator = np.random.default_rng(seed)
    picks = [np.array([c[len(c) // 2] for c in box], dtype=np.intp)]
    picks += [np.array([c[generator.integers(len(c))] for c in box], dtype=np.intp) for _ in range(starts - 1)]
    menus = np.tile(np.array(picks), (len(mixes), 1))
    return menus, np.repeat(np.array(mixes, dtype=np.intp), len(picks))


def better(layout: Layout, truth: Truth, columns: Ints, mix: int, best: Incumbent | None) -> Incumbent | None:
    """The choice if it is feasible and has a larger true aim than the best one; else the best one."""
    if not follow(layout, columns[None, :])[0]:
        return best
    menu = layout.menu(columns)
    value = truth.value(menu, mix)
    if value is None or (best is not None and value <= best.value):
        return best
    return Incumbent(value, menu, mix)


def _distinct(menus: Ints, mixes: Ints) -> tuple[Ints, Ints]:
    both = np.unique(np.column_stack([mixes, menus]), axis=0)
    return both[:, 1:], both[:, 0]
