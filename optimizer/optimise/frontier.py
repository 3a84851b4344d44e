"""The efficient frontier of two measures over an instance, every point proven, by epsilon-constraint steps.

Both measures are taken in the sense "more is better" (callers flip signs). Let F(t) be the most y among choices
with x >= t. Every solve proves a bound on F at its threshold, and F falls with t, so the bounds say how far the
true frontier can lie above the drawn one.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optimizer import search
from optimizer.model.instance import Figure, Instance, Limit, combine
from optimizer.model.measures import Measure, counting, yardstick
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import Answer, Settings
from optimizer.optimise.ratio import best, ratio_of
from optimizer.typing import Array, Choice, Status

ENUMERATED = 200_000
"""Choices up to which the frontier comes from complete evaluation."""
QUICK = 1.5e8
"""Numbers up to which they are all evaluated under a time limit: half a second."""
STRICT = 1e-9
"""Relative step by which a point has to be bettered to count as another one."""


@dataclass(frozen=True)
class Side:
    """One axis: a measure and whether more (+1) or less (-1) of it is wanted."""

    measure: Measure
    sense: int

    def value(self, instance: Instance, choice: Choice) -> float:
        """``sense x measure`` at a choice."""
        return self.sense * ratio_of(instance, self.measure, choice)

    def scale(self, instance: Instance) -> float:
        """Least size that gaps are relative to."""
        return yardstick(instance, self.measure.numerator, self.measure.denominator)

    @cached_property
    def aim(self) -> Figure:
        """``sense x numerator``, made once: its arrays tell searches what they share."""
        return combine([(float(self.sense), self.measure.numerator)])

    def at_least(self, level: float) -> Limit:
        """``sense x measure >= level`` exactly, among menus that count."""
        m = self.measure
        if m.denominator is None:
            return Limit("frontier", replace(self.aim, constant=self.aim.constant - level))
        return Limit("frontier", combine([(float(self.sense), m.numerator), (-level, m.denominator)]))


@dataclass(frozen=True)
class FrontierStep:
    """One solve: the most y with x at least ``threshold``."""

    threshold: float
    answer: Answer
    x: float
    y: float

    @property
    def bound(self) -> float:
        """No choice with x >= threshold has more y."""
        return max(self.answer.bound, self.y)


@dataclass(frozen=True)
class Traced:
    """The steps of a frontier, by threshold."""

    steps: tuple[FrontierStep, ...]
    solves: int
    seconds: float
    complete: bool
    """False where time or the user stopped it."""
    infeasible: bool = False
    known_room: float | None = None
    """The room where it is known exactly."""
    x_scale: float = 0.0
    """Size of x below which its rounding is no longer relative."""

    @property
    def points(self) -> tuple[FrontierStep, ...]:
        """Steps whose points no other point dominates, by x; duplicates dropped."""
        kept: list[FrontierStep] = []
        for step in sorted((s for s in self.steps if s.answer.choice is not None), key=lambda s: (-s.x, -s.y)):
            if not kept or step.y > kept[-1].y + STRICT * abs(kept[-1].y):
                while kept and _tied(kept[-1].x, step.x, self.x_scale):
                    kept.pop()
                kept.append(step)
        return tuple(reversed(kept))

    @property
    def room(self) -> float:
        """The most by which the true frontier can lie above the drawn staircase, in units of y."""
        if self.known_room is not None:
            return self.known_room
        steps = sorted((s for s in self.steps if s.answer.choice is not None), key=lambda s: s.threshold)
        worst = 0.0
        for here, after in zip(steps, [*steps[1:], None], strict=True):
            # between two thresholds the frontier is at most the bound of the lower one, the drawing at least
            # the best point beyond the upper one
            end = here.x if after is None else max(here.x, after.threshold)
            drawn = max((s.y for s in steps if s.x >= end - STRICT * abs(end)), default=here.y)
            worst = max(worst, here.bound - drawn)
        return worst


def trace(
    instance: Instance,
    x: Side,
    y: Side,
    limits: tuple[Limit, ...],
    settings: Settings,
    points: int = 21,
    even: bool = False,
    everything: bool = False,
    known: tuple[FrontierStep, ...] = (),
    progress: Callable[[FrontierStep, int], None] | None = None,
) -> Traced:
    """Trace the frontier.

    Args:
        points: how many solves between and at the ends; placed where neighbours lie farthest apart, or evenly.
        everything: walk through all efficient choices, one after another.
        known: steps of an earlier run, not solved again.
        progress: told each step and the number done.
    """
    # a menu is on the frontier only where both axes count
    limits = (*limits, *counting(x.measure, "x"), *counting(y.measure, "y"))
    numbers = instance.menus * instance.types * instance.plans * (2 + len(limits))
    quick = settings.deadline is None or numbers <= QUICK
    if instance.menus <= ENUMERATED and quick and not known:
        return _enumerated(instance, x, y, limits, None if everything else points, progress)
    tracer = _Tracer(instance, x, y, limits, replace(settings, cross_check=False), progress, list(known))
    return tracer.run(points, even, everything)


def _enumerated(
    instance: Instance,
    x: Side,
    y: Side,
    limits: tuple[Limit, ...],
    points: int | None,
    progress: Callable[[FrontierStep, int], None] | None,
) -> Traced:
    """The exact frontier by evaluating every choice; ``points`` of it, spread as evenly as may be."""
    began = time.perf_counter()
    menus, mixes = _allowed(instance)
    figures = {"xn": x.measure.numerator, "yn": y.measure.numerator}
    for key, side in (("xd", x), ("yd", y)):
        if side.measure.denominator is not None:
            figures[key] = side.measure.denominator
    figures |= {f"limit {k}": limit.figure for k, limit in enumerate(limits)}
    figures |= {f"block {h}": block.use for h, block in enumerate(instance.blocks)}
    found = search.evaluate_many(instance, figures, menus, mixes)
    good = np.ones(len(menus), dtype=bool)
    for k in range(len(limits)):
        good &= found[f"limit {k}"] >= 0.0
    for h, block in enumerate(instance.blocks):
        if np.isfinite(block.limit):
            good &= found[f"block {h}"] - block.reserved <= block.limit + 1e-9 * (block.reserved + block.limit)

    def values(side: Side, key: str) -> Array:
        if side.measure.denominator is None:
            return side.sense * found[f"{key}n"]
        below = np.maximum(found[f"{key}d"], side.measure.least)  # menus that do not count are not good anyway
        return np.asarray(side.sense * found[f"{key}n"] / below)

    xs, ys = values(x, "x"), values(y, "y")
    scale = x.scale(instance)
    whole = _efficient(xs, ys, np.flatnonzero(good), scale)
    kept = whole if points is None or len(whole) <= points else _spread(xs, ys, whole, points)
    steps = []
    for number, index in enumerate(kept):
        choice = (tuple(int(level) for level in menus[index]), int(mixes[index]))
        answer = Answer(Status.OPTIMAL, choice, float(ys[index]), float(ys[index]), "screened")
        steps.append(FrontierStep(float(xs[index]), answer, float(xs[index]), float(ys[index])))
        if progress is not None:
            progress(steps[-1], number + 1)
    return Traced(tuple(steps), 0, time.perf_counter() - began, True, not steps, _missed(xs, ys, whole, kept), scale)


def _missed(xs: Array, ys: Array, whole: list[int], kept: list[int]) -> float:
    """The most by which an efficient choice lies above the staircase of those kept."""
    place = np.searchsorted(xs[kept], xs[whole], side="left")
    return float(np.max(ys[whole] - ys[kept][np.minimum(place, len(kept) - 1)], initial=0.0))


def _allowed(instance: Instance) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Every choice that the rules allow: (B, J) level indices and (B,) mix indices."""
    grid = np.indices((instance.mixes, *instance.levels)).reshape(instance.plans + 1, -1).T
    kept = np.ones(len(grid), dtype=bool)
    for rule in instance.rules:
        kept &= rule.allowed[grid[:, 1 + rule.first], grid[:, 1 + rule.second]]
    return grid[kept, 1:], grid[kept, 0]


def _tied(one: float, other: float, scale: float) -> bool:
    """Whether two values of x differ by no more than rounding: the one with less y is then no point of its own."""
    return abs(one - other) <= STRICT * max(abs(other), scale)


def _efficient(xs: Array, ys: Array, candidates: NDArray[np.intp], scale: float) -> list[int]:
    """Indices of the choices that no other dominates, by rising x."""
    order = candidates[np.lexsort((-ys[candidates], -xs[candidates]))]
    kept: list[int] = []
    top = -np.inf
    for index in order:
        if ys[index] > top + STRICT * abs(top) if np.isfinite(top) else True:
            while kept and _tied(float(xs[kept[-1]]), float(xs[index]), scale):
                kept.pop()
            kept.append(int(index))
            top = ys[index]
    return kept[::-1]


def _spread(xs: Array, ys: Array, kept: list[int], points: int) -> list[int]:
    """A few of the efficient choices, always splitting the widest gap."""
    place = np.column_stack([xs[kept], ys[kept]])
    place = (place - place.min(axis=0)) / np.maximum(np.ptp(place, axis=0), 1e-300)
    chosen = [0, len(kept) - 1]
    while len(chosen) < points:
        pairs = [(float(np.hypot(*(place[b] - place[a]))), a, b) for a, b in itertools.pairwise(chosen) if b > a + 1]
        if not pairs:
            break
        _, a, b = max(pairs)
        middle = 0.5 * (place[a] + place[b])
        inside = range(a + 1, b)
        chosen = sorted([*chosen, min(inside, key=lambda k: float(np.hypot(*(place[k] - middle))))])
    return [kept[k] for k in chosen]


class _Tracer:
    """Steps done so far; every choice found is a start for the next solve."""

    def __init__(
        self,
        instance: Instance,
        x: Side,
        y: Side,
        limits: tuple[Limit, ...],
        settings: Settings,
        progress: Callable[[FrontierStep, int], None] | None,
        steps: list[FrontierStep],
    ) -> None:
        self.instance, self.x, self.y, self.limits, self.settings = instance, x, y, limits, settings
        self.progress = progress
        self.steps = steps
        self.scale = {id(side): side.scale(instance) for side in (x, y)}
        linear = x.measure.denominator is None and y.measure.denominator is None
        self.shared = (
            search.SharedSearch() if linear else None
        )  # a ratio's limits have other coefficients at every threshold
        self.solves = 0
        self.stopped = False

    def run(self, points: int, even: bool, everything: bool) -> Traced:
        began = time.perf_counter()
        ends = self._ends()
        if ends is None:
            none = not self.stopped and not self.steps
            return Traced(tuple(self.steps), self.solves, time.perf_counter() - began, not self.stopped, none)
        left, right = ends
        if everything:
            self._walk(left, right)
        elif even:
            for k in range(1, points - 1):
                if self._halted():
                    break
                self._solve(left.x + (right.x - left.x) * k / (points - 1))
        else:
            self._split(points)
        steps, spent = tuple(sorted(self.steps, key=lambda s: s.threshold)), time.perf_counter() - began
        return Traced(steps, self.solves, spent, not self.stopped, x_scale=self.scale[id(self.x)])

    def _halted(self) -> bool:
        gone = self.settings.cancelled is not None and self.settings.cancelled()
        self.stopped = self.stopped or self.settings.late or gone
        return self.stopped

    def _best(self, side: Side, limits: tuple[Limit, ...], seeds: tuple[Choice, ...]) -> Answer:
        if self.solves and self._halted():
            return Answer(Status.NO_ANSWER, None, -np.inf, np.inf, "screened")
        self.solves += 1
        settings = replace(self.settings, scale=self.scale[id(side)])
        if side.measure.denominator is not None:
            return best(self.instance, side.measure, side.sense, limits, settings, seeds)
        return maximise(self.instance, side.aim, limits, settings, seeds, near=bool(seeds), shared=self.shared)

    def _keep(self, threshold: float, answer: Answer) -> FrontierStep | None:
        if answer.choice is None:
            self.stopped = self.stopped or answer.status is not Status.INFEASIBLE
            return None
        step = FrontierStep(
            threshold,
            answer,
            self.x.value(self.instance, answer.choice),
            self.y.value(self.instance, answer.choice),
        )
        self.steps.append(step)
        if self.progress is not None:
            self.progress(step, len(self.steps))
        return step

    def _solve(self, threshold: float) -> FrontierStep | None:
        """The most y with x >= threshold."""
        for step in self.steps:
            if step.threshold == threshold:
                return step
        limits = (*self.limits, self.x.at_least(threshold))
        return self._keep(threshold, self._best(self.y, limits, self._around(threshold)))

    def _around(self, threshold: float) -> tuple[Choice, ...]:
        """The choices found nearest to the threshold: the one beyond it, feasible there, and the one short of it."""
        beyond = min((s for s in self.steps if s.x >= threshold), key=lambda s: s.x, default=None)
        short = max((s for s in self.steps if s.x < threshold), key=lambda s: s.x, default=None)
        return tuple(s.answer.choice for s in (beyond, short) if s is not None and s.answer.choice is not None)

    def _ends(self) -> tuple[FrontierStep, FrontierStep] | None:
        """Lexicographic optima: the most y (then x), and the most x (then y)."""
        if len(self.steps) >= 2:
            ordered = sorted(self.steps, key=lambda s: s.threshold)
            return ordered[0], ordered[-1]
        top = self._best(self.y, self.limits, ())
        if top.choice is None:
            self.stopped = top.status is not Status.INFEASIBLE
            return None
        value = self.y.value(self.instance, top.choice)
        tied = (*self.limits, self.y.at_least(value - self._step(self.y, value)))
        tie = self._best(self.x, tied, (top.choice,))
        better = tie.choice if tie.choice is not None else top.choice
        left = self._keep(float("-inf"), replace(top, choice=better, value=self.y.value(self.instance, better)))
        far = self._best(self.x, self.limits, (better,))
        if left is None or far.choice is None:
            self.stopped = True
            return None
        reach = self.x.value(self.instance, far.choice)
        edge = reach - self._step(self.x, reach)
        end = self._best(self.y, (*self.limits, self.x.at_least(edge)), (far.choice,))
        if end.status is Status.INFEASIBLE:  # but for rounding, the choice with the most x is there
            end = replace(far, status=Status.FEASIBLE, bound=left.bound, certificate=None)
        right = self._keep(edge, end)
        return (left, right) if right is not None else None

    def _step(self, side: Side, value: float) -> float:
        """How far two values of a side have to differ to count as two: more than rounding."""
        return STRICT * max(abs(value), self.scale[id(side)])

    def _split(self, points: int) -> None:
        """Solve in the middle of the widest gap until there are enough points or no gap is left."""
        closed: set[tuple[float, float]] = set()
        while len(self.steps) < points and not self._halted():
            done = sorted(self.steps, key=lambda s: s.x)
            span_x = max(done[-1].x - done[0].x, 1e-300)
            span_y = max(max(s.y for s in done) - min(s.y for s in done), 1e-300)
            gaps = []
            for a, b in itertools.pairwise(done):
                # thresholds between a and b that led to b: nothing lies between them and b
                empty = min([b.x, *(s.threshold for s in done if s.threshold > a.x and s.x >= b.x)])
                if (a.x, b.x) in closed or empty - a.x <= STRICT * max(abs(a.x), abs(b.x)):
                    continue
                size = ((empty - a.x) / span_x) ** 2 + ((a.y - b.y) / span_y) ** 2
                gaps.append((size, a.x, empty, b.x))
            if not gaps:
                return
            _, a_x, empty, b_x = max(gaps)
            threshold = 0.5 * (a_x + empty)
            if threshold <= a_x or self._solve(threshold) is None:
                closed.add((a_x, b_x))

    def _walk(self, left: FrontierStep, right: FrontierStep) -> None:
        """Every efficient choice from the left end to the right one."""
        here = left
        while here.x < right.x and not self._halted():
            step = self._solve(here.x + STRICT * max(abs(here.x), abs(right.x - left.x)))
            if step is None:
                return
            here = step
