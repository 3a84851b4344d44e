"""What the search holds: its settings, the boxes waiting, and the bounds taken of a box."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import BoxBound, Chord, Multiplier, Reference
from optimizer.search.levels.enumeration import Incumbent
from optimizer.search.levels.layout import Layout
from optimizer.search.levels.sifting import Sieve
from optimizer.search.proof.certificate import Node
from optimizer.typing import Array, Ints

KEPT_CUTS = 12
"""Cuts that the multipliers are chosen by, and that a child inherits."""


@dataclass(frozen=True)
class SearchLimits:
    """How far and how long."""

    gap: float
    scale: float
    deadline: float | None
    max_boxes: int | None
    cancelled: Callable[[], bool] | None
    progress: Callable[[float, float, int], None] | None
    small: int
    """Menus in a box that is enumerated."""
    few: int
    """Menus left over by sifting that are evaluated."""

    def reach(self, incumbent: Incumbent | None) -> float:
        """Bounds up to here prove the gap."""
        if incumbent is None:
            return -np.inf
        return incumbent.value + self.gap * max(abs(incumbent.value), self.scale)


@dataclass
class Open:
    """A box waiting."""

    layout: Layout
    """What the columns are of: the whole problem, or one with plans merged."""
    columns: tuple[Ints, ...]
    mix: int
    bound: float
    """Valid bound on the aim over the box, proven by ``proof``; inf before there is one."""
    reference: Reference
    multiplier: Multiplier
    cuts: list[tuple[Array, float]]
    record: Node
    proof: tuple[Reference, Multiplier] | None = None
    pace: multipliers.Pace | None = None
    length: float = 1.0
    """Factor on the steps down."""
    root: bool = False

    @property
    def menus(self) -> int:
        """Menus in the box."""
        return math.prod(map(len, self.columns))

    def child(
        self, layout: Layout, columns: tuple[Ints, ...], bound: float, reference: Reference, multiplier: Multiplier,
        record: Node, proof: tuple[Reference, Multiplier] | None,
    ) -> Open:  # fmt: skip
        """A part of the box, or the box stated anew, that goes on with what was learnt here."""
        return replace(
            self, layout=layout, columns=columns, bound=bound, reference=reference, multiplier=multiplier,
            cuts=self.cuts[-KEPT_CUTS:], record=record, proof=proof, root=False,
        )  # fmt: skip


@dataclass(frozen=True)
class BoundStep:
    """One bound of a box, and what it was taken over and with."""

    bound: BoxBound
    columns: tuple[Ints, ...]
    multiplier: Multiplier
    reference: Reference
    chord: Chord | None = None
    """The one that its form was made with."""

    def favoured(self, columns: tuple[Ints, ...]) -> Ints:
        """(J,) the column with the largest D per plan among those left."""
        kept = [p[np.searchsorted(c, k)] for p, c, k in zip(self.bound.potential, self.columns, columns, strict=True)]
        return np.array([c[int(p.argmax())] for c, p in zip(columns, kept, strict=True)], dtype=np.intp)

    def sieve(self, columns: tuple[Ints, ...], threshold: float) -> Sieve:
        """The bound as a sieve for the menus of what is left of its box."""
        bound = self.bound
        kept = [p[np.searchsorted(c, k)] for p, c, k in zip(bound.potential, self.columns, columns, strict=True)]
        deficits = tuple(top - p for top, p in zip(bound.top, kept, strict=True))
        return Sieve(bound.total, deficits, threshold, bool(self.multiplier.rows[0]))
