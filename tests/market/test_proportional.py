"""Proportional diversion: what a market without types and nests would say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from optimizer.economics.figures import Selection
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.market.proportional import proportionally
from optimizer.model.case_model import CaseModel


def customers(evaluation: Evaluation, plan: str) -> float:
    return evaluation.figure("customers", Selection(plan=plan))


def test_nothing_moves_where_nothing_changes(problem: CaseModel) -> None:
    today = problem.today
    same = proportionally(today, today)
    assert same.customers == pytest.approx(today.customers, rel=1e-9)
    for figure in ("revenue", "serving_cost", "contribution_margin", "cap_binding_share"):
        assert same.figure(figure) == pytest.approx(today.figure(figure), rel=1e-9)


def test_a_dearer_plan_loses_to_all_others_of_its_channel_in_proportion(problem: CaseModel) -> None:
    today, terms = problem.today, problem.prepared.terms["plus"]
    dearer = {**today.menu, "plus": replace(terms, price=terms.price * 1.2)}
    after = proportionally(today, evaluate_menu(problem.prepared, dearer))
    assert customers(after, "plus") < customers(today, "plus")
    market = problem.inputs.market
    sold_in = {p: {market.segments[s].channel for s in market.plans[p].segments} for p in today.plans}
    gains = {p: customers(after, p) / customers(today, p) for p in today.plans if p != "plus"}
    beside = [g for p, g in gains.items() if sold_in[p] == sold_in["plus"]]
    apart = [g for p, g in gains.items() if not sold_in[p] & sold_in["plus"]]
    assert beside and apart
    assert beside == pytest.approx([beside[0]] * len(beside)) and beside[0] > 1.0
    assert apart == pytest.approx([1.0] * len(apart))
    assert 1.0 - after.elsewhere.sum() / today.elsewhere.sum() < 0.0


def test_a_copy_on_sale_takes_from_all_and_not_from_its_twin_alone(problem: CaseModel) -> None:
    """A plan like another one takes as many as that one keeps: both have one weight."""
    from optimizer.market.copies import with_copy

    today = problem.today
    prepared = with_copy(problem.prepared, "plus", "twin")
    twin = evaluate_menu(prepared, {**today.menu, "twin": prepared.terms["plus"]})
    market = today.prepared.market
    plans = {**market.plans, "twin": market.plans["plus"].model_copy(update={"analogue": "plus"})}
    before = replace(today, prepared=replace(today.prepared, market=market.model_copy(update={"plans": plans})))
    after = proportionally(before, twin)
    assert customers(after, "twin") == pytest.approx(customers(after, "plus"))
    assert customers(after, "plus") < customers(today, "plus") < 2 * customers(after, "plus")
