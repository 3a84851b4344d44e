"""solve_box against complete enumeration in plain loops."""

from __future__ import annotations

import math
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.errors import SolverError
from optimizer.execution import clock
from optimizer.formulation import shares
from optimizer.model.instance import Instance, Limit, Rule
from optimizer.solve import boxes
from optimizer.solve.boxes import check_choice, solve_box
from optimizer.typing import Status


def agree(found: Any, best: tuple[float, Any]) -> None:
    value, choice = best
    if choice is None:
        assert (found.status, found.choice, found.bound) == (Status.INFEASIBLE, None, -math.inf)
        return
    assert found.status is Status.OPTIMAL
    assert found.value == pytest.approx(value, rel=1e-6, abs=1e-6)
    assert found.bound >= value - 1e-9 * abs(value)
    assert found.bound - found.value <= 1.1e-6 * max(1.0, abs(value))


@pytest.mark.parametrize("seed", range(60))
def test_equals_enumeration(small: ModuleType, seed: int) -> None:
    case = small.draw(seed)
    found = solve_box(case.instance, case.aim, case.limits)
    agree(found, small.brute(case))
    assert found.disagreement == 0.0
    if found.choice is not None:
        assert found.value == pytest.approx(small.value(case.instance, case.aim, *found.choice), rel=1e-12, abs=1e-9)
        assert all(v >= 0.0 for v in found.limits.values())


@pytest.mark.parametrize("seed", range(100, 120))
def test_equals_enumeration_at_wide_tastes(small: ModuleType, seed: int) -> None:
    # attractions up to exp(9)
    case = small.draw(seed, plans=3, levels=3, types=3, mixes=1, spread=3.0)
    if any(w.max() > math.exp(9) for w in case.instance.attraction):
        with pytest.raises(SolverError):
            solve_box(case.instance, case.aim, case.limits)
        return
    agree(solve_box(case.instance, case.aim, case.limits), small.brute(case))


@pytest.mark.parametrize("seed", range(15))
def test_boxes_mixes_starts_and_excluded(small: ModuleType, seed: int) -> None:
    case = small.draw(seed, plans=3, levels=4, mixes=3)
    g = np.random.default_rng(seed)
    box = [sorted(g.choice(n, size=int(g.integers(1, n + 1)), replace=False).tolist()) for n in case.instance.levels]
    mixes = sorted(g.choice(3, size=2, replace=False).tolist())
    first = small.brute(case, box, mixes)
    settled = [] if first[1] is None else [first[1]]
    second = small.brute(case, box, mixes, settled)
    found = solve_box(case.instance, case.aim, case.limits, box=box, mixes=mixes, excluded=settled, start=first[1])
    agree(found, second)
    found = solve_box(case.instance, case.aim, case.limits, box=box, mixes=mixes, start=second[1])
    agree(found, first)


def test_a_box_with_one_choice(small: ModuleType) -> None:
    case = small.draw(3)
    box = [[0] for _ in case.instance.levels]
    found = solve_box(case.instance, case.aim, box=box, mixes=[0])
    assert found.choice == ((0,) * case.instance.plans, 0)


def test_scale_widens_the_gap(small: ModuleType) -> None:
    case = small.draw(7)
    found = solve_box(case.instance, case.aim, gap=1e-4, scale=1e12)
    assert found.status is Status.OPTIMAL
    assert found.choice is not None


def test_a_menu_that_misses_a_limit_within_tolerance_is_cut_off(small: ModuleType) -> None:
    # the best menu misses the limit by 1e-11 of its size: the solver calls it feasible, direct evaluation does not
    w = (np.array([[1.0, 0.8, 0.2]]),)
    instance = Instance(np.array([[1000.0]]), w, w)
    aim = small.figure(instance, amounts=[[[10.0, 11.0, 20.0]]])
    values = [small.value(instance, aim, (k,), 0) for k in range(3)]
    best, next_best = int(np.argmax(values)), sorted(values)[-2]
    missed = small.figure(instance, fixed=[[-1e-11 if k == best else 1.0 for k in range(3)]])
    found = solve_box(instance, aim, [Limit("missed", missed)])
    assert found.value == pytest.approx(next_best)
    assert found.cut_off == (((best,), 0),)
    assert any("missed" in note for note in found.notes)


def test_a_wrong_bound_is_caught_by_a_neighbour(small: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    case = small.draw(0)
    value, choice = small.brute(case)
    real = boxes.solve
    calls = []

    def lying(program: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(options.presolve)
        if options.presolve:
            return real(program, options, *args, **kwargs)
        # the best level of the first plan with several has gone missing
        upper = program.upper.copy()
        plan = next(j for j, n in enumerate(case.instance.levels) if n > 1)
        upper[program.columns["x"][plan, choice[0][plan]]] = 0.0
        return real(replace(program, upper=upper), options, *args, **kwargs)

    monkeypatch.setattr(boxes, "solve", lying)
    found = solve_box(case.instance, case.aim, case.limits)
    assert found.value == pytest.approx(value)
    assert calls == [False, True]
    assert any("beats the solver's bound" in note for note in found.notes)

    monkeypatch.setattr(
        boxes, "solve", lambda program, options, *a, **k: lying(program, replace(options, presolve=False))
    )
    with pytest.raises(SolverError, match="cannot be used"):
        solve_box(case.instance, case.aim, case.limits)


def test_no_infeasible_against_a_witness(small: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    case = small.draw(0)
    _, choice = small.brute(case)
    real = boxes.solve

    def never(program: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        return replace(real(program, options), status=Status.INFEASIBLE, values=None, objective=None, bound=-math.inf)

    monkeypatch.setattr(boxes, "solve", never)
    with pytest.raises(SolverError, match="cannot be used"):
        solve_box(case.instance, case.aim, case.limits, start=choice)


def test_check_choice_names_what_is_missed(small: ModuleType) -> None:
    w = (np.ones((1, 2)), np.ones((1, 2)))
    instance = Instance(np.array([[10.0]]), w, w, rules=(Rule("r", 0, 1, np.eye(2, dtype=bool)),))
    aim = small.figure(instance, amounts=[1.0, 1.0])
    limit = Limit("much", small.figure(instance, amounts=[1.0, 1.0], constant=-100.0))
    assert check_choice(instance, aim, [limit], ((0, 1), 0)).problems == ("much", "rules")


def test_time_limit_without_an_answer_is_told(small: ModuleType) -> None:
    case = small.draw(0)
    found = solve_box(case.instance, case.aim, case.limits, time_limit=1e-9)
    assert (found.status, found.choice, found.bound) == (Status.NO_ANSWER, None, math.inf)
    _, choice = small.brute(case)
    found = solve_box(case.instance, case.aim, case.limits, time_limit=1e-9, start=choice)
    assert (found.status, found.choice) == (Status.FEASIBLE, choice)


def test_a_program_that_cannot_be_stated_in_time_is_not_begun(
    small: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start is the answer all the same; nothing bounds it."""
    case = small.draw(11)
    known = solve_box(case.instance, case.aim, case.limits).choice
    assert known is not None
    monkeypatch.setattr(boxes, "STATED_SECONDS", 1e6)
    late = solve_box(case.instance, case.aim, case.limits, start=known, time_limit=1.0)
    assert (late.status, late.choice, late.bound) == (Status.FEASIBLE, known, math.inf)
    assert late.notes and "time limit" in late.notes[0]
    assert (late.rows, late.columns, late.nonzeros) == (0, 0, 0)
    none = solve_box(case.instance, case.aim, case.limits, time_limit=1.0)
    assert (none.status, none.choice) == (Status.NO_ANSWER, None)


@pytest.mark.parametrize("stage", ["the program was stated", "the program was handed to the solver"])
def test_stating_a_program_stops_at_the_limit(small: ModuleType, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    case = small.draw(11)
    true = clock.check

    def passed(what: str) -> None:
        if what == stage:
            raise clock.TimeLimitError(f"the time limit passed before {what}")
        true(what)

    for module in (clock, shares):
        monkeypatch.setattr(module, "check", passed)
    late = solve_box(case.instance, case.aim, case.limits, time_limit=60.0)
    assert late.status is Status.NO_ANSWER
    assert late.notes == (f"the time limit passed before {stage}",)
