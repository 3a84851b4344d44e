"""What stands against a value, what levers do, the decision plan by plan: against the evaluator and by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from optimizer.answer.checks.levers import Lever, LeverKind
from optimizer.answer.decided import plan_moves
from optimizer.answer.parts import market_places, net_changes, usage_rows
from optimizer.answer.responses import free_tier, lever_map, lever_responses, price_responses, segment_gains
from optimizer.answer.run import solve_case_model
from optimizer.answer.solution import Solution
from optimizer.answer.standing import BEYOND, HELD, Standing
from optimizer.economics.figures import Selection
from optimizer.model.case_model import CaseModel, evaluated, prepare_case
from optimizer.optimise.outcome import Settings

CASE = "assistant-startup-margin"


@pytest.fixture(scope="module")
def m() -> CaseModel:
    return prepare_case(CASE)


@pytest.fixture(scope="module")
def solution(m: CaseModel) -> Solution:
    return solve_case_model(m, Settings(gap=1e-4, cross_check=False))


def test_the_answer_stands_and_a_dear_menu_misses_the_share(m: CaseModel, solution: Solution) -> None:
    standing = Standing(m)
    assert standing.against(solution.chosen, solution.evaluation) == ()
    price = Lever(LeverKind.PRICE, "plus")
    dear = price.moved(solution.chosen, 14.0)
    assert standing.against(dear, m.evaluate(dear)) == ("market share at least 2.6%",)
    ladder = standing.ladders[price]
    assert standing.offers(price, ladder[0]) == "" and standing.offers(price, 1.01 * ladder[-1]) == BEYOND
    assert standing.offers(Lever(LeverKind.CREDITS, "plus"), 1.0) == HELD


def test_a_burst_beyond_what_can_be_rented_is_told(m: CaseModel, solution: Solution) -> None:
    free = Lever(LeverKind.CAP, "free", 0, "day")
    wide = free.moved(solution.chosen, 30.0)
    there = m.evaluate(wide)
    assert (there.burst > there.prepared.pools.burst_limit[:, None]).any()
    assert "more GPUs of main than can be rented" in Standing(m).against(wide, there)


def test_rows_along_a_lever_are_the_evaluators(m: CaseModel, solution: Solution) -> None:
    rows = [r for r in lever_responses(m, solution) if "cap" in r["lever"]]
    assert [r["value"] for r in rows] == [3.0, 5.0, 8.0, 12.0, 20.0, 30.0]
    assert [r["value"] for r in rows if r["chosen"]] == [5.0] and [r["value"] for r in rows if r["today"]] == [12.0]
    for r in rows:
        menu = Lever(LeverKind.CAP, "free", 0, "day").moved(solution.chosen, r["value"])
        assert r["market_share"] == pytest.approx(m.evaluate(menu).figure("market_share"), rel=1e-12), r
        assert bool(r["why"]) == (not r["chosen"] and bool(Standing(m).against(menu, m.evaluate(menu)))), r


def test_prices_carry_their_reason(m: CaseModel, solution: Solution) -> None:
    rows = {(r["plan"], r["factor"]): r["why"] for r in price_responses(m, solution)}
    assert rows["plus", 1.0] == "" and rows["plus", 0.5] == BEYOND
    assert rows["plus", 1.5] == "market share at least 2.6%"


def test_the_map_holds_the_answer_at_its_place(m: CaseModel, solution: Solution) -> None:
    rows = lever_map(m, solution)
    (here,) = [r for r in rows if r["chosen"]]
    assert here["objective"] == pytest.approx(solution.objective.value, rel=1e-12) and here["why"] == ""
    allowed = [r["objective"] for r in rows if not r["why"]]
    assert max(allowed) <= solution.objective.value * (1.0 + 1e-4)
    assert len(rows) == len({r["first_value"] for r in rows}) * len({r["second_value"] for r in rows}) > 20


def test_net_changes_add_up_to_nobody(solution: Solution) -> None:
    rows = net_changes(solution.today, solution.evaluation)
    assert sum(r["today"] for r in rows) == pytest.approx(solution.today.figure("potential"), rel=1e-12)
    assert sum(r["customers"] for r in rows) == pytest.approx(solution.figure("potential"), rel=1e-12)
    rivals = sum(r["customers"] for r in rows if r["whose"] == "rival")
    assert rivals == pytest.approx(solution.figure("rival_customers"), rel=1e-12)


def test_the_market_map_tells_what_customers_pay(solution: Solution) -> None:
    rows = {r["name"]: r for r in market_places(solution.today, solution.evaluation)}
    plus = solution.evaluation.figure("revenue", Selection("plus")) / solution.figure("customers", "plus")
    assert rows["plus"]["paid_a_month"] == pytest.approx(plus, rel=1e-12)
    paid = sum(r["customers"] * r["paid_a_month"] for r in rows.values() if r["whose"] == "rival")
    assert paid == pytest.approx(solution.figure("rival_revenue"), rel=1e-9)


def test_people_who_gain_and_lose_are_within_those_there_are(solution: Solution) -> None:
    rows = segment_gains(solution.evaluation, solution.today)
    assert rows
    for r in rows:
        assert 0.0 <= r["people_better_off"] + r["people_worse_off"] <= r["people"] * (1.0 + 1e-12), r["segment"]
        assert r["people_worse_off"] <= r["losing_share"] * r["people"] * (1.0 + 1e-12), r["segment"]


def test_the_free_plans_ledger_is_the_menu_without_it(m: CaseModel, solution: Solution) -> None:
    told = free_tier(m, solution)
    without = evaluated(m.prepared, replace(solution.chosen, terms={**solution.terms, "free": None}))
    assert told["contribution_without"] == pytest.approx(without.figure("contribution_margin"), rel=1e-12)
    own = solution.evaluation.figure("contribution_margin", Selection("free"))
    assert told["own_contribution"] == pytest.approx(own, rel=1e-12)
    assert told["advertising_revenue"] - told["serving_cost"] - told["other_cost"] == pytest.approx(own, rel=1e-9)


def test_caps_bind_by_class_as_in_total(solution: Solution) -> None:
    for plan in ("free", "plus", "team"):
        rows = [r for r in usage_rows(solution.evaluation) if r["plan"] == plan]
        bound = sum(r["cap_binding_share"] * r["customers"] for r in rows)
        assert bound == pytest.approx(solution.figure("cap_bound_customers", plan), rel=1e-9, abs=1e-9), plan


def test_the_decision_plan_by_plan(solution: Solution) -> None:
    moves = {move.choice.plan: move for move in plan_moves(solution)}
    assert set(moves) == {p.plan for p in solution.menu if p.decision == "change"}
    for plan, move in moves.items():
        change = solution.figure("contribution_margin", plan) - solution.today.figure(
            "contribution_margin", Selection(plan)
        )
        assert move.contribution == pytest.approx(change, rel=1e-12), plan
