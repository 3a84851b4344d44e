"""The standard normal and lognormal distributions, without a heavy dependency."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from optimizer.typing import Array

_erfc = np.frompyfunc(math.erfc, 1, 1)
_STANDARD = NormalDist()


def cdf(x: Array) -> Array:
    """Phi(x), elementwise; accurate in both tails. Source: math.erfc."""
    return np.asarray(0.5 * np.asarray(_erfc(-np.asarray(x, dtype=float) / math.sqrt(2.0)), dtype=float))


@lru_cache(maxsize=1 << 14)
def quantile(p: float) -> float:
    """Phi^-1(p) for 0 <= p <= 1, infinite at the ends."""
    if p <= 0.0:
        return -math.inf
    if p >= 1.0:
        return math.inf
    return _STANDARD.inv_cdf(p)


def lognormal_class_means(mean: float, sigma: float, edges: tuple[float, ...]) -> Array:
    """Mean of a lognormal within each quantile class.

    Formula: mean (Phi(sigma - z_a) - Phi(sigma - z_b)) / (b - a), z = Phi^-1.
    Index: (K,) classes between ``edges``. Unit: that of ``mean``. Source: partial expectation of the lognormal.
    """
    z = np.array([quantile(e) for e in edges])
    upper = cdf(sigma - z)
    return mean * (upper[:-1] - upper[1:]) / np.diff(np.array(edges))


def normal_class_means(edges: tuple[float, ...]) -> Array:
    """Mean of a standard normal within each quantile class: (phi(z_a) - phi(z_b)) / (b - a). Index: (K,)."""
    z = np.array([quantile(e) for e in edges])
    density = np.where(np.isfinite(z), np.exp(-0.5 * np.where(np.isfinite(z), z, 0.0) ** 2), 0.0) / math.sqrt(
        2 * math.pi
    )
    return (density[:-1] - density[1:]) / np.diff(np.array(edges))


@lru_cache(maxsize=1)
def _legendre() -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(48)
    return np.asarray(nodes), np.asarray(weights)


@lru_cache(maxsize=256)
def joint_class_shares(correlation: float, first: tuple[float, ...], second: tuple[float, ...]) -> Array:
    """Probability of each pair of quantile classes under a Gaussian copula.

    Formula: integral over the first class of P(second class | u), by Gauss-Legendre in the quantile u.
    Index: (K, V). Unit: fraction; rows sum to the first classes' widths. Source: Nelsen, An Introduction to Copulas.
    """
    nodes, weights = _legendre()
    root = math.sqrt(1.0 - correlation**2)
    z_second = np.array([quantile(e) for e in second])
    shares = np.empty((len(first) - 1, len(second) - 1))
    for k, (a, b) in enumerate(itertools.pairwise(first)):
        u = 0.5 * (b - a) * nodes + 0.5 * (a + b)
        z = np.array([quantile(float(p)) for p in u])
        conditional = cdf((z_second[None, :] - correlation * z[:, None]) / root)
        shares[k] = 0.5 * (b - a) * (weights @ np.diff(conditional, axis=1))
    shares.setflags(write=False)
    return shares
