"""Seats that an account takes together."""

from __future__ import annotations

import numpy as np

from optimizer.economics.population import Population
from optimizer.typing import Array


def account_utility(population: Population, utility: Array) -> Array:
    """Utility of an offer to the account that its users belong to: the mean over the usage classes of its segment.

    Formula: sum of potential x V / sum of potential, over the types of the same segment and willingness to pay; a lot
    of types that holds nobody keeps its own. What a customer uses, pays and costs stays that of the type.
    Index: (I,). Unit: utility. Source: utilitarian group choice, Harsanyi (1955); all members choose as one.
    """
    lots = population.segment * (int(population.payment_class.max(initial=0)) + 1) + population.payment_class
    people = np.bincount(lots, population.potential)
    with np.errstate(invalid="ignore"):
        sums = np.bincount(lots, population.potential * utility)
        mean = sums / np.where(people > 0.0, people, 1.0)
    return np.where(people[lots] > 0.0, mean[lots], utility)
