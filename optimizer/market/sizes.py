"""Whether the choices of a case can be held at all: told before anything is built."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.market.combinations import MOST_COMBINATIONS, why_listed
from optimizer.market.further import lengths
from optimizer.market.ladders import allowed_prices, price_ladder
from optimizer.market.modes import customer_types
from optimizer.market.unit_prices import allowed_unit_prices
from optimizer.schema.case import Case, PlanLadders
from optimizer.schema.market import Market

MOST_LEVELS = 5_000_000
"""Levels of all plans times customer types: each takes some 300 bytes, and a microsecond to set up."""
MOST_PAIRS = 100_000_000
"""Pairs of levels of two plans that an order of plans compares, a byte each."""
CODE = "too-many-levels"


def check_sizes(case: Case, market: Market, document: Document) -> Iterator[Finding]:
    """Every combination of a plan's ladders is a level: as many as fit into memory."""
    types = customer_types(market)
    most = max(1, MOST_LEVELS // types)
    lengths = {name: _lengths(case, market, name, p) for name, p in case.plans.items() if name in market.plans}
    count = {name: math.prod(each) for name, each in lengths.items()}
    for name, number in list(count.items()):
        if why_listed(case, market, name) is None:
            del count[name]
            if number > MOST_COMBINATIONS:
                message = f"its unit prices have {number:,} combinations; {MOST_COMBINATIONS:,} can be sifted"
                yield document.finding(CODE, f"plans.{name}", message, "shorten ladders")
    if sum(count.values()) > most:
        name = max(count, key=count.__getitem__)
        product = " x ".join(str(n) for n in lengths[name] if n > 1)
        message = (
            f"its ladders have {count[name]:,} combinations ({product}); with {types:,} customer types all plans "
            f"together can have {most:,}"
        )
        cure = "shorten ladders, or leave some at today's value; of many AI models' unit prices move a few at a time"
        if case.plans[name].unit_prices:
            cure += f" (they would be sifted, not listed, but {why_listed(case, market, name)})"
        yield document.finding(CODE, f"plans.{name}", message, cure)
    for index, order in enumerate(case.rules.plan_order):
        for small, large in itertools.combinations(order, 2):
            pairs = count.get(small, 1) * count.get(large, 1)
            if pairs > MOST_PAIRS:
                message = f"{small} and {large} have {pairs:,} pairs of levels to compare; {MOST_PAIRS:,} is the most"
                yield document.finding(CODE, f"rules.plan_order.{index}", message, "shorten the ladders of one of them")


def _lengths(case: Case, market: Market, name: str, ladders: PlanLadders) -> list[int]:
    """How many values each ladder of a plan has."""
    prices = allowed_prices(case, market, name, price_ladder(ladders, market.plans[name].price.value))
    caps = [given for windows in ladders.allowances.values() for given in windows.values()]
    units = allowed_unit_prices(case, market, name).values()
    shown = ladders.impressions or (0.0,)
    return [len(set(prices)), len(set(shown)), *(len(set(each)) for each in (*caps, *units)), *lengths(ladders)]
