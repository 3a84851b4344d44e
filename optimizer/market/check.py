"""Cross-file checks: what the schemas cannot see. Reports all findings, not the first."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from pydantic import BaseModel

from optimizer.economics import figures
from optimizer.errors import Finding
from optimizer.inputs.load import Inputs
from optimizer.inputs.moved import quantity_at
from optimizer.io.documents import Document
from optimizer.market.check_choice import check_nests, check_rates, check_staying
from optimizer.market.check_further import check_further, check_further_ladders
from optimizer.market.check_months import check_dynamics, check_horizon
from optimizer.market.check_patterns import check_patterns
from optimizer.market.check_prices import check_long_contexts, check_unit_ladders, check_unit_prices
from optimizer.market.check_ranges import check_ranges
from optimizer.market.check_rivals import check_rivals
from optimizer.market.check_supply import check_supply
from optimizer.market.check_usage import check_usage
from optimizer.market.idle import idle_inputs
from optimizer.market.ladders import MOST_POINTS, allowed_prices, count_points, price_ladder
from optimizer.market.mixes import check_mix
from optimizer.market.sizes import check_sizes
from optimizer.schema.base import Quantity
from optimizer.schema.case import Case
from optimizer.schema.market import Market, Offer
from optimizer.units import parse

SUM_TOLERANCE = 1e-6
LISTED = 20
"""Known names listed in a finding, and unknown ones of one field that a name like them is looked for."""


def check_inputs(inputs: Inputs, paths: Collection[str] | None = None) -> list[Finding]:
    """All findings about a market and a case, errors and warnings; ``paths``: the numbers not checked before."""

    def of(market: Market) -> Iterator[Finding]:
        numbers = None if paths is None else {path: quantity_at(market, path) for path in paths}
        return check_market(market, inputs.market_document, numbers)

    found = list(of(inputs.market))
    if not found and inputs.changed is not inputs.market:
        for finding in of(inputs.changed):
            found.append(replace(finding, message=f"after the changes that were asked for: {finding.message}"))
    found += check_case(inputs.case, inputs.market, inputs.case_document)
    if paths is not None:
        return found
    return [*inputs.notes, *(found or idle_inputs(inputs))]


def _unknown(
    document: Document, path: str, what: str, name: str, known: Iterable[str], compare: bool = True
) -> Finding:
    """``compare``: look for a name like it, which takes long among many names."""
    names = list(known)
    near = difflib.get_close_matches(name, names, 1) if compare else []
    listed = [*names[:LISTED], f"... ({len(names):,} in all)"] if len(names) > LISTED else names
    cure = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(listed) or 'none'}"
    path = f"{path}.{name}" if f"{path}.{name}" in document.lines else path
    return document.finding("unknown-name", path, f"no {what} is named {name!r}", cure)


def _names(document: Document, path: str, what: str, names: Iterable[str], known: Iterable[str]) -> Iterator[Finding]:
    allowed = dict.fromkeys(known)
    unknown = [name for name in names if name not in allowed]
    for number, name in enumerate(unknown):
        yield _unknown(document, path, what, name, allowed, number < LISTED)


def _sum_to(document: Document, path: str, total: float, wanted: float) -> Iterator[Finding]:
    if abs(total - wanted) > SUM_TOLERANCE * max(wanted, 1.0):
        yield document.finding("sum", path, f"adds up to {total:g}, not {wanted:g}", "correct the shares")


def _quantities(value: object, path: str) -> Iterator[tuple[str, Quantity]]:
    if isinstance(value, Quantity):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _quantities(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _quantities(item, f"{path}.{index}")
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _quantities(getattr(value, name), f"{path}.{name}" if path else name)


def quantities(market: Market) -> dict[str, Quantity]:
    """Every number of a market by its path."""
    return dict(_quantities(market, ""))


def check_market(
    market: Market, document: Document, numbers: Mapping[str, Quantity] | None = None
) -> Iterator[Finding]:
    """Names that point nowhere, shares that do not add up, units that do not fit, counts that cannot be.

    numbers: by path, those to look at one by one, where all others are known to be right.
    """
    if numbers is None:
        numbers = quantities(market)
        yield from check_patterns(market, numbers, document)
    for path, quantity in numbers.items():
        if quantity.source and quantity.source not in market.sources:
            yield _unknown(document, f"{path}.source", "source", quantity.source, market.sources)
    yield from _sum_to(document, "hours", sum(h.value for h in market.hours.values()), 730.0)
    yield from _check_segments(market, document)
    yield from _check_pools(market, document)
    yield from check_supply(market, document)
    yield from check_dynamics(market, document)
    if market.nothing_decision_rate.value <= 0.0:
        yield document.finding("not-positive", "nothing_decision_rate", "must be above 0", "state a monthly rate")
    yield from check_ranges(numbers, document)
    for name, plan in market.plans.items():
        yield from _check_offer(market, document, f"plans.{name}", plan)
        yield from _check_plan(market, document, name)
    for name, alternative in market.alternatives.items():
        yield from _check_offer(market, document, f"alternatives.{name}", alternative)
        yield from _names(document, f"alternatives.{name}.segments", "segment", alternative.segments, market.segments)
        if alternative.decision_rate.value <= 0.0:
            yield document.finding(
                "not-positive", f"alternatives.{name}.decision_rate", "must be above 0", "state a monthly rate"
            )
        if name not in market.today.alternatives:
            yield document.finding(
                "missing-count", f"alternatives.{name}", "today.alternatives has no count for it", "add one by channel"
            )
    for name, nest in market.nests.items():
        yield from _names(document, f"nests.{name}.plans", "plan", nest.plans, market.plans)
    yield from check_nests(market, document)
    yield from check_further(market, document)
    yield from check_long_contexts(market, document)
    yield from _check_today(market, document)
    yield from check_usage(market, document)
    for channel in {p.channel for p in market.plans.values()} - set(market.finance.fees):
        yield document.finding("missing-fees", "finance.fees", f"no fees for the channel {channel!r}", "add them")
    for index, check in enumerate(market.evidence):
        yield from _names(document, f"evidence.{index}.plan", "plan", [check.plan], market.plans)
        if check.source:
            yield from _names(document, f"evidence.{index}.source", "source", [check.source], market.sources)


def _check_segments(market: Market, document: Document) -> Iterator[Finding]:
    for name, segment in market.segments.items():
        path = f"segments.{name}"
        yield from _names(document, f"{path}.usage.ai_models", "AI model", segment.usage.ai_models, market.ai_models)
        yield from _names(document, f"{path}.usage.hours", "hour block", segment.usage.hours, market.hours)
        yield from _sum_to(
            document, f"{path}.usage.ai_models", sum(q.value for q in segment.usage.ai_models.values()), 1.0
        )
        yield from _sum_to(document, f"{path}.usage.hours", sum(q.value for q in segment.usage.hours.values()), 1.0)
        for field, quantity in (
            ("price_coefficient", segment.price_coefficient),
            ("potential", segment.potential),
            ("usage.requests", segment.usage.requests),
            ("usage.active_days", segment.usage.active_days),
            ("usage.windows_per_day", segment.usage.windows_per_day),
        ):
            if quantity.value <= 0.0:
                yield document.finding("not-positive", f"{path}.{field}", "must be above 0", "state a positive number")


def _check_pools(market: Market, document: Document) -> Iterator[Finding]:
    for name, ai_model in market.ai_models.items():
        pools = [] if ai_model.pool is None else [ai_model.pool]
        yield from _names(document, f"ai_models.{name}.pool", "pool", pools, market.pools)


def _check_offer(market: Market, document: Document, path: str, offer: Offer) -> Iterator[Finding]:
    yield from _names(document, f"{path}.allowances", "AI model", offer.allowances, market.ai_models)
    yield from _names(document, f"{path}.unit_prices", "AI model", offer.unit_prices, market.ai_models)
    if offer.fallback is not None:
        yield from _names(document, f"{path}.fallback", "AI model", [offer.fallback], market.ai_models)
    for ai_model, windows in offer.allowances.items():
        if sum(isinstance(q, Quantity) for q in windows.values()) > 2:
            last = list(windows)[-1]
            yield document.finding(
                "windows", f"{path}.allowances.{ai_model}.{last}", "more than two windows", "keep at most two"
            )
        if {"3h", "5h"} <= set(windows):
            yield document.finding(
                "windows", f"{path}.allowances.{ai_model}.5h", "3h and 5h windows cannot be combined", "keep one"
            )
        limited = [q for q in offer.fallback_limit.values() if isinstance(q, Quantity)]
        if limited and sum(isinstance(q, Quantity) for q in windows.values()) > 1:
            yield document.finding(
                "fallback-limit",
                f"{path}.fallback_limit",
                "a capped fallback needs caps with one window",
                "drop a window or the cap",
            )
    yield from check_unit_prices(market, document, path, offer)


def _check_plan(market: Market, document: Document, name: str) -> Iterator[Finding]:
    plan, path = market.plans[name], f"plans.{name}"
    yield from _names(document, f"{path}.segments", "segment", plan.segments, market.segments)
    by_segment = plan.decision_rate_by_segment
    yield from _names(document, f"{path}.decision_rate_by_segment", "segment", by_segment, market.segments)
    yield from check_rates(market, document, name)
    if plan.referral.value >= 1.0:
        yield document.finding(
            "range",
            f"{path}.referral",
            "must be below 1",
            "a customer cannot bring in more than one like himself for ever",
        )
    if name not in market.today.plans:
        if plan.analogue is None:
            yield document.finding(
                "analogue", path, "is not sold today and names no analogue", "add analogue: and a plan sold today"
            )
        elif plan.analogue not in market.today.plans:
            yield _unknown(document, f"{path}.analogue", "plan sold today", plan.analogue, market.today.plans)


def _check_today(market: Market, document: Document) -> Iterator[Finding]:
    yield from _names(document, "today.plans", "plan", market.today.plans, market.plans)
    yield from _names(document, "today.alternatives", "alternative", market.today.alternatives, market.alternatives)
    unknown = {s for p in market.plans.values() for s in p.segments} - set(market.segments)
    for name, today in market.today.plans.items():
        path = f"today.plans.{name}"
        if name in market.plans:
            yield from _names(
                document,
                f"{path}.by_segment",
                "segment the plan is offered to",
                today.by_segment,
                market.plans[name].segments,
            )
        yield from check_staying(document, path, today)
        counted = sum(q.value for q in today.by_segment.values())
        if name in market.plans and not unknown:
            room = sum(s.potential.value for n, s in market.segments.items() if n in market.plans[name].segments)
            if today.customers.value > room:
                message = f"{today.customers.value:,.0f} customers, but its segments hold {room:,.0f} in all"
                yield document.finding("counts", f"{path}.customers", message, "correct the count or the potential")
        if counted > today.customers.value * (1.0 + SUM_TOLERANCE):
            yield document.finding(
                "counts",
                f"{path}.by_segment",
                f"adds up to {counted:,.0f}, above the total {today.customers.value:,.0f}",
                "correct one of them",
            )
    for channel in ("consumer", "enterprise", "api"):
        counts = {n: c[channel].value for n, c in market.today.alternatives.items() if channel in c}
        room = sum(s.potential.value for s in market.segments.values() if s.channel == channel)
        if counts and sum(counts.values()) >= room:
            message = f"{sum(counts.values()):,.0f} customers of alternatives, but its segments hold {room:,.0f} in all"
            largest = max(counts, key=counts.__getitem__)
            path = f"today.alternatives.{largest}.{channel}"
            yield document.finding("counts", path, message, "correct the counts or the potential")
    for index, observed in enumerate(market.today.observed):
        path = f"today.observed.{index}"
        if not figures.is_figure(observed.figure):
            yield _unknown(document, f"{path}.figure", "figure", observed.figure, figures.names())
        elif parse(observed.value.unit)[1] != parse(figures.unit_of(observed.figure))[1]:
            yield document.finding(
                "unit",
                f"{path}.value",
                f"{observed.value.unit!r} does not measure {figures.unit_of(observed.figure)!r}",
                "correct the unit",
            )
        if observed.plan:
            yield from _names(document, f"{path}.plan", "plan", [observed.plan], market.plans)


def check_case(case: Case, market: Market, document: Document) -> Iterator[Finding]:
    """Names, ladders, figures and units of a case against its market."""
    yield from _names(document, "plans", "plan", case.plans, market.plans)
    for name in case.plans:
        if name in market.plans:
            yield from _check_ladders(case, market, document, name)
    yield from check_sizes(case, market, document)
    yield from check_further_ladders(case, market, document)
    yield from check_mix(case, market, document)
    yield from _check_objective(case, document)
    yield from _check_conditions(case, market, document)
    for index, order in enumerate(case.rules.plan_order):
        yield from _names(document, f"rules.plan_order.{index}", "plan", order, market.plans)
    for index, change in enumerate(case.rules.price_change):
        yield from _names(document, f"rules.price_change.{index}.plan", "plan", [change.plan], market.plans)
    yield from check_rivals(case, market, document)
    yield from check_horizon(case, market, document)


def _decides(document: Document, path: str, name: str) -> Iterator[Finding]:
    """Findings about a figure that an objective or a condition names."""
    if not figures.is_figure(name):
        yield _unknown(document, path, "figure", name, figures.names())
    elif name in figures.COHORTS:
        message = f"{name} is told, but nothing is proven of it"
        yield document.finding("told-figure", path, message, "name leave_rate, which moves with it")


def _check_conditions(case: Case, market: Market, document: Document) -> Iterator[Finding]:
    for index, condition in enumerate(case.conditions):
        path = f"conditions.{index}"
        yield from _decides(document, f"{path}.figure", condition.figure)
        if condition.plan is not None:
            yield from _names(document, f"{path}.plan", "plan", [condition.plan], market.plans)
        if condition.segment is not None:
            yield from _names(document, f"{path}.segment", "segment", [condition.segment], market.segments)
        if condition.at_least is not None and condition.at_most is not None and condition.at_least > condition.at_most:
            yield document.finding("range", path, "at_least lies above at_most", "swap them")
        floor, whole = condition.denominator_floor, condition.plan is None
        if floor is not None and (floor < 0.0 or (whole and floor == 0.0)):
            message = f"{floor:g} would let menus without any of the denominator count"
            cure = "state a floor above 0, or leave it out: it is then 1e-3 of today's"
            yield document.finding("range", f"{path}.denominator_floor", message, cure)
        fraction = figures.is_figure(condition.figure) and figures.unit_of(condition.figure) == "fraction"
        for side, bound in (("at_least", condition.at_least), ("at_most", condition.at_most)):
            if bound is not None and fraction and condition.relative_to is None and not -10.0 <= bound <= 1.0:
                yield document.finding(
                    "range", f"{path}.{side}", f"{bound:g} is no fraction", "write 0.6 for 60 per cent"
                )


def _check_ladders(case: Case, market: Market, document: Document, name: str) -> Iterator[Finding]:
    ladders, path = case.plans[name], f"plans.{name}"
    prices = price_ladder(ladders, market.plans[name].price.value)
    if any(p < 0.0 for p in prices):
        yield document.finding("range", f"{path}.price", "a price is negative", "use prices of 0 or more")
    elif count_points(case, name) > MOST_POINTS:
        message = f"holds about {count_points(case, name):,.0f} price points, more than {MOST_POINTS:,}"
        yield document.finding("price-points", f"{path}.price", message, "narrow the range or state a larger step")
    elif not allowed_prices(case, market, name, prices):
        yield document.finding(
            "empty-ladder", f"{path}.price", "the price rules leave no price", "widen the prices or the rules"
        )
    if any(shown < 0.0 for shown in ladders.impressions or ()):
        yield document.finding("range", f"{path}.impressions", "impressions are negative", "use 0 or more")
    yield from _names(document, f"{path}.allowances", "AI model", ladders.allowances, market.ai_models)
    for ai_model, windows in ladders.allowances.items():
        for window, steps in windows.items():
            if any(isinstance(s, float) and s < 0.0 for s in steps):
                yield document.finding(
                    "range", f"{path}.allowances.{ai_model}.{window}", "a cap is negative", "use 0 or more"
                )
    for ai_model in ladders.unit_prices:
        if ai_model not in market.plans[name].unit_prices:
            yield _unknown(
                document,
                f"{path}.unit_prices.{ai_model}",
                "unit price of the plan",
                ai_model,
                market.plans[name].unit_prices,
            )
    yield from check_unit_ladders(case, market, document, name)


def _check_objective(case: Case, document: Document) -> Iterator[Finding]:
    objective = case.objective
    named: list[tuple[str, str]] = []
    if objective.maximise:
        named.append(("objective.maximise", objective.maximise))
    if objective.minimise:
        named.append(("objective.minimise", objective.minimise))
    for name in objective.blend or ():
        named.append((f"objective.blend.{name}", name))
    for index, stage in enumerate(objective.lexicographic or ()):
        named.append((f"objective.lexicographic.{index}", str(stage.maximise or stage.minimise)))
    for path, name in named:
        yield from _decides(document, path, name)
    ratios = [n for n in objective.blend or () if not figures.is_linear(n)]
    if len(ratios) > 1:
        yield document.finding(
            "blend",
            "objective.blend",
            f"more than one ratio: {', '.join(ratios)}",
            "keep at most one; make the others conditions",
        )
