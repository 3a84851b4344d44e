"""The one path everybody uses: a case in, a proven and independently checked menu out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike

from optimizer.answer.agreement import compared
from optimizer.answer.audit import Audit, audit
from optimizer.answer.solution import Solution
from optimizer.answer.stages import Stage, solution_of
from optimizer.errors import InfeasibleError, NotTrustedError, SolverError
from optimizer.execution.clock import lifted, limited
from optimizer.inputs.changes import Changes
from optimizer.inputs.load import load_inputs
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, as_it_stands, case_model_of, prepare_case
from optimizer.model.choices import Menu
from optimizer.optimise.diagnose import diagnose
from optimizer.optimise.objectives import Found, Lexicographic, Objective, objective_of
from optimizer.optimise.outcome import Settings, Work
from optimizer.schema.case import Case
from optimizer.typing import Status

RETRIES = 20
"""Menus that the evaluator may refuse before the run gives up."""


def solve_case(
    case: str | PathLike[str] | Case,
    *,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    gap: float | None = None,
    time_limit: float | None = None,
    screen: bool | None = None,
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[float, float, int], None] | None = None,
) -> Solution:
    """Solve a case.

    Args:
        case: shipped name, path of a case file, or a :class:`~optimizer.schema.case.Case`.
        sets: further changes to the market by path.
        folder: where a ``Case`` object's market is looked for before the place it was loaded from; a case made by hand
            or from text needs it for a market that is not shipped.
        gap, time_limit, screen: override the case's options; fraction, seconds.
        cancelled: asked now and then; True stops with the best menu so far.
        progress: called with value, bound and boxes done.

    Raises:
        InputError, InfeasibleError, SolverError, NotTrustedError.
    """
    started = time.monotonic()
    with limited(time_limit, started):
        case_model = prepare_case(case, sets=sets, folder=folder)
        settings = settings_of(case_model, started, gap, time_limit, screen)
        return solve_case_model(case_model, replace(settings, cancelled=cancelled, progress=progress))


def settings_of(
    case_model: CaseModel,
    started: float,
    gap: float | None = None,
    time_limit: float | None = None,
    screen: bool | None = None,
) -> Settings:
    """The case's options with overrides; ``started`` in ``time.monotonic()`` is when the time limit began."""
    options = case_model.inputs.case.options
    limit = options.time_limit if time_limit is None else time_limit
    return Settings(
        gap=options.gap if gap is None else gap,
        deadline=None if limit is None else started + limit,
        screen=options.screen if screen is None else screen,
    )


def evaluate_case(
    case: str | PathLike[str] | Case,
    *,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
) -> Solution:
    """Today's menu (with ``sets``) in the case's market, without any choice: this menu, what then?

    The case's conditions are checked; a menu that misses one is shown, with what it misses.

    Raises:
        InputError.
    """
    return evaluate_model(case_model_of(load_inputs(case, sets, folder)))


def evaluate_model(m: CaseModel) -> Solution:
    """Today's plans at the terms of the case's market, evaluated; nothing is optimised."""
    started = time.perf_counter()
    menu = Menu(m.prepared.today_menu(), m.prepared.today_mix)
    fixed = as_it_stands(m)
    evaluation = fixed.evaluate(menu)
    audited = audit(evaluation, fixed.bounds, {})
    stages = [
        evaluated_stage(fixed, objective, menu, evaluation, audited)
        for objective, _ in objective_of(m.inputs.case.objective, m.today).stages
    ]
    return solution_of(fixed, stages, time.perf_counter() - started)


def evaluated_stage(m: CaseModel, objective: Objective, menu: Menu, evaluation: Evaluation, audited: Audit) -> Stage:
    """An objective at a menu that was not chosen."""
    value = objective.value(evaluation)
    found = Found(Status.EVALUATED, menu, value, value, 0.0, "evaluated", Work(steps=0))
    return Stage(objective, found, menu, evaluation, audited, objective.scale(m))


def solve_case_model(
    m: CaseModel, settings: Settings, objective: Lexicographic | None = None, diagnosed: bool = True
) -> Solution:
    """Solve a case model, stage by stage, and let the evaluator have the last word.

    Raises: InputError, InfeasibleError, SolverError, NotTrustedError; KeyboardInterrupt where it was cancelled. Unless
    ``diagnosed``, an InfeasibleError does not say what clashes.
    """
    m.build()  # its seconds are told apart
    started = time.perf_counter()
    with lifted():  # the search keeps its own deadline
        stages = solve_stages(m, settings, objective, diagnosed)
        return solution_of(m, stages, time.perf_counter() - started)


def solve_stages(
    m: CaseModel, settings: Settings, objective: Lexicographic | None = None, diagnosed: bool = True
) -> list[Stage]:
    """The stages solved and rechecked, without all that readers are told. Raises like :func:`solve_case_model`."""
    wanted = objective or objective_of(m.inputs.case.objective, m.today)
    stages: list[Stage] = []
    for _ in wanted.stages:
        stages.append(_solve_stage(m, settings, wanted, stages, diagnosed))
    return stages


def _solve_stage(
    m: CaseModel, settings: Settings, wanted: Lexicographic, before: list[Stage], diagnosed: bool
) -> Stage:
    """The next stage; menus that the evaluator refuses are excluded and the rest solved again."""
    objective = wanted.stages[len(before)][0]
    limits = wanted.kept(m, [stage.found.value for stage in before])
    refused: list[Menu] = []
    # where time runs out, the menu of the stage before is an answer to this one, too
    seeds = [before[-1].menu] if before and settings.deadline is not None else []
    while len(refused) <= RETRIES:
        found = objective.solve(m, settings, limits, refused, seeds)
        if found.menu is None:
            raise _no_answer(m, wanted, before, found, settings, refused, diagnosed)
        evaluation = m.evaluate(found.menu)
        checked = audit(evaluation, m.bounds, compared(m, objective, found.menu, found.value, evaluation))
        if checked.met:
            return Stage(objective, found, found.menu, evaluation, checked, objective.scale(m))
        refused.append(found.menu)
    raise NotTrustedError("the evaluator refused more menus than it may; no number is shown")


def _no_answer(
    m: CaseModel, wanted: Lexicographic, before: Sequence[Stage], found: Found, settings: Settings,
    refused: Sequence[Menu], diagnosed: bool,
) -> BaseException:  # fmt: skip
    """What to raise where the stage after those ``before`` has no menu."""
    if found.status is Status.INFEASIBLE and not refused:
        if not diagnosed:
            return InfeasibleError("no menu meets the conditions")
        free, objective = m.with_rules_listed(), wanted.stages[len(before)][0]
        kept = wanted.kept(free, [stage.found.value for stage in before])
        diagnosis = diagnose(free.built.instance, free.bounds, settings, kept, objective.ratios(free))
        return InfeasibleError(diagnosis.text, diagnosis)
    if found.status is Status.INTERRUPTED:
        return KeyboardInterrupt()
    if found.status is Status.INFEASIBLE:
        return NotTrustedError("every menu that the search found was refused by the evaluator; no number is shown")
    return SolverError("the time limit passed before any menu that meets the conditions was found; allow more time")
