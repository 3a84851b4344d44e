"""Numbers of a market as a vector: z, in standard deviations of what was believed before.

Value, low and high of a number are the median and the 90 % range of a normal, cut in two halves of their own spread, on
the scale of logarithms, of log-odds (shares) or of Fisher's z (correlations).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.economics.normal import quantile
from optimizer.schema.base import Quantity
from optimizer.schema.market import Market
from optimizer.typing import Array
from optimizer.uncertainty.sampling import ORDERED, SHARES, fitted_together, uncertain_numbers

NINETY = quantile(0.95)
"""Standard deviations from the middle to the ends of a 90 % range."""
LEAST_SIDE = 0.1
"""Spread below the middle against that above, at least, and the other way round."""
NEAR_END = 1e-3
"""Distance of shares and correlations from their ends, at least."""
NIL = 0.1
"""A low of 0 is taken for this part of the value, where the scale has no 0; likewise a high of 1."""
ODDS = ("referral", "dissimilarity", "annual_share", "base", "most")
"""Last names of numbers between 0 and 1 whose unit does not say so."""


@dataclass(frozen=True)
class NumberPrior:
    """What is believed of a number before anything is learned."""

    path: str
    unit: str
    scale: str
    """``log``, ``logit`` or ``atanh``."""
    value: float
    low: float
    high: float
    middle: float
    below: float
    """Standard deviation below the middle, on the scale."""
    above: float

    def at(self, z: float) -> float:
        """The number at z."""
        return _backward(self.scale, self.middle + z * (self.above if z >= 0.0 else self.below))

    def z_of(self, value: float) -> float:
        """The z of a value."""
        x = _forward(self.scale, value) - self.middle
        return x / (self.above if x >= 0.0 else self.below)


def prior(path: str, q: Quantity) -> NumberPrior:
    """The prior of a number with low and high."""
    assert q.low is not None and q.high is not None
    scale = _scale(path, q)
    low, value, high = (_inside(scale, v, q) for v in (q.low, q.value, q.high))
    lower, middle, upper = (_forward(scale, v) for v in (low, value, high))
    below, above = (middle - lower) / NINETY, (upper - middle) / NINETY
    below, above = max(below, LEAST_SIDE * above), max(above, LEAST_SIDE * below)
    return NumberPrior(path, q.unit, scale, q.value, q.low, q.high, middle, below, above)


def _scale(path: str, q: Quantity) -> str:
    if path.endswith("correlation"):
        return "atanh"
    last = path.rpartition(".")[2]
    return "logit" if (q.unit == "fraction" or last in ODDS) and (q.high or 0.0) <= 1.0 else "log"


def _inside(scale: str, value: float, q: Quantity) -> float:
    """The value, off the ends of its scale."""
    if scale == "logit":
        middle = min(max(q.value, NEAR_END), 1.0 - NEAR_END)
        return middle if value == q.value else min(max(value, NIL * middle), 1.0 - NIL * (1.0 - middle))
    if scale == "atanh":
        return min(max(value, NEAR_END - 1.0), 1.0 - NEAR_END)
    positive = [v for v in (q.value, q.high) if v is not None and v > 0.0]
    return max(value, NIL * positive[0])


def _forward(scale: str, v: float) -> float:
    if scale == "log":
        return math.log(v)
    if scale == "logit":
        return math.log(v / (1.0 - v))
    return math.atanh(v)


def _backward(scale: str, x: float) -> float:
    if scale == "log":
        return math.exp(min(x, 600.0))
    if scale == "logit":
        return 1.0 / (1.0 + math.exp(-min(max(x, -600.0), 600.0)))
    return math.tanh(x)


@dataclass(frozen=True)
class NumberVector:
    """The numbers that are learned, in order."""

    market: Market
    priors: tuple[NumberPrior, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(p.path for p in self.priors)

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Path -> place in the vector."""
        return {path: k for k, path in enumerate(self.paths)}

    def values(self, z: Array) -> dict[str, float]:
        """By path; shares of one whole add up to 1, and pairs are in order."""
        plain = np.array([[p.at(float(x)) for p, x in zip(self.priors, z, strict=True)]])
        return dict(zip(self.paths, fitted_together(self.market, self.paths, plain)[0].tolist(), strict=True))

    @cached_property
    def _bound(self) -> frozenset[int]:
        """Numbers whose value depends on others: shares, and pairs in order."""
        tied = (*(f".{part}." for part in SHARES), *(f".{name}" for pair in ORDERED for name in pair))
        return frozenset(k for k, p in enumerate(self.paths) if any(t in p for t in tied))

    def changed(self, z: Array, k: int, before: Mapping[str, float]) -> dict[str, float]:
        """What differs from the values before, which differed in number k alone."""
        after = self.values(z) if k in self._bound else {self.paths[k]: self.priors[k].at(float(z[k]))}
        return {path: value for path, value in after.items() if value != before[path]}

    def only(self, keep: Sequence[int]) -> NumberVector:
        """Some of them."""
        return NumberVector(self.market, tuple(self.priors[k] for k in keep))


def numbers_of(market: Market, known: Sequence[str] = ()) -> NumberVector:
    """Every number that is uncertain, but for those that are known exactly."""
    found = uncertain_numbers(market)
    return NumberVector(market, tuple(prior(path, q) for path, q in found.items() if path not in known))
