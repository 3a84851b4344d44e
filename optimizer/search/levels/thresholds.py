"""One tree for all thresholds of one limit.

Searches of a frontier differ in one constant: x >= t. A bound with a multiplier mu >= 0 on that limit falls by mu for
every unit that t rises, over the same box with the same reference. So the upper part of the tree serves many thresholds
at once: a *stretch* of thresholds has a box for every mix level, which a level leaves only where its bound is at most
the cutoff at every threshold of the stretch. Where menus with (x_k, y_k) are known, thresholds between two of them have
the better y of the next one, so the bound has to be looked at just above each x_k alone. A stretch is cut in two where
a search is asked; below it that search has boxes of its own, for its one threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from optimizer.search.kernels import Kernel
from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import Multiplier, Reference, make_form
from optimizer.search.levels.chords import chord_of
from optimizer.search.levels.incumbents import swept
from optimizer.search.levels.layout import EPS, Layout
from optimizer.search.levels.moving import moved
from optimizer.search.levels.question import MenuQuestion
from optimizer.search.levels.rules import consistent
from optimizer.search.levels.run import MenuRun
from optimizer.search.levels.staircase import Staircase
from optimizer.search.levels.state import BoundStep, OpenBox, beaten
from optimizer.search.levels.wide import thinned
from optimizer.typing import Array, Choice, Ints

Led = tuple[Reference, Multiplier]


@dataclass(frozen=True)
class Removal:
    """What one bound removed, for all thresholds of a stretch."""

    reference: Reference
    multiplier: Multiplier
    levels: list[tuple[int, Ints]] | None
    """Columns by plan; None for all that was left."""
    bound: float
    """The largest of their bounds, at threshold 0."""


@dataclass(frozen=True)
class StretchPart:
    """The box of a mix level in a stretch."""

    columns: tuple[Ints, ...]
    removed: tuple[Removal, ...] = ()
    """On the way from the whole box."""
    steps: tuple[BoundStep, ...] = ()
    """Bounds over this box or over larger ones, at threshold 0."""
    empty: bool = False
    """The rules leave nothing."""

    @property
    def closed(self) -> bool:
        """Whether nothing is left."""
        return self.empty or bool(self.removed and self.removed[-1].levels is None)


@dataclass
class Stretch:
    """Thresholds between two, both left out."""

    low: float
    high: float
    parts: dict[int, StretchPart]
    asked: float | None = None
    """Where a search was asked."""
    reach: float = -math.inf
    """x of what it found: between the two nothing more can be found."""
    led: dict[int, Led] = field(default_factory=dict)
    """By mix level, what that search bounded best with."""
    below: Stretch | None = None
    above: Stretch | None = None


@dataclass
class ThresholdTree:
    """The stretches of one limit, the last one, and the menus known."""

    layout: Layout
    """With that limit at threshold 0."""
    kernel: Kernel
    whole: dict[int, tuple[Ints, ...]]
    known: Staircase
    root: Stretch | None = None

    def begin(self, run: MenuRun, asked: MenuQuestion, seeds: list[Choice]) -> list[OpenBox] | None:
        """The roots of a search, with what is known of them removed; None where the search has to begin by itself."""
        threshold = -asked.truth.limits[-1].figure.constant
        run.truth = replace(run.truth, listener=partial(self.known.hear, threshold))
        for seed in seeds:
            self.known.offer(seed)
        stretch = self.stretch(threshold)
        layout, best = asked.layout, self.known.best(threshold)
        if stretch is None or best is None:
            return None
        given = [(layout.columns(menu), mix) for menu, mix in self.known.near(threshold, run.tuning.known_around)]
        run.tree.incumbent = best
        reference, first = Reference(layout.columns(best.menu)), multipliers.none(layout)
        roots = []
        for mix, part in stretch.parts.items():
            root = OpenBox(
                layout, part.columns, mix, np.inf, reference, first, [], asked.root(run.recorder, mix), root=True
            )
            if _descend(self, part, run, root, threshold):
                roots.append(root)
        for root in roots:
            if root.proof is None:
                run.prove(root, first)
            own = [one for one in given if one[1] == root.mix]
            if own:
                clock, best = run.tree.clock, run.tree.incumbent
                box, lines = thinned(layout, root.columns, run.tuning.first_levels), run.kernel.line_values
                run.tree.incumbent = swept(layout, asked.truth, box, own, best, run.tuning, clock, lines)
        return roots

    def end(self, run: MenuRun, asked: MenuQuestion, led: dict[int, Led]) -> None:
        """Remember what a search found: it cuts its stretch."""
        threshold = -asked.truth.limits[-1].figure.constant
        best = run.tree.incumbent
        x = None if best is None else self.known.offer((best.menu, best.mix))
        here = self.stretch(threshold)
        if here is not None and here.asked is None and x is not None and run.tree.stopped is None:
            here.asked, here.reach, here.led = threshold, max(threshold, x), led

    def stretch(self, threshold: float) -> Stretch | None:
        """The narrowest one known around a threshold, cut where searches were asked; None outside the menus known."""
        if self.root is None:
            x = self.known.clear
            if not len(x) or not x[0] < threshold < x[-1]:
                return None
            self.root = Stretch(float(x[0]), float(x[-1]), {mix: StretchPart(c) for mix, c in self.whole.items()})
        here = self.root
        if not here.low < threshold < here.high:
            return None
        while here.asked is not None:
            if threshold < here.asked:
                here.below = here.below or self._cut(here, here.low, here.asked)
                here = here.below
            elif threshold > here.reach:
                here.above = here.above or self._cut(here, here.reach, here.high)
                here = here.above
            else:
                break
        return here

    def _cut(self, stretch: Stretch, low: float, high: float) -> Stretch:
        """A part of a stretch. What its search bounded best with bounds all of its boxes first."""
        if stretch.led:
            first = next(iter(stretch.led.values()))
            stretch.parts = {
                mix: self._bounded(p, mix, stretch.led.get(mix, first)) for mix, p in stretch.parts.items()
            }
            stretch.led = {}
        at, y = self.known.reached(low, high)
        corners = at, np.array([self.known.rule.cutoff(float(value)) for value in y])
        return Stretch(low, high, {mix: self._reduced(part, corners) for mix, part in stretch.parts.items()})

    def _bounded(self, part: StretchPart, mix: int, led: Led) -> StretchPart:
        """The part with one more bound."""
        if part.closed:
            return part
        step = self._step(part.columns, mix, *led)
        return replace(part, steps=(*part.steps, step)[-self.known.tuning.stretch_bounds :])

    def _step(self, columns: tuple[Ints, ...], mix: int, reference: Reference, multiplier: Multiplier) -> BoundStep:
        chord = chord_of(self.layout, columns, mix, reference, self.kernel.bound)
        form = make_form(self.layout, multiplier, chord)
        bound = self.kernel.bound(self.layout, form, columns, mix, reference)
        return BoundStep(bound, columns, multiplier, reference, chord)

    def _reduced(self, part: StretchPart, corners: tuple[Array, Array]) -> StretchPart:
        """What is left of a part in a narrower stretch."""
        columns, removed = part.columns, list(part.removed)
        for step in () if part.closed else part.steps:
            bound = moved(step, columns, np.zeros_like(step.multiplier.rows)).bound
            cutoff = _cutoff(step.multiplier, *corners)
            if bound.total <= cutoff:
                removed.append(Removal(step.reference, step.multiplier, None, bound.total))
                return replace(part, removed=tuple(removed))
            gone, left, largest = beaten(bound, columns, cutoff)
            if gone:
                removed.append(Removal(step.reference, step.multiplier, gone, largest))
                kept = consistent(self.layout, left)
                if kept is None:
                    return replace(part, removed=tuple(removed), empty=True)
                columns = kept
        return replace(part, columns=columns, removed=tuple(removed))


def _cutoff(multiplier: Multiplier, at: Array, cutoffs: Array) -> float:
    """Bounds at threshold 0 up to here are at most the cutoff at every threshold above the first of ``at``."""
    if not len(at):
        return -math.inf
    price = float(multiplier.rows[-1])
    if multiplier.rows[0]:
        room = price * at + cutoffs
        return float((room - 8.0 * EPS * (np.abs(price * at) + np.abs(cutoffs))).min())
    return float(np.nextafter(price * at[0] * (1.0 - 8.0 * EPS * np.sign(at[0])), -np.inf))


def _descend(tree: ThresholdTree, part: StretchPart, run: MenuRun, box: OpenBox, threshold: float) -> bool:
    """Begin a root of a search at a threshold where its stretch stands; False where nothing is left of it.

    What the stretch's bounds remove for this threshold alone goes, too; the lowest of them leads on.
    """
    constants = np.zeros(1 + tree.layout.limits)
    constants[-1] = -threshold
    for gone in part.removed:
        if gone.multiplier.rows[0]:
            moves = abs(gone.bound) + abs(gone.multiplier.rows[-1] * threshold)
            run.tree.close(gone.bound - float(gone.multiplier.rows[-1] * threshold) + 8.0 * EPS * moves)
        if gone.levels is None:
            run.recorder.bound(run.layout, box.record, gone.reference, gone.multiplier)
            return False
        run.recorder.drop(run.layout, box.record, gone.reference, gone.multiplier, gone.levels)
    if part.empty:
        box.record["empty"] = True
        return False
    box.columns = part.columns
    for known in part.steps:
        step = moved(known, box.columns, constants)
        if step.multiplier.rows[0] and step.bound.total < box.bound:
            box.bound, box.proof = step.bound.total, (step.reference, step.multiplier)
        if run.prune(box, step):
            return False
    if box.proof is not None:
        box.reference, box.multiplier = box.proof
    return True
