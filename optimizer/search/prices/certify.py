"""Certified global optima over continuous prices: which branching serves which instance, and rounding."""

from __future__ import annotations

import numpy as np

from optimizer.search.engine import Clock
from optimizer.search.prices.cells import certify_cells
from optimizer.search.prices.outside_shares import certify_outside
from optimizer.search.prices.prices import Prices, first_prices, revenue
from optimizer.search.prices.search import CertifiedPrices, PriceSearch
from optimizer.search.prices.taylor import certify_taylor
from optimizer.search.tuning import DEFAULT, Tuning
from optimizer.typing import Array


def by_outside_shares(data: Prices, tuning: Tuning = DEFAULT) -> bool:
    """Whether to branch on outside shares: few types, and plans enough to make branching on prices dear.

    A box of outside shares costs 2^types corners and hardly minds the number of plans. Branching on prices is linear in
    the types and exponential in the plans, but needs no more than a few boxes where plans are few.
    """
    if data.types <= tuning.corner_types:
        return True
    if data.types == tuning.corner_types + 1:
        return data.shared or data.plans > tuning.corner_plans
    return data.shared and data.types <= tuning.shared_corner_types and data.plans > tuning.shared_corner_plans


def certify(data: Prices, gap: float, deadline: float | None, tuning: Tuning = DEFAULT) -> tuple[CertifiedPrices, str]:
    """The best prices with a bound within ``gap`` of their value, and the branching used.

    On one or two prices the second-order bound of all types together needs the least work; on more, the separable one.
    """
    start, _ = first_prices(data, clock=Clock(deadline).with_grace())
    search = PriceSearch(data, gap, deadline, start, tuning)
    if by_outside_shares(data, tuning):
        return certify_outside(search), "outside_shares"
    if data.plans <= tuning.taylor_plans:
        return certify_taylor(search), "prices"
    return certify_cells(search), "prices"


def round_prices(data: Prices, ladders: list[Array], prices: Array) -> Array:
    """Prices on the ladders: every plan in turn moves to its best point, from the nearest points and from those around.

    Starts: the nearest point, the nearest from below, the nearest from above. Deterministic; each sweep only improves.
    """
    best, best_value = prices, float("-inf")
    for rule in ("nearest", "below", "above"):
        current = np.array([_point(ladder, price, rule) for ladder, price in zip(ladders, prices, strict=True)])
        value = float(revenue(data, current[None])[0])
        moved = True
        while moved:
            moved = False
            for j, ladder in enumerate(ladders):
                trials = np.repeat(current[None], len(ladder), axis=0)
                trials[:, j] = ladder
                values = revenue(data, trials)
                k = int(np.argmax(values))
                if values[k] > value * (1.0 + 1e-14) if value > 0.0 else values[k] > value:
                    current, value, moved = trials[k], float(values[k]), True
        if value > best_value:
            best, best_value = current, value
    return best


def _point(ladder: Array, price: float, rule: str) -> float:
    k = int(np.searchsorted(ladder, price))
    below, above = ladder[max(k - 1, 0)], ladder[min(k, len(ladder) - 1)]
    if rule == "below":
        return float(below)
    if rule == "above":
        return float(above)
    return float(above if above - price < price - below else below)
