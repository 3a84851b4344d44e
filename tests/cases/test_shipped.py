"""The shipped cases: proven answers that move as economics says, and markets that give back what is reported."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import optimizer
from optimizer.answer.run import solve_case_model
from optimizer.answer.solution import Solution
from optimizer.economics.figures import Selection, unit_of
from optimizer.inputs.load import Inputs
from optimizer.market.evaluate import evaluate_menu
from optimizer.model.case_model import prepare_case
from optimizer.optimise.outcome import Settings
from optimizer.units import convert

Solve = Callable[[str], Solution]
Load = Callable[[str], Inputs]

CASES = [name for name in optimizer.list_cases() if optimizer.load_case(name).case.horizon is None]
"""In the long run; those over months are in ``test_shipped_months``."""
QUESTIONS = ["today", "margin", "margin60", "share", "price-war", "open-weights", "cheaper-serving"]
QUESTIONS += ["enterprise", "compute-squeeze", "rivals"]
EXPECTED = {f"openai-2025-{q}" for q in QUESTIONS}
EXPECTED |= {f"{m}-{q}" for m in ("anthropic-2025", "assistant-startup") for q in ("today", "margin")}
GAP = 1e-4
SECONDS = 50.0
"""Five times what a case may take."""

# What the companies reported, in usd a month and fractions, and how closely today's market must give it back.
REPORTED = [
    ("openai-2025-today", "revenue", 13.07e9 / 12, 0.02),
    ("openai-2025-today", "serving_cost", 8.4e9 / 12, 0.02),
    ("openai-2025-today", "gross_margin_rate", 0.33, 0.02),
    ("openai-2025-today", "free_share", 0.95, 0.02),
    ("anthropic-2025-today", "revenue", 4.5e9 / 12, 0.05),
    ("anthropic-2025-today", "gross_margin_rate", 0.40, 0.05),
    ("anthropic-2025-today", "enterprise_revenue_share", 0.80, 0.05),
]


def test_all_cases_are_shipped() -> None:
    assert set(CASES) >= EXPECTED


@pytest.mark.parametrize("name", CASES)
def test_asks_a_question_of_a_market_without_errors(loaded: Load, name: str) -> None:
    inputs = loaded(name)
    assert inputs.case.title.strip() and inputs.case.question.strip().endswith("?")
    assert inputs.case.market in optimizer.list_markets()
    assert [f for f in optimizer.check_case(name) if f.severity == "error"] == []


@pytest.mark.parametrize("name", CASES)
def test_is_proven(solved: Solve, name: str) -> None:
    solution = solved(name)
    assert solution.verdict in ("proved", "solver_proved")
    assert solution.status == "optimal"
    assert all(stage.gap <= GAP for stage in solution.stages)
    sense = 1.0 if solution.objective.sense == "most" else -1.0
    assert sense * (solution.objective.bound - solution.objective.value) >= -1e-12 * abs(solution.objective.value)
    assert solution.audit.largest_difference <= 1e-9
    assert sum(solution.seconds.get(part, 0.0) for part in ("load", "calibrate", "compile", "solve")) < SECONDS


@pytest.mark.parametrize("name", CASES)
def test_conditions_hold_at_the_answer(loaded: Load, solved: Solve, name: str) -> None:
    """Taken from the case file and recomputed here, at 1e-6."""
    solution = solved(name)
    conditions = loaded(name).case.conditions
    assert len(solution.audit.conditions) == sum((c.at_least is not None) + (c.at_most is not None) for c in conditions)
    for c in conditions:
        part = Selection(c.plan, c.segment, (c.channel,) if c.channel else None)
        value, factor = solution.evaluation.figure(c.figure, part), 1.0
        if c.relative_to == "today":
            factor = solution.today.figure(c.figure, part)
        if c.at_least is not None:
            assert value >= c.at_least * factor - 1.0001e-6 * abs(c.at_least * factor), c.figure
        if c.at_most is not None:
            assert value <= c.at_most * factor + 1.0001e-6 * abs(c.at_most * factor), c.figure


@pytest.mark.parametrize("name", [n for n in CASES if n.endswith("-today")])
def test_nothing_may_be_chosen_today(solved: Solve, name: str) -> None:
    solution = solved(name)
    assert solution.menus == 1
    assert all(p.price == p.today_price and p.allowances == p.today_allowances for p in solution.menu)
    assert all(f.value == pytest.approx(f.today, rel=1e-12) for f in solution.figures)


@pytest.mark.parametrize(("name", "figure", "reported", "within"), REPORTED)
def test_today_gives_back_what_is_reported(
    solved: Solve, name: str, figure: str, reported: float, within: float
) -> None:
    assert solved(name).figure(figure) == pytest.approx(reported, rel=within)


@pytest.mark.parametrize("market", ["openai-2025", "anthropic-2025", "assistant-startup"])
def test_figures_stated_in_the_market_are_given_back(loaded: Load, solved: Solve, market: str) -> None:
    name = f"{market}-today"
    rows = loaded(name).market.today.observed
    assert {r.figure for r in rows} >= {"revenue", "gross_margin_rate"}
    for row in rows:
        stated = convert(row.value.value, row.value.unit, unit_of(row.figure))
        value = solved(name).figure(row.figure, plan=row.plan, channel=row.channel)
        assert value == pytest.approx(stated, rel=row.tolerance), row.figure


@pytest.mark.parametrize("market", ["openai-2025", "anthropic-2025", "assistant-startup"])
def test_counts_and_leaving_of_today(loaded: Load, solved: Solve, market: str) -> None:
    today, stated = solved(f"{market}-today"), loaded(f"{market}-today").market
    for plan, count in stated.today.plans.items():
        assert today.figure("customers", plan=plan) == pytest.approx(count.customers.value, rel=1e-8), plan
        rate = stated.plans[plan].decision_rate
        if rate is not None and not stated.plans[plan].decision_rate_by_segment:
            assert today.figure("decision_rate", plan=plan) == pytest.approx(rate.value, rel=1e-8), plan
        if count.retention_12_months is not None:
            kept = today.figure("retention_12_months", plan=plan)
            assert kept == pytest.approx(count.retention_12_months.value, rel=1e-7), plan
        if count.renewal_rate is not None:
            assert 1.0 - today.figure("leave_rate", plan=plan) == pytest.approx(count.renewal_rate.value, rel=1e-7), (
                plan
            )


# --- signs ---------------------------------------------------------------------------------------


def question(inputs: Inputs) -> dict[str, Any]:
    """What may be chosen, for what and under what; not the changes to the market."""
    kept = {"plans", "mix", "objective", "conditions", "rules"}
    return {k: v for k, v in inputs.case.model_dump().items() if k in kept}


BAD_TIMES = ["openai-2025-price-war", "openai-2025-open-weights", "openai-2025-compute-squeeze"]


@pytest.mark.parametrize("name", [*BAD_TIMES, "openai-2025-cheaper-serving"])
def test_the_same_choices_in_other_times(loaded: Load, name: str) -> None:
    """So that contribution can be compared."""
    assert question(loaded(name)) == question(loaded("openai-2025-margin"))
    assert loaded(name).case.changes and not loaded("openai-2025-margin").case.changes


@pytest.mark.parametrize("name", BAD_TIMES)
def test_bad_times_lower_the_contribution(solved: Solve, name: str) -> None:
    """Rivals at half price, open weights catching up, GPUs running short: even the bound stays below."""
    assert solved(name).objective.bound < solved("openai-2025-margin").objective.value


def test_cheaper_serving_raises_the_contribution(solved: Solve) -> None:
    """By no less than what it saves at the menu that was best before."""
    before, after = solved("openai-2025-margin"), solved("openai-2025-cheaper-serving")
    saved = (1.0 - 1.0 / 3.0) * before.figure("serving_cost")
    assert after.objective.value >= before.objective.value + saved * (1.0 - 2.0 * GAP)


@pytest.mark.parametrize("name", ["openai-2025-price-war", "openai-2025-open-weights"])
def test_better_alternatives_take_customers_of_an_unchanged_menu(solved: Solve, name: str) -> None:
    solution = solved(name)
    for figure in ("customers", "paying_customers", "revenue", "market_share"):
        assert solution.unchanged.figure(figure) < solution.today.figure(figure), figure


def test_a_price_war_feeds_the_rivals(solved: Solve) -> None:
    solution = solved("openai-2025-price-war")
    assert solution.unchanged.figure("market_share_served") < solution.today.figure("market_share_served")
    assert solution.unchanged.figure("rival_customers") > solution.today.figure("rival_customers")


@pytest.mark.parametrize("market", ["openai-2025", "anthropic-2025", "assistant-startup"])
def test_the_best_menu_is_no_worse_than_todays(solved: Solve, market: str) -> None:
    best, today = solved(f"{market}-margin"), solved(f"{market}-today")
    assert best.figure("contribution_margin") >= today.figure("contribution_margin")
    assert best.today.figure("revenue") == pytest.approx(today.figure("revenue"), rel=1e-12)


def test_sixty_per_cent_margin_costs_share(solved: Solve) -> None:
    solution = solved("openai-2025-margin60")
    assert solution.objective.name == "market_share"
    assert solution.figure("gross_margin_rate") >= 0.6 * (1.0 - 1e-6)
    assert solution.today.figure("gross_margin_rate") < 0.6
    assert solution.figure("market_share") < solution.today.figure("market_share")
    assert solution.objective.bound < solution.today.figure("market_share")


def test_the_largest_share_at_todays_margin(solved: Solve) -> None:
    solution = solved("openai-2025-share")
    assert solution.objective.name == "market_share"
    assert solution.figure("market_share") >= solution.today.figure("market_share")
    assert solution.figure("gross_margin_rate") >= solution.today.figure("gross_margin_rate") * (1.0 - 1e-6)
    assert solution.figure("market_share") > solved("openai-2025-margin60").objective.bound


def test_the_shift_to_enterprise(loaded: Load, solved: Solve) -> None:
    solution = solved("openai-2025-enterprise")
    (wanted,) = (c for c in loaded("openai-2025-enterprise").case.conditions if c.figure == "enterprise_revenue_share")
    assert wanted.at_least is not None and wanted.relative_to is None
    assert solution.today.figure("enterprise_revenue_share") < wanted.at_least
    assert solution.figure("enterprise_revenue_share") >= wanted.at_least * (1.0 - 1e-6)


def test_the_squeeze_keeps_to_the_gpus_there_are(loaded: Load, solved: Solve) -> None:
    """Today's menu would need more than there are; the answer does not."""
    solution, pools = solved("openai-2025-compute-squeeze"), loaded("openai-2025-compute-squeeze").changed.pools
    stated = [pool.capacity for pool in pools.values()]
    room = [math.inf if c is None else c.burst_limit.value for c in stated]
    assert sum(map(math.isfinite, room)) >= 1
    for needed, kept, limit in zip(solution.unchanged.burst, solution.evaluation.burst, room, strict=True):
        if math.isfinite(limit):
            assert needed.max() > limit
            assert kept.max() <= limit * (1.0 + 1e-6)


# --- a cheap plan --------------------------------------------------------------------------------


def test_an_eight_dollar_plan_draws_on_plus(solved: Solve) -> None:
    """Plus falls by 50 to 90 %; the new plan has 1.5 to 4 customers for each that Plus loses."""
    prepared = solved("openai-2025-today").evaluation.prepared
    terms = prepared.terms["go"]
    assert terms.price == 8.0
    before = evaluate_menu(prepared, prepared.today_menu())
    after = evaluate_menu(prepared, {**prepared.today_menu(), "go": terms})
    plus = Selection(plan="plus")
    lost = before.figure("customers", plus) - after.figure("customers", plus)
    assert 0.5 <= lost / before.figure("customers", plus) <= 0.9
    assert 1.5 <= after.figure("customers", Selection(plan="go")) / lost <= 4.0


# --- the same answers without conditions ---------------------------------------------------------


@pytest.mark.parametrize("name", ["assistant-startup-margin", "anthropic-2025-margin"])
def test_conditions_cost(solved: Solve, name: str) -> None:
    """Without its conditions a case earns at least as much."""
    problem = prepare_case(name)
    free = solve_case_model(problem_without_conditions(problem), Settings(gap=GAP))
    assert free.objective.value >= solved(name).objective.value * (1.0 - 2.0 * GAP)


def problem_without_conditions(problem: Any) -> Any:
    case = problem.inputs.case.model_copy(update={"conditions": ()})
    return replace(problem, inputs=replace(problem.inputs, case=case))
