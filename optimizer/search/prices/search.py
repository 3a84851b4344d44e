"""What the three branchings over continuous prices share: the incumbent, boxes side by side, and the certificate."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from optimizer.search.engine import BestFirst, Clock, GapRule
from optimizer.search.prices.prices import Prices, climb, revenue
from optimizer.search.tuning import DEFAULT, Tuning
from optimizer.typing import Array, Bools


@dataclass(frozen=True)
class PricePoint:
    """Prices and their revenue."""

    prices: Array
    """(J,)"""
    value: float


@dataclass(frozen=True)
class CertifiedPrices:
    """The best prices found, their revenue, and a number that no prices within the bounds exceed."""

    prices: Array
    value: float
    bound: float
    boxes: int
    finished: bool
    """False where time ran out before the gap was reached."""


BoxesT = TypeVar("BoxesT", bound="PriceBoxes")


@dataclass(frozen=True)
class PriceBoxes:
    """Boxes whose numbers stand side by side, one a place on the axis ``AXIS`` of every array; fields are arrays."""

    AXIS: ClassVar[int] = 0
    bound: Array
    """(B,) money."""

    def take(self: BoxesT, which: Bools) -> BoxesT:
        """Some of them."""
        return type(self)(*(np.compress(which, a, axis=self.AXIS) for a in self._arrays()))

    def join(self: BoxesT, other: BoxesT) -> BoxesT:
        """Both."""
        pairs = zip(self._arrays(), other._arrays(), strict=True)
        return type(self)(*(np.concatenate(pair, axis=self.AXIS) for pair in pairs))

    def single(self: BoxesT) -> list[PriceBox[BoxesT]]:
        """One by one; a bound that is not a number proves nothing."""
        bounds = self.bound.tolist()
        return [PriceBox(self, k, math.inf if math.isnan(bound) else bound) for k, bound in enumerate(bounds)]

    @staticmethod
    def gather(boxes: list[PriceBox[BoxesT]]) -> BoxesT:
        """Single boxes side by side."""
        kind = type(boxes[0].boxes)
        rows = [[a[box.place] if kind.AXIS == 0 else a[..., box.place] for a in box.boxes._arrays()] for box in boxes]
        return kind(*(np.stack(parts, axis=kind.AXIS) for parts in zip(*rows, strict=True)))

    def _arrays(self) -> list[Array]:
        return [getattr(self, f.name) for f in fields(self)]


@dataclass(frozen=True)
class PriceBox(Generic[BoxesT]):
    """One of several boxes side by side."""

    boxes: BoxesT
    place: int
    bound: float


class PriceBranching(Protocol[BoxesT]):
    """A way to bound and cut boxes of prices."""

    @property
    def batch(self) -> int:
        """Boxes that are cut at once."""
        ...

    def root(self) -> BoxesT:
        """The whole problem, bounded."""
        ...

    def children(self, boxes: BoxesT) -> BoxesT:
        """The parts of the boxes, bounded."""
        ...

    def indivisible(self, boxes: BoxesT) -> Bools:
        """(B,) which boxes are too small to cut."""
        ...


class PriceSearch:
    """The incumbent of one search over prices, and what is closed around it."""

    def __init__(
        self, data: Prices, gap: float, deadline: float | None, start: Array, tuning: Tuning = DEFAULT
    ) -> None:
        self.data, self.tuning = data, tuning
        # not below what double precision can tell apart
        rule = GapRule(gap, 1e-9 * data.scale, 20.0 * data.rounding * data.scale)
        self.tree: BestFirst[PriceBox[Any], PricePoint] = BestFirst(rule, Clock(deadline))
        self.best = PricePoint(start, float(revenue(data, start[None])[0]))
        self.boxes = 0
        """Bounded so far."""

    @property
    def best(self) -> PricePoint:
        """The incumbent; there always is one."""
        assert self.tree.incumbent is not None
        return self.tree.incumbent

    @best.setter
    def best(self, best: PricePoint) -> None:
        self.tree.incumbent = best

    @property
    def value(self) -> float:
        """Money of the incumbent."""
        return self.tree.value

    @property
    def tolerance(self) -> float:
        """Money by which a bound may exceed the incumbent."""
        return self.tree.rule.tolerance(self.value)

    @property
    def cutoff(self) -> float:
        """Bounds up to here are fathomed."""
        return self.tree.cutoff

    def offer(self, prices: Array, reach: float = 0.0) -> None:
        """Candidate prices (K, J): the best is climbed from if less than ``reach`` tolerances below the incumbent.

        A few steps tell whether it may lead to a better maximum than the one that is known, as it mostly does not.
        """
        value = revenue(self.data, prices)
        k = int(np.argmax(value))
        if value[k] > self.value + 1e-9 * abs(self.value) - reach * self.tolerance:
            climbed, reached = climb(self.data, prices[k][None], self.tuning.trial_steps, self.tree.clock)
            if reached[0] > self.value - 0.1 * self.tolerance:
                climbed, _ = climb(self.data, climbed, 20, self.tree.clock)
            both = np.concatenate([prices[k][None], climbed])
            value = revenue(self.data, both)
            k = int(np.argmax(value))
            if value[k] > self.value:
                self.best = PricePoint(both[k], float(value[k]))

    def close(self, bounds: Array) -> None:
        """Note the bounds of boxes that are removed."""
        if bounds.size:
            self.tree.close(float(bounds.max()))

    def certify(self, branching: PriceBranching[Any]) -> CertifiedPrices:
        """Search until the incumbent is proven within its gap, or time is up."""
        loop = _Loop(self, branching)
        loop.admit(branching.root())
        self.tree.batch = branching.batch
        self.tree.run(loop)
        return CertifiedPrices(
            self.best.prices, self.value, self.tree.bound, self.boxes, finished=self.tree.stopped is None
        )


@dataclass(frozen=True)
class _Loop(Generic[BoxesT]):
    """A branching over prices as the best-first loop wants it."""

    search: PriceSearch
    branching: PriceBranching[BoxesT]

    def admit(self, boxes: BoxesT) -> None:
        """Queue the boxes that the incumbent does not fathom and that can still be cut."""
        self.search.boxes += len(boxes.bound)
        dead = (boxes.bound <= self.search.cutoff) | self.branching.indivisible(boxes)
        self.search.close(boxes.bound[dead])
        for box in boxes.take(~dead).single():
            self.search.tree.push(box)

    def branch(self, boxes: list[PriceBox[BoxesT]]) -> None:
        """See ``engine.Branching``."""
        self.admit(self.branching.children(PriceBoxes.gather(boxes)))

    def proven(self, box: PriceBox[BoxesT]) -> bool:
        """Every bound stands for itself."""
        return True

    def leave(self, box: PriceBox[BoxesT]) -> None:
        """Nothing to note."""
