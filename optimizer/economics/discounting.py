"""Money of later months in money of today."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def monthly_factors(annual_rate: float, months: int) -> Array:
    """What a usd of every month is worth in the first one: (1 + rate)^(-t / 12).

    ``annual_rate`` > -1. Index: (T,). Unit: 1. Source: compound interest, Brealey, Myers, Allen (2020), ch. 2.
    """
    return np.asarray((1.0 + annual_rate) ** (-np.arange(months) / 12.0))


def present_value(flows: Array, factors: Array) -> Array:
    """Sum over months of factor_t x flow_t. Index: (..., T) and (T,). Unit: usd. Source: as ``monthly_factors``."""
    return np.asarray(flows @ factors)
