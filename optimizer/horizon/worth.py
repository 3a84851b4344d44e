"""What a customer is worth along a path: against the same person with the alternatives, by where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.economics.figures import Selection
from optimizer.horizon.instance import Horizon
from optimizer.horizon.of_case import PosedPath, posed
from optimizer.horizon.timeline import Timeline
from optimizer.horizon.values import customer_values
from optimizer.typing import Array, Ints

SIGNED = {
    "revenue": 1.0, "advertising_revenue": 0.0, "serving_cost": -1.0, "payment_cost": -1.0,
    "other_cost_of_revenue": -1.0, "support_cost": -1.0,
}  # fmt: skip
"""Streams of a contribution, and how they count; revenue holds advertising, which is told apart."""


ROUNDING = 1e-12
"""Share of the parts of a worth below which what is left of it is rounding."""


@dataclass(frozen=True)
class CustomerWorth:
    """What a customer of today is worth, usd discounted to today, more than the same person with the alternatives."""

    plan: str
    segment: str | None
    """None: all of the plan's customers."""
    customers: float
    """Today."""
    value: float
    fees: float
    """Fees and metered use while on the plan."""
    advertising: float
    cost: float
    """Of serving, payment and support while on the plan; below 0."""
    later: float
    """Contribution on other plans of ours, later."""


def customer_worth(timeline: Timeline, levels: Sequence[Sequence[int]]) -> tuple[CustomerWorth, ...]:
    """Of every plan with customers today, and of its segments. GPU hours count at their pools' prices.

    Source: the adjoint of the path, see ``values.customer_values``.
    """
    m = timeline.m
    everything = Selection(
        channels=("consumer", "enterprise", "api")
    )  # a part, so that no reserved GPUs are shared out
    arrays = posed(timeline, tuple((name, everything) for name in SIGNED))
    path, size = arrays.path(levels), m.prepared.population.size
    horizon = replace(arrays.horizon, weight=_weight(arrays, SIGNED))
    every = _before(horizon, path)[:, :size]
    found: list[CustomerWorth] = []
    for j, name in enumerate(m.choices.plans):
        held = timeline.start[j + 1]
        if held.sum() > 0.0:
            own = _own(arrays, path, j + 1, size)
            found += _told(timeline, name, held, every[j + 1] - every[0], own)
    return tuple(found)


def _weight(arrays: PosedPath, signed: dict[str, float]) -> Array:
    discount = arrays.timeline.discount
    placed = [(k, signed[s.name] * discount) for k, s in enumerate(arrays.streams) if signed.get(s.name)]
    return arrays.weight(placed)


def _own(arrays: PosedPath, path: Ints, row: int, size: int) -> dict[str, Array]:
    """(I,) by part, of someone on a plan less of someone with the alternatives, from what the plan itself brings."""
    kept = np.where(arrays.horizon.entry_row == row, 1.0, 0.0)[:, None]
    alone = replace(arrays.horizon, reward=arrays.horizon.reward * kept)
    parts = {
        "fees": {"revenue": 1.0, "advertising_revenue": -1.0},
        "advertising": {"advertising_revenue": 1.0},
        "cost": {name: sign for name, sign in SIGNED.items() if sign < 0.0},
    }
    found = {}
    for name, signed in parts.items():
        own = _priced(alone, _weight(arrays, signed))
        after = _before(own, path)[:, :size]
        found[name] = after[row] - after[0]
    return found


def _before(horizon: Horizon, path: Ints) -> Array:
    """(J+1, I) value of today's customers before the first month, on the terms that they are on."""
    found = customer_values(horizon, path)
    if found.on_terms is None or horizon.today is None:
        return np.asarray(found.after[0])
    return np.concatenate([found.after[0][:1], found.on_terms[0, horizon.entries(horizon.today)]])


def _priced(horizon: Horizon, weight: Array) -> Horizon:
    return replace(horizon, weight=weight)


def _told(timeline: Timeline, plan: str, held: Array, value: Array, own: dict[str, Array]) -> list[CustomerWorth]:
    """Of all customers of a plan, and of each segment's where there are several."""
    pop = timeline.m.prepared.population
    masks = [(None, held)]
    segments = [(s, np.where(pop.segment == k, held, 0.0)) for k, s in enumerate(pop.segments)]
    taken = [(s, part) for s, part in segments if part.sum() > 0.0]
    rows = []
    for segment, part in [*masks, *(taken if len(taken) > 1 else [])]:
        share = part / part.sum()
        parts = {name: float(share @ of) for name, of in own.items()}
        whole = float(share @ value)
        later = whole - sum(parts.values())
        size = sum(abs(own) for own in parts.values())
        later = 0.0 if abs(later) < ROUNDING * size else later
        rows.append(CustomerWorth(plan, segment, float(part.sum()), whole, **parts, later=later))
    return rows
