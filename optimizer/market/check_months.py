"""What the schema cannot see of a case's horizon and a market's dynamics: names, dates and prices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.market.ladders import price_ladder
from optimizer.schema.case import Case, PlanLadders
from optimizer.schema.horizon import Announced, CaseHorizon
from optimizer.schema.market import Market
from optimizer.units import same


def check_horizon(case: Case, market: Market, document: Document) -> Iterator[Finding]:
    """A case's horizon against its market."""
    asked = case.horizon
    if asked is None:
        return
    for name in asked.steps if isinstance(asked.steps, dict) else ():
        if name not in market.plans:
            yield _unknown(document, "horizon.steps", "plan", name, market.plans)
    for announced in asked.announced:
        yield from _announced(case, market, document, asked, announced)


def _announced(
    case: Case, market: Market, document: Document, asked: CaseHorizon, announced: Announced
) -> Iterator[Finding]:
    path = "horizon.announced"
    if announced.plan not in market.plans:
        yield _unknown(document, path, "plan", announced.plan, market.plans)
        return
    if announced.month not in asked.firsts:
        message = f"month {announced.month} is the first of no stage, and menus change with stages"
        yield document.finding("horizon-month", path, message, f"one of {', '.join(map(str, asked.firsts))}")
    ladders = case.plans.get(announced.plan, PlanLadders())
    prices = price_ladder(ladders, market.plans[announced.plan].price.value)
    if not any(same(price, announced.price) for price in prices):
        message = f"{announced.price:g} is no price of {announced.plan}"
        yield document.finding("horizon-price", path, message, "put it on the plan's ladder")


def check_dynamics(market: Market, document: Document) -> Iterator[Finding]:
    """A market's dynamics against its segments."""
    for name in () if market.dynamics is None else market.dynamics.growth:
        if name not in market.segments:
            yield _unknown(document, "dynamics.growth", "segment", name, market.segments)


def _unknown(document: Document, path: str, what: str, name: str, known: Iterable[str]) -> Finding:
    return document.finding("unknown-name", path, f"no {what} is named {name!r}", f"known: {', '.join(known)}")
