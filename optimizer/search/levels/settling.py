"""Boxes that are small enough to be settled menu by menu: by enumeration, or by what several bounds leave over."""

from __future__ import annotations

from optimizer.search.levels.bounds import Reference
from optimizer.search.levels.multipliers import single_conditions
from optimizer.search.levels.run import MenuRun
from optimizer.search.levels.state import BoundStep, OpenBox
from optimizer.typing import Ints


def settle(run: MenuRun, box: OpenBox, steps: list[BoundStep]) -> bool:
    """Evaluate every menu that the bounds (lowest first) leave over, if those are few enough."""
    if box.menus <= run.box_menus:
        run.enumerate_box(box)
        return True
    found = _sift(run, box, steps, thorough=False)
    if found is None and not run.joinable(box):
        return False
    if found is None or len(found[0]) > run.left_menus:
        reference = Reference(steps[0].bound.best)
        for multiplier in single_conditions(box.layout, steps[0].multiplier):
            step = run.step(box, multiplier, reference)
            if run.prune(box, step):
                return True
            steps.append(step)
        found = _sift(run, box, steps, thorough=True)
    if found is None or len(found[0]) > run.left_menus:
        return False
    run.enumerate_left(box, *found, steps)
    return True


def _sift(run: MenuRun, box: OpenBox, steps: list[BoundStep], thorough: bool) -> tuple[Ints, float] | None:
    sieves = [s.sieve(box.columns, run.cutoff(s.multiplier)) for s in steps]
    return run.kernel.sift(box.columns, sieves, thorough)
