"""Figures that tables show, what a market would show in their place, and how far the two may lie apart by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from optimizer.learn.worlds import MarketWorld, Predicted

DISCREPANCY = 0.03
"""By how much a true market's figures differ from those of one with fewer classes of customers, relative."""
TINY = 1e-12
COUNT, MEAN = 3.0 / 8.0, 1.0 / 8.0
"""Added to a count before the root is taken (Anscombe 1948), and to its expectation, so that the mean root is met."""

Kind = Literal["log", "share", "rate"]
"""``log``: an amount, compared in logarithms; ``share``: so many of n; ``rate``: so many in n months."""


@dataclass(frozen=True)
class TableFigure:
    """A figure of a table."""

    table: str
    """What it was learned from: usage, subscriptions, price test, cap test, switching, rivals, survey, choices."""
    about: str
    """What it is, in words."""
    unit: str
    kind: Kind
    observed: float
    spread: float
    """Standard error, relative to the figure; 0 for counts, whose own is known."""
    n: float
    """Of whom it was counted, or months; 0 for amounts."""
    predicted: Predicted
    factor: str = ""
    """Nuisance that multiplies the prediction."""
    direct: bool = False
    """Whether it is a number of the market itself, which no classes of customers come between."""

    def residual(self, predicted: float, discrepancy: float = DISCREPANCY) -> float:
        """How far the prediction is too high, in standard deviations; ``discrepancy`` where it is not direct."""
        discrepancy = 0.0 if self.direct else discrepancy
        if self.kind == "log":
            gap = math.log(max(predicted, TINY)) - math.log(max(self.observed, TINY))
            return gap / math.hypot(self.spread, discrepancy)
        return count_residual(self.kind, self.observed * self.n, self.n, predicted, discrepancy)

    @property
    def error(self) -> float:
        """Standard error of the figure as observed, relative; without what the form of the market may add."""
        if self.kind == "log":
            return self.spread
        count = max(self.observed * self.n, 0.5)
        rest = max(1.0 - self.observed, 0.0) if self.kind == "share" else 1.0
        return math.sqrt(rest / count)


def count_residual(kind: Kind, count: float, n: float, predicted: float, discrepancy: float) -> float:
    """By how much a count is expected to be larger, in standard deviations, on a scale where these are alike.

    Shares: 2 sqrt(n) asin sqrt(p); counts in n months: 2 sqrt(n rate). Source: Anscombe (1948). ``discrepancy``,
    relative to the expectation, widens the unit deviation.
    """
    if kind == "rate":
        gap = 2.0 * (math.sqrt(n * predicted + MEAN) - math.sqrt(count + COUNT))
        return gap / math.sqrt(1.0 + discrepancy**2 * count)
    p = min(max(predicted, 0.0), 1.0)
    seen, wanted = (count + COUNT) / (n + 2.0 * COUNT), (n * p + MEAN) / (n + 2.0 * MEAN)
    gap = 2.0 * math.sqrt(n + 0.5) * (math.asin(math.sqrt(wanted)) - math.asin(math.sqrt(seen)))
    return gap / math.sqrt(1.0 + discrepancy**2 * n * seen / max(1.0 - seen, COUNT / n))


def predictions(figures: Sequence[TableFigure], world: MarketWorld) -> list[float]:
    """What the tables would show, without nuisances."""
    return [f.predicted(world) for f in figures]
