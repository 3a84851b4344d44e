"""The answer over draws of what is not known: one menu, proven for all draws, and what the draws tell beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from optimizer.answer.path_robustness import RobustPathAnswer
from optimizer.answer.robustness import RobustAnswer
from optimizer.errors import InfeasibleError, bad_argument
from optimizer.studies.robust_menus import (
    DRAWS,
    RobustAsk,
    RobustRun,
    check_ask,
    draws_for,
    menus_told,
    of_own,
    own_menus,
)
from optimizer.studies.robust_paths import check_robust_paths, path_at_middle_values, robust_paths
from optimizer.studies.robust_paths_told import (
    robust_path_document,
    robust_path_files,
    robust_path_sections,
    robust_path_tables,
)
from optimizer.studies.robust_tests import experiments
from optimizer.studies.robust_told import (
    first_blocks,
    first_words,
    robust_document,
    robust_files,
    robust_sections,
    robust_tables,
    verdict_text,
)
from optimizer.studies.study import Option, Setup, Study, register, settings_for

if TYPE_CHECKING:
    from os import PathLike

    from optimizer.answer.path import PathSolution
    from optimizer.answer.solution import Solution
    from optimizer.execution.executor import Executor
    from optimizer.inputs.changes import Changes
    from optimizer.model.case_model import CaseModel
    from optimizer.optimise.outcome import Settings
    from optimizer.schema.case import Case
    from optimizer.studies.sections import Block, Content, Section
    from optimizer.studies.tables import Table
    from optimizer.uncertainty.case_draws import CaseOverDraws
    from optimizer.uncertainty.drawing import MarketDraws
    from optimizer.uncertainty.statements import RobustSolution

BESIDE = ("mean", "cvar", "regret")
"""Risks whose menus stand beside the answer."""


def robust_case(
    case: str | PathLike[str] | Case,
    *,
    draws: int | str | PathLike[str] | MarketDraws = DRAWS,
    seed: int = 1,
    risk: str = "mean",
    tail: float = 0.1,
    weighted: bool = True,
    fresh: int | None = None,
    beside: bool = True,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    gap: float | None = None,
    time_limit: float | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    executor: Executor | None = None,
) -> RobustAnswer | RobustPathAnswer:
    """The menu, over months the path of menus, that does best over draws of all that is uncertain in a case's market.

    It is proven for these draws.

    Args:
        draws: how many to draw, a file of draws, or draws.
        risk: ``mean``; ``cvar``, the mean of the worst ``tail`` of the draws; ``worst``; ``regret``, the largest loss
            against what each draw alone allows (its value and bound are regrets: less is better).
        weighted: count draws by how well they fit the market's evidence.
        fresh: how many more draws all menus are shown in; by default twice as many, none for draws of a file.
        beside: also the menus of other risks, draws' own best menus, and what it would be worth to know more.

    Conditions hold in every draw, or as their ``in`` (share of draws) and ``on`` (mean) say.

    Raises:
        InputError, InfeasibleError, SolverError, NotTrustedError; KeyboardInterrupt where it was cancelled before there
        was an answer.
    """
    from optimizer.execution.clock import limited
    from optimizer.model.case_model import prepare_case

    with limited(time_limit):
        m = prepare_case(case, sets=sets, folder=folder)
        ask = RobustAsk(risk, tail, draws, seed, weighted, fresh, beside)
        heard = RobustRun(progress or (lambda done, total: None), cancelled or (lambda: False), executor)
        return robust(m, settings_for(m, gap), ask, heard)


def robust(m: CaseModel, settings: Settings, ask: RobustAsk, heard: RobustRun) -> RobustAnswer | RobustPathAnswer:
    """The answer over draws to a case made ready. Raises like ``robust_case``."""
    from optimizer.answer.run import over_months
    from optimizer.execution.choice import borrowed
    from optimizer.execution.clock import lifted
    from optimizer.uncertainty.case_draws import check_robust, over_draws, posed_draws

    if over_months(m):
        return robust_paths(m, settings, ask, heard)
    check_ask(ask)
    check_robust(m)
    with borrowed(heard.executor, 1.0 * (ask.draws if isinstance(ask.draws, int) else DRAWS)) as runner:
        heard = replace(heard, executor=runner)
        began = time.perf_counter()
        drawn = draws_for(m, ask, heard)
        heard.took("draws", began)
        began = time.perf_counter()
        posed = posed_draws(m, drawn)
        heard.took("build", began)
        asked = over_draws(m, posed, drawn.weights if ask.weighted else None)
        with lifted():
            began = time.perf_counter()
            best = _solved(asked, ask.risk, ask.tail, settings, runner)
            heard.took("solve", began)
        return _told(m, settings, ask, heard, drawn, asked, best)


def _solved(
    asked: CaseOverDraws, risk: str, tail: float, settings: Settings, executor: Executor | None
) -> RobustSolution:
    from optimizer.uncertainty.case_draws import aim_of, check_agreement

    left = None if settings.deadline is None else max(1e-3, settings.deadline - time.monotonic())
    found = asked.problem.solve(
        aim_of(asked.m).name, risk, tail, gap=settings.gap, time_limit=left, executor=executor, **asked.asked
    )
    check_agreement(asked.draws, found.menu, found.mix, found.values)
    return found


def _told(
    m: CaseModel, settings: Settings, ask: RobustAsk, heard: RobustRun, drawn: MarketDraws, asked: CaseOverDraws,
    best: RobustSolution,
) -> RobustAnswer:  # fmt: skip
    """The answer with all that is told beside it."""
    from optimizer.uncertainty.case_draws import aim_of

    began = time.perf_counter()
    aim, case = aim_of(m), m.inputs.case
    found = {ask.risk: best, **(_beside(m, settings, ask, heard, drawn, asked) if ask.beside else {})}
    heard.took("menus beside", began)
    began = time.perf_counter()
    own = own_menus(m, drawn, heard) if ask.beside and not heard.cancelled() else []
    heard.took("draws' own menus", began)
    began = time.perf_counter()
    menus = menus_told(m, ask, heard, drawn, asked, found)
    whole = len(own) == drawn.count
    levers, worth, among = of_own(m, ask, drawn, asked, found, own) if whole else ((), None, None)
    heard.took("telling", began)
    began = time.perf_counter()
    tests = None if among is None else experiments(m, asked, among, ask.seed, heard.cancelled)
    heard.took("experiments", began)
    sense = aim.sense if ask.risk != "regret" else 1
    return RobustAnswer(
        case=m.inputs.name,
        title=case.title,
        question=case.question,
        figure=aim.name,
        unit=aim.unit,
        sense=aim.sense,
        risk=ask.risk,
        tail=ask.tail,
        value=sense * best.value,
        bound=sense * best.bound,
        gap=best.gap,
        gap_asked=settings.gap,
        verdict=best.verdict,
        status=best.status,
        menus=menus,
        conditions=tuple((name, where) for name, where in _conditions(m)),
        levers=levers,
        worth=worth,
        experiments=tests,
        own_infeasible=sum(one.choice is None for one in own),
        draws=drawn,
        weighted=ask.weighted,
        input_hash=m.inputs.hash,
        inputs=m.inputs.stated,
        certificate={"levels": list(best.menu), "mix": best.mix, "value": best.value, "bound": best.bound,
                     "gap": best.gap, "proof": best.certificate},
        spent=dict(heard.spent),
        complete=not heard.cancelled() and (whole or not ask.beside),
    )  # fmt: skip


def _conditions(m: CaseModel) -> list[tuple[str, str]]:
    from optimizer.model.measures import condition_name

    def where(c: Any) -> str:
        return "on the mean" if c.on else "in every draw" if c.share is None else f"in {c.share:.0%} of the draws"

    return [(condition_name(c), where(c)) for c in m.inputs.case.conditions]


def _beside(
    m: CaseModel, settings: Settings, ask: RobustAsk, heard: RobustRun, drawn: MarketDraws, asked: CaseOverDraws
) -> dict[str, RobustSolution]:
    """Menus of other risks; one that has none, or none in time, is left out."""
    from optimizer.errors import SolverError
    from optimizer.uncertainty.case_draws import over_draws, posed_draw

    jobs: list[tuple[str, Callable[[], RobustSolution]]] = [
        ("point", lambda: _solved(over_draws(m, [posed_draw(m)], None), "mean", 1.0, settings, None))
    ]
    jobs += [
        (risk, lambda risk=risk: _solved(asked, risk, ask.tail, settings, heard.executor))  # type: ignore[misc]
        for risk in BESIDE
        if risk != ask.risk
    ]
    if ask.weighted and drawn.effective < 0.99 * drawn.count:
        jobs.append(("mean, equal weights",
                     lambda: _solved(over_draws(m, asked.draws, None), "mean", 1.0, settings, None)))  # fmt: skip
    found = {}
    for name, solve in jobs:
        if heard.cancelled():
            break
        try:
            found[name] = solve()
        except (InfeasibleError, SolverError):
            continue
    return found


@register
class RobustStudy(Study["RobustAnswer | RobustPathAnswer"]):
    """The answer over draws."""

    verb = "robust"
    word = "robust"
    help = (
        "The menu or path that does best over draws of all that is uncertain: on average, in the worst tail, by regret."
    )
    place = 5
    results = (RobustAnswer, RobustPathAnswer)
    in_report = False
    paged = True
    stoppable = True
    limited = True
    spread = True
    options = (
        Option("draws", "--draws", str, str(DRAWS), "How many draws, or a file of them.", "N|FILE", in_report="60"),
        Option("seed", "--seed", int, 1, "Of the draws.", least=0),
        Option("risk", "--risk", str, "mean", "mean, cvar, worst or regret.", "RISK"),
        Option("tail", "--tail", float, 0.1, "Share of the draws whose mean cvar is."),
        Option("equal", "--equal-weights", bool, False, "Count all draws alike, whatever evidence they miss."),
        Option("fresh", "--fresh", int, None, "Fresh draws that menus are shown in; by default twice as many.",
               least=0, in_report=60),
        Option("alone", "--alone", bool, False, "Only the answer, without what draws tell beside it."),
    )  # fmt: skip

    def check(self, setup: Setup) -> None:
        from optimizer.answer.run import over_months
        from optimizer.uncertainty.case_draws import check_robust

        if over_months(setup.case_model):
            check_robust_paths(setup.case_model, _ask(setup.options))
            return
        check_ask(_ask(setup.options))
        check_robust(setup.case_model)

    def run(self, setup: Setup) -> RobustAnswer | RobustPathAnswer:
        settings = replace(setup.settings, cross_check=False)
        heard = RobustRun(setup.progress, setup.cancelled, setup.executor)
        return robust(setup.case_model, settings, _ask(setup.options), heard)

    def document(self, result: RobustAnswer | RobustPathAnswer) -> dict[str, Any]:
        return robust_path_document(result) if isinstance(result, RobustPathAnswer) else robust_document(result)

    def tables(self, result: RobustAnswer | RobustPathAnswer) -> tuple[Table, ...]:
        return robust_path_tables(result) if isinstance(result, RobustPathAnswer) else robust_tables(result)

    def sections(
        self, result: RobustAnswer | RobustPathAnswer, solution: Solution | None = None
    ) -> tuple[Section, ...]:
        if isinstance(result, RobustPathAnswer):
            return robust_path_sections(result)
        return robust_sections(result, solution)

    def first_words(self, result: RobustAnswer | RobustPathAnswer, solution: Solution) -> tuple[Content, ...]:
        return () if isinstance(result, RobustPathAnswer) else first_words(result, solution)

    def first_blocks(self, result: RobustAnswer | RobustPathAnswer, solution: Solution) -> tuple[Block, ...]:
        return () if isinstance(result, RobustPathAnswer) else first_blocks(result, solution)

    def answer(self, setup: Setup, result: RobustAnswer | RobustPathAnswer) -> Solution | PathSolution:
        if isinstance(result, RobustPathAnswer):
            return path_at_middle_values(setup.case_model, result)
        return answer_at_middle_values(setup.case_model, result)

    def seconds(self, setup: Setup) -> float:
        return 120.0

    def complete(self, result: RobustAnswer | RobustPathAnswer) -> bool:
        return result.complete

    def files(self, result: RobustAnswer | RobustPathAnswer) -> dict[str, str]:
        return robust_path_files(result) if isinstance(result, RobustPathAnswer) else robust_files(result)


def answer_at_middle_values(m: CaseModel, a: RobustAnswer) -> Solution:
    """The answer's menu in the market as it is stated, with the verdict over the draws: what a report is about."""
    from optimizer.answer.audit import audit
    from optimizer.answer.run import evaluated_stage
    from optimizer.answer.stages import solution_of
    from optimizer.model.choices import Menu
    from optimizer.optimise.objectives import objective_of

    own = zip(m.choices.plans, m.choices.levels, a.asked.levels, strict=True)
    menu = Menu({plan: levels[k] for plan, levels, k in own}, *m.choices.splits[a.asked.mix])
    evaluation = m.evaluate(menu)
    audited = audit(evaluation, m.bounds, {})
    stages = [evaluated_stage(m, objective, menu, evaluation, audited)
              for objective, _ in objective_of(m.inputs.case.objective, m.today).stages]  # fmt: skip
    told = f"{verdict_text(a)} All other figures here are at the middle values of what is assumed."
    return replace(solution_of(m, stages, a.seconds), verdict=a.verdict, verdict_text=told, status=a.status)


def _ask(o: Mapping[str, Any]) -> RobustAsk:
    text = str(o["draws"])
    draws: int | str = int(text) if text.isdigit() else text
    if draws == 0:
        raise bad_argument("--draws", "is 0", "1 or more")
    return RobustAsk(o["risk"], o["tail"], draws, o["seed"], not o["equal"], o["fresh"], not o["alone"])
