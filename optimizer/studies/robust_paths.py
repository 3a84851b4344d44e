"""The answer over draws to a case over months: one path of menus, the same in every draw, proven for all draws."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, TypeVar

from optimizer.answer.path_robustness import RobustPath, RobustPathAnswer
from optimizer.errors import InfeasibleError, SolverError, bad_argument
from optimizer.studies.robust_menus import (
    DRAWS,
    RobustAsk,
    RobustRun,
    check_ask,
    draws_for,
    fresh_draws,
    in_parts,
    over_told,
)

if TYPE_CHECKING:
    from optimizer.answer.path import PathSolution
    from optimizer.answer.path_draws import CasePaths, FollowedPaths, Levels
    from optimizer.horizon.robust import SolvedPaths
    from optimizer.model.case_model import CaseModel
    from optimizer.optimise.outcome import Settings
    from optimizer.typing import Array
    from optimizer.uncertainty.drawing import MarketDraws

Made = TypeVar("Made")
POINT = 0.2
"""Share of the time left that the path of the middle values may take."""


def check_robust_paths(m: CaseModel, ask: RobustAsk) -> None:
    """Raises InputError for a case over months that cannot be asked over draws."""
    from optimizer.answer.path_draws import asked_in, check_size

    check_ask(ask)
    question = asked_in(m)
    check_size(question, ask.draws if isinstance(ask.draws, int) else 1)
    if ask.risk == "regret" and any(c.on is not None for c in m.inputs.case.conditions):
        cure = "leave on out, or ask --risk mean, cvar or worst"
        raise bad_argument("conditions", "over months regret is not asked with conditions on the mean", cure)


def robust_paths(m: CaseModel, settings: Settings, ask: RobustAsk, heard: RobustRun) -> RobustPathAnswer:
    """The answer over draws to a case made ready. Raises like ``robust_case``."""
    from optimizer.answer.path_draws import posed_paths
    from optimizer.execution.choice import borrowed
    from optimizer.execution.clock import lifted
    from optimizer.optimise.risks import checked_weights

    check_robust_paths(m, ask)
    with borrowed(heard.executor, 1.0 * (ask.draws if isinstance(ask.draws, int) else DRAWS)) as runner:
        heard = replace(heard, executor=runner)
        drawn = _timed(heard, "draws", lambda: draws_for(m, ask, heard))
        weights = checked_weights(drawn.weights if ask.weighted else None, drawn.count)
        asked = _timed(heard, "build", lambda: posed_paths(m, drawn, weights))
        with lifted():  # the search keeps its own deadline
            point = _timed(heard, "middle values", lambda: _point(m, settings)) if ask.beside else None
            best = _timed(heard, "solve", lambda: _solved(asked, ask, settings, heard, point))
            return _timed(heard, "telling", lambda: _told(settings, ask, heard, drawn, asked, best, point))


def _timed(heard: RobustRun, what: str, work: Callable[[], Made]) -> Made:
    began = time.perf_counter()
    found = work()
    heard.took(what, began)
    return found


def _point(m: CaseModel, settings: Settings) -> Levels | None:
    """The best path in the market as it is stated; None where there is none, or none in time."""
    from optimizer.answer.path_draws import asked_in
    from optimizer.answer.path_solving import best_claim

    if settings.deadline is not None:
        now = time.monotonic()
        settings = replace(settings, deadline=now + POINT * max(0.0, settings.deadline - now))
    try:
        return best_claim(asked_in(m), settings).levels
    except (InfeasibleError, SolverError):
        return None


def _solved(
    asked: CasePaths, ask: RobustAsk, settings: Settings, heard: RobustRun, point: Levels | None
) -> SolvedPaths:
    from optimizer.horizon.robust import solve_draws
    from optimizer.optimise.risks import Risk, caps_of
    from optimizer.search.engine import Clock

    risk, weights = Risk(ask.risk), asked.draws.weights
    clock = Clock(settings.deadline, heard.cancelled)
    seed = None if point is None else asked.path(point)
    return solve_draws(asked.draws, risk, caps_of(risk, weights, ask.tail), settings.gap, clock, heard.executor, seed)


def _told(
    settings: Settings, ask: RobustAsk, heard: RobustRun, drawn: MarketDraws, asked: CasePaths, best: SolvedPaths,
    point: Levels | None,
) -> RobustPathAnswer:  # fmt: skip
    """The answer with the paths that stand beside it."""
    from optimizer.answer.path_draws import agreement, aim_window, followed_in, told_conditions, told_names
    from optimizer.horizon.search import YARDSTICK
    from optimizer.optimise.outcome import reached, relative_gap
    from optimizer.search.engine import SearchStatus
    from optimizer.typing import Status, Verdict

    question, m, first = asked.first, asked.m, asked.first.posed
    chosen = _side_by_side(asked, ask, first.levels(best.path), point)
    paths = list(chosen.values())
    proven = [followed_in(q, paths) for q in asked.questions]
    fresh, weights = _fresh(m, ask, heard, drawn, paths)
    sense = 1 if ask.risk == "regret" else question.aim.sense
    up = -1.0 if ask.risk == "regret" else 1.0
    gap = relative_gap(up * best.value, up * best.bound, YARDSTICK * asked.draws.stacked.magnitude)
    closed = best.status is SearchStatus.CLOSED and reached(gap, settings.gap)
    return RobustPathAnswer(
        case=m.inputs.name,
        title=m.inputs.case.title,
        question=m.inputs.case.question,
        figure=question.aim.name,
        window=aim_window(question.aim),
        unit=question.aim.unit,
        sense=question.aim.sense,
        risk=ask.risk,
        tail=ask.tail,
        value=sense * best.value,
        bound=sense * best.bound,
        gap=gap,
        gap_asked=settings.gap,
        verdict=Verdict.PROVED if closed else Verdict.BEST_FOUND,
        status=Status.OPTIMAL if closed else Status.FEASIBLE,
        paths=tuple(
            _path(asked, ask, best, name, levels, k, proven, (fresh, weights))
            for k, (name, levels) in enumerate(chosen.items())
        ),
        units=told_names(question),
        conditions=told_conditions(question),
        first_months=question.timeline.asked.firsts,
        plans={name: plan.title for name, plan in m.inputs.changed.plans.items()},
        draws=drawn,
        weighted=ask.weighted,
        largest_difference=agreement(asked, paths[0], proven, 0),
        boxes=best.boxes,
        input_hash=m.inputs.hash,
        inputs=m.inputs.stated,
        certificate={"levels": [list(menu) for menu in paths[0]], "value": sense * best.value,
                     "bound": sense * best.bound, "proof": best.certificate},
        spent=dict(heard.spent),
        complete=not heard.cancelled(),
    )  # fmt: skip


def path_at_middle_values(m: CaseModel, a: RobustPathAnswer) -> PathSolution:
    """The answer's path in the market as it is stated, with the verdict over the draws: what a page is about."""
    from optimizer.answer.path_draws import asked_in
    from optimizer.answer.path_solving import Claim, path_solution
    from optimizer.studies.robust_paths_told import path_verdict
    from optimizer.typing import Status

    question = asked_in(m)
    months = question.timeline.follow(question.timeline.menus(a.asked.levels))
    claim = Claim(a.asked.levels, question.aim.value(months), Status.EVALUATED, a.gap_asked, a.boxes, {})
    told = f"{path_verdict(a)} All other figures here are at the middle values of what is assumed."
    return replace(path_solution(question, claim, a.seconds), verdict=a.verdict, verdict_text=told, status=a.status)


def _side_by_side(asked: CasePaths, ask: RobustAsk, best: Levels, point: Levels | None) -> dict[str, Levels]:
    """The answer first; the best for the middle values, and today's menu held where the case allows it."""
    from optimizer.answer.path_worlds import today_held

    found = {ask.risk: best}
    if point is not None:
        found["point"] = point
    today = today_held(asked.first) if ask.beside else None
    if today is not None:
        found["today"] = today.levels
    return found


def _fresh(
    m: CaseModel, ask: RobustAsk, heard: RobustRun, drawn: MarketDraws, paths: Sequence[Levels]
) -> tuple[list[FollowedPaths], Array]:
    """Paths in draws that none was chosen in, and what those count."""
    import numpy as np

    from optimizer.answer.path_draws import followed_points

    more = fresh_draws(m, ask, heard, drawn)
    if more is None:
        return [], np.zeros(0)
    assert heard.executor is not None
    shared = heard.executor.share(m)
    tasks = repeat(shared), in_parts(more), repeat(tuple(paths))
    done = heard.executor.gather(followed_points, *tasks, cancelled=heard.cancelled)
    told = [one for part in done for one in part]
    weights = (more.weights if ask.weighted else np.ones(more.count))[: len(told)]
    return told, weights / weights.sum() if told else weights


def _path(
    asked: CasePaths, ask: RobustAsk, best: SolvedPaths, name: str, levels: Levels, k: int,
    proven: Sequence[FollowedPaths], fresh: tuple[Sequence[FollowedPaths], Array],
) -> RobustPath:  # fmt: skip
    """One of the paths over draws."""
    from optimizer.answer.path_draws import aim_name
    from optimizer.answer.path_worlds import ChosenPath, offers_of
    from optimizer.horizon.robust import shown_regret

    aim, path = asked.first.aim, asked.path(levels)
    _, missed = asked.draws.assess(path[None])
    told, weights = fresh
    return RobustPath(
        name,
        name == ask.risk,
        levels,
        offers_of(asked.first, ChosenPath(levels)),
        over_told(proven, asked.draws.weights, k, aim_name(aim), aim.sense, ask.tail),
        over_told(told, weights, k, aim_name(aim), aim.sense, ask.tail) if told else None,
        shown_regret(asked.draws, best.own, path) if best.own else None,
        bool(missed[0] <= 0.0),
    )
