"""Who uses a service in which way: the customers of a segment, with and without an unattended stream of requests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.economics.normal import joint_class_shares, lognormal_class_means
from optimizer.economics.unattended import together, with_and_without
from optimizer.schema.market import Classes, Market, Segment
from optimizer.schema.usage import Unattended
from optimizer.typing import Array

MONTH_DAYS = 730.0 / 24.0


@dataclass(frozen=True)
class Mode:
    """The customers of a segment who use it one way."""

    index: int
    """Of the segment."""
    segment: Segment
    unattended: Unattended | None
    """What runs without them; None = nothing does."""

    def potential(self, classes: Classes) -> Array:
        """(K, V) customers of each usage and payment class."""
        s = self.segment
        shares = joint_class_shares(s.usage_correlation.value, classes.usage, classes.willingness_to_pay)
        whole, stated = s.potential.value * shares, s.usage.unattended
        if stated is None:
            return np.asarray(whole)
        return with_and_without(whole, stated.share.value)[self.unattended is not None]

    def requests(self, classes: Classes) -> Array:
        """(K,) requests a month of each usage class."""
        usage = self.segment.usage
        own = lognormal_class_means(usage.requests.value, usage.sigma.value, classes.usage)
        if self.unattended is None:
            return own
        sigma = usage.sigma if self.unattended.sigma is None else self.unattended.sigma
        return together(own, lognormal_class_means(self.unattended.requests.value, sigma.value, classes.usage))

    def windows(self, window: str) -> float:
        """Active windows a month."""
        usage, more = self.segment.usage, self.unattended
        days = usage.active_days if more is None or more.active_days is None else more.active_days
        if window in ("3h", "5h"):
            a_day = usage.windows_per_day if more is None or more.windows_per_day is None else more.windows_per_day
            return days.value * a_day.value
        if window == "day":
            return days.value
        return MONTH_DAYS / 7.0 if window == "week" else 1.0


def modes(market: Market) -> tuple[Mode, ...]:
    """Segment by segment; a second one where some of its customers may have something running without them.

    Also where the share is 0, so that a change of the share keeps the types.
    """
    found = []
    for index, segment in enumerate(market.segments.values()):
        found.append(Mode(index, segment, None))
        more = segment.usage.unattended
        if more is not None:
            found.append(Mode(index, segment, more))
    return tuple(found)


def customer_types(market: Market) -> int:
    """How many customer types a market has."""
    classes = market.classes
    return len(modes(market)) * (len(classes.usage) - 1) * (len(classes.willingness_to_pay) - 1)
