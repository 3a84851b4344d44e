"""Single numbers of a menu that can be moved: a price, a cap, a unit price, the split of the budget."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from optimizer.economics.population import Terms
from optimizer.market.further import in_local
from optimizer.market.prepare import WINDOW_ORDER
from optimizer.market.unit_prices import unit_price_factor
from optimizer.model.choices import Choices, Level, Menu
from optimizer.schema.base import Quantity
from optimizer.schema.market import Market
from optimizer.units import same


class LeverKind(StrEnum):
    """What a lever moves."""

    PRICE = "price"
    CAP = "cap"
    FALLBACK = "fallback limit"
    UNIT_PRICE = "unit price"
    MIX = "mix"
    BUDGET = "budget"
    IMPRESSIONS = "impressions"
    DISCOUNT = "discount by the year"
    CREDITS = "credits"
    REGIONAL = "regional price"


@dataclass(frozen=True)
class Lever:
    """One number of a menu."""

    kind: LeverKind
    plan: str | None = None
    """None for the mix and the budget."""
    ai_model: int = 0
    window: str = ""
    segment: int = 0
    """Of a regional price."""

    def value(self, menu: Menu) -> float:
        """Its value on a menu that offers the plan; no cap is infinite."""
        if self.kind is LeverKind.BUDGET:
            return math.nan if menu.budget is None else menu.budget
        return menu.enterprise_share if self.plan is None else self.of(menu.terms[self.plan])

    def moved(self, menu: Menu, value: float) -> Menu:
        """The menu with another value."""
        if self.kind is LeverKind.BUDGET:
            return replace(menu, budget=value)
        if self.plan is None:
            return replace(menu, enterprise_share=value)
        return replace(menu, terms={**menu.terms, self.plan: self.at(menu.terms[self.plan], value)})

    def of(self, terms: Level) -> float:
        """Its value in the plan's terms; nan where they know it not."""
        if terms is None:
            return math.nan
        if self.kind is LeverKind.PRICE:
            return terms.price
        if self.kind is LeverKind.FALLBACK:
            return terms.fallback_limit
        if self.kind is LeverKind.IMPRESSIONS:
            return terms.impressions
        if self.kind is LeverKind.DISCOUNT:
            return math.nan if terms.annual_discount is None else terms.annual_discount
        if self.kind is LeverKind.CREDITS:
            return terms.credits
        if self.kind is LeverKind.REGIONAL:
            return dict(terms.regional).get(self.segment, math.nan)
        if self.kind is LeverKind.UNIT_PRICE:
            price = terms.unit_prices[self.ai_model]
            return math.nan if price is None else price
        caps = terms.caps[self.ai_model]
        return math.nan if caps is None else dict(caps).get(self.window, math.inf)

    def at(self, terms: Level, value: float) -> Level:
        """The plan's terms with another value."""
        if terms is None or self.kind in (LeverKind.MIX, LeverKind.BUDGET):
            return terms
        if self.kind is LeverKind.PRICE:
            return replace(terms, price=value)
        if self.kind is LeverKind.FALLBACK:
            return replace(terms, fallback_limit=value)
        if self.kind is LeverKind.IMPRESSIONS:
            return replace(terms, impressions=value)
        if self.kind is LeverKind.DISCOUNT:
            return replace(terms, annual_discount=value)
        if self.kind is LeverKind.CREDITS:
            return replace(terms, credits=value)
        if self.kind is LeverKind.REGIONAL:
            return replace(terms, regional=tuple(sorted({**dict(terms.regional), self.segment: value}.items())))
        if self.kind is LeverKind.UNIT_PRICE:
            prices = (*terms.unit_prices[: self.ai_model], value, *terms.unit_prices[self.ai_model + 1 :])
            return terms.with_unit_prices(prices)
        kept = {**dict(terms.caps[self.ai_model] or ()), self.window: value}
        caps = tuple((w, kept[w]) for w in WINDOW_ORDER if w in kept and math.isfinite(kept[w]))
        return replace(terms, caps=(*terms.caps[: self.ai_model], caps, *terms.caps[self.ai_model + 1 :]))

    def words(self, market: Market) -> str:
        """Its name, with the plan's."""
        if self.plan is None:
            return "the go-to-market budget" if self.kind is LeverKind.BUDGET else "the go-to-market split"
        of, ai_model = market.plans[self.plan].title, list(market.ai_models)[self.ai_model]
        if self.kind is LeverKind.PRICE:
            return f"the price of {of}"
        if self.kind is LeverKind.IMPRESSIONS:
            return f"the advertisements per request of {of}"
        if self.kind is LeverKind.CAP:
            return f"the {ai_model} cap per {self.window} of {of}"
        if self.kind is LeverKind.REGIONAL:
            return f"the price of {of} for {list(market.segments)[self.segment]}"
        return f"the {ai_model} price of {of}" if self.kind is LeverKind.UNIT_PRICE else f"the {self.kind} of {of}"

    def told(self, value: float, market: Market) -> str:
        """A value in the unit that readers know it in."""
        if self.kind is LeverKind.UNIT_PRICE and self.plan is not None:
            ai_model = list(market.ai_models)[self.ai_model]
            price = market.plans[self.plan].unit_prices[ai_model]
            unit = price.unit if isinstance(price, Quantity) else "usd/request"
            return f"{value / unit_price_factor(market, ai_model, unit):.4g} {unit}"
        if self.kind is LeverKind.REGIONAL and self.plan is not None:
            ((segment, local),) = in_local(market, market.plans[self.plan], ((self.segment, value),)).items()
            return f"{local:.6g} {market.plans[self.plan].regional_price[segment].unit}"
        return "unlimited" if math.isinf(value) else f"{value:.6g}"


def ladder(values: Iterable[float]) -> tuple[float, ...]:
    """Different values, ascending."""
    found: list[float] = []
    for value in sorted(v for v in values if not math.isnan(v)):
        if not found or not same(found[-1], value):
            found.append(value)
    return tuple(found)


def ladders(choices: Choices) -> dict[Lever, tuple[float, ...]]:
    """Every lever of a case with more than one step, and its steps."""
    found = {Lever(LeverKind.MIX): ladder(choices.mixes), Lever(LeverKind.BUDGET): ladder(choices.budgets)}
    for plan, levels in zip(choices.plans, choices.levels, strict=True):
        offered = [terms for terms in levels if terms is not None]
        for lever in levers(plan, offered):
            found[lever] = ladder(lever.of(terms) for terms in offered)
    return {lever: steps for lever, steps in found.items() if len(steps) > 1}


def levers(plan: str, levels: Iterable[Terms]) -> tuple[Lever, ...]:
    """The numbers of a plan that its levels set; the price first."""
    found = {Lever(LeverKind.PRICE, plan): None}
    for terms in levels:
        for a, caps in enumerate(terms.caps):
            found |= {Lever(LeverKind.CAP, plan, a, window): None for window, _ in caps or ()}
        found |= {Lever(kind, plan): None for kind in (LeverKind.DISCOUNT, LeverKind.CREDITS)}
        found |= {Lever(LeverKind.REGIONAL, plan, segment=k): None for k, _ in terms.regional}
        found |= {Lever(LeverKind.IMPRESSIONS, plan): None} if terms.impressions > 0.0 else {}
        found |= {Lever(LeverKind.UNIT_PRICE, plan, a): None for a, p in enumerate(terms.unit_prices) if p is not None}
    return tuple(found)
