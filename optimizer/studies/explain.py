"""Why this menu: price responses, what conditions cost, runners-up, who gains, where the free tier's cost goes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

from optimizer.answer.explanation import Explanation
from optimizer.answer.offers import difference_text
from optimizer.errors import InfeasibleError, InputError, NotTrustedError, SolverError
from optimizer.studies.explain_section import (
    cost_section,
    first_sentences,
    gains_section,
    lever_section,
    map_section,
    response_section,
    runner_section,
    use_section,
)
from optimizer.studies.ranges import TOLD, menu_ranges
from optimizer.studies.sales import floor_section, floor_table
from optimizer.studies.sections import Content, Section
from optimizer.studies.study import Setup, Study, register
from optimizer.studies.tables import Table, table, table_of

if TYPE_CHECKING:
    from os import PathLike

    from optimizer.answer.ranges import MenuRanges
    from optimizer.answer.solution import Solution
    from optimizer.execution.executor import Executor, Shared
    from optimizer.inputs.changes import Changes
    from optimizer.model.case_model import CaseModel
    from optimizer.model.choices import Menu
    from optimizer.optimise.objectives import Lexicographic
    from optimizer.optimise.outcome import Settings
    from optimizer.schema.case import Case

MOVES = (-0.10, -0.05, -0.01, 0.01, 0.05, 0.10)
WITHIN = 0.01
"""Runners-up are within this of the best, relative."""
USD = "usd/month"


def explain_case(
    case: str | PathLike[str] | Case,
    *,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    gap: float | None = None,
    runners: int = 5,
    executor: Executor | None = None,
) -> Explanation:
    """Solve a case and explain the answer. Raises InputError, InfeasibleError, SolverError."""
    from optimizer.answer.run import solve_case_model
    from optimizer.model.case_model import prepare_case
    from optimizer.optimise.outcome import Settings

    case_model = prepare_case(case, sets=sets, folder=folder)
    settings = Settings(gap=case_model.inputs.case.options.gap if gap is None else gap)
    solution = solve_case_model(case_model, settings)
    return explain(case_model, solution, replace(settings, cross_check=False), runners, executor)


def explain(
    case_model: CaseModel, solution: Solution, settings: Settings, runners: int = 5, executor: Executor | None = None
) -> Explanation:
    """Explain a solved problem; executor: where it is solved anew, by default local processes if that is worth it."""
    from optimizer.answer.parts import usage_rows
    from optimizer.answer.responses import (
        differences,
        free_tier,
        lever_map,
        lever_responses,
        price_responses,
        segment_gains,
    )
    from optimizer.answer.sales import sales_floors
    from optimizer.execution.choice import borrowed
    from optimizer.optimise.objectives import objective_of

    began = time.perf_counter()
    wanted = objective_of(case_model.inputs.case.objective, case_model.today)
    quick = replace(settings, cancelled=None, progress=None)
    solves = len(MOVES) * sum(c.binding for c in solution.audit.conditions) + runners
    values = [stage.value for stage in solution.stages]
    with borrowed(executor, solves * solution.seconds.get("solve", 0.0)) as runner:
        shared = runner.share(case_model)
        # one after the other, beside the conditions
        near = runner.submit(next_best, shared, wanted, quick, solution.chosen, values, runners)
        costs = condition_costs(case_model, solution, wanted, quick, runner, shared)
        ranges = _ranges(case_model, solution, runner)
        others = near.result()
    return Explanation(
        solution=solution,
        price_responses=tuple(price_responses(case_model, solution)),
        condition_costs=tuple(costs),
        runners_up=tuple(
            {"value": value, "behind": behind, "differs": differences(case_model, solution, menu)}
            for menu, value, behind in others
        ),
        segments=tuple(segment_gains(solution.evaluation, solution.today)),
        free_tier=free_tier(case_model, solution),
        under_water=tuple(r for r in usage_rows(solution.evaluation) if r["under_water_share"] > 0.0),
        sales_floors=tuple(sales_floors(case_model, solution)),
        lever_responses=tuple(lever_responses(case_model, solution)),
        lever_map=tuple(lever_map(case_model, solution)),
        ranges=ranges,
        seconds=time.perf_counter() - began,
        case_model=case_model,
    )


def _ranges(case_model: CaseModel, solution: Solution, runner: Executor) -> MenuRanges | None:
    """The answer's menu over draws of all that is assumed: the aim, money and share."""
    from optimizer.economics.figures import is_figure

    aim = (solution.objective.name,) if is_figure(solution.objective.name) else ()
    names = tuple(dict.fromkeys((*aim, *TOLD)))
    return next(iter(menu_ranges(case_model, [solution.chosen], names, executor=runner)), None)


def condition_costs(
    m: CaseModel,
    solution: Solution,
    wanted: Lexicographic,
    settings: Settings,
    runner: Executor,
    shared: Shared[CaseModel],
) -> list[dict[str, Any]]:
    """The objective solved anew with each binding condition's bound moved by 1, 5 and 10 %."""
    binding = {(c.name, c.sense) for c in solution.audit.conditions if c.binding}
    sides = [(k, b, "at least" if b.sense > 0 else "at most") for k, b in enumerate(m.bounds)]
    moves = [(k, b, sense, move) for k, b, sense in sides if (b.name, sense) in binding for move in MOVES]
    indices, factors = [k for k, *_ in moves], [1.0 + move for *_, move in moves]
    values = runner.gather(moved_value, repeat(shared), repeat(wanted), repeat(settings), indices, factors)
    return [
        {
            "condition": bound.name,
            "sense": sense,
            "move": move,
            "bound": bound.value * (1.0 + move),
            "objective": value,
            "change": None if value is None else value - solution.objective.value,
        }
        for (_, bound, sense, move), value in zip(moves, values, strict=True)
    ]


def moved_value(m: CaseModel, wanted: Lexicographic, settings: Settings, index: int, factor: float) -> float | None:
    """The last objective's best with one side of a condition moved, stage by stage; None where no menu is left."""
    there = m.with_bound_moved(index, factor)
    reached: list[float] = []
    for objective, _ in wanted.stages:
        found = objective.solve(there, settings, wanted.kept(there, reached))
        if found.menu is None:
            return None
        reached.append(found.value)
    return reached[-1]


def next_best(
    m: CaseModel, wanted: Lexicographic, settings: Settings, chosen: Menu, values: Sequence[float], count: int
) -> list[tuple[Menu, float, float]]:
    """The next best menus with value and relative distance, each proven best without the ones before, within 1 %.

    values: what the answer reached, stage by stage; earlier stages are kept. None are told where prices are ranges:
    next to the best price there is always another one.
    """
    from optimizer.optimise.price_ranges import has_ranges

    if has_ranges(m) or m.choices.sifted:
        return []
    objective, best, limits = wanted.last, values[-1], wanted.kept(m, values[:-1])
    known, found = [chosen], []
    for _ in range(count):
        try:
            other = objective.solve(m, settings, limits, known)
        except (InfeasibleError, InputError, SolverError, NotTrustedError):
            break
        if other.menu is None:
            break
        behind = objective.sense * (best - other.value) / max(abs(best), 1e-300)
        if behind > WITHIN:
            break
        known.append(other.menu)
        found.append((other.menu, other.value, behind))
    return found


def explanation_document(e: Explanation) -> dict[str, Any]:
    """An explanation as plain data."""
    return {
        "schema_version": 1,
        "status": "optimal",
        "case": e.solution.case,
        "price_responses": list(e.price_responses),
        "condition_costs": list(e.condition_costs),
        "runners_up": list(e.runners_up),
        "segments": list(e.segments),
        "free_tier": e.free_tier,
        "under_water": list(e.under_water),
        "sales_floors": list(e.sales_floors),
        "lever_responses": list(e.lever_responses),
        "lever_map": list(e.lever_map),
        "ranges": None if e.ranges is None else _ranges_told(e.ranges),
        "seconds": {"solve": e.seconds},
    }


def _ranges_told(ranges: MenuRanges) -> dict[str, Any]:
    figures = {name: {"low": r.low, "middle": r.middle, "high": r.high} for name, r in ranges.figures.items()}
    return {"draws": ranges.draws, "allowed": ranges.allowed, "figures": figures}


def explanation_tables(e: Explanation) -> tuple[Table, ...]:
    """Price responses, costs of conditions, runners-up, segments, sales floors."""
    unit = e.solution.objective.unit
    responses = {"plan": "", "factor": "", "price": USD, "customers": "customers", "revenue": USD,
                 "plan_contribution": USD, "contribution_margin": USD}  # fmt: skip
    costs = {"condition": "", "sense": "", "move": "fraction", "bound": "", "objective": unit, "change": unit}
    segments = {"segment": "", "surplus_change_usd_per_person": USD, "losing_share": "fraction",
                "customers_today": "customers", "customers": "customers", "contribution_today": USD,
                "contribution": USD}  # fmt: skip
    runners = {"rank": "", "value": unit, "behind": "fraction", "differs_in": ""}
    behind = ((k, r["value"], r["behind"], difference_text(r["differs"])) for k, r in enumerate(e.runners_up, start=2))
    return (
        table_of("Price responses", responses, e.price_responses),
        table_of("Condition costs", costs, e.condition_costs),
        table("Runners-up", runners, behind),
        table_of("Segments", segments, e.segments),
        floor_table(e),
    )


@register
class ExplainStudy(Study[Explanation]):
    """What stands around the answer."""

    verb = "explain"
    word = "explanation"
    help = "Why this menu: price responses, what conditions cost, runners-up, who gains, the free tier, sales floors."
    place = 4
    results = (Explanation,)
    spread = True

    def run(self, setup: Setup) -> Explanation:
        quick = replace(setup.settings, cross_check=False)
        return explain(setup.case_model, setup.answer(), quick, executor=setup.executor)

    def document(self, result: Explanation) -> dict[str, Any]:
        return explanation_document(result)

    def tables(self, result: Explanation) -> tuple[Table, ...]:
        return explanation_tables(result)

    def first_words(self, result: Explanation, solution: Solution) -> tuple[Content, ...]:
        return first_sentences(result)

    def sections(self, result: Explanation, solution: Solution | None = None) -> tuple[Section, ...]:
        e, use = result, use_section(result)
        return (
            *([response_section(e)] if e.price_responses else []),
            *([lever_section(e)] if e.lever_responses else []),
            *([map_section(e)] if any(not r["why"] for r in e.lever_map) else []),
            *([use] if use.lead or use.blocks else []),
            gains_section(e),
            *([floor_section(e)] if e.sales_floors else []),
            *([cost_section(e)] if e.condition_costs else []),
            runner_section(e),
        )
