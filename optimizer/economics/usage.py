"""What a customer asks for, what the caps let through, what is bought beyond them.

Demand in a window is lognormal with mean ``m`` and log-sigma ``s``; ``mu = ln m - s^2/2``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.economics.normal import cdf
from optimizer.typing import Array


@dataclass(frozen=True)
class Window:
    """A cap over one window length."""

    per_month: Array
    """(C,) active windows a month."""
    sigma: Array
    """(C,) log-sigma of one customer's demand from window to window."""
    cap: float
    """Requests a window; ``inf`` = none."""


def limited_mean(mean: Array, sigma: Array, cap: float | Array) -> Array:
    """Mean of min(D, a) for lognormal D.

    Formula: e^(mu+s^2/2) Phi((ln a - mu - s^2)/s) + a (1 - Phi((ln a - mu)/s)). Index: (C,).
    Unit: requests per window. Source: limited expected value of the lognormal (Klugman et al., Loss Models).
    """
    mean, sigma, cap = np.broadcast_arrays(np.asarray(mean, float), np.asarray(sigma, float), np.asarray(cap, float))
    out = np.minimum(mean, cap).astype(float)
    spread = (mean > 0.0) & (cap > 0.0) & np.isfinite(cap) & (sigma > 0.0)
    m, s, a = mean[spread], sigma[spread], cap[spread]
    z = (np.log(a) - np.log(m) + 0.5 * s**2) / s
    out[spread] = m * cdf(z - s) + a * cdf(-z)
    return out


def limited_square(mean: Array, sigma: Array, cap: float | Array) -> Array:
    """Mean of min(D, a)^2 for lognormal D.

    Formula: e^(2mu+2s^2) Phi((ln a - mu - 2s^2)/s) + a^2 (1 - Phi((ln a - mu)/s)). Index: (C,).
    Unit: requests^2. Source: limited second moment of the lognormal (Klugman et al., Loss Models).
    """
    mean, sigma, cap = np.broadcast_arrays(np.asarray(mean, float), np.asarray(sigma, float), np.asarray(cap, float))
    out = np.where(
        np.isfinite(cap), np.minimum(mean, np.where(np.isfinite(cap), cap, 0.0)) ** 2, mean**2 * np.exp(sigma**2)
    )
    spread = (mean > 0.0) & (cap > 0.0) & np.isfinite(cap) & (sigma > 0.0)
    m, s, a = mean[spread], sigma[spread], cap[spread]
    z = (np.log(a) - np.log(m) + 0.5 * s**2) / s
    out[spread] = m**2 * np.exp(s**2) * cdf(z - 2.0 * s) + a**2 * cdf(-z)
    return out


def exceedance(mean: Array, sigma: Array, cap: float) -> Array:
    """P(D > a): the share of windows in which the cap binds. Index: (C,). Unit: fraction. Source: lognormal tail."""
    out = (np.asarray(mean, float) > cap).astype(float)
    if not np.isfinite(cap) or cap <= 0.0:
        return out
    spread = (mean > 0.0) & (sigma > 0.0)
    s = sigma[spread]
    out[spread] = cdf(-(math.log(cap) - np.log(mean[spread]) + 0.5 * s**2) / s)
    return out


def served(requests: Array, windows: Sequence[Window]) -> tuple[Array, Array]:
    """Requests served a month under one cap or two (the shorter window first), and P(a cap binds in the month).

    Formula: windows x E[min(D, a)]; for two windows the shorter one's capped mean and variance, summed over
    the windows in the longer, are matched by a lognormal, which the longer cap limits.
    Index: (C,). Unit: requests/month, fraction. Source: moment matching; within 0.1 % of simulation in the median.
    """
    if not windows:
        return requests, np.zeros_like(requests)
    first = windows[0]
    mean = requests / first.per_month
    capped = limited_mean(mean, first.sigma, first.cap)
    quiet = (1.0 - exceedance(mean, first.sigma, first.cap)) ** first.per_month
    if len(windows) == 1:
        return capped * first.per_month, 1.0 - quiet
    second = windows[1]
    inside = first.per_month / second.per_month
    mean2 = capped * inside
    if np.isfinite(first.cap):
        # a cap far below the mean leaves no spread; rounding must not make it negative
        variance = np.maximum(limited_square(mean, first.sigma, first.cap) - capped**2, 0.0) * inside
        sigma2 = np.sqrt(np.log1p(np.where(mean2 > 0.0, variance / np.where(mean2 > 0.0, mean2, 1.0) ** 2, 0.0)))
    else:
        sigma2 = second.sigma
    quiet *= (1.0 - exceedance(mean2, sigma2, second.cap)) ** second.per_month
    return limited_mean(mean2, sigma2, second.cap) * second.per_month, 1.0 - quiet


def fallback_served(requests: Array, taken: Array, windows: Sequence[Window], limit: float) -> Array:
    """Requests a month that the fallback model serves of those a cap refused.

    Formula: windows x (E[min(D, a+b)] - E[min(D, a)]); without a limit, all that was refused.
    Index: (C,). Unit: requests/month. Source: stop-loss layer (Klugman et al., Loss Models).
    """
    if not np.isfinite(limit) or not windows:
        return np.maximum(requests - taken, 0.0)
    window = windows[0]
    mean = requests / window.per_month
    layer = limited_mean(mean, window.sigma, window.cap + limit) - limited_mean(mean, window.sigma, window.cap)
    return np.maximum(layer * window.per_month, 0.0)


def bought(
    refused: Array, satisfied: Array, quality: float, value_of_use: Array, price_coefficient: Array, price: float
) -> Array:
    """Requests a month bought at the unit price: the quantity that maximises utility.

    Formula: min(refused, max(0, value of use / (price coefficient x unit price) - (1 + S) / quality)).
    Index: (I,). Unit: requests/month. Source: first-order condition of value x ln(1 + S + q x) - coefficient x price x.
    """
    if price <= 0.0:
        return refused
    if quality <= 0.0:
        return np.zeros_like(refused)
    best = value_of_use / (price_coefficient * price) - (1.0 + satisfied) / quality
    return np.minimum(refused, np.maximum(best, 0.0))
