"""The chosen menu for readers, plan by plan."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optimizer.market.prepare import unit_price_factor
from optimizer.model.choices import Level
from optimizer.schema.market import Market
from optimizer.typing import LevelIndices


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
    """AI model -> unit price in the market's own unit."""
    unit_price_units: dict[str, str]
    today_unit_prices: dict[str, float]
    today_price: float | None
    today_allowances: dict[str, Any]
    today_offered: bool
    level: int
    """Index of the level among those that the case allows."""
    notes: tuple[str, ...]
    """What is outside the evidence."""


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


def unit_prices(terms: Level, market: Market, units: Mapping[str, str]) -> dict[str, float]:
    """AI model -> unit price in the unit that the market states."""
    if terms is None:
        return {}
    return {
        ai_model: float(f"{price / unit_price_factor(market, ai_model, units[ai_model]):.12g}")
        for ai_model, price in zip(market.ai_models, terms.unit_prices, strict=True)
        if price is not None and ai_model in units
    }


def plan_choices(
    base: Market,
    changed: Market,
    today: Mapping[str, Level],
    terms: Mapping[str, Level],
    menu: LevelIndices,
    notes: Mapping[str, tuple[str, ...]],
) -> tuple[PlanChoice, ...]:
    """The menu for readers, plan by plan."""
    rows = []
    for (name, plan), level in zip(changed.plans.items(), menu, strict=True):
        chosen, before = terms[name], today[name]
        units = {a: q.unit for a, q in plan.unit_prices.items()}
        rows.append(
            PlanChoice(
                plan=name,
                title=plan.title,
                offered=chosen is not None,
                price=None if chosen is None else chosen.price,
                allowances=allowances(chosen, changed),
                unit_prices=unit_prices(chosen, changed, units),
                today_unit_prices=unit_prices(before, base, units),
                unit_price_units=units,
                today_price=None if before is None else before.price,
                today_allowances=allowances(before, base),
                today_offered=before is not None,
                level=level,
                notes=notes.get(name, ()),
            )
        )
    return tuple(rows)


def text(allowances: dict[str, Any]) -> str:
    """Allowances in one line."""
    return "; ".join(
        f"{model}: {value}"
        if isinstance(value, str)
        else f"{model}: " + ", ".join(f"{cap:g}/{w}" for w, cap in value.items())
        for model, value in allowances.items()
    )
