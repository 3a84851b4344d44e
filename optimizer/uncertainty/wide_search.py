"""The search over draws with very wide nests: a good menu first, then passes over all levels, then what is left.

The menu comes from searches among levels near the best one, which are few. A pass (``uncertainty.sweep``) bounds
what every level can be worth, with weights found around that menu. The levels that promise most are built and searched
as any question is; should others still stand in the way of the gap, once the menu is known, they are bounded anew and
searched too. The certificate is of the wide question throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.errors import SolverError
from optimizer.search.engine import Clock, GapRule, SearchStatus
from optimizer.typing import Array, Choice, Ints, LevelIndices
from optimizer.uncertainty.arrays import draws_of
from optimizer.uncertainty.certificate import Node
from optimizer.uncertainty.choice import loops_for
from optimizer.uncertainty.multipliers import Space
from optimizer.uncertainty.passes import Levels, Pass, dropped, kept_by, least_bounds, lots_of, next_mix, promising
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
from optimizer.uncertainty.sweep import sweep
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
PASSES = 6
"""Most passes, ..."""
ENOUGH = 2.5e7
"""... which end where one array of what is left has so many numbers, ..."""
SHRINKS = 0.9
"""... or where a pass leaves more than this of them."""
MOST_NUMBERS = 6e7
"""The same where there is no menu by which levels could be dropped."""


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
    passes: list[Pass] = []
    while True:
        shrunk = True
        while shrunk and len(passes) < PASSES:
            before = kept_by(wide, passes, rule.cutoff(stage.value))
            made = _passed(wide, stage, passes, before, clock)
            if made is None:
                return stage.result if passes and stage.left_out < np.inf else _stopped(wide, stage)
            passes.append(made)
            box = kept_by(wide, passes, rule.cutoff(stage.value))
            shrunk = (
                len(passes) > 1
                and _numbers(wide, box) > ENOUGH
                and _numbers(wide, box) < SHRINKS * _numbers(wide, before)
            )
        most = PROMISING if len(passes) == 1 else sum(wide.levels)
        stage = _left(wide, rule, clock, tuning, stage, passes, promising(wide, passes, box, most))
        if stage.left_out <= rule.cutoff(stage.value) or len(passes) > 1 or clock.stop():
            return stage.result


@dataclass(frozen=True)
class _Stage:
    """A search of some levels."""

    narrow: Narrowed
    search: RobustSearch
    left_out: float = -np.inf
    """No menu with a level that was not searched here is worth more."""
    before: tuple[Searched, ...] = ()
    """Searches of other levels."""

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
        every = (found, *self.before)
        return replace(
            found, best=best, bound=bound, status=status, certificate=self.search.recorder.data(bound),
            boxes=sum(one.boxes for one in every), bounds=sum(one.bounds for one in every),
            enumerated=sum(one.enumerated for one in every),
        )  # fmt: skip

    def after(self, other: _Stage) -> _Stage:
        """The same as the search that follows another one, of whose certificate it writes on."""
        done = searched(other.search)
        self.search.recorder.goes_on(other.search.recorder)
        return replace(self, left_out=max(other.left_out, done.bound), before=(*other.before, done))


def _stage(wide: WideQuestion, narrow: Narrowed, rule: GapRule, clock: Clock, tuning: RobustTuning) -> _Stage:
    draws = draws_of(narrow.question)
    loops = loops_for(wide.draws * wide.types * sum(wide.levels) * draws.rows, clock.deadline)
    return _Stage(narrow, RobustSearch(Space(narrow.question, draws), loops, rule, clock, tuning, narrow.levels))


def _near_best(
    wide: WideQuestion, rule: GapRule, seeds: Sequence[Choice], clock: Clock, tuning: RobustTuning
) -> _Stage:
    """Levels around the best menu that searches of some draws find, and a search in all draws that has begun there."""
    rough = replace(rule, gap=max(rule.gap, ROUGH))
    some = np.unique(np.linspace(0, wide.draws - 1, min(SOME, wide.draws)).astype(np.intp)).tolist()
    levels, known = _few(wide, seeds), list(seeds)
    for _ in range(STEPS):
        stage = _stage(wide, wide.narrowed(levels, some), rough, clock, tuning)
        stage.search.roots(_inside(stage.narrow, known))
        stage.search.tree.run(stage.search)
        best = stage.best
        if best is None or clock.stop():
            break
        done = bool(known) and known[0] == best
        known, levels = [best, *seeds], _near(wide, best[0], seeds)
        if done:
            break
    stage = _stage(wide, wide.narrowed(levels), rule, clock, tuning)
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


def _passed(wide: WideQuestion, stage: _Stage, passes: Sequence[Pass], box: Levels, clock: Clock) -> Pass | None:
    """A pass over a box, around the best menu and with the weights that bound best what was built, at the mix level
    that stands most in the way; None where time is up."""
    search, best = stage.search, stage.search.evaluator.best
    assert best is not None
    y, draws = search.start(), search.draws
    mix = next_mix(wide, passes) if passes else best.mix
    if search.space.free:
        y = search.bounder.bound(draws.whole(), mix, draws.columns(best.menu), y, -np.inf).multiplier
    center = stage.narrow.outside(best.menu)
    found = None if clock.stop() else sweep(wide, Space(wide.plain, draws), box, center, y, clock)
    return None if found is None else Pass(box, mix, center, y, found)


def _numbers(wide: WideQuestion, box: Levels) -> int:
    """Of one array of what is built of a box."""
    return wide.draws * wide.types * sum(len(box[j]) for j in wide.wide)


def _left(
    wide: WideQuestion, rule: GapRule, clock: Clock, tuning: RobustTuning, before: _Stage, passes: Sequence[Pass],
    box: Levels,
) -> _Stage:  # fmt: skip
    """The search of a box that the passes leave; it knows the best menu before it."""
    best, cutoff = before.best, rule.cutoff(before.value)
    assert best is not None
    part = max(wide.wide, key=lambda j: len(box[j]))
    lots = lots_of(wide, passes, box[part], part)
    stage = _lot_stage(wide, (*box[:part], lots[0], *box[part + 1 :]), best, rule, clock, tuning)
    recorder, left_out = stage.search.recorder, -np.inf
    waiting: list[_Waiting] = []
    proofs = [recorder.packed(one.center, one.y) for one in passes]
    totals, levels = least_bounds(wide, passes)
    for mix in range(len(stage.search.draws.people)):
        node = recorder.root(mix)
        done = next((k for k, one in enumerate(passes) if one.found.total[mix] <= cutoff), None)
        own = tuple(there[bounds[there, mix] > cutoff] for there, bounds in zip(box, levels, strict=True))
        ended = passes if done is None else passes[:done]
        settled = list(zip(ended, proofs, strict=False))
        worth = dropped(wide, node, settled, own if done is None else None, mix, cutoff)
        left_out = max(left_out, worth)
        if done is not None:
            node["bound"] = proofs[done]
            left_out = max(left_out, float(passes[done].found.total[mix]))
        elif not all(map(len, own)):
            node["empty"] = True
        else:
            least = int(np.argmin([one.found.total[mix] for one in passes]))
            total = min(float(totals[mix]), ceiling_of(wide.plain))
            waiting.append(_Waiting(mix, node, own, total, passes[least].y, proofs[least]))
    stage = replace(stage, left_out=left_out)
    for number, lot in enumerate(lots):
        if number:
            known = stage.best or best
            inside = (*box[:part], lot, *box[part + 1 :])
            stage = _lot_stage(wide, inside, known, rule, clock, tuning).after(stage)
        waiting = [more for one in waiting if (more := _queued(stage, one, part, lot)) is not None]
        stage.search.tree.run(stage.search)
        if clock.stop() and waiting:
            for one in waiting:
                one.node["bound"] = one.proof
            return replace(stage, left_out=max(stage.left_out, *(one.bound for one in waiting)))
    return stage


@dataclass(frozen=True)
class _Waiting:
    """What is still to be searched at a mix level."""

    mix: int
    node: Node
    levels: Levels
    bound: float
    y: Array
    proof: list[Any]
    """Of the bound."""


def _lot_stage(
    wide: WideQuestion, box: Levels, best: Choice, rule: GapRule, clock: Clock, tuning: RobustTuning
) -> _Stage:
    """A search of a box that knows the best choice, nothing of it queued."""
    built = [np.union1d(part, [k]).astype(np.intp) for part, k in zip(box, best[0], strict=True)]
    stage = _stage(wide, wide.narrowed(built), rule, clock, tuning)
    stage.search.offer(_inside(stage.narrow, [best]))
    return stage


def _queued(stage: _Stage, one: _Waiting, part: int, lot: Ints) -> _Waiting | None:
    """Queue what waits at a mix level of the levels in a lot; returns the rest."""
    search, inside = stage.search, np.isin(one.levels[part], lot)
    if not inside.any():
        return one
    own, node, rest = one.levels[part][inside], one.node, None
    if not inside.all():
        node, other = Node(), Node()
        one.node.update({"split": [part, own.tolist()], "left": node, "right": other})
        others = (*one.levels[:part], one.levels[part][~inside], *one.levels[part + 1 :])
        rest = replace(one, node=other, levels=others)
    levels = (*one.levels[:part], own, *one.levels[part + 1 :])
    columns = tuple(
        np.searchsorted(there, wanted) + start
        for there, wanted, start in zip(stage.narrow.levels, levels, search.draws.starts[:-1], strict=True)
    )
    search.tree.push(DrawBox(columns, one.mix, one.bound, search.reference(), one.y, node, one.proof))
    return rest


def _all(wide: WideQuestion, rule: GapRule, clock: Clock, tuning: RobustTuning) -> Searched:
    """Where no menu that meets the requirements was found: everything is built and searched."""
    if _numbers(wide, wide.whole()) > MOST_NUMBERS:
        raise SolverError(
            "no menu that meets the conditions over the draws was found, and with so many combinations of levels in a "
            "nest it cannot be proven that there is none; shorten the ladders of its plans, or take fewer draws"
        )
    stage = _stage(wide, wide.narrowed(wide.whole()), rule, clock, tuning)
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
