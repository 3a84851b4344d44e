"""The prices of a plan that a case allows: a ladder, every price of an interval, or the price points in it.

Rules act on a range itself: a limit on the price change cuts the interval, charm prices and steps are points of it.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, replace

from optimizer.schema.case import Case, PlanLadders, PriceRange
from optimizer.schema.market import Market
from optimizer.units import SAME

RANGE_CELLS = 24
"""Cells a price range is first cut into."""
MOST_POINTS = 100_000
"""Price points that a range may hold."""


@dataclass(frozen=True)
class Span:
    """The prices of a range that the rules leave, usd/month."""

    low: float
    high: float
    points: tuple[float, ...] | None = None
    """Ascending price points; None: every price between."""

    @property
    def open(self) -> bool:
        """Whether there is more than one price."""
        return len(self.points) > 1 if self.points is not None else self.low < self.high

    @property
    def continuum(self) -> Span:
        """Every price between, whatever the points."""
        return replace(self, points=None)

    @property
    def ladder(self) -> tuple[float, ...]:
        """A few of the prices to begin with: the ends, and what lies evenly between."""
        if self.points is not None:
            last = len(self.points) - 1
            places = {round(last * k / RANGE_CELLS) for k in range(RANGE_CELLS + 1)} if self.points else set()
            return tuple(self.points[k] for k in sorted(places))
        if not self.open:
            return (self.low,)
        steps = range(RANGE_CELLS)
        return (*(self.low + (self.high - self.low) * k / RANGE_CELLS for k in steps), self.high)

    def holds(self, price: float) -> bool:
        """Whether a price is one of these, but for rounding in unit conversion."""
        if self.points is None:
            return self.low * (1.0 - SAME) <= price <= self.high * (1.0 + SAME)
        place = bisect.bisect_left(self.points, price * (1.0 - SAME))
        return place < len(self.points) and math.isclose(self.points[place], price, rel_tol=SAME)


def span_of(case: Case, base: Market, name: str) -> Span | None:
    """What the rules leave of a plan's price range, no points where that is nothing; None without a range."""
    ladders = case.plans.get(name)
    if ladders is None or not isinstance(ladders.price, PriceRange):
        return None
    low, high = _interval(case, base, name, ladders.price)
    if low > high or count_points(case, name) > MOST_POINTS:  # the latter is a finding of its own
        return Span(low, high, ())
    step, charm = ladders.price.step, case.rules.charm_prices
    if step is None and not charm:
        return Span(low, high)
    points = _charm_prices(low, high) if step is None else _multiples(low, high, step)
    return Span(low, high, tuple(p for p in points if _is_charm(p)) if charm else tuple(points))


def count_points(case: Case, name: str) -> float:
    """About how many price points a plan's range holds before other rules; 0 for none."""
    ladders = case.plans.get(name)
    if ladders is None or not isinstance(ladders.price, PriceRange):
        return 0.0
    width = ladders.price.most - ladders.price.least
    if ladders.price.step is not None:
        return width / ladders.price.step
    return 1.3 * width if case.rules.charm_prices else 0.0


def _interval(case: Case, base: Market, name: str, wanted: PriceRange) -> tuple[float, float]:
    """The range within the limits on the price change; ends that differ by rounding alone are one price."""
    low, high = wanted.least, wanted.most
    for rule in case.rules.price_change:
        if rule.plan == name:
            today = base.plans[name].price.value
            low, high = max(low, today * (1.0 - rule.at_most)), min(high, today * (1.0 + rule.at_most))
    return (high, high) if abs(low - high) <= SAME * abs(high) else (low, high)


def _multiples(low: float, high: float, step: float) -> list[float]:
    """Multiples of a step in an interval, its ends included."""
    first, last = math.ceil(low / step * (1.0 - SAME)), math.floor(high / step * (1.0 + SAME))
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def _charm_prices(low: float, high: float) -> list[float]:
    """Charm prices in an interval, its ends included."""
    whole = [float(n) for n in range(math.floor(low), math.ceil(high) + 1) if n % 10 in (0, 5, 9)]
    just_below = [round(n + 0.99, 2) for n in range(math.floor(low), math.ceil(high) + 1)]
    inside = Span(low, high)
    return sorted(p for p in (*whole, *just_below) if p > 0.0 and inside.holds(p))


def _is_charm(price: float) -> bool:
    whole = round(price)
    near = SAME * max(1.0, price)
    return (abs(price - whole) <= near and whole % 10 in (0, 5, 9)) or abs(price - math.floor(price) - 0.99) <= near


def price_ladder(ladders: PlanLadders, today: float) -> tuple[float, ...]:
    """The prices that a case states, before any rule."""
    if isinstance(ladders.price, PriceRange):
        return Span(ladders.price.least, ladders.price.most).ladder
    return ladders.price or (today,)


def allowed_prices(case: Case, base: Market, name: str, prices: tuple[float, ...]) -> tuple[float, ...]:
    """The price ladder less what the price rules forbid; of a range, a few prices to begin with."""
    span = span_of(case, base, name)
    if span is not None:
        return span.ladder
    kept = prices
    for rule in case.rules.price_change:
        if rule.plan == name:
            today = base.plans[name].price.value
            kept = tuple(p for p in kept if abs(p - today) <= (rule.at_most + SAME) * today)
    return tuple(p for p in kept if _is_charm(p)) if case.rules.charm_prices else kept
