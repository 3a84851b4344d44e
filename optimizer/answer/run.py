"""The one path everybody uses: a case in, a proven and independently checked menu out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING

from optimizer.answer.audit import Audit, audit
from optimizer.answer.checks.running import check_answer, checks_named
from optimizer.answer.solution import Solution
from optimizer.answer.solving import solve_stages
from optimizer.answer.stages import Stage, solution_of
from optimizer.execution.clock import lifted, limited
from optimizer.inputs.changes import Changes
from optimizer.inputs.load import load_inputs
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, as_it_stands, case_model_of, prepare_case
from optimizer.model.choices import Menu, own_menu
from optimizer.optimise.objectives import Found, Lexicographic, Objective, objective_of
from optimizer.optimise.outcome import Settings, Work
from optimizer.schema.case import Case
from optimizer.typing import Status

if TYPE_CHECKING:
    from optimizer.answer.path import PathSolution


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
    checks: bool | str = True,
) -> Solution | PathSolution:
    """Solve a case, and check the answer; a case with a horizon has a path for an answer, which has no such checks.

    Args:
        case: shipped name, path of a case file, or a :class:`~optimizer.schema.case.Case`.
        sets: further changes to the market by path.
        folder: where a ``Case`` object's market is looked for before the place it was loaded from; a case made by hand
            or from text needs it for a market that is not shipped.
        gap, time_limit, screen: override the case's options; fraction, seconds.
        cancelled: asked now and then; True stops with the best menu so far.
        progress: called with value, bound and boxes done.
        checks: ``all``, ``usual`` (True: what is quick) or ``none`` (False); see :attr:`Solution.checks`.

    Raises:
        InputError, InfeasibleError, SolverError, NotTrustedError.
    """
    started, wanted = time.monotonic(), checks_named(checks)
    with limited(time_limit, started):
        case_model = prepare_case(case, sets=sets, folder=folder)
        settings = settings_of(case_model, started, gap, time_limit, screen)
        settings = replace(settings, cancelled=cancelled, progress=progress)
        if over_months(case_model):
            return _solved_path(case_model, settings)
        return check_answer(case_model, solve_case_model(case_model, settings), settings, wanted)


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
) -> Solution | PathSolution:
    """Today's menu (with ``sets``) in the case's market, without any choice: this menu, what then?

    The case's conditions are checked; a menu that misses one is shown, with what it misses.

    Raises:
        InputError.
    """
    case_model = case_model_of(load_inputs(case, sets, folder))
    if over_months(case_model):
        from optimizer.answer.path_solving import evaluate_path

        return evaluate_path(case_model)
    return evaluate_model(case_model)


def over_months(case_model: CaseModel) -> bool:
    """Whether the case has a horizon."""
    return case_model.inputs.case.horizon is not None


def _solved_path(case_model: CaseModel, settings: Settings) -> PathSolution:
    """Over months; what that needs is loaded when it is asked for."""
    from optimizer.answer.path_solving import solve_path

    with lifted():  # the search keeps its own deadline
        return solve_path(case_model, settings)


def solve_any(case_model: CaseModel, settings: Settings) -> Solution | PathSolution:
    """Solve a case model, in the long run or over months, without checks. Raises like :func:`solve_case`."""
    return _solved_path(case_model, settings) if over_months(case_model) else solve_case_model(case_model, settings)


def evaluate_model(m: CaseModel) -> Solution:
    """Today's plans at the terms of the case's market, evaluated; nothing is optimised."""
    started = time.perf_counter()
    menu = own_menu(m.inputs.case, m.prepared)
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
