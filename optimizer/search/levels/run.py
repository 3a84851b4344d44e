"""One run of the search by levels: its bounds, and what they remove."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from optimizer.model.measures import magnitude
from optimizer.search.engine import BestFirst
from optimizer.search.kernels import Kernel, numbers_read
from optimizer.search.levels.again import looser, narrowed, stated
from optimizer.search.levels.bounds import BoxBound, Multiplier, Reference, make_form
from optimizer.search.levels.chords import chord_of
from optimizer.search.levels.enumeration import Incumbent, best_of_box, best_of_menus, best_of_values
from optimizer.search.levels.evaluation import Truth
from optimizer.search.levels.fitting import fitting
from optimizer.search.levels.incumbents import improve
from optimizer.search.levels.layout import Layout
from optimizer.search.levels.rules import consistent
from optimizer.search.levels.state import BoundStep, OpenBox, beaten
from optimizer.search.proof.certificate import Recorder
from optimizer.search.tuning import Tuning
from optimizer.typing import Array, Ints, LevelIndices


@dataclass
class MenuRun:
    """What the run holds. Everything that is removed goes through here, into the closed bound and the certificate."""

    layout: Layout
    truth: Truth
    tree: BestFirst[OpenBox, Incumbent]
    kernel: Kernel
    tuning: Tuning
    recorder: Recorder
    multiplier: Multiplier
    """The best one found at a root, with aim weight 1."""
    whole: tuple[Ints, ...] = ()
    """Per plan, columns of the whole box."""
    aim: float = 1.0
    """Weight of the aim: 0 while no choice that keeps all conditions is known."""
    enumerated: int = 0
    """Menus evaluated by enumeration."""
    polished: Incumbent | None = None
    """The last one that moves of two plans do not better."""
    _offered: set[tuple[int, LevelIndices]] = field(default_factory=set)

    @cached_property
    def largest(self) -> float:
        """No menu is worth more: what the aim's terms add up to in absolute value."""
        return magnitude(self.layout.instance, self.truth.aim)

    @cached_property
    def box_menus(self) -> int:
        """Menus up to which a box is enumerated."""
        return self._menus(self.tuning.box_menus, self.tuning.box_numbers)

    @cached_property
    def left_menus(self) -> int:
        """Menus left over by sifting up to which they are evaluated."""
        return self._menus(self.tuning.left_menus, self.tuning.left_numbers / self.layout.plans)

    @cached_property
    def by_shares(self) -> bool:
        """Whether boxes may be cut by the sizes of types: few types, many plans."""
        tuning = self.tuning
        return self.layout.weight.shape[1] <= tuning.share_types and self.layout.plans >= tuning.share_plans

    @cached_property
    def confines(self) -> bool:
        """Whether boxes are confined to spans of sizes: where plans are many."""
        return self.layout.plans >= self.tuning.confined_plans

    @cached_property
    def merged_levels(self) -> int:
        """Levels of merged plans up to which a box's plans are taken together."""
        return self.tuning.share_merged_levels if self.by_shares else self.tuning.merged_levels

    def depth(self, box: OpenBox) -> int:
        """Boxes of larger depth come first; where types are few, and tables of merged plans small, the best bound."""
        return 0 if self.by_shares else box.layout.depth

    def _menus(self, most: int, numbers: float) -> int:
        each = self.layout.weight.shape[1] * len(self.layout.rows.fixed)
        return int(min(most, max(16, numbers // each)))

    def cutoff(self, multiplier: Multiplier) -> float:
        """Bounds by this multiplier up to here remove what they bound: for the aim, or as infeasible."""
        return self.tree.cutoff if multiplier.rows[0] else float(np.nextafter(0.0, -1.0))

    def above(self, step: BoundStep) -> float:
        """How far a bound lies above its cutoff."""
        return step.bound.total - self.cutoff(step.multiplier)

    def step(self, box: OpenBox, multiplier: Multiplier, reference: Reference) -> BoundStep:
        """A bound of the box."""
        return self._step(box.layout, box.columns, box.mix, multiplier, reference, box.spans)

    def bound_for(self, columns: tuple[Ints, ...], mix: int, reference: Reference) -> BoxBound:
        """The bound over any box of the whole problem with the multiplier last found at a root."""
        return self._step(self.layout, columns, mix, self.multiplier, reference).bound

    def _step(
        self, layout: Layout, columns: tuple[Ints, ...], mix: int, multiplier: Multiplier, reference: Reference,
        spans: Array | None = None,
    ) -> BoundStep:  # fmt: skip
        chord = chord_of(layout, columns, mix, reference, self.kernel.bound)
        bound = self.kernel.bound(layout, make_form(layout, multiplier, chord), columns, mix, reference, spans)
        return BoundStep(bound, columns, multiplier, reference, chord)

    def evaluate(self, box: OpenBox) -> BoundStep:
        """A bound by the box's own multiplier and reference; the menu that it favours may be the next incumbent."""
        step = self.step(box, box.multiplier, box.reference)
        if self.aim and step.bound.total < box.bound:
            box.bound, box.proof = step.bound.total, (box.reference, box.multiplier)
        self.offer(box, step.bound.best, step.bound.at_best)
        return step

    def prove(self, box: OpenBox, multiplier: Multiplier) -> None:
        """Give a box its first bound."""
        box.bound = self.step(box, multiplier, box.reference).bound.total
        box.proof = (box.reference, multiplier)

    def prove_anew(self, box: OpenBox) -> None:
        """Take the bound of a box over what is left of it: by messages it may be higher than over more."""
        assert box.proof is not None
        reference, multiplier = box.proof
        box.bound = min(box.ceiling, self.step(box, multiplier, reference).bound.total)

    def shown(self, box: OpenBox, step: BoundStep) -> BoundStep:
        """A bound with slopes taken over what is left of the box, and put into the certificate for all its parts; other
        bounds as they are, which are no higher over less."""
        if step.reference.slopes is None or not self.aim:
            return step
        if step.columns is not box.columns:
            step = self.step(box, step.multiplier, step.reference)
        self.recorder.over(box.layout, box.record, step.reference, step.multiplier)
        box.bound = box.ceiling = min(box.ceiling, step.bound.total)
        box.proof = None
        return step

    def prove_lower(self, box: OpenBox, multiplier: Multiplier) -> None:
        """Give a box the bound by this multiplier where it is lower than its own."""
        total = self.step(box, multiplier, box.reference).bound.total
        if total < box.bound:
            box.bound, box.proof = total, (box.reference, multiplier)

    def restate(self, box: OpenBox) -> None:
        """State figures with an ``again`` part over what is left of a box, where that is worth it."""
        if not looser(box.layout, box.columns):
            return
        if box.layout.origin is None:
            self._narrow(box)
        layout = stated(box.layout, box.columns)
        if box.proof is not None:
            reference, multiplier = box.proof
            # what was known of it is shown anew, by the figures as they now are
            box.bound = self._step(layout, box.columns, box.mix, multiplier, reference, box.spans).bound.total
        box.layout, box.record = layout, self.recorder.restate(box.record)

    @staticmethod
    def _narrow(box: OpenBox) -> None:
        """Leave the box a layout of its own columns, and of those that its references stand at."""
        references = [box.reference, *(() if box.proof is None else (box.proof[0],))]
        kept = np.unique(np.concatenate([*box.columns, *(r.columns for r in references)]))

        def moved(reference: Reference) -> Reference:
            return replace(reference, columns=np.searchsorted(kept, reference.columns))

        box.layout = narrowed(box.layout, kept)
        box.columns = tuple(np.searchsorted(kept, c) for c in box.columns)
        box.reference = moved(box.reference)
        if box.proof is not None:
            box.proof = (moved(box.proof[0]), box.proof[1])

    def prune(self, box: OpenBox, step: BoundStep) -> bool:
        """Drop the box (True) or some of its levels."""
        bound, cutoff = step.bound, self.cutoff(step.multiplier)
        if bound.total <= cutoff:
            self.recorder.bound(box.layout, box.record, step.reference, step.multiplier)
            self._close(step, bound.total)
            return True
        gone, left, largest = beaten(bound, box.columns, cutoff)
        if not gone:
            return False
        self._close(step, largest)
        self.recorder.drop(box.layout, box.record, step.reference, step.multiplier, gone)
        if not all(map(len, left)):  # every level of a plan is worth less alone than all of them together
            box.record["empty"] = True
            return True
        return not self.keep_consistent(box, left)

    def _close(self, step: BoundStep, bound: float) -> None:
        """What is proven infeasible leaves no bound behind."""
        if step.multiplier.rows[0] > 0.0:
            self.tree.close(bound)

    def keep_consistent(self, box: OpenBox, columns: tuple[Ints, ...]) -> bool:
        """Leave the box the columns that have allowed partners; False where the rules leave nothing."""
        kept = consistent(box.layout, columns)
        if kept is None:
            box.record["empty"] = True
            return False
        box.columns = kept
        return True

    def keep_fitting(self, box: OpenBox) -> bool:
        """Leave the box the levels that fit its spans; False where none do."""
        if box.spans is None:
            return True
        if (box.spans[0] > box.spans[1]).any():
            box.record["empty"] = True
            return False
        for _ in range(self.tuning.fitting_rounds):
            kept = fitting(box.layout, box.columns, box.spans, self.tuning.fitting_slack)
            gone = [(j, c[~k]) for j, (c, k) in enumerate(zip(box.columns, kept, strict=True)) if not k.all()]
            if not gone:
                break
            self.recorder.unfit(box.layout, box.record, gone)
            columns = tuple(c[k] for c, k in zip(box.columns, kept, strict=True))
            if not all(map(len, columns)):
                box.record["empty"] = True
                return False
            if not self.keep_consistent(box, columns):
                return False
        return True

    def enumerate_box(self, box: OpenBox) -> None:
        """Evaluate every menu of the box."""
        self.enumerated += box.menus
        tree, chunk = self.tree, self.tuning.chunk_numbers
        tree.incumbent = best_of_box(box.layout, self.truth, box.columns, box.mix, tree.incumbent, chunk)
        box.record["enumerate"] = True

    def enumerate_left(self, box: OpenBox, menus: Ints, settled: float, steps: list[BoundStep]) -> None:
        """Evaluate the menus that no sieve settles; ``settled``: the largest bound of the others."""
        self.enumerated += len(menus)
        self.tree.close(settled)
        tree, chunk = self.tree, self.tuning.chunk_numbers
        tree.incumbent = best_of_menus(box.layout, self.truth, menus, box.mix, tree.incumbent, chunk)
        self.recorder.sift(box.layout, box.record, [(s.reference, s.multiplier) for s in steps])

    def ascend_from(self, box: OpenBox, steps: list[BoundStep]) -> None:
        """Coordinate ascent inside the box from the menus that these bounds favour."""
        menus = np.array([step.bound.best for step in steps])
        tree, columns = self.tree, box.columns
        tree.incumbent = improve(
            box.layout,
            self.truth,
            columns,
            menus,
            box.mix,
            tree.incumbent,
            self.tuning,
            tree.clock,
            self.kernel.line_values,
        )

    def offer(self, box: OpenBox, best: Ints, at_best: Array) -> None:
        """Take the menu (J,) that a bound favours as the incumbent if it is feasible and better, by the truth.

        ``at_best``: (Q,) linear parts of all figures there.
        """
        incumbent = self.tree.incumbent
        if not box.layout.blocks and incumbent is not None and at_best[0] <= incumbent.value:
            return
        key = (box.mix, box.layout.menu(best))
        if key not in self._offered:
            self._offered.add(key)
            menus, values = best[None, :], at_best[None, :]
            self.tree.incumbent = best_of_values(box.layout, self.truth, menus, values, box.mix, incumbent)

    def joinable(self, box: OpenBox) -> bool:
        """Whether aim and conditions, each as a sieve of its own, may settle the box at once."""
        return self.aim > 0.0 and box.menus <= self.tuning.joined_menus and box.layout.has_multipliers

    def patience(self, box: OpenBox) -> int:
        """Bounds to wait for progress in the box."""
        if self.joinable(box):
            return self.tuning.least_patience
        return self.kernel.patience(numbers_read(box.layout, box.columns))
