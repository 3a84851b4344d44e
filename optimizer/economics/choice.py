"""How customers choose: the only place that knows the form of choice (multinomial logit within a type)."""

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


def stock(attraction: Array, churn: Array) -> Array:
    """Long-run weight of an alternative: attraction / churn rate.

    Index: any. Unit: months. Source: renewal-reward theorem for a semi-Markov process (Ross, Stochastic Processes).
    """
    return attraction / churn


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
