"""The prices of a plan that a case allows."""

from __future__ import annotations

import math

from optimizer.schema.case import Case, PlanLadders, PriceRange
from optimizer.schema.market import Market
from optimizer.units import SAME

RANGE_CELLS = 24
"""Cells a price range is first cut into."""


def _is_charm(price: float) -> bool:
    whole = round(price)
    return (abs(price - whole) < 1e-9 and whole % 10 in (0, 5, 9)) or abs(price - (math.floor(price) + 0.99)) < 1e-9


def price_ladder(ladders: PlanLadders, today: float) -> tuple[float, ...]:
    """The prices to choose from; a range starts as its ends and what lies evenly between."""
    if isinstance(ladders.price, PriceRange):
        low, high = ladders.price.least, ladders.price.most
        return tuple(low + (high - low) * k / RANGE_CELLS for k in range(RANGE_CELLS + 1))
    return ladders.price or (today,)


def allowed_prices(case: Case, base: Market, name: str, prices: tuple[float, ...]) -> tuple[float, ...]:
    """The price ladder less what the price rules forbid; prices that agree to 1e-9 are the same."""
    kept = prices
    for rule in case.rules.price_change:
        if rule.plan == name:
            today = base.plans[name].price.value
            room = rule.at_most * today + SAME * today
            kept = tuple(p for p in kept if abs(p - today) <= room)
    return tuple(p for p in kept if _is_charm(p)) if case.rules.charm_prices else kept
