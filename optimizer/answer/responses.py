"""What answers to a menu, by the evaluator alone: customers to one plan's price, segments to the change, free users."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from optimizer.answer.checks.levers import Lever, LeverKind, ladder
from optimizer.answer.menu import menu_document
from optimizer.answer.offers import PARTS
from optimizer.answer.solution import Solution
from optimizer.answer.standing import Standing, is_split
from optimizer.answer.words import quantity
from optimizer.economics.choice import surplus_change
from optimizer.economics.figures import Selection
from optimizer.economics.population import Terms
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, evaluated
from optimizer.model.choices import Menu, same_level
from optimizer.optimise.objectives import objective_of
from optimizer.schema.market import Market
from optimizer.units import same

MOVED = ("contribution_margin", "market_share", "customers", "revenue", "serving_cost", "gpu_hours")
"""Figures that are told along a lever."""
STEPS = 9
"""Of a ladder in a map of two levers."""
LEAST_WORTH = 0.05
"""usd a month below which nobody counts as better or worse off."""
FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5)


def price_responses(case_model: CaseModel, solution: Solution) -> list[dict[str, Any]]:
    """Every priced plan's price moved around the chosen one, the rest of the menu kept."""
    rows, standing = [], Standing(case_model)
    for plan, terms in solution.terms.items():
        if terms is None or (terms.price <= 0.0 and not any(terms.unit_prices)):
            continue
        for factor in FACTORS:
            moved = replace(terms, price=terms.price * factor)
            if terms.price <= 0.0:
                moved = terms.with_unit_prices(tuple(None if p is None else p * factor for p in terms.unit_prices))
            menu = replace(solution.chosen, terms={**solution.terms, plan: moved})
            there = evaluated(case_model.prepared, menu)
            own = Selection(plan=plan)
            why = standing.against(menu, there) or _not_offered(standing, plan, terms, moved)
            rows.append({
                "plan": plan,
                "factor": factor,
                "price": moved.price if terms.price > 0.0 else None,
                "customers": there.figure("customers", own),
                "revenue": there.figure("revenue", own),
                "plan_contribution": there.figure("contribution_margin", own),
                "contribution_margin": there.figure("contribution_margin"),
                "why": "" if factor == 1.0 or not why else why[0],
            })  # fmt: skip
    return rows


def _not_offered(standing: Standing, plan: str, chosen: Terms, moved: Terms) -> tuple[str, ...]:
    """Why the case has no such price: the fee or, where there is none, the unit prices."""
    kinds = [Lever(LeverKind.PRICE, plan)]
    if chosen.price <= 0.0:
        kinds = [Lever(LeverKind.UNIT_PRICE, plan, a) for a, p in enumerate(chosen.unit_prices) if p is not None]
    told = [standing.offers(lever, lever.of(moved)) for lever in kinds]
    return tuple(word for word in told if word)


def lever_responses(case_model: CaseModel, solution: Solution) -> list[dict[str, Any]]:
    """Caps of free plans, and the go-to-market split and budget, moved along the case's ladder; the rest is kept."""
    standing, market, rows = Standing(case_model), case_model.inputs.changed, []
    for lever, steps in standing.ladders.items():
        terms = None if lever.plan is None else solution.terms[lever.plan]
        of_free = (
            lever.kind is LeverKind.CAP and terms is not None and terms.price <= 0.0 and not any(terms.unit_prices)
        )
        if not (is_split(lever) or of_free):
            continue
        for value in ladder((*steps, lever.value(solution.chosen), lever.value(case_model.before))):
            menu = lever.moved(solution.chosen, value)
            there = evaluated(case_model.prepared, menu)
            why = standing.against(menu, there) or tuple(w for w in (standing.offers(lever, value),) if w)
            chosen = same(value, lever.value(solution.chosen))
            rows.append({
                "lever": lever.words(market), "value": value, "told": lever_value(lever, value, market),
                "chosen": chosen, "today": same(value, lever.value(case_model.before)),
                **{name: there.figure(name) for name in MOVED}, "why": "" if chosen or not why else why[0],
            })  # fmt: skip
    return rows


def lever_value(lever: Lever, value: float, market: Market) -> str:
    """A value as it is told: the split per cent, the budget in money."""
    unit = {LeverKind.MIX: "fraction", LeverKind.BUDGET: "usd/month"}.get(lever.kind)
    return lever.told(value, market) if unit is None else quantity(value, unit)


def lever_map(case_model: CaseModel, solution: Solution) -> list[dict[str, Any]]:
    """The aim over the two levers of different plans that move it most between the ends of their ladders."""
    standing, aim = Standing(case_model), objective_of(case_model.inputs.case.objective, case_model.today).last
    chosen, prepared, market = solution.chosen, case_model.prepared, case_model.inputs.changed

    def value(menu: Menu) -> float:
        return aim.value(evaluated(prepared, menu))

    def at_hand(lever: Lever) -> bool:
        return is_split(lever) or (lever.plan is not None and not math.isnan(lever.value(chosen)))

    spread = {
        lever: abs(value(lever.moved(chosen, steps[-1])) - value(lever.moved(chosen, steps[0])))
        for lever, steps in standing.ladders.items() if at_hand(lever)
    }  # fmt: skip
    ranked = sorted(spread, key=lambda lever: -spread[lever])
    if not ranked:
        return []
    first, second = ranked[0], next((x for x in ranked if x.plan != ranked[0].plan), None)
    if second is None:
        return []
    rows = []
    for a in _some(standing.ladders[first], first.value(chosen)):
        for b in _some(standing.ladders[second], second.value(chosen)):
            menu = second.moved(first.moved(chosen, a), b)
            there = evaluated(prepared, menu)
            why = standing.against(menu, there)
            here = same(a, first.value(chosen)) and same(b, second.value(chosen))
            rows.append({
                "first": first.words(market), "second": second.words(market), "first_value": a, "second_value": b,
                "first_told": lever_value(first, a, market), "second_told": lever_value(second, b, market),
                "objective": aim.value(there), "chosen": here, "why": "" if here or not why else why[0],
            })  # fmt: skip
    return rows


def _some(steps: tuple[float, ...], chosen: float) -> tuple[float, ...]:
    """At most ``STEPS`` of a ladder, its ends and the chosen value among them."""
    places = np.unique(np.linspace(0, len(steps) - 1, min(STEPS, len(steps))).round().astype(int))
    return ladder((*(steps[k] for k in places), chosen))


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
            "people": float(weights.sum()),
            "people_better_off": float(weights[change[mask] > LEAST_WORTH].sum()),
            "people_worse_off": float(weights[change[mask] < -LEAST_WORTH].sum()),
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

    def of_free(name: str) -> float:
        return sum(evaluation.figure(name, Selection(plan=p)) for p in free)

    own = of_free("contribution_margin")
    return {
        "plans": free,
        "serving_cost": evaluation.figure("free_serving_cost"),
        "by_segment": {s: v for s, v in by_segment.items() if v},
        "advertising_revenue": of_free("advertising_revenue"),
        "referred_customers": of_free("referred_customers"),
        "other_cost": of_free("revenue") - of_free("serving_cost") - own,
        "own_contribution": own,
        "paid_contribution": evaluation.figure("contribution_margin") - own,
        "contribution": evaluation.figure("contribution_margin"),
        "market_share": evaluation.figure("market_share"),
        "customers": of_free("customers"),
        "paying_customers": evaluation.figure("paying_customers"),
        "paying_customers_without": without.figure("paying_customers"),
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
