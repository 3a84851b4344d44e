"""The search over draws with very wide nests: a good menu first, then passes over all levels, then what is left.

The menu comes from searches among levels near the best one, of which there are few. A pass (``uncertainty.sweep``) bounds
what every level can be worth, with weights found around that menu. The levels that promise most are built and searched
as any question is; should others still stand in the way of the gap, once the menu is known, they are bounded anew and
searched too. The certificate is of the wide question throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.search.engine import Clock, GapRule, SearchStatus
from optimizer.typing import Array, Choice, Ints, LevelIndices
from optimizer.uncertainty.arrays import draws_of
from optimizer.uncertainty.certificate import Node, drop
from optimizer.uncertainty.choice import loops_for
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

ROUGH = 1e-2
"""Gap of the searches by which a first menu is looked for."""
FEW = 3
"""Levels of each member in the composites among which it is looked for."""
SOME = 6
"""Draws by which it is looked for, where there are more."""
STEPS = 2
"""Most such searches, each among the composites near the best menu so far."""
PROMISING = 400
"""Levels of a nest that are searched first."""
PASSES = 2
"""Most passes."""

Levels = tuple[Ints, ...]


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
    stage = _near_best(wide, rule, seeds, clock, tuning)
    if stage.best is None:
        return _all(wide, rule, clock, tuning)
    passes: list[_Pass] = []
    while True:
        box = _kept(passes, rule.cutoff(stage.value)) if passes else wide.whole()
        if len(passes) < PASSES:
            made = _passed(wide, stage, box, clock)
            if made is None:
                return stage.result if passes else _stopped(wide, stage)
            passes.append(made)
            box = _kept(passes, rule.cutoff(stage.value))
        stage = _left(wide, rule, clock, tuning, stage, passes, _promising(wide, passes[-1], box, len(passes)))
        if stage.left_out <= rule.cutoff(stage.value) or clock.stop():
            return stage.result


@dataclass(frozen=True)
class _Stage:
    """A search of some levels."""

    narrow: Narrowed
    search: RobustSearch
    left_out: float = -np.inf
    """No menu with a level that was not searched is worth more."""

    @property
    def best(self) -> Choice | None:
        found = self.search.evaluator.best
        return None if found is None else (self.narrow.outside(found.menu), found.mix)

    @property
    def value(self) -> float:
        found = self.search.evaluator.best
        return -np.inf if found is None else found.value

    @property
    def result(self) -> Searched:
        """As of the wide question."""
        found = searched(self.search)
        best = found.best and replace(found.best, menu=self.narrow.outside(found.best.menu))
        status = found.status
        if self.left_out > self.search.tree.cutoff and status is SearchStatus.CLOSED:
            status = SearchStatus.OPEN
        bound = max(found.bound, self.left_out)
        return replace(found, best=best, bound=bound, status=status, certificate=self.search.recorder.data(bound))


@dataclass(frozen=True)
class _Pass:
    """A bound over all levels that the passes before it left."""

    box: Levels
    center: LevelIndices
    y: Array
    found: Sweep


def _stage(narrow: Narrowed, rule: GapRule, clock: Clock, tuning: RobustTuning) -> _Stage:
    draws = draws_of(narrow.question)
    size, total, types = draws.weight.shape
    loops = loops_for(size * total * types * draws.rows, clock.deadline)
    return _Stage(narrow, RobustSearch(Space(narrow.question, draws), loops, rule, clock, tuning, narrow.levels))


def _near_best(
    wide: WideQuestion, rule: GapRule, seeds: Sequence[Choice], clock: Clock, tuning: RobustTuning
) -> _Stage:
    """Levels around the best menu that searches of some draws find, and a search in all draws that has begun there."""
    rough = replace(rule, gap=max(rule.gap, ROUGH))
    some = np.unique(np.linspace(0, wide.draws - 1, min(SOME, wide.draws)).astype(np.intp)).tolist()
    levels, known = _few(wide, seeds), list(seeds)
    for _ in range(STEPS):
        stage = _stage(wide.narrowed(levels, some), rough, clock, tuning)
        stage.search.roots(_inside(stage.narrow, known))
        stage.search.tree.run(stage.search)
        best = stage.best
        if best is None or clock.stop():
            break
        done = bool(known) and known[0] == best
        known, levels = [best, *seeds], _near(wide, best[0], seeds)
        if done:
            break
    stage = _stage(wide.narrowed(levels), rule, clock, tuning)
    stage.search.climb(_inside(stage.narrow, known))
    return stage


def _inside(narrow: Narrowed, choices: Sequence[Choice]) -> list[Choice]:
    return [(place, mix) for menu, mix in choices if (place := narrow.inside(menu)) is not None]


def _few(wide: WideQuestion, seeds: Sequence[Choice]) -> list[Ints]:
    """Composites of a few levels of each member, evenly; and those of some choices."""
    found = list(wide.whole())
    for j in wide.wide:
        rows = wide.composites.parts[j].levels
        keep = np.ones(len(rows), dtype=np.bool_)
        for own in rows.T:
            there = np.unique(own)
            keep &= np.isin(own, there[np.linspace(0, len(there) - 1, min(FEW, len(there))).astype(np.intp)])
        if not keep.any():
            keep[np.linspace(0, len(rows) - 1, min(len(rows), FEW ** rows.shape[1])).astype(np.intp)] = True
        keep[[menu[j] for menu, _ in seeds]] = True
        found[j] = np.flatnonzero(keep)
    return found


def _near(wide: WideQuestion, menu: LevelIndices, seeds: Sequence[Choice]) -> list[Ints]:
    """Composites that differ from a menu's by one member at most; and those of some choices."""
    found = list(wide.whole())
    for j in wide.wide:
        rows = wide.composites.parts[j].levels
        keep = (rows != rows[menu[j]]).sum(axis=1) <= 1
        keep[[other[j] for other, _ in seeds]] = True
        found[j] = np.flatnonzero(keep)
    return found


def _passed(wide: WideQuestion, stage: _Stage, box: Levels, clock: Clock) -> _Pass | None:
    """A pass over a box, around the best menu and with the weights that bound best what was built; None where time is
    up."""
    search, best = stage.search, stage.search.evaluator.best
    assert best is not None
    y, draws = search.start(), search.draws
    if search.space.free:
        y = search.bounder.bound(draws.whole(), best.mix, draws.columns(best.menu), y, -np.inf).multiplier
    center = stage.narrow.outside(best.menu)
    found = None if clock.stop() else sweep(wide, Space(wide.plain, draws), box, center, y, clock)
    return None if found is None else _Pass(box, center, y, found)


def _kept(passes: Sequence[_Pass], cutoff: float) -> Levels:
    """What the last pass leaves at any mix level."""
    last = passes[-1]
    return tuple(part[(own > cutoff).any(axis=1)] for part, own in zip(last.box, last.found.levels, strict=True))


def _promising(wide: WideQuestion, last: _Pass, box: Levels, passes: int) -> Levels:
    """Of the box what is searched first: some levels of wide nests with the largest bounds. After the last pass all."""
    found = list(box)
    if passes < PASSES:
        for j in wide.wide:
            inside = np.searchsorted(last.box[j], box[j])
            order = np.argsort(-last.found.levels[j][inside].max(axis=1), kind="stable")
            found[j] = np.sort(box[j][order[:PROMISING]])
    return tuple(found)


def _left(
    wide: WideQuestion, rule: GapRule, clock: Clock, tuning: RobustTuning, before: _Stage, passes: Sequence[_Pass],
    box: Levels,
) -> _Stage:  # fmt: skip
    """The search of a box that the passes leave; it knows the best menu before it."""
    best, cutoff = before.best, rule.cutoff(before.value)
    assert best is not None
    built = [np.union1d(part, [k]).astype(np.intp) for part, k in zip(box, best[0], strict=True)]
    stage = _stage(wide.narrowed(built), rule, clock, tuning)
    search, left_out = stage.search, -np.inf
    search.offer(_inside(stage.narrow, [best]))
    proofs = [search.recorder.packed(one.center, one.y) for one in passes]
    last, ceiling = passes[-1], ceiling_of(wide.plain)
    for mix in range(len(search.draws.people)):
        node, total = search.recorder.root(mix), min(float(last.found.total[mix]), ceiling)
        closed = total <= cutoff
        ends = [one.box for one in passes[1:]]
        if not closed:
            ends.append(_above(box, last, mix, cutoff))
        for one, proof, after in zip(passes, proofs, ends, strict=False):
            left_out = max(left_out, _dropped(node, proof, one, after, mix))
        if closed:
            node["bound"] = proofs[-1]
            left_out = max(left_out, total)
        elif not all(map(len, ends[-1])):
            node["empty"] = True
        else:
            columns = tuple(
                np.searchsorted(there, part) + start
                for there, part, start in zip(stage.narrow.levels, ends[-1], search.draws.starts[:-1], strict=True)
            )
            search.tree.push(DrawBox(columns, mix, total, search.reference(), last.y, node, proofs[-1]))
    search.tree.run(search)
    return replace(stage, left_out=left_out)


def _above(box: Levels, last: _Pass, mix: int, cutoff: float) -> Levels:
    """Those levels of a box that may be worth more than the cutoff at a mix level."""
    return tuple(
        part[own[np.searchsorted(there, part), mix] > cutoff]
        for part, there, own in zip(box, last.box, last.found.levels, strict=True)
    )


def _dropped(node: Node, proof: list[Any], one: _Pass, after: Levels, mix: int) -> float:
    """Drop what a pass went over and is not left; returns the most that it can be worth."""
    gone, most = [], -np.inf
    for j, (there, left, own) in enumerate(zip(one.box, after, one.found.levels, strict=True)):
        out = ~np.isin(there, left)
        if out.any():
            gone.append((j, there[out]))
            most = max(most, float(own[out, mix].max()))
    if gone:
        drop(node, proof, gone)
    return most


def _all(wide: WideQuestion, rule: GapRule, clock: Clock, tuning: RobustTuning) -> Searched:
    """Where no menu that meets the requirements was found: everything is built and searched."""
    stage = _stage(wide.narrowed(wide.whole()), rule, clock, tuning)
    stage.search.roots(())
    stage.search.tree.run(stage.search)
    return stage.result


def _stopped(wide: WideQuestion, stage: _Stage) -> Searched:
    """What is known where time is up before all levels were looked at."""
    search = stage.search
    for mix in range(len(search.draws.people)):
        search.recorder.root(mix)["terms"] = True
    search.tree.stopped = search.tree.clock.stop() or SearchStatus.OPEN
    return replace(stage, left_out=ceiling_of(wide.plain)).result
