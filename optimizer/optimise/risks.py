"""What is made of a figure that has a value in every draw of what is not known.

All risks are one: ``min over w in W of sum_s w_s (value_s - offset_s)``, ``W = {0 <= w <= caps, sum w = 1}``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np

from optimizer.errors import bad_argument
from optimizer.execution.arrays import finite, number
from optimizer.typing import Array


class Risk(StrEnum):
    """What is made of a figure that has a value in every draw."""

    MEAN = "mean"
    CVAR = "cvar"
    """The mean of the worst tail of the draws, by weight."""
    WORST = "worst"
    REGRET = "regret"
    """The largest loss against the best that each draw alone allows; less is better."""


def checked_weights(weights: Any, draws: int) -> Array:
    """(S,) with sum 1; equal where absent. Raises InputError."""
    if weights is None:
        return np.full(draws, 1.0 / draws)
    given = finite(weights, (draws,), "weights", above=0.0)
    return np.asarray(given / given.sum())


def checked_risk(risk: Any) -> Risk:
    """Raises InputError."""
    try:
        return Risk(risk)
    except ValueError:
        raise bad_argument("risk", f"is {risk!r}", f"one of {', '.join(Risk)}") from None


def caps_of(risk: Risk, weights: Array, tail: Any) -> Array:
    """(S,) the most weight that a draw may get. Raises InputError."""
    share = number(tail, "tail", above=0.0)
    if share > 1.0:
        raise bad_argument("tail", f"must be 1 or less, but is {share:g}", "write 0.1 for the worst tenth")
    if risk is Risk.MEAN:
        return weights.copy()
    return weights / share if risk is Risk.CVAR else np.ones(len(weights))


def least_weighted(values: Array, caps: Array) -> Array:
    """(...) min of w . values (..., S) over 0 <= w <= caps, sum w = 1: the worst draws get all they may."""
    order = np.argsort(values, axis=-1, kind="stable")
    held = _filled(caps[order])
    return np.asarray((held * np.take_along_axis(values, order, axis=-1)).sum(axis=-1))


def worst_weights(values: Array, caps: Array) -> Array:
    """(S,) the weights that attain :func:`least_weighted`."""
    order = np.argsort(values, kind="stable")
    weights = np.empty(len(values))
    weights[order] = _filled(caps[order])
    return weights


def within_caps(weights: Array, caps: Array) -> Array:
    """Weights (S,) >= 0 with sum 1 and at most the caps, near others, up to rounding."""
    weights = np.minimum(weights, caps)
    total = float(weights.sum())
    if total >= 1.0:
        return np.asarray(weights / total)
    room = caps - weights
    left = float(room.sum())
    return np.asarray(weights + room * min(1.0, (1.0 - total) / left)) if left > 0.0 else weights


def _filled(caps: Array) -> Array:
    """Caps (..., S) used up in order until 1 is given away."""
    upto = np.minimum(np.cumsum(caps, axis=-1), 1.0)
    return np.diff(upto, axis=-1, prepend=0.0)
