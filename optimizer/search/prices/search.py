"""What both branchings over continuous prices share: the incumbent, the pruning and the certificate."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from optimizer.search.prices.prices import Prices, climb, revenue
from optimizer.typing import Array

_TRIAL = 4


@dataclass(frozen=True)
class CertifiedPrices:
    """The best prices found, their revenue, and a number that no prices within the bounds exceed."""

    prices: Array
    value: float
    bound: float
    boxes: int
    finished: bool
    """False where time ran out before the gap was reached."""


@dataclass
class PriceSearch:
    """Incumbent and bookkeeping of one search. A box is closed at ``value + tolerance``."""

    data: Prices
    gap: float
    deadline: float | None
    prices: Array
    value: float = field(init=False)
    closed: float = field(init=False, default=float("-inf"))
    """The largest bound among the boxes that were closed."""
    boxes: int = 0

    def __post_init__(self) -> None:
        self.value = float(revenue(self.data, self.prices[None])[0])

    @property
    def tolerance(self) -> float:
        """Money by which a bound may exceed the incumbent; not below what double precision can tell apart."""
        scale = self.data.scale
        return max(self.gap * max(abs(self.value), 1e-9 * scale), 20.0 * self.data.rounding * scale)

    @property
    def threshold(self) -> float:
        """Bounds up to here are closed."""
        return self.value + self.tolerance

    def offer(self, prices: Array, reach: float = 0.0) -> None:
        """Candidate prices (K, J): the best is climbed from if less than ``reach`` tolerances below the incumbent.

        A few steps tell whether it may lead to a better maximum than the one that is known, as it mostly does not.
        """
        value = revenue(self.data, prices)
        k = int(np.argmax(value))
        if value[k] > self.value + 1e-9 * abs(self.value) - reach * self.tolerance:
            climbed, reached = climb(self.data, prices[k][None], _TRIAL)
            if reached[0] > self.value - 0.1 * self.tolerance:
                climbed, _ = climb(self.data, climbed, 20)
            both = np.concatenate([prices[k][None], climbed])
            value = revenue(self.data, both)
            k = int(np.argmax(value))
            if value[k] > self.value:
                self.prices, self.value = both[k], float(value[k])

    def close(self, bounds: Array) -> None:
        """Notes the bounds of boxes that are given up."""
        if bounds.size:
            self.closed = max(self.closed, float(bounds.max()))

    def late(self) -> bool:
        """Whether time is up."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def result(self, open_bounds: Array) -> CertifiedPrices:
        """The certificate, with the boxes that are still open."""
        bound = max(self.value, self.closed, float(open_bounds.max()) if open_bounds.size else float("-inf"))
        return CertifiedPrices(self.prices, self.value, bound, self.boxes, not open_bounds.size)
