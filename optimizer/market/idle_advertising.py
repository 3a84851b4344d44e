"""Advertising that nobody sees, nobody pays for, or nobody minds."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.errors import Finding
from optimizer.inputs.load import Inputs
from optimizer.io.documents import Document
from optimizer.schema.case import PlanLadders


def idle_advertising(inputs: Inputs) -> Iterator[Finding]:
    """Warnings about advertising that comes to nothing, or that costs its plan nothing."""
    market = inputs.changed
    for name in market.plans:
        yield from _plan(inputs, name)
    if not any(p.impressions is not None or p.advertising_price is not None for p in market.plans.values()):
        yield from _unused(inputs)


def _plan(inputs: Inputs, name: str) -> Iterator[Finding]:
    """What a plan shows, or may show, that nobody pays for or minds; a price for nothing."""
    market, plan, path = inputs.changed, inputs.changed.plans[name], f"plans.{name}"
    ladder = inputs.case.plans.get(name, PlanLadders()).impressions
    if plan.advertising_price is not None and plan.impressions is None and ladder is None:
        message, cure = "nothing is shown that it is paid for", "state impressions, 0 where there are none today"
        yield _idle(inputs.market_document, f"{path}.advertising_price", message, cure)
    given = 0.0 if plan.impressions is None else plan.impressions.value
    if not any((*(ladder or ()), given)):
        return
    document = inputs.case_document if ladder else inputs.market_document
    if plan.advertising_price is None:
        message, cure = "nobody pays for what is shown", "state the plan's advertising_price in the market"
        yield _idle(document, f"{path}.impressions", message, cure)
    minded = [plan.impression_disutility, *(market.segments[s].impression_disutility for s in plan.segments)]
    if not any(q is not None and q.value > 0.0 for q in minded):
        message = "customers do not mind what is shown, so more of it is always better"
        cure = "state impression_disutility of the plan or of its segments"
        yield _idle(document, f"{path}.impressions", message, cure)


def _unused(inputs: Inputs) -> Iterator[Finding]:
    """What is stated of advertising in a market whose plans show none."""
    market, found = inputs.changed, list[str]()
    found += [f"ai_models.{n}.impressions" for n, m in market.ai_models.items() if m.impressions]
    found += [f"segments.{n}.impression_disutility" for n, s in market.segments.items() if s.impression_disutility]
    found += [f"plans.{n}.impression_disutility" for n, p in market.plans.items() if p.impression_disutility]
    for path in found:
        cure = "state impressions of a plan, or remove it"
        yield _idle(inputs.market_document, path, "no plan shows advertising", cure)


def _idle(document: Document, path: str, message: str, cure: str) -> Finding:
    return document.finding("no-effect", path, message, cure, "warning")
