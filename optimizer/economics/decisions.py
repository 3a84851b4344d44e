"""How often customers decide anew, and how often they leave."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def decision_rate(reference: Array, sensitivity: Array, change: Array, least: float, most: float) -> Array:
    """Monthly rate at which a customer decides anew: reference x exp(-kappa x change in utility), held to its range.

    Index: (I,). Unit: 1/month. Source: proportional hazard in the utility of the plan (Cox form).
    At no change the reference itself.
    """
    return np.clip(reference * np.exp(-sensitivity * change), np.minimum(least, reference), np.maximum(most, reference))


def kept(leaving: Array, months: int) -> Array:
    """Share of customers still there after some months: (1 - h)^months, h the monthly rate of leaving (at most 1).

    Index: any. Unit: fraction. Source: geometric survival, see :func:`cohort_kept`.
    """
    return np.asarray(np.maximum(1.0 - leaving, 0.0) ** months)


def cohort_kept(customers: Array, leaving: Array, months: int) -> float:
    """Share of those who came that are still there after some months: the mean of ``kept`` by who comes.

    In the long run as many come as leave: customers x h. Those who leave often come often, so a cohort keeps less than
    the customers of a day do. nan where nobody comes. Index: any, both alike. Unit: fraction. Source: renewal theory,
    length-biased sampling (Cox, Renewal Theory, 1962, ch. 5).
    """
    inflow = customers * leaving
    total = float(inflow.sum())
    return float((inflow * kept(leaving, months)).sum()) / total if total > 0.0 else float("nan")


def leaving(rate: Array, again: Array) -> Array:
    """Monthly rate at which a customer leaves the plan: decision rate x (1 - probability of choosing it again).

    Index: any. Unit: 1/month. Source: semi-Markov process whose decisions do not depend on the plan held.
    """
    return rate * (1.0 - again)
