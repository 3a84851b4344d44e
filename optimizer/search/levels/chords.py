"""Chords of max(0, use - reserved) for figures that gain from burst (a positive burst part)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimizer.search.levels.bounds import BoxBound, Chord, Form, Reference
from optimizer.search.levels.layout import EPS, Layout
from optimizer.typing import Ints

BoundOf = Callable[[Layout, Form, tuple[Ints, ...], int, Reference], BoxBound]
"""As ``bounds.bound_box``."""


def chord_of(layout: Layout, box: tuple[Ints, ...], mix: int, reference: Reference, bound_of: BoundOf) -> Chord | None:
    """The chord over the box for every block that some figure gains from; None where none does."""
    if not layout.blocks or not np.any(layout.burst > 0.0):
        return None
    slope, shift = np.zeros(layout.blocks), np.zeros(layout.blocks)
    plain = Reference(reference.columns)
    for h in np.flatnonzero((layout.burst > 0.0).any(axis=0)):
        most, least = (bound_of(layout, _use(layout, int(h), sign), box, mix, plain).total for sign in (1.0, -1.0))
        top, bottom = most - layout.reserved[h], -least - layout.reserved[h]
        slope[h], shift[h] = chord_between(bottom, top)
        shift[h] += 8.0 * EPS * (abs(top) + abs(bottom) + abs(layout.reserved[h])) - slope[h] * layout.reserved[h]
    return Chord(slope, shift)


def chord_between(bottom: float, top: float) -> tuple[float, float]:
    """Slope and shift of a line above max(0, v) for bottom <= v <= top."""
    if top <= 0.0:
        return 0.0, 0.0
    if bottom >= 0.0:
        return 1.0, 0.0
    slope = top / (top - bottom)
    return slope, -slope * bottom


def _use(layout: Layout, block: int, sign: float) -> Form:
    """Sign times the use of a block."""
    weights = np.zeros(1 + layout.limits + layout.blocks)
    weights[1 + layout.limits + block] = sign
    return Form(weights, 0.0, 0.0)
