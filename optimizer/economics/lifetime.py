"""What a customer is worth, more than the same person elsewhere, and where it comes from."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def lifetime_value(values: Array) -> Array:
    """Of a customer of plan j: v_j - v_0, row 0 the alternatives.

    Index: (..., J+1, I) to (..., J, I). Unit: usd per customer. Source: customer lifetime value as a shadow price of
    the stock of customers, Gupta and Lehmann (2003), here along a path of menus.
    """
    return np.asarray(values[..., 1:, :] - values[..., :1, :])


def own_part(parts: Array) -> Array:
    """What is earned on the plan that the customer is on now: parts_qjj.

    Index: (Q, J, J, I) stream, plan where it is earned, plan held, to (Q, J, I). Unit: usd. Source: definition.
    """
    return np.asarray(np.einsum("qjji->qji", parts))


def later_part(parts: Array) -> Array:
    """What is earned on other plans: sum over d of parts_qdj less parts_qjj. Upgrades, where j is free.

    Index: (Q, J, J, I) to (Q, J, I). Unit: usd. Source: definition.
    """
    return np.asarray(parts.sum(axis=1) - own_part(parts))


def mean_customer(values: Array, customers: Array) -> Array:
    """Over types: sum_i n_ji value_ji / sum_i n_ji; nan on a plan without customers.

    Index: (..., J, I) and (J, I) to (..., J). Unit: as the values. Source: definition.
    """
    total = customers.sum(axis=-1)
    return np.asarray((values * customers).sum(axis=-1) / np.where(total > 0.0, total, np.nan))
