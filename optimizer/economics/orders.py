"""Orders of GPUs ahead of need: when they serve, what they cost, what bursts beyond them cost."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def serves(arrives: int, term: int | None, months: int) -> Array:
    """1 in the months in which an order serves: arrives <= t < arrives + term, to the end where there is no term.

    Index: (T,). Unit: 1. Source: definition.
    """
    t = np.arange(months)
    return np.asarray((t >= arrives) & (t < (months if term is None else arrives + term)), dtype=np.float64)


def payments(rent: float, purchase: float, arrives: int, served: Array) -> Array:
    """What a GPU of an order costs by month: rent x serves_t, and the purchase in the month of arrival.

    ``rent``: usd per GPU and month; ``purchase``: usd per GPU. Index: (T,). Unit: usd/month. Source: definition.
    """
    paid = rent * served
    if 0 <= arrives < len(paid):
        paid[arrives] += purchase
    return paid


def wear(purchase: float, arrives: int, life: int | None, served: Array) -> Array:
    """What a bought GPU loses of its worth by month: purchase / life in its first ``life`` months of service.

    All of it in the month of arrival where there is no life. Index: (T,). Unit: usd/month.
    Source: straight-line depreciation (IAS 16).
    """
    if life is None:
        return payments(0.0, purchase, arrives, served)
    young = np.arange(len(served)) < arrives + life
    return np.asarray(served * young * (purchase / life))


def carries(gpus: float, speed: float, served: Array) -> Array:
    """Load that GPUs of an order carry by month: gpus x speed x serves_t.

    ``speed``: work of one of them in an hour over that of a standing GPU. Index: (T,). Unit: GPUs of the standing kind.
    Source: definition; the load is told in hours of the standing kind, whatever serves it.
    """
    return np.asarray(gpus * speed * served)


def capacity(standing: Array, lots: Array, per_lot: Array) -> Array:
    """GPUs at hand by month: standing_t + sum_o lots_o x per_lot_ot.

    ``per_lot``: what a lot ``carries``. Index: (T,), (O,) and (O, T) to (T,). Unit: GPUs of the standing kind.
    Source: definition.
    """
    return np.asarray(standing + lots @ per_lot)


def burst(load: Array, capacity: Array) -> Array:
    """GPUs rented by the hour beyond capacity: max(0, load_th - capacity_t).

    Index: (..., T, H) and (T,) to (..., T, H). Unit: GPUs. Source: definition.
    """
    return np.maximum(load - capacity[:, None], 0.0)


def burst_price(rent: Array, hours: Array, factor: float) -> Array:
    """What a GPU of burst costs in a month's block of hours: factor x rent_t x hours_h.

    ``rent``: the market's, usd per GPU and hour. Index: (T,) and (H,) to (T, H). Unit: usd/month. Source: definition.
    """
    return np.asarray(factor * rent[:, None] * hours)


def hour_price(price: Array, hours: Array, discount: Array) -> Array:
    """What an hour of one more GPU at hand throughout a month is worth: sum_h price_th / (sum_h hours_h x discount_t).

    ``price``: (T, H) discounted usd of a GPU in a month's block of hours, as a bound's multipliers tell it.
    Index: (T,). Unit: usd/GPU-hour. Source: dual price of the capacity rows, Dantzig and Wolfe (1960).
    """
    return np.asarray(price.sum(axis=1) / (hours.sum() * discount))
