"""Steps down the subgradient of a bound by its shifts and multipliers, of Polyak's length (Polyak 1969)."""

from __future__ import annotations

import numpy as np

from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import Multiplier, Reference
from optimizer.search.levels.state import BoundStep, OpenBox
from optimizer.search.tuning import Tuning


def descend(
    box: OpenBox, step: BoundStep, best: BoundStep, above: float, lead: float, aims: bool, tuning: Tuning
) -> tuple[Reference, Multiplier]:
    """Where to bound the box next, after ``step``, with the ``best`` one so far; the box's pace and length change.

    ``above``, ``lead``: how far ``step`` and ``best`` lie above what would settle the box. ``aims``: whether the aim
    leads, so that multipliers move with the shifts; a proof of infeasibility moves the shifts alone.
    """
    layout, people, chord = box.layout, box.layout.customers[box.mix], step.chord
    if above > tuning.wild * lead:
        step, above = best, lead
        box.length *= tuning.shorter
    elif step is best:
        box.length = min(1.0, tuning.longer * box.length)
    slope = step.bound.gradient / people
    norm = float((slope * step.bound.gradient).sum())
    by_price = multipliers.slopes(layout, step.multiplier, step.bound.cut, chord, float(people.sum()), tuning)
    box.pace = multipliers.paced(box.pace, by_price, tuning)
    by_price = box.pace.applied(by_price)
    if aims:
        norm += by_price.norm
    if not norm > 0.0 or not np.isfinite(above):
        return step.reference, step.multiplier
    length = box.length * tuning.polyak * above / norm
    moved = by_price.moved(step.multiplier, length) if aims else step.multiplier
    return step.reference.moved(-length * slope), moved
