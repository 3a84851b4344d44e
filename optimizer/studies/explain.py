"""Why this menu: price responses, what conditions cost, runners-up, who gains, where the free tier's cost goes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, cast

from optimizer.answer.explanation import Explanation
from optimizer.answer.offers import difference_text
from optimizer.errors import InfeasibleError, InputError, NotTrustedError, SolverError
from optimizer.studies.sales import floor_section, floor_table
from optimizer.studies.sections import (
    Content,
    Drawing,
    FigureName,
    Heading,
    Listing,
    NumberForm,
    Panels,
    PlanName,
    PlanTerms,
    Row,
    Section,
    TextCell,
    Value,
    say,
    text_table,
    told_terms,
    words,
)
from optimizer.studies.study import Setup, Study, only_long_run, register
from optimizer.studies.tables import Table, table, table_of

if TYPE_CHECKING:
    from os import PathLike

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
SHOWN = (0.7, 0.9, 0.95, 1.0, 1.05, 1.1, 1.3)
"""Price factors that a terminal has room for."""
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
    from optimizer.answer.responses import differences, free_tier, price_responses, segment_gains
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
        seconds=time.perf_counter() - began,
        case_model=case_model,
    )


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
        "seconds": {"solve": e.seconds},
    }


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


PANELS = {
    "customers": "Customers of the plan",
    "revenue": "Revenue of the plan",
    "contribution_margin": "Contribution margin of the whole menu",
}
"""What is drawn against a plan's price."""


def response_section(e: Explanation) -> Section:
    """How customers answer to each price."""
    plans = dict.fromkeys(r["plan"] for r in e.price_responses)
    found = {(r["plan"], r["factor"]): Value(r["contribution_margin"], USD) for r in e.price_responses}
    shifts = [Heading(Value(f - 1.0, form=NumberForm.RELATIVE) if f != 1.0 else "as chosen", USD) for f in SHOWN]
    rows = [(plan, *(found[plan, factor] for factor in SHOWN)) for plan in plans]
    title = "Contribution margin when one plan’s price moves"
    read = (
        "The orange dot is the proposed price. A better value elsewhere breaks a condition or a rule of the case, or "
        "lies off its price ladder."
    )

    def panel(plan: str, figure: str) -> Drawing:
        return Drawing("response", {"plan": plan, "figure": figure}, PANELS[figure], small=True)

    panels = [
        Panels(e.titles().get(plan, plan), tuple(panel(plan, figure) for figure in PANELS), "" if k else read)
        for k, plan in enumerate(plans)
    ]
    return Section(
        "How customers answer to each price",
        (*panels, text_table([words("plan"), *shifts], rows, title=title, stand_in=True)),
        ("One plan’s price moves, the rest of the menu stays.",),
    )


def use_section(e: Explanation) -> Section:
    """What free customers cost and bring, and which customers cost more than they pay."""
    free = e.free_tier
    parts = tuple(say("{segment} {cost}", segment=s, cost=Value(v, USD)) for s, v in free["by_segment"].items())
    told: list[Content] = []
    if free["plans"]:
        told = [
            say(
                "Free customers cost {cost} a month to serve ({parts}) and bring {people} people into reach by word "
                "of mouth.",
                cost=Value(free["serving_cost"], USD),
                parts=parts,
                people=Value(free["referred_customers"]),
            ),
            say(
                "Without a free plan this menu would earn {money} a month at a market share of {share}, as far as this "
                "model sees.",
                money=Value(free["contribution_without"], USD),
                share=Value(free["market_share_without"], "fraction"),
            ),
        ]
    losing = tuple(
        say(
            "{plan}, usage {usage}: {count} customers at {margin} a month each",
            plan=PlanName(r["plan"], e.titles().get(r["plan"], r["plan"])),
            usage=r["usage_class"],
            count=Value(r["customers"]),
            margin=Value(r["gross_margin_per_customer"], USD),
        )
        for r in e.under_water
        if r["gross_margin_per_customer"] < 0 and r["plan"] not in free["plans"]
    )
    listing = (Listing(losing, title="Under water: they cost more than they pay"),) if losing else ()
    return Section("What free and heavy use costs", listing, tuple(told))


def gains_section(e: Explanation) -> Section:
    """Who gains and who loses."""
    headings = [
        words("segment"),
        Heading("a person and month", USD),
        Heading("share who lose", "fraction"),
        Heading("customers today", "customers"),
        Heading("customers", "customers"),
    ]
    rows: list[Row] = [
        (
            r["segment"],
            Value(r["surplus_change_usd_per_person"], USD, NumberForm.SIGNED),
            Value(r["losing_share"], "fraction"),
            Value(r["customers_today"], "customers"),
            Value(r["customers"], "customers"),
        )
        for r in e.segments
    ]
    return Section(
        "Who gains and who loses",
        (Drawing("segments"), text_table(headings, rows, stand_in=True)),
        ("By segment, against today: what a person gets beyond what they pay.",),
    )


def cost_section(e: Explanation) -> Section:
    """What binding conditions cost."""
    o = e.solution.objective
    found = {(r["move"], r["condition"], r["sense"]): r["change"] for r in e.condition_costs}
    names = list(dict.fromkeys((condition, sense) for _, condition, sense in found))
    moves = list(dict.fromkeys(move for move, _, _ in found))

    def cell(change: float | None) -> Content:
        if change is None:
            return "no menu"
        return Value(0.0 if abs(change) <= 1e-9 * abs(o.value) else change, o.unit, NumberForm.SIGNED)

    headings = [
        words("bound moved by"),
        *(Heading(say("{c}, " + s, c=FigureName(c)), o.unit) for c, s in names),
    ]
    rows = [(Value(m, form=NumberForm.RELATIVE), *(cell(found.get((m, *name))) for name in names)) for m in moves]
    lead = say("{figure} is {value}: its change if a condition that binds is moved.", figure=FigureName(o.name),
               value=Value(o.value, o.unit))  # fmt: skip
    return Section("What conditions cost", (text_table(headings, rows),), (lead,))


def runner_section(e: Explanation) -> Section:
    """Menus within 1 % and where they differ."""
    from optimizer.optimise.price_ranges import has_ranges

    o = e.solution.objective
    headings = [words("differs in"), Heading(FigureName(o.name), o.unit), Heading("behind")]
    rows: list[Row] = [
        (
            TextCell(tuple(_runner(e, plan, terms) for plan, terms in r["differs"].items()), "strong"),
            Value(r["value"], o.unit),
            Value(r["behind"], form=NumberForm.FINE),
        )
        for r in e.runners_up
    ]
    lead = "The next best menus within 1 %: differences this small are a matter of taste."
    none = "No other menu comes within 1 %."
    if has_ranges(e.case_model):
        none = "None is told where prices are ranges: next to the best price there is always another one."
    if e.case_model.choices.sifted:
        none = "None is told where combinations of unit prices are sifted."
    return Section("Runners-up", (text_table(headings, rows),), (lead if rows else none,))


def _runner(e: Explanation, plan: str, terms: Any) -> Content:
    if not isinstance(terms, dict):
        return say("{share} of the budget for enterprise", share=Value(terms, "fraction"))
    chosen = e.offers().get(plan)
    others = [chosen] if chosen is not None and chosen["offered"] else []
    whole = PlanTerms(terms["price"], bool(terms["unit_prices"]), terms["allowances"], terms["unit_prices"],
                      further=terms["further_terms"])  # fmt: skip
    news = told_terms({"offered": terms["price"] is not None, **terms}, others) if others else whole
    return say("{plan} {terms}", plan=PlanName(plan, e.titles().get(plan, plan)), terms=news)


@register
class ExplainStudy(Study[Explanation]):
    """What stands around the answer."""

    verb = "explain"
    word = "explanation"
    help = "Why this menu: price responses, what conditions cost, runners-up, who gains, the free tier, sales floors."
    place = 4
    results = (Explanation,)
    spread = True

    def check(self, setup: Setup) -> None:
        only_long_run(setup.case_model, "why one menu is the best")

    def run(self, setup: Setup) -> Explanation:
        quick, solution = replace(setup.settings, cross_check=False), setup.answer()
        only_long_run(setup.case_model, "why one menu is the best")
        return explain(setup.case_model, cast("Solution", solution), quick, executor=setup.executor)

    def document(self, result: Explanation) -> dict[str, Any]:
        return explanation_document(result)

    def tables(self, result: Explanation) -> tuple[Table, ...]:
        return explanation_tables(result)

    def sections(self, result: Explanation, solution: Solution | None = None) -> tuple[Section, ...]:
        e, use = result, use_section(result)
        return (
            *([response_section(e)] if e.price_responses else []),
            *([use] if use.lead or use.blocks else []),
            gains_section(e),
            *([floor_section(e)] if e.sales_floors else []),
            *([cost_section(e)] if e.condition_costs else []),
            runner_section(e),
        )
