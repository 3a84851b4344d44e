"""Levels of the terms beyond fee, caps and unit prices, and how they stand in an order of plans."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from optimizer.economics.population import Terms
from optimizer.market.further import allowed_regional_prices, in_local, in_usd
from optimizer.schema.case import Case, PlanLadders
from optimizer.schema.market import Market
from optimizer.typing import Bools
from optimizer.units import SAME, same


def with_further(
    level: Sequence[Terms], case: Case, base: Market, changed: Market, name: str, ladders: PlanLadders
) -> Iterator[Terms]:
    """Every level at every combination of its plan's ladders of discount, credits and local prices."""
    plan, prices = changed.plans[name], allowed_regional_prices(case, base, name)
    local = {s: q.value for s, q in plan.regional_price.items()}
    steps = [dict(zip(prices, chosen, strict=True)) for chosen in itertools.product(*prices.values())]
    regions = [in_usd(changed, plan, {**local, **step}) for step in steps]
    for terms, discount, granted, regional in itertools.product(
        level, ladders.annual_discount or (None,), ladders.credits or (None,), regions
    ):
        yield replace(
            terms,
            annual_discount=terms.annual_discount if discount is None else discount,
            credits=terms.credits if granted is None else granted,
            regional=terms.regional if not prices else regional,
        )


def same_further(one: Terms, other: Terms) -> bool:
    """Whether these terms of two levels are the same up to rounding in unit conversion."""
    discounts = (-1.0 if terms.annual_discount is None else terms.annual_discount for terms in (one, other))
    return (
        same(*discounts)
        and same(one.credits, other.credits)
        and len(one.regional) == len(other.regional)
        and all(a == b and same(x, y) for (a, x), (b, y) in zip(one.regional, other.regional, strict=True))
    )


def carried_further(level: Terms, ladders: PlanLadders, plan: str, origin: Market, market: Market, own: Terms) -> Terms:
    """``own`` with what these ladders set in a level of another market; local prices stay what they are there."""
    chosen = in_local(origin, origin.plans[plan], level.regional)
    kept = in_local(market, market.plans[plan], own.regional) | {s: chosen[s] for s in ladders.regional_price}
    return replace(
        own,
        annual_discount=own.annual_discount if ladders.annual_discount is None else level.annual_discount,
        credits=own.credits if ladders.credits is None else level.credits,
        regional=in_usd(market, market.plans[plan], kept) if ladders.regional_price else own.regional,
    )


def never_dearer(small: Sequence[Terms | None], large: Sequence[Terms | None]) -> Bools:
    """(L, M) whether a level of the smaller plan costs no more than one of the larger, everywhere and on all terms.

    Fees are compared by the month, in every segment that has one of its own, and by the year where a ladder lets the
    discount of either plan be chosen. A plan off the menu costs nothing, and nothing costs more.
    """
    places: list[int | None] = [None, *sorted({k for terms in (*small, *large) if terms for k, _ in terms.regional})]
    yearly = any(len({t.annual_discount for t in terms if t}) > 1 for terms in (small, large))
    allowed = np.ones((len(small), len(large)), dtype=bool)
    for place, by_year in itertools.product(places, (False, True) if yearly else (False,)):
        less, more = (np.array([_fee(t, place, by_year, off) for t in terms])
                      for terms, off in ((small, -np.inf), (large, np.inf)))  # fmt: skip
        allowed &= more[None, :] >= less[:, None] * (1.0 - SAME)
    return allowed


def _fee(terms: Terms | None, place: int | None, by_year: bool, off: float) -> float:
    if terms is None:
        return off
    fee = terms.price if place is None else dict(terms.regional).get(place, terms.price)
    return fee * (1.0 - (terms.annual_discount or 0.0)) if by_year else fee
