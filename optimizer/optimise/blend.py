"""The best choice of a weighted sum of a linear figure and a ratio, by cutting the ratio's range."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace

from optimizer.model.instance import Figure, Instance, Limit, combine, evaluate
from optimizer.model.measures import Measure
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import Answer, Settings
from optimizer.optimise.ratio import best, ratio_of
from optimizer.typing import Choice

ROUNDING = 1e-9


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
    assert ratio.denominator is not None
    sense = 1 if weight >= 0.0 else -1
    signed = combine([(float(sense), ratio.numerator)])
    quick = replace(settings, cross_check=False, gap=settings.gap / 4.0)
    high = best(instance, ratio, sense, limits, quick, excluded=excluded)
    low = best(instance, ratio, -sense, limits, quick, excluded=excluded)
    if high.choice is None or low.choice is None:
        return high
    floor = () if ratio.floor <= 0 else (Limit("denominator", combine([(1.0, ratio.denominator)], -ratio.floor)),)
    work = high.work + low.work

    def worth(choice: Choice) -> float:
        return evaluate(instance, {"v": linear}, *choice)["v"] + weight * ratio_of(instance, ratio, choice)

    incumbent = max((high.choice, low.choice), key=worth)
    open_intervals = [(float("inf"), -low.bound, high.bound)]
    bound = float("inf")
    while open_intervals:
        open_intervals.sort()
        bound, a, b = open_intervals.pop()
        value = worth(incumbent)
        slack = settings.gap * max(abs(value), settings.scale)
        if bound <= value + slack:
            return Answer("optimal", incumbent, value, max(bound, value), "screened", work)
        if (settings.deadline is not None and time.monotonic() > settings.deadline) or (
            settings.cancelled and settings.cancelled()
        ):
            status = "interrupted" if settings.cancelled and settings.cancelled() else "feasible"
            return Answer(status, incumbent, value, bound, "screened", work)
        middle = 0.5 * (a + b)
        for lower, upper in ((a, middle), (middle, b)):
            # an interval's own lower end must not be lost to rounding
            level = lower - ROUNDING * max(abs(lower), abs(upper))
            above = Limit("ratio", combine([(1.0, signed), (-level, ratio.denominator)]))
            part = maximise(instance, linear, (*limits, *floor, above), quick, (incumbent,), excluded)
            work = work + part.work
            if part.status == "infeasible":
                continue
            if part.choice is not None and worth(part.choice) > worth(incumbent):
                incumbent = part.choice
            open_intervals.append((part.bound + abs(weight) * upper, lower, upper))
    # every interval was settled: nothing lies above the incumbent
    value = worth(incumbent)
    return Answer("optimal", incumbent, value, value, "screened", work)
