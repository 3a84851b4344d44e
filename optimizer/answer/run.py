"""The one path everybody uses: a case in, a proven and independently checked menu out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

from optimizer.answer.audit import Audit, audit
from optimizer.answer.evidence import outside_evidence
from optimizer.answer.menu import plan_choices
from optimizer.answer.solution import FigureValue, ObjectiveValue, Solution
from optimizer.economics.figures import HEADLINES, RATIOS, unit_of
from optimizer.errors import InfeasibleError, NotTrustedError, SolverError
from optimizer.execution.clock import limited
from optimizer.inputs.changes import Changes, as_change
from optimizer.inputs.load import assemble, load_inputs
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, case_model_of, prepare_case
from optimizer.model.choices import Menu
from optimizer.model.instance import evaluate
from optimizer.model.measures import ConditionBound
from optimizer.optimise.diagnose import diagnose
from optimizer.optimise.objectives import Found, Lexicographic, Objective, objective_of
from optimizer.optimise.outcome import Settings, Work
from optimizer.schema.case import Case, Rules
from optimizer.typing import Choice
from optimizer.versions import versions

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
        folder: where a ``Case`` object's market is looked for.
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

    Raises:
        InputError.
    """
    inputs = load_inputs(case, None, folder)
    fixed = inputs.case.model_copy(update={"plans": {}, "mix": None, "conditions": (), "rules": Rules()})

    def made(changes: Changes) -> CaseModel:
        asked = {path: as_change(path, value) for path, value in changes.items()}
        return case_model_of(assemble(inputs.name, fixed, inputs.case_document, inputs.market_document, asked))

    without = made({})
    case_model = made(sets) if sets else without
    before = case_model.today if without.unchanged is without.today else without.unchanged
    return solve_case_model(replace(case_model, unchanged=before), Settings(gap=inputs.case.options.gap))


def solve_case_model(m: CaseModel, settings: Settings, objective: Lexicographic | None = None) -> Solution:
    """Solve a case model, stage by stage, and let the evaluator have the last word.

    Raises: InputError, InfeasibleError, SolverError, NotTrustedError; KeyboardInterrupt where it was cancelled.
    """
    started = time.perf_counter()
    wanted = objective or objective_of(m.inputs.case.objective, m.today)
    stages: list[Stage] = []
    for _ in wanted.stages:
        stages.append(_solve_stage(m, settings, wanted, stages))
    return _solution(m, stages, time.perf_counter() - started)


@dataclass(frozen=True)
class Stage:
    """One objective solved, and what the evaluator says of its menu."""

    objective: Objective
    found: Found
    menu: Menu
    evaluation: Evaluation
    audit: Audit
    scale: float
    """Least size the gap is relative to."""

    @property
    def reported(self) -> ObjectiveValue:
        """The objective at the menu, by the evaluator, with its bound."""
        o, bound = self.objective, self.found.bound
        value = o.value(self.evaluation)
        gap = max(0.0, o.sense * (bound - value)) / max(abs(value), self.scale)
        return ObjectiveValue(o.name, "most" if o.sense > 0 else "least", o.unit, value, bound, gap, self.found.status)


def _solve_stage(m: CaseModel, settings: Settings, wanted: Lexicographic, before: list[Stage]) -> Stage:
    """The next stage; menus that the evaluator refuses are excluded and the rest solved again."""
    objective = wanted.stages[len(before)][0]
    limits = wanted.kept(m, [stage.found.value for stage in before])
    refused: list[Menu] = []
    while len(refused) <= RETRIES:
        found = objective.solve(m, settings, limits, refused)
        if found.menu is None:
            raise _no_answer(m, found, settings, refused)
        evaluation = m.evaluate(found.menu)
        checked = audit(evaluation, m.bounds, compared(m, objective, found.menu, found.value, evaluation))
        if checked.met:
            return Stage(objective, found, found.menu, evaluation, checked, objective.scale(m))
        refused.append(found.menu)
    raise NotTrustedError("the evaluator refused more menus than it may; no number is shown")


def _no_answer(m: CaseModel, found: Found, settings: Settings, refused: Sequence[Menu]) -> BaseException:
    if found.status == "infeasible" and not refused:
        diagnosis = diagnose(m.built, m.bounds, settings)
        return InfeasibleError(diagnosis.text, diagnosis)
    if found.status == "interrupted":
        return KeyboardInterrupt()
    if found.status == "infeasible":
        return NotTrustedError("every menu that the search found was refused by the evaluator; no number is shown")
    return SolverError("the time limit passed before any menu that meets the conditions was found; allow more time")


def compared(
    m: CaseModel, objective: Objective, menu: Menu, value: float, evaluation: Evaluation
) -> dict[str, tuple[float, float, float]]:
    """The objective and every constrained figure: by the instance, by the evaluator, and the size to compare at."""
    found = {objective.name: (value, objective.value(evaluation), max(objective.scale(m), 1e-12))}
    there, place = m, m.choices.choice(menu)
    if place is None:  # a price inside a range: the instance is stated anew at this very menu
        there = m.pinned(menu)
        place = (0,) * len(m.choices.plans), 0
    for bound in there.bounds:
        found |= _compared_bound(there, bound, place, evaluation)
    return found


def _compared_bound(
    m: CaseModel, bound: ConditionBound, place: Choice, evaluation: Evaluation
) -> dict[str, tuple[float, float, float]]:
    measure = bound.measure
    figures = {"n": measure.numerator} | ({} if measure.denominator is None else {"d": measure.denominator})
    values = evaluate(m.built.instance, figures, *place)
    if measure.denominator is None:
        told = evaluation.figure(measure.name, measure.selection)
        return {bound.name: (values["n"], told, max(abs(bound.value), 1e-9))}
    ratio, size = RATIOS[measure.name], max(1e-6 * abs(values["d"]), 1e-9)
    return {
        f"{bound.name}: {name}": (values[key], evaluation.figure(name, measure.selection), size)
        for key, name in (("n", ratio.numerator), ("d", ratio.denominator))
    }


def verdict_of(stages: Sequence[Stage], menus: int) -> tuple[str, str]:
    """The verdict in one word and in a sentence."""
    last, gap = stages[-1].found, max(stage.reported.gap for stage in stages)
    if any(s.found.status != "optimal" or s.reported.gap > s.found.gap_asked * (1.0 + 1e-9) for s in stages):
        return "best_found", f"Best found; the best possible is at most {gap:.2%} better."
    if last.cells:
        words = f"Proven within {gap:.2%} of the best prices on the continuum, by {last.cells:,} price cells."
        if last.rounding_loss is not None:
            unit = stages[-1].objective.unit
            words += f" Rounding to price points costs {last.rounding_loss:,.4g} {unit}."
        return "proved", words
    if last.method == "solver":
        return "solver_proved", "Proven by HiGHS within the gap, and independently re-evaluated."
    how = "every menu was evaluated" if last.work.enumerated >= menus else "the rest was ruled out by bounds"
    return "proved", f"Proven best of {menus:,} menus ({how}), and independently re-evaluated."


def certificate_of(stages: Sequence[Stage]) -> dict[str, Any]:
    """What ``verify`` rechecks: per stage its value on the instance and its proof."""
    return {"stages": [{"reached": s.found.value, "proof": s.found.certificate} for s in stages]}


def _solution(m: CaseModel, stages: Sequence[Stage], seconds: float) -> Solution:
    """Everything a reader sees; all figures from the evaluator."""
    last, base, case = stages[-1], m.calibrated.prepared, m.inputs.case
    menu, before = last.menu, Menu(base.today_menu(), base.today_mix)
    verdict, words = verdict_of(stages, m.choices.menus)
    notes = outside_evidence(m.choices, m.inputs.market, m.inputs.changed, before, menu)
    work = sum((stage.found.work for stage in stages), Work(steps=0))
    values = tuple(stage.reported for stage in stages)
    return Solution(
        case=m.inputs.name,
        title=case.title,
        question=case.question,
        verdict=verdict,
        verdict_text=words,
        status=last.found.status,
        objective=values[-1],
        stages=values,
        menu=plan_choices(m.inputs.market, m.inputs.changed, before.terms, menu.terms, notes),
        chosen=menu,
        today_enterprise_share=base.today_mix,
        figures=figure_values(m, last.evaluation),
        audit=last.audit,
        findings=tuple(m.findings),
        outside_evidence=tuple(note for found in notes.values() for note in found),
        evaluation=last.evaluation,
        today=m.today,
        unchanged=m.unchanged,
        input_hash=m.inputs.hash,
        inputs=m.inputs.stated,
        work=work,
        certificate=certificate_of(stages),
        menus=m.choices.menus,
        versions=versions(),
        seconds={**m.seconds, "solve": seconds},
    )


def figure_values(m: CaseModel, evaluation: Evaluation) -> tuple[FigureValue, ...]:
    """The headline figures at a menu, today, and at today's menu in the case's market."""
    made = (
        FigureValue(n, unit_of(n), evaluation.figure(n), m.today.figure(n), m.unchanged.figure(n)) for n in HEADLINES
    )
    return tuple(f for f in made if not math.isnan(f.value) or not math.isnan(f.today))
