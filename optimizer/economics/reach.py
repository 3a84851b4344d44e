"""Whom the company reaches: go-to-market spend and word of mouth."""

from __future__ import annotations

import math

import numpy as np

from optimizer.typing import Array


def reach_share(spend: float, base: float, most: float, scale: float) -> float:
    """Share of a channel's potential reached: base + (most - base)(1 - exp(-spend / scale)).

    >>> round(reach_share(0.0, 0.2, 0.8, 1.0), 3)
    0.2

    Unit: fraction; spend and scale in usd/month. Source: saturating (modified exponential) response,
    Lilien, Kotler, Moorthy, Marketing Models (1992).
    """
    return base + (most - base) * -math.expm1(-spend / scale)


def referral(persons: Array, most_reach: Array) -> Array:
    """Persons a customer brings into reach among those not yet reached: psi (1 - rho).

    Index: (I,). Unit: persons per customer. Source: branching process in the long run; rho is the largest
    reach share, so that referral cannot reach more people than there are.
    """
    return persons * (1.0 - most_reach)


def denominator_weight(weights: Array, referral: Array) -> Array:
    """e = (1 - referral) w: what a plan takes from the alternatives net of whom it brings.

    Index: (I,). Unit: 1. Source: substitution of reached = base + sum of referral x customers.
    """
    return (1.0 - referral) * weights


def reached(base: Array, referral: Array, customers: Array) -> Array:
    """Reached people: base reach plus those referred. Index: (I,), (I, J), (I, J). Unit: persons. Source: balance."""
    return np.asarray(base + (referral * customers).sum(axis=1))
