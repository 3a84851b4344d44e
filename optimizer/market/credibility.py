"""Not believing the calibration too far: checks that a market must pass before its answers are shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimizer.economics.figures import Selection, unit_of
from optimizer.economics.population import Terms
from optimizer.economics.response import PerCustomer, per_customer
from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.market.calibrate import Calibrated
from optimizer.market.evaluate import Evaluation
from optimizer.market.measured import Measured
from optimizer.market.observed_usage import compared_usage
from optimizer.schema.market import Evidence, TodayPlan
from optimizer.typing import Array
from optimizer.units import convert

STEP = 0.01
"""Relative price step of the numerical elasticities."""
HALF = 0.5
GIVEN_BACK = 1e-6
"""Relative difference at which retention and renewal count as given back."""
FAR_UTILITY = 9.0
"""Attractions beyond e^9 against the alternatives are not handed to the solver."""


def scaled(terms: Terms, factor: float) -> Terms:
    """All prices of a plan times a factor: the fee, and unit prices where there is no fee."""
    if terms.price > 0.0:
        return replace(terms, price=terms.price * factor)
    return terms.with_unit_prices(tuple(None if p is None else p * factor for p in terms.unit_prices))


def own_price_elasticity(today: Evaluation, plan: str) -> float:
    """d ln quantity / d ln price at today's menu: customers for a fee, requests for a metered plan."""
    terms = today.prepared.terms[plan]
    what = "customers" if terms.price > 0.0 else "requests"
    down, up = (
        today.with_terms(plan, scaled(terms, f)).figure(what, Selection(plan=plan)) for f in (1.0 - STEP, 1.0 + STEP)
    )
    return math.log(up / down) / math.log((1.0 + STEP) / (1.0 - STEP))


def metered_elasticity(plan: str, today: Evaluation, amount: Callable[[PerCustomer], Array]) -> float:
    """d ln amount / d ln unit prices with customers as they are today; :func:`own_price_elasticity` has those gained
    and lost in the long run, too. Of revenue less 1 it is that of use weighted by revenue."""
    prepared = today.prepared
    facts, terms = prepared.plans[prepared.plan_index(plan)], prepared.terms[plan]
    held = today.customers[:, today.plans.index(plan)]

    def at(factor: float) -> float:
        moved = terms.with_unit_prices(tuple(None if p is None else p * factor for p in terms.unit_prices))
        per = per_customer(prepared.population, prepared.ai_models, prepared.pools, facts, moved)
        return float(held @ amount(per))

    down, up = at(1.0 - STEP), at(1.0 + STEP)
    return math.log(up / down) / math.log((1.0 + STEP) / (1.0 - STEP)) if down > 0.0 and up > 0.0 else math.nan


def diversion_to_paid(plan: str, today: Evaluation) -> float:
    """Of those who leave a plan when its caps are halved, the share that goes to our paid plans."""
    terms = today.prepared.terms[plan]
    caps = tuple(None if c is None else tuple((w, a * HALF) for w, a in c) for c in terms.caps)
    tight = today.with_terms(plan, replace(terms, caps=caps))
    lost = today.figure("customers", Selection(plan=plan)) - tight.figure("customers", Selection(plan=plan))
    gained = tight.figure("paying_customers") - today.figure("paying_customers")
    return gained / lost if lost > 0.0 else 0.0


def heavy_user_loss_share(today: Evaluation, plan: str) -> float:
    """Share of a plan's customers whose serving costs more than they bring."""
    j = today.plans.index(plan)
    per, held = today.per[j], today.customers[:, j]
    return float(held[per.serving > per.revenue].sum() / held.sum())


def measured(today: Evaluation, only_blocking: bool = False) -> list[Measured]:
    """Every check of the market's evidence, measured from today's menu in the calibrated market."""

    def value(check: Evidence) -> float:
        if check.check == "own_price_elasticity":
            return own_price_elasticity(today, check.plan)
        if check.check == "metered_elasticity_requests":
            return metered_elasticity(check.plan, today, lambda per: per.requests)
        if check.check == "metered_elasticity_revenue":
            return metered_elasticity(check.plan, today, lambda per: per.metered) - 1.0
        if check.check == "diversion_to_paid":
            return diversion_to_paid(check.plan, today)
        if check.check == "heavy_user_loss_share":
            return heavy_user_loss_share(today, check.plan)
        return today.figure(check.check, Selection(plan=check.plan))

    return [
        Measured(e.check, e.plan, value(e), e.low, e.high, e.blocks)
        for e in today.prepared.market.evidence
        if e.plan in today.plans and (e.blocks or not only_blocking)
    ]


def reported(today: Evaluation) -> list[Measured]:
    """Every figure that the company reported, as today's menu gives it back in the calibrated market."""
    rows = []
    for stated in today.prepared.market.today.observed:
        selection = Selection(stated.plan, None, (stated.channel,) if stated.channel else None)
        wanted = stated.value.value * convert(1.0, stated.value.unit, unit_of(stated.figure))
        room = stated.tolerance * abs(wanted)
        value = today.figure(stated.figure, selection)
        rows.append(Measured(stated.figure, selection.label, value, wanted - room, wanted + room, True))
    return rows


def staying(today: Evaluation) -> list[Measured]:
    """Observed retention and renewal of plans, as today's menu gives them back in the calibrated market."""
    rows = []
    for name, stated in today.prepared.market.today.plans.items():
        part = Selection(plan=name)
        if stated.retention_12_months is not None:
            rows.append(_given_back("retention_12_months", part, today.figure("retention_12_months", part), stated))
        if stated.renewal_rate is not None:
            rows.append(_given_back("renewal_rate", part, 1.0 - today.figure("leave_rate", part), stated))
    return rows


def _given_back(check: str, part: Selection, value: float, stated: TodayPlan) -> Measured:
    wanted = float(getattr(stated, check).value)
    return Measured(check, part.label, value, wanted * (1.0 - GIVEN_BACK), wanted * (1.0 + GIVEN_BACK), True)


def credibility(
    calibrated: Calibrated, today: Evaluation, document: Document
) -> tuple[list[Finding], tuple[Measured, ...]]:
    """Reported figures that are not given back, checks that fail, counts that shrinkage left off; and all checks.

    ``today`` is today's menu in the calibrated market.
    """
    stated, checks = reported(today), measured(today)
    found: list[Finding] = []
    for index, row in enumerate(stated):
        if not row.passed:
            wanted = 0.5 * (row.low + row.high)
            off = abs(row.value - wanted) / max(abs(wanted), 1e-300)
            found.append(
                document.finding(
                    "observed",
                    f"today.observed.{index}",
                    f"{row.check} of {row.of} comes out at {row.value:,.6g}, reported are {wanted:,.6g} ({off:.1%} off)"
                    f"{_unit_hint(row.value, wanted)}",
                    "correct the inputs, or the tolerance",
                )
            )
    for index, check in enumerate(checks):
        if not check.passed:
            found.append(
                document.finding(
                    "credibility",
                    f"evidence.{index}",
                    f"{check.check} of {check.of} comes out at {check.value:.3g}, "
                    f"outside {check.low:g} to {check.high:g}",
                    "correct the inputs, or the range if there is evidence for it",
                    "error" if check.blocks else "warning",
                )
            )
    for left in calibrated.residuals:
        off = abs(left.modelled - left.observed) / left.observed
        if off > today.prepared.market.today.segment_tolerance:
            path = f"today.plans.{left.plan}.by_segment.{left.segment}"
            found.append(
                document.finding(
                    "residual",
                    path,
                    f"the model gives {left.modelled:,.0f}, observed are {left.observed:,.0f}",
                    "set own_constants: true, a smaller shrinkage, or a larger segment_tolerance",
                )
            )
    usage_doubts, usages = compared_usage(today, document)
    return [*found, *usage_doubts, *_far(today, document)], (*stated, *staying(today), *usages, *checks)


def _unit_hint(value: float, wanted: float) -> str:
    """A word on a difference that looks like a wrong unit."""
    if value <= 0.0 or wanted <= 0.0:
        return ""
    ratio = max(value / wanted, wanted / value)
    for factor, words in (
        (12.0, "a year taken for a month"),
        (100.0, "a percentage"),
        (1e3, "thousands"),
        (1e6, "millions"),
    ):
        if abs(math.log(ratio / factor)) < 0.1:
            return f"; a factor of about {factor:g} looks like {words}"
    return ""


def _far(today: Evaluation, document: Document) -> list[Finding]:
    """Plans so attractive to some type that the program is not safe to hand to a solver."""
    found = []
    for j, name in enumerate(today.plans):
        weight = today.weights[:, j]
        largest = float(np.log(max(weight.max(), 1e-300)))
        if largest > FAR_UTILITY:
            share = float(today.customers[:, j][weight > math.exp(FAR_UTILITY)].sum() / today.customers.sum())
            found.append(
                document.finding(
                    "far-utility",
                    f"plans.{name}",
                    f"utility against the alternatives reaches {largest:.1f} for some ({share:.1%} of all customers)",
                    "such levels are settled by bounds and enumeration; give rivals the same value of use",
                    "warning",
                )
            )
    return found
