"""The horizon's program: its equations, by hand, and HiGHS against enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from horizons import draw_arguments, draw_limited, draw_problem

from optimizer import HorizonProblem, InfeasibleError
from optimizer.formulation.path import build_path, path_equations
from optimizer.horizon.paths import stepping
from optimizer.horizon.stated import solve_stated, state
from optimizer.solve.lowering import lower_program


def test_every_equation_has_its_fields() -> None:
    found = path_equations()
    assert [e.name for e in found][:2] == ["level_of_stage", "step_of_stage"]
    assert len(found) == 11
    for e in found:
        assert all([e.formula, e.index, e.unit, e.source, e.doc]), e.name


def test_rows_by_hand() -> None:
    """100 people, a fifth decides, the plan weighs 1 or 3 against 1, half of its customers decide."""
    problem = HorizonProblem(
        [[60.0], [40.0]], [[[1.0, 3.0]]], [[[0.5, 0.5]]], [[[10.0, 2.0]]], [1.0], [[1.0]], [0.2], entrants=[[5.0]]
    )
    program = lower_program(build_path(state(problem.horizon)))

    def row(name: str, index: object = None) -> dict[str, float]:
        at = program.rows[name][index]
        a, b = program.starts[at], program.starts[at + 1]
        pairs = zip(program.indices[a:b], program.coefficients[a:b], strict=True)
        return {program.column_name(int(k)): float(c) for k, c in pairs}

    assert row("level_of_stage", (0, 0)) == {"x[(0, 0, 0)]": 1.0, "x[(0, 0, 1)]": 1.0}
    assert row("deciding", (0, 0, 0)) == {
        "r[(0, 0, 0)]": 1.0, "z[(0, 0, 0, 0, 0)]": 1.0, "z[(0, 0, 0, 1, 0)]": 3.0,
        "held[(0, 0, 0, 0)]": -0.5, "held[(0, 0, 1, 0)]": -0.5,
    }  # fmt: skip
    assert program.row_lower[program.rows["deciding"][0, 0, 0]] == pytest.approx(0.2 * 60.0 + 5.0)
    assert row("holding_within", (0, 0, 1, 0))["x[(0, 0, 1)]"] == -105.0
    assert row("share_within", (0, 0, 0, 1, 0))["x[(0, 0, 1)]"] == -105.0 / 2.0
    found = solve_stated(problem.horizon)
    assert found is not None
    assert found.value == pytest.approx(10.0 * (20.0 + (12.0 + 20.0 + 5.0) / 2.0))
    assert found.path.tolist() == [[0]]


def test_word_of_mouth_by_hand() -> None:
    """A fifth of the way to 90 and half a person a customer: 100 people, of whom 40 are customers, gain 0.2 x (90 + 20
    - 100)."""
    problem = HorizonProblem(
        [[60.0], [40.0]], [[[1.0]]], [[[0.5]]], [[[10.0]]], [1.0, 1.0], [[1.0], [1.0]], [0.2],
        base_reach=[[90.0], [90.0]], reach_speed=[0.2], referral=[[0.0], [0.5]],
    )  # fmt: skip
    stated = state(problem.horizon)
    assert stated.coming is not None and stated.brings is not None
    assert stated.coming[0, 0] + stated.brings[:, 0] @ [60.0, 40.0] == pytest.approx(2.0)
    found = solve_stated(problem.horizon)
    assert found is not None and found.value == pytest.approx(problem.value([[0]]))


def test_the_solver_finds_what_enumeration_finds_with_word_of_mouth() -> None:
    checked = moved = 0
    for seed in range(25):
        given = draw_arguments(seed, types=2, plans=2, levels=2, stages=2)
        still = HorizonProblem(**given)
        g, start = np.random.default_rng([seed, 5]), np.asarray(given["start"])
        shape = still.horizon.months, start.shape[1]
        problem = HorizonProblem(
            **given, base_reach=start.sum(axis=0) * g.uniform(0.8, 1.5, shape),
            reach_speed=g.uniform(0.0, 0.3, shape[1]), referral=g.uniform(0.0, 1.3, start.shape),
        )  # fmt: skip
        found, best = solve_stated(problem.horizon), problem.enumerate()
        assert found is not None, seed
        size = 1.0 + abs(best.value)
        assert found.value == pytest.approx(best.value, abs=2e-5 * size), seed
        moved += abs(best.value - still.enumerate().value) > 1e-3 * size
        checked += 1
    assert checked == 25 and moved > 15


def small(seed: int, limited: bool) -> HorizonProblem:
    sizes = {"types": 2, "plans": 2, "levels": 3, "stages": 2}
    return draw_limited(seed, **sizes) if limited else draw_problem(seed, **sizes)


@pytest.mark.parametrize("limited", [False, True])
def test_the_solver_finds_what_enumeration_finds(limited: bool) -> None:
    solved = infeasible = 0
    for seed in range(25):
        problem = small(seed, limited)
        found = solve_stated(problem.horizon, problem.limits)
        try:
            best = problem.enumerate()
        except InfeasibleError:
            assert found is None, seed
            infeasible += 1
            continue
        assert found is not None, seed
        size = 1.0 + abs(best.value)
        assert found.value == pytest.approx(best.value, abs=2e-5 * size), seed
        assert problem.value(found.path - problem.horizon.first[:-1]) == pytest.approx(found.value, abs=2e-5 * size), (
            seed
        )
        assert stepping(problem.horizon, found.path[None])[0], seed
        solved += 1
    assert solved > 10 and (infeasible > 2) == limited
