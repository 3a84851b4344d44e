"""Certified global optima over continuous prices: which branching serves which instance, and rounding."""

from __future__ import annotations

import numpy as np

from optimizer.search.prices.boxes import certify_boxes
from optimizer.search.prices.cells import certify_cells
from optimizer.search.prices.outside_shares import certify_outside
from optimizer.search.prices.prices import Prices, first_prices, revenue
from optimizer.search.prices.search import CertifiedPrices, PriceSearch
from optimizer.typing import Array

_CORNERS = 3
_CORNERS_SHARED = 7
_PLANS, _PLANS_SHARED = 6, 10
"""Above so many plans, outside shares still serve one type more, and up to 7 types with shared slopes."""
_FEW_PLANS = 2


def by_outside_shares(data: Prices) -> bool:
    """Whether to branch on outside shares: few types, and plans enough to make branching on prices dear.

    A box of outside shares costs 2^types corners and hardly minds the number of plans. Branching on prices is linear in
    the types and exponential in the plans, but needs no more than a few boxes where plans are few.
    """
    if data.types <= _CORNERS:
        return True
    if data.types == _CORNERS + 1:
        return data.shared or data.plans > _PLANS
    return data.shared and data.types <= _CORNERS_SHARED and data.plans > _PLANS_SHARED


def certify(data: Prices, gap: float, deadline: float | None) -> tuple[CertifiedPrices, str]:
    """The best prices with a bound within ``gap`` of their value, and the branching used.

    On one or two prices the second-order bound of all types together needs the least work; on more, the separable one.
    """
    start, _ = first_prices(data)
    search = PriceSearch(data, gap, deadline, start)
    if by_outside_shares(data):
        return certify_outside(search), "outside_shares"
    if data.plans <= _FEW_PLANS:
        return certify_boxes(search), "prices"
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
