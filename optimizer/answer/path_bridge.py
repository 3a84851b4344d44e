"""How the margin of a path moves from quarter to quarter, part by part."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.answer.path import PathSolution
from optimizer.economics.bridge import customers_and_price
from optimizer.economics.figures import TOTAL, Selection
from optimizer.market.evaluate import Evaluation
from optimizer.typing import Array

QUARTER = 3
"""Months."""
COSTS_OF_REVENUE = {
    "serving": "serving_cost", "payment": "payment_cost", "other cost of revenue": "other_cost_of_revenue",
}  # fmt: skip
FURTHER_COSTS = {"support": "support_cost", "plans": "plan_cost", "go-to-market": "marketing_cost"}
REVENUE_PARTS = ("number of customers", "revenue per customer")
PARTS = (*REVENUE_PARTS, *COSTS_OF_REVENUE, *FURTHER_COSTS)
"""The first five add up to the change of the gross margin, all to that of the contribution margin."""


@dataclass(frozen=True)
class BridgeStep:
    """A quarter of a path against the one before, the first against today: means of its months, usd/month."""

    first_month: int
    """From 1; 0 with ``last_month`` 0: today."""
    last_month: int
    added: Mapping[str, float]
    """By part, what it adds to the margin since the step before; empty for today. See ``PARTS``."""
    revenue: float
    gross_margin: float
    contribution_margin: float
    gross_margin_rate: float
    """Of the quarter's sums."""

    @property
    def change(self) -> float:
        """Of the contribution margin."""
        return sum(self.added.values())

    @property
    def label(self) -> str:
        """Its months in words."""
        if not self.last_month:
            return "today"
        first, last = self.first_month, self.last_month
        return f"{first}" if first == last else f"{first} to {last}"


def margin_bridge(solution: PathSolution) -> tuple[BridgeStep, ...]:
    """Today, and every quarter of the horizon; the last may be shorter."""
    spans = [
        (first, min(first + QUARTER, solution.timeline.months + 1) - 1)
        for first in range(1, solution.timeline.months + 1, QUARTER)
    ]
    periods = [[solution.today], *(solution.path[first - 1 : last] for first, last in spans)]
    totals = {name: _means(periods, name) for name in ("gross_margin", "contribution_margin", "revenue")}
    parts = _parts(solution, periods)
    sold, gross, contribution = (totals[name].tolist() for name in ("revenue", "gross_margin", "contribution_margin"))
    added: list[dict[str, float]] = [{}]
    added += [{name: float(own[k]) for name, own in parts.items()} for k in range(len(spans))]
    return tuple(
        BridgeStep(*span, added[k], sold[k], gross[k], contribution[k], gross[k] / sold[k] if sold[k] else 0.0)
        for k, span in enumerate([(0, 0), *spans])
    )


def _parts(solution: PathSolution, periods: Sequence[Sequence[Evaluation]]) -> dict[str, Array]:
    """By part, (T,) what it adds to the margin from period to period."""
    plans = [Selection(plan) for plan in solution.timeline.m.choices.plans]
    customers, revenue = (
        np.stack([_means(periods, name, of) for of in plans], axis=1) for name in ("customers", "revenue")
    )
    by_revenue = [own.sum(axis=1) for own in customers_and_price(customers, revenue)]
    costs = {part: 0.0 - np.diff(_means(periods, name)) for part, name in {**COSTS_OF_REVENUE, **FURTHER_COSTS}.items()}
    return {**dict(zip(REVENUE_PARTS, by_revenue, strict=True)), **costs}


def _means(periods: Sequence[Sequence[Evaluation]], name: str, of: Selection = TOTAL) -> Array:
    """(T+1,) of a figure, by period."""
    return np.array([np.mean([month.figure(name, of) for month in period]) for period in periods])


def parts_in_use(steps: Sequence[BridgeStep]) -> tuple[str, ...]:
    """The parts that move in any quarter."""
    return tuple(name for name in PARTS if any(step.added.get(name, 0.0) for step in steps))


def bridge_document(steps: Sequence[BridgeStep]) -> dict[str, object]:
    """The same as plain data."""
    return {
        "unit": "usd/month",
        "today": _levels(steps[0]),
        "quarters": [
            {"first_month": step.first_month, "last_month": step.last_month, "added": dict(step.added), **_levels(step)}
            for step in itertools.islice(steps, 1, None)
        ],
    }  # fmt: skip


def _levels(step: BridgeStep) -> dict[str, float]:
    names = ("revenue", "gross_margin", "contribution_margin", "gross_margin_rate")
    return {name: getattr(step, name) for name in names}
