"""The chosen menu for readers, plan by plan."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from optimizer.answer.further import further_terms, further_units, read_further
from optimizer.answer.words import DISCOUNT
from optimizer.market.prepare import WINDOW_ORDER, Prepared
from optimizer.market.unit_prices import kinds, named_kinds, unit_price, unit_price_factor
from optimizer.model.choices import Level, Menu
from optimizer.schema.market import Market
from optimizer.units import same


@dataclass(frozen=True)
class PlanChoice:
    """A plan on the chosen menu (or off it)."""

    plan: str
    title: str
    offered: bool
    price: float | None
    """usd/month; None off the menu."""
    allowances: dict[str, Any]
    """AI model -> window -> requests, ``unlimited``, or ``not included``."""
    unit_prices: dict[str, float]
    """AI model -> unit price in the market's own unit; ``frontier.input`` and so on where it is stated by kind of
    token."""
    unit_price_units: dict[str, str]
    today_unit_prices: dict[str, float]
    today_price: float | None
    today_allowances: dict[str, Any]
    today_offered: bool
    notes: tuple[str, ...]
    """What is outside the evidence."""
    impressions: float = 0.0
    """Advertisements shown with a served request."""
    today_impressions: float = 0.0
    further_terms: dict[str, float] = field(default_factory=dict)
    """Discount by the year, credits, prices by segment, in the market's own units."""
    further_units: dict[str, str] = field(default_factory=dict)
    today_further_terms: dict[str, float] = field(default_factory=dict)

    @property
    def repriced(self) -> bool:
        """Whether the fee is another one than today's; fees that agree to 1e-9 are the same."""
        return not same_terms(self.price, self.today_price)

    @property
    def decision(self) -> str:
        """What the menu does with the plan: launch, withdraw, change, keep, or leave off."""
        if self.offered != self.today_offered:
            return "launch" if self.offered else "withdraw"
        changed = self.offered and (self.repriced or self.renewed)
        return "change" if changed else "keep" if self.offered else "leave off"

    @property
    def renewed(self) -> bool:
        """Whether allowances, unit prices, advertising or further terms are not as today."""
        return bool(self.new_allowances or self.new_unit_prices or self.new_further) or self.new_impressions

    @property
    def new_impressions(self) -> bool:
        """Whether more or fewer advertisements are shown than today."""
        return self.offered and not same(self.impressions, self.today_impressions)

    @property
    def new_allowances(self) -> dict[str, Any]:
        """Allowances that are not as today."""
        return {a: value for a, value in self.allowances.items() if not same_terms(value, self.today_allowances.get(a))}

    @property
    def new_unit_prices(self) -> dict[str, float]:
        """Unit prices that are not as today."""
        return {
            a: value for a, value in self.unit_prices.items() if not same_terms(value, self.today_unit_prices.get(a))
        }

    def shown_further(self, told: Mapping[str, float]) -> dict[str, float]:
        """Further terms that a table has room for: a discount by the year only where it is another one than today's."""
        return {name: value for name, value in told.items() if name != DISCOUNT or name in self.new_further}

    @property
    def new_further(self) -> dict[str, float]:
        """Further terms that are not as today."""
        before = self.today_further_terms
        return {name: value for name, value in self.further_terms.items() if not same_terms(value, before.get(name))}


def same_terms(one: Any, other: Any) -> bool:
    """Whether two prices, caps or sets of caps by window are the same up to rounding in unit conversion."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same_terms(value, other[key]) for key, value in one.items())
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return same(one, other) if numbers else one == other


def allowances(terms: Level, market: Market) -> dict[str, Any]:
    """AI model -> window -> requests, ``unlimited`` or ``not included``; only AI models the plan includes or meters."""
    if terms is None:
        return {}
    found: dict[str, Any] = {}
    for a, ai_model in enumerate(market.ai_models):
        caps = terms.caps[a]
        if caps is None:
            if terms.unit_prices[a] is not None:
                found[ai_model] = "metered"
            elif terms.fallback == a:
                limit = terms.fallback_limit
                found[ai_model] = "fallback" if math.isinf(limit) else f"fallback, {limit:g} a window"
        elif not caps:
            found[ai_model] = "unlimited"
        else:
            found[ai_model] = dict(caps)
    return found


def unit_prices(terms: Level, market: Market, units: Mapping[str, str], plan: str) -> dict[str, float]:
    """Unit prices in the unit that the market states, by AI model, and kind of token where they are stated by kind."""
    found: dict[str, float] = {}
    for a, (ai_model, price) in enumerate(
        zip(market.ai_models, () if terms is None else terms.unit_prices, strict=False)
    ):
        if terms is None or price is None:
            continue
        by_kind = terms.prices_by_kind[a] if terms.prices_by_kind else None
        if by_kind is not None:
            names = kinds(market.plans[plan].unit_prices[ai_model])
            found |= {f"{ai_model}.{kind}": value for kind, value in zip(names, by_kind, strict=True)}
        elif ai_model in units:
            found[ai_model] = float(f"{price / unit_price_factor(market, ai_model, units[ai_model]):.12g}")
    return found


def unit_price_units(market: Market, plan: str) -> dict[str, str]:
    """The units of a plan's unit prices, by the names of :func:`unit_prices`."""
    return {name: quantity.unit for name, quantity in named_kinds(market.plans[plan]).items()}


def plan_choices(
    base: Market,
    changed: Market,
    today: Mapping[str, Level],
    terms: Mapping[str, Level],
    notes: Mapping[str, tuple[str, ...]],
) -> tuple[PlanChoice, ...]:
    """The menu for readers, plan by plan."""
    rows = []
    for name, plan in changed.plans.items():
        chosen, before = terms[name], today[name]
        units = unit_price_units(changed, name)
        rows.append(
            PlanChoice(
                plan=name,
                title=plan.title,
                offered=chosen is not None,
                price=None if chosen is None else chosen.price,
                allowances=allowances(chosen, changed),
                unit_prices=unit_prices(chosen, changed, units, name),
                today_unit_prices=unit_prices(before, base, units, name),
                unit_price_units=units,
                today_price=None if before is None else before.price,
                today_allowances=allowances(before, base),
                today_offered=before is not None,
                notes=notes.get(name, ()),
                impressions=0.0 if chosen is None else chosen.impressions,
                today_impressions=0.0 if before is None else before.impressions,
                further_terms=further_terms(chosen, changed, name),
                further_units=further_units(changed, name),
                today_further_terms=further_terms(before, base, name),
            )
        )
    return tuple(rows)


def advertised(market: Market, plan: str, impressions: float | None) -> dict[str, float | None]:
    """Advertisements shown with a request, told of plans that have, or could have, any."""
    stated = market.plans[plan]
    known = stated.impressions is not None or stated.advertising_price is not None
    return {"impressions": impressions} if known or impressions else {}


def menu_document(menu: Menu, market: Market) -> dict[str, Any]:
    """A menu's terms as plain data: prices, allowances, unit prices and further terms by plan, and the split."""
    plans = {}
    for name, terms in menu.terms.items():
        units = unit_price_units(market, name)
        plans[name] = {
            "offered": terms is not None,
            "price": None if terms is None else terms.price,
            "allowances": allowances(terms, market),
            "unit_prices": unit_prices(terms, market, units, name),
            **advertised(market, name, None if terms is None else terms.impressions),
            "further_terms": further_terms(terms, market, name),
        }
    sized = {} if menu.budget is None else {"budget": menu.budget}
    return {"menu": plans, "mix": {"enterprise_share": menu.enterprise_share, **sized}}


def read_level(saved: Mapping[str, Any], plan: str, prepared: Prepared) -> Level:
    """A plan's terms as :func:`menu_document` tells them; what it does not tell is as the market has it.

    Raises KeyError, TypeError or ValueError where the saved plan is not well formed.
    """
    if not saved["offered"]:
        return None
    market = prepared.market
    terms = read_further(saved.get("further_terms", {}), prepared.terms[plan], market, plan)
    caps, prices, told = list(terms.caps), list(terms.unit_prices), list(terms.prices_by_kind)
    for a, ai_model in enumerate(market.ai_models):
        allowance = saved["allowances"].get(ai_model)
        if isinstance(allowance, Mapping):
            limits = {window: float(cap) for window, cap in allowance.items()}
            caps[a] = tuple((w, limits[w]) for w in WINDOW_ORDER if w in limits)
        elif allowance == "unlimited":
            caps[a] = ()
        stated = market.plans[plan].unit_prices.get(ai_model)
        names = [] if stated is None else [f"{ai_model}.{k}" if k else ai_model for k in kinds(stated)]
        if stated is not None and all(name in saved["unit_prices"] for name in names):
            values = tuple(float(saved["unit_prices"][name]) for name in names)
            prices[a] = unit_price(market, ai_model, stated, values)
            if told and told[a] is not None:
                told[a] = values
    fee, ads = float(saved["price"]), float(saved.get("impressions", terms.impressions))
    return replace(
        terms, price=fee, caps=tuple(caps), unit_prices=tuple(prices), prices_by_kind=tuple(told), impressions=ads
    )


def read_menu(result: Mapping[str, Any], prepared: Prepared) -> Menu:
    """The menu of :func:`menu_document` or of a saved result.

    Raises KeyError, TypeError or ValueError where it is not well formed.
    """
    terms = {plan.name: read_level(result["menu"][plan.name], plan.name, prepared) for plan in prepared.plans}
    budget = result["mix"].get("budget")
    return Menu(terms, float(result["mix"]["enterprise_share"]), None if budget is None else float(budget))


def text(allowances: dict[str, Any]) -> str:
    """Allowances in one line."""
    return "; ".join(
        f"{model}: {value}"
        if isinstance(value, str)
        else f"{model}: " + ", ".join(f"{cap:g}/{w}" for w, cap in value.items())
        for model, value in allowances.items()
    )
