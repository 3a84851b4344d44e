"""Laws the answer must follow whatever the numbers: it moves as economics says, or not at all."""

from __future__ import annotations

import copy
import itertools
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from amount import few
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.answer.run import solve_case_model
from optimizer.answer.solution import Solution
from optimizer.economics.figures import LINEAR, RATIOS, Selection, unit_of
from optimizer.errors import InfeasibleError
from optimizer.model.case_model import CaseModel
from optimizer.optimise.outcome import Settings
from optimizer.units import parse

Data = dict[str, Any]
GAP = 1e-7
SEEDS = st.integers(0, 60)
FEW = settings(max_examples=few(12))


def conditions(seed: int) -> list[Data]:
    """Conditions that hold somewhere: two of today's values kept in part."""
    return [
        {"figure": "market_share", "at_least": 0.8, "relative_to": "today"},
        {"figure": "churn_rate", "at_most": 1.2, "relative_to": "today"},
    ][: seed % 3]


def a_case(factory: ModuleType, seed: int, **more: Any) -> Data:
    return factory.case(**{"conditions": conditions(seed), **more})


def a_market(factory: ModuleType, seed: int) -> Data:
    """A random market with burst to spare, so that today's conditions can be kept."""
    return factory.changed(factory.random_market(seed), "pools.main.capacity.burst_limit", 2000.0)


def solve(problem: CaseModel, **options: Any) -> Solution:
    return solve_case_model(problem, Settings(gap=GAP, **options))


def menu_of(solution: Solution) -> dict[str, Any]:
    return dict(solution.terms)


# --- money ---------------------------------------------------------------------------------------


def in_other_money(factory: ModuleType, market: Data, factor: float) -> Data:
    """The market in a currency of which ``factor`` make one usd: usd/x times, x/usd divided by it."""
    new = copy.deepcopy(market)
    for _, number in factory.numbers(new):
        power = dict(parse(number["unit"])[1]).get("money", 0)
        number["value"] *= factor**power
    return new


def case_in_other_money(case: Data, factor: float) -> Data:
    new = copy.deepcopy(case)
    for plan in new["plans"].values():
        plan["price"] = [p * factor for p in plan["price"]] if "price" in plan else [0.0]
        for ladder in plan.get("unit_prices", {}).values():
            ladder[:] = [p * factor for p in ladder]
    for condition in new["conditions"]:
        if unit_of(condition["figure"]) == "usd/month" and "relative_to" not in condition:
            condition |= {k: condition[k] * factor for k in ("at_least", "at_most") if k in condition}
    return new


AIMS: list[str | Data] = [
    "contribution_margin",
    "gross_margin_rate",
    "revenue_per_payer",
    {"minimise": "cost_per_free_customer"},
    {"blend": {"contribution_margin": 1.0, "gross_margin_rate": 0.5}},
    {"lexicographic": [{"maximise": "revenue", "give": 0.05}, {"minimise": "churn_rate"}]},
]


@settings(max_examples=few(18))
@given(
    seed=SEEDS,
    factor=st.sampled_from([1e-9, 1e-6, 1e-3, 0.01, 7.0, 1e3, 1e6, 1e9]),
    aim=st.sampled_from(AIMS),
)
def test_money_has_no_scale(factory: ModuleType, seed: int, factor: float, aim: str | Data) -> None:
    """The same menu and verdict in another currency; money figures times the rate, all others as they were."""
    market = a_market(factory, seed)
    free = {"price": [0], "allowances": {"big": {"day": [1, 3, 6]}}}
    plans = {**factory.case()["plans"], "free": free, "api": {"unit_prices": {"big": [7, 10]}}}
    case = a_case(factory, seed, plans=plans, objective=aim, rules={"plan_order": [["lite", "plus"]]})
    floor = 0.2 * factory.problem(market).today.figure("revenue")
    margin = {"figure": "gross_margin_rate", "at_least": 0.8, "relative_to": "today"}
    case["conditions"] = [*case["conditions"], {"figure": "revenue", "at_least": floor}, *[margin] * (seed % 2)]
    here = factory.problem(market, case)
    there = factory.problem(in_other_money(factory, market, factor), case_in_other_money(case, factor))
    try:
        first = solve(here)
    except InfeasibleError:
        with pytest.raises(InfeasibleError):
            solve(there)
        return
    second = solve(there)
    assert second.verdict == first.verdict == "proved"
    assert there.choices.choice(second.chosen) == here.choices.choice(first.chosen)
    for name in [*LINEAR, *RATIOS]:
        rate = factor if "usd" in unit_of(name) else 1.0
        scale = 1e-9 * (abs(first.figure("revenue")) if "usd" in unit_of(name) else 0.0)
        there_, here_ = second.figure(name), first.figure(name)
        assert there_ == pytest.approx(rate * here_, rel=1e-9, abs=rate * scale, nan_ok=True), name


# --- the same market told in another way ---------------------------------------------------------


def with_halves(market: Data, segment: str) -> Data:
    """A segment as two segments of half its size, offered all that it was offered."""
    new = copy.deepcopy(market)
    half = new["segments"].pop(segment)
    half["potential"]["value"] /= 2.0
    new["segments"] |= {f"{segment}-1": half, f"{segment}-2": copy.deepcopy(half)}
    for offer in [*new["plans"].values(), *new["alternatives"].values()]:
        if segment in offer["segments"]:
            offer["segments"] = [s for s in offer["segments"] if s != segment] + [f"{segment}-1", f"{segment}-2"]
        if segment in offer.get("decision_rate_by_segment", {}):
            churn = offer["decision_rate_by_segment"].pop(segment)
            offer["decision_rate_by_segment"] |= {f"{segment}-1": churn, f"{segment}-2": churn}
    return new


@FEW
@given(seed=SEEDS, segment=st.sampled_from(["students", "pros", "firms"]))
def test_a_segment_split_in_two_halves_changes_nothing(factory: ModuleType, seed: int, segment: str) -> None:
    market, case = a_market(factory, seed), a_case(factory, seed)
    whole, halves = (solve(factory.problem(m, case)) for m in (market, with_halves(market, segment)))
    assert menu_of(halves) == menu_of(whole)
    for name in LINEAR:
        wanted = whole.figure(name)
        assert halves.figure(name) == pytest.approx(wanted, rel=1e-7, abs=1e-9 * whole.figure("revenue")), name
    both = halves.figure("customers", segment=f"{segment}-1") + halves.figure("customers", segment=f"{segment}-2")
    assert both == pytest.approx(whole.figure("customers", segment=segment), rel=1e-7)


@FEW
@given(seed=SEEDS, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_plans_and_segments_does_not_matter(factory: ModuleType, seed: int, shuffle: Any) -> None:
    market, case = a_market(factory, seed), a_case(factory, seed)
    permuted, asked = copy.deepcopy(market), copy.deepcopy(case)
    for data, key in ((permuted, "plans"), (permuted, "segments"), (permuted, "alternatives"), (asked, "plans")):
        items = list(data[key].items())
        shuffle.shuffle(items)
        data[key] = dict(items)
    first, second = solve(factory.problem(market, case)), solve(factory.problem(permuted, asked))
    assert menu_of(second) == menu_of(first)
    for name in LINEAR:
        wanted = first.figure(name)
        assert second.figure(name) == pytest.approx(wanted, rel=1e-7, abs=1e-9 * first.figure("revenue")), name


@FEW
@given(seed=SEEDS)
def test_a_step_named_twice_changes_nothing(factory: ModuleType, seed: int) -> None:
    case = a_case(factory, seed)
    double = copy.deepcopy(case)
    double["plans"]["plus"]["price"] += [20, 15]
    double["plans"]["free"]["allowances"]["big"]["day"] += [3]
    double["mix"]["enterprise_share"] += [0.3]
    market = a_market(factory, seed)
    first, second = solve(factory.problem(market, case)), solve(factory.problem(market, double))
    assert [p.price for p in second.menu] == [p.price for p in first.menu]
    assert [p.allowances for p in second.menu] == [p.allowances for p in first.menu]
    assert second.objective.value == pytest.approx(first.objective.value, rel=1e-12)
    assert second.enterprise_share == first.enterprise_share


# --- more room, better or worse times ------------------------------------------------------------


def value(problem: CaseModel) -> float:
    """The best, or minus infinity where nothing meets the conditions."""
    try:
        return solve(problem).objective.value
    except InfeasibleError:
        return -np.inf


@FEW
@given(
    seed=SEEDS,
    figure=st.sampled_from(["market_share", "gross_margin_rate", "paying_customers", "enterprise_revenue_share"]),
    objective=st.sampled_from(["contribution_margin", "revenue", "gross_margin_rate"]),
    strict=st.floats(0.7, 1.3),
)
def test_a_condition_relaxed_never_costs(
    factory: ModuleType, seed: int, figure: str, objective: str, strict: float
) -> None:
    market, values = a_market(factory, seed), []
    today = factory.problem(market).today.figure(figure)
    for room in (0.0, 0.1, 0.4):
        bound = strict * today - room * abs(today)
        case = factory.case(objective=objective, conditions=[{"figure": figure, "at_least": bound}])
        values.append(value(factory.problem(market, case)))
    free = value(factory.problem(market, factory.case(objective=objective)))
    ladder = [*values, free]
    assert np.isfinite(free)
    for tight, loose in itertools.pairwise(ladder):
        assert loose >= tight - 2.0 * GAP * abs(tight)


@FEW
@given(seed=SEEDS, longer=st.sampled_from(["price", "cap", "mix", "withdraw"]))
def test_a_longer_ladder_never_costs(factory: ModuleType, seed: int, longer: str) -> None:
    market, case = a_market(factory, seed), a_case(factory, seed)
    more = copy.deepcopy(case)
    if longer == "price":
        more["plans"]["plus"]["price"] += [18, 32]
    elif longer == "cap":
        more["plans"]["free"]["allowances"]["big"]["day"] += [0.5]
    elif longer == "mix":
        more["mix"]["enterprise_share"] += [0.8]
    else:
        more["plans"]["team"]["withdraw"] = True
    short, long = value(factory.problem(market, case)), value(factory.problem(market, more))
    assert long >= short - 2.0 * GAP * abs(short)


@settings(max_examples=few(40))
@given(seed=SEEDS, which=st.integers(0, 10**6), cut=st.floats(0.0, 0.95))
def test_a_cheaper_rival_never_brings_us_customers(factory: ModuleType, seed: int, which: int, cut: float) -> None:
    """At a fixed menu, plan by plan."""
    market = a_market(factory, seed)
    changes = {"alternatives.rival.price": {"times": cut}}
    before, after = (factory.problem(market, factory.case(changes=c)) for c in ({}, changes))
    choices = list(factory.every_choice(before))
    menu, mix = choices[which % len(choices)]
    plain, cheap = (p.evaluate(p.choices.menu((menu, mix))) for p in (before, after))
    assert (cheap.customers <= plain.customers * (1.0 + 1e-12)).all()
    assert cheap.figure("customers") < plain.figure("customers")
    assert cheap.figure("rival_customers") > plain.figure("rival_customers")


@FEW
@given(seed=SEEDS, cut=st.floats(0.2, 0.95))
def test_cheaper_gpus_never_cost(factory: ModuleType, seed: int, cut: float) -> None:
    """The best contribution at cheaper GPUs is at least as high, and higher where any are paid."""
    changes = {"pools.*.price": {"times": cut}, "pools.*.capacity.burst_price": {"times": cut}}
    market = a_market(factory, seed)
    plain, cheap = (solve(factory.problem(market, a_case(factory, seed, changes=c))) for c in ({}, changes))
    saved = (1.0 - cut) * plain.figure("serving_cost")
    assert cheap.objective.value >= plain.objective.value + saved - 2.0 * GAP * abs(plain.objective.value)
    assert saved > 0.0


@settings(max_examples=few(30))
@given(seed=SEEDS, which=st.integers(0, 10**6), more=st.floats(1.01, 4.0), base=st.floats(0.0, 0.3))
def test_more_reach_never_loses_customers(factory: ModuleType, seed: int, which: int, more: float, base: float) -> None:
    """A larger budget or a larger base reach, at a fixed menu and split, plan by plan."""
    market = a_market(factory, seed)
    changes = {"go_to_market.budget": {"times": more}, "go_to_market.*.base": {"plus": base}}
    before, after = (factory.problem(market, factory.case(changes=c)) for c in ({}, changes))
    choices = list(factory.every_choice(before))
    menu, mix = choices[which % len(choices)]
    plain, wide = (p.evaluate(p.choices.menu((menu, mix))) for p in (before, after))
    assert (wide.customers >= plain.customers * (1.0 - 1e-12)).all()
    assert wide.figure("customers") > plain.figure("customers")


@settings(max_examples=few(30))
@given(seed=SEEDS, plan=st.sampled_from(["plus", "team"]), dearer=st.floats(1.01, 2.0))
def test_a_dearer_plan_has_fewer_customers(factory: ModuleType, seed: int, plan: str, dearer: float) -> None:
    """The plan itself loses; no other plan of ours loses to it."""
    problem = factory.problem(a_market(factory, seed), factory.case(changes={f"plans.{plan}.price": {"times": dearer}}))
    for other in ("free", "plus", "team", "api"):
        part = Selection(plan=other)
        change = problem.unchanged.figure("customers", part) - problem.today.figure("customers", part)
        assert change < 0.0 if other == plan else change >= -1e-9 * problem.today.figure("customers", part)


@FEW
@given(seed=SEEDS, objective=st.sampled_from(["contribution_margin", "market_share", "gross_margin_rate"]))
def test_screening_does_not_change_the_answer(factory: ModuleType, seed: int, objective: str) -> None:
    problem = factory.problem(a_market(factory, seed), a_case(factory, seed, objective=objective))
    screened = solve(problem)
    whole = solve_case_model(problem, Settings(gap=1e-5, screen=False))
    assert screened.verdict == "proved"
    leaving = any(c.figure in ("churn_rate", "leave_rate") for c in problem.inputs.case.conditions)
    assert whole.verdict == ("proved" if leaving else "solver_proved")  # no program states leaving
    assert whole.objective.value == pytest.approx(screened.objective.value, rel=1.1e-5)
