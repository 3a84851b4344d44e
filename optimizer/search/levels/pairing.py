"""Boxes bounded with pairs of plans: whether, and shifts, slopes and multipliers moved while that pays."""

from __future__ import annotations

import numpy as np

from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import Reference, make_form
from optimizer.search.levels.pairs import sides_of
from optimizer.search.levels.run import MenuRun
from optimizer.search.levels.state import BoundStep, OpenBox


def worth_pairs(run: MenuRun, box: OpenBox) -> bool:
    """Whether the box is narrow enough for such bounds, and its tables small enough."""
    tuning, layout = run.tuning, box.layout
    levels = sum(map(len, box.columns))
    if len(box.columns) < 2 or levels * levels * layout.weight.shape[1] > tuning.pair_numbers:
        return False
    sides = sides_of(layout, box.columns, box.spans)
    return float(np.median(sides.most / sides.least)) <= tuning.pair_width


def lower_pairs(run: MenuRun, box: OpenBox, steps: list[BoundStep], before: BoundStep | None) -> BoundStep | None:
    """As ``lowering.lower``; ``before``: the best bound known, which such bounds must better within a few."""
    tuning, first = run.tuning, len(steps)
    best, checked, since, length, reach = None, np.inf, -1, 1.0, tuning.pair_reach
    starts = _starts(box, before)
    for number in range(tuning.pair_rounds):
        if box.menus <= run.box_menus:
            run.enumerate_box(box)
            return None
        box.reference = starts.pop() if starts else box.reference
        step = run.evaluate(box)
        steps.append(step)
        if run.prune(box, step):
            return None
        if best is None or step.bound.total < best.bound.total:
            best = step
            length, reach = min(1.0, tuning.longer * length), min(1.0, tuning.longer * reach)
        else:
            reach *= tuning.shorter
        if starts:
            continue
        if number == 1 and before is not None and run.above(best) > tuning.pair_worse * run.above(before):
            return before
        if number - since >= tuning.pair_patience:
            since, above = number, run.above(best)
            if checked - above < tuning.falls_by * above:
                break
            checked = above
        if run.above(step) > tuning.wild * run.above(best):
            length *= tuning.shorter
            step = best
        _move(run, box, step, length, steps[first:])
        if run.aim and box.layout.has_multipliers:
            cuts = [(s.bound.cut, s.bound.rest) for s in steps[first:]]
            found = multipliers.proposed(box.layout, cuts, run.aim, best.multiplier, best.chord, tuning, reach)
            box.multiplier = best.multiplier if found is None else found
        if run.tree.clock.stop():
            run.tree.push(box, box.bound if run.aim else np.inf, run.depth(box))
            return None
    assert best is not None
    if before is not None and before.bound.total <= best.bound.total:
        return before
    box.paired = True
    return best


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


def _move(run: MenuRun, box: OpenBox, step: BoundStep, length: float, steps: list[BoundStep]) -> None:
    """Down the subgradient by shifts and slopes, by a step of Polyak's length towards the cutoff, or towards the most
    that a menu is known to be worth with these multipliers, which no such step can pass."""
    bound, people = step.bound, box.layout.customers[box.mix]
    sides, slopes = sides_of(box.layout, box.columns, box.spans), step.reference.slopes
    assert slopes is not None and bound.by_slopes is not None
    form = make_form(box.layout, step.multiplier, step.chord)
    reached = max(float(form.weights @ s.bound.at_best) for s in steps) + form.shift
    above = min(run.above(step), bound.total - reached)
    each = abs(bound.total) / people.sum()
    unit = 1.0 / (sides.least * sides.most * each) ** 2 / people
    norm = float((bound.gradient**2 / people).sum() + (bound.by_slopes**2 * unit).sum())
    if norm > 0.0 and np.isfinite(above):
        stride = length * run.tuning.polyak * above / norm
        moved = step.reference.moved(-stride * bound.gradient / people)
        box.reference = moved.sloped(slopes - stride * unit * bound.by_slopes)
