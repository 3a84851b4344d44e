"""Chords of max(0, use - reserved) for figures that gain from burst (a positive burst part)."""

from __future__ import annotations

import numpy as np

from optimizer.search.levels.bounds import Chord, Form, Reference, bound_box
from optimizer.search.levels.layout import EPS, Layout
from optimizer.typing import Ints


def chord_of(layout: Layout, box: tuple[Ints, ...], mix: int, reference: Reference) -> Chord | None:
    """The chord over the box for every block that some figure gains from; None where none does."""
    if not layout.blocks or not np.any(layout.burst > 0.0):
        return None
    slope, shift = np.zeros(layout.blocks), np.zeros(layout.blocks)
    for h in np.flatnonzero((layout.burst > 0.0).any(axis=0)):
        top = _most(layout, box, mix, reference, int(h), 1.0) - layout.reserved[h]
        bottom = -_most(layout, box, mix, reference, int(h), -1.0) - layout.reserved[h]
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


def _most(layout: Layout, box: tuple[Ints, ...], mix: int, reference: Reference, block: int, sign: float) -> float:
    """Upper bound on sign times the use of a block over the box."""
    weights = np.zeros(1 + layout.limits + layout.blocks)
    weights[1 + layout.limits + block] = sign
    return bound_box(layout, Form(weights, 0.0, 0.0), box, mix, Reference(reference.columns)).total
