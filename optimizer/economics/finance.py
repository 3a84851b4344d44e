"""Money per customer and month."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from optimizer.typing import Array

FeeT = TypeVar("FeeT", float, Array)


def list_fee(price: float, regional: Sequence[tuple[int, float]], segment: NDArray[np.intp]) -> Array:
    """Fee of each type: the regional one where its segment has one, else the list price.

    ``regional``: (segment, usd/month) pairs, local prices times what a unit of the currency is worth in usd.

    Index: (I,). Unit: usd/month. Source: third-degree price discrimination, Tirole (1988), ch. 3.2.
    """
    fees = np.full(len(segment), price)
    for place, fee in regional:
        fees[segment == place] = fee
    return fees


def effective_fee(price: FeeT, annual_share: float, annual_discount: float) -> FeeT:
    """Average fee when some pay by the year at a discount.

    >>> effective_fee(20.0, 0.25, 0.2)
    19.0

    Unit: usd/month. Source: definition.
    """
    return price * (1.0 - annual_share * annual_discount)


def seat_factor(seat_minimum: float, seats: Array) -> Array:
    """Seats paid per seat used when an account must buy a minimum: max(1, minimum / seats).

    Index: (I,). Unit: 1. Source: definition.
    """
    return np.maximum(1.0, seat_minimum / seats)


def bill(fee: Array, unit_price_times_bought: Array) -> Array:
    """Fee plus metered use. Index: (I,). Unit: usd/month. Source: three-part tariff, Lambrecht, Seim, Skiera (2007)."""
    return fee + unit_price_times_bought


def payment_cost(billed: Array, share: float, fixed: float) -> Array:
    """Payment and store fees: share of the bill plus a fixed fee where anything is billed.

    Index: (I,). Unit: usd/month. Source: definition.
    """
    return share * billed + fixed * (billed > 0.0)


def advertising_revenue(requests: Array, per_request: float) -> Array:
    """Advertising shown with served requests. Index: (I,). Unit: usd/month. Source: definition."""
    return requests * per_request


def api_value(requests: Array, unit_prices: Array) -> Array:
    """What the requests served by each AI model would cost at the API's unit prices, where it has one (else nan).

    Index: (I,), from (I, A) and (A,). Unit: usd/month. Source: definition.
    """
    return np.asarray(requests @ np.nan_to_num(unit_prices))


def largest_draw(windows: Sequence[tuple[float, float]], unit_price: float) -> float:
    """Value at API prices of the most that caps let a customer draw in a month, using every window.

    ``windows``: (windows a month, requests a window) pairs; the tightest decides; none = unlimited.

    Unit: usd/month. Source: definition.
    """
    return min((count * cap for count, cap in windows), default=math.inf) * unit_price


def burst_cost(gpus: float, block_hours: float, price: float) -> float:
    """Bill of burst GPUs over a block of hours. Unit: usd/month. Source: definition."""
    return gpus * block_hours * price


def reserved_cost(gpus: float, price: float, month_hours: float) -> float:
    """Bill of reserved GPUs, busy or not. Unit: usd/month. Source: definition."""
    return gpus * price * month_hours
