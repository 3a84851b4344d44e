"""Where the customers go whom a dearer plan loses, and how much is lost: what a choice model is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimizer.economics.figures import Selection
from optimizer.market.credibility import own_price_elasticity, scaled
from optimizer.market.evaluate import Evaluation

RISE = 0.1
"""Relative price rise at which diversion is told."""


@dataclass(frozen=True)
class Diversion:
    """What happens to one plan's customers when its prices rise, nothing else changing, in the long run."""

    plan: str
    rise: float
    """Relative."""
    lost: float
    """Share of its customers that it loses."""
    elasticity: float
    """Own-price elasticity at today's prices: of customers for a fee, of requests for a metered plan."""
    to: Mapping[str, float]
    """Destination (our plans, the alternatives, ``nothing``) -> share of those lost; adds up to 1."""


def diversion(today: Evaluation, plan: str) -> Diversion | None:
    """Of a plan on today's menu; None where a rise loses nobody, as of a plan without a price."""
    terms = today.prepared.terms[plan]
    dearer = scaled(terms, 1.0 + RISE)
    if dearer == terms:
        return None
    before, now = _whereabouts(today), _whereabouts(today.with_terms(plan, dearer))
    lost = before[plan] - now[plan]
    if not lost > 0.0:
        return None
    to = {name: (now[name] - before[name]) / lost for name in before if name != plan}
    return Diversion(plan, RISE, lost / before[plan], own_price_elasticity(today, plan), to)


def diversions(today: Evaluation) -> list[Diversion]:
    """Of every plan on today's menu that has a price."""
    found = (diversion(today, plan) for plan in today.plans)
    return [d for d in found if d is not None]


def _whereabouts(evaluation: Evaluation) -> dict[str, float]:
    """How many of all who could be customers are where."""
    prepared = evaluation.prepared
    ours = {plan: evaluation.figure("customers", Selection(plan=plan)) for plan in evaluation.plans}
    elsewhere = evaluation.elsewhere
    names = [*(a.name for a in prepared.alternatives), "nothing"]
    shares = np.asarray(prepared.alternative_share * elsewhere[:, None]).sum(axis=0)
    return {**ours, **{name: float(people) for name, people in zip(names, shares, strict=True)}}
