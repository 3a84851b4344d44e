"""What tests, subscriptions and surveys show of a market: choices of a short time, with stocks as they are.

A test is over long before stocks follow: who decides meanwhile chooses by attraction, all others stay where they are.
"""

from __future__ import annotations

import math

import numpy as np

from optimizer.economics.choice import chosen
from optimizer.economics.normal import cdf, quantile
from optimizer.typing import Array


def taken(weight: Array, again: Array) -> float:
    """Share of those who decide that take a plan: sum of w P / sum of w, P the probability of choosing it.

    Index: (I,) both, summed over types. Unit: fraction. Source: Train (2009), ch. 3; no stock has moved yet.
    """
    total = float(weight.sum())
    return float(weight @ again) / total if total > 0.0 else 0.0


def still_held(held: Array, leaving: Array, months: float) -> float:
    """Share of a plan's customers still on it after some months: mean of exp(-h t), h the rate of leaving it.

    Index: (I,) both, summed over types. Unit: fraction. Source: constant hazard within a type.
    """
    return float(held @ np.exp(-leaving * months)) / float(held.sum())


def gone_to(held: Array, leaving: Array, rate: Array, again: Array, months: float) -> float:
    """Share of a plan's customers who went to another within some months, by their first move.

    Mean of (1 - exp(-h t)) d P / h, d the rate of deciding anew, P the probability of choosing the other, h the rate of
    leaving. Index: (I,) all, summed over types. Unit: fraction. Source: competing risks with constant hazards.
    """
    first = np.where(leaving > 0.0, rate * again / np.where(leaving > 0.0, leaving, 1.0), 0.0)
    return float(held @ ((1.0 - np.exp(-leaving * months)) * first)) / float(held.sum())


def rate_of(held: Array, rate: Array) -> float:
    """Mean of a monthly rate over a plan's customers. Index: (I,) both. Unit: 1/month. Source: mean over types."""
    return float(held @ rate) / float(held.sum())


def second_choices(held: Array, attraction: Array, outside: Array) -> Array:
    """Where a plan's customers go if it is no longer there: mean of a / (all attractions left).

    ``attraction``: of our other plans, as they stand without it; ``outside``: of each alternative, nothing last.
    Index: (I,), (I, J) and (I, R) to (J + R,). Unit: fraction. Source: nested logit, Train (2009), ch. 4.
    """
    options = np.column_stack([attraction, outside])
    shares = chosen(options, np.zeros(len(held)))
    return np.asarray(held @ shares / held.sum())


def wish_spread(weight: Array, sigma: float, edges: tuple[float, ...]) -> float:
    """Spread of wishes among customers of whom ``weight`` lie in each usage class, as counts tell it.

    2 sqrt(ln(E[x] / E[sqrt x]^2)): sigma itself where all classes are there in full. Of other mixtures no lognormal is
    right; counts weigh wishes about by their root. Index: (K,) classes between ``edges``. Unit: 1.
    Source: moments of the lognormal.
    """
    share = weight / weight.sum()
    mean, root = (float(share @ moment_of_class(k, sigma, edges)) for k in (1.0, 0.5))
    return 2.0 * math.sqrt(max(math.log(mean / root**2), 0.0))


def moment_of_class(power: float, sigma: float, edges: tuple[float, ...]) -> Array:
    """E[x^k] in each quantile class of a lognormal x of mean 1.

    exp(k (k - 1) sigma^2 / 2) (Phi(k sigma - z_a) - Phi(k sigma - z_b)) / (b - a), z = Phi^-1.
    Index: (K,) classes between ``edges``. Unit: 1. Source: partial moments of the lognormal.
    """
    z = np.array([quantile(e) for e in edges])
    upper = cdf(power * sigma - z)
    whole = math.exp(0.5 * power * (power - 1.0) * sigma**2)
    return np.asarray(whole * (upper[:-1] - upper[1:]) / np.diff(np.array(edges)))


def visitors_needed(take_up: float, ratio: float, spread: float) -> float:
    """Visitors an arm by which a test of two prices halves what is not known of the elasticity of take-up.

    n = 2 / (p (s / sqrt(3) x ln ratio)^2): the test's own standard error is then s / sqrt(3), which makes s / 2 of the
    two together. Index: none. Unit: customers. Source: precision of independent normal measurements adds up; the
    variance of the logarithm of a count is its inverse.
    """
    return 2.0 / (take_up * (spread / math.sqrt(3.0) * math.log(ratio)) ** 2)
