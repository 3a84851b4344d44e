"""What a case lets a planner choose, as plain data: a lever for every number of the terms, with its ladder.

A number that the case holds still has a lever without a ladder: the page lets it move too, and says that the case
does not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optimizer.market.further import allowed_regional_prices
from optimizer.market.ladders import allowed_prices, price_ladder, span_of
from optimizer.market.mixes import allowed_budgets, allowed_mixes
from optimizer.market.prepare import WINDOW_ORDER
from optimizer.market.unit_prices import Values, allowed_unit_prices, kinds, values_of
from optimizer.model.case_model import CaseModel, as_it_stands
from optimizer.model.measures import TOLERANCE, condition_factors
from optimizer.optimise.objectives import BlendObjective, Objective, objective_of
from optimizer.schema.case import PlanLadders
from optimizer.schema.market import Plan
from optimizer.units import same

Data = dict[str, Any]


def case_facts(case_model: CaseModel) -> Data:
    """The question, the levers of every plan, the rules and the conditions."""
    inputs, case = case_model.inputs, case_model.inputs.case
    return {
        "name": inputs.name,
        "title": case.title,
        "question": case.question,
        "market": case.market,
        "hash": inputs.hash,
        "plans": [_plan(case_model, plan.name) for plan in case_model.prepared.plans],
        "mixes": list(allowed_mixes(case, inputs.market)) if case.mix and case.mix.enterprise_share else [],
        "budgets": [b for b in allowed_budgets(case) if b is not None],
        "plan_order": [[case_model.prepared.plan_index(p) for p in order] for order in case.rules.plan_order],
        "tolerance": TOLERANCE,
        "conditions": _conditions(case_model),
        "aims": [_aim(objective) for objective, _ in objective_of(case.objective, case_model.today).stages],
        "stated": _stated(case_model),
    }


def _stated(case_model: CaseModel) -> Data:
    """The case as a file would say it, with what was changed beyond it."""
    inputs = case_model.inputs
    stated: Data = inputs.case.model_dump(mode="json", exclude_none=True, exclude_defaults=True, by_alias=True)
    sets = {path: change.model_dump(mode="json", exclude_none=True) for path, change in inputs.sets.items()}
    return stated | {"changes": {**stated.get("changes", {}), **sets}} if sets else stated


def _plan(case_model: CaseModel, name: str) -> Data:
    """Whether a plan may be off the menu, and its levers."""
    case, market = case_model.inputs.case, case_model.inputs.changed
    ladders, sold = case.plans.get(name), name in case_model.inputs.market.today.plans
    withdraw = ladders is not None and ((not sold) if ladders.withdraw is None else ladders.withdraw)
    plan = market.plans[name]
    found = [*_fee(case_model, name, plan, ladders), *_caps(market.plans[name], ladders, list(market.ai_models))]
    found += [*_units(case_model, name, plan, ladders), *_further(case_model, name, plan, ladders)]
    return {"withdraw": withdraw, "held": ladders is None, "levers": found}


def _lever(kind: str, ladder: Sequence[float | None], **more: Any) -> Data:
    return {"kind": kind, "ladder": sorted(set(ladder), key=lambda x: math.inf if x is None else x), **more}


def _fee(case_model: CaseModel, name: str, plan: Plan, ladders: PlanLadders | None) -> Iterator[Data]:
    case, base = case_model.inputs.case, case_model.inputs.market
    if ladders is not None and ladders.price is not None:
        span = span_of(case, base, name)
        whole = {} if span is None or span.points is not None else {"range": [span.low, span.high]}
        yield _lever("price", allowed_prices(case, base, name, price_ladder(ladders, plan.price.value)), **whole)
    elif plan.price.value > 0.0:
        yield _lever("price", ())


def _caps(plan: Plan, ladders: PlanLadders | None, models: list[str]) -> Iterator[Data]:
    asked = {} if ladders is None else ladders.allowances
    for a, ai_model in enumerate(models):
        stated: Mapping[Any, Any] = plan.allowances.get(ai_model, {})
        steps: Mapping[Any, Any] = asked.get(ai_model, {})
        for window in WINDOW_ORDER:
            if window in steps:
                caps = [None if s == "unlimited" else float(s) for s in steps[window]]
                yield _lever("cap", caps, model=a, window=window)
            elif not isinstance(stated.get(window, "unlimited"), str):
                yield _lever("cap", (), model=a, window=window)


def _units(case_model: CaseModel, name: str, plan: Plan, ladders: PlanLadders | None) -> Iterator[Data]:
    """One lever an AI model where all its prices move together, else one for each kind of token that moves."""
    allowed: dict[str, tuple[Values, ...]] = {}
    if ladders is not None and ladders.unit_prices:
        allowed = allowed_unit_prices(case_model.inputs.case, case_model.inputs.market, name)
    for a, ai_model in enumerate(case_model.inputs.changed.ai_models):
        if ai_model not in plan.unit_prices:
            continue
        today, options = values_of(plan.unit_prices[ai_model]), allowed.get(ai_model, ())
        moving = [k for k in range(len(today)) if len({o[k] for o in options}) > 1]
        if len(today) == 1:
            yield _lever("unit", [o[0] for o in options], model=a, at=0)
        elif all(_proportional(option, today) for option in options):
            yield _lever("units", [option[0] / today[0] for option in options], model=a, today=list(today))
        else:
            named = list(kinds(plan.unit_prices[ai_model]))
            for k in moving:
                yield _lever("unit", [o[k] for o in options], model=a, at=k, token=named[k])


def _proportional(option: Values, today: Values) -> bool:
    factor = option[0] / today[0] if today[0] else math.nan
    return all(same(new, old * factor) for new, old in zip(option, today, strict=True))


def _further(case_model: CaseModel, name: str, plan: Plan, ladders: PlanLadders | None) -> Iterator[Data]:
    asked = PlanLadders() if ladders is None else ladders
    if asked.impressions or plan.impressions is not None:
        yield _lever("impressions", asked.impressions or ())
    if asked.annual_discount or (plan.annual_share is not None and plan.annual_share.value > 0.0):
        yield _lever("annual_discount", asked.annual_discount or ())
    if asked.credits or plan.credits is not None:
        yield _lever("credits", asked.credits or ())
    steps = {} if ladders is None else allowed_regional_prices(case_model.inputs.case, case_model.inputs.market, name)
    for segment, price in plan.regional_price.items():
        place = list(case_model.inputs.changed.segments).index(segment)
        yield _lever("regional", steps.get(segment, ()), segment=place, unit=price.unit)


def _conditions(case_model: CaseModel) -> list[Data]:
    """Every side of every condition, what it is a multiple of, and the least denominator at which a ratio counts."""
    case, today = case_model.inputs.case, case_model.today.figure
    sides = [
        {"index": k, "side": side, "factor": factor}
        for k, (asked, factor) in enumerate(zip(case.conditions, condition_factors(case, today), strict=True))
        for side in ("at_least", "at_most")
        if getattr(asked, side) is not None
    ]
    return [
        {
            **side,
            "name": b.name,
            "figure": b.measure.name,
            "plan": b.measure.selection.plan,
            "segment": b.measure.selection.segment,
            "channels": None if b.measure.selection.channels is None else list(b.measure.selection.channels),
            "sense": b.sense,
            "bound": b.value,
            "floor": None if b.measure.denominator is None else b.measure.floor,
        }
        for b, side in zip(as_it_stands(case_model).bounds, sides, strict=True)
    ]


def _aim(objective: Objective) -> Data:
    """What to get the most (or least) of, as weights of figures."""
    weights = dict(objective.weights) if isinstance(objective, BlendObjective) else {objective.name: 1.0}
    return {"name": objective.name, "sense": objective.sense, "unit": objective.unit, "weights": weights}
