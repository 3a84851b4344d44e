"""The best choice of a weighted sum of a linear figure and a ratio, by cutting the ratio's range."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from optimizer import search
from optimizer.errors import NotTrustedError
from optimizer.model.instance import Figure, Instance, Limit, combine, evaluate
from optimizer.model.measures import Measure, counting, magnitude, yardstick
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import EXACT, Answer, Settings
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
    limits = (*limits, *counting(ratio))
    scale = yardstick(instance, linear) + abs(weight) * yardstick(instance, ratio.numerator, ratio.denominator)
    scale = scale if settings.scale is None else settings.scale
    gap = max(settings.gap, ROUNDING)
    quick = replace(settings, cross_check=False, gap=gap / 4.0, scale=None)
    high = best(instance, ratio, sense, limits, quick, excluded=excluded)
    low = best(instance, ratio, -sense, limits, quick, excluded=excluded)
    known = [found.choice for found in (high, low) if found.choice is not None]
    if not known:
        return high
    size = magnitude(instance, linear)
    furthest = magnitude(instance, ratio.numerator) / ratio.least
    upper = furthest if high.choice is None else high.bound
    lower = -furthest if low.choice is None else -low.bound

    def worth(choice: Choice) -> float:
        return evaluate(instance, {"v": linear}, *choice)["v"] + weight * ratio_of(instance, ratio, choice)

    work = high.work + low.work
    incumbent = max(known, key=worth)
    waiting, settled = [_Part(math.inf, lower, upper)], list[_Part]()
    most = size + abs(weight) * max(abs(lower), abs(upper))

    def answer(status: Status, bound: float) -> Answer:
        value = worth(incumbent)
        parts = [part.document() for part in (*settled, *waiting) if part.certificate is not None]
        proof = {"high": high.certificate, "low": low.certificate, "parts": parts}
        return Answer(status, incumbent, value, max(min(bound, most), value), "screened", work, proof)

    while waiting:
        top = max(waiting, key=lambda part: (part.bound, part.lower))
        open_ = gap * max(abs(worth(incumbent)), scale)
        middle = 0.5 * (top.lower + top.upper)
        if top.bound <= worth(incumbent) + open_:
            return answer(Status.OPTIMAL, top.bound)
        if settings.cancelled and settings.cancelled():
            return answer(Status.INTERRUPTED, top.bound)
        if not top.lower < middle < top.upper or settings.late:
            return answer(Status.FEASIBLE, top.bound)
        waiting.remove(top)
        # a quarter of what may stay open, however large the linear part is beside the whole
        part_of = replace(quick, gap=min(1.0, open_ / 4.0 / size), scale=size) if size else quick
        for a, b in ((top.lower, middle), (middle, top.upper)):
            asked = (*limits, _at_least(instance, ratio, sense, a, b))
            found = maximise(instance, linear, asked, part_of, (incumbent,), excluded)
            work = work + found.work
            part = _Part(found.bound + abs(weight) * b, a, b, found.certificate)
            (settled if found.status is Status.INFEASIBLE else waiting).append(part)
            if found.choice is not None and worth(found.choice) > worth(incumbent):
                incumbent = found.choice
    # every part was settled: nothing lies above the incumbent
    return answer(Status.OPTIMAL, -math.inf)


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
    highest = recheck_ratio(instance, ratio, sense, limits, certificate["high"])
    reached = -recheck_ratio(instance, ratio, -sense, limits, certificate["low"])
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
    return bound + abs(weight) * max(0.0, highest - reached)
