"""Boxes lowered by compiled loops: what the loop of ``levels.lowering`` does, in one call a box, several side by side.

The calls give numbers; here the run is told of them: the certificate, the closed bound, the next incumbent.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from optimizer.search.kernels import numbers_read
from optimizer.search.kernels.asking import BoxAsked, Course, Ended, Lowered, StackedMultipliers, effort_of, started
from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import BoxBound, Multiplier, Reference
from optimizer.search.levels.relaxing import relaxes
from optimizer.search.levels.run import MenuRun
from optimizer.search.levels.state import BoundStep, OpenBox
from optimizer.typing import Bools, Ints


def descends(run: MenuRun, box: OpenBox) -> bool:
    """Whether compiled loops lower the box. Python goes through the loop where it takes cutting planes (roots, proofs
    of infeasibility) or chords (gains from burst), and where two threads are better used within one bound."""
    return (
        run.kernel.lowering() is not None
        and not box.root
        and not box.paired
        and run.aim > 0.0
        and box.multiplier.rows[0] > 0.0
        and not np.any(box.layout.burst > 0.0)
        and numbers_read(box.layout, box.columns) < run.tuning.shared_numbers
        and not relaxes(run, box)
    )


def lower_together(run: MenuRun, boxes: Sequence[OpenBox]) -> list[Lowering]:
    """Each box bounded by its conditions alone, then lowered as by ``lowering.lower``. All look at one cutoff at a time
    and are told in their order, so that threads change nothing."""
    lowerings = [Lowering(run, box) for box in boxes]
    lower = run.kernel.lowering()
    assert lower is not None or not boxes
    while lower is not None and (going := [one for one in lowerings if not one.done]):
        for one, found in zip(going, lower([one.asked() for one in going]), strict=True):
            one.told(found)
    return lowerings


class Lowering:
    """One box on its way."""

    def __init__(self, run: MenuRun, box: OpenBox) -> None:
        self.box = box
        self.steps: list[BoundStep] = []
        """The lowest bound and the last ones."""
        self.best: BoundStep | None = None
        """The lowest; None where the box is done with."""
        self.done = False
        self._run = run
        self._given: tuple[Reference, Multiplier] | None = (box.reference, box.multiplier)
        self._course = _started(box)
        alone = multipliers.conditions(box.layout)
        self._conditions = StackedMultipliers(
            np.array([m.rows for m in alone]).reshape(len(alone), 1 + box.layout.limits),
            np.array([m.gpus for m in alone]).reshape(len(alone), box.layout.blocks),
        )
        self._columns = np.empty(0, dtype=np.intp)
        self._first = np.zeros(1, dtype=np.intp)

    def asked(self) -> BoxAsked:
        """The next call."""
        run, box, tuning = self._run, self.box, self._run.tuning
        self._columns = np.concatenate(box.columns)
        self._first = np.array([0, *itertools.accumulate(map(len, box.columns))], dtype=np.intp)
        at_once = max(1, tuning.lowered_numbers // numbers_read(box.layout, box.columns))
        effort = effort_of(tuning, at_once, run.box_menus, box.layout.has_multipliers)
        center = np.ascontiguousarray(box.reference.columns)
        return BoxAsked(
            box.layout, box.mix, self._columns, self._first, center, box.spans, self._conditions, self._course,
            effort, run.tree.cutoff, run.tree.value,
        )  # fmt: skip

    def told(self, found: Lowered) -> None:
        """What one call found."""
        run, box = self._run, self.box
        self._note(found)
        self._record_drops(found)
        if found.ended == Ended.REMOVED:
            self._remove(found)
        elif not run.keep_consistent(box, self._left(found.gone >= found.taken)):
            self.best, self.done = None, True
        elif found.ended == Ended.SMALL:
            run.enumerate_box(box)
            self.best, self.done = None, True
        elif found.ended == Ended.STALLED:
            self._finish()
        elif run.tree.clock.stop():
            self._finish()
            self.best = None
            run.tree.push(box, box.bound, run.depth(box))
        self._conditions = StackedMultipliers(
            self._conditions.rows[found.taken :], self._conditions.gpus[found.taken :]
        )
        if found.taken > found.alone:
            self._given = None

    def _note(self, found: Lowered) -> None:
        """The lowest bound so far, the last ones, and menus that may be incumbents."""
        run, box, bounds = self._run, self.box, range(found.alone, found.taken)
        if not bounds:
            return
        lowest = found.alone + int(np.argmin(found.history.totals[found.alone : found.taken, 0]))
        for k in sorted({lowest, *bounds[-run.tuning.sieves :]}):
            step = self._step(found, k)
            self.steps.append(step)
            if k == lowest and (self.best is None or step.bound.total < self.best.bound.total):
                self.best = step
                if step.bound.total < box.bound:
                    box.bound, box.proof = step.bound.total, (step.reference, step.multiplier)
        for k in bounds:
            if found.history.totals[k, 4]:
                run.offer(box, found.history.best[k], found.history.at_best[k])

    def _record_drops(self, found: Lowered) -> None:
        """Levels dropped, with the bounds that did it."""
        self._run.tree.close(found.closed)
        for k in np.unique(found.gone[found.gone < found.taken]):
            parts = enumerate(self._left(found.gone == k))
            dropped = [(j, columns) for j, columns in parts if len(columns)]
            self._run.recorder.drop(self.box.layout, self.box.record, *self._proof(found, int(k)), dropped)

    def _remove(self, found: Lowered) -> None:
        """The last bound removes the box; one by a condition alone proves it infeasible and leaves no bound."""
        last = found.taken - 1
        self._run.recorder.bound(self.box.layout, self.box.record, *self._proof(found, last))
        if last >= found.alone:
            self._run.tree.close(float(found.history.totals[last, 0]))
        self.best, self.done = None, True

    def _finish(self) -> None:
        """The box, or its children, go on from where the loop came to."""
        course, box = self._course, self.box
        box.reference = Reference(box.reference.columns, course.shift)
        box.multiplier = Multiplier(course.rows, course.gpus)
        box.pace = multipliers.Pace(course.pace[0], course.pace[1]) if course.counts[2] else None
        box.length = float(course.numbers[0])
        self.done = True

    def _proof(self, found: Lowered, k: int) -> tuple[Reference, Multiplier]:
        """What the k-th bound was taken with."""
        if k == found.alone and self._given is not None:
            return self._given
        past = found.history
        multiplier = Multiplier(past.rows[k].copy(), past.gpus[k].copy())
        return Reference(self.box.reference.columns, None if k < found.alone else past.shift[k].copy()), multiplier

    def _step(self, found: Lowered, k: int) -> BoundStep:
        """The k-th bound as Python takes it."""
        columns, past = self._left(found.gone >= k), found.history
        edges = [0, *itertools.accumulate(map(len, columns))]
        flat = past.flat[k, : edges[-1]].copy()
        total, value, rest, fall, _ = past.totals[k].tolist()
        reference, multiplier = self._proof(found, k)
        bound = BoxBound(
            total, tuple(flat[a:b] for a, b in itertools.pairwise(edges)), past.top[k].copy(), past.best[k].copy(),
            value, past.cut[k].copy(), rest, past.gradient[k].copy(), past.at_best[k].copy(), fall,
        )  # fmt: skip
        return BoundStep(bound, columns, multiplier, reference)

    def _left(self, keep: Bools) -> tuple[Ints, ...]:
        """Of the columns last asked about, per plan."""
        kept, ends = self._columns[keep], np.concatenate([[0], np.cumsum(keep)])[self._first].tolist()
        return tuple(kept[a:b] for a, b in itertools.pairwise(ends))


def _started(box: OpenBox) -> Course:
    """Before the first bound."""
    layout = box.layout
    pace = None if box.pace is None else (box.pace.factor, box.pace.sign)
    return started(
        layout.plans, layout.weight.shape[1], len(layout.rows.fixed), box.multiplier.rows, box.multiplier.gpus,
        box.reference.shift, box.length, pace,
    )  # fmt: skip
