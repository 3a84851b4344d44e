"""Churn that answers to value."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def churn_rate(reference: Array, sensitivity: Array, change: Array, least: float, most: float) -> Array:
    """Monthly rate at which a customer decides anew: reference x exp(-kappa x change in utility), held to its range.

    Index: (I,). Unit: 1/month. Source: proportional hazard in the utility of the plan (Cox form).
    At no change the reference itself, so today's churn is reproduced.
    """
    return np.clip(reference * np.exp(-sensitivity * change), np.minimum(least, reference), np.maximum(most, reference))


def leaves(churn: Array, again: Array) -> Array:
    """Monthly rate at which a customer really leaves the plan: churn x (1 - probability of choosing it again).

    Index: any. Unit: 1/month. Source: semi-Markov process whose decisions do not depend on the plan held.
    """
    return churn * (1.0 - again)
