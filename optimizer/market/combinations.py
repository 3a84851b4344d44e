"""Plans with so many combinations of unit prices that they are sifted, not listed: separate choices by AI model.

Where use has a price elasticity of its own, utility and amounts of a customer add up over AI models, and where its
segments are offered no other plan of ours, what the plan brings depends on no other choice. Then a combination that
another one beats in everything that is asked can be left out; see ``model.sifted``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from optimizer.economics.figures import is_linear
from optimizer.economics.population import Terms
from optimizer.market.further import lengths
from optimizer.market.ladders import allowed_prices, price_ladder
from optimizer.market.unit_prices import Values, allowed_unit_prices, kinds, unit_price
from optimizer.schema.case import Case
from optimizer.schema.market import Market
from optimizer.units import same

MOST_LISTED = 2000
"""Combinations of a plan's unit prices beyond which they are sifted."""
MOST_COMBINATIONS = 5_000_000
"""Combinations that can be sifted in some seconds."""


@dataclass(frozen=True)
class Combinations:
    """Every combination of a plan's unit prices, one option an AI model."""

    plan: str
    own: Terms
    """All else of the plan's terms."""
    ai_models: tuple[int, ...]
    """By position, in the order of combinations; the last one's options change fastest."""
    options: tuple[tuple[tuple[float, Values], ...], ...]
    """By AI model: usd per request, and the prices as the market states them."""

    @property
    def counts(self) -> tuple[int, ...]:
        return tuple(len(each) for each in self.options)

    @property
    def count(self) -> int:
        return math.prod(self.counts)

    def terms(self, picks: tuple[int, ...]) -> Terms:
        """The terms of one combination."""
        units, told = list(self.own.unit_prices), list(self.own.prices_by_kind)
        for a, options, pick in zip(self.ai_models, self.options, picks, strict=True):
            units[a], values = options[pick]
            if told and told[a] is not None:
                told[a] = values
        return replace(self.own, unit_prices=tuple(units), prices_by_kind=tuple(told))

    def picks(self, number: int) -> tuple[int, ...]:
        """The options of a combination by its number."""
        return tuple(int(k) for k in np.unravel_index(number, self.counts))

    def single_steps(self) -> list[tuple[int, ...]]:
        """The first combination, those that differ from it at one AI model, then the cheapest and the dearest."""
        first = tuple(0 for _ in self.counts)
        steps = [(*first[:m], k, *first[m + 1 :]) for m, count in enumerate(self.counts) for k in range(1, count)]
        prices = [[price for price, _ in each] for each in self.options]
        ends = [tuple(each.index(end(each)) for each in prices) for end in (min, max)]
        return [first, *steps, *ends]

    def holds(self, level: Terms) -> bool:
        """Whether a level is one of the combinations, up to rounding in unit conversion."""
        mine = self.terms(tuple(0 for _ in self.counts))
        for a, options in zip(self.ai_models, self.options, strict=True):
            price = level.unit_prices[a]
            if price is None or not any(same(price, one) for one, _ in options):
                return False
        return replace(level, unit_prices=mine.unit_prices, prices_by_kind=mine.prices_by_kind) == mine


def combinations_of(case: Case, base: Market, changed: Market, name: str, own: Terms) -> Combinations | None:
    """The combinations of a plan that is to be sifted; None where its levels are listed."""
    if why_listed(case, base, name) is not None:
        return None
    models = list(changed.ai_models)
    found, options = [], []
    for ai_model, stated in allowed_unit_prices(case, base, name).items():
        price = changed.plans[name].unit_prices[ai_model]
        found.append(models.index(ai_model))
        options.append(tuple((unit_price(changed, ai_model, price, values), values) for values in stated))
    (fee,) = allowed_prices(case, base, name, price_ladder(case.plans[name], own.price))
    return Combinations(name, replace(own, price=fee), tuple(found), tuple(options))


def why_listed(case: Case, market: Market, name: str) -> str | None:
    """Why a plan's levels are listed and not sifted; None where they are sifted."""
    return next(_reasons(case, market, name), None)


def _reasons(case: Case, market: Market, name: str) -> Iterator[str]:
    ladders, plan = case.plans[name], market.plans[name]
    if math.prod(len(each) for each in allowed_unit_prices(case, market, name).values()) <= MOST_LISTED:
        yield "there are few combinations"
    if len(set(allowed_prices(case, market, name, price_ladder(ladders, plan.price.value)))) != 1 or ladders.allowances:
        yield "its fee or its allowances are chosen, too"
    if ladders.impressions is not None:
        yield "its advertisements are chosen, too"
    if lengths(ladders):
        yield "its discount, credits or local prices are chosen, too"
    if plan.fallback is not None or plan.credits is not None:
        yield "it has a fallback or credits"
    if any(market.segments[s].price_elasticity is None for s in plan.segments if s in market.segments):
        yield "price_elasticity is not stated for all its segments"
    if plan.least_spend is not None or plan.included_spend is not None:
        yield "it has a least or an included spend"
    if any(q.value <= 0.0 for price in plan.unit_prices.values() for q in kinds(price).values()):
        yield "one of its prices is 0"
    others = {n for n in market.plans if n != name and (n in market.today.plans or n in case.plans)}
    if any(set(market.plans[n].segments) & set(plan.segments) for n in others):
        yield "other plans are offered to its segments"
    if any(name in order for order in case.rules.plan_order):
        yield "it is in a plan_order"
    o = case.objective
    aims = [o.maximise, o.minimise, *(s.maximise or s.minimise for s in o.lexicographic or ())]
    if o.blend or any(aim is not None and not is_linear(aim) for aim in aims):
        yield "the objective is a ratio or a blend"
