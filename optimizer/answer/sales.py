"""Sales floors: by plan and segment, the lowest fee at which a customer pays for himself, and at which a deal pays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from optimizer.answer.solution import Solution
from optimizer.economics import finance, response, sales
from optimizer.economics.figures import LINEAR
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel
from optimizer.typing import Array

CONTRIBUTION = LINEAR["contribution_margin"]


def sales_floors(case_model: CaseModel, solution: Solution) -> list[dict[str, Any]]:
    """A row for every plan with a fee and every segment with customers on it; fees a seat and month in usd.

    Two floors: ``floor`` covers serving, payment, support and other cost of revenue; ``deal_floor`` brings as much as
    the customer would where he goes otherwise, our other plans counted. Costs are those of the segment's mean customer.
    """
    rows = []
    for j, plan in enumerate(solution.evaluation.plans):
        terms = solution.terms[plan]
        if terms is None or terms.price <= 0.0:
            continue
        without = case_model.evaluate(replace(solution.chosen, terms={**solution.terms, plan: None}))
        rows += _of_plan(solution.evaluation, j, elsewhere(without))
    return rows


def elsewhere(without: Evaluation) -> Array:
    """(I,) what a customer of each type brings on a menu without the plan, usd/month."""
    if not without.per:
        return np.zeros(without.prepared.population.size)
    brought = np.stack([CONTRIBUTION.amount(p) for p in without.per], axis=1)
    return sales.brings_elsewhere(without.weights, brought)


def _of_plan(evaluation: Evaluation, j: int, otherwise: Array) -> list[dict[str, Any]]:
    prepared, plan, per = evaluation.prepared, evaluation.plans[j], evaluation.per[j]
    facts, terms, pop = prepared.plans[prepared.plan_index(plan)], evaluation.menu[plan], prepared.population
    assert terms is not None
    listed = finance.list_fee(terms.price, terms.regional, pop.segment)
    share, discount = response.annual_share(facts, terms), response.annual_discount(facts, terms)
    paid, seats = finance.effective_fee(listed, share, discount), finance.seat_factor(facts.seat_minimum, pop.seats)
    rows = []
    for k, segment in enumerate(pop.segments):
        held = np.where(pop.segment == k, evaluation.customers[:, j], 0.0)
        count = float(held.sum())
        if count <= 0.0:
            continue

        def mean(amounts: Array, held: Array = held, count: float = count) -> float:
            return float(held @ amounts) / count

        costs, shares = (mean(per.serving), facts.support_cost), (facts.payment_share, facts.payment_fixed)
        deal = sales.Deal(*costs, mean(per.metered), mean(per.advertising), mean(seats), *shares, facts.other_share)
        floor, deal_floor = sales.least_fee(deal, 0.0), sales.least_fee(deal, mean(otherwise))
        price = mean(listed)
        rows.append({
            "plan": plan,
            "segment": segment,
            "customers": count,
            "list_price": price,
            "price_paid": mean(paid),
            "contribution_per_customer": mean(CONTRIBUTION.amount(per)),
            "brought_otherwise": mean(otherwise),
            "floor": floor,
            "largest_discount": 1.0 - floor / price if price > 0.0 else None,
            "deal_floor": deal_floor,
            "largest_deal_discount": 1.0 - deal_floor / price if price > 0.0 else None,
        })  # fmt: skip
    return rows
