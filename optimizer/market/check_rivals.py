"""What the schema cannot see of a case's rivals: names, prices, and how many profiles there are."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.market.rivals import MOST_PROFILES, count_profiles
from optimizer.schema.base import Quantity
from optimizer.schema.case import Case
from optimizer.schema.market import Market
from optimizer.schema.rivals import RivalOffer


def check_rivals(case: Case, market: Market, document: Document) -> Iterator[Finding]:
    """Names, prices and sources of a case's rivals against its market."""
    owner: dict[str, str] = {}
    for name, rival in case.rivals.items():
        for alternative, offer in rival.alternatives.items():
            path = f"rivals.{name}.alternatives.{alternative}"
            if owner.setdefault(alternative, name) != name:
                message = f"belongs to {owner[alternative]} already"
                yield document.finding("rival-owner", path, message, "name it under one rival")
            if alternative in market.alternatives:
                yield from _check_offer(offer, market, document, path, alternative)
            else:
                message, cure = f"no alternative is named {alternative!r}", f"known: {', '.join(market.alternatives)}"
                yield document.finding("unknown-name", path, message, cure)
    count = count_profiles(case)
    if count > MOST_PROFILES:
        message = f"have {count:,} combinations of prices, more than {MOST_PROFILES:,}"
        yield document.finding("rival-prices", "rivals", message, "shorten their ladders")


def _check_offer(
    offer: RivalOffer, market: Market, document: Document, path: str, alternative: str
) -> Iterator[Finding]:
    sold = market.alternatives[alternative].unit_prices
    for ai_model in offer.unit_prices:
        if ai_model not in sold:
            message, cure = f"{alternative} has no unit price of {ai_model!r}", f"known: {', '.join(sold) or 'none'}"
            yield document.finding("unknown-name", f"{path}.unit_prices.{ai_model}", message, cure)
        elif not isinstance(sold[ai_model], Quantity):
            message = "the market states prices by kind of token, which are no one price"
            yield document.finding("unit-price", f"{path}.unit_prices.{ai_model}", message, "use times: factors on all")
    asked = {"price": offer.price, "times": offer.times}
    asked |= {f"unit_prices.{ai_model}": ladder for ai_model, ladder in offer.unit_prices.items()}
    for field, ladder in asked.items():
        if any(step < 0.0 for step in ladder or ()):
            yield document.finding("range", f"{path}.{field}", "a price is negative", "use 0 or more")
    for field, cost in (("cost_share", offer.cost_share), ("cost_per_customer", offer.cost_per_customer)):
        if cost is not None and cost.source and cost.source not in market.sources:
            message = f"no source is named {cost.source!r}"
            yield document.finding("unknown-name", f"{path}.{field}.source", message, "name a source of the market")
