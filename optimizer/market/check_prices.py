"""Checks of unit prices and of the ladders that a case gives them."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.market.unit_prices import allowed_unit_prices, kinds, stated_kinds
from optimizer.schema.base import Quantity
from optimizer.schema.case import Case
from optimizer.schema.market import Alternative, Market, Offer, Plan
from optimizer.schema.prices import UnitPriceLadders, UnitPricesByKind
from optimizer.units import same_dimension

CURE = "state a price above 0, or leave price_elasticity out"


def check_unit_prices(market: Market, document: Document, path: str, offer: Offer) -> Iterator[Finding]:
    """Units and signs of an offer's unit prices, and what they need of the AI models."""
    elastic = _elastic(market, offer)
    for ai_model, price in offer.unit_prices.items():
        at = f"{path}.unit_prices.{ai_model}"
        for kind, quantity in kinds(price).items():
            yield from _price(document, f"{at}.{kind}" if kind else at, quantity, bool(kind))
        if elastic and not any(q.value > 0.0 for q in kinds(price).values()):
            message = f"use at a price of 0 has no end where the price elasticity of {elastic} is stated"
            yield document.finding("range", at, message, CURE)
        if isinstance(price, UnitPricesByKind) and price.above is not None and ai_model in market.ai_models:
            yield from _above(market, document, at, ai_model, price)


def _elastic(market: Market, offer: Offer) -> str:
    """A segment of the offer with a price elasticity of its own; empty where there is none."""
    named = [name for name in getattr(offer, "segments", ()) if name in market.segments]
    return next((name for name in named if market.segments[name].price_elasticity is not None), "")


def _price(document: Document, path: str, price: Quantity, by_token: bool) -> Iterator[Finding]:
    allowed = ("usd/token",) if by_token else ("usd/request", "usd/token")
    if not any(same_dimension(price.unit, unit) for unit in allowed):
        what, cure = (
            ("price of a token", "use usd/Mtok") if by_token else ("price of use", "use usd/request or usd/Mtok")
        )
        yield document.finding("unit", path, f"{price.unit!r} is no {what}", cure)
    elif price.value < 0.0:
        yield document.finding("range", path, "must not be negative", "state a price")


def _above(market: Market, document: Document, path: str, name: str, price: UnitPricesByKind) -> Iterator[Finding]:
    """A price above a context length, against the tokens of requests that are so long."""
    long = market.ai_models[name].long_context
    if long is not None and price.above is not None and long.input_tokens.value < price.above.tokens.value:
        message = (
            f"holds above {price.above.tokens.value:,.0f} tokens, but requests with a long context have "
            f"{long.input_tokens.value:,.0f} in the mean"
        )
        cure = f"correct it, or ai_models.{name}.long_context.input_tokens"
        yield document.finding("range", f"{path}.above.tokens", message, cure)


def check_long_contexts(market: Market, document: Document) -> Iterator[Finding]:
    """Requests with a long context cannot have more tokens than all requests together."""
    for name, m in market.ai_models.items():
        if m.long_context is None:
            continue
        for kind, whole in (("input_tokens", m.input_tokens), ("output_tokens", m.output_tokens)):
            part = m.long_context.share.value * getattr(m.long_context, kind).value
            if part > whole.value * (1.0 + 1e-9):
                message = f"with its share they make {part:,.0f} tokens of a mean request, which has {whole.value:,.0f}"
                cure = f"lower them or their share, or raise ai_models.{name}.{kind}, the mean of all requests"
                yield document.finding("range", f"ai_models.{name}.long_context.{kind}", message, cure)


def check_unit_ladders(case: Case, market: Market, document: Document, name: str) -> Iterator[Finding]:
    """Ladders of unit prices that the plan has: steps, kinds of tokens, and what rules leave of them."""
    stated = market.plans[name].unit_prices
    elastic = _elastic(market, market.plans[name])
    for ai_model, ladder in case.plans[name].unit_prices.items():
        path = f"plans.{name}.unit_prices.{ai_model}"
        if ai_model not in stated:
            continue
        steps = _steps(ladder)
        if any(step < 0.0 for _, each in steps for step in each):
            yield document.finding("range", path, "a unit price is negative", "use 0 or more")
        elif elastic and any(step == 0.0 for kind, each in steps for step in each if kind in ("", "times")):
            message = f"use at a price of 0 has no end where the price elasticity of {elastic} is stated"
            yield document.finding("range", path, message, CURE)
        misplaced = _misplaced(ladder, kinds(stated[ai_model]))
        if misplaced:
            yield document.finding("unit-price-kinds", path, *misplaced)
        elif not allowed_unit_prices(case, market, name)[ai_model]:
            message, cure = "the price rules leave no price", "widen the prices or the rules"
            yield document.finding("empty-ladder", path, message, cure)


def _steps(ladder: tuple[float, ...] | UnitPriceLadders) -> list[tuple[str, tuple[float, ...]]]:
    if not isinstance(ladder, UnitPriceLadders):
        return [("", ladder)]
    return [("times", ladder.times or ()), *stated_kinds(ladder).items()]


def _misplaced(
    ladder: tuple[float, ...] | UnitPriceLadders, stated: dict[str, Quantity]
) -> tuple[str, str] | None:  # fmt: skip
    """Message and cure where a ladder names prices that the market does not state."""
    whole = "" in stated
    if not isinstance(ladder, UnitPriceLadders):
        if whole:
            return None
        return "the market states prices by kind of token", "write {times: [...]}, or {input: [...], output: [...]}"
    unknown = [kind for kind in stated_kinds(ladder) if kind not in stated]
    if not unknown:
        return None
    if whole:
        return "the market states one price for all tokens", "write a list of prices, or {times: [...]}"
    return f"the market states no price of {unknown[0]} tokens", "state it in the market, or leave the ladder out"


def idle_prices(market: Market, document: Document, code: str) -> Iterator[Finding]:
    """Warnings about prices above a context length, spends and elasticities that come to nothing."""
    billed = set()
    for group in ("plans", "alternatives"):
        offers: dict[str, Offer] = dict(getattr(market, group))
        for name, offer in offers.items():
            for field in ("least_spend", "included_spend"):
                if getattr(offer, field) is not None and not offer.unit_prices:
                    message, cure = "nothing of the plan is metered", "add unit_prices, or remove it"
                    yield document.finding(code, f"{group}.{name}.{field}", message, cure, "warning")
            for ai_model, price in offer.unit_prices.items():
                if isinstance(price, UnitPricesByKind) and price.above is not None:
                    billed.add(ai_model)
                    if market.ai_models[ai_model].long_context is None:
                        message = f"no requests to {ai_model} with a long context are stated"
                        cure = f"add ai_models.{ai_model}.long_context, or remove it"
                        path = f"{group}.{name}.unit_prices.{ai_model}.above"
                        yield document.finding(code, path, message, cure, "warning")
    for name, m in market.ai_models.items():
        if m.long_context is not None and name not in billed:
            message, cure = "no plan has other prices for them", "add above: to a unit price, or remove it"
            yield document.finding(code, f"ai_models.{name}.long_context", message, cure, "warning")
    offered: list[Plan | Alternative] = [*market.plans.values(), *market.alternatives.values()]
    metered = {segment for offer in offered if offer.unit_prices for segment in offer.segments}
    for name, segment in market.segments.items():
        if segment.price_elasticity is not None and name not in metered:
            message, cure = "no plan bills the segment by use", "offer it a plan with unit_prices, or remove it"
            yield document.finding(code, f"segments.{name}.price_elasticity", message, cure, "warning")
