"""The search by levels: what becomes of each box that the best-first loop hands out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optimizer.search.levels import multipliers
from optimizer.search.levels.again import looser
from optimizer.search.levels.bounds import Multiplier, Reference, make_form
from optimizer.search.levels.branching import cut
from optimizer.search.levels.confining import confine
from optimizer.search.levels.lowering import lower
from optimizer.search.levels.merging import merge, mergeable, pairs, transfer
from optimizer.search.levels.pairing import lower_pairs, worth_pairs
from optimizer.search.levels.polishing import polish
from optimizer.search.levels.relaxing import relaxes
from optimizer.search.levels.run import MenuRun
from optimizer.search.levels.settling import settle
from optimizer.search.levels.shares import halves, share_cut
from optimizer.search.levels.state import BoundStep, OpenBox
from optimizer.search.levels.together import descends, lower_together


@dataclass
class MenuSearch:
    """Bound a box, drop levels, settle it menu by menu, merge its plans, or cut it in two."""

    run: MenuRun
    progress: Callable[[float, float, int], None] | None = None
    """Told value, bound and boxes before the first box and after every one."""
    led: dict[int, tuple[Reference, Multiplier]] = field(default_factory=dict)
    """By mix level, what its root was bounded best with; for searches at other thresholds."""
    begun: set[int] = field(default_factory=set)
    """Mix levels whose roots were looked at."""
    stretched: bool = False
    """Whether roots begin where a stretch of thresholds stands: most of what no condition alone allows is gone then."""

    def push(self, box: OpenBox, key: float) -> None:
        """Queue a box: the most merged ones first, which keeps few of their tables alive; then larger keys."""
        self.run.tree.push(box, key, self.run.depth(box))

    def branch(self, boxes: list[OpenBox]) -> None:
        """See ``engine.Branching``."""
        tree = self.run.tree
        together: list[tuple[int, OpenBox]] = []
        for number, box in enumerate(boxes, tree.boxes - len(boxes) + 1):
            if not self._opened(box):
                continue
            if descends(self.run, box):
                together.append((number, box))
            elif not self._alone(box):
                self._lower(box, number)
        lowerings = lower_together(self.run, [box for _, box in together])
        for (number, box), one in zip(together, lowerings, strict=True):
            self._conclude(box, one.steps, one.best, number)
        lowering = self.run.kernel.lowering()
        tree.batch = 1 if lowering is None else self.run.tuning.together
        if not self.run.aim and tree.incumbent is not None:
            self._aim_again()
        self.tell()

    def tell(self) -> None:
        """Value, bound and boxes as of now, to whoever listens."""
        if self.progress is not None:
            tree = self.run.tree
            self.progress(tree.value, tree.bound, tree.boxes)

    def proven(self, box: OpenBox) -> bool:
        """See ``engine.Branching``."""
        return box.proof is not None or box.told

    def leave(self, box: OpenBox) -> None:
        """Record the bound of a box that stays; a root that was never looked at gets a better one, if time is left."""
        late = self.run.tree.clock.with_grace().stop()
        if box.proof is not None and box.proof[0].slopes is not None:
            self.run.prove_anew(box)
        if box.told:
            self.run.recorder.told(box.record)
            return
        if box.proof is None:
            if box.bound == np.inf and late:
                box.bound = self.run.largest
                self.run.recorder.terms(box.record)
                return
            self.run.prove(box, self.run.multiplier if box.root else box.multiplier)
        elif box.root and box.mix not in self.begun and not late:
            self.run.prove_lower(box, self.run.multiplier)
        assert box.proof is not None
        self.run.recorder.bound(box.layout, box.record, *box.proof)

    def _aim_again(self) -> None:
        """The first incumbent is there: from now on the aim leads, not the proof of infeasibility."""
        self.run.aim = 1.0
        for box in self.run.tree.waiting:
            box.cuts = []
            box.multiplier = box.proof[1] if box.proof is not None else multipliers.none(box.layout)
        self.run.tree.requeue(self.run.depth)

    def _opened(self, box: OpenBox) -> bool:
        """Make a box ready for its first bound here; False if nothing is left."""
        if not self.run.keep_consistent(box, box.columns):
            return False
        if box.root:
            self._begin(box)
        else:
            self.run.restate(box)
        return True

    def _lower(self, box: OpenBox, number: int) -> None:
        steps: list[BoundStep] = []
        best = self._lowest(box, steps)
        if best is not None and not box.paired and relaxes(self.run, box):
            best = self._again(box, best, steps)
        if box.root and self.run.aim and steps:
            lead = best or steps[-1]
            self.led[box.mix] = (lead.reference, lead.multiplier)
        self._conclude(box, steps, best, number)

    def _again(self, box: OpenBox, best: BoundStep, steps: list[BoundStep]) -> BoundStep | None:
        """The lowest bound of a box that is confined by it and lowered again, while that pays; None: done with."""
        for _ in range(self.run.tuning.confined_rounds):
            above, spans = self.run.above(best), box.spans
            if confine(self.run, box, best):
                return None
            if box.spans is spans:
                break
            after = lower(self.run, box, steps)
            if after is None:
                return None
            best = after
            if self.run.above(best) > (1.0 - self.run.tuning.confined_falls) * above:
                break
        return best

    def _conclude(self, box: OpenBox, steps: list[BoundStep], best: BoundStep | None, number: int) -> None:
        """What becomes of a box whose bound was lowered, the ``number``-th of all; None: it is done with."""
        run = self.run
        if best is not None and not box.paired and worth_pairs(run, box):
            best = lower_pairs(run, box, steps, best)
        if best is None:
            return
        if box.root and run.aim:
            run.multiplier = best.multiplier
        if box.root or number % run.tuning.ascent_every == 0:
            run.ascend_from(box, steps[-run.tuning.root_starts if box.root else -1 :])
        if number >= run.tuning.polish_boxes and run.layout.has_multipliers:
            polish(run)
        if run.tree.clock.stop():
            self.push(box, box.bound if run.aim else np.inf)
            return
        if best.reference.slopes is None and confine(run, box, best):
            return
        others = [step for step in steps if step is not best]
        if settle(run, box, [best, *others[: -run.tuning.sieves : -1]]) or self._restate(box, best):
            return
        if self._merge(box, best) or (run.by_shares and self._split_shares(box, best)):
            return
        self._split(box, best)

    def _lowest(self, box: OpenBox, steps: list[BoundStep]) -> BoundStep | None:
        """The lowest bound found of a box; None where it is done with."""
        if box.paired and worth_pairs(self.run, box):
            return lower_pairs(self.run, box, steps, None)
        return lower(self.run, box, steps)

    def _begin(self, root: OpenBox) -> None:
        """Give a root a first bound where infeasibility is what has to be shown."""
        self.begun.add(root.mix)
        if not self.run.aim:
            self.run.prove(root, self.run.multiplier)

    def _alone(self, box: OpenBox) -> bool:
        """Drop levels with which some condition cannot be met, whatever the others; True if nothing is left."""
        for _ in range(3 if box.root and not self.stretched else 1):
            before = box.menus
            for multiplier in multipliers.conditions(box.layout):
                if self.run.tree.clock.stop():
                    return False
                step = self.run.step(box, multiplier, Reference(box.reference.columns))
                if self.run.prune(box, step):
                    return True
            if box.menus > 0.5 * before:
                break
        return False

    def _restate(self, box: OpenBox, step: BoundStep) -> bool:
        """Queue the box with its figures stated anew, if so much of it is gone that this is worth it."""
        if not looser(box.layout, box.columns):
            return False
        child = box.child(
            box.layout, box.columns, box.bound, step.reference, step.multiplier, box.record, box.proof,
            self.run.tuning.kept_cuts,
        )  # fmt: skip
        self.push(child, box.bound if self.run.aim else np.inf)
        return True

    def _merge(self, box: OpenBox, step: BoundStep) -> bool:
        """Queue the box with plans taken together in pairs, if it is small enough for that."""
        run, layout, counts = self.run, box.layout, [len(c) for c in box.columns]
        groups = pairs(counts)
        if (
            not run.aim
            or len(groups) == len(counts)
            or not mergeable(layout, counts, groups, run.tuning, run.merged_levels)
        ):
            return False
        step = run.shown(box, step)
        made, columns = merge(layout, box.columns, groups)
        reference = transfer(layout, step.multiplier, step.reference, step.favoured(box.columns), made)
        record, kept = run.recorder.merge(box.record, groups), run.tuning.kept_cuts
        child = box.child(made, columns, box.bound, reference, step.multiplier, record, None, kept)
        self.push(child, box.bound)
        return True

    def _split(self, box: OpenBox, step: BoundStep) -> None:
        """Queue the two parts, each with the bound that is known for it."""
        run, step = self.run, self.run.shown(box, step)
        plan, half = cut(box.layout, box.columns, box.mix, run.tuning)
        parts = (box.columns[plan][:half], box.columns[plan][half:])
        records = run.recorder.split(box.layout, box.record, plan, parts[0])
        levels, kept = step.bound.levels(plan), run.tuning.kept_cuts
        for part, record in zip(parts, records, strict=True):
            columns = (*box.columns[:plan], part, *box.columns[plan + 1 :])
            top = float(levels[np.searchsorted(step.columns[plan], part)].max())
            bound, proof = box.bound, box.proof
            if run.aim and top < bound:
                bound, proof = top, (step.reference, step.multiplier)
            child = box.child(box.layout, columns, bound, step.reference, step.multiplier, record, proof, kept)
            if "over" in box.record:
                child.ceiling, child.proof = bound, None
            self.push(child, bound if run.aim else top)

    def _split_shares(self, box: OpenBox, step: BoundStep) -> bool:
        """Queue both halves of the box by the size of a type; False where no size is worth cutting."""
        run, layout = self.run, box.layout
        found = share_cut(box, step, make_form(layout, step.multiplier, step.chord), run.tuning)
        if found is None:
            return False
        step = run.shown(box, step)
        records = run.recorder.share(box.record, *found)
        kept = run.tuning.kept_cuts
        for spans, record in zip(halves(box.spans, layout.weight.shape[1], *found), records, strict=True):
            child = box.child(
                layout, box.columns, box.bound, step.reference, step.multiplier, record, box.proof, kept
            )  # fmt: skip
            child.spans = spans
            self.push(child, box.bound if run.aim else step.bound.total)
        return True
