"""What the search holds: its settings, the boxes waiting, and the bounds taken of a box."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimizer.instance import Array
from optimizer.screening import multipliers
from optimizer.screening.bounds import Bound, Chord, Multiplier, Reference
from optimizer.screening.certificate import Node
from optimizer.screening.enumeration import Incumbent
from optimizer.screening.problem import Ints, Problem
from optimizer.screening.sifting import Sieve

KEPT_CUTS = 12
"""Cuts that the multipliers are chosen by, and that a child inherits."""


@dataclass(frozen=True)
class Settings:
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

    problem: Problem
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
        self, problem: Problem, columns: tuple[Ints, ...], bound: float, reference: Reference, multiplier: Multiplier,
        record: Node, proof: tuple[Reference, Multiplier] | None,
    ) -> Open:  # fmt: skip
        """A part of the box, or the box stated anew, that goes on with what was learnt here."""
        return replace(
            self, problem=problem, columns=columns, bound=bound, reference=reference, multiplier=multiplier,
            cuts=self.cuts[-KEPT_CUTS:], record=record, proof=proof, root=False,
        )  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One bound of a box, and what it was taken over and with."""

    bound: Bound
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
