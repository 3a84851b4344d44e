"""A check of the calibrated market, with what was measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """A credibility check with what was measured."""

    check: str
    of: str
    """Plan, channel or ``total``."""
    value: float
    low: float
    high: float
    blocks: bool

    @property
    def passed(self) -> bool:
        return self.low <= self.value <= self.high
