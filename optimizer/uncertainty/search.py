"""Best-first search over boxes of levels, in all draws at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.optimise.risks import worst_weights
from optimizer.search.engine import BestFirst, Clock, GapRule, SearchStatus
from optimizer.search.levels.rules import consistent
from optimizer.typing import Array, Bools, Choice, Ints
from optimizer.uncertainty.arrays import Draws, NumpyLoops, draws_of
from optimizer.uncertainty.bounds import Bounder, DrawBound
from optimizer.uncertainty.certificate import DrawRecorder, Node
from optimizer.uncertainty.choice import loops_for
from optimizer.uncertainty.incumbents import Evaluator, RobustIncumbent
from optimizer.uncertainty.multipliers import Space
from optimizer.uncertainty.question import RiskQuestion


@dataclass(frozen=True)
class RobustTuning:
    """How effort is spent; nothing here touches what is proven."""

    rounds: int = 6
    """Bounds taken of a box before it is cut."""
    least_rounds: int = 2
    """Bounds after which one that drops nothing ends the rounds."""
    whole_numbers: float = 2e6
    """Menus times draws, types and rows up to which a problem is enumerated at once."""
    box_numbers: float = 2e6
    """The same for a box, ..."""
    box_menus: int = 64
    """... or so many menus."""
    most_menus: int = 2048
    """No box of more menus is enumerated."""
    ascent_every: int = 4
    """Ascent starts once in so many boxes."""
    smaller_part: int = 8
    """A cut leaves at least one level in so many on either side."""


DEFAULT = RobustTuning()


@dataclass(frozen=True)
class DrawBox:
    """Levels left of every plan at one mix level, and the best bound known of them."""

    columns: tuple[Ints, ...]
    mix: int
    bound: float
    reference: Ints
    multiplier: Array
    node: Node
    proof: list[Any] | None
    """Of ``bound``; None where it is the sum of all terms."""

    @property
    def menus(self) -> int:
        """A Python int."""
        return math.prod(map(len, self.columns))


@dataclass(frozen=True)
class Searched:
    """What a search found and proved."""

    best: RobustIncumbent | None
    bound: float
    status: SearchStatus
    boxes: int
    bounds: int
    enumerated: int
    certificate: dict[str, Any]


class RobustSearch:
    """What becomes of the boxes; meets :class:`~optimizer.search.engine.Branching`."""

    def __init__(
        self, space: Space, loops: NumpyLoops, rule: GapRule, clock: Clock, tuning: RobustTuning,
        levels: tuple[Ints, ...] | None = None,
    ) -> None:  # fmt: skip
        """``levels``: see ``certificate.DrawRecorder``."""
        self.space, self.draws, self.tuning = space, space.draws, tuning
        self.bounder = Bounder(space, loops)
        self.evaluator = Evaluator(space.question, space.draws, loops)
        self.tree = BestFirst[DrawBox, RobustIncumbent](rule, clock)
        self.recorder = DrawRecorder(space.draws, levels)
        self.bounds = self.enumerated = 0

    def roots(self, seeds: Sequence[Choice]) -> None:
        """Find incumbents and queue a box per mix level."""
        self.climb(seeds)
        whole, ceiling = self.draws.whole(), ceiling_of(self.space.question)
        for mix in range(len(self.draws.people)):
            box = DrawBox(whole, mix, ceiling, self.reference(), self.start(), self.recorder.root(mix), None)
            self.tree.push(box, np.inf)

    def climb(self, seeds: Sequence[Choice]) -> None:
        """Find incumbents from some choices, and from the middle of the levels."""
        self.offer(seeds)
        self._ascend(self._middle(), self.tree.clock.with_grace())

    def offer(self, seeds: Sequence[Choice]) -> None:
        """Take note of some choices."""
        for mix in {mix for _, mix in seeds}:
            self.evaluator.offer(np.array([self.draws.columns(menu) for menu, at in seeds if at == mix]), mix)
        self._taken()

    def _middle(self) -> Ints:
        return np.array([part[len(part) // 2] for part in self.draws.whole()])

    def _ascend(self, middle: Ints, clock: Clock) -> None:
        """At one mix level after another until something meets the requirements, then where the best menu does best."""
        evaluator, mixes, done = self.evaluator, range(len(self.draws.people)), set[int]()
        for mix in sorted(mixes, key=lambda mix: abs(2 * mix - len(mixes) + 1)):
            if evaluator.best is None:
                evaluator.ascend(middle, mix, clock.stop)
                done.add(mix)
        while evaluator.best is not None and not clock.stop():
            for mix in mixes:
                evaluator.offer(self.reference()[None], mix)
            if evaluator.best.mix in done:
                break
            done.add(evaluator.best.mix)
            evaluator.ascend(self.reference(), evaluator.best.mix, clock.stop)
        self._taken()

    def reference(self) -> Ints:
        """The best menu, or one in the middle."""
        best = self.evaluator.best
        return self._middle() if best is None else self.draws.columns(best.menu)

    def start(self) -> Array:
        """The weights of the draws that are worst at the best menu."""
        best, question = self.evaluator.best, self.space.question
        if best is None or self.space.mean:
            return self.space.start()
        values = question.truth(best.menu, best.mix)[0]
        return self.space.start(worst_weights(values - question.offsets, question.caps))

    def _taken(self) -> None:
        self.tree.incumbent = self.evaluator.best

    def branch(self, boxes: list[DrawBox]) -> None:
        """Bound, drop and cut."""
        for box in boxes:
            left = self._lowered(box)
            if left is not None:
                self._cut(left)

    def proven(self, box: DrawBox) -> bool:
        """Always: boxes carry the proof of their bound."""
        return True

    def leave(self, box: DrawBox) -> None:
        """Its bound is that of the box it came from, or all its terms."""
        if box.proof is None:
            box.node["terms"] = True
        else:
            box.node["bound"] = box.proof

    def _lowered(self, box: DrawBox) -> DrawBox | None:
        """The box with levels dropped by bound after bound; None where it is done with, or queued again."""
        for number in range(self.tuning.rounds):
            columns = consistent(self.draws, box.columns)
            if columns is None:
                box.node["empty"] = True
                return None
            before = sum(map(len, columns))
            box = replace(box, columns=columns)
            if self._small(box):
                self._enumerate(box)
                return None
            found = self._bounded(box, number)
            if found is None:
                return None
            box = found
            if self.tree.clock.stop():
                self.tree.push(box)
                return None
            if sum(map(len, box.columns)) == before and number + 1 >= self.tuning.least_rounds:
                break
        return box

    def _small(self, box: DrawBox) -> bool:
        size, _, types = self.draws.weight.shape
        most = self.tuning.box_numbers / (size * types * self.draws.rows)
        return bool(box.menus <= min(max(most, self.tuning.box_menus), self.tuning.most_menus))

    def _enumerate(self, box: DrawBox) -> None:
        self.evaluator.box(box.columns, box.mix)
        self.enumerated += box.menus
        self._taken()
        box.node["enumerate"] = True

    def _bounded(self, box: DrawBox, number: int) -> DrawBox | None:
        """One more bound, and what it leaves; None where it leaves nothing."""
        if self.tree.incumbent is None and self.space.question.requirements and self._impossible(box):
            return None
        found = self.bounder.bound(box.columns, box.mix, box.reference, box.multiplier, self.tree.cutoff)
        self.bounds += 1
        kept = self._without_misfits(box, found)
        if kept is None:
            return None
        proof = self.recorder.proof(box.reference, found.multiplier)
        if found.total <= self.tree.cutoff:
            self._closed(kept, found.total, proof)
            return None
        self.evaluator.offer(found.pick[None], box.mix)
        if number == 0 and self.tree.boxes % self.tuning.ascent_every == 1:
            self.evaluator.ascend(found.pick, box.mix, self.tree.clock.stop)
        self._taken()
        if found.total <= self.tree.cutoff:
            self._closed(kept, found.total, proof)
            return None
        lower = found.total < box.bound
        kept = replace(kept, reference=found.pick, multiplier=found.multiplier,
                       bound=min(found.total, box.bound), proof=proof if lower else box.proof)  # fmt: skip
        gone = found.levels <= self.tree.cutoff
        below = found.levels[gone & found.fits]
        self.tree.close(float(below.max(initial=-np.inf)))
        return self._dropped(kept, found, gone & found.fits, proof)

    def _impossible(self, box: DrawBox) -> bool:
        """Whether no menu of the box meets all requirements together, by a bound that leaves out the aim."""
        start = self.space.start(np.zeros(self.space.question.draws))
        start[self.space.parts[0].stop : self.space.parts[-1].start] = 1.0
        found = self.bounder.bound(box.columns, box.mix, box.reference, start, 0.0, aim=False)
        if found.total >= 0.0 or not np.isfinite(found.total):
            return False
        box.node["bound"] = self.recorder.proof(box.reference, found.multiplier, aim=False)
        return True

    def _closed(self, box: DrawBox, bound: float, proof: list[Any]) -> None:
        box.node["bound"] = proof
        self.tree.close(bound)

    def _without_misfits(self, box: DrawBox, found: DrawBound) -> DrawBox | None:
        """The box without columns with which the requirements cannot be met; None where they cannot be met at all."""
        if found.fits.all():
            return box
        proof = self.recorder.proof(box.reference)
        if not np.isfinite(found.total):
            box.node["bound"] = proof
            return None
        return self._dropped(box, found, ~found.fits, proof)

    def _dropped(self, box: DrawBox, found: DrawBound, gone: Bools, proof: list[Any]) -> DrawBox:
        lost = np.isin(np.concatenate(box.columns), found.region.columns[gone])
        if not lost.any():
            return box
        parts = np.split(lost, np.cumsum([len(part) for part in box.columns])[:-1])
        dropped = [(j, c[m]) for j, (c, m) in enumerate(zip(box.columns, parts, strict=True)) if m.any()]
        self.recorder.drop(box.node, proof, dropped)
        return replace(box, columns=tuple(c[~m] for c, m in zip(box.columns, parts, strict=True)))

    def _cut(self, box: DrawBox) -> None:
        """In two, at the plan whose levels make the people on the alternatives vary most."""
        plan, left, right = halves(self.draws, self.bounder.loops, box, self.tuning)
        nodes = self.recorder.split(box.node, plan, left)
        for part, node in zip((left, right), nodes, strict=True):
            columns = (*box.columns[:plan], part, *box.columns[plan + 1 :])
            self.tree.push(replace(box, columns=columns, node=node))


def halves(draws: Draws, loops: NumpyLoops, box: DrawBox, tuning: RobustTuning) -> tuple[int, Ints, Ints]:
    """The plan to cut, and its columns weak and strong."""
    columns = np.concatenate(box.columns)
    first = np.concatenate([[0], np.cumsum([len(part) for part in box.columns])]).astype(np.intp)
    least, most = loops.spans(draws, columns, first)
    held = np.abs(box.multiplier[: len(least)])[:, None] * draws.people[box.mix]
    base = 1.0 + least.sum(axis=1)
    spread = np.einsum("si,sji->j", held, 1.0 / base[:, None] - 1.0 / (base[:, None] + most - least))
    spread = np.where([len(part) > 1 for part in box.columns], spread, -1.0)
    plan = int(np.argmax(spread))
    order = box.columns[plan][np.argsort(draws.strength[box.columns[plan]], kind="stable")]
    share = draws.strength[order]
    edge = max(1, len(order) // tuning.smaller_part)
    at = min(max(int(np.searchsorted(share, 0.5 * (share[0] + share[-1]))), edge), len(order) - edge)
    return plan, np.sort(order[:at]), np.sort(order[at:])


def maximise_risk(
    question: RiskQuestion, gap: float, clock: Clock, seeds: Sequence[Choice] = (), tuning: RobustTuning = DEFAULT
) -> Searched:
    """The choice with the largest risk among those that meet all requirements, and a bound on all of them.

    ``gap`` is relative to max(|value|, yardstick). Bound -inf: proven that nothing meets the requirements.
    """
    draws = draws_of(question)
    size, total, types = draws.weight.shape
    loops = loops_for(size * total * types * draws.rows, clock.deadline)
    search = RobustSearch(Space(question, draws), loops, GapRule(gap, question.yardstick), clock, tuning)
    choices = question.instances[0].menus
    if choices <= tuning.most_menus and choices * size * types * draws.rows <= tuning.whole_numbers:
        _enumerate_all(search)
    else:
        search.roots(seeds)
        search.tree.run(search)
    return searched(search)


def ceiling_of(question: RiskQuestion) -> float:
    """No choice is worth more: all terms of the aim in absolute value."""
    ceiling = float(question.weights @ (question.sizes[:, 0] - question.offsets))
    return ceiling + 1e-9 * float(question.weights @ (question.sizes[:, 0] + np.abs(question.offsets)))


def searched(search: RobustSearch) -> Searched:
    """What a search that has ended found and proved."""
    tree = search.tree
    return Searched(
        tree.incumbent,
        tree.bound,
        tree.stopped or (SearchStatus.INFEASIBLE if tree.incumbent is None else SearchStatus.CLOSED),
        tree.boxes,
        search.bounds,
        search.enumerated,
        search.recorder.data(tree.bound),
    )


def _enumerate_all(search: RobustSearch) -> None:
    whole = search.draws.whole()
    for mix in range(len(search.draws.people)):
        search._enumerate(DrawBox(whole, mix, np.inf, whole[0], np.zeros(0), search.recorder.root(mix), None))
