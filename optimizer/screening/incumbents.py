"""Good choices to start from: coordinate ascent from drawn menus, first with penalties, then by the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimizer.screening.ascent import ascend, first_row, lagrangian_rows, true_score
from optimizer.screening.bounds import Multiplier, make_form
from optimizer.screening.enumeration import Incumbent
from optimizer.screening.evaluation import Truth
from optimizer.screening.multipliers import none
from optimizer.screening.problem import Ints, Problem
from optimizer.screening.rules import follow


def find(
    problem: Problem, truth: Truth, box: tuple[Ints, ...], mixes: Sequence[int], given: Sequence[tuple[Ints, int]],
    starts: int, seed: int, multiplier: Multiplier | None,
) -> Incumbent | None:  # fmt: skip
    """The best feasible choice found from the given choices and ``starts`` drawn menus per mix level.

    Stages: the Lagrangian (of ``multiplier``; the aim alone without one), the aim less penalties, the truth.
    """
    menus, at = draw(box, mixes, starts, seed)
    best: Incumbent | None = None
    for columns, mix in given:
        best = better(problem, truth, columns, mix, best)
    simple = not problem.limits and not problem.blocks
    form = make_form(problem, none(problem) if multiplier is None else multiplier, None)
    menus, _ = ascend(problem, lagrangian_rows(problem, form), first_row, menus, at, box)
    if not simple:
        menus, at = _distinct(menus, at)
        menus, _ = ascend(problem, problem.rows, true_score(problem, 3.0), menus, at, box)
        menus, _ = ascend(problem, problem.rows, true_score(problem), menus, at, box)
    for menu, mix in zip(*_distinct(menus, at), strict=True):
        best = better(problem, truth, menu, int(mix), best)
    return best


def near(problem: Problem, truth: Truth, box: tuple[Ints, ...], given: Sequence[tuple[Ints, int]]) -> Incumbent | None:
    """The best of the given choices, which may be infeasible, and what a sweep of ascent makes of each."""
    best: Incumbent | None = None
    for columns, mix in given:
        best = better(problem, truth, columns, mix, best)
    menus, mixes = _distinct(np.array([c for c, _ in given]), np.array([m for _, m in given], dtype=np.intp))
    for penalty in (3.0, np.inf):
        menus, _ = ascend(problem, problem.rows, true_score(problem, penalty), menus, mixes, box, sweeps=1)
    for menu, mix in zip(*_distinct(menus, mixes), strict=True):
        best = better(problem, truth, menu, int(mix), best)
    return best


def improve(
    problem: Problem, truth: Truth, box: tuple[Ints, ...], menus: Ints, mix: int, incumbent: Incumbent | None
) -> Incumbent | None:
    """The best of the incumbent and what ascent by the truth reaches inside the box from the given menus (B, J)."""
    menus, mixes = _distinct(menus, np.full(len(menus), mix, dtype=np.intp))
    menus, _ = ascend(problem, problem.rows, true_score(problem), menus, mixes, box)
    for menu in _distinct(menus, mixes)[0]:
        incumbent = better(problem, truth, menu, mix, incumbent)
    return incumbent


def draw(box: tuple[Ints, ...], mixes: Sequence[int], starts: int, seed: int) -> tuple[Ints, Ints]:
    """(B, J) start menus and (B,) mix levels: the middle levels first, then random ones."""
    generator = np.random.default_rng(seed)
    picks = [np.array([c[len(c) // 2] for c in box], dtype=np.intp)]
    picks += [np.array([c[generator.integers(len(c))] for c in box], dtype=np.intp) for _ in range(starts - 1)]
    menus = np.tile(np.array(picks), (len(mixes), 1))
    return menus, np.repeat(np.array(mixes, dtype=np.intp), len(picks))


def better(problem: Problem, truth: Truth, columns: Ints, mix: int, best: Incumbent | None) -> Incumbent | None:
    """The choice if it is feasible and has a larger true aim than the best one; else the best one."""
    if not follow(problem, columns[None, :])[0]:
        return best
    menu = problem.menu(columns)
    value = truth.value(menu, mix)
    if value is None or (best is not None and value <= best.value):
        return best
    return Incumbent(value, menu, mix)


def _distinct(menus: Ints, mixes: Ints) -> tuple[Ints, Ints]:
    both = np.unique(np.column_stack([mixes, menus]), axis=0)
    return both[:, 1:], both[:, 0]
