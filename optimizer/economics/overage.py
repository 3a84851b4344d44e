"""What a customer buys beyond the allowance, and in which order: the cap, credits, overage, the fallback."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.economics import usage
from optimizer.economics.population import Terms
from optimizer.typing import Array


@dataclass(frozen=True)
class Spent:
    """Use with what is bought; arrays over the customers that were asked about, (N,) unless stated."""

    by_model: Array
    """(N, A) requests a month served by each AI model."""
    refused: Array
    """(N, A) requests a month that nothing serves."""
    satisfied: Array
    """Quality-weighted requests a month."""
    metered: Array
    """usd/month paid beyond the credits."""


@dataclass(frozen=True)
class _Sold:
    """Requests of an AI model that may be bought at a price."""

    ai_model: int
    price: float
    gain: float
    """Quality that one bought request adds."""
    replaces: bool
    """Whether the fallback would serve it otherwise."""


def _sold(terms: Terms, quality: Array) -> list[_Sold]:
    """What can be bought, most quality per usd first."""
    found = []
    for a, price in enumerate(terms.unit_prices):
        if price is None:
            continue
        found.append(_Sold(a, price, float(quality[a]), replaces=False))
        if terms.fallback not in (None, a):
            better = float(quality[a] - quality[terms.fallback])
            if better > 0.0:
                found.append(_Sold(a, price, better, replaces=True))
    return sorted(found, key=lambda s: -s.gain / max(s.price, 1e-300))


def spend(
    inside: tuple[Array, Array, Array],
    quality: Array,
    terms: Terms,
    value_of_use: Array,
    price_coefficient: Array,
) -> Spent:
    """What is bought of what the caps refuse, the best value for money first.

    ``inside``: (N, A) requests served inside the caps (fallback included), refused, and served by the fallback.

    What nothing serves gains q a request, what the fallback would serve q - q of the fallback: overage takes its place
    where that gain is worth the price, and the fallback serves the rest. Credits pay first, at the unit prices; beyond
    them each purchase is the one that maximises utility. The gains fall in this order, so that each step is
    the best whatever follows.
    Index: (N,), (N, A). Unit: requests/month, usd/month. Source: piecewise linear budget of a three-part tariff,
    Lambrecht, Seim, Skiera (2007); greedy solution of the fractional knapsack (Dantzig, 1957).
    """
    by_model, refused, replaced = inside[0].copy(), inside[1].copy(), inside[2]
    satisfied = by_model @ quality
    metered = np.zeros(len(by_model))
    left = np.full(len(by_model), terms.credits)
    for s in _sold(terms, quality):
        open_ = (replaced if s.replaces else refused)[:, s.ai_model]
        extra = np.zeros_like(metered)
        if terms.credits > 0.0 and s.price > 0.0:
            extra = np.minimum(open_, left / s.price)
            left = left - s.price * extra
            satisfied = satisfied + s.gain * extra
        paid = usage.bought(open_ - extra, satisfied, s.gain, value_of_use, price_coefficient, s.price)
        satisfied = satisfied + s.gain * paid
        metered = metered + s.price * paid
        by_model[:, s.ai_model] += extra + paid
        if s.replaces:
            fallback = by_model[:, terms.fallback]
            by_model[:, terms.fallback] = np.maximum(fallback - (extra + paid), 0.0)
        else:
            refused[:, s.ai_model] -= extra + paid
    return Spent(by_model, refused, satisfied, metered)


def grown(before: Array, after: Array) -> Array:
    """What all purchases of a customer are multiplied by from one to the other; 1 where there were none.

    Index: (N, 1), from (N, A) each. Unit: 1. Source: definition; what bought requests displace moves in proportion.
    """
    total = before.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0.0, after.sum(axis=1, keepdims=True) / np.where(total > 0.0, total, 1.0), 1.0))
