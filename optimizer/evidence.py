"""Where an answer leaves the evidence: ends of ladders, far from today, plans nobody bought yet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from optimizer.economics.population import Terms
from optimizer.instance import Menu
from optimizer.levels import Choices, Level
from optimizer.prepare import unit_price_factor
from optimizer.results import PlanChoice
from optimizer.schema.market import Market

FAR = 2.0
"""Factor from today beyond which no evidence is claimed."""


def _settings(terms: Terms, market: Market) -> dict[str, float]:
    """Every number of a plan's terms by a readable name; no cap is infinite."""
    found = {"price": terms.price}
    for ai_model, caps in zip(market.ai_models, terms.caps, strict=True):
        for window, cap in caps or ():
            found[f"{ai_model} cap per {window}"] = cap
    for ai_model, price in zip(market.ai_models, terms.unit_prices, strict=True):
        if price is not None:
            found[f"{ai_model} unit price"] = price
    return found


def _notes(name: str, chosen: Terms, levels: Sequence[Level], today: Level, market: Market, sold: bool) -> list[str]:
    title = market.plans[name].title
    if not sold:
        return [
            f"{title}: never sold; its appeal is borrowed from {market.plans[name].analogue}. A test market would tell."
        ]
    mine = _settings(chosen, market)
    before = _settings(today, market) if today is not None else {}
    offered = [_settings(t, market) for t in levels if t is not None]
    notes = []
    for key, value in mine.items():
        ladder = sorted({s.get(key, math.inf) for s in offered})
        old = before.get(key, math.inf)
        if value == old:
            continue
        if len(ladder) > 1 and value in (ladder[0], ladder[-1]):
            end = "lowest" if value == ladder[0] else "highest"
            notes.append(
                f"{title}: {key} is the {end} step of its ladder; a longer ladder or a test would tell what lies beyond"
            )
        elif math.isfinite(old) and old > 0.0 and not old / FAR <= value <= old * FAR:
            notes.append(
                f"{title}: {key} is more than {FAR:g} times away from today's; a test on some customers would tell"
            )
    for key in before.keys() - mine.keys():
        notes.append(f"{title}: {key} is lifted altogether; no such plan was observed")
    return notes


def outside_evidence(
    choices: Choices,
    base: Market,
    changed: Market,
    today: Mapping[str, Level],
    terms: Mapping[str, Level],
    mix: float,
    today_mix: float,
) -> dict[str, tuple[str, ...]]:
    """Notes by plan (and ``mix``) on what no observation covers."""
    found: dict[str, tuple[str, ...]] = {}
    for name, levels in zip(choices.plans, choices.levels, strict=True):
        chosen, sold = terms[name], name in base.today.plans
        if chosen is None:
            notes = [f"{base.plans[name].title}: withdrawn; no market without it was observed"] if sold else []
        else:
            notes = _notes(name, chosen, levels, today[name], changed, sold)
        found[name] = tuple(notes)
    if len(choices.mixes) > 1 and mix != today_mix and mix in (min(choices.mixes), max(choices.mixes)):
        found["mix"] = (
            "Consumer/enterprise mix: the split is at the end of its ladder; the reach curves are not observed there",
        )
    return found


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
    menu: Menu,
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
