"""What it would be worth to know: everything (EVPI), or one number (EVPPI), beside what chance alone would show.

Once a set of candidate menus is fixed, menus x draws is one matrix; the value of knowing a number is the gain of
choosing by its regression on that number. Source: Strong, Oakley, Brennan (2014).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from optimizer.typing import Array

PERMUTATIONS = 200
"""Unrelated numbers from which the null level is taken."""
CONTROL = "control (an unrelated number)"
"""A number that has nothing to do with the market, treated like the others."""


@dataclass(frozen=True)
class Worth:
    """The value of knowing a number before deciding, in the aim's unit."""

    name: str
    """A path, or a group of numbers that move together."""
    value: float
    above_null: bool
    """Whether it is more than 95 in 100 unrelated numbers would show, the largest of as many at once."""


@dataclass(frozen=True)
class Worths:
    """What knowing numbers is worth, best first."""

    perfect: float | None
    """EVPI: mean of the draws' own best values less the best mean of one menu; None where it is not known."""
    numbers: tuple[Worth, ...]
    null: float
    """What an unrelated number shows on average."""
    null_most: float
    """What the largest of as many unrelated numbers shows in 95 of 100 cases."""
    control: Worth
    candidates: int
    """Menus among which is chosen."""
    among: float
    """EVPI among the candidates: what knowing a number, or testing one, cannot exceed."""


def worths(values: Array, weights: Array, columns: Mapping[str, Array], perfect: float | None, seed: int) -> Worths:
    """``values`` (S, B) of candidate menus, ``weights`` (S,) of the draws, ``columns``: (S,) by number or group."""
    rng = np.random.default_rng([seed, 11])
    best = int(np.argmax(weights @ values))
    more = values - values[:, [best]]
    more = more[:, (more > 0.0).any(axis=0)]
    found = {name: _gain(more, weights, column) for name, column in columns.items()}
    null = np.array([_gain(more, weights, rng.random(len(values))) for _ in range(PERMUTATIONS)])
    many = max(1, len(columns))
    most = float(np.quantile([rng.choice(null, many).max() for _ in range(PERMUTATIONS)], 0.95))
    control = _gain(more, weights, rng.random(len(values)))
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return Worths(
        perfect,
        tuple(Worth(name, value, value > most) for name, value in ranked),
        float(null.mean()),
        most,
        Worth(CONTROL, control, control > most),
        values.shape[1],
        float(weights @ values.max(axis=1) - (weights @ values).max()),
    )


def _gain(more: Array, weights: Array, column: Array) -> float:
    """Mean gain of choosing by what a cubic in the number's normal score says of each menu, over choosing once."""
    if not more.size:
        return 0.0
    root = np.sqrt(weights)[:, None]
    q, _ = np.linalg.qr(_basis(column) * root)
    fitted = (q @ (q.T @ (more * root))) / root
    return float(weights @ np.maximum(0.0, fitted.max(axis=1)) - max(0.0, float((weights @ fitted).max())))


def _basis(column: Array) -> Array:
    rank = (np.argsort(np.argsort(column, kind="stable"), kind="stable") + 0.5) / len(column)
    z = np.array([NormalDist().inv_cdf(float(v)) for v in rank])
    terms = [np.ones_like(z), z, z * z - 1.0, z**3 - 3.0 * z]
    return np.stack(terms[: max(1, min(4, len(column) // 4))], axis=1)
