"""Unit prices as markets and cases state them, by kind of token, and as the formulas want them: usd per request."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from optimizer.economics import metered
from optimizer.schema.base import Quantity
from optimizer.schema.case import Case
from optimizer.schema.market import Market, Offer
from optimizer.schema.prices import UnitPriceLadders, UnitPricesByKind
from optimizer.units import SAME, convert

UnitPrice = Quantity | UnitPricesByKind
Values = tuple[float, ...]
"""Prices of one AI model in the order and the units of :func:`kinds`."""
WHOLE = ""
"""The kind of a price that holds for all tokens of a request, or for the request."""


def kinds(price: UnitPrice) -> dict[str, Quantity]:
    """What a unit price states, by kind: one whole, or ``input``, ``cached``, ``output`` and the same ``above.``."""
    if isinstance(price, Quantity):
        return {WHOLE: price}
    groups = [("", price)] if price.above is None else [("", price), ("above.", price.above)]
    named = [
        (prefix + kind, getattr(group, kind)) for prefix, group in groups for kind in ("input", "cached", "output")
    ]
    return {kind: quantity for kind, quantity in named if quantity is not None}


def named_kinds(offer: Offer) -> dict[str, Quantity]:
    """Every price of an offer by the name readers know it by: ``frontier``, or ``frontier.input`` and so on."""
    return {
        f"{ai_model}.{kind}" if kind else ai_model: quantity
        for ai_model, price in offer.unit_prices.items()
        for kind, quantity in kinds(price).items()
    }


def values_of(price: UnitPrice) -> Values:
    """The numbers that a unit price states, in its own units."""
    return tuple(quantity.value for quantity in kinds(price).values())


def unit_price(market: Market, ai_model: str, price: UnitPrice, values: Values | None = None) -> float:
    """A unit price in usd per request; with ``values`` in place of those stated. Raises ValueError for other units."""
    stated = kinds(price)
    numbers = dict(zip(stated, values_of(price) if values is None else values, strict=True))
    if isinstance(price, Quantity):
        return numbers[WHOLE] * unit_price_factor(market, ai_model, price.unit)
    each = {kind: convert(number, stated[kind].unit, "usd/token") for kind, number in numbers.items()}
    m = market.ai_models[ai_model]
    whole = metered.tokens_of(m.input_tokens.value, m.cached.value, m.output_tokens.value)
    if price.above is None or m.long_context is None:
        return metered.request_price(whole, _group(each, ""))
    long = m.long_context
    tokens = metered.tokens_of(long.input_tokens.value, m.cached.value, long.output_tokens.value)
    short, above = metered.parted(whole, long.share.value, tokens)
    return metered.request_price(short, _group(each, "")) + metered.request_price(above, _group(each, "above."))


def _group(each: Mapping[str, float], prefix: str) -> metered.Tokens:
    """Prices by kind; a cached token costs what one read anew does where no other price is stated."""
    read = each[prefix + "input"]
    return metered.Tokens(read, each.get(prefix + "cached", read), each[prefix + "output"])


def unit_price_factor(market: Market, ai_model: str, unit: str) -> float:
    """usd per request for 1 ``unit`` of a request to an AI model."""
    try:
        return convert(1.0, unit, "usd/request")
    except ValueError:
        m = market.ai_models[ai_model]
        return convert(1.0, unit, "usd/token") * (m.input_tokens.value + m.output_tokens.value)


def prices_of(market: Market, offer: Offer) -> tuple[float | None, ...]:
    """(A,) usd per request; None = not sold beyond the cap."""
    return tuple(
        unit_price(market, a, offer.unit_prices[a]) if a in offer.unit_prices else None for a in market.ai_models
    )


def prices_by_kind_of(market: Market, offer: Offer) -> tuple[Values | None, ...]:
    """(A,) prices by kind of token in the market's units; empty where the offer states none by kind."""
    found = tuple(
        values_of(price) if isinstance(price := offer.unit_prices.get(a), UnitPricesByKind) else None
        for a in market.ai_models
    )
    return found if any(values is not None for values in found) else ()


def allowed_unit_prices(case: Case, base: Market, name: str) -> dict[str, tuple[Values, ...]]:
    """AI model -> the unit prices of a plan that a case allows, in the units of :func:`kinds`: the combinations of its
    ladders, less what limits on the price change forbid. AI models without a unit price are left out."""
    stated = base.plans[name].unit_prices
    ladders = {a: ladder for a, ladder in case.plans[name].unit_prices.items() if a in stated}
    most = [rule.at_most for rule in case.rules.price_change if rule.plan == name]

    def within(values: Values, today: Values) -> bool:
        pairs = list(zip(values, today, strict=True))
        return all(abs(new - old) <= (part + SAME) * old for part in most for new, old in pairs)

    return {
        a: tuple(v for v in dict.fromkeys(_combinations(ladder, stated[a])) if within(v, values_of(stated[a])))
        for a, ladder in ladders.items()
    }


def _combinations(ladder: tuple[float, ...] | UnitPriceLadders, price: UnitPrice) -> Iterator[Values]:
    """The prices that a ladder names, before any rule."""
    today = values_of(price)
    if not isinstance(ladder, UnitPriceLadders):
        yield from ((step,) for step in ladder) if len(today) == 1 else ()
        return
    if ladder.times is not None:
        for factor in ladder.times:
            # twelve digits undo the rounding of the product, so that 3 x 1.1 is 3.3
            yield today if factor == 1.0 else tuple(float(f"{factor * number:.12g}") for number in today)
        return
    yield from itertools.product(
        *(steps or (old,) for steps, old in zip((_steps(ladder, kind) for kind in kinds(price)), today, strict=True))
    )


def _steps(ladder: UnitPriceLadders, kind: str) -> tuple[float, ...] | None:
    """The ladder of one kind of token; None where it stays as it is."""
    prefix, _, last = kind.rpartition(".")
    group = ladder.above if prefix else ladder
    return None if group is None else getattr(group, last, None)


def stated_kinds(ladder: UnitPriceLadders) -> dict[str, tuple[float, ...]]:
    """The ladders by kind of token that a case states; ``times`` is none."""
    groups = [("", ladder), ("above.", ladder.above)]
    named = [(p + k, getattr(g, k)) for p, g in groups if g is not None for k in ("input", "cached", "output")]
    return {kind: steps for kind, steps in named if steps is not None}
