"""Where an answer leaves the evidence: ends of ladders, far from today, plans nobody bought yet."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from optimizer.economics.population import Terms
from optimizer.model.choices import Choices, Level, Menu
from optimizer.schema.market import Market
from optimizer.units import same

FAR = 2.0
"""Factor from today beyond which no evidence is claimed."""


def _settings(terms: Terms, market: Market, name: str) -> dict[str, float]:
    """Every number of a plan's terms by a readable name; no cap is infinite."""
    found = {"price": terms.price, "impressions a request": terms.impressions}
    for ai_model, caps in zip(market.ai_models, terms.caps, strict=True):
        for window, cap in caps or ():
            found[f"{ai_model} cap per {window}"] = cap
    for ai_model, price in zip(market.ai_models, terms.unit_prices, strict=True):
        if price is not None:
            found[f"{ai_model} unit price"] = price
    if market.plans[name].annual_share is not None and terms.annual_discount is not None:
        found["discount by the year"] = terms.annual_discount
    if market.plans[name].credits is not None or terms.credits:
        found["credits"] = terms.credits
    segments = list(market.segments)
    return found | {f"price for {segments[k]}": price for k, price in terms.regional}


def _notes(name: str, chosen: Terms, levels: Sequence[Level], today: Level, market: Market, sold: bool) -> list[str]:
    title = market.plans[name].title
    if not sold:
        return [
            f"{title}: never sold; its appeal is borrowed from {market.plans[name].analogue}. A test market would tell."
        ]
    mine = _settings(chosen, market, name)
    before = _settings(today, market, name) if today is not None else {}
    offered = [_settings(t, market, name) for t in levels if t is not None]
    notes = []
    for key, value in mine.items():
        ladder = sorted({s.get(key, math.inf) for s in offered})
        old = before.get(key, math.inf)
        if same(value, old):
            continue
        if len(ladder) > 1 and (same(value, ladder[0]) or same(value, ladder[-1])):
            end = "lowest" if same(value, ladder[0]) else "highest"
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
    choices: Choices, base: Market, changed: Market, today: Menu, chosen: Menu
) -> dict[str, tuple[str, ...]]:
    """Notes by plan (and ``mix``) on what no observation covers."""
    found: dict[str, tuple[str, ...]] = {}
    for name, levels in zip(choices.plans, choices.levels, strict=True):
        terms, sold = chosen.terms[name], name in base.today.plans
        if terms is None:
            notes = [f"{base.plans[name].title}: withdrawn; no market without it was observed"] if sold else []
        else:
            notes = _notes(name, terms, levels, today.terms[name], changed, sold)
        found[name] = tuple(notes)
    if told := tuple(_mix_notes(choices, today, chosen)):
        found["mix"] = told
    return found


def _mix_notes(choices: Choices, today: Menu, chosen: Menu) -> Iterator[str]:
    """Where the split or the size of the go-to-market budget leaves what the reach curves were observed at."""
    beyond = "is at the end of its ladder; the reach curves are not observed there"
    mix, mixes = chosen.enterprise_share, choices.mixes
    if len(set(mixes)) > 1 and not same(mix, today.enterprise_share) and mix in (min(mixes), max(mixes)):
        yield f"Consumer/enterprise mix: the split {beyond}"
    budget, budgets, before = chosen.budget, choices.budgets, today.budget
    if budget is None or before is None or same(budget, before):
        return
    if len(set(budgets)) > 1 and budget in (min(budgets), max(budgets)):
        yield f"Go-to-market budget: its size {beyond}"
    elif not before / FAR <= budget <= before * FAR:
        yield f"Go-to-market budget: its size is more than {FAR:g} times away from today's"
