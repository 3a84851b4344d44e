"""The best choice of a measure; a ratio by Dinkelbach's steps."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from optimizer import search
from optimizer.errors import NotTrustedError
from optimizer.model.instance import Instance, Limit, combine, evaluate
from optimizer.model.measures import Measure
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import Answer, Settings
from optimizer.typing import Choice, Status


def ratio_of(instance: Instance, measure: Measure, choice: Choice) -> float:
    """A measure's value at a choice; nan where a ratio's denominator is 0."""
    if measure.denominator is None:
        return evaluate(instance, {"n": measure.numerator}, *choice)["n"]
    both = evaluate(instance, {"n": measure.numerator, "d": measure.denominator}, *choice)
    return both["n"] / both["d"] if both["d"] != 0.0 else float("nan")


def best(
    instance: Instance,
    measure: Measure,
    sense: int,
    limits: tuple[Limit, ...],
    settings: Settings,
    seeds: Collection[Choice] = (),
    excluded: Collection[Choice] = (),
    pasts: Sequence[search.Past] | None = None,
) -> Answer:
    """The most (sense +1) or least (-1) of a measure. Value and bound are of ``sense x measure``.

    ``pasts``: see ``search.maximise``; of no use to a ratio, whose aim changes from step to step.
    """
    if measure.denominator is None:
        aim = combine([(float(sense), measure.numerator)])
        return maximise(instance, aim, limits, settings, seeds, excluded, pasts)
    return _dinkelbach(instance, measure, sense, limits, settings, tuple(seeds), excluded)


def _dinkelbach(
    instance: Instance,
    measure: Measure,
    sense: int,
    limits: tuple[Limit, ...],
    settings: Settings,
    seeds: tuple[Choice, ...],
    excluded: Collection[Choice],
) -> Answer:
    """The most of a ratio N / D with D >= D_min. Source: Dinkelbach (1967).

    A step maximises N - t D; its bound b certifies ratio <= t + max(0, b) / D_min.
    """
    assert measure.denominator is not None
    numerator, denominator = combine([(float(sense), measure.numerator)]), measure.denominator
    floored = _floored(measure, limits)
    quick = replace(settings, cross_check=False)
    least = maximise(instance, combine([(-1.0, denominator)]), floored, replace(quick, gap=0.05), seeds, excluded)
    if least.choice is None:
        return least
    d_min = max(measure.floor, -least.bound)
    if d_min <= 0.0:
        d_min = max(measure.floor, 1e-12)
    work, choice = least.work, least.choice
    t = sense * ratio_of(instance, measure, choice)
    while True:
        started = t
        aim = combine([(1.0, numerator), (-t, denominator)])
        small = settings.gap * max(abs(t), 1e-6) * d_min
        step = maximise(instance, aim, floored, replace(quick, gap=0.5, scale=small), (choice, *seeds), excluded)
        work = work + step.work
        if step.choice is None or step.status not in (Status.OPTIMAL, Status.FEASIBLE, Status.INTERRUPTED):
            return replace(step, work=work)
        better = sense * ratio_of(instance, measure, step.choice)
        bound = t + max(0.0, step.bound) / d_min
        if better > t:
            choice = step.choice
        done = step.status is not Status.OPTIMAL or better <= t or max(0.0, step.bound) <= small
        if done:
            t = max(t, better)
            status = step.status
            if status is Status.OPTIMAL and (bound - t) > settings.gap * max(abs(t), 1e-6) * (1 + 1e-9):
                status = Status.FEASIBLE
            return Answer(
                status,
                choice,
                t,
                max(bound, t),
                step.method,
                work,
                {"ratio": started, "least": least.certificate, "step": step.certificate},
            )
        t = better


def recheck_ratio(
    instance: Instance, measure: Measure, sense: int, limits: tuple[Limit, ...], certificate: Mapping[str, Any]
) -> float:
    """The bound on ``sense x ratio`` that a certificate proves: with b a bound of N - t D and d one of D from below,
    every ratio is at most t + max(0, b) / d. Raises NotTrustedError where a part does not hold.
    """
    assert measure.denominator is not None
    floored = _floored(measure, limits)
    t = float(certificate["ratio"])
    least = -search.recheck(instance, combine([(-1.0, measure.denominator)]), floored, certificate["least"])
    d_min = max(measure.floor, least)
    if not (math.isfinite(t) and d_min > 0.0):
        raise NotTrustedError("a ratio's denominator is not proven to be above 0")
    aim = combine([(float(sense), measure.numerator), (-t, measure.denominator)])
    return t + max(0.0, search.recheck(instance, aim, floored, certificate["step"])) / d_min


def _floored(measure: Measure, limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
    """The limits, and the floor of the denominator."""
    if measure.denominator is None or measure.floor <= 0.0:
        return limits
    return (*limits, Limit(f"{measure.name} (denominator)", combine([(1.0, measure.denominator)], -measure.floor)))
