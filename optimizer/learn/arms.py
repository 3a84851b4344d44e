"""Tests of a company that does not exist: arms of prices and limits, who saw them, and what they then did.

Every plan with a fee or unit prices is offered cheaper and dearer, plans without a fee with a tighter cap: to visitors
of the plan's channel, the tighter cap also to the plan's customers. All arms stand against one control.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer.economics import trials
from optimizer.inputs.moved import with_values
from optimizer.market.check import quantities
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.market.prepare import terms_of
from optimizer.typing import Array

SIGN_UP = 0.3
"""Share of those who see an arm of a test who decide at all."""
PRICES = {"cheaper": 0.75, "dearer": 1.25}
"""Price of a tested plan against its own, by arm."""
TIGHTER = 0.5
"""Cap of the free plan against its own."""
MONTHS = 1.0
"""How long a test is watched."""
COLUMNS = ("arm", "segment", "exposed", "eligible", "changes", "plan", "chosen", "months")

Rows = Iterator[tuple[Any, ...]]


@dataclass(frozen=True)
class Arm:
    """A variant that visitors are shown: the menu of today with one number changed, or as it is."""

    name: str
    changes: str
    at: Evaluation
    channels: tuple[str, ...]
    """Whose visitors see it."""
    holders: tuple[str, ...] = ()
    """Plans whose customers are shown it, too."""


def arms_of(today: Evaluation) -> tuple[Arm, ...]:
    """The arms of all tests, the control first; none where no plan can be tested."""
    prepared, found = today.prepared, []
    for plan in today.plans:
        price, channel = prepared.terms[plan].price, (prepared.market.plans[plan].channel,)
        priced = {f"plans.{plan}.price": price} if price > 0.0 else _unit_prices(today, plan)
        for name, factor in PRICES.items() if priced else ():
            changes, at = _changed(today, plan, {path: _rounded(x * factor) for path, x in priced.items()})
            found.append(Arm(f"{plan} {name}", changes, at, channel))
        cap = None if price > 0.0 else _largest_cap(today, plan)
        if cap is not None:
            changes, at = _changed(today, plan, dict([cap]))
            found.append(Arm(f"{plan} tighter", changes, at, channel, (plan,)))
    shown = tuple(dict.fromkeys(channel for arm in found for channel in arm.channels))
    held = dict.fromkeys(plan for arm in found for plan in arm.holders)
    return (Arm("control", "", today, shown, tuple(held)), *found)


def _unit_prices(today: Evaluation, plan: str) -> dict[str, float]:
    """What a plan asks by use, by path."""
    market, start = today.prepared.market, f"plans.{plan}.unit_prices."
    return {path: q.value for path, q in quantities(market).items() if path.startswith(start) and q.value > 0.0}


def _rounded(price: float) -> float:
    """To cents; prices of less than a unit to three digits."""
    return round(price, 2) if price >= 1.0 else float(f"{price:.3g}")


def _largest_cap(today: Evaluation, plan: str) -> tuple[str, float] | None:
    """A plan's largest cap as a number of its offer, and its value in the test; None where none can be tightened."""
    prepared = today.prepared
    caps = [
        (cap, f"plans.{plan}.allowances.{name}.{window}")
        for name, of_model in zip(prepared.ai_models.names, prepared.terms[plan].caps, strict=True)
        for window, cap in of_model or ()
    ]
    cap, path = max(caps, default=(0.0, ""))
    return (path, float(int(cap * TIGHTER))) if cap > 1.0 else None


def _changed(today: Evaluation, plan: str, values: Mapping[str, float]) -> tuple[str, Evaluation]:
    """Changes as the table states them, and what the menu does with them; constants stay as they are."""
    prepared = today.prepared
    market = with_values(prepared.market, values)
    menu = {**prepared.today_menu(), plan: terms_of(market, market.plans[plan])}
    return " ".join(f"{path}={value:g}" for path, value in values.items()), evaluate_menu(prepared, menu)


def experiments(today: Evaluation, visitors: int, rng: np.random.Generator) -> Mapping[str, Any]:
    """The table of tests: so many visitors an arm and a channel, and as many customers of a plan that are shown it.

    Fewer where there are not so many.
    """
    rows = [row for arm in arms_of(today) for row in (*_new(arm, visitors, rng), *_holders(arm, today, visitors, rng))]
    return dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)) if rows else {c: [] for c in COLUMNS}


def _new(arm: Arm, visitors: int, rng: np.random.Generator) -> Rows:
    """Visitors of each channel's segments, as go-to-market reaches them, and what they took."""
    pop, market = arm.at.prepared.population, arm.at.prepared.market
    for channel in arm.channels:
        names = [s for s in pop.segments if market.segments[s].channel == channel]
        reached = {s: np.where(pop.segment == pop.segments.index(s), arm.at.base, 0.0) for s in names}
        for s, shown in _shared({s: float(r.sum()) for s, r in reached.items()}, visitors).items():
            p = [SIGN_UP * trials.taken(reached[s], again) for again in arm.at.again.T]
            yield from _told(arm, s, "new", shown, np.array(p), rng)


def _holders(arm: Arm, today: Evaluation, visitors: int, rng: np.random.Generator) -> Rows:
    """Customers of plans, and which plan they were on at the end."""
    e, pop = arm.at, today.prepared.population
    for holders in arm.holders:
        j = today.plans.index(holders)
        held = {s: np.where(pop.segment == k, today.customers[:, j], 0.0) for k, s in enumerate(pop.segments)}
        leaving, rate = e.leaving[:, j], e.decision_rates[:, j]
        for s, shown in _shared({s: float(h.sum()) for s, h in held.items()}, visitors).items():
            p = np.array([trials.gone_to(held[s], leaving, rate, again, MONTHS) for again in e.again.T])
            p[j] = trials.still_held(held[s], leaving, MONTHS)
            yield from _told(arm, s, holders, shown, p, rng)


def _shared(people: Mapping[str, float], visitors: int) -> dict[str, int]:
    """How many of each segment take part: in proportion, at most as many as there are."""
    total = sum(people.values())
    part = min(visitors / total, 1.0) if total > 0.0 else 0.0
    return {s: round(count * part) for s, count in people.items() if round(count * part) > 0}


def _told(arm: Arm, segment: str, eligible: str, shown: int, p: Array, rng: np.random.Generator) -> Rows:
    """Rows of those who were shown an arm: how many are on each plan that they could have."""
    chosen = rng.multinomial(shown, np.r_[p, max(1.0 - p.sum(), 0.0)])
    for plan, count, share in zip(arm.at.plans, chosen[:-1].tolist(), p.tolist(), strict=True):
        if share > 0.0:
            yield arm.name, segment, shown, eligible, arm.changes, plan, count, MONTHS
