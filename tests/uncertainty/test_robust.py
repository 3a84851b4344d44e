"""Mean, CVaR, worst case, regret and chance conditions equal complete enumeration; certificates hold."""

from __future__ import annotations

import time

import numpy as np
import pytest
import robust_draws
from amount import few

from optimizer import Condition, InfeasibleError, MenuProblem, RobustProblem, SolverError
from optimizer.uncertainty import problem as api
from optimizer.uncertainty import search, solving

SAMPLE, NESTED, ALL = few(270), few(30), 2000
SEARCHED = search.RobustTuning(whole_numbers=0.0, box_numbers=0.0, most_menus=3, box_menus=2)
"""Nothing is enumerated as a whole: bounds, drops and cuts decide."""


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small problems are searched, not enumerated."""
    monkeypatch.setattr(api, "solve_risk", lambda q, gap, clock: solving.solve_risk(q, gap, clock, SEARCHED))
    monkeypatch.setattr(
        api, "solve_regret", lambda q, gap, clock, **more: solving.solve_regret(q, gap, clock, SEARCHED, **more)
    )


def check(seed: int, nests: bool = False, recheck: bool = True) -> int:
    """1 where a menu was there, 0 where none meets the conditions."""
    drawn = robust_draws.draw(seed, nests)
    problem, asked = drawn.problem, drawn.asked
    return robust_draws.equals_enumeration(problem, problem, asked, drawn.gap, seed, recheck)


@pytest.mark.parametrize("risk", range(4), ids=robust_draws.RISKS)
def test_search_equals_enumeration(searched: None, risk: int) -> None:
    seeds = range(risk, SAMPLE, 4)
    assert sum(check(seed, recheck=seed % 3 == 0) for seed in seeds) > len(seeds) / 2


def test_nests(searched: None) -> None:
    assert sum(check(seed, nests=True) for seed in range(NESTED)) > NESTED / 2


@pytest.mark.full
@pytest.mark.parametrize("part", range(20))
def test_all_equal_enumeration(searched: None, part: int) -> None:
    seeds = range(SAMPLE + part, SAMPLE + ALL, 20)
    assert sum(check(seed) for seed in seeds) > len(seeds) / 2


WORLDS = [[1.0, 4.0, 9.0], [2.0, 3.0, 1.8], [10.0, 0.0, 1.4]]
WEIGHTS = [2.0, 3.0, 5.0]


def test_cvar_by_hand_with_a_cut_draw() -> None:
    """Weights 0.2, 0.3, 0.5, tail 0.4: the worst draw counts in full, of the next 0.2 of its weight.

    Level 0: values 1, 2, 10: (0.2 x 1 + 0.2 x 2) / 0.4 = 1.5. Level 1: values 4, 3, 0: (0.4 x 0) / 0.4 = 0.
    Level 2: values 9, 1.8, 1.4: (0.4 x 1.4) / 0.4 = 1.4.
    """
    problem = RobustProblem(robust_draws.worlds(WORLDS), WEIGHTS)
    found = problem.solve("money", risk="cvar", tail=0.4)
    assert found.menu == (0,)
    assert found.value == pytest.approx(1.5, rel=1e-12)
    np.testing.assert_allclose(found.values, [1.0, 2.0, 10.0])
    assert problem.solve("money", risk="cvar", tail=1.0).value == pytest.approx(0.2 + 0.6 + 5.0)


def test_every_risk_by_hand() -> None:
    """Means 5.8, 1.7, 3.04; worst 1, 0, 1.4; own bests 9, 3, 10, so largest regrets 8, 10 and 8.6."""
    problem = RobustProblem(robust_draws.worlds(WORLDS), WEIGHTS)
    mean, worst, regret = (problem.solve("money", risk=risk) for risk in ("mean", "worst", "regret"))
    assert (mean.menu, worst.menu, regret.menu) == ((0,), (2,), (0,))
    assert (mean.value, worst.value, regret.value) == pytest.approx((5.8, 1.4, 8.0), rel=1e-9)
    assert regret.best_values is not None
    np.testing.assert_allclose(regret.best_values, [9.0, 3.0, 10.0])
    assert regret.bound <= regret.value
    assert mean.means == pytest.approx({"money": 5.8, "count": 1.0})


@pytest.mark.parametrize(("share", "menu", "held"), [(0.5, (0,), 0.5), (0.6, (1,), 0.7), (0.8, (2,), 1.0)])
def test_chance_by_weight(share: float, menu: tuple[int, ...], held: float) -> None:
    """Money at least 2 holds at level 0 in the draw of weight 0.5, at level 1 in 0.2 + 0.5, at level 2 everywhere."""
    problem = RobustProblem(robust_draws.worlds([[1.0, 4.0, 2.0], [1.0, 1.0, 2.0], [90.0, 9.0, 2.0]]), WEIGHTS)
    found = problem.solve("money", chance=[(Condition("money", at_least=2.0), share)])
    assert found.menu == menu
    assert found.probabilities == pytest.approx((held,))


def test_on_mean_is_weaker_than_in_every_draw() -> None:
    values, asked = [[0.0, 3.0], [12.0, 3.0]], Condition("money", at_least=2.0)
    assert RobustProblem(robust_draws.worlds(values)).solve("money", on_mean=[asked]).menu == (0,)
    assert RobustProblem(robust_draws.worlds(values, [asked])).solve("money").menu == (1,)


def test_one_draw_is_the_problem_itself() -> None:
    alone = robust_draws.big(1).problems[0]
    assert isinstance(alone, MenuProblem)
    wanted = alone.solve("money", gap=1e-3)
    for risk in ("mean", "cvar", "worst"):
        found = RobustProblem([alone]).solve("money", risk=risk, gap=1e-3)
        assert found.value <= wanted.bound * (1.0 + 1e-12), risk
        assert wanted.value <= found.bound * (1.0 + 1e-12), risk
    assert RobustProblem([alone]).solve("money", risk="regret", gap=1e-3).value <= 1e-9 * wanted.value


def test_infeasible_is_told() -> None:
    problem = RobustProblem(robust_draws.worlds([[1.0, 2.0], [2.0, 1.0]]))
    asked = Condition("money", at_least=2.0, name="enough money")
    assert problem.solve("money", chance=[(asked, 0.5)]).probabilities == (0.5,)
    for solve in (problem.solve, problem.enumerate):
        with pytest.raises(InfeasibleError, match=r"enough money in 0\.6 of the draws"):
            solve("money", chance=[(asked, 0.6)])
    with pytest.raises(InfeasibleError, match="on the mean"):
        problem.solve("money", on_mean=[asked])


def test_conditions_that_only_together_cannot_be_met() -> None:
    """Each draw's condition can be met, both cannot; 20,736 menus, of which few are looked at."""
    g = np.random.default_rng(5)
    price = np.linspace(1.0, 20.0, 12)
    base = [np.exp(g.normal(0, 0.1, (3, 12)) - 0.1 * price) for _ in range(4)]
    amounts = {"money": [np.broadcast_to(price, (3, 12))] * 4}
    asked = (Condition("money", at_least=15.0), Condition("money", at_most=14.0))
    rich, poor = (MenuProblem(np.ones(3), base, amounts, conditions=[one]) for one in asked)
    assert rich.solve("money").value > 15.0
    assert poor.solve("money", minimise=True).value < 14.0
    with pytest.raises(InfeasibleError):
        RobustProblem([rich, poor]).solve("money", time_limit=20.0)


@pytest.mark.parametrize("risk", robust_draws.RISKS)
def test_time_limit_leaves_a_valid_bound(risk: str) -> None:
    problem = robust_draws.big()
    exact = problem.solve("money", risk=risk, gap=1e-2)
    began = time.monotonic()
    try:
        cut = problem.solve("money", risk=risk, gap=0.0, time_limit=0.05)
    except SolverError:
        assert risk == "regret"  # no draw's own best was found in time
        return
    assert time.monotonic() - began < 10.0
    sense = -1.0 if risk == "regret" else 1.0
    assert np.isfinite(cut.bound)
    assert sense * cut.bound >= sense * exact.value * (1.0 - sense * 1e-9)
    assert sense * problem.recheck(cut, "money", risk=risk) <= sense * cut.bound * (1.0 + sense * 1e-9)


def test_same_input_same_answer() -> None:
    first, second = (robust_draws.big().solve("money", risk="cvar", tail=0.3) for _ in range(2))
    assert (first.menu, first.value, first.bound, first.work) == (second.menu, second.value, second.bound, second.work)


def test_draws_may_differ_in_their_types() -> None:
    g = np.random.default_rng(3)
    problems = [
        MenuProblem(g.uniform(1, 2, n), [np.exp(g.normal(size=(n, 4)))] * 2, {"m": [g.uniform(0, 5, (n, 4))] * 2})
        for n in (2, 5)
    ]
    problem = RobustProblem(problems)
    found = problem.solve("m")
    assert found.value == pytest.approx(problem.enumerate("m").value, rel=1e-12)
    np.testing.assert_allclose(problem.evaluate(found.menu)["m"], [p.evaluate(found.menu)["m"] for p in problems])
