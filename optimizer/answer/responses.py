"""What answers to a menu, by the evaluator alone: customers to one plan's price, segments to the change, free users."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from optimizer.answer.menu import menu_document
from optimizer.answer.offers import PARTS
from optimizer.answer.solution import Solution
from optimizer.economics.choice import surplus_change
from optimizer.economics.figures import Selection
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, evaluated
from optimizer.model.choices import Menu, same_level
from optimizer.units import same

FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5)


def price_responses(case_model: CaseModel, solution: Solution) -> list[dict[str, Any]]:
    """Every priced plan's price moved around the chosen one, the rest of the menu kept."""
    rows = []
    for plan, terms in solution.terms.items():
        if terms is None or (terms.price <= 0.0 and not any(terms.unit_prices)):
            continue
        for factor in FACTORS:
            moved = replace(terms, price=terms.price * factor)
            if terms.price <= 0.0:
                moved = terms.with_unit_prices(tuple(None if p is None else p * factor for p in terms.unit_prices))
            there = evaluated(case_model.prepared, replace(solution.chosen, terms={**solution.terms, plan: moved}))
            own = Selection(plan=plan)
            rows.append({
                "plan": plan,
                "factor": factor,
                "price": moved.price if terms.price > 0.0 else None,
                "customers": there.figure("customers", own),
                "revenue": there.figure("revenue", own),
                "plan_contribution": there.figure("contribution_margin", own),
                "contribution_margin": there.figure("contribution_margin"),
            })  # fmt: skip
    return rows


def segment_gains(menu: Evaluation, today: Evaluation) -> list[dict[str, Any]]:
    """Who gains and who loses against today, in money and in numbers."""
    pop = menu.prepared.population
    change = surplus_change(today.total_attraction, menu.total_attraction, pop.price_coefficient)
    rows = []
    for index, segment in enumerate(pop.segments):
        mask = pop.segment == index
        weights = today.reached[mask]
        part = Selection(segment=segment)
        rows.append({
            "segment": segment,
            "surplus_change_usd_per_person": float(np.average(change[mask], weights=weights)),
            "losing_share": float(weights[change[mask] < -1e-9].sum() / weights.sum()),
            "customers_today": today.figure("customers", part),
            "customers": menu.figure("customers", part),
            "contribution_today": today.figure("contribution_margin", part),
            "contribution": menu.figure("contribution_margin", part),
        })  # fmt: skip
    return rows


def free_tier(case_model: CaseModel, solution: Solution) -> dict[str, Any]:
    """What free customers cost and bring."""
    evaluation = solution.evaluation
    free = [p for p, t in solution.terms.items() if t is not None and t.price <= 0.0 and not any(t.unit_prices)]
    by_segment = {
        s: evaluation.figure("free_serving_cost", Selection(segment=s)) for s in evaluation.prepared.population.segments
    }
    kept = replace(solution.chosen, terms={**solution.terms, **dict.fromkeys(free)})
    without = evaluated(case_model.prepared, kept)
    return {
        "plans": free,
        "serving_cost": evaluation.figure("free_serving_cost"),
        "by_segment": {s: v for s, v in by_segment.items() if v},
        "advertising_revenue": sum(evaluation.figure("advertising_revenue", Selection(plan=p)) for p in free),
        "referred_customers": sum(evaluation.figure("referred_customers", Selection(plan=p)) for p in free),
        "contribution_without": without.figure("contribution_margin"),
        "market_share_without": without.figure("market_share"),
    }


def differences(m: CaseModel, solution: Solution, menu: Menu) -> dict[str, Any]:
    """Plan -> its terms in another menu, where they differ from the solution's."""
    offers = menu_document(menu, m.inputs.changed)["menu"]
    told = {plan: offers[plan] for plan, terms in menu.terms.items() if not same_level(terms, solution.terms[plan])}
    keys = ("price", *PARTS, "impressions")
    found: dict[str, Any] = {plan: {key: offer[key] for key in keys if key in offer} for plan, offer in told.items()}
    if not same(menu.enterprise_share, solution.enterprise_share):
        found["enterprise_share"] = menu.enterprise_share
    if menu.budget is not None and menu.budget != solution.budget:
        found["budget"] = menu.budget
    return found
