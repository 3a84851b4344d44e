"""Best-first search over boxes: bound, drop levels, cut in two, enumerate what is small."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field

import numpy as np

from optimizer.search.kernels.loops import Loops
from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import BoxBound, Form, Multiplier, Reference, bound_box, combine_rows, make_form
from optimizer.search.levels.branching import cut
from optimizer.search.levels.chords import chord_of
from optimizer.search.levels.descent import descend
from optimizer.search.levels.enumeration import Incumbent, best_of_box, best_of_menus, best_of_values
from optimizer.search.levels.evaluation import Truth
from optimizer.search.levels.incumbents import improve
from optimizer.search.levels.layout import Layout
from optimizer.search.levels.merging import merge, mergeable, merged_levels, pairs, transfer
from optimizer.search.levels.multipliers import conditions, single_conditions
from optimizer.search.levels.past import Past, recalled, telling
from optimizer.search.levels.rules import consistent
from optimizer.search.levels.sifting import Sieve, join, sift
from optimizer.search.levels.state import KEPT_CUTS, BoundStep, Open, SearchLimits
from optimizer.search.proof.certificate import Recorder
from optimizer.typing import Ints, LevelIndices

ROUNDS, ROOT_ROUNDS = 30, 64
"""Bounds evaluated in one box, and in a root, before it is cut."""
KELLEY = 8
"""Of those at a root, how many move the reference menu and the multiplier alone."""
PATIENCE, SHORTER, SHORTEST = 8, 4, 2
"""Bounds after which the distance to the incumbent must have fallen by ``FALLEN``: by compiled loops; without them; and
where sieves for each condition may settle the box at once."""
FALLEN = 0.1
"""Part of the distance."""
SIEVES = 3
"""Bounds of a box that its menus are sifted by."""
SIFTED = 8_000
"""Most menus, or parts of menus, that may be left over while sifting."""
JOINED = 1_000_000
"""Most menus of a box that is sifted in halves."""
OFTEN = 4
"""Every so many boxes, coordinate ascent starts from the menus that the bounds favour."""
STARTS = 8
"""Menus that ascent starts from at a root; elsewhere one."""
MERGED = 600
"""Levels of merged plans up to which a box's plans are taken together."""
WARM = 150
"""Bounds after which a search takes to compiled loops."""


@dataclass
class MenuSearch:
    """The state of one run."""

    layout: Layout
    truth: Truth
    settings: SearchLimits
    incumbent: Incumbent | None
    recorder: Recorder
    multiplier: Multiplier
    """The best one found at a root, with aim weight 1."""
    aim: float = 1.0
    """Weight of the aim: 0 while no choice that keeps all conditions is known."""
    dropped: float = -np.inf
    """Largest bound of anything removed."""
    boxes: int = 0
    enumerated: int = 0
    bounds: int = 0
    """Evaluated so far."""
    stopped: str = ""
    pasts: tuple[Past, ...] = ()
    """Of earlier runs."""
    past: dict[int, list[BoundStep]] = field(default_factory=dict)
    """For later runs: see ``Past.steps``."""
    _heap: list[tuple[int, float, int, Open]] = field(default_factory=list)
    _loops: Loops | None = None
    _count: int = 0
    _offered: set[tuple[int, LevelIndices]] = field(default_factory=set)

    def push(self, box: Open, key: float) -> None:
        """Queue a box: the most merged ones first, which keeps few of their tables alive; then larger keys."""
        heapq.heappush(self._heap, (-box.layout.depth, -key, self._count, box))
        self._count += 1

    @property
    def open(self) -> list[Open]:
        """Boxes waiting."""
        return [item[3] for item in self._heap]

    @property
    def bound(self) -> float:
        """Proven bound as of now."""
        value = -np.inf if self.incumbent is None else self.incumbent.value
        return float(max([value, self.dropped, *(box.bound for box in self.open)]))

    def run(self) -> None:
        """Process boxes until the gap is proven or something stops the search."""
        while self._heap:
            if self.aim == 0.0 and self.incumbent is not None:
                self._aim_again()
            reach = self.settings.reach(self.incumbent)
            merged, key, _, box = self._heap[0]
            if self.aim and -key <= reach:
                if not merged:
                    break
                if box.proof is not None:
                    heapq.heappop(self._heap)
                    self._give_up(box)
                    continue
            self.stopped = self._stop()
            if self.stopped:
                break
            heapq.heappop(self._heap)
            self.boxes += 1
            self._process(box)
            if self.settings.progress is not None:
                value = -np.inf if self.incumbent is None else self.incumbent.value
                self.settings.progress(value, self.bound, self.boxes)
        for box in self.open:
            self._leave(box)
        if not self.stopped:
            self.dropped = max([self.dropped, *(box.bound for box in self.open)])
            self._heap.clear()

    def _give_up(self, box: Open) -> None:
        """A box whose bound is within reach."""
        self._leave(box)
        self.dropped = max(self.dropped, box.bound)

    def _stop(self) -> str:
        most = self.settings.max_boxes
        return self._late() or ("open" if most is not None and self.boxes >= most else "")

    def _late(self) -> str:
        s = self.settings
        if s.cancelled is not None and s.cancelled():
            return "interrupted"
        return "open" if s.deadline is not None and time.monotonic() >= s.deadline else ""

    def _leave(self, box: Open) -> None:
        """Record the bound of a box that stays; a root that was never looked at gets its first one."""
        if box.proof is None:
            multiplier = self.multiplier if box.root else box.multiplier
            box.bound = self._step(box, multiplier, box.reference).bound.total
            box.proof = (box.reference, multiplier)
        self.recorder.bound(box.layout, box.record, *box.proof)

    def _aim_again(self) -> None:
        """The first incumbent is there: from now on the aim leads, not the proof of infeasibility."""
        self.aim = 1.0
        waiting = sorted(self._heap, key=lambda item: item[:3])
        self._heap = []
        for *_, box in waiting:
            box.cuts = []
            box.multiplier = box.proof[1] if box.proof is not None else multipliers.none(box.layout)
            self.push(box, box.bound)

    def _process(self, box: Open) -> None:
        kept = consistent(box.layout, box.columns)
        if kept is None:
            box.record["empty"] = True
            return
        box.columns = kept
        if box.root and not self.aim:
            box.bound = self._step(box, self.multiplier, box.reference).bound.total
            box.proof = (box.reference, self.multiplier)
        if box.root:
            self.past[box.mix] = []
            if self.aim and self._recall(box):
                return
        if self._alone(box):
            return
        steps: list[BoundStep] = []
        best = self._lower(box, steps)
        if box.root and self.aim:
            self.past[box.mix].extend(telling(steps))
        if best is None:
            return
        if box.root and self.aim:
            self.multiplier = best.multiplier
        if box.root or self.boxes % OFTEN == 0:
            menus = np.array([step.bound.best for step in steps[-STARTS if box.root else -1 :]])
            self.incumbent = improve(box.layout, self.truth, box.columns, menus, box.mix, self.incumbent)
        others = [step for step in steps if step is not best]
        if not self._settle(box, [best, *others[:-SIEVES:-1]]) and not self._merge(box, best):
            self._split(box, best)

    def _recall(self, box: Open) -> bool:
        """Drop what earlier runs' bounds of this root drop; True if nothing is left. The lowest one leads on."""
        for step in recalled(self.pasts, self.layout, box):
            if step.multiplier.rows[0] and step.bound.total < box.bound:
                box.bound, box.proof = step.bound.total, (step.reference, step.multiplier)
            done = self._prune(box, step)
            if done or box.columns is not step.columns:
                self.past[box.mix].append(step)
            if done:
                return True
        if box.proof is not None:
            box.reference, box.multiplier = box.proof
        return False

    def _alone(self, box: Open) -> bool:
        """Drop levels with which some condition cannot be met, whatever the others; True if nothing is left."""
        for _ in range(3 if box.root else 1):
            before = box.menus
            for multiplier in conditions(box.layout):
                step = self._step(box, multiplier, Reference(box.reference.columns))
                done = self._prune(box, step)
                if box.root and (done or box.columns is not step.columns):
                    self.past[box.mix].append(step)
                if done:
                    return True
            if box.menus > 0.5 * before:
                break
        return False

    def _step(self, box: Open, multiplier: Multiplier, reference: Reference) -> BoundStep:
        """A bound of the box by a multiplier of its own."""
        return self._taken(box.layout, box.columns, box.mix, multiplier, reference)

    def bound_for(self, columns: tuple[Ints, ...], mix: int, reference: Reference) -> BoxBound:
        """The bound over any box of the whole problem with the multiplier last found at a root."""
        return self._taken(self.layout, columns, mix, self.multiplier, reference).bound

    def _taken(
        self, layout: Layout, columns: tuple[Ints, ...], mix: int, multiplier: Multiplier, reference: Reference
    ) -> BoundStep:
        chord = chord_of(layout, columns, mix, reference)
        bound = self._bound(layout, make_form(layout, multiplier, chord), columns, mix, reference)
        return BoundStep(bound, columns, multiplier, reference, chord)

    def _lower(self, box: Open, steps: list[BoundStep]) -> BoundStep | None:
        """Bound the box again and again, dropping levels. The lowest bound, or None where the box is done with."""
        best: BoundStep | None = None
        checked, since = np.inf, -1
        for number in range(ROOT_ROUNDS if box.root else ROUNDS):
            if box.menus <= self.settings.small:
                self._enumerate(box)
                return None
            step = self._evaluate(box)
            steps.append(step)
            if self._prune(box, step):
                return None
            if best is None or step.bound.total < best.bound.total:
                best = step
            if number - since >= self._patience(box):
                since = number
                above = best.bound.total - self._threshold(best.multiplier)
                if checked - above < FALLEN * above:
                    break
                checked = above
            self._move(box, number, step, best)
            if self._late():
                self.push(box, box.bound if self.aim else np.inf)
                return None
        return best

    def _move(self, box: Open, number: int, step: BoundStep, best: BoundStep) -> None:
        """Set multiplier and reference for the next bound: by cutting planes first, then by subgradients."""
        box.cuts.append((step.bound.cut, step.bound.rest))
        early = box.root and number < KELLEY
        if early:
            box.reference = Reference(best.bound.best)
        if box.layout.has_multipliers and (early or (not self.aim and number % 2)):
            cuts = box.cuts[-KEPT_CUTS:]
            follow_up = multipliers.proposed(box.layout, cuts, self.aim, best.multiplier, step.chord)
            box.multiplier = box.multiplier if follow_up is None else follow_up
        elif not early:
            above = [s.bound.total - self._threshold(s.multiplier) for s in (step, best)]
            box.reference, box.multiplier = descend(box, step, best, above[0], above[1], self.aim > 0.0)

    def _settle(self, box: Open, steps: list[BoundStep]) -> bool:
        """Evaluate every menu that the bounds leave over, if those are few enough."""
        if box.menus <= self.settings.small:
            self._enumerate(box)
            return True
        found = self._sift(box, steps)
        if found is None and not self._joinable(box):
            return False
        if found is None or len(found[0]) > self.settings.few:
            reference = Reference(steps[0].bound.best)
            for multiplier in single_conditions(box.layout, steps[0].multiplier):
                step = self._step(box, multiplier, reference)
                if self._prune(box, step):
                    return True
                steps.append(step)
            found = self._sift(box, steps)
            if found is None and self._loops is None:
                found = join(box.columns, self._sieves(box, steps), JOINED)
        if found is None or len(found[0]) > self.settings.few:
            return False
        menus, settled = found
        self.enumerated += len(menus)
        self.dropped = max(self.dropped, settled)
        self.incumbent = best_of_menus(box.layout, self.truth, menus, box.mix, self.incumbent)
        self.recorder.sift(box.layout, box.record, [(s.reference, s.multiplier) for s in steps])
        return True

    def _sift(self, box: Open, steps: list[BoundStep]) -> tuple[Ints, float] | None:
        sifted = sift if self._loops is None else self._loops.sift
        return sifted(box.columns, self._sieves(box, steps), SIFTED)

    def _sieves(self, box: Open, steps: list[BoundStep]) -> list[Sieve]:
        return [s.sieve(box.columns, self._threshold(s.multiplier)) for s in steps]

    def _joinable(self, box: Open) -> bool:
        """Whether aim and conditions, each as a sieve of its own, may settle the box at once."""
        return self.aim > 0.0 and box.menus <= JOINED and box.layout.has_multipliers

    def _patience(self, box: Open) -> int:
        return SHORTEST if self._joinable(box) else SHORTER if self._loops is None else PATIENCE

    def _evaluate(self, box: Open) -> BoundStep:
        step = self._step(box, box.multiplier, box.reference)
        if self.aim and step.bound.total < box.bound:
            box.bound, box.proof = step.bound.total, (box.reference, box.multiplier)
        self._offer(box, step.bound)
        return step

    def _bound(self, layout: Layout, form: Form, columns: tuple[Ints, ...], mix: int, reference: Reference) -> BoxBound:
        self.bounds += 1
        if self.bounds == WARM:
            self._loops = Loops.if_installed()
        if self._loops is not None:
            return self._loops.bound(layout, form, columns, mix, reference)
        matrix = None
        if not layout.has_multipliers:
            rows = layout.rows.matrix
            matrix = rows[0] if len(rows) == 1 else combine_rows(form.weights, rows)
        return bound_box(layout, form, columns, mix, reference, matrix)

    def _offer(self, box: Open, bound: BoxBound) -> None:
        """Take the menu a bound favours as the incumbent if it is feasible and better, by the truth."""
        if not box.layout.blocks and self.incumbent is not None and bound.at_best[0] <= self.incumbent.value:
            return
        key = (box.mix, box.layout.menu(bound.best))
        if key not in self._offered:
            self._offered.add(key)
            self.incumbent = best_of_values(
                box.layout, self.truth, bound.best[None, :], bound.at_best[None, :], box.mix, self.incumbent
            )

    def _threshold(self, multiplier: Multiplier) -> float:
        """Bounds up to here remove what they bound: for the aim, or as infeasible."""
        return self.settings.reach(self.incumbent) if multiplier.rows[0] else float(np.nextafter(0.0, -1.0))

    def _prune(self, box: Open, step: BoundStep) -> bool:
        """Drop the box (True) or some of its levels."""
        bound, aims = step.bound, step.multiplier.rows[0] > 0.0
        threshold = self._threshold(step.multiplier)
        if bound.total <= threshold:
            self.recorder.bound(box.layout, box.record, step.reference, step.multiplier)
            if aims:
                self.dropped = max(self.dropped, bound.total)
            return True
        if bound.total - bound.fall > threshold:
            return False
        gone: list[tuple[int, Ints]] = []
        columns = list(box.columns)
        for j in range(box.layout.plans):
            levels = bound.levels(j)
            keep = levels > threshold
            if not keep.all():
                gone.append((j, columns[j][~keep]))
                if aims:
                    self.dropped = max(self.dropped, float(levels[~keep].max()))
                columns[j] = columns[j][keep]
        if gone:
            self.recorder.drop(box.layout, box.record, step.reference, step.multiplier, gone)
            kept = consistent(box.layout, tuple(columns))
            if kept is None:
                box.record["empty"] = True
                return True
            box.columns = kept
        return False

    def _enumerate(self, box: Open) -> None:
        self.enumerated += box.menus
        self.incumbent = best_of_box(box.layout, self.truth, box.columns, box.mix, self.incumbent)
        box.record["enumerate"] = True

    def _merge(self, box: Open, step: BoundStep) -> bool:
        """Queue the box with plans taken together in pairs, if it is small enough for that."""
        layout, counts = box.layout, [len(c) for c in box.columns]
        groups = pairs(counts)
        small = merged_levels(counts, groups) <= MERGED and mergeable(layout, counts, groups)
        if not self.aim or len(groups) == len(counts) or not small:
            return False
        made, columns = merge(layout, box.columns, groups)
        reference = transfer(layout, step.multiplier, step.reference, step.favoured(box.columns), made)
        record = self.recorder.merge(box.record, groups)
        child = box.child(made, columns, box.bound, reference, step.multiplier, record, None)
        self.push(child, box.bound)
        return True

    def _split(self, box: Open, step: BoundStep) -> None:
        """Queue the two parts, each with the bound that is known for it."""
        plan, half = cut(box.layout, box.columns, box.mix)
        parts = (box.columns[plan][:half], box.columns[plan][half:])
        records = self.recorder.split(box.layout, box.record, plan, parts[0])
        levels = step.bound.levels(plan)
        for part, record in zip(parts, records, strict=True):
            columns = (*box.columns[:plan], part, *box.columns[plan + 1 :])
            top = float(levels[np.searchsorted(step.columns[plan], part)].max())
            bound, proof = box.bound, box.proof
            if self.aim and top < bound:
                bound, proof = top, (step.reference, step.multiplier)
            child = box.child(box.layout, columns, bound, step.reference, step.multiplier, record, proof)
            self.push(child, bound if self.aim else top)
