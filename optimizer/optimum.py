"""The best choice of one aim under limits: screen, then solve; ratios by Dinkelbach's steps.

Everything here works on the instance; what the numbers mean is known above.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from optimizer import screening, solve
from optimizer.aims import Measure
from optimizer.errors import NotTrustedError, SolverError
from optimizer.formulation import unsafe_levels
from optimizer.instance import Figure, Instance, Limit, Menu, combine, evaluate

Choice = tuple[Menu, int]
CROSS_CHECK_SECONDS = 2.0
ROUNDING = 1e-9
CROSS_CHECK_SIZE = 6000
"""Customer types times levels of the program that checks a screened answer."""


@dataclass(frozen=True)
class Settings:
    """How far and how long to search."""

    gap: float = 1e-4
    scale: float = 1.0
    """Least size that the gap is relative to, in the aim's unit."""
    deadline: float | None = None
    """``time.monotonic()`` at which the best known answer is returned."""
    screen: bool = True
    cross_check: bool = True
    """Hand the surviving box to HiGHS even where screening has closed the search."""
    cancelled: Callable[[], bool] | None = None
    progress: Callable[[float, float, int], None] | None = None


@dataclass(frozen=True)
class Work:
    """What the search took."""

    boxes: int = 0
    enumerated: int = 0
    rows: int = 0
    columns: int = 0
    build_seconds: float = 0.0
    solve_seconds: float = 0.0
    steps: int = 1
    notes: tuple[str, ...] = ()

    def __add__(self, other: Work) -> Work:
        return Work(
            self.boxes + other.boxes,
            self.enumerated + other.enumerated,
            max(self.rows, other.rows),
            max(self.columns, other.columns),
            self.build_seconds + other.build_seconds,
            self.solve_seconds + other.solve_seconds,
            self.steps + other.steps,
            (*self.notes, *other.notes),
        )


@dataclass(frozen=True)
class Answer:
    """The best choice found, and what is proven of it."""

    status: str
    """optimal, feasible, infeasible, no_answer or interrupted."""
    choice: Choice | None
    value: float
    """True value of the aim at the choice."""
    bound: float
    """No feasible choice is worth more."""
    method: str
    """``screened`` (true-weight bounds and enumeration alone) or ``solver`` (HiGHS closed part of it)."""
    work: Work = field(default_factory=Work)
    certificate: Any = None
    past: screening.Past | None = field(default=None, repr=False, compare=False)
    """For a solve of the same aim under limits a little moved."""

    def gap(self, scale: float) -> float:
        """(bound - value) / max(|value|, scale)."""
        return max(0.0, self.bound - self.value) / max(abs(self.value), scale)


def maximise(
    instance: Instance,
    aim: Figure,
    limits: tuple[Limit, ...],
    settings: Settings,
    seeds: Collection[Choice] = (),
    excluded: Collection[Choice] = (),
    pasts: Sequence[screening.Past] | None = None,
) -> Answer:
    """The choice with the most of a linear aim.

    Raises:
        SolverError: the solver failed and screening had not closed the search.
        NotTrustedError: the solver found a menu that screening had called impossible.
    """
    if not settings.screen:
        return _whole_program(instance, aim, limits, settings, seeds, excluded)
    found = screening.maximise(
        instance,
        aim,
        limits,
        gap=settings.gap,
        scale=settings.scale,
        deadline=settings.deadline,
        seeds=tuple(seeds),
        excluded=tuple(excluded),
        cancelled=settings.cancelled,
        progress=settings.progress,
        pasts=pasts,
        survivors=settings.cross_check,
    )
    choice = None if found.menu is None else (found.menu, int(found.mix or 0))
    work = Work(boxes=found.boxes, enumerated=found.enumerated)
    if found.status == "infeasible":
        return Answer("infeasible", None, float("-inf"), float("-inf"), "screened", work, found.certificate)
    if found.status == "closed":
        answer = Answer("optimal", choice, found.value, found.bound, "screened", work, found.certificate, found.past)
        return (
            _cross_check(instance, aim, limits, settings, answer, found.surviving) if settings.cross_check else answer
        )
    status = "interrupted" if found.status == "interrupted" else ("feasible" if choice else "no_answer")
    return Answer(status, choice, found.value, found.bound, "screened", work, found.certificate)


def _cross_check(
    instance: Instance,
    aim: Figure,
    limits: tuple[Limit, ...],
    settings: Settings,
    answer: Answer,
    box: screening.Box | None,
) -> Answer:
    """HiGHS solves the program on the surviving box; it may not find anything better than what is proven."""
    if box is None or answer.choice is None or box.choices == 1:
        return answer
    levels = _near(instance, box, answer.choice[0])
    if any(unsafe_levels(instance, levels)):
        return answer  # settled by true-weight bounds; the solver would be fooled by such weights
    try:
        checked = solve.solve_box(
            instance,
            aim,
            limits,
            box=levels,
            mixes=None if box.mix is None else [box.mix],
            start=answer.choice,
            gap=settings.gap,
            scale=settings.scale,
            time_limit=min(_left(settings) or CROSS_CHECK_SECONDS, CROSS_CHECK_SECONDS),
            cancelled=settings.cancelled,
            worker=False,
        )
    except SolverError as error:
        # the proof does not rest on the solver; what it could not do is told, not fatal
        return replace(answer, work=replace(answer.work, notes=(*answer.work.notes, f"cross-check: {error}")))
    work = answer.work + _solver_work(checked)
    if checked.value is not None and checked.value > answer.bound + 1e-9 * max(abs(answer.bound), settings.scale):
        raise NotTrustedError(
            f"HiGHS found a menu worth {checked.value:.10g}, above the proven bound {answer.bound:.10g}"
        )
    # a check only: the answer must not depend on how far the solver came in its time
    return replace(answer, work=work)


def _near(instance: Instance, box: screening.Box, menu: Menu) -> list[list[int]]:
    """The box's levels nearest to a menu, few enough that the program stays quick to solve."""
    most = max(2, CROSS_CHECK_SIZE // (instance.types * instance.plans))
    levels = []
    for part, chosen in zip(box.levels, menu, strict=True):
        near = sorted((int(x) for x in part), key=lambda x: (abs(x - chosen), x))[:most]
        levels.append(sorted(near))
    return levels


def _solver_work(found: solve.BoxOutcome) -> Work:
    return Work(
        rows=found.rows,
        columns=found.columns,
        build_seconds=found.build_seconds,
        solve_seconds=found.solve_seconds,
        steps=0,
    )


def _left(settings: Settings) -> float | None:
    return None if settings.deadline is None else max(0.05, settings.deadline - time.monotonic())


def _whole_program(
    instance: Instance,
    aim: Figure,
    limits: tuple[Limit, ...],
    settings: Settings,
    seeds: Collection[Choice],
    excluded: Collection[Choice],
) -> Answer:
    """The whole program to HiGHS, warm-started by coordinate ascent."""
    if any(unsafe_levels(instance, None)):
        # beyond e^9 the solver's tolerance times the weight is worth more than an answer
        return maximise(instance, aim, limits, replace(settings, screen=True, cross_check=False), seeds, excluded)
    near = screening.local_search(instance, aim, limits, seeds=tuple(seeds))
    found = solve.solve_box(
        instance,
        aim,
        limits,
        start=None if near is None or near[:2] in excluded else near[:2],
        gap=settings.gap,
        scale=settings.scale,
        time_limit=_left(settings),
        excluded=tuple(excluded),
        cancelled=settings.cancelled,
    )
    status = str(found.status.value)
    value = float("-inf") if found.value is None else found.value
    return Answer(status, found.choice, value, max(found.bound, value), "solver", _solver_work(found))


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
    pasts: Sequence[screening.Past] | None = None,
) -> Answer:
    """The most (sense +1) or least (-1) of a measure. Value and bound are of ``sense x measure``.

    ``pasts``: see ``screening.maximise``; of no use to a ratio, whose aim changes from step to step.
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
    floored = limits
    if measure.floor > 0.0:
        floored = (*limits, Limit(f"{measure.name} (denominator)", combine([(1.0, denominator)], -measure.floor)))
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
        aim = combine([(1.0, numerator), (-t, denominator)])
        small = settings.gap * max(abs(t), 1e-6) * d_min
        step = maximise(instance, aim, floored, replace(quick, gap=0.5, scale=small), (choice, *seeds), excluded)
        work = work + step.work
        if step.choice is None or step.status not in ("optimal", "feasible", "interrupted"):
            return replace(step, work=work)
        better = sense * ratio_of(instance, measure, step.choice)
        bound = t + max(0.0, step.bound) / d_min
        if better > t:
            choice = step.choice
        done = step.status != "optimal" or better <= t or max(0.0, step.bound) <= small
        if done:
            t = max(t, better)
            status = step.status if step.status != "optimal" else "optimal"
            if status == "optimal" and (bound - t) > settings.gap * max(abs(t), 1e-6) * (1 + 1e-9):
                status = "feasible"
            return Answer(
                status,
                choice,
                t,
                max(bound, t),
                step.method,
                work,
                {"ratio": t, "d_min": d_min, "step": step.certificate},
            )
        t = better


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
