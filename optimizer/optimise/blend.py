"""The best choice of a weighted sum of a linear figure and a ratio, by cutting the ratio's range."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from optimizer import search
from optimizer.errors import NotTrustedError
from optimizer.model.instance import Figure, Instance, Limit, combine, evaluate
from optimizer.model.measures import Measure
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import Answer, Settings
from optimizer.optimise.ratio import best, ratio_of, recheck_ratio
from optimizer.typing import Choice, Status

ROUNDING = 1e-9


@dataclass(frozen=True)
class _Part:
    """Menus whose signed ratio lies between two values."""

    bound: float
    """No menu of the part is worth more."""
    lower: float
    upper: float
    certificate: Any = None
    """Of the most of the linear figure among menus with at least the lower ratio."""

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
) -> Answer:
    """The most of linear + weight x ratio, by bisection of the ratio's range.

    On an interval [a, b] of the (signed) ratio no menu is worth more than |weight| b + the most of the linear part
    over menus whose ratio is at least a; the menus found are incumbents.
    """
    sense = 1 if weight >= 0.0 else -1
    quick = replace(settings, cross_check=False, gap=settings.gap / 4.0)
    high = best(instance, ratio, sense, limits, quick, excluded=excluded)
    low = best(instance, ratio, -sense, limits, quick, excluded=excluded)
    if high.choice is None or low.choice is None:
        return high

    def worth(choice: Choice) -> float:
        return evaluate(instance, {"v": linear}, *choice)["v"] + weight * ratio_of(instance, ratio, choice)

    work = high.work + low.work
    incumbent = max((high.choice, low.choice), key=worth)
    waiting, settled = [_Part(math.inf, -low.bound, high.bound)], list[_Part]()

    def answer(status: Status, bound: float) -> Answer:
        value = worth(incumbent)
        parts = [part.document() for part in (*settled, *waiting) if part.certificate is not None]
        proof = {"high": high.certificate, "low": low.certificate, "parts": parts}
        return Answer(status, incumbent, value, max(bound, value), "screened", work, proof)

    while waiting:
        top = max(waiting, key=lambda part: (part.bound, part.lower))
        if top.bound <= worth(incumbent) + settings.gap * max(abs(worth(incumbent)), settings.scale):
            return answer(Status.OPTIMAL, top.bound)
        if settings.cancelled and settings.cancelled():
            return answer(Status.INTERRUPTED, top.bound)
        if settings.deadline is not None and time.monotonic() > settings.deadline:
            return answer(Status.FEASIBLE, top.bound)
        waiting.remove(top)
        middle = 0.5 * (top.lower + top.upper)
        for lower, upper in ((top.lower, middle), (middle, top.upper)):
            asked = (*limits, *_at_least(ratio, sense, lower, upper))
            found = maximise(instance, linear, asked, quick, (incumbent,), excluded)
            work = work + found.work
            part = _Part(found.bound + abs(weight) * upper, lower, upper, found.certificate)
            (settled if found.status is Status.INFEASIBLE else waiting).append(part)
            if found.choice is not None and worth(found.choice) > worth(incumbent):
                incumbent = found.choice
    # every part was settled: nothing lies above the incumbent
    return answer(Status.OPTIMAL, -math.inf)


def _at_least(ratio: Measure, sense: int, lower: float, upper: float) -> tuple[Limit, ...]:
    """The signed ratio is at least ``lower`` (less rounding, so that a part keeps its own end), on its floor."""
    assert ratio.denominator is not None
    level = lower - ROUNDING * max(abs(lower), abs(upper))
    above = Limit("ratio", combine([(float(sense), ratio.numerator), (-level, ratio.denominator)]))
    if ratio.floor <= 0.0:
        return (above,)
    return Limit("denominator", combine([(1.0, ratio.denominator)], -ratio.floor)), above


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
    highest = recheck_ratio(instance, ratio, sense, limits, certificate["high"])
    reached = -recheck_ratio(instance, ratio, -sense, limits, certificate["low"])
    bound = -math.inf
    for part in sorted(certificate["parts"], key=lambda part: (part["from"], part["to"])):
        lower, upper = float(part["from"]), float(part["to"])
        asked = (*limits, *_at_least(ratio, sense, lower, upper))
        if lower - ROUNDING * max(abs(lower), abs(upper)) > reached:
            raise NotTrustedError("a blend's certificate leaves out a part of the ratio's range")
        reached = max(reached, upper)
        bound = max(bound, search.recheck(instance, linear, asked, part["certificate"]) + abs(weight) * upper)
    if reached < highest - ROUNDING * max(abs(reached), abs(highest)):
        raise NotTrustedError("a blend's certificate leaves out the highest ratios")
    return bound + abs(weight) * max(0.0, highest - reached)
