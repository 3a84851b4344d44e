"""Prices of metered use: by kind of token, above a context length, least and included spend; and how use answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.typing import Array

ROUNDING = 1e-12
"""Part of an amount that is no more than rounding."""
Prices = Sequence[float | None]
"""(A,) usd per request; None = not sold beyond the cap."""


@dataclass(frozen=True)
class Tokens:
    """Tokens of a request, by kind."""

    input: float
    """Read anew."""
    cached: float
    """Read from a cache."""
    output: float


def tokens_of(input_tokens: float, cached: float, output_tokens: float) -> Tokens:
    """Tokens by kind: input (1 - cached), input cached, output.

    Index: none. Unit: tokens/request. Source: how token price lists bill (this project).
    """
    return Tokens(input_tokens * (1.0 - cached), input_tokens * cached, output_tokens)


def parted(whole: Tokens, share: float, long: Tokens) -> tuple[Tokens, Tokens]:
    """Tokens of the mean request that fall on requests up to a context length, and on those above it.

    Formula: whole - share x long, and share x long, by kind. Index: none. Unit: tokens/request. Source: identity.
    """
    above = Tokens(share * long.input, share * long.cached, share * long.output)
    return Tokens(whole.input - above.input, whole.cached - above.cached, whole.output - above.output), above


def request_price(tokens: Tokens, prices: Tokens) -> float:
    """Price of a request from prices by kind of token: the sum of tokens times price.

    Index: none. Unit: usd/request; prices in usd/token. Source: how token price lists bill (this project).
    """
    return tokens.input * prices.input + tokens.cached * prices.cached + tokens.output * prices.output


def beyond_credits(spend: Array, credits: float) -> Array:
    """What is spent beyond the credits that a fee includes: max(0, spend - credits), 0 where rounding alone is left.

    Who uses up the credits spends just them, at any price where the elasticity is 1, and is not billed.
    Index: (I,). Unit: usd/month. Source: definition of credits (this project).
    """
    left = spend - credits
    return np.where(left > ROUNDING * credits, left, 0.0)


def billed_spend(spend: Array, included: float, least: float) -> Array:
    """What is billed for metered use, beside the fee: max(least, spend - included), spend - included not below 0.

    Use is taken as it is at the unit prices: nobody uses more because spend is included, or due anyway.
    Index: (I,). Unit: usd/month. Source: minimum commitments and packages of price lists (this project).
    """
    return np.maximum(np.maximum(spend - included, 0.0), least)


def answering_requests(requests: Array, price: float, reference: float, elasticity: Array) -> Array:
    """Requests bought at a unit price: x0 (p / p0)^-eps, x0 bought at the reference price p0.

    Index: (I,). Unit: requests/month. Source: demand of constant elasticity (Varian, Microeconomic Analysis, ch. 7).
    """
    if price == reference:
        return requests
    return np.asarray(requests * np.exp(-elasticity * math.log(price / reference)))


def surplus_lost(requests: Array, price: float, reference: float, elasticity: Array) -> Array:
    """Consumer's surplus lost by a unit price other than the reference: the integral of x dp from p0 to p.

    Formula: x0 p0 ((p / p0)^(1 - eps) - 1) / (1 - eps), and x0 p0 ln(p / p0) for eps = 1; below 0 where p < p0.
    Index: (I,). Unit: usd/month. Source: Marshallian surplus of demand of constant elasticity (Varian, ch. 10).
    """
    log = math.log(price / reference)
    exponent = (1.0 - elasticity) * log
    # (e^t - 1) / t, which is 1 at t = 0
    shape = np.divide(np.expm1(exponent), exponent, out=np.ones_like(exponent), where=np.abs(exponent) > 1e-300)
    return np.asarray(requests * reference * log * shape)


@dataclass(frozen=True)
class Purchases:
    """What customers with a price elasticity of their own buy, (I,) or (I, A); 0 for others."""

    bought: Array
    """(I, A) requests a month."""
    spend: Array
    """usd/month at the unit prices."""
    surplus_lost: Array
    """usd/month, against the reference prices."""


def answered(bought: Array, prices: Prices, references: Prices, elasticity: Array) -> Purchases:
    """Purchases at unit prices, from those at reference prices; a price without a reference is one itself.

    Index: (I, A). Unit: requests/month and usd/month. Source: :func:`answering_requests`, :func:`surplus_lost`.
    """
    found, spend, lost = np.zeros_like(bought), np.zeros(len(bought)), np.zeros(len(bought))
    for a, price in enumerate(prices):
        if price is None:
            continue
        reference = references[a]
        reference = price if reference is None else reference
        found[:, a] = answering_requests(bought[:, a], price, reference, elasticity)
        spend = spend + price * found[:, a]
        if price != reference:
            lost = lost + surplus_lost(bought[:, a], price, reference, elasticity)
    return Purchases(found, spend, lost)
