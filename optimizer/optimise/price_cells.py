"""Cells of prices, and an instance that is at least as good as any price in them.

Within a cell [a, b] a type's weight falls with the price and its amounts are monotone in it, so the product of weight
and amount is at most the largest of the four corner products. Value is numerator over denominator: positive parts are
put over the least denominator and negative parts over the largest, on two copies of every type. So is what those bring
who choose the same again, over the least and the largest odds of all that is on offer, too.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.market.ladders import Span
from optimizer.model.build import MarketInstance
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Level, order_rules
from optimizer.model.composites import Composites
from optimizer.model.further import never_dearer
from optimizer.model.instance import Block, Figure, Instance, Limit, Rule
from optimizer.typing import Array

Aim = Callable[[CaseModel], Figure]
"""The figure to maximise, on any model of the case."""


@dataclass(frozen=True)
class PriceCell:
    """Levels at both ends of a price cell; the same level twice where the price is fixed."""

    low: Level
    high: Level

    @property
    def width(self) -> float:
        """usd/month."""
        return 0.0 if self.low is None or self.high is None else self.high.price - self.low.price

    def halves(self, span: Span) -> tuple[PriceCell, PriceCell]:
        """The cell cut in the middle, or between two points."""
        assert self.low is not None and self.high is not None
        if span.points is None:
            middle = replace(self.low, price=0.5 * (self.low.price + self.high.price))
            return PriceCell(self.low, middle), PriceCell(middle, self.high)
        first, last = (bisect.bisect_left(span.points, level.price) for level in (self.low, self.high))
        below, above = (replace(self.low, price=span.points[(first + last) // 2 + k]) for k in (0, 1))
        return PriceCell(self.low, below), PriceCell(above, self.high)


Cells = list[list[PriceCell]]
"""Per plan, in the case model's order."""


def relaxed(m: CaseModel, cells: Cells, aim_of: Aim) -> tuple[Instance, Figure, tuple[Limit, ...], Composites]:
    """An instance whose value at a menu of cells is at least that of any prices in them, and what its levels are of.

    No price in a nest is a range, so that composites are the same at both ends of all cells.
    """
    low = m.with_levels([tuple(c.low for c in row) for row in cells])
    high = m.with_levels([tuple(c.high for c in row) for row in cells])
    a, b = low.built.instance, high.built.instance
    most = tuple(np.maximum(x, y) for x, y in zip(a.attraction, b.attraction, strict=True))
    instance = Instance(
        customers=np.concatenate([a.customers, a.customers], axis=1),
        attraction=tuple(np.concatenate([w, w]) for w in most),
        denominators=tuple(
            np.concatenate([np.minimum(x, y), np.maximum(x, y)])
            for x, y in zip(a.denominators, b.denominators, strict=True)
        ),
        rules=low.built.composed.rules(_loose_rules(m, low.built, high.built)),
        names=a.names,
        odds=tuple(np.concatenate([np.minimum(x, y), np.maximum(x, y)]) for x, y in zip(a.odds, b.odds, strict=True)),
    )

    def above(f: Figure, g: Figure) -> Figure:
        return _bounded(f, g, a, b, most, upper=True)

    blocks = tuple(
        Block(x.name, _bounded(x.use, y.use, a, b, most, upper=False), x.reserved, x.limit)
        for x, y in zip(a.blocks, b.blocks, strict=True)
    )
    limits = tuple(Limit(x.name, above(x.figure, y.figure)) for x, y in zip(low.limits, high.limits, strict=True))
    return replace(instance, blocks=blocks), above(aim_of(low), aim_of(high)), limits, low.choices.composites


def _bounded(f: Figure, g: Figure, a: Instance, b: Instance, most: tuple[Array, ...], upper: bool) -> Figure:
    """A figure on the doubled types: positive parts over the least denominators, negative ones over the largest.

    For a lower bound (``upper=False``) it is the other way round.
    """

    def parts(
        here: tuple[Array, ...], there: tuple[Array, ...], falling: Sequence[tuple[Array, Array]]
    ) -> tuple[Array, ...]:
        """Of what there is per customer, by plan: positive parts on the first copies, negative ones on the second.

        ``falling``: by plan, at both ends, what falls with the price and is multiplied by what is monotone in it.
        """
        found = []
        for j, weight in enumerate(most):
            corners = [w * x for w in falling[j] for x in (here[j], there[j])]
            extreme = np.max(corners, axis=0) if upper else np.min(corners, axis=0)
            both = [np.maximum(extreme, 0.0), np.minimum(extreme, 0.0)]
            if not upper:
                both.reverse()
            found.append(np.concatenate([_per(part, weight) for part in both]))
        return tuple(found)

    weights = list(zip(a.attraction, b.attraction, strict=True))
    again: tuple[Array, ...] = ()
    if f.again:  # odds times what is monotone; odds fall like weights
        here, there = (
            tuple(_per(x, odds) for x, odds in zip(h.again, n.odds, strict=True)) for h, n in ((f, a), (g, b))
        )
        odds = zip(a.odds, b.odds, strict=True)
        again = parts(here, there, [(w * o, v * p) for (w, v), (o, p) in zip(weights, odds, strict=True)])
    best = np.maximum if upper else np.minimum
    return Figure(
        amounts=parts(f.amounts, g.amounts, weights),
        outside=np.zeros(2 * a.types),
        fixed=tuple(best(x, y) for x, y in zip(f.fixed, g.fixed, strict=True)),
        mix=f.mix,
        constant=f.constant,
        burst=f.burst,
        again=again,
    )


def _per(total: Array, weight: Array) -> Array:
    """Total over weight; 0 where there is no weight."""
    return np.where(weight > 0.0, total / np.where(weight > 0.0, weight, 1.0), 0.0)


def _loose_rules(m: CaseModel, low: MarketInstance, high: MarketInstance) -> tuple[Rule, ...]:
    """Rules that allow a pair of cells where any prices in them are allowed: cheapest small plan, dearest large one."""
    gives = order_rules(m.inputs.case, m.choices.plans, list(low.choices.levels), m.prepared, by_price=False)
    found = []
    for rule in gives:
        small, large = low.choices.levels[rule.first], high.choices.levels[rule.second]
        found.append(Rule(rule.name, rule.first, rule.second, rule.allowed & never_dearer(small, large)))
    return tuple(found)
