"""What rivals earn: margins of their offers, and of all people who are not our customers."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def offer_margin(bill: Array, cost_share: float, cost: float) -> Array:
    """What a customer of a rival's offer leaves it: bill x (1 - cost share of revenue) - cost of a customer.

    Index: (I,). Unit: usd/month. Source: definition of a contribution margin.
    """
    return bill * (1.0 - cost_share) - cost


def margin_per_person(stocks: Array, margins: Array, outside: Array) -> Array:
    """What a rival earns per person who is not our customer: sum over its offers of stock x margin / all stocks.

    Index: (R, I) of its own offers, and (I,) of all alternatives. Unit: usd/month. Source: shares of alternatives, see
    ``choice.alternative_shares``.
    """
    return np.asarray((stocks * margins).sum(axis=0) / outside)


def margin(per_person: Array, elsewhere: Array) -> Array:
    """What a rival earns: sum over types of people who are not our customers x what it earns per such person.

    Index: (..., I) to (...). Unit: usd/month. Source: definition.
    """
    return np.asarray((per_person * elsewhere).sum(axis=-1))
