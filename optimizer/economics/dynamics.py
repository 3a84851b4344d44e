"""How customers move from month to month: the one place of the transition, and of what a customer is worth along it.

Months t = 0..T-1: customers decide, then are billed. Row 0 of every (J+1, I) array is the alternatives, rows 1..J the
plans. Who decides anew belongs to an origin class c, which carries history: habit h_cj multiplies the attraction of
alternative j for a decider of class c. Weights w_cj of choice have habit and nests in them. Leading axes, such as one
for many paths, are kept.
"""

from __future__ import annotations

import numpy as np

from optimizer.economics import choice
from optimizer.typing import Array


def choice_weights(attraction: Array, habit: Array, dissimilarity: float = 1.0) -> Array:
    """Weight of plans that are one nest for a decider of every class: habit multiplies before the nest's sum.

    w_cj = b_cj I_c^(lambda - 1), b_cj = (h_cj a_j)^(1 / lambda), I_c = sum over the nest of b_cj. A plan alone, or
    plans at lambda 1: h_cj a_j. Nothing later knows of habit or nests.
    Index: (..., M, I) and (C, M) to (C, ..., M, I). Unit: 1. Source: multinomial logit with state dependence (Heckman,
    1981), nested logit; Train, Discrete Choice Methods with Simulation (2009), ch. 3 and 4.
    """
    h = habit.reshape(len(habit), *(1,) * (attraction.ndim - 2), -1, 1)
    alone = np.asarray(h * attraction)
    if dissimilarity == 1.0:
        return alone
    return np.moveaxis(choice.nested(np.moveaxis(alone, -2, -1), dissimilarity), -1, -2)


def deciders(customers: Array, rate: Array, members: Array, entrants: Array) -> Array:
    """Who decides anew in a month, by class: D_c = sum over j in c of rate_j n_j, entrants with the class of row 0.

    ``members``: (C, J+1), 1 where a row belongs to a class. Index: (..., J+1, I) and (..., I) to (..., C, I).
    Unit: customers/month. Source: semi-Markov process in discrete months, as ``choice.stock`` in the long run.
    """
    moving = rate * customers
    moving[..., 0, :] += entrants
    return np.asarray(members @ moving)


def rate_at_once(rate: Array, shock: Array) -> Array:
    """Share who decide anew in a month in which some do at once: rate + (1 - rate) shock.

    ``shock``: share of those who would not decide anyway. Index: any, all alike. Unit: 1/month. Source: the chance that
    one of two independent causes applies.
    """
    return np.asarray(rate + (1.0 - rate) * shock)


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


def newly_reached(customers: Array, speed: Array, base: Array, referral: Array) -> Array:
    """People reached in a month, who start with the alternatives: omega (base + sum_j psi_j n_j - sum_j n_j).

    Reach moves by a share omega a month to the base reach and those whom customers bring; below 0 people are lost to
    sight. Index: (..., J+1, I), base and omega (I,), psi (J+1, I) to (..., I). Unit: customers/month. Source: partial
    adjustment (Nerlove, 1958) to the run-rate reach of ``reach``.
    """
    return np.asarray(speed * (base + ((referral - 1.0) * customers).sum(axis=-2)))


def reach_value(speed: Array, referral: Array, outside_gain: Array) -> Array:
    """What a customer is worth by those who are reached through it: omega (psi_j - 1) G_0.

    Index: omega (I,), psi (J+1, I), G_0 (..., I) to (..., J+1, I). Unit: as the gain. Source: adjoint of
    ``newly_reached``.
    """
    return np.asarray(speed * (referral - 1.0) * outside_gain[..., None, :])
