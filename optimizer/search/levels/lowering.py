"""The bound of one box, lowered again and again while that pays, and the levels that go on the way."""

from __future__ import annotations

import numpy as np

from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import Reference
from optimizer.search.levels.descent import descend
from optimizer.search.levels.relaxing import relax, relaxes
from optimizer.search.levels.run import MenuRun
from optimizer.search.levels.state import BoundStep, OpenBox


def lower(run: MenuRun, box: OpenBox, steps: list[BoundStep]) -> BoundStep | None:
    """The lowest bound, or None where the box is done with: removed, enumerated, or queued again as time is up.

    Every bound is put into ``steps``.
    """
    best: BoundStep | None = None
    relaxed = relaxes(run, box) and relax(run, box)
    first = run.tuning.cutting_plane_rounds if relaxed else 0
    rounds = run.tuning.relaxed_rounds if relaxed else run.tuning.root_rounds if box.root else run.tuning.rounds
    checked, since = np.inf, first - 1
    for number in range(first, first + rounds):
        if box.menus <= run.box_menus:
            run.enumerate_box(box)
            return None
        step = run.evaluate(box)
        steps.append(step)
        if run.prune(box, step):
            return None
        if best is None or step.bound.total < best.bound.total:
            best = step
        if number - since >= run.patience(box):
            since = number
            above = run.above(best)
            if checked - above < run.tuning.falls_by * above:
                break
            checked = above
        _move(run, box, number, step, best)
        if run.tree.clock.stop():
            run.tree.push(box, box.bound if run.aim else np.inf, run.depth(box))
            return None
    return best


def _move(run: MenuRun, box: OpenBox, number: int, step: BoundStep, best: BoundStep) -> None:
    """Set multiplier and reference for the next bound: by cutting planes first, then by subgradients."""
    tuning = run.tuning
    box.cuts.append((step.bound.cut, step.bound.rest))
    early = box.root and number < tuning.cutting_plane_rounds
    if early:
        box.reference = Reference(best.bound.best)
    if box.layout.has_multipliers and (early or (not run.aim and number % 2)):
        cuts = box.cuts[-tuning.kept_cuts :]
        follow_up = multipliers.proposed(box.layout, cuts, run.aim, best.multiplier, step.chord, tuning)
        box.multiplier = box.multiplier if follow_up is None else follow_up
    elif not early:
        above, lead = run.above(step), run.above(best)
        box.reference, box.multiplier = descend(box, step, best, above, lead, run.aim > 0.0, tuning)
