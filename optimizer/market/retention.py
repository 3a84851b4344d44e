"""How often customers decide anew, from how many of them are observed to stay.

A plan's rates are a level times a stated pattern by type, of which the largest is 1; so the level is the rate of those
who decide most often, and at most 1 a month. Customers of all plans and who would choose what follow from counts and
rates, so the levels are solved around the share inversion (``calibrate``); here they are solved for given stocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.economics import choice, decisions
from optimizer.errors import Finding
from optimizer.typing import Array

MONTHS = 12
"""Over which a cohort's retention is observed."""
TOLERANCE = 1e-12
NEWTON_STEPS = 100
STEP = 1e-6
"""Of the finite differences, in the log of a level."""


@dataclass(frozen=True)
class Staying:
    """How many customers of a plan sold today are observed to stay."""

    plan: str
    column: int
    """Among our plans sold today."""
    share: float
    """Observed: of a cohort after ``MONTHS``, or of the customers of a day after a month."""
    cohort: bool
    pattern: Array
    """(I,) rate of each type against that of the most frequent."""

    @property
    def path(self) -> str:
        return f"plans.{self.plan}.{'retention_12_months' if self.cohort else 'renewal_rate'}"

    @property
    def leaving(self) -> float:
        """Observed monthly rate of leaving."""
        return 1.0 - self.share ** (1.0 / MONTHS) if self.cohort else 1.0 - self.share

    def modelled(self, customers: Array, leaving: Array) -> float:
        """The same share as the model has it, of customers (I,) who leave at rates (I,)."""
        if self.cohort:
            return decisions.cohort_kept(customers, leaving, MONTHS)
        return 1.0 - float(customers @ leaving) / float(customers.sum())


@dataclass(frozen=True)
class Flows:
    """Who is where at some stocks, and who would come to what."""

    customers: Array
    """(I, J) of our plans sold today."""
    stocks: Array
    """(I, J)."""
    rates: Array
    """(I, J) monthly rates of deciding anew, of the plans that have one stated."""
    outside: Array
    """(I,) attraction of the alternatives, nothing included."""

    def leaving(self, observed: Sequence[Staying], levels: Array) -> Array:
        """(I, J) monthly rate of leaving each plan at levels (K,) of the observed plans."""
        rates = with_levels(self.rates, observed, levels)
        return decisions.leaving(rates, choice.chosen(rates * self.stocks, self.outside))


def with_levels(rates: Array, observed: Sequence[Staying], levels: Array) -> Array:
    """Rates (I, J) with those of the observed plans at levels (K,)."""
    found = rates.copy()
    for plan, level in zip(observed, levels, strict=True):
        found[:, plan.column] = level * plan.pattern
    return found


def lowest(observed: Sequence[Staying]) -> Array:
    """(K,) levels below which no plan loses as many as it does: nobody leaves without deciding anew."""
    return np.array([plan.leaving for plan in observed])


def errors(flows: Flows, observed: Sequence[Staying], levels: Array) -> Array:
    """(K,) ln of modelled by observed leaving."""
    leaving = flows.leaving(observed, levels)
    found = []
    for plan in observed:
        share = plan.modelled(flows.customers[:, plan.column], leaving[:, plan.column])
        gone = 1.0 - share ** (1.0 / MONTHS) if plan.cohort else 1.0 - share
        found.append(np.log(gone / plan.leaving))
    return np.array(found)


def solve_levels(flows: Flows, observed: Sequence[Staying], start: Array | None = None) -> Array:
    """(K,) levels at which as many leave as observed, stocks as they are; 1 where even that is too few.

    Newton's method in logs, from below or from where a step leads that starts above: leaving rises with every level
    and ever more slowly.
    """
    x = np.log(lowest(observed) if start is None else np.maximum(start, lowest(observed)))
    for _ in range(NEWTON_STEPS):
        error = errors(flows, observed, np.exp(x))
        free = (x < 0.0) | (error > 0.0)
        if not (np.abs(error[free]) > TOLERANCE).any():
            break
        sloped = [(errors(flows, observed, np.exp(x + STEP * unit)) - error) / STEP for unit in np.eye(len(x))[free]]
        slope = np.stack(sloped, axis=1)[free]
        move = -np.linalg.lstsq(slope, error[free], rcond=None)[0]
        x[free] = np.minimum(x[free] + np.clip(move, -1.0, 1.0), 0.0)
    return np.exp(x)


def too_many(
    flows: Flows, observed: Sequence[Staying], levels: Array, tolerance: float
) -> tuple[list[Finding], dict[str, float]]:
    """Plans that would keep more than observed even if all of some type decided anew every month; how many, by path."""
    leaving = flows.leaving(observed, levels)
    findings, kept = [], {}
    for plan, error in zip(observed, errors(flows, observed, levels), strict=True):
        if error < -tolerance:
            least = plan.modelled(flows.customers[:, plan.column], leaving[:, plan.column])
            after = f"after {MONTHS} months" if plan.cohort else "after a month"
            message = (
                f"{plan.share:.4g} is observed {after}, but {least:.4g} are there even if all decide anew every month: "
                "more would have to leave than come from everywhere else"
            )
            cure = f"state {least:.4g} or more, or leave it out and state plans.{plan.plan}.decision_rate"
            findings.append(Finding("calibration-retention", "error", "", None, f"today.{plan.path}", message, cure))
            kept[f"today.{plan.path}"] = least
    return findings, kept
