"""The unit of money changes neither menu nor verdict, and numbers whose products overflow are refused, not proved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import Burst, Condition, InfeasibleError, InputError, MenuProblem, MenuSolution, PriceProblem, Ratio

FACTORS = st.sampled_from([1e-9, 1e-6, 1e-3, 0.07, 12.0, 1e3, 1e6, 1e9])


def menu_problem(seed: int, money: float) -> MenuProblem:
    """Plans at many prices with a condition on a ratio of money, one on money, and burst that is paid for."""
    g = np.random.default_rng([seed, 21])
    types, plans, levels = 5, 3, 8
    prices = np.linspace(2, 30, levels)
    attraction = [
        np.exp(g.normal(1, 1, (types, 1)) - g.lognormal(-2.0, 0.8, (types, 1)) * prices) for _ in range(plans)
    ]
    cost = [g.uniform(0, 8, (types, 1)) for _ in range(plans)]
    amounts = {
        "margin": [(np.tile(prices, (types, 1)) - c) * money for c in cost],
        "revenue": [np.tile(prices, (types, 1)) * money] * plans,
        "use": [g.uniform(0.5, 2, (types, levels)) for _ in range(plans)],
        "people": [np.ones((types, levels))] * plans,
    }
    conditions = [Condition("people", at_least=float(g.uniform(10, 30)))]
    if seed % 2:
        conditions.append(Condition(Ratio("margin", "revenue"), at_least=float(g.uniform(0.2, 0.7))))
    if seed % 3 == 0:
        conditions.append(Condition("revenue", at_least=float(g.uniform(50, 250)) * money))
    return MenuProblem(
        g.uniform(5, 15, types),
        attraction,
        amounts,
        fixed={"margin": [g.uniform(-20, 0, levels) * money for _ in range(plans)]},
        conditions=conditions,
        burst=[Burst("use", 20.0, 0.5 * money, "margin", 60.0)] if seed % 5 == 0 else [],
    )


def solved(problem: MenuProblem, aim: Any, **more: Any) -> MenuSolution | str:
    try:
        return problem.solve(aim, **more)
    except InfeasibleError as error:
        assert error.diagnosis is not None
        return "infeasible"


@settings(max_examples=40)
@given(seed=st.integers(0, 200), factor=FACTORS, aim=st.integers(0, 3))
def test_menus_have_no_scale(seed: int, factor: float, aim: int) -> None:
    asked = ["margin", Ratio("margin", "revenue"), Ratio("margin", "people"), "revenue"][aim]
    rate = factor if aim != 1 else 1.0
    here, there = (solved(menu_problem(seed, money), asked, minimise=aim == 2) for money in (1.0, factor))
    if here == "infeasible" or there == "infeasible":
        assert here == there
        return
    assert isinstance(here, MenuSolution) and isinstance(there, MenuSolution)
    assert (here.menu, here.verdict) == (there.menu, there.verdict)
    assert here.verdict == "proved"
    assert there.value == pytest.approx(rate * here.value, rel=1e-9)
    assert there.gap == pytest.approx(here.gap, abs=1e-9)


@pytest.mark.parametrize("money", [1.0, 1e-6, 1e-9, 1e9])
def test_by_search_in_any_unit(money: float) -> None:
    """64 million menus with a condition, to 1e-3: the best of them is worth 12.2881, in whatever unit."""
    g = np.random.default_rng(7)
    types, plans, levels = 12, 6, 20
    prices = np.linspace(5, 40, levels)
    taste = [(g.normal(1, 1.5, (types, 1)), g.lognormal(-2.0, 1.0, (types, 1))) for _ in range(plans)]
    cost = [g.uniform(0, 8, (types, 1)) for _ in range(plans)]
    margin = [(np.tile(prices, (types, 1)) - c) * money for c in cost]
    problem = MenuProblem(
        np.full(types, 1 / types),
        [np.exp(constant - beta * prices) for constant, beta in taste],
        {"margin": margin, "n": [np.ones((types, levels))] * plans},
        conditions=[Condition("n", at_least=0.75)],
    )
    answer = problem.solve("margin", gap=1e-3)
    assert answer.verdict == "proved"
    assert answer.value == pytest.approx(12.2881 * money, rel=1.1e-3)
    assert answer.bound <= answer.value * (1 + 1.001e-3)


@settings(max_examples=8)
@given(seed=st.integers(0, 200), factor=FACTORS)
def test_frontiers_have_no_scale(seed: int, factor: float) -> None:
    def traced(money: float) -> list[tuple[int, ...]]:
        try:
            found = menu_problem(seed, money).frontier("people", Ratio("margin", "revenue"), points=5)
        except InfeasibleError:
            return []
        return [p.menu for p in found.points]

    assert traced(1.0) == traced(factor)


@settings(max_examples=10)
@given(seed=st.integers(0, 50), factor=FACTORS)
def test_prices_have_no_scale(seed: int, factor: float) -> None:
    def priced(money: float) -> Any:
        g = np.random.default_rng([seed, 22])
        types, plans = int(g.integers(1, 6)), int(g.integers(1, 4))
        slopes = g.lognormal(-0.5, 0.7, (types, plans)) / money
        costs, lower = g.uniform(0, 1, (types, plans)) * money, g.uniform(0, 0.5, plans) * money
        constants = g.normal(1, 1.5, (types, plans))
        upper = lower + g.uniform(2, 6, plans) * money
        return PriceProblem(g.uniform(0.2, 3, types), constants, slopes, costs, lower, upper).solve(gap=1e-3)

    here, there = priced(1.0), priced(factor)
    assert here.verdict == there.verdict == "proved"
    assert there.prices / factor == pytest.approx(here.prices, rel=1e-3)
    assert there.value == pytest.approx(factor * here.value, rel=2e-3)
    assert factor * here.value <= there.bound * (1 + 1e-12)


@pytest.mark.parametrize("large", [1e31, 1e100, 1e308])
def test_overflow_is_refused_and_not_proved(large: float) -> None:
    one = {"customers": [1.0], "attraction": [[[1.0, 2.0]]], "amounts": {"n": [[[5.0, 1.0]]]}}
    for argument, value in (
        ("customers", [large]),
        ("attraction", [[[1.0, large]]]),
        ("amounts", {"n": [[[5.0, -large]]]}),
        ("fixed", {"n": [[0.0, large]]}),
        ("constants", {"n": large}),
        ("conditions", [Condition("n", at_most=large)]),
    ):
        with pytest.raises(InputError, match="is beyond 1e\\+30") as caught:
            MenuProblem(**{**one, argument: value})
        assert caught.value.findings[0].field.startswith(argument)


@pytest.mark.parametrize("aim", ["n", Ratio("n", "d")])
def test_the_largest_numbers_that_are_taken_are_solved(aim: Any) -> None:
    e30 = 1e30
    amounts = {"n": [[[e30, -e30, e30 / 2]], [[1.0, e30, 0.0]]], "d": [[[1.0, 1.0, e30]], [[1.0, e30, 1.0]]]}
    problem = MenuProblem([e30], [[[e30, 1.0, 1.0]], [[1.0, e30, 0.0]]], amounts, constants={"n": -e30})
    answer, whole = problem.solve(aim), problem.enumerate(aim)
    assert np.isfinite(answer.bound) and answer.verdict == "proved"
    assert answer.value == pytest.approx(whole.value, rel=1e-12)


def test_a_bound_is_finite_however_little_time_there_was() -> None:
    g = np.random.default_rng(3)
    levels = [np.exp(g.normal(0, 2, (40, 60))) for _ in range(8)]
    problem = MenuProblem(np.ones(40), levels, {"n": [g.uniform(0, 9, (40, 60)) for _ in levels]})
    for aim in ("n", Ratio("n", "n")):
        answer = problem.solve(aim, gap=1e-9, time_limit=1e-6)
        assert np.isfinite([answer.value, answer.bound, answer.gap]).all()
        assert answer.bound >= answer.value
