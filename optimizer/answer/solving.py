"""Stages solved one after the other, each rechecked by the evaluator: an answer without all that readers are told."""

from __future__ import annotations

from collections.abc import Sequence

from optimizer.answer.agreement import compared
from optimizer.answer.audit import audit
from optimizer.answer.stages import Stage
from optimizer.errors import InfeasibleError, NotTrustedError, SolverError
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Menu
from optimizer.optimise.diagnose import diagnose
from optimizer.optimise.objectives import Found, Lexicographic, objective_of
from optimizer.optimise.outcome import Settings
from optimizer.typing import Status

RETRIES = 20
"""Menus that the evaluator may refuse before the run gives up."""


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
        if m.choices.sifted:
            raise NotTrustedError("the evaluator refused the best menu, and others were sifted; no number is shown")
    raise NotTrustedError("the evaluator refused more menus than it may; no number is shown")


def _no_answer(
    m: CaseModel, wanted: Lexicographic, before: Sequence[Stage], found: Found, settings: Settings,
    refused: Sequence[Menu], diagnosed: bool,
) -> BaseException:  # fmt: skip
    """What to raise where the stage after those ``before`` has no menu."""
    if found.status is Status.INFEASIBLE and not refused:
        if not diagnosed or m.choices.sifted:
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
