"""Boxes bounded with pairs of plans: whether, and shifts, slopes and multipliers moved while that pays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import Reference, make_form
from optimizer.search.levels.pairs import sides_of
from optimizer.search.levels.run import MenuRun
from optimizer.search.levels.state import BoundStep, OpenBox
from optimizer.search.tuning import Tuning


def worth_pairs(run: MenuRun, box: OpenBox) -> bool:
    """Whether the box is narrow enough for such bounds, and its tables small enough."""
    tuning, layout = run.tuning, box.layout
    levels = sum(map(len, box.columns))
    if len(box.columns) < 2 or levels * levels * layout.weight.shape[1] > tuning.pair_numbers:
        return False
    sides = sides_of(layout, box.columns, box.spans)
    return float(np.median(sides.most / sides.least)) <= tuning.pair_width


@dataclass
class _Descent:
    """The lowest bound so far, and how the next steps are taken."""

    tuning: Tuning
    best: BoundStep
    length: float = 1.0
    reach: float = 0.0
    _checked: float = float("inf")
    _since: int = 0

    def note(self, step: BoundStep) -> None:
        """One more bound: longer steps where it is the lowest."""
        if step.bound.total < self.best.bound.total:
            self.best = step
            self.length = min(1.0, self.tuning.longer * self.length)
            self.reach = min(self.tuning.farthest, self.tuning.reach_grows * self.reach)
        elif step is not self.best:
            self.reach *= self.tuning.shorter

    def stalled(self, number: int, above: float) -> bool:
        """Whether the lowest bound, so far above the cutoff, has stopped falling by the ``number``-th."""
        if number - self._since < self.tuning.pair_patience:
            return False
        fell, self._since, self._checked = self._checked - above, number, above
        return fell < self.tuning.falls_by * above


def lower_pairs(run: MenuRun, box: OpenBox, steps: list[BoundStep], before: BoundStep | None) -> BoundStep | None:
    """As ``lowering.lower``; ``before``: the best bound known, which such bounds must better within a few."""
    tuning, first = run.tuning, len(steps)
    starts, descent = _starts(box, before), None
    for number in range(tuning.pair_rounds):
        if box.menus <= run.box_menus:
            run.enumerate_box(box)
            return None
        box.reference = starts.pop() if starts else box.reference
        step = run.evaluate(box)
        steps.append(step)
        if run.prune(box, step):
            return None
        descent = descent or _Descent(tuning, step, reach=tuning.pair_reach)
        descent.note(step)
        if starts:
            continue
        above = run.above(descent.best)
        if number == 1 and before is not None and above > tuning.pair_worse * run.above(before):
            return before
        if descent.stalled(number, above):
            break
        _move(run, box, descent, steps[first:])
        if run.tree.clock.stop():
            run.tree.push(box, box.bound if run.aim else np.inf, run.depth(box))
            return None
    assert descent is not None
    if before is not None and before.bound.total <= descent.best.bound.total:
        return before
    box.paired = True
    return descent.best


def _starts(box: OpenBox, before: BoundStep | None) -> list[Reference]:
    """With the slopes of the middle of the box's sizes: around the shifts known, and around the menu they favour.

    Of a part of a box that was bounded so, around what was found there; slopes move with the middle of the sizes.
    """
    middle = sides_of(box.layout, box.columns, box.spans).middle
    known, box.middle = box.middle, middle
    if before is not None:
        return [before.reference.sloped(middle), Reference(before.favoured(box.columns)).sloped(middle)]
    slopes = box.reference.slopes
    return [box.reference.sloped(middle if slopes is None or known is None else slopes * middle / known)]


def _move(run: MenuRun, box: OpenBox, descent: _Descent, steps: list[BoundStep]) -> None:
    """Where to bound the box next: multipliers by cutting planes, shifts and slopes down the subgradient."""
    tuning, best, step = run.tuning, descent.best, steps[-1]
    if run.above(step) > tuning.wild * run.above(best):
        descent.length *= tuning.shorter
        step = best
    box.reference = _moved(run, box, step, descent.length, steps)
    if run.aim and box.layout.has_multipliers:
        cuts = [(s.bound.cut, s.bound.rest) for s in steps]
        found = multipliers.proposed(box.layout, cuts, run.aim, best.multiplier, best.chord, tuning, descent.reach)
        box.multiplier = best.multiplier if found is None else found


def _moved(run: MenuRun, box: OpenBox, step: BoundStep, length: float, steps: list[BoundStep]) -> Reference:
    """By a step of Polyak's length towards the cutoff, or towards the most that a menu is known to be worth with these
    multipliers, which no such step can pass."""
    bound, people = step.bound, box.layout.customers[box.mix]
    sides, slopes = sides_of(box.layout, box.columns, box.spans), step.reference.slopes
    assert slopes is not None and bound.by_slopes is not None
    form = make_form(box.layout, step.multiplier, step.chord)
    reached = max(float(form.weights @ s.bound.at_best) for s in steps) + form.shift
    above = min(run.above(step), bound.total - reached)
    each = max(abs(bound.total), float(box.layout.scales[0]) * run.tuning.least_reach) / people.sum()
    unit = 1.0 / (sides.least * sides.most * each) ** 2 / people
    norm = float((bound.gradient**2 / people).sum() + (bound.by_slopes**2 * unit).sum())
    if not norm > 0.0 or not np.isfinite(above):
        return step.reference
    stride = length * run.tuning.polyak * above / norm
    moved = step.reference.moved(-stride * bound.gradient / people)
    return moved.sloped(slopes - stride * unit * bound.by_slopes)
