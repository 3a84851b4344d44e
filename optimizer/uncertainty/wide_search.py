"""The search over draws with very wide nests: a good menu first, then one pass over all levels, then what is left.

The menu comes from ascent among levels near the best one, whose composites are few. The pass (``uncertainty.sweep``)
drops the levels that cannot beat it, by a bound with the weights found around that menu; what survives is built and
searched as any question is. The certificate is of the wide question throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optimizer.search.engine import Clock, GapRule, SearchStatus
from optimizer.typing import Array, Bools, Choice, Ints, LevelIndices
from optimizer.uncertainty.arrays import draws_of
from optimizer.uncertainty.certificate import drop
from optimizer.uncertainty.choice import loops_for
from optimizer.uncertainty.incumbents import RobustIncumbent
from optimizer.uncertainty.multipliers import Space
from optimizer.uncertainty.question import RiskQuestion
from optimizer.uncertainty.search import (
    DEFAULT,
    DrawBox,
    RobustSearch,
    RobustTuning,
    Searched,
    ceiling_of,
    maximise_risk,
    searched,
)
from optimizer.uncertainty.sweep import Sweep, sweep
from optimizer.uncertainty.wide_question import Narrowed, WideQuestion

FEW = 3
"""Levels of each member in the composites among which a first menu is looked for."""
SOME = 12
"""Draws by which it is looked for, where there are more."""
ROUGH = 5e-3
"""Gap of the searches that look for it."""
ASCENTS = 12
"""Most rounds of ascent, each among the composites near the best menu so far."""


def maximise(
    question: RiskQuestion | WideQuestion, gap: float, clock: Clock, seeds: Sequence[Choice] = (),
    tuning: RobustTuning = DEFAULT,
) -> Searched:  # fmt: skip
    """``search.maximise_risk``, of questions with very wide nests too."""
    if isinstance(question, WideQuestion):
        return maximise_wide(question, gap, clock, seeds, tuning)
    return maximise_risk(question, gap, clock, seeds, tuning)


def maximise_wide(
    wide: WideQuestion, gap: float, clock: Clock, seeds: Sequence[Choice] = (), tuning: RobustTuning = DEFAULT
) -> Searched:
    """The choice with the largest risk among those that meet all requirements, and a bound on all of them."""
    rule = GapRule(gap, wide.yardstick)
    narrow, near = _near_best(wide, rule, seeds, clock, tuning)
    best = near.evaluator.best
    if best is None:
        return _all(wide, rule, clock, tuning)
    center, y = narrow.outside(best.menu), _weights(near, best)
    found = None if clock.stop() else sweep(wide, Space(wide.plain, near.draws), center, y, clock)
    if found is None:
        return _stopped(wide, narrow, near)
    return _left(wide, rule, clock, tuning, (center, best.mix), y, found)


def _near_best(
    wide: WideQuestion, rule: GapRule, seeds: Sequence[Choice], clock: Clock, tuning: RobustTuning
) -> tuple[Narrowed, RobustSearch]:
    """Composites around the best menu that ascent finds, and a search among them that knows it."""
    some = np.unique(np.linspace(0, wide.draws - 1, min(SOME, wide.draws)).astype(np.intp)).tolist()
    stages = [some, list(range(wide.draws))] if len(some) < wide.draws else [some]
    levels = _few(wide, [menu for menu, _ in seeds])
    known: list[Choice] = list(seeds)
    for stage in stages:
        for number in range(ASCENTS):
            narrow = wide.narrowed(levels, stage)
            search = _search(narrow, replace(rule, gap=max(rule.gap, ROUGH)), clock, tuning)
            search.roots([(place, mix) for menu, mix in known if (place := narrow.inside(menu)) is not None])
            if len(stage) == len(some):
                search.tree.run(search)
            best = search.evaluator.best
            if best is None or clock.stop():
                break
            menu = narrow.outside(best.menu)
            if known and known[0] == (menu, best.mix) and number:
                break
            known = [(menu, best.mix), *seeds]
            levels = _near(wide, menu, seeds)
    return narrow, search


def _search(narrow: Narrowed, rule: GapRule, clock: Clock, tuning: RobustTuning) -> RobustSearch:
    draws = draws_of(narrow.question)
    size, total, types = draws.weight.shape
    loops = loops_for(size * total * types * draws.rows, clock.deadline)
    return RobustSearch(Space(narrow.question, draws), loops, rule, clock, tuning, narrow.levels)


def _few(wide: WideQuestion, menus: Sequence[LevelIndices]) -> list[Ints]:
    """Some levels of each member, evenly; and those of some menus."""
    found = list(wide.whole())
    for j in wide.wide:
        rows = wide.composites.parts[j].levels
        keep = np.ones(len(rows), dtype=np.bool_)
        for own in rows.T:
            there = np.unique(own)
            keep &= np.isin(own, there[np.linspace(0, len(there) - 1, min(FEW, len(there))).astype(np.intp)])
        keep[[menu[j] for menu in menus]] = True
        found[j] = np.flatnonzero(keep if keep.any() else _evenly(len(rows)))
    return found


def _evenly(count: int) -> Bools:
    keep = np.zeros(count, dtype=np.bool_)
    keep[np.linspace(0, count - 1, min(count, 64)).astype(np.intp)] = True
    return keep


def _near(wide: WideQuestion, menu: LevelIndices, seeds: Sequence[Choice]) -> list[Ints]:
    """Levels that differ from a menu's by one member at most; and those of some choices."""
    found = list(wide.whole())
    for j in wide.wide:
        rows = wide.composites.parts[j].levels
        keep = (rows != rows[menu[j]]).sum(axis=1) <= 1
        keep[[other[j] for other, _ in seeds]] = True
        found[j] = np.flatnonzero(keep)
    return found


def _weights(near: RobustSearch, best: RobustIncumbent) -> Array:
    """Those that bound best what lies around the best menu."""
    if not near.space.free:
        return near.start()
    box, center = near.draws.whole(), near.draws.columns(best.menu)
    return near.bounder.bound(box, best.mix, center, near.start(), -np.inf).multiplier


def _left(
    wide: WideQuestion, rule: GapRule, clock: Clock, tuning: RobustTuning, best: Choice, y: Array, found: Sweep
) -> Searched:
    """The search of what the pass leaves, as the pass went around the best menu with the vector ``y``."""
    value = wide.value(*best)
    assert value is not None
    cutoff, mixes = rule.cutoff(value), range(len(found.total))
    left = [tuple(np.flatnonzero(own[:, mix] > cutoff) for own in found.levels) for mix in mixes]
    built = [np.unique(np.concatenate([[k], *(own[j] for own in left)])).astype(np.intp) for j, k in enumerate(best[0])]
    narrow = wide.narrowed(built)
    search = _search(narrow, rule, clock, tuning)
    place = narrow.inside(best[0])
    assert place is not None
    search.offer([(place, best[1])])
    reference, starts = search.draws.columns(place), search.draws.starts
    proof = search.recorder.proof(reference, y)
    for mix, own in zip(mixes, left, strict=True):
        node, bound = search.recorder.root(mix), min(float(found.total[mix]), ceiling_of(wide.plain))
        if not all(map(len, own)):
            node["bound"] = proof
            search.tree.close(bound)
            continue
        gone = [(j, np.setdiff1d(np.arange(n), part)) for j, (n, part) in enumerate(zip(wide.levels, own, strict=True))]
        gone = [(j, levels) for j, levels in gone if len(levels)]
        if gone:
            drop(node, proof, gone)
            search.tree.close(max(float(found.levels[j][levels, mix].max()) for j, levels in gone))
        columns = tuple(
            np.searchsorted(there, part) + start
            for there, part, start in zip(narrow.levels, own, starts[:-1], strict=True)
        )
        search.tree.push(DrawBox(columns, mix, bound, reference, y, node, proof))
    search.tree.run(search)
    return _outside(narrow, searched(search))


def _outside(narrow: Narrowed, found: Searched) -> Searched:
    best = found.best
    return found if best is None else replace(found, best=replace(best, menu=narrow.outside(best.menu)))


def _all(wide: WideQuestion, rule: GapRule, clock: Clock, tuning: RobustTuning) -> Searched:
    """Where no menu that meets the requirements was found: everything is built and searched."""
    narrow = wide.narrowed(wide.whole())
    search = _search(narrow, rule, clock, tuning)
    search.roots(())
    search.tree.run(search)
    return _outside(narrow, searched(search))


def _stopped(wide: WideQuestion, narrow: Narrowed, near: RobustSearch) -> Searched:
    """What is known where time is up before all levels were looked at."""
    for mix in range(len(near.draws.people)):
        near.recorder.root(mix)["terms"] = True
    near.tree.close(ceiling_of(wide.plain))
    near.tree.stopped = near.tree.clock.stop() or SearchStatus.OPEN
    return _outside(narrow, searched(near))
