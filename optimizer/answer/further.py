"""Terms beyond fee, caps and unit prices for readers: by name, in the market's own units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from optimizer.answer.words import CREDITS, DISCOUNT, REGIONAL
from optimizer.economics.population import Terms
from optimizer.market.further import in_local, in_usd
from optimizer.schema.market import Market


def further_terms(terms: Terms | None, market: Market, plan: str) -> dict[str, float]:
    """Name -> value: the discount where some pay by the year, credits where there are any, prices by segment."""
    stated = market.plans[plan]
    if terms is None:
        return {}
    found = {}
    if stated.annual_share is not None and stated.annual_share.value > 0.0 and terms.annual_discount is not None:
        found[DISCOUNT] = terms.annual_discount
    if stated.credits is not None or terms.credits > 0.0:
        found[CREDITS] = terms.credits
    return found | {REGIONAL + s: price for s, price in in_local(market, stated, terms.regional).items()}


def further_units(market: Market, plan: str) -> dict[str, str]:
    """The units of :func:`further_terms`, by name."""
    local = {REGIONAL + s: price.unit for s, price in market.plans[plan].regional_price.items()}
    return {DISCOUNT: "fraction", CREDITS: "usd/month", **local}


def read_further(saved: Mapping[str, Any], terms: Terms, market: Market, plan: str) -> Terms:
    """A level with what :func:`further_terms` told of it; what it does not tell is kept.

    Raises TypeError or ValueError where a value is no number.
    """
    stated = market.plans[plan]
    local = in_local(market, stated, terms.regional)
    return replace(
        terms,
        annual_discount=float(saved[DISCOUNT]) if DISCOUNT in saved else terms.annual_discount,
        credits=float(saved.get(CREDITS, terms.credits)),
        regional=in_usd(market, stated, {s: float(saved.get(REGIONAL + s, price)) for s, price in local.items()}),
    )
