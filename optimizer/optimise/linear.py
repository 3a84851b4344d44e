"""The best choice of one linear aim under limits: screen, then let the solver check or close.

Everything here works on the instance; what the numbers mean is known above.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from optimizer import search
from optimizer.errors import NotTrustedError, SolverError
from optimizer.formulation.box import unsafe_levels
from optimizer.model.instance import Figure, Instance, Limit
from optimizer.model.measures import magnitude, yardstick
from optimizer.optimise.outcome import Answer, Settings, Work
from optimizer.typing import Choice, LevelIndices, Status

if TYPE_CHECKING:
    from optimizer.solve.boxes import BoxOutcome

CROSS_CHECK_SECONDS = 2.0
CROSS_CHECK_SIZE = 6000
"""Customer types times levels of the program that checks a screened answer."""
WARMED = 100_000
"""Choices above which a solver process loads beside the search: fewer are enumerated, which leaves nothing to check."""


def maximise(
    instance: Instance,
    aim: Figure,
    limits: tuple[Limit, ...],
    settings: Settings,
    seeds: Collection[Choice] = (),
    excluded: Collection[Choice] = (),
    near: bool = False,
    shared: search.SharedSearch | None = None,
) -> Answer:
    """The choice with the most of a linear aim. ``near``, ``shared``: see ``search.maximise``.

    Raises:
        SolverError: the solver failed and screening had not closed the search.
        NotTrustedError: the solver found a menu that screening had called impossible.
    """
    if settings.overdue:
        return _known(instance, aim, limits, seeds, excluded)
    scale = yardstick(instance, aim) if settings.scale is None else settings.scale
    if not settings.screen:
        answer = _whole_program(instance, aim, limits, settings, scale, seeds, excluded)
    else:
        answer = _screened(instance, aim, limits, settings, scale, seeds, excluded, near, shared)
    return _finite(instance, aim, replace(answer, scale=scale))


def _finite(instance: Instance, aim: Figure, answer: Answer) -> Answer:
    """The answer with a finite bound: no choice is worth more than all its terms in absolute value."""
    if answer.choice is None:
        return answer
    bound = magnitude(instance, aim) if answer.bound == math.inf else answer.bound
    if not (math.isfinite(answer.value) and math.isfinite(bound)):
        raise NotTrustedError(f"the search ended with value {answer.value} and bound {bound}; no number is shown")
    return replace(answer, bound=max(answer.value, bound))


def _known(
    instance: Instance, aim: Figure, limits: tuple[Limit, ...], seeds: Collection[Choice], excluded: Collection[Choice]
) -> Answer:
    """The best of the seeds, without any search."""
    from optimizer.solve.boxes import check_choice

    bound = magnitude(instance, aim)
    proof = search.unsearched(instance, bound, excluded)
    tried = (check_choice(instance, aim, limits, seed) for seed in seeds if seed not in excluded)
    best = max((one for one in tried if not one.problems), key=lambda one: one.value, default=None)
    if best is None:
        return Answer(Status.NO_ANSWER, None, -math.inf, bound, "screened", Work(steps=0), proof)
    return Answer(Status.FEASIBLE, best.choice, best.value, bound, "screened", Work(steps=0), proof)


def _screened(
    instance: Instance, aim: Figure, limits: tuple[Limit, ...], settings: Settings, scale: float,
    seeds: Collection[Choice], excluded: Collection[Choice], near: bool, shared: search.SharedSearch | None,
) -> Answer:  # fmt: skip
    """By search, and checked by the solver where that is asked for."""
    if settings.cross_check and instance.menus > WARMED:
        from optimizer.solve.workers import warm_worker

        warm_worker()
    found = search.maximise(
        instance,
        aim,
        limits,
        gap=settings.gap,
        scale=scale,
        deadline=settings.deadline,
        seeds=tuple(seeds),
        excluded=tuple(excluded),
        cancelled=settings.cancelled,
        progress=settings.progress,
        near=near,
        shared=shared,
        survivors=settings.cross_check,
    )
    choice = None if found.menu is None else (found.menu, int(found.mix or 0))
    work = Work(boxes=found.boxes, enumerated=found.enumerated)
    if found.status is search.SearchStatus.INFEASIBLE:
        return Answer(Status.INFEASIBLE, None, float("-inf"), float("-inf"), "screened", work, found.certificate)
    if found.status is search.SearchStatus.CLOSED:
        answer = Answer(Status.OPTIMAL, choice, found.value, found.bound, "screened", work, found.certificate)
        checked = settings.cross_check and not settings.late
        return _cross_check(instance, aim, limits, settings, scale, answer, found.surviving) if checked else answer
    status = Status.FEASIBLE if choice else Status.NO_ANSWER
    if found.status is search.SearchStatus.INTERRUPTED:
        status = Status.INTERRUPTED
    return Answer(status, choice, found.value, found.bound, "screened", work, found.certificate)


def _cross_check(
    instance: Instance,
    aim: Figure,
    limits: tuple[Limit, ...],
    settings: Settings,
    scale: float,
    answer: Answer,
    box: search.Box | None,
) -> Answer:
    """HiGHS solves the program on the surviving box; it may not find anything better than what is proven."""
    if box is None or answer.choice is None or box.choices == 1:
        return answer
    levels = _near(instance, box, answer.choice[0])
    if any(unsafe_levels(instance, levels)):
        return answer  # settled by true-weight bounds; the solver would be fooled by such weights
    start: Choice = answer.choice
    if _any_again(aim, limits):
        levels = _one_wide(levels, answer.choice[0])
        start = tuple(part.index(k) for part, k in zip(levels, start[0], strict=True)), start[1]
        instance, aim, limits = search.straightened(instance, aim, limits, levels)
        levels = [list(range(n)) for n in instance.levels]
    from optimizer.solve.boxes import solve_box

    try:
        checked = solve_box(
            instance,
            aim,
            limits,
            box=levels,
            mixes=None if box.mix is None else [box.mix],
            start=start,
            gap=settings.gap,
            scale=scale,
            time_limit=min(_left(settings) or CROSS_CHECK_SECONDS, CROSS_CHECK_SECONDS),
            cancelled=settings.cancelled,
            worker=True,
        )
    except SolverError as error:
        # the proof does not rest on the solver; what it could not do is told, not fatal
        return replace(answer, work=replace(answer.work, notes=(*answer.work.notes, f"cross-check: {error}")))
    work = answer.work + _solver_work(checked)
    if checked.value is not None and checked.value > answer.bound + 1e-9 * max(abs(answer.bound), scale):
        raise NotTrustedError(
            f"HiGHS found a menu worth {checked.value:.10g}, above the proven bound {answer.bound:.10g}"
        )
    # a check only: the answer must not depend on how far the solver came in its time
    return replace(answer, work=work)


def _any_again(aim: Figure, limits: Sequence[Limit]) -> bool:
    """Whether some figure is not linear in customers."""
    return any(figure.again for figure in (aim, *(limit.figure for limit in limits)))


def _one_wide(levels: list[list[int]], menu: LevelIndices) -> list[list[int]]:
    """The levels of the plan that has most of them, the others' as on the menu: there such figures are linear."""
    widest = max(range(len(levels)), key=lambda j: len(levels[j]))
    return [part if j == widest else [k] for j, (part, k) in enumerate(zip(levels, menu, strict=True))]


def _near(instance: Instance, box: search.Box, menu: LevelIndices) -> list[list[int]]:
    """The box's levels nearest to a menu, few enough that the program stays quick to solve."""
    most = max(2, CROSS_CHECK_SIZE // (instance.types * instance.plans))
    levels = []
    for part, chosen in zip(box.levels, menu, strict=True):
        near = sorted((int(x) for x in part), key=lambda x: (abs(x - chosen), x))[:most]
        levels.append(sorted(near))
    return levels


def _solver_work(found: BoxOutcome) -> Work:
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
    scale: float,
    seeds: Collection[Choice],
    excluded: Collection[Choice],
) -> Answer:
    """The whole program to HiGHS, warm-started by coordinate ascent."""
    if any(unsafe_levels(instance, None)) or _any_again(aim, limits):
        # beyond e^9 the solver's tolerance times the weight is worth more than an answer; and its program is linear
        bounded = replace(settings, screen=True, cross_check=False)
        answer = maximise(instance, aim, limits, bounded, seeds, excluded)
        notes = (*answer.work.notes, "the whole program is not one for the solver: closed by bounds instead")
        return replace(answer, work=replace(answer.work, notes=notes))
    from optimizer.solve.boxes import solve_box
    from optimizer.solve.workers import warm_worker

    warm_worker()
    near = search.local_search(instance, aim, limits, seeds=tuple(seeds), deadline=settings.deadline)
    found = solve_box(
        instance,
        aim,
        limits,
        start=None if near is None or near[:2] in excluded else near[:2],
        gap=settings.gap,
        scale=scale,
        time_limit=_left(settings),
        excluded=tuple(excluded),
        cancelled=settings.cancelled,
        worker=True,
    )
    value = float("-inf") if found.value is None else found.value
    return Answer(found.status, found.choice, value, max(found.bound, value), "solver", _solver_work(found))
