"""Advertising shown with served requests: how much of it, what it earns, what it takes from customers."""

from __future__ import annotations

from optimizer.typing import Array

THOUSAND = 1e3


def shown(requests: Array, shares: Array, per_request: float) -> Array:
    """Impressions a month: per request x sum over AI models of requests x the model's share of impressions.

    Index: (I,), from (I, A) and (A,). Unit: impressions/month. Source: definition; short answers have less room.
    """
    return per_request * (requests @ shares)


def revenue(impressions: Array, price: float) -> Array:
    """What impressions earn: impressions / 1000 x the price of a thousand (CPM).

    Index: (I,). Unit: usd/month; price in usd per thousand impressions. Source: definition, as advertising is billed.
    """
    return impressions / THOUSAND * price


def disutility(impressions: Array, each: Array) -> Array:
    """What impressions take from the utility of a month: impressions x disutility of one.

    Index: (I,). Unit: utility. Source: linear nuisance of advertising, Anderson, Coate, Market provision of
    broadcasting (2005).
    """
    return impressions * each
