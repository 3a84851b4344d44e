"""The one path everybody uses: a case in, a proven and independently checked menu out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from os import PathLike

from optimizer.answer.audit import Audit, audit
from optimizer.answer.evidence import outside_evidence
from optimizer.answer.menu import plan_choices
from optimizer.answer.solution import FigureValue, ObjectiveValue, Solution
from optimizer.economics.figures import HEADLINES, RATIOS, TOTAL, unit_of
from optimizer.errors import InfeasibleError, NotTrustedError, SolverError, bad_argument
from optimizer.inputs.changes import Changes, as_change
from optimizer.inputs.load import assemble, load_inputs
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.model.case_model import CaseModel, case_model_of, prepare_case
from optimizer.model.instance import Figure, Limit, combine, evaluate, zero_figure
from optimizer.model.measures import Measure, blend, measure, measure_limits
from optimizer.optimise.blend import best_blend
from optimizer.optimise.diagnose import diagnose
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import Answer, Settings, Work
from optimizer.optimise.price_ranges import certify, has_ranges
from optimizer.optimise.ratio import best
from optimizer.schema.case import Case, Objective, Rules
from optimizer.typing import Choice
from optimizer.units import is_share
from optimizer.versions import versions

RETRIES = 20
"""Menus that the evaluator may refuse before the run gives up."""


@dataclass(frozen=True)
class Aim:
    """One stage of an objective."""

    name: str
    sense: int
    unit: str
    measure: Measure | None
    """None for a blend."""
    linear: Figure | None = None
    ratio: tuple[float, Measure] | None = None
    give: float = 1e-4


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


def aims_of(objective: Objective, case_model: CaseModel) -> list[Aim]:
    """The stages of an objective, first to last."""

    def single(name: str, sense: int, give: float = 1e-4) -> Aim:
        made = measure(case_model.compiled, name, TOTAL, case_model.today_figure)
        return Aim(name, sense, unit_of(name), made, give=give)

    if objective.maximise:
        return [single(objective.maximise, 1)]
    if objective.minimise:
        return [single(objective.minimise, -1)]
    if objective.blend:
        linear, ratios = blend(case_model.compiled, dict(objective.blend), case_model.today_figure)
        name = " + ".join(f"{w:g} {n}" for n, w in objective.blend.items())
        return [Aim(name, 1, "today = 1", None, linear, ratios[0] if ratios else None)]
    return [
        single(str(s.maximise or s.minimise), 1 if s.maximise else -1, s.give) for s in objective.lexicographic or ()
    ]


def _scale(aim: Aim, case_model: CaseModel) -> float:
    """Least size the gap is relative to: 1e-6 of today's revenue for money, of 1 for the rest."""
    if aim.measure is None or is_share(aim.unit):
        return 1e-6
    return 1e-6 * max(1.0, abs(case_model.today_figure("revenue")))


def solve_aim(
    aim: Aim, case_model: CaseModel, settings: Settings, limits: tuple[Limit, ...], excluded: set[Choice]
) -> Answer:
    """The best choice for one aim under limits."""
    instance = case_model.compiled.instance
    scaled = replace(settings, scale=_scale(aim, case_model))
    seeds = [c] if (c := today_choice(case_model)) is not None else []
    if aim.measure is not None:
        return best(instance, aim.measure, aim.sense, limits, scaled, seeds, excluded)
    linear = aim.linear if aim.linear is not None else zero_figure(instance)
    if aim.ratio is None:
        return maximise(instance, linear, limits, scaled, seeds, excluded)
    return best_blend(instance, linear, *aim.ratio, limits, scaled, excluded)


def today_choice(case_model: CaseModel) -> Choice | None:
    """Today's menu among the choices, where the ladders contain it."""
    menu = case_model.prepared.today_menu()
    picked = []
    for name, levels in zip(case_model.choices.plans, case_model.choices.levels, strict=True):
        if menu[name] not in levels:
            return None
        picked.append(levels.index(menu[name]))
    mixes = case_model.choices.mixes
    nearest = min(range(len(mixes)), key=lambda m: abs(mixes[m] - case_model.prepared.today_mix))
    return tuple(picked), nearest


def solve_case_model(case_model: CaseModel, settings: Settings, objective: Objective | None = None) -> Solution:
    """Solve a prepared problem, stage by stage, and let the evaluator have the last word."""
    started = time.perf_counter()
    if has_ranges(case_model):
        return _solve_continuous(case_model, settings, objective or case_model.inputs.case.objective, started)
    aims = aims_of(objective or case_model.inputs.case.objective, case_model)
    limits = case_model.limits
    excluded: set[Choice] = set()
    stages: list[ObjectiveValue] = []
    work = Work(steps=0)
    answer: Answer | None = None
    checked: Audit | None = None
    index = 0
    while index < len(aims):
        aim = aims[index]
        answer = solve_aim(aim, case_model, settings, limits, excluded)
        work = work + answer.work
        if answer.choice is None:
            raise _no_answer(case_model, answer, settings, excluded)
        evaluation = evaluate_choice(case_model, answer.choice)
        checked = audit(evaluation, case_model.bounds, _compared(aim, case_model, answer, evaluation))
        if not checked.met:
            excluded.add(answer.choice)
            if len(excluded) > RETRIES:
                raise NotTrustedError("the evaluator refused more menus than it may; no number is shown")
            continue
        stages.append(_stage(aim, case_model, answer, evaluation))
        if index + 1 < len(aims) and aim.measure is not None:
            reached = aim.sense * answer.value
            kept = reached - aim.sense * aim.give * abs(reached)
            limits = (*limits, *measure_limits(f"{aim.name} (earlier stage)", aim.measure, aim.sense, kept))
        index += 1
    assert answer is not None and answer.choice is not None and checked is not None
    return _solution(case_model, answer, checked, stages, work, started, settings)


def _solve_continuous(case_model: CaseModel, settings: Settings, objective: Objective, started: float) -> Solution:
    """Price ranges: the best menu found, certified on the continuum, then rounded where asked."""
    aims = aims_of(objective, case_model)
    if len(aims) != 1 or aims[0].measure is None or aims[0].measure.denominator is not None:
        raise bad_argument("objective", "with price ranges it must be one linear figure", "use price ladders instead")
    wanted = max(settings.gap, case_model.inputs.case.options.continuous_gap)
    asked = replace(settings, gap=wanted, scale=_scale(aims[0], case_model))

    def aim_of(there: CaseModel) -> Figure:
        aim = aims_of(objective, there)[0]
        assert aim.measure is not None
        return combine([(float(aim.sense), aim.measure.numerator)])

    found = certify(case_model, aim_of, asked)
    if found.answer.choice is None:
        raise _no_answer(found.case_model, found.answer, settings, set())
    aim = aims_of(objective, found.case_model)[0]
    evaluation = evaluate_choice(found.case_model, found.answer.choice)
    checked = audit(evaluation, found.case_model.bounds, _compared(aim, found.case_model, found.answer, evaluation))
    if not checked.met:
        raise NotTrustedError("the evaluator refused the menu found; no number is shown")
    stage = _stage(aim, found.case_model, found.answer, evaluation)
    made = _solution(found.case_model, found.answer, checked, [stage], found.answer.work, started, asked)
    words = f"Proven within {stage.gap:.2%} of the best prices on the continuum, by {found.cells:,} price cells."
    if found.rounding_loss is not None:
        words += f" Rounding to price points costs {found.rounding_loss:,.4g} {stage.unit}."
    return replace(made, verdict_text=words if made.verdict == "proved" else made.verdict_text)


def _no_answer(case_model: CaseModel, answer: Answer, settings: Settings, excluded: set[Choice]) -> BaseException:
    if answer.status == "infeasible" and not excluded:
        found = diagnose(case_model.compiled, case_model.bounds, settings)
        return InfeasibleError(found.text, found)
    if answer.status == "interrupted":
        return KeyboardInterrupt()
    if answer.status == "infeasible":
        return NotTrustedError("every menu that the search found was refused by the evaluator; no number is shown")
    return SolverError("the time limit passed before any menu that meets the conditions was found; allow more time")


def evaluate_choice(case_model: CaseModel, choice: Choice) -> Evaluation:
    """The evaluator at one choice."""
    menu, mix = choice
    return evaluate_menu(case_model.prepared, case_model.choices.terms(menu), case_model.choices.mixes[mix])


def _aim_value(aim: Aim, case_model: CaseModel, evaluation: Evaluation) -> float:
    """The aim at a menu, by the evaluator."""
    if aim.measure is not None:
        return evaluation.figure(aim.name)
    weights = case_model.inputs.case.objective.blend or {}
    return sum(w * evaluation.figure(n) / max(abs(case_model.today_figure(n)), 1e-300) for n, w in weights.items())


def _compared(
    aim: Aim, case_model: CaseModel, answer: Answer, evaluation: Evaluation
) -> dict[str, tuple[float, float, float]]:
    """The aim and every constrained figure, program against evaluator."""
    scale = max(_scale(aim, case_model), 1e-12)
    compared = {aim.name: (aim.sense * answer.value, _aim_value(aim, case_model, evaluation), scale)}
    assert answer.choice is not None
    for bound in case_model.bounds:
        m = bound.measure
        figures = {"n": m.numerator} | ({} if m.denominator is None else {"d": m.denominator})
        found = evaluate(case_model.compiled.instance, figures, *answer.choice)
        ratio = RATIOS.get(m.name)
        if m.denominator is None:
            compared[f"{bound.name}"] = (
                found["n"],
                evaluation.figure(m.name, m.selection),
                max(abs(bound.value), 1e-9),
            )
        elif ratio is not None:
            for key, figure in (("n", ratio.numerator), ("d", ratio.denominator)):
                size = max(1e-6 * abs(found["d"]), 1e-9)
                compared[f"{bound.name}: {figure}"] = (found[key], evaluation.figure(figure, m.selection), size)
    return compared


def _stage(aim: Aim, case_model: CaseModel, answer: Answer, evaluation: Evaluation) -> ObjectiveValue:
    value = _aim_value(aim, case_model, evaluation)
    bound = aim.sense * answer.bound
    gap = max(0.0, aim.sense * (bound - value)) / max(abs(value), _scale(aim, case_model))
    return ObjectiveValue(aim.name, "most" if aim.sense > 0 else "least", aim.unit, value, bound, gap, answer.status)


def _verdict(stages: list[ObjectiveValue], answer: Answer, settings: Settings, menus: int) -> tuple[str, str]:
    gap = max(s.gap for s in stages)
    if any(s.status != "optimal" for s in stages) or gap > settings.gap * (1.0 + 1e-9):
        return "best_found", f"Best found; the best possible is at most {gap:.2%} better."
    if answer.method == "solver":
        return "solver_proved", "Proven by HiGHS within the gap, and independently re-evaluated."
    how = "every menu was evaluated" if answer.work.enumerated >= menus else "the rest was ruled out by bounds"
    return "proved", f"Proven best of {menus:,} menus ({how}), and independently re-evaluated."


def _solution(
    case_model: CaseModel,
    answer: Answer,
    checked: Audit,
    stages: list[ObjectiveValue],
    work: Work,
    started: float,
    settings: Settings,
) -> Solution:
    assert answer.choice is not None
    evaluation = evaluate_choice(case_model, answer.choice)
    menu, mix = answer.choice
    terms = case_model.choices.terms(menu)
    verdict, words = _verdict(stages, answer, settings, case_model.choices.menus)
    case = case_model.inputs.case
    base = case_model.calibrated.prepared
    before = base.today_menu()
    notes = outside_evidence(
        case_model.choices,
        case_model.inputs.market,
        case_model.inputs.changed,
        before,
        terms,
        case_model.choices.mixes[mix],
        base.today_mix,
    )
    figures = tuple(
        FigureValue(
            name,
            unit_of(name),
            evaluation.figure(name),
            case_model.today.figure(name),
            case_model.unchanged.figure(name),
        )
        for name in HEADLINES
    )
    return Solution(
        case=case_model.inputs.name,
        title=case.title,
        question=case.question,
        verdict=verdict,
        verdict_text=words,
        status=answer.status,
        objective=stages[-1],
        stages=tuple(stages),
        menu=plan_choices(case_model.inputs.market, case_model.inputs.changed, before, terms, menu, notes),
        enterprise_share=case_model.choices.mixes[mix],
        today_enterprise_share=base.today_mix,
        mix_level=mix,
        figures=tuple(f for f in figures if not math.isnan(f.value) or not math.isnan(f.today)),
        audit=checked,
        findings=tuple(case_model.findings),
        outside_evidence=tuple(note for found in notes.values() for note in found),
        terms=terms,
        evaluation=evaluation,
        today=case_model.today,
        unchanged=case_model.unchanged,
        input_hash=case_model.inputs.hash,
        inputs=case_model.inputs.stated,
        work=work,
        certificate=answer.certificate,
        menus=case_model.choices.menus,
        versions=versions(),
        seconds={**case_model.seconds, "solve": time.perf_counter() - started},
    )
