"""Compiling, the audit, and the solver session."""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from optimizer.errors import SolverError
from optimizer.formulation.program import build
from optimizer.solve.lowering import lower_program
from optimizer.solve.outcome import Outcome, SolveOptions, check_outcome
from optimizer.solve.program import Program, audit
from optimizer.solve.session import Session
from optimizer.solve.solving import solve
from optimizer.typing import Status


def knapsack(n: int = 3, seed: int = 0) -> Program:
    """max c x, w x <= sum w / 2, x binary."""
    g = np.random.default_rng(seed)
    weights = g.integers(20, 80, n).astype(float)
    return Program(
        costs=weights + g.uniform(-1.0, 1.0, n),
        lower=np.zeros(n),
        upper=np.ones(n),
        integer=np.ones(n, dtype=bool),
        starts=np.array([0, n]),
        indices=np.arange(n),
        coefficients=weights,
        row_lower=np.array([-math.inf]),
        row_upper=np.array([np.floor(weights.sum() / 2)]),
    )


def hard(n: int = 60) -> Program:
    """A market split: five equations on binaries; HiGHS finds no end in minutes."""
    g = np.random.default_rng(3)
    rows = g.integers(0, 100, (6, n)).astype(float)
    side = np.floor(rows.sum(1) / 2)
    # slack columns up and down, to be made small
    a = np.hstack([rows, np.eye(6), -np.eye(6)])
    return Program(
        costs=np.r_[np.zeros(n), np.ones(12)],
        lower=np.zeros(n + 12),
        upper=np.r_[np.ones(n), np.full(12, math.inf)],
        integer=np.r_[np.ones(n, dtype=bool), np.zeros(12, dtype=bool)],
        starts=np.arange(0, 7) * (n + 12),
        indices=np.tile(np.arange(n + 12), 6),
        coefficients=np.where(a == 0.0, 1e-6, a).ravel(),
        row_lower=side,
        row_upper=side,
        maximise=False,
    )


def test_compile_keeps_places_offsets_and_fixed_variables() -> None:
    m = pyo.ConcreteModel()
    m.x = pyo.Var([0, 1, 2], bounds=(0, 4))
    m.n = pyo.Var(domain=pyo.Integers, bounds=(-1, 5))
    m.x[1].fix(2.0)
    m.low = pyo.Constraint(expr=m.x[0] + 3 * m.x[1] + m.n >= 7)
    m.both = pyo.Constraint(expr=(1, m.x[2] - m.n + 2, 6))
    m.off = pyo.Constraint(expr=m.x[0] <= 1)
    m.off.deactivate()
    m.aim = pyo.Objective(expr=2 * m.x[0] + m.x[1] - m.n + 10)
    p = lower_program(m)
    assert p.columns == {"x": {0: 0, 1: 1, 2: 2}, "n": {None: 3}}
    assert p.rows == {"low": {None: 0}, "both": {None: 1}}
    assert not p.maximise
    assert p.offset == 12.0
    assert p.costs.tolist() == [2.0, 0.0, 0.0, -1.0]
    assert (p.lower[1], p.upper[1]) == (2.0, 2.0)
    assert p.row_lower.tolist() == [1.0, -1.0]
    assert p.row_upper.tolist() == [math.inf, 4.0]
    assert p.integer.tolist() == [False, False, False, True]
    assert p.row_name(1) == "both"
    assert p.column_name(2) == "x[2]"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.add_component("c", pyo.Constraint(expr=m.x[0] * m.x[1] <= 1)), "not linear"),
        (lambda m: m.add_component("c", pyo.Constraint(expr=1e-13 * m.x[0] + m.x[1] <= 1)), "vanish"),
        (lambda m: m.add_component("c", pyo.Constraint(expr=math.inf * m.x[0] + m.x[1] <= 1)), "not finite"),
        (lambda m: m.add_component("c", pyo.Constraint(expr=math.nan * m.x[0] + m.x[1] <= 1)), "not"),
        (lambda m: m.add_component("p", pyo.Objective(expr=m.x[0])), "2 active objectives"),
        (lambda m: m.x[0].setub(-1.0), "cannot be met"),
    ],
)
def test_what_a_solver_would_drop_is_refused(change: Any, words: str) -> None:
    m = pyo.ConcreteModel()
    m.x = pyo.Var([0, 1], bounds=(0, 1))
    m.aim = pyo.Objective(expr=m.x[0])
    change(m)
    with pytest.raises(SolverError, match=words):
        lower_program(m)


def test_audit_refuses_a_cost_that_is_not_finite() -> None:
    with pytest.raises(SolverError, match="objective"):
        audit(replace(knapsack(), costs=np.array([1.0, math.nan, 1.0])))


@pytest.mark.parametrize("seed", [1, 2, 5, 8])
def test_pyomos_own_interface_agrees(small: ModuleType, seed: int) -> None:
    case = small.draw(seed)
    m = build(case.instance, case.aim, case.limits)
    ours = solve(lower_program(m))
    theirs = pyo.SolverFactory("highs")
    result = theirs.solve(m, load_solutions=False, raise_exception_on_nonoptimal_result=False)
    if ours.status is Status.INFEASIBLE:
        assert "infeasible" in str(result.solver.termination_condition).lower()
    else:
        assert result.problem.lower_bound == pytest.approx(ours.objective, rel=1e-4)


def test_statuses() -> None:
    p = knapsack()
    assert solve(p).status is Status.OPTIMAL
    none = replace(p, row_lower=np.array([1e4]), row_upper=np.array([math.inf]))
    found = solve(none)
    assert (found.status, found.values, found.bound) == (Status.INFEASIBLE, None, -math.inf)
    free = replace(p, upper=np.full(3, math.inf), row_upper=np.array([math.inf]))
    assert solve(free).status is Status.UNBOUNDED
    empty = replace(p, starts=np.array([0]), indices=np.array([], dtype=int), coefficients=np.array([]))
    empty = replace(empty, row_lower=np.array([]), row_upper=np.array([]))
    assert solve(empty).objective == pytest.approx(p.costs.sum())


def test_linear_programs_and_minimisation() -> None:
    p = replace(knapsack(), integer=np.zeros(3, dtype=bool))
    found = solve(p)
    assert found.status is Status.OPTIMAL
    assert found.gap == 0.0
    least = solve(replace(knapsack(), maximise=False, offset=3.0))
    assert least.objective == least.bound == 3.0


def test_time_limit_keeps_the_incumbent_and_a_valid_bound() -> None:
    found = Session(hard(), SolveOptions(gap=0.0)).solve(time_limit=1.0)
    assert found.status is Status.FEASIBLE
    assert found.values is not None and found.objective is not None
    assert found.bound <= found.objective
    assert found.seconds < 5.0


def test_cancel_keeps_the_incumbent() -> None:
    began = time.monotonic()
    found = Session(hard(), SolveOptions(gap=0.0)).solve(cancelled=lambda: time.monotonic() > began + 1.0)
    assert found.status is Status.INTERRUPTED
    assert found.values is not None
    assert found.seconds < 5.0


def test_changes_in_place_equal_a_fresh_program() -> None:
    p = knapsack(12)
    session = Session(p, SolveOptions())
    session.solve()
    session.change_rows(np.array([0]), np.array([-math.inf]), np.array([150.0]))
    session.change_columns(np.array([0, 1]), np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    session.change_costs(np.array([5]), np.array([99.0]), offset=7.0)
    costs = p.costs.copy()
    costs[5] = 99.0
    lower, upper = p.lower.copy(), p.upper.copy()
    lower[0], upper[1] = 1.0, 0.0
    fresh = replace(p, costs=costs, lower=lower, upper=upper, row_upper=np.array([150.0]), offset=7.0)
    again = session.solve()
    assert again.objective == pytest.approx(solve(fresh).objective)
    check_outcome(session.program, again, SolveOptions())
    assert p.row_upper[0] != 150.0, "the caller's arrays stay as they are"


def test_sessions_in_threads() -> None:
    found: list[Outcome] = []
    threads = [threading.Thread(target=lambda k=k: found.append(solve(knapsack(15, k)))) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [o.status for o in found] == [Status.OPTIMAL] * 4


def test_a_start_is_used_and_options_are_checked() -> None:
    p = knapsack(12)
    best = solve(p)
    assert best.values is not None
    again = solve(p, SolveOptions(), (np.arange(12), best.values))
    assert again.objective == pytest.approx(best.objective)
    with pytest.raises(SolverError, match="mip_rel_gab"):
        solve(p, SolveOptions(extra={"mip_rel_gab": 1e-4}))


def test_nothing_on_stdout_and_log_lines_in_logging(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="optimizer.highs"):
        solve(knapsack())
    assert any("MIP" in r.message for r in caplog.records)
    solve(knapsack())
    out, err = capfd.readouterr()
    assert out == err == ""


def outcome(p: Program, **changes: Any) -> Outcome:
    return replace(solve(p), **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"values": np.ones(3)}, "not feasible"),
        ({"values": np.array([0.5, 0.0, 0.0])}, "fractional"),
        ({"values": np.array([np.nan, 0.0, 0.0])}, "not finite"),
        ({"values": np.zeros(4)}, "4 values"),
        ({"values": None}, "without values"),
        ({"objective": 1e6}, "not that of its point"),
        ({"bound": 1.0}, "beaten"),
        ({"bound": math.nan}, "not a number"),
        ({"bound": 1e6}, "optimal at a gap"),
        ({"status": Status.INFEASIBLE, "values": None}, "given start keeps every row"),
        ({"status": Status.ERROR}, "failed"),
    ],
)
def test_lies_are_found(changes: dict[str, Any], words: str) -> None:
    p = knapsack()
    with pytest.raises(SolverError, match=words):
        check_outcome(p, outcome(p, **changes), SolveOptions(), np.zeros(3))
