"""Cash by month: what comes in and goes out, what is left, and when an outlay is back."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def prepaid(revenue: Array, share: Array | float, term: int = 12) -> Array:
    """What customers have paid ahead at the end of a month: share x revenue_t x (term - 1) / 2.

    ``share``: of the revenue that is billed once a term, ahead, with renewals spread evenly over its months, so that
    the mean customer has (term - 1) / 2 months left. Index: (..., T). Unit: usd. Source: deferred revenue (IFRS 15).
    """
    return np.asarray(share * revenue * (term - 1) / 2.0)


def receipts(revenue: Array, ahead: Array, ahead_before: Array | float) -> Array:
    """Cash from customers: revenue_t + ahead_t - ahead_(t-1). Before the first month ``ahead_before``.

    Index: (..., T). Unit: usd/month. Source: accounting identity (IAS 7, indirect method).
    """
    first = np.broadcast_to(ahead_before, revenue.shape[:-1])[..., None]
    return np.asarray(revenue + np.diff(ahead, axis=-1, prepend=first))


def balance(opening: float, flows: Array) -> Array:
    """Cash at the end of every month: opening + sum of flows so far. Index: (..., T). Unit: usd. Source: definition."""
    return np.asarray(opening + np.cumsum(flows, axis=-1))


def payback_month(flows: Array) -> int | None:
    """The first month at whose end the sum of flows (T,), outlays negative, is 0 or more and stays so; None if never.

    >>> payback_month(np.array([-5.0, 3.0, 3.0]))
    2

    Unit: month, from 0. Source: payback rule, Brealey, Myers, Allen (2020), ch. 5.
    """
    short = np.flatnonzero(np.cumsum(flows) < 0.0)
    first = 0 if not len(short) else int(short[-1]) + 1
    return first if first < len(flows) else None


def net_revenue_retention(later: float, before: float) -> float:
    """Revenue of the customers of a month some months later over their revenue in it, upgrades and leavers included.

    Nan where there was none. Unit: fraction. Source: usual definition of net revenue retention, over 12 months.
    """
    return later / before if before > 0.0 else float("nan")
