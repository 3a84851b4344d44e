"""Price ranges of a market's case: no price in them earns more than the bound, and the answer is within the gap."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer import (
    Case,
    Change,
    InfeasibleError,
    InputError,
    NotTrustedError,
    evaluate_case,
    explain_case,
    frontier_case,
    solve_case,
)
from optimizer.answer.solution import Solution
from optimizer.market.evaluate import evaluate_menu
from optimizer.market.ladders import Span, allowed_prices, span_of
from optimizer.model.case_model import CaseModel, prepare_case
from optimizer.optimise.objectives import objective_of

ALONE = {"recalibrate:nests.own.dissimilarity": Change(to=1.0)}
"""Free and Plus as they are without a nest: a range inside one is refused (tests/studies/test_nests.py)."""


def case(**more: Any) -> Case:
    given: dict[str, Any] = {
        "title": "Ranges",
        "question": "Which prices?",
        "market": "assistant-startup",
        "changes": ALONE,
        "plans": {
            "plus": {"price": {"least": 6, "most": 20}},
            "team": {"price": {"least": 14, "most": 40}},
            "free": {"allowances": {"large": {"day": [5, 12]}}},
        },
        "objective": "contribution_margin",
        "options": {"continuous_gap": 0.02},
    } | more
    return Case.model_validate(given)


def samples(problem: CaseModel, count: int, seed: int = 0) -> list[dict[str, float]]:
    """Figures at random prices inside the ranges and every allowance."""
    g = np.random.default_rng(seed)
    free = problem.choices.levels[problem.choices.plans.index("free")]
    found = []
    for _ in range(count):
        menu = problem.prepared.today_menu()
        for plan in ("plus", "team"):
            terms = menu[plan]
            assert terms is not None
            ladder = problem.inputs.case.plans[plan].price
            menu[plan] = replace(terms, price=float(g.uniform(ladder.least, ladder.most)))  # type: ignore[union-attr]
        menu["free"] = free[int(g.integers(len(free)))]
        there = evaluate_menu(problem.prepared, menu)
        figures = ("contribution_margin", "market_share", "gross_margin_rate", "paying_customers", "churn_rate")
        found.append({name: there.figure(name) for name in figures})
    return found


@pytest.mark.parametrize("objective", ["contribution_margin", "paying_customers"])
@pytest.mark.parametrize("condition", [None, {"figure": "market_share", "at_least": 0.95, "relative_to": "today"}])
def test_no_price_beats_the_bound(objective: str, condition: dict[str, Any] | None) -> None:
    asked = case(objective=objective, conditions=[condition] if condition else [])
    solution = solve_case(asked)
    assert solution.verdict == "proved"
    assert solution.objective.gap <= 0.02
    problem = prepare_case(asked)
    floor = 0.95 * problem.today.figure("market_share") if condition else 0.0
    allowed = [s[objective] for s in samples(problem, 300) if s["market_share"] >= floor]
    assert allowed
    assert max(allowed) <= solution.objective.bound * (1 + 1e-9)
    assert max(allowed) <= solution.objective.value * 1.02 + 1e-9


def test_a_range_is_at_least_as_good_as_its_ladder() -> None:
    ladder = case(plans={"plus": {"price": [6, 8, 10, 12, 14, 16, 18, 20]}})
    ranged = case(plans={"plus": {"price": {"least": 6, "most": 20}}}, options={"continuous_gap": 1e-3})
    best = solve_case(ladder).objective.value
    found = solve_case(ranged)
    assert found.objective.bound >= best * (1 - 1e-9)
    assert found.objective.value >= best * (1 - 1e-3)


def test_minimised_cost_within_the_gap() -> None:
    asked = case(objective={"minimise": "serving_cost"}, plans={"plus": {"price": {"least": 6, "most": 20}}})
    solution = solve_case(asked)
    assert solution.objective.bound <= solution.objective.value
    assert solution.verdict == "proved"
    # dearer means fewer customers to serve
    assert solution.terms["plus"].price == pytest.approx(20.0)


def test_rounding_is_on_steps_and_its_loss_is_told() -> None:
    plans = {"plus": {"price": {"least": 6, "most": 20, "step": 0.5}}}
    solution = solve_case(case(plans=plans))
    price = solution.terms["plus"].price
    assert price * 2 == pytest.approx(round(price * 2))
    assert "Rounding to price points costs" in solution.verdict_text


def test_infeasible_is_proven_on_the_continuum() -> None:
    with pytest.raises(InfeasibleError):
        solve_case(case(conditions=[{"figure": "market_share", "at_least": 0.9}]))


def test_ratio_objectives_are_refused_with_a_cure() -> None:
    with pytest.raises(InputError, match="linear"):
        solve_case(case(objective="gross_margin_rate"))


def test_plan_order_holds_on_the_continuum() -> None:
    plans = {"plus": {"price": {"least": 18, "most": 40}}, "team": {"price": {"least": 10, "most": 40}}}
    solution = solve_case(case(plans=plans, rules={"plan_order": [["plus", "team"]]}, options={"continuous_gap": 0.03}))
    team, plus = solution.terms["team"], solution.terms["plus"]
    assert team.price >= plus.price - 1e-9


def one(price: dict[str, float], rules: dict[str, Any] | None = None, **more: Any) -> Case:
    """Only the price of the plan plus is to be chosen; it is 12 usd/month today."""
    return case(plans={"plus": {"price": price}}, rules=rules or {}, options={}, **more)


def change(at_most: float) -> dict[str, Any]:
    return {"price_change": [{"plan": "plus", "at_most": at_most}]}


RULED = [
    (
        "charm",
        {"least": 6, "most": 14},
        {"charm_prices": True},
        [6.99, 7.99, 8.99, 9, 9.99, 10, 10.99, 11.99, 12.99, 13.99],
    ),
    ("step", {"least": 6, "most": 14, "step": 2.5}, {}, [7.5, 10, 12.5]),
    ("charm and step", {"least": 6, "most": 16, "step": 5}, {"charm_prices": True}, [10, 15]),
    ("charm and change", {"least": 6, "most": 20}, {"charm_prices": True, **change(0.1)}, [10.99, 11.99, 12.99]),
]


@pytest.mark.parametrize(("price", "rules", "points"), [r[1:] for r in RULED], ids=[r[0] for r in RULED])
def test_price_points_are_chosen_among_all_of_the_range(price: Any, rules: Any, points: list[float]) -> None:
    ladder = case(plans={"plus": {"price": points}}, options={}, rules={})
    best = solve_case(ladder)
    found = solve_case(one(price, rules))
    assert found.verdict == "proved"
    assert found.objective.bound >= best.objective.value * (1 - 1e-9)
    assert found.objective.value >= best.objective.value * 0.99
    assert any(found.terms["plus"].price == pytest.approx(p, rel=1e-9) for p in points)
    assert "Rounding to price points costs" in found.verdict_text


def test_a_price_change_cuts_the_interval_itself() -> None:
    asked = one({"least": 3, "most": 40}, change(0.1))
    same = solve_case(one({"least": 10.8, "most": 13.2}))
    found = solve_case(asked)
    assert found.objective.value == pytest.approx(same.objective.value, rel=1e-9)
    assert found.terms["plus"].price == pytest.approx(13.2, rel=1e-9)
    there = evaluate_case("assistant-startup-today", sets={"plans.plus.price": 13.2, **ALONE})
    assert found.objective.bound >= there.figure("contribution_margin") * (1 - 1e-9)


@pytest.mark.parametrize(
    ("price", "rules", "left"),
    [
        ({"least": 3, "most": 40}, change(0.0), 12.0),
        ({"least": 11, "most": 14, "step": 6}, {}, 12.0),
        ({"least": 12.2, "most": 12.995}, {"charm_prices": True}, 12.99),
        ({"least": 12 * (1 + 5e-10), "most": 40}, change(0.0), 12.0),
    ],
)
def test_one_price_that_is_left_is_a_plain_level(price: Any, rules: Any, left: float) -> None:
    found = solve_case(one(price, rules, objective="gross_margin_rate"))
    assert found.terms["plus"].price == pytest.approx(left, rel=1e-9)
    assert found.verdict_text.startswith("Proven best of 1 menus")


@pytest.mark.parametrize(
    ("price", "rules"),
    [
        ({"least": 6.1, "most": 6.9, "step": 1}, {}),
        ({"least": 6.1, "most": 6.9}, {"charm_prices": True}),
        ({"least": 20, "most": 40}, change(0.1)),
        ({"least": 6, "most": 14, "step": 4}, {"charm_prices": True}),
    ],
)
def test_no_price_left_is_told(price: Any, rules: Any) -> None:
    with pytest.raises(InputError, match="leave no price"):
        solve_case(one(price, rules))


def test_too_many_price_points_are_told_with_their_number() -> None:
    with pytest.raises(InputError, match="about 8,000,000 price points"):
        solve_case(one({"least": 6, "most": 14, "step": 1e-6}))


def test_points_of_which_none_meets_the_conditions_are_infeasible_with_a_diagnosis() -> None:
    kept = {"figure": "market_share", "at_least": 1.0, "relative_to": "today"}
    free = solve_case(one({"least": 11, "most": 19}, conditions=[kept]))  # prices below 12 keep the share
    assert free.terms["plus"].price <= 12.0 + 1e-4
    for step in (13, 6.2):  # one point, or two: all above 12
        with pytest.raises(InfeasibleError) as caught:
            solve_case(one({"least": 11, "most": 19, "step": step}, conditions=[kept]))
        assert caught.value.diagnosis.clashing == ("market_share",)


def objective_and_proof(solution: Solution, m: CaseModel) -> tuple[Any, dict[str, Any]]:
    return objective_of(m.inputs.case.objective, m.today).last, solution.certificate["stages"][0]["proof"]


@pytest.mark.parametrize(("price", "rules"), [r[1:3] for r in RULED[:2]])
def test_a_certificate_that_leaves_out_prices_does_not_hold(price: Any, rules: Any) -> None:
    asked = one(price, rules)
    solution, m = solve_case(asked), prepare_case(asked)
    objective, proof = objective_and_proof(solution, m)
    assert objective.recheck(m, proof) == pytest.approx(solution.objective.bound, rel=1e-12)
    for spoil in (
        lambda cells: cells.pop(0),
        lambda cells: cells.pop(),
        lambda cells: cells.pop(len(cells) // 2),
        lambda cells: cells[0].reverse(),
        lambda cells: cells[-1].__setitem__(1, cells[-1][1] + 1.0),
    ):
        forged = copy.deepcopy(proof)
        spoil(forged["prices"]["plus"][0])
        if forged["prices"]["plus"][0] == proof["prices"]["plus"][0]:
            continue
        with pytest.raises(NotTrustedError):
            objective.recheck(m, forged)


def test_frontiers_over_ranges_are_refused_with_a_cure() -> None:
    with pytest.raises(InputError, match="ladder"):
        frontier_case(one({"least": 6, "most": 14}))


def test_no_runner_up_is_told_where_prices_are_ranges() -> None:
    told = explain_case(one({"least": 11, "most": 13}))
    assert told.runners_up == ()


def test_spans_by_hand() -> None:
    market = prepare_case("assistant-startup-today").inputs.market
    assert span_of(one({"least": 3, "most": 40}), market, "team") is None
    assert span_of(one({"least": 3, "most": 40}), market, "plus") == Span(3.0, 40.0)
    assert span_of(one({"least": 3, "most": 40}, change(0.5)), market, "plus") == Span(6.0, 18.0)
    found = span_of(one({"least": 0.5, "most": 10}, {"charm_prices": True}), market, "plus")
    assert found is not None
    assert found.points == (0.99, 1.99, 2.99, 3.99, 4.99, 5.0, 5.99, 6.99, 7.99, 8.99, 9.0, 9.99, 10.0)
    assert found.holds(8.99 * (1 + 1e-10)) and not found.holds(8.989)
    many = span_of(one({"least": 1, "most": 9, "step": 0.01}), market, "plus")
    assert many is not None and many.points is not None and len(many.points) == 801 and many.points[11] == 1.11
    assert len(many.ladder) == 25 and many.ladder[0] == 1.0 and many.ladder[-1] == 9.0
    assert allowed_prices(one({"least": 3, "most": 40}, change(0.0)), market, "plus", ()) == (12.0,)
