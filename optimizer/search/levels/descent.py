"""Steps down the subgradient of a bound by its shifts and multipliers, of Polyak's length (Polyak 1969)."""

from __future__ import annotations

import numpy as np

from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import Multiplier, Reference
from optimizer.search.levels.state import BoundStep, Open

WILD, SHORTER, LONGER = 1.15, 0.5, 1.3
"""A step that ends so many times as far above the incumbent as the best one is taken back, and the next ones are
shorter; steps that lead down lengthen the next ones."""
RELAXED = 0.5
"""Part of Polyak's step that is taken."""


def descend(
    box: Open, step: BoundStep, best: BoundStep, above: float, lead: float, aims: bool
) -> tuple[Reference, Multiplier]:
    """Where to bound the box next, after ``step``, with the ``best`` one so far; the box's pace and length change.

    ``above``, ``lead``: how far ``step`` and ``best`` lie above what would settle the box. ``aims``: whether the aim
    leads, so that multipliers move with the shifts; a proof of infeasibility moves the shifts alone.
    """
    layout, people, chord = box.layout, box.layout.customers[box.mix], step.chord
    if above > WILD * lead:
        step, above = best, lead
        box.length *= SHORTER
    elif step is best:
        box.length = min(1.0, LONGER * box.length)
    slope = step.bound.gradient / people
    norm = float((slope * step.bound.gradient).sum())
    by_price = multipliers.slopes(layout, step.multiplier, step.bound.cut, chord, float(people.sum()))
    box.pace = multipliers.paced(box.pace, by_price)
    by_price = box.pace.applied(by_price)
    if aims:
        norm += by_price.norm
    if not norm > 0.0 or not np.isfinite(above):
        return step.reference, step.multiplier
    length = box.length * RELAXED * above / norm
    moved = by_price.moved(step.multiplier, length) if aims else step.multiplier
    return step.reference.moved(-length * slope), moved
