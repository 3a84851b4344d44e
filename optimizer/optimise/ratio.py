"""The best choice of a measure; a ratio by Dinkelbach's steps."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from optimizer import search
from optimizer.errors import NotTrustedError
from optimizer.model.instance import Figure, Instance, Limit, combine, evaluate
from optimizer.model.measures import LEAST, Measure, counting, magnitude
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import EXACT, Answer, Progress, Settings, reached, relative_gap
from optimizer.typing import Choice, Status


def ratio_of(instance: Instance, measure: Measure, choice: Choice) -> float:
    """A measure's value at a choice; nan where a ratio does not count."""
    if measure.denominator is None:
        return evaluate(instance, {"n": measure.numerator}, *choice)["n"]
    both = evaluate(instance, {"n": measure.numerator, "d": measure.denominator}, *choice)
    return both["n"] / both["d"] if both["d"] >= measure.least else float("nan")


def best(
    instance: Instance,
    measure: Measure,
    sense: int,
    limits: tuple[Limit, ...],
    settings: Settings,
    seeds: Collection[Choice] = (),
    excluded: Collection[Choice] = (),
) -> Answer:
    """The most (sense +1) or least (-1) of a measure. Value and bound are of ``sense x measure``.

    Infeasible where no menu that meets the limits counts.
    """
    if measure.denominator is None:
        aim = combine([(float(sense), measure.numerator)])
        return maximise(instance, aim, limits, settings, seeds, excluded)
    return _Ratio(instance, measure, sense, limits, settings, excluded).run(tuple(seeds))


class _Ratio:
    """The most of a ratio N / D over menus with D >= D_min > 0. Source: Dinkelbach (1967).

    A step maximises N - t D for a t at or just above the best ratio found. A menu with more than 0 there is better; a
    bound b certifies ratio <= t + max(0, b) / D_min.
    """

    def __init__(
        self,
        instance: Instance,
        measure: Measure,
        sense: int,
        limits: tuple[Limit, ...],
        settings: Settings,
        excluded: Collection[Choice],
    ) -> None:
        assert measure.denominator is not None
        self.instance, self.measure, self.sense, self.excluded = instance, measure, sense, excluded
        self.denominator = measure.denominator
        self.limits = (*limits, *counting(measure))
        self.settings, self.progress = replace(settings, cross_check=False, progress=None), settings.progress
        self.size = magnitude(instance, measure.numerator)
        size = LEAST * self.size / (magnitude(instance, measure.denominator) or 1.0) or 1.0
        self.scale = size if settings.scale is None else settings.scale

    def run(self, seeds: tuple[Choice, ...]) -> Answer:
        least = self._maximise(combine([(-1.0, self.denominator)]), 0.05, 0.0, seeds)
        if least.choice is None:
            return least
        d_min = max(self.measure.least, -least.bound)
        choice, work, t = least.choice, least.work, self._value(least.choice)
        # where every menu is evaluated nothing need be left open, and the solver cannot tell so small a difference
        exactly = not self.settings.screen or least.work.enumerated >= self.instance.menus
        status, bound, method = Status.FEASIBLE, self.size / d_min, least.method
        proof = {"ratio": t, "least": least.certificate, "step": None}
        while not self.settings.late:
            room = max(self.settings.gap, EXACT) * max(abs(t), self.scale)
            above = t if exactly else t + 0.5 * room
            told = self._told(t, bound, above, d_min)
            step = self._maximise(self._aim(above), 0.5, 0.5 * room * d_min, (choice, *seeds), told)
            work, method, moved = work + step.work, step.method, False
            proof = {"ratio": above, "least": least.certificate, "step": step.certificate}
            if step.choice is not None:
                bound = min(self.size / d_min, above + max(0.0, step.bound) / d_min)
                better = self._value(step.choice)
                moved = better > t
                t, choice = (better, step.choice) if moved else (t, choice)
            closed = reached(relative_gap(t, bound, self.scale), self.settings.gap)
            status = step.status if closed or step.status is Status.INTERRUPTED else Status.FEASIBLE
            if step.status is not Status.OPTIMAL or closed or not moved:
                break
        status = Status.FEASIBLE if status is Status.NO_ANSWER else status
        return Answer(status, choice, t, max(t, bound), method, work, proof, scale=self.scale)

    def _aim(self, t: float) -> Figure:
        """N - t D, in the sense that more is better."""
        return combine([(float(self.sense), self.measure.numerator), (-t, self.denominator)])

    def _told(self, t: float, bound: float, above: float, d_min: float) -> Progress | None:
        """Progress of a step, told as that of the ratio; None where nobody listens."""
        listens = self.progress
        if listens is None:
            return None
        return lambda _, step, boxes: listens(t, max(t, min(bound, above + max(0.0, step) / d_min)), boxes)

    def _maximise(
        self, aim: Figure, gap: float, scale: float, seeds: tuple[Choice, ...], progress: Progress | None = None
    ) -> Answer:
        asked = replace(self.settings, gap=gap, scale=scale, progress=progress)
        return maximise(self.instance, aim, self.limits, asked, seeds, self.excluded)

    def _value(self, choice: Choice) -> float:
        return self.sense * ratio_of(self.instance, self.measure, choice)


def recheck_ratio(
    instance: Instance, measure: Measure, sense: int, limits: tuple[Limit, ...], certificate: Mapping[str, Any]
) -> float:
    """The bound on ``sense x ratio`` that a certificate proves: with b a bound of N - t D and d one of D from below,
    every ratio is at most t + max(0, b) / d. Raises NotTrustedError where a part does not hold.
    """
    assert measure.denominator is not None
    counted = (*limits, *counting(measure))
    t = float(certificate["ratio"])
    least = -search.recheck(instance, combine([(-1.0, measure.denominator)]), counted, certificate["least"])
    d_min = max(measure.least, least)
    if not (math.isfinite(t) and d_min > 0.0):
        raise NotTrustedError("a ratio's denominator is not proven to be above 0")
    most = magnitude(instance, measure.numerator) / d_min
    if certificate["step"] is None:  # no time was left for it
        return most
    aim = combine([(float(sense), measure.numerator), (-t, measure.denominator)])
    step = t + max(0.0, search.recheck(instance, aim, counted, certificate["step"])) / d_min
    return min(step, most)
