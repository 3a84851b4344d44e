"""How good a prediction was, and how much better than a simple one."""

from __future__ import annotations

import math

import numpy as np

from optimizer.typing import Array


def crps(sample: Array, observed: float) -> float:
    """Continuous ranked probability score: mean |x - y| - 1/2 mean |x - x'|, x and x' from the prediction, y observed.

    Of a single number it is the absolute error; less is better. Index: (N,). Unit: that of the prediction.
    Source: Gneiting and Raftery (2007), Strictly proper scoring rules.
    """
    spread = np.abs(sample[:, None] - sample[None, :]).mean()
    return float(np.abs(sample - observed).mean() - 0.5 * spread)


def brier(probability: float, happened: float) -> float:
    """Brier score: (probability - outcome)^2, the outcome 1 or 0; less is better, 1/4 is what knowing nothing gives.

    Index: none. Unit: 1. Source: Brier (1950).
    """
    return (probability - happened) ** 2


def skill(score: float, reference: float) -> float:
    """Skill against a simple prediction: 1 - score / its score; 1 is perfect, below 0 is worse than it.

    nan where the simple prediction is perfect. Index: none. Unit: 1. Source: Murphy (1988).
    """
    return 1.0 - score / reference if reference > 0.0 else math.nan


def evenly(low: float, high: float, count: int = 201) -> Array:
    """A sample that stands for anything between two numbers, alike likely: the middles of equal parts.

    Index: (N,). Unit: that of the prediction. Source: quantiles of the uniform distribution.
    """
    return low + (high - low) * (np.arange(count) + 0.5) / count
