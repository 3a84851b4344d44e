"""Price lists of tokens as numbers of a market: what bought tokens cost, our own unit prices, those of alternatives."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.economics import metered
from optimizer.inputs.moved import quantity_at
from optimizer.learn.stats import TokenPrice
from optimizer.market.check import quantities
from optimizer.market.unit_prices import unit_price_factor
from optimizer.schema.market import Market, Offer
from optimizer.schema.prices import UnitPricesByKind
from optimizer.units import convert

PER_TOKEN = "usd/token"


def listed(row: TokenPrice, market: Market) -> Iterator[tuple[str, float]]:
    """Paths and values, in the schema's units, that a row of a price list gives; none where the market has no place.

    ``seller`` names an alternative or a plan of ours; without one it is what we pay for tokens.
    """
    if row.ai_model not in market.ai_models:
        return
    if not row.seller:
        if market.ai_models[row.ai_model].token_prices is not None:
            yield from _by_kind(f"ai_models.{row.ai_model}.token_prices", row, market)
        return
    kind = "plans" if row.seller in market.plans else "alternatives"
    offer: Offer | None = market.plans.get(row.seller) or market.alternatives.get(row.seller)
    if offer is None or row.ai_model not in offer.unit_prices:
        return
    path = f"{kind}.{row.seller}.unit_prices.{row.ai_model}"
    if isinstance(offer.unit_prices[row.ai_model], UnitPricesByKind):
        yield from _by_kind(path, row, market)
        return
    m, unit = market.ai_models[row.ai_model], quantity_at(market, path).unit
    tokens = metered.tokens_of(m.input_tokens.value, m.cached.value, m.output_tokens.value)
    prices = metered.Tokens(row.input, row.input if row.cached is None else row.cached, row.output)
    yield path, metered.request_price(tokens, prices) / unit_price_factor(market, row.ai_model, unit)


def _by_kind(path: str, row: TokenPrice, market: Market) -> Iterator[tuple[str, float]]:
    stated = quantities(market)
    for key, price in (("input", row.input), ("cached", row.cached), ("output", row.output)):
        if price is not None and f"{path}.{key}" in stated:
            yield f"{path}.{key}", convert(price, PER_TOKEN, stated[f"{path}.{key}"].unit)
