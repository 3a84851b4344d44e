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


def residual(purchase: float, arrives: int, life: int, months: int) -> float:
    """What a bought GPU is worth at the end of the months: purchase x (1 - months served / life), 0 or more.

    Unit: usd. Source: straight-line depreciation (IAS 16).
    """
    return purchase * max(0.0, 1.0 - (months - arrives) / life) if arrives < months else 0.0


def capacity(standing: Array, lots: Array, per_lot: Array) -> Array:
    """GPUs at hand by month: standing_t + sum_o lots_o x per_lot_ot.

    ``per_lot``: GPUs of a lot x its efficiency x serves. Index: (T,), (O,) and (O, T) to (T,). Unit: GPUs of the
    standing kind. Source: definition.
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
