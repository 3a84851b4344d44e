"""The best choice of a weighted sum of a linear figure and a ratio, by cutting the ratio's range."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from optimizer import search
from optimizer.errors import NotTrustedError
from optimizer.model.instance import Figure, Instance, Limit, combine, evaluate
from optimizer.model.measures import LEAST, Measure, counting, magnitude, yardstick
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import EXACT, Answer, Settings
from optimizer.optimise.ratio import best, ratio_of, recheck_ratio
from optimizer.typing import Choice, Status

ROUNDING = 1e-9
ROUGH = 0.05
"""Gap at the unwanted end of a ratio's range where that is hard to prove."""


@dataclass(frozen=True)
class _Part:
    """Menus whose signed ratio lies between two values."""

    bound: float
    """No menu of the part is worth more."""
    lower: float
    upper: float
    certificate: Any = None
    """Of the most of the linear figure among menus with at least the lower ratio; None before it was sought."""

    @property
    def middle(self) -> float:
        return 0.5 * (self.lower + self.upper)

    def document(self) -> dict[str, Any]:
        """As plain data for a certificate."""
        return {"from": self.lower, "to": self.upper, "certificate": self.certificate}


def best_blend(
    instance: Instance,
    linear: Figure,
    weight: float,
    ratio: Measure,
    limits: tuple[Limit, ...],
    settings: Settings,
    excluded: Collection[Choice] = (),
    seeds: Collection[Choice] = (),
) -> Answer:
    """The most of linear + weight x ratio over menus at which the ratio counts, by bisection of the ratio's range.

    On an interval [a, b] of the (signed) ratio no menu is worth more than |weight| b + the most of the linear part
    over menus whose ratio is at least a; the menus found are incumbents.
    """
    return _Bisection(instance, linear, weight, ratio, (*limits, *counting(ratio)), settings, excluded).run(seeds)


class _Bisection:
    """Parts of the ratio's range that are open, and those in which no menu is."""

    def __init__(
        self,
        instance: Instance,
        linear: Figure,
        weight: float,
        ratio: Measure,
        limits: tuple[Limit, ...],
        settings: Settings,
        excluded: Collection[Choice],
    ) -> None:
        self.instance, self.linear, self.weight, self.ratio = instance, linear, weight, ratio
        self.limits, self.settings, self.excluded = limits, settings, excluded
        self.sense = 1 if weight >= 0.0 else -1
        self.size = magnitude(instance, linear)
        scale = LEAST * self.size + abs(weight) * yardstick(instance, ratio.numerator, ratio.denominator)
        self.scale = scale if settings.scale is None else settings.scale
        self.gap = max(settings.gap, ROUNDING)
        self.quick = replace(settings, cross_check=False, gap=self.gap / 4.0, scale=None, progress=None)
        self.waiting: list[_Part] = []
        self.settled: list[_Part] = []

    def run(self, seeds: Collection[Choice]) -> Answer:
        high, low = (
            best(self.instance, self.ratio, way * self.sense, self.limits, self._end(way), seeds, self.excluded)
            for way in (1, -1)
        )
        known = [found.choice for found in (high, low) if found.choice is not None]
        if not known:
            return high
        furthest = magnitude(self.instance, self.ratio.numerator) / self.ratio.least
        upper = furthest if high.choice is None else high.bound
        lower = -furthest if low.choice is None else -low.bound
        self.most = self.size + abs(self.weight) * max(abs(lower), abs(upper))
        ends = (("high", high), ("low", low))
        self.ends = {key: None if end.choice is None else end.certificate for key, end in ends}
        self.work, self.incumbent = high.work + low.work, max(known, key=self._worth)
        self.waiting = [_Part(math.inf, lower, upper)]
        while self.waiting:
            top = max(self.waiting, key=lambda part: (part.bound, part.lower))
            if top.bound <= self._worth(self.incumbent) + self._room():
                return self._answer(Status.OPTIMAL, top.bound)
            if self.settings.cancelled and self.settings.cancelled():
                return self._answer(Status.INTERRUPTED, top.bound)
            if self.settings.late or (top.certificate and not top.lower < top.middle < top.upper):
                return self._answer(Status.FEASIBLE, top.bound)
            self._cut(top)
        # every part was settled: nothing lies above the incumbent
        return self._answer(Status.OPTIMAL, -math.inf)

    def _end(self, way: int) -> Settings:
        """For the wanted end of the ratio's range, and for the other, of which a rough bound does: to prove the most
        of what a figure with an ``again`` part should be little of takes long."""
        rough = way < 0 and bool(self.ratio.numerator.again)
        return replace(self.quick, gap=max(self.quick.gap, ROUGH)) if rough else self.quick

    def _cut(self, top: _Part) -> None:
        """Bound the two halves of a part."""
        self.waiting.remove(top)
        settings = self.quick
        if self.size > 0.0:  # a quarter of what may stay open, however large the linear part is beside the whole
            settings = replace(settings, gap=min(1.0, self._room() / 4.0 / self.size), scale=self.size)
        for a, b in ((top.lower, top.middle), (top.middle, top.upper)):
            asked = (*self.limits, _at_least(self.instance, self.ratio, self.sense, a, b))
            found = maximise(self.instance, self.linear, asked, settings, (self.incumbent,), self.excluded)
            self.work = self.work + found.work
            part = _Part(found.bound + abs(self.weight) * b, a, b, found.certificate)
            (self.settled if found.status is Status.INFEASIBLE else self.waiting).append(part)
            if found.choice is not None and self._worth(found.choice) > self._worth(self.incumbent):
                self.incumbent = found.choice

    def _worth(self, choice: Choice) -> float:
        linear = evaluate(self.instance, {"v": self.linear}, *choice)["v"]
        return linear + self.weight * ratio_of(self.instance, self.ratio, choice)

    def _room(self) -> float:
        """How far the bound may stay above the incumbent."""
        return self.gap * max(abs(self._worth(self.incumbent)), self.scale)

    def _answer(self, status: Status, bound: float) -> Answer:
        value = self._worth(self.incumbent)
        parts = [part.document() for part in (*self.settled, *self.waiting) if part.certificate is not None]
        proven = max(min(bound, self.most), value)
        proof = {**self.ends, "parts": parts}
        return Answer(status, self.incumbent, value, proven, "screened", self.work, proof, scale=self.scale)


def _at_least(instance: Instance, ratio: Measure, sense: int, lower: float, upper: float) -> Limit:
    """The signed ratio is at least ``lower``, less rounding, so that a part keeps its own ends."""
    assert ratio.denominator is not None
    level = lower - ROUNDING * max(abs(lower), abs(upper))
    asked = combine([(float(sense), ratio.numerator), (-level, ratio.denominator)])
    room = EXACT * (magnitude(instance, ratio.numerator) + abs(level) * magnitude(instance, ratio.denominator))
    return Limit("ratio", combine([(1.0, asked)], room))


def recheck_blend(
    instance: Instance,
    linear: Figure,
    weight: float,
    ratio: Measure,
    limits: tuple[Limit, ...],
    certificate: Mapping[str, Any],
) -> float:
    """The bound on linear + weight x ratio that a certificate proves: its parts cover the ratio's proven range, and
    each is bounded. Raises NotTrustedError where something does not hold.
    """
    sense = 1 if weight >= 0.0 else -1
    limits = (*limits, *counting(ratio))
    furthest = magnitude(instance, ratio.numerator) / ratio.least
    highest, reached = furthest, -furthest
    if certificate["high"] is not None:
        highest = recheck_ratio(instance, ratio, sense, limits, certificate["high"])
    if certificate["low"] is not None:
        reached = -recheck_ratio(instance, ratio, -sense, limits, certificate["low"])
    most = magnitude(instance, linear) + abs(weight) * max(abs(reached), abs(highest))
    if not certificate["parts"]:
        return most
    bound = -math.inf
    for part in sorted(certificate["parts"], key=lambda part: (part["from"], part["to"])):
        lower, upper = float(part["from"]), float(part["to"])
        asked = (*limits, _at_least(instance, ratio, sense, lower, upper))
        if lower - ROUNDING * max(abs(lower), abs(upper)) > reached:
            raise NotTrustedError("a blend's certificate leaves out a part of the ratio's range")
        reached = max(reached, upper)
        bound = max(bound, search.recheck(instance, linear, asked, part["certificate"]) + abs(weight) * upper)
    if reached < highest - ROUNDING * max(abs(reached), abs(highest)):
        raise NotTrustedError("a blend's certificate leaves out the highest ratios")
    return min(most, bound + abs(weight) * max(0.0, highest - reached))
