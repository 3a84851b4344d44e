"""Down to which price a deal pays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimizer.typing import Array


@dataclass(frozen=True)
class Deal:
    """A customer of a plan: amounts a month that do not move with the fee, usd/month, and what follows the bill."""

    serving: float
    support: float
    metered: float
    """What is billed beside the fee."""
    advertising: float
    seats: float
    """Seats paid per customer: more than 1 where an account must buy a minimum."""
    payment_share: float
    payment_fixed: float
    other_share: float


def least_fee(deal: Deal, wanted: float) -> float:
    """Fee of a seat at which a customer's contribution is ``wanted``: 0 where a free seat brings it, inf where none.

    Formula: ((wanted + serving + support + fixed payment fee - (1 - o) advertising) / (1 - p - o) - metered) / seats,
    p and o the shares of the bill that go to payment and of revenue to other cost of revenue.
    Unit: usd/month per seat. Source: break-even price from unit contribution, Horngren, Cost Accounting, ch. 3.
    """
    kept = 1.0 - deal.payment_share - deal.other_share
    if kept <= 0.0:
        return math.inf
    costs = wanted + deal.serving + deal.support + deal.payment_fixed - (1.0 - deal.other_share) * deal.advertising
    return max(0.0, (costs / kept - deal.metered) / deal.seats)


def brings_elsewhere(weights: Array, contribution: Array) -> Array:
    """What a customer who is refused a plan brings on our other plans in the long run, the menu without that plan.

    Formula: sum over plans of w / (1 + sum of w) x contribution, w the stock attractions against the alternatives' 1.
    Index: (I,), from (I, J) over the other plans. Unit: usd/month. Source: diversion ratios, Shapiro (1996), in the
    nested logit.
    """
    return np.asarray((weights * contribution).sum(axis=1) / (1.0 + weights.sum(axis=1)))
