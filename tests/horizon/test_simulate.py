"""The exact path: by hand, and the laws it keeps."""

from __future__ import annotations

import numpy as np
import pytest
from horizons import draw_arguments, draw_problem

from optimizer import HorizonProblem, MenuProblem
from optimizer.economics import choice
from optimizer.horizon.values import customer_values


def levels_of(problem: HorizonProblem, generator: np.random.Generator) -> np.ndarray:
    h = problem.horizon
    return generator.integers(0, problem.layout.levels, (h.stages, h.plans))


def test_two_months_by_hand() -> None:
    """Half of 60 and of 40 decide, then of what is left; in the second month the plan has three times the weight."""
    problem = HorizonProblem(
        start=[[60.0], [40.0]],
        attraction=[[[1.0, 3.0]]],
        decision_rate=[[[0.5, 0.5]]],
        reward=[[[10.0, 2.0]]],
        weight=[1.0, 0.5],
        outside_attraction=[[1.0], [1.0]],
        outside_decision_rate=[0.5],
        stage=[0, 1],
    )
    customers = problem.simulate([[0], [1]])
    assert customers[0, :, 0] == pytest.approx([55.0, 45.0])
    assert customers[1, :, 0] == pytest.approx([27.5 + 12.5, 22.5 + 37.5])
    assert problem.value([[0], [1]]) == pytest.approx(450.0 + 0.5 * 2.0 * 60.0)
    best = problem.solve(gap=0.0)
    assert best.path.tolist() == [[0], [0]]  # 10 x 45 and 5 x 47.5
    assert best.value == pytest.approx(450.0 + 0.5 * 10.0 * 47.5)


def test_entrants_decide_with_those_who_are_elsewhere() -> None:
    """20 of 100 and 10 who enter, at 1 to 1: 15 each."""
    problem = HorizonProblem(
        [[100.0], [0.0]], [[[1.0]]], [[[0.0]]], [[[1.0]]], [1.0], [[1.0]], [0.2], entrants=[[10.0]]
    )
    assert problem.simulate([[0]])[0, :, 0] == pytest.approx([95.0, 15.0])


def test_habit_multiplies_the_own_class_only() -> None:
    """Customers (class 1) weigh the plan 3 to 1, strangers 1 to 1."""
    problem = HorizonProblem(
        [[100.0], [40.0]], [[[1.0]]], [[[0.5]]], [[[1.0]]], [1.0], [[1.0]], [0.2],
        origin=[0, 1], habit=[[1.0, 1.0], [1.0, 3.0]],
    )  # fmt: skip
    assert problem.simulate([[0]])[0, :, 0] == pytest.approx([80.0 + 10.0 + 5.0, 20.0 + 10.0 + 15.0])


def test_nobody_is_lost() -> None:
    for seed in range(60):
        problem = draw_problem(seed)
        h = problem.horizon
        customers = problem.simulate(levels_of(problem, np.random.default_rng(seed)))
        assert (customers >= 0.0).all(), seed
        assert customers.sum(axis=1) == pytest.approx(h.start.sum(axis=0) + np.cumsum(h.entrants, axis=0)), seed


def test_constant_inputs_tend_to_the_run_rate() -> None:
    for seed in range(20):
        g = np.random.default_rng(seed)
        types, plans, months = 4, 3, 400
        a, rate = g.lognormal(0.0, 1.0, (plans, types)), g.uniform(0.1, 0.9, (plans, types))
        away, away_rate = g.lognormal(0.0, 0.5, types), g.uniform(0.1, 0.9, types)
        start = g.random((plans + 1, types)) * 100.0
        problem = HorizonProblem(
            start, list(a[:, :, None]), list(rate[:, :, None]), list(a[:, :, None]), np.ones(months),
            np.tile(away, (months, 1)), away_rate,
        )  # fmt: skip
        last = problem.simulate(np.zeros((1, plans), dtype=int))[-1]
        weights = choice.stock_attraction(choice.stock(a, rate), choice.stock(away, away_rate))
        staying = choice.stays(start.sum(axis=0), weights.T)
        assert last[0] == pytest.approx(staying, rel=1e-12), seed
        assert pytest.approx(choice.customers(weights.T, staying), rel=1e-12) == last[1:].T, seed


def test_habit_of_one_is_no_habit() -> None:
    for seed in range(20):
        given = draw_arguments(seed)
        ones = HorizonProblem(**{**given, "habit": np.ones_like(given["habit"])})
        none = HorizonProblem(**{**given, "habit": None, "origin": None})
        path = levels_of(ones, np.random.default_rng(seed))
        assert ones.simulate(path) == pytest.approx(none.simulate(path), rel=1e-12), seed
        assert ones.solve(1e-9).value == pytest.approx(none.solve(1e-9).value, rel=1e-8, abs=1e-12), seed


def test_a_stationary_horizon_gives_the_menu_of_the_run_rate() -> None:
    """Only the last of many months counts, so a path of one menu is worth the menu's run-rate."""
    for seed in range(6):
        g = np.random.default_rng(seed)
        types, counts, months = 4, (4, 3, 4), 200
        a = [g.lognormal(0.0, 1.0, (types, n)) for n in counts]
        rate = [g.uniform(0.2, 0.8, (types, n)) for n in counts]
        reward = [g.normal(0.5, 1.0, (types, n)) for n in counts]
        away, away_rate, people = g.lognormal(0.0, 0.5, types), g.uniform(0.2, 0.8, types), g.uniform(1.0, 9.0, types)
        stocks = [choice.stock_attraction(choice.stock(x, r), (away / away_rate)[:, None])
                  for x, r in zip(a, rate, strict=True)]  # fmt: skip
        run_rate = MenuProblem(people, stocks, {"value": reward}).enumerate("value")
        start = np.vstack([people, np.zeros((len(counts), types))])
        weight = np.where(np.arange(months) == months - 1, 1.0, 0.0)
        found = HorizonProblem(start, a, rate, reward, weight, np.tile(away, (months, 1)), away_rate).solve(1e-9)
        assert tuple(found.path[0]) == run_rate.menu, seed
        assert found.value == pytest.approx(run_rate.value, rel=1e-9), seed


def test_weights_count_each_month_once() -> None:
    for seed in range(10):
        given = draw_arguments(seed)
        whole = HorizonProblem(**{**given, "weight": np.ones(len(given["weight"]))})
        path = levels_of(whole, np.random.default_rng(seed))
        customers, h, months = whole.simulate(path), whole.horizon, len(given["weight"])
        alone = [HorizonProblem(**{**given, "weight": row}).value(path) for row in np.eye(months)]
        for t in range(months):
            menu = path[h.stage[t]]
            by_hand = sum((given["reward"][j][:, level] * customers[t, j + 1]).sum() for j, level in enumerate(menu))
            assert alone[t] == pytest.approx(by_hand, abs=1e-12), (seed, t)
        discount = 0.99 ** np.arange(months)
        discounted = HorizonProblem(**{**given, "weight": discount}).value(path)
        assert discounted == pytest.approx(float(discount @ alone), abs=1e-12), seed


def test_customer_values_add_up_to_the_path() -> None:
    for seed in range(60):
        problem = draw_problem(seed)
        path = levels_of(problem, np.random.default_rng(seed))
        found = customer_values(problem.horizon, problem.layout.columns_of(path))
        assert found.value == pytest.approx(problem.value(path), abs=1e-12), seed
        more = {**draw_arguments(seed)}
        more["start"] = more["start"] + np.eye(problem.horizon.plans + 1, problem.horizon.types)
        added = HorizonProblem(**more).value(path)
        assert added - found.value == pytest.approx(float(np.trace(found.after[0])), abs=1e-11), seed
