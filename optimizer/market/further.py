"""Terms beyond fee, caps and unit prices: the discount by the year, credits, prices by region; and their ladders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from optimizer.schema.case import Case, PlanLadders
from optimizer.schema.market import Market, Offer, Plan
from optimizer.units import SAME, convert, currency_of

Regional = tuple[tuple[int, float], ...]
"""(segment, usd/month) pairs, by segment."""


@dataclass(frozen=True)
class Further:
    """Those terms of an offer."""

    annual_discount: float | None
    regional: Regional
    credits: float


def further_of(market: Market, offer: Offer) -> Further:
    """As the market states them."""
    granted = 0.0 if offer.credits is None else offer.credits.value
    if not isinstance(offer, Plan):
        return Further(None, (), granted)
    discount = 0.0 if offer.annual_discount is None else offer.annual_discount.value
    local = {segment: q.value for segment, q in offer.regional_price.items()}
    return Further(discount, in_usd(market, offer, local), granted)


def usd_per(market: Market, unit: str) -> float:
    """usd for one unit of a monthly price's currency, at the market's rate. Raises KeyError where it states none."""
    currency = currency_of(unit)
    if currency in (None, "usd"):
        return 1.0
    rate = market.currencies[str(currency)]
    return convert(rate.value, rate.unit, f"usd/{currency}")


def in_usd(market: Market, plan: Plan, local: Mapping[str, float]) -> Regional:
    """Local prices by segment in usd/month, in the order of the market's segments."""
    places = enumerate(market.segments)
    return tuple((k, local[s] * usd_per(market, plan.regional_price[s].unit)) for k, s in places if s in local)


def in_local(market: Market, plan: Plan, regional: Regional) -> dict[str, float]:
    """Prices by segment in the currency that the market states them in; twelve digits undo the rounding of rates."""
    names = list(market.segments)
    pairs = {names[k]: usd for k, usd in regional if names[k] in plan.regional_price}
    return {s: float(f"{usd / usd_per(market, plan.regional_price[s].unit):.12g}") for s, usd in pairs.items()}


def allowed_regional_prices(case: Case, base: Market, name: str) -> dict[str, tuple[float, ...]]:
    """Segment -> the local prices that a case states, less what limits on the price change forbid."""
    stated, kept = base.plans[name].regional_price, dict(case.plans[name].regional_price)
    for rule in case.rules.price_change:
        if rule.plan == name:
            for segment, steps in kept.items():
                today = stated[segment].value
                kept[segment] = tuple(p for p in steps if abs(p - today) <= (rule.at_most + SAME) * today)
    return kept


def lengths(ladders: PlanLadders) -> list[int]:
    """How many values each of these ladders has."""
    stated = (ladders.annual_discount, ladders.credits, *ladders.regional_price.values())
    return [len(set(steps)) for steps in stated if steps is not None]
