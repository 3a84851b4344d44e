"""The compiled instance is the evaluator's market; shares and sums are exact; nobody is reached twice."""

from __future__ import annotations

from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_factory import evaluate_choice

from optimizer.economics import choice, reach
from optimizer.economics.figures import BUSINESS, COMPOSITES, LINEAR, RATIOS, TOTAL, Selection
from optimizer.market.evaluate import evaluate_menu
from optimizer.model.instance import burst, evaluate, follows_rules, within_burst

SEEDS = (2, 5, 9)
PLANS, SEGMENTS = ("free", "plus", "lite", "team", "api"), ("students", "pros", "firms")
PARTS = [
    TOTAL,
    *(Selection(plan=p) for p in PLANS),
    *(Selection(segment=s) for s in SEGMENTS),
    *(Selection(channels=(c,)) for c in ("consumer", "enterprise", "api")),
    Selection(channels=BUSINESS),
]
FIGURES = [*LINEAR, *COMPOSITES]
MENUS = st.tuples(*(st.floats(0.0, 1.0, exclude_max=True) for _ in range(6)))


@pytest.fixture(scope="module")
def problems(factory: ModuleType, problem: Any) -> list[Any]:
    return [problem, *(factory.problem(factory.random_market(s)) for s in SEEDS)]


def choice_of(problem: Any, drawn: tuple[float, ...]) -> tuple[tuple[int, ...], int]:
    """A menu and mix from numbers in [0, 1)."""
    counts = [len(levels) for levels in problem.choices.levels] + [len(problem.choices.mixes)]
    picked = [int(x * n) for x, n in zip(drawn, counts, strict=True)]
    return tuple(picked[:-1]), picked[-1]


@pytest.fixture(scope="module")
def compiled_figures(problems: list[Any]) -> list[dict[tuple[str, Selection], Any]]:
    return [{(n, s): p.built.figure(n, s) for n in FIGURES for s in PARTS} for p in problems]


@settings(max_examples=40)
@given(which=st.integers(0, len(SEEDS)), drawn=MENUS)
def test_every_figure_and_part_equals_the_evaluator(
    problems: list[Any], compiled_figures: list[Any], which: int, drawn: tuple[float, ...]
) -> None:
    problem, figures = problems[which], compiled_figures[which]
    picked = choice_of(problem, drawn)
    evaluation = evaluate_choice(problem, picked)
    programmed = evaluate(problem.built.instance, figures, *picked)
    for (name, part), figure in figures.items():
        by_evaluator = evaluation.figure(name, part)
        # differences such as margins, and rivals counted from everybody down, are exact against what they are made of
        scale = max(abs(by_evaluator), abs(figure.constant), sum_of_sizes(problem, figure, picked))
        assert abs(programmed[name, part] - by_evaluator) <= 1e-12 * scale, (name, part)


def sum_of_sizes(problem: Any, figure: Any, picked: tuple[tuple[int, ...], int]) -> float:
    """The figure with every amount taken positive."""
    instance, (menu, mix) = problem.built.instance, picked
    e = sum(d[:, level] for d, level in zip(instance.denominators, menu, strict=True))
    y = instance.customers[mix] / (1.0 + e)
    parts = zip(figure.amounts, instance.attraction, menu, strict=True)
    return float(sum((np.abs(a[:, level]) * w[:, level] * y).sum() for a, w, level in parts))


def test_the_comparison_is_not_empty(problems: list[Any]) -> None:
    """At today's levels all figures but those of other channels are away from 0; no segment is one of accounts."""
    evaluation = evaluate_choice(problems[0], ((1, 1, 0, 1, 0), 0))
    unused = {"impressions", "marketing_cost", "token_cost"}  # compared in markets that use them, by tests of their own
    assert {n for n in FIGURES if evaluation.figure(n) == 0.0} == {"potential_accounts"} | unused
    assert evaluation.burst.max() > 0.0


@settings(max_examples=40)
@given(which=st.integers(0, len(SEEDS)), drawn=MENUS)
def test_burst_equals_the_evaluator(problems: list[Any], which: int, drawn: tuple[float, ...]) -> None:
    problem = problems[which]
    picked = choice_of(problem, drawn)
    built = [evaluate_choice(problem, picked).burst[p, h] for p, h in problem.built.gpu_blocks]
    assert len(built) == 2
    assert burst(problem.built.instance, *picked) == pytest.approx(built, rel=1e-11, abs=1e-9)


def test_within_burst_and_rules_choice_by_choice(factory: ModuleType) -> None:
    """At the limit there is room for some menus only, and the order of plans allows some only."""
    free = {"allowances": {"big": {"day": [1, 3, 6, 9]}}}
    plans = {"free": free, "lite": {"price": [8, 18]}, "plus": {"price": [15, 20]}}
    data = factory.changed(factory.market(), "pools.main.capacity.burst_limit", 30.0)
    problem = factory.problem(data, factory.case(plans=plans, rules={"plan_order": [["lite", "plus"]]}))
    instance, seen = problem.built.instance, set()
    for menu, mix in factory.every_choice(problem):
        evaluation = evaluate_choice(problem, (menu, mix))
        fits = bool(evaluation.burst[0].max() <= 30.0)
        lite, plus = (problem.choices.menu((menu, mix)).terms[n] for n in ("lite", "plus"))
        ordered = lite is None or lite.price <= plus.price
        assert (within_burst(instance, menu, mix), follows_rules(instance, menu)) == (fits, ordered)
        seen.add((fits, ordered))
    assert len(seen) == 4


@settings(max_examples=40)
@given(which=st.integers(0, len(SEEDS)), drawn=MENUS)
def test_ratios_are_the_quotients_of_their_figures(problems: list[Any], which: int, drawn: tuple[float, ...]) -> None:
    problem = problems[which]
    evaluation = evaluate_choice(problem, choice_of(problem, drawn))
    for part in PARTS:
        for name, ratio in RATIOS.items():
            below = evaluation.figure(ratio.denominator, part)
            value = evaluation.figure(name, part)
            assert (below == 0.0) == bool(np.isnan(value)), (name, part)
            if below != 0.0:
                assert value == evaluation.figure(ratio.numerator, part) / below, (name, part)


@settings(max_examples=60)
@given(which=st.integers(0, len(SEEDS)), drawn=MENUS)
def test_parts_add_up(problems: list[Any], which: int, drawn: tuple[float, ...]) -> None:
    """Plans, segments and channels make up the whole of what is counted per customer."""
    problem = problems[which]
    evaluation = evaluate_choice(problem, choice_of(problem, drawn))
    for name in ("customers", "revenue", "gpu_hours", "churned_customers", "payment_cost", "plan_cost"):
        for parts in ([1, 2, 3, 4, 5], [9, 10, 11]):
            total = sum(evaluation.figure(name, PARTS[k]) for k in parts)
            assert total == pytest.approx(evaluation.figure(name), rel=1e-12), name
    by_segment = sum(evaluation.figure("revenue", PARTS[k]) for k in (6, 7, 8))
    assert by_segment == pytest.approx(evaluation.figure("revenue"), rel=1e-12)


@settings(max_examples=150)
@given(which=st.integers(0, len(SEEDS)), drawn=MENUS, share=st.floats(0.0, 1.0))
def test_nobody_is_reached_twice(problems: list[Any], which: int, drawn: tuple[float, ...], share: float) -> None:
    """Reached people are at least the base reach and at most everybody, at every menu and mix."""
    problem = problems[which]
    menu, _ = choice_of(problem, drawn)
    evaluation = evaluate_menu(problem.prepared, problem.choices.menu((menu, 0)).terms, share)
    potential = problem.prepared.population.potential
    assert (evaluation.reached <= potential * (1.0 + 1e-12)).all()
    assert (evaluation.reached >= evaluation.base).all()
    held = evaluation.customers.sum(axis=1) + evaluation.staying
    assert held == pytest.approx(evaluation.reached, rel=1e-12)


@settings(max_examples=60)
@given(psi=st.floats(0.0, 0.999), base=st.floats(0.01, 1.0), room=st.floats(0.0, 1.0), weight=st.floats(0.0, 1e6))
def test_word_of_mouth_never_reaches_more_than_everybody(psi: float, base: float, room: float, weight: float) -> None:
    """Of 1 person, ``base`` reached where at most ``rho`` could be, a plan as attractive as one likes."""
    rho = base + (1.0 - base) * room
    persons = reach.referral(np.array([psi]), np.array([rho]))
    weights = np.array([[weight]])
    staying = choice.stays(np.array([base]), np.array([reach.denominator_weight(weights[0], persons)]))
    reached = reach.reached(np.array([base]), persons[:, None], choice.customers(weights, staying))
    assert base <= reached[0] <= 1.0 + 1e-12


def exact_customers(evaluation: Any) -> list[list[Fraction]]:
    """(I, J) customers in rationals, from the same floats: n w / (1 + sum of (1 - psi) w)."""
    rows = []
    for i in range(evaluation.base.size):
        weights = [Fraction(float(w)) for w in evaluation.weights[i]]
        counted = (w * (1 - Fraction(float(p.referral[i]))) for w, p in zip(weights, evaluation.per, strict=True))
        staying = Fraction(float(evaluation.base[i])) / (Fraction(1) + sum(counted))
        rows.append([w * staying for w in weights])
    return rows


@settings(max_examples=40)
@given(which=st.integers(0, len(SEEDS)), drawn=MENUS)
def test_shares_and_sums_in_exact_rationals(problems: list[Any], which: int, drawn: tuple[float, ...]) -> None:
    """Customers, revenue and their ratios to 1e-12 of exact arithmetic; margins to 1e-12 of revenue."""
    problem = problems[which]
    evaluation = evaluate_choice(problem, choice_of(problem, drawn))
    held = exact_customers(evaluation)

    def exact(name: str) -> Fraction:
        figure, total = LINEAR[name], Fraction(0)
        for j, p in enumerate(evaluation.per):
            amount, again = figure.amount(p), np.zeros(len(held)) if figure.again is None else figure.again(p)
            for i, row in enumerate(held):
                chosen = Fraction(float(evaluation.again[i, j]))
                total += row[j] * (Fraction(float(amount[i])) + Fraction(float(again[i])) * chosen)
        return total

    for name in ("customers", "revenue", "gpu_hours", "requests", "churned_customers", "paying_customers"):
        value = Fraction(evaluation.figure(name))
        assert abs(value - exact(name)) <= Fraction(1, 10**12) * exact(name), name
    churn = exact("churned_customers") / exact("customers")
    assert abs(Fraction(evaluation.figure("churn_rate")) - churn) <= Fraction(1, 10**12) * churn
    potential = sum(Fraction(float(n)) for n in problem.prepared.population.potential)
    share = exact("customers") / potential
    assert abs(Fraction(evaluation.figure("market_share")) - share) <= Fraction(1, 10**12) * share
    margin = exact_margin(problem, evaluation, held)
    room = Fraction(1, 10**12) * exact("revenue")
    assert abs(Fraction(evaluation.figure("contribution_margin")) - margin) <= room


def exact_margin(problem: Any, evaluation: Any, held: list[list[Fraction]]) -> Fraction:
    """Contribution in rationals: what customers bring, less as-used serving, reserved and burst GPUs and plans."""
    pools, hours = problem.prepared.pools, problem.prepared.population.hours
    margin = Fraction(0)
    for i, row in enumerate(held):
        for n, p in zip(row, evaluation.per, strict=True):
            spent = sum(Fraction(float(c[i])) for c in (p.serving_as_used, p.payment, p.other, p.support))
            margin += n * (Fraction(float(p.revenue[i])) - spent)
    for pool in np.flatnonzero(pools.contracted):
        reserved = Fraction(float(pools.reserved[pool]))
        margin -= reserved * Fraction(float(pools.price[pool])) * 730
        for h, length in enumerate(pools.hours):
            use = Fraction(0)
            for i, row in enumerate(held):
                gpu = sum(n * Fraction(float(p.pool_hours[i, pool])) for n, p in zip(row, evaluation.per, strict=True))
                use += gpu * Fraction(float(hours[i, h])) / Fraction(float(length))
            margin -= (
                max(Fraction(0), use - reserved) * Fraction(float(length)) * Fraction(float(pools.burst_price[pool]))
            )
    for name in evaluation.plans:
        margin -= Fraction(problem.prepared.plans[problem.prepared.plan_index(name)].fixed_cost)
    return margin
