"""How customers move from month to month: the one place of the transition, and of what a customer is worth along it.

Months t = 0..T-1: customers decide, then are billed. Row 0 of every (J+1, I) array is the alternatives, rows 1..J the
plans. Who decides anew belongs to an origin class c, which carries history: habit h_cj multiplies the attraction of
alternative j for a decider of class c. Leading axes, such as one for many paths, are kept.
"""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def choice_weights(attraction: Array, habit: Array) -> Array:
    """Weight of every alternative for a decider of every class: w_cj = h_cj a_j.

    The place where nests belong: habit multiplies the attraction of a nest's members before the nest's sum.
    Index: (..., J+1, I) and (C, J+1) to (..., C, J+1, I). Unit: 1. Source: multinomial logit with state dependence
    (Heckman, 1981; Train, Discrete Choice Methods with Simulation, 2009, ch. 3).
    """
    return np.asarray(habit[:, :, None] * attraction[..., None, :, :])


def deciders(customers: Array, rate: Array, members: Array, entrants: Array) -> Array:
    """Who decides anew in a month, by class: D_c = sum over j in c of rate_j n_j, entrants with the class of row 0.

    ``members``: (C, J+1), 1 where a row belongs to a class. Index: (..., J+1, I) and (..., I) to (..., C, I).
    Unit: customers/month. Source: semi-Markov process in discrete months, as ``choice.stock`` in the long run.
    """
    moving = rate * customers
    moving[..., 0, :] += entrants
    return np.asarray(members @ moving)


def per_weight(deciders: Array, weights: Array) -> Array:
    """Deciders per unit of choice weight: R_c = D_c / sum_j w_cj.

    Index: (..., C, I) and (..., C, J+1, I). Unit: customers/month. Source: multinomial logit.
    """
    return np.asarray(deciders / weights.sum(axis=-2))


def joining(weights: Array, per_weight: Array) -> Array:
    """Who chooses every alternative in a month: sum_c w_cj R_c.

    Index: (..., C, J+1, I) and (..., C, I) to (..., J+1, I). Unit: customers/month. Source: multinomial logit.
    """
    return np.asarray((weights * per_weight[..., None, :]).sum(axis=-3))


def after_decisions(customers: Array, rate: Array, joining: Array) -> Array:
    """Customers once a month's deciders have chosen: n' = (1 - rate) n + joining. With entrants none is lost.

    Index: (..., J+1, I). Unit: customers. Source: accounting of stocks and flows.
    """
    return (1.0 - rate) * customers + joining


def decider_value(weights: Array, gain: Array) -> Array:
    """What someone who decides is worth: lambda_c = sum_j w_cj G_j / sum_j w_cj.

    ``gain`` G: reward of a month on an alternative and the value after it. Index: (..., C, J+1, I) and (..., J+1, I)
    to (..., C, I). Unit: as the gain. Source: adjoint of the transition (Bellman, Dynamic Programming, 1957).
    """
    return np.asarray((weights * gain[..., None, :, :]).sum(axis=-2) / weights.sum(axis=-2))


def customer_value(rate: Array, gain: Array, decider: Array) -> Array:
    """What a customer is worth before a month's decisions: v = (1 - rate) G + rate lambda, lambda of the own class.

    Index: any, all alike. Unit: as the gain. Source: adjoint of the transition (Bellman, Dynamic Programming, 1957).
    """
    return np.asarray((1.0 - rate) * gain + rate * decider)
