"""Why a sum of money moved from one period to the next."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def customers_and_price(customers: Array, revenue: Array) -> tuple[Array, Array]:
    """Change of revenue by more customers and by more revenue a customer: dn (r + r') / 2 and dr (n + n') / 2.

    r = revenue / n; where nobody is there in a period, the r of the other one, so that all of the change is by
    customers. Both add up to the change. Index: (T+1, J) to two of (T, J). Unit: as the revenue.
    Source: Bennet, The theory of measurement of changes in cost of living (1920).
    """
    there = customers > 0.0
    each = np.divide(revenue, customers, out=np.zeros_like(revenue), where=there)
    before, after = np.where(there[:-1], each[:-1], each[1:]), np.where(there[1:], each[1:], each[:-1])
    by_customers = np.diff(customers, axis=0) * (before + after) / 2.0
    return np.asarray(by_customers), np.asarray((after - before) * (customers[:-1] + customers[1:]) / 2.0)
