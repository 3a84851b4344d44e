"""Requests per customer as observed today, beside what the calibrated market has them be."""

from __future__ import annotations

from optimizer.economics.figures import Selection
from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.market.evaluate import Evaluation
from optimizer.market.measured import Measured

FIGURE = "requests_per_customer"


def compared_usage(today: Evaluation, document: Document) -> tuple[list[Finding], list[Measured]]:
    """Warnings where the model's use differs by more than the tolerance, and all comparisons."""
    stated = today.prepared.market.today.usage
    if stated is None:
        return [], []
    found, rows = [], []
    parts = [(f"plans.{p}", Selection(plan=p), q.value) for p, q in stated.plans.items()]
    parts += [(f"segments.{s}", Selection(segment=s), q.value) for s, q in stated.segments.items()]
    for path, part, wanted in parts:
        value, room = today.figure(FIGURE, part), stated.tolerance * wanted
        rows.append(Measured(FIGURE, part.label, value, wanted - room, wanted + room, False))
        if not rows[-1].passed:
            message = (
                f"customers of {part.label} use {value:,.4g} requests a month here, observed are {wanted:,.4g} "
                f"({abs(value - wanted) / wanted:.0%} off)"
            )
            cure = "correct requests, sigma or caps of who uses it, or the tolerance"
            found.append(document.finding("usage", f"today.usage.{path}", message, cure, "warning"))
    return found, rows
