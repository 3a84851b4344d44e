"""The boxes of the search by levels, and the bounds taken of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import BoxBound, Chord, Multiplier, Reference
from optimizer.search.levels.layout import Layout
from optimizer.search.levels.sifting import Sieve
from optimizer.search.proof.certificate import Node
from optimizer.typing import Array, Ints


@dataclass
class OpenBox:
    """A box that may still hold the optimum."""

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
    ceiling: float = float("inf")
    """What the certificate shows above the box already: no menu of it is worth more."""
    middle: Array | None = None
    """(I,) slopes of the middle of the sizes, of the box bounded so last."""
    paired: bool = False
    """Whether bounds with pairs of plans served the box it is a part of."""
    spans: Array | None = None
    """(2, I) least and largest sizes, 1 + the sum of weights, of its menus; None where levels alone confine them."""

    @property
    def told(self) -> bool:
        """Whether its bound is what the certificate shows above it."""
        return self.ceiling <= self.bound and self.ceiling < float("inf")

    @property
    def menus(self) -> int:
        """Menus in the box."""
        return math.prod(map(len, self.columns))

    def child(
        self, layout: Layout, columns: tuple[Ints, ...], bound: float, reference: Reference, multiplier: Multiplier,
        record: Node, proof: tuple[Reference, Multiplier] | None, kept_cuts: int,
    ) -> OpenBox:  # fmt: skip
        """A part of the box, or the box stated anew, that goes on with what was learnt here."""
        return replace(
            self, layout=layout, columns=columns, bound=bound, reference=reference, multiplier=multiplier,
            cuts=self.cuts[-kept_cuts:], record=record, proof=proof, root=False,
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
        kept = self._of(columns)
        return np.array([c[int(p.argmax())] for c, p in zip(columns, kept, strict=True)], dtype=np.intp)

    def sieve(self, columns: tuple[Ints, ...], cutoff: float) -> Sieve:
        """The bound as a sieve for the menus of what is left of its box."""
        bound = self.bound
        deficits = tuple(top - p for top, p in zip(bound.top, self._of(columns), strict=True))
        return Sieve(bound.total, deficits, cutoff, bool(self.multiplier.rows[0]))

    def _of(self, columns: tuple[Ints, ...]) -> list[Array]:
        """(columns of the plan,) D of what is left of its box."""
        known = zip(self.bound.potential, self.columns, columns, strict=True)
        return [p if len(k) == len(c) else p[np.searchsorted(c, k)] for p, c, k in known]


def beaten(
    bound: BoxBound, columns: tuple[Ints, ...], cutoff: float
) -> tuple[list[tuple[int, Ints]], tuple[Ints, ...], float]:
    """Levels whose bound is at most a cutoff, as columns by plan; what is left; the largest of their bounds."""
    gone: list[tuple[int, Ints]] = []
    left, largest = list(columns), -math.inf
    if bound.total - bound.fall > cutoff:
        return gone, columns, largest
    for j in range(len(columns)):
        levels = bound.levels(j)
        keep = levels > cutoff
        if not keep.all():
            gone.append((j, columns[j][~keep]))
            left[j], largest = columns[j][keep], max(largest, float(levels[~keep].max()))
    return gone, tuple(left), largest
