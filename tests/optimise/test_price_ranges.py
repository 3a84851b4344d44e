"""Price ranges of a market's case: no price in them earns more than the bound, and the answer is within the gap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer import Case, InfeasibleError, InputError, solve_case
from optimizer.market.evaluate import evaluate_menu
from optimizer.model.case_model import CaseModel, prepare_case


def case(**more: Any) -> Case:
    given: dict[str, Any] = {
        "title": "Ranges",
        "question": "Which prices?",
        "market": "assistant-startup",
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
