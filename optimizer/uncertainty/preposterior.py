"""What a test would be worth before it is run (EVSI): its result is simulated in every draw, menus are chosen by it.

What a result says of every menu is a regression of the menus' values on it, as for a number that would be known: the
mean over results of the best menu's fitted value, less the best menu's without a test. Two arms of as many visitors
are compared by the logarithm of the ratio of what they take up, so that it does not matter how many of those who see
an arm decide at all. Source: Strong, Oakley, Brennan, Goldhaber-Fiebert (2015), Estimating the expected value of
sample information using the probabilistic sensitivity analysis sample; Raiffa, Schlaifer (1961).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.typing import Array, Ints

RESULTS = 20
"""Results of the test that are simulated in every draw."""
FAR = 4.0
"""Standard deviations beyond which a result says no more."""
DRAWS_A_TERM = 8
"""Draws for each term of the regression."""
SMALL = 1e-9
"""Terms that are as good as combinations of others, relative to the largest."""


@dataclass(frozen=True)
class Preposterior:
    """What choosing by a result is worth."""

    value: float
    """In the aim's unit, on average over the draws."""
    without: int
    """The menu that is best without a test."""
    chosen: Ints
    """(S, R) the menu that is best by each result."""


def preposterior(values: Array, weights: Array, signals: Array) -> Preposterior:
    """``values`` (S, B) of menus in draws, ``weights`` (S,) that sum to 1, ``signals`` (S, R, K): R results by draw."""
    draws, results, _ = signals.shape
    without = int(np.argmax(weights @ values))
    more = values - values[:, [without]]
    rows = np.repeat(weights / results, results)
    terms = _orthonormal(_terms(signals.reshape(draws * results, -1), rows, draws), rows)
    within = terms.reshape(draws, results, -1).sum(axis=1) * np.sqrt(weights / results)[:, None]
    fitted = terms @ (within.T @ more) / np.sqrt(rows)[:, None]
    fitted -= fitted[:, [without]]
    best = np.argmax(fitted, axis=1)
    gain = np.take_along_axis(fitted, best[:, None], axis=1)[:, 0]
    best = np.where(gain > 0.0, best, without)
    value = float(rows @ np.maximum(gain, 0.0)) - max(0.0, float((rows @ fitted).max()))
    return Preposterior(max(0.0, value), without, best.reshape(draws, results))


def known_exactly(shares: Array) -> Array:
    """(S, 1, K) the result without noise of a test with take-up (S, 2, K): ln of the second arm over the first."""
    return _contrast(shares)[:, None, :]


def simulated(shares: Array, visitors: int, rng: np.random.Generator, results: int = RESULTS) -> Array:
    """(S, R, K) results of a test with take-up (S, 2, K) and so many visitors in each arm.

    What is taken up is multinomial; half a taker is added to each, so that none is no end.
    """
    rest = np.maximum(0.0, 1.0 - shares.sum(axis=2, keepdims=True))
    chances = np.concatenate([shares, rest], axis=2)
    chances = chances / chances.sum(axis=2, keepdims=True)
    size = (len(shares), results, *shares.shape[1:2])
    counts = rng.multinomial(visitors, chances[:, None], size=size)[..., :-1]
    seen = (counts + 0.5) / (visitors + 1.0)
    return _contrast(np.where(shares[:, None] > 0.0, seen, 0.0))


def _contrast(shares: Array) -> Array:
    """ln of the second arm over the first, (..., 2, K) to (..., K); of one arm where the other offers nothing."""
    logs = np.log(np.where(shares > 0.0, shares, 1.0))
    return np.asarray(logs[..., 1, :] - logs[..., 0, :])


def _terms(signals: Array, rows: Array, draws: int) -> Array:
    """Signals, then their squares, then their products, as many as the draws bear; the first is 1."""
    mean = rows @ signals
    spread = np.sqrt(rows @ (signals - mean) ** 2)
    z = np.clip((signals - mean) / np.where(spread > 0.0, spread, np.inf), -FAR, FAR)
    pairs = [z[:, i] * z[:, j] for i in range(z.shape[1]) for j in range(i)]
    terms = [np.ones(len(z)), *z.T, *(z * z).T, *pairs]
    return np.stack(terms[: max(1, min(len(terms), draws // DRAWS_A_TERM))], axis=1)


def _orthonormal(terms: Array, rows: Array) -> Array:
    """An orthonormal basis of the terms, weighted; those that are combinations of others are left out."""
    u, sizes, _ = np.linalg.svd(terms * np.sqrt(rows)[:, None], full_matrices=False)
    return np.asarray(u[:, sizes > SMALL * sizes[0]])
