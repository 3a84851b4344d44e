"""How customers choose: the only place that knows the form of choice (nested logit within a type)."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def systematic_utility(
    constant: Array, value_of_use: Array, satisfied: Array, price_coefficient: Array, bill: Array
) -> Array:
    """V = alternative constant + value of use x ln(1 + S) - price coefficient x bill.

    Index: (I,). Unit: utility. Source: Train, Discrete Choice Methods with Simulation (2009), ch. 3.
    """
    return constant + value_of_use * np.log1p(satisfied) - price_coefficient * bill


def attraction(utility: Array) -> Array:
    """a = exp(V). Index: any. Unit: 1. Source: Train (2009), ch. 3."""
    return np.exp(utility)


def log_nest_shares(utility: Array, dissimilarity: float) -> Array:
    """ln of each plan's share of its nest: V / lambda - ln I, I = sum of exp(V / lambda).

    No power overflows, however small lambda is. A plan that is not offered has V = -inf and -inf here.
    Index: (..., K) over the plans of the nest. Unit: 1. Source: nested logit, Train (2009), ch. 4.
    """
    largest = np.maximum(utility.max(axis=-1, keepdims=True, initial=-np.inf), -1e300)  # -inf - -inf would be nan
    with np.errstate(over="ignore"):
        beside = (utility - largest) / dissimilarity
    return np.asarray(beside - np.log(np.maximum(np.exp(beside).sum(axis=-1, keepdims=True), 1.0)))


def log_nested(utility: Array, dissimilarity: float) -> Array:
    """ln a of the plans of a nest: V + (1 - lambda) ln(share of the nest); what :func:`nested` is the exponential of.

    A plan that is not offered has V = -inf and stays there. At lambda 1 nothing changes.
    Index: (..., K) over the plans of the nest. Unit: utility. Source: nested logit, Train (2009), ch. 4.
    """
    share = log_nest_shares(utility, dissimilarity)
    return np.asarray(utility + (1.0 - dissimilarity) * np.where(np.isfinite(share), share, 0.0))


def nested(attraction: Array, dissimilarity: float) -> Array:
    """Attraction of plans beside others of their nest: b I^(lambda - 1), b = a^(1 / lambda), I = sum b, a alone.

    Worked out as a (b / I)^(1 - lambda). A plan with attraction 0 has 0, and so has every plan of a nest that offers
    nothing. At lambda 1 nothing changes.
    Index: (..., K) over the plans of the nest. Unit: 1. Source: nested logit, Train (2009), ch. 4.
    """
    offered = attraction > 0.0
    with np.errstate(divide="ignore"):
        share = log_nest_shares(np.log(attraction), dissimilarity)
    return np.where(offered, attraction * np.exp((1.0 - dissimilarity) * np.where(offered, share, 0.0)), 0.0)


def nest_power(attraction: Array, unit: Array, dissimilarity: float) -> Array:
    """b of a plan of a nest, (a / unit)^(1 / lambda), a alone. With b over all plans of a nest, and only of those,
    summed to I, b times :func:`nest_factor` is :func:`nested`. Index: any. Unit: 1. Source: Train (2009), ch. 4.
    """
    return np.asarray((attraction / unit) ** (1.0 / dissimilarity))


def nest_factor(total: Array, unit: Array, dissimilarity: float) -> Array:
    """unit I^(lambda - 1), I the sum of :func:`nest_power`; 0 where the nest offers nothing.

    Index: any. Unit: 1. Source: Train (2009), ch. 4.
    """
    powers = np.power(total, dissimilarity - 1.0, out=np.zeros_like(total), where=total > 0.0)
    powers *= unit
    return powers


def chosen(attraction: Array, outside: Array) -> Array:
    """Probability that someone who decides anew takes a plan: a / (all our attractions + the alternatives').

    Index: (I, J) and (I,). Unit: fraction. Source: Train (2009), ch. 3 and 4.
    """
    return np.asarray(attraction / (attraction.sum(axis=1) + outside)[:, None])


def stock(attraction: Array, rate: Array) -> Array:
    """Long-run weight of an alternative: attraction / rate of deciding anew.

    Index: any. Unit: months. Source: renewal-reward theorem for a semi-Markov process (Ross, Stochastic Processes).
    """
    return attraction / rate


def stock_attraction(ours: Array, outside: Array) -> Array:
    """w = stock of our plan / total stock of the alternatives.

    Index: (I,). Unit: 1. Source: multinomial logit, the alternatives' total scaled to 1.
    """
    return ours / outside


def stays(base: Array, denominators: Array) -> Array:
    """Base-reached people who stay on the alternatives: y = n / (1 + sum of denominator weights).

    Index: (I,) and (I, J). Unit: customers. Source: multinomial logit.
    """
    return np.asarray(base / (1.0 + denominators.sum(axis=1)))


def customers(weights: Array, staying: Array) -> Array:
    """Customers on each plan: w y. Index: (I, J). Unit: customers. Source: multinomial logit."""
    return weights * staying[:, None]


def surplus_change(before: Array, after: Array, price_coefficient: Array) -> Array:
    """Change in consumer surplus when the total attraction of all that is on offer changes: ln(after / before) / beta.

    Index: (I,). Unit: usd/month per person who chooses. Source: Small and Rosen (1981); Train (2009), ch. 3.5.
    """
    return np.log(after / before) / price_coefficient


def alternative_shares(stocks: Array) -> Array:
    """Share of each alternative among those not with us. Index: (I, R). Unit: fraction. Source: multinomial logit."""
    return np.asarray(stocks / stocks.sum(axis=1, keepdims=True))
