"""Checks of terms beyond fee, caps and unit prices: by the year, by region, credits, who decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.market.further import allowed_regional_prices
from optimizer.schema.base import Quantity
from optimizer.schema.case import Case, PlanLadders
from optimizer.schema.market import Market, Offer, Plan
from optimizer.units import CURRENCIES, currency_of, same_dimension

IDLE = "no-effect"


def check_further(market: Market, document: Document) -> Iterator[Finding]:
    """Currencies that are none or have no rate, prices for segments that a plan is not offered to."""
    for name, rate in market.currencies.items():
        path = f"currencies.{name}"
        if name not in CURRENCIES:
            message = f"{name!r} is the code of no currency that is known"
            yield document.finding("unknown-name", path, message, f"known: {', '.join(sorted(CURRENCIES))}")
        elif not same_dimension(rate.unit, f"usd/{name}"):
            message = f"{rate.unit!r} does not say what a unit of it is worth"
            yield document.finding("unit", path, message, f"state it in usd/{name}")
        elif rate.value <= 0.0:
            yield document.finding("not-positive", path, "must be above 0", f"state usd for one {name}")
    for name, plan in market.plans.items():
        yield from _regions(market, document, name, plan)
        factor = plan.annual_decision_factor
        if factor is not None and factor.value <= 0.0:
            message = "who pays by the year would never decide anew"
            path = f"plans.{name}.annual_decision_factor"
            yield document.finding("not-positive", path, message, "state a share above 0")


def _regions(market: Market, document: Document, name: str, plan: Plan) -> Iterator[Finding]:
    for segment, price in plan.regional_price.items():
        path, currency = f"plans.{name}.regional_price.{segment}", currency_of(price.unit)
        if segment not in plan.segments:
            message = f"the plan is not offered to a segment named {segment!r}"
            yield document.finding("unknown-name", path, message, f"its segments: {', '.join(plan.segments)}")
        if currency != "usd" and currency not in market.currencies:
            message = f"what {currency} is worth is not stated"
            yield document.finding("currency", path, message, f"state currencies.{currency} in usd/{currency}")


def check_further_ladders(case: Case, market: Market, document: Document) -> Iterator[Finding]:
    """Steps that cannot be, and local prices of a case where the market has none."""
    for name, ladders in case.plans.items():
        if name not in market.plans:
            continue
        path, known = f"plans.{name}", market.plans[name].regional_price
        if any(not 0.0 <= step < 1.0 for step in ladders.annual_discount or ()):
            message = "a discount lies between 0 and 1"
            yield document.finding("range", f"{path}.annual_discount", message, "write 0.2 for 20 per cent")
        if any(step < 0.0 for step in ladders.credits or ()):
            yield document.finding("range", f"{path}.credits", "a grant is negative", "use 0 or more")
        unknown = [s for s in ladders.regional_price if s not in known]
        for segment in unknown:
            message = f"the market states no price of the plan for {segment!r} in place of its list price"
            cure = f"state plans.{name}.regional_price.{segment} in the market; known: {', '.join(known) or 'none'}"
            yield document.finding("unknown-name", f"{path}.regional_price.{segment}", message, cure)
        allowed = {} if unknown else allowed_regional_prices(case, market, name)
        for segment, steps in allowed.items():
            at = f"{path}.regional_price.{segment}"
            if any(step < 0.0 for step in ladders.regional_price[segment]):
                yield document.finding("range", at, "a price is negative", "use prices of 0 or more")
            elif not steps:
                cure = "widen the prices or the rules"
                yield document.finding("empty-ladder", at, "the price rules leave no price", cure)


def idle_further(market: Market, case: Case, document: Document, case_document: Document) -> Iterator[Finding]:
    """What is stated of these terms and has no effect."""
    for name in (n for n in market.plans if n in market.today.plans or n in case.plans):
        ladders = case.plans.get(name, PlanLadders())
        yield from _annual(market.plans[name], f"plans.{name}", ladders, document, case_document)
        yield from _credits(market.plans[name], f"plans.{name}", ladders, document, case_document)
        yield from _account(market, document, name)
    used = {currency_of(p.unit) for plan in market.plans.values() for p in plan.regional_price.values()}
    for currency in market.currencies:
        if currency not in used:
            message = "no price is stated in it"
            yield document.finding(IDLE, f"currencies.{currency}", message, "remove it, or state a price", "warning")


def _annual(
    plan: Plan, path: str, ladders: PlanLadders, document: Document, case_document: Document
) -> Iterator[Finding]:
    share = 0.0 if plan.annual_share is None else plan.annual_share.value
    if plan.annual_sensitivity is not None and share in (0.0, 1.0):
        message = f"a share of {share:g} by the year stays so at any discount"
        cure = "state a share between 0 and 1 as annual_share, or remove it"
        yield document.finding(IDLE, f"{path}.annual_sensitivity", message, cure, "warning")
    if plan.annual_decision_factor is not None and plan.annual_sensitivity is None:
        message = "without annual_sensitivity the share by the year stays as it is, and the rate observed is of both"
        cure = "state annual_sensitivity, or remove it"
        yield document.finding(IDLE, f"{path}.annual_decision_factor", message, cure, "warning")
    if ladders.annual_discount is None:
        return
    at = f"{path}.annual_discount"
    if share == 0.0:
        message, cure = "nobody pays by the year", "state annual_share in the market, or remove the ladder"
        yield case_document.finding(IDLE, at, message, cure, "warning")
    elif plan.annual_sensitivity is None and share < 1.0:
        message = f"it wins nobody for the year: without annual_sensitivity {share:.0%} take it whatever it is"
        yield case_document.finding(IDLE, at, message, f"state {path}.annual_sensitivity in the market", "warning")


def _credits(
    plan: Plan, path: str, ladders: PlanLadders, document: Document, case_document: Document
) -> Iterator[Finding]:
    if plan.credits is None and ladders.credits is None:
        return
    where = case_document if ladders.credits is not None else document
    if not plan.unit_prices:
        message = "the plan has no unit prices at which they could be spent"
        yield where.finding(IDLE, f"{path}.credits", message, "state unit prices, or remove the credits", "warning")
    elif all(a in plan.allowances and not _capped(plan, ladders, a) for a in plan.unit_prices):
        message = "nothing that has a unit price is capped, so nothing is left to spend them on"
        yield where.finding(IDLE, f"{path}.credits", message, "cap it under allowances", "warning")


def _capped(plan: Plan, ladders: PlanLadders, ai_model: str) -> bool:
    stated = any(isinstance(cap, Quantity) for cap in plan.allowances.get(ai_model, {}).values())
    steps = ladders.allowances.get(ai_model, {}).values()
    return stated or any(step != "unlimited" for each in steps for step in each)


def _account(market: Market, document: Document, name: str) -> Iterator[Finding]:
    """Offers to the same segments that each customer decides on alone: seats of one account then part."""
    plan = market.plans[name]
    if plan.decided_by != "account":
        return
    offers: Iterable[tuple[str, Offer, tuple[str, ...]]] = [
        *((f"plans.{n}", p, p.segments) for n, p in market.plans.items()),
        *((f"alternatives.{n}", a, a.segments) for n, a in market.alternatives.items()),
    ]
    alone = [n for n, offer, segments in offers if offer.decided_by != "account" and set(segments) & set(plan.segments)]
    if alone:
        message = f"its users decide alone on {', '.join(alone)}, so that heavy and light users of an account part"
        cure = "state decided_by: account there too, or leave it so if that is meant"
        yield document.finding("decided-apart", f"plans.{name}.decided_by", message, cure, "warning")
