"""Scenarios: the best menu of each, how each menu fares in every other, and which menu to regret least."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimizer.answer.comparison import Comparison, candidate_menus, menu_in_scenario
from optimizer.answer.offers import part_cells, part_columns, price_columns, prices
from optimizer.answer.path_comparison import PathComparison
from optimizer.errors import InfeasibleError, bad_argument
from optimizer.studies.compare_paths import compare_paths, path_document, path_table
from optimizer.studies.compare_section import comparison_section
from optimizer.studies.sections import Section
from optimizer.studies.study import Option, Setup, Study, register, settings_for
from optimizer.studies.tables import Table, table

if TYPE_CHECKING:
    from os import PathLike

    from optimizer.answer.solution import Solution
    from optimizer.execution.executor import Executor
    from optimizer.inputs.changes import Changes
    from optimizer.model.case_model import CaseModel
    from optimizer.optimise.objectives import Lexicographic
    from optimizer.optimise.outcome import Settings
    from optimizer.schema.case import Case, Scenario

CURE = "add scenarios: or grid: to the case"
TOO_FEW = ("cases", "at least two cases are needed", "or one case that names scenarios")


def compare_case(
    case: str | PathLike[str] | Case,
    *,
    scenarios: Mapping[str, Scenario] | None = None,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    gap: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    executor: Executor | None = None,
) -> Comparison | PathComparison:
    """Compare the scenarios of a case (or those given).

    Raises:
        InputError: bad input, or fewer than two scenarios. InfeasibleError: no scenario has a menu.
    """
    from optimizer.inputs.scenarios import scenarios_of
    from optimizer.model.case_model import prepare_case

    case_model = prepare_case(case, sets=sets, folder=folder)
    chosen = dict(scenarios) if scenarios is not None else scenarios_of(case_model.inputs.case)
    return compare_scenarios(case_model, chosen, settings_for(case_model, gap), progress, executor)


def compare_cases(
    cases: Sequence[str | PathLike[str]],
    *,
    sets: Changes | None = None,
    gap: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    executor: Executor | None = None,
) -> Comparison | PathComparison:
    """Compare cases with the same market and the same ladders, each a scenario of equal weight.

    Raises:
        InputError: the cases do not offer the same choices. InfeasibleError: none has a menu.
    """
    from optimizer.model.case_model import prepare_case

    if len(cases) < 2:
        raise bad_argument(*TOO_FEW)
    case_models = [prepare_case(case, sets=sets) for case in cases]
    return compare_worlds(case_models, settings_for(case_models[0], gap), progress, executor)


def compare_scenarios(
    case_model: CaseModel,
    scenarios: Mapping[str, Scenario],
    settings: Settings,
    progress: Callable[[str, int, int], None] | None = None,
    executor: Executor | None = None,
) -> Comparison | PathComparison:
    """The comparison of a prepared problem in each of its scenarios. Raises InputError for fewer than two."""
    from optimizer.answer.run import over_months
    from optimizer.model.case_model import with_changes

    if len(scenarios) < 2:
        raise bad_argument("scenarios", "the case names no scenarios", CURE)
    case_models = {n: with_changes(case_model, s.changes) if s.changes else case_model for n, s in scenarios.items()}
    titles = {name: s.title or name for name, s in scenarios.items()}
    weights = {name: s.weight for name, s in scenarios.items()}
    asked = (case_model.inputs.name, case_models, titles, weights, settings, progress, executor)
    return compare_paths(*asked) if over_months(case_model) else compare_problems(*asked)


def compare_worlds(
    given: Sequence[CaseModel],
    settings: Settings,
    progress: Callable[[str, int, int], None] | None = None,
    executor: Executor | None = None,
) -> Comparison | PathComparison:
    """The comparison of several cases that offer the same choices, each a scenario of equal weight."""
    from optimizer.answer.run import over_months

    case_models = {m.inputs.name: m for m in given}
    if len(case_models) < 2:
        raise bad_argument(*TOO_FEW)
    first = given[0]
    titles, ones = {name: m.inputs.case.title for name, m in case_models.items()}, dict.fromkeys(case_models, 1.0)
    asked = (" / ".join(case_models), case_models, titles, ones, settings, progress, executor)
    if any(over_months(m) for m in given):
        if not all(over_months(m) for m in given):
            message = "some ask over months, and some for the long run"
            raise bad_argument("cases", message, "give all the same horizon:, or none")
        return compare_paths(*asked)
    for name, m in case_models.items():
        same = m.choices.plans == first.choices.plans and m.choices.splits == first.choices.splits
        if not same or m.choices.counts != first.choices.counts:
            told = f"{name} does not offer the same choices as {first.inputs.name}"
            raise bad_argument("cases", told, "give both the same ladders")
    return compare_problems(*asked)


def compare_problems(
    case: str,
    case_models: Mapping[str, CaseModel],
    titles: Mapping[str, str],
    weights: Mapping[str, float],
    settings: Settings,
    progress: Callable[[str, int, int], None] | None = None,
    executor: Executor | None = None,
) -> Comparison:
    """The comparison of case models that offer the same choices; the first one's objective decides.

    executor: where they are solved; by default local processes if that is worth it.
    """
    from optimizer.answer.menu import menu_document
    from optimizer.execution.choice import run_all
    from optimizer.optimise.objectives import objective_of

    began = time.perf_counter()
    first = next(iter(case_models.values()))
    wanted = objective_of(first.inputs.case.objective, first.today)
    names = list(case_models)

    def told(done: int) -> None:
        if progress is not None:
            progress(names[done - 1], done, len(names))

    tasks = case_models.values(), repeat(replace(settings, cancelled=None, progress=None)), repeat(wanted)
    solved = zip(names, run_all(solution_or_none, *tasks, executor=executor, progress=told), strict=True)
    solutions = {name: solution for name, solution in solved if solution is not None}
    if not solutions:
        raise InfeasibleError("no scenario has a menu that meets the conditions")
    menus = candidate_menus(case_models, solutions)
    cells = {
        (menu, name): menu_in_scenario(m, m.carried(chosen, first), wanted.last, solutions.get(name))
        for menu, chosen in menus.items()
        for name, m in case_models.items()
    }
    total, market = sum(weights.values()), first.inputs.changed
    return Comparison(
        case=case,
        figure=wanted.last.name,
        sense=wanted.last.sense,
        unit=wanted.last.unit,
        scenarios=tuple(case_models),
        titles=dict(titles),
        weights={name: weight / total for name, weight in weights.items()},
        menus=tuple(menus),
        terms={name: menu.terms for name, menu in menus.items()},
        offers={name: menu_document(menu, market)["menu"] for name, menu in menus.items()},
        plans={name: plan.title for name, plan in market.plans.items()},
        shares={name: menu.enterprise_share for name, menu in menus.items()},
        cells=cells,
        solutions=solutions,
        infeasible=tuple(name for name in case_models if name not in solutions),
        seconds=time.perf_counter() - began,
        budgets={name: menu.budget for name, menu in menus.items()},
    )


def solution_or_none(m: CaseModel, settings: Settings, wanted: Lexicographic) -> Solution | None:
    """The solution of a case model; None where no menu meets its conditions."""
    from optimizer.answer.run import solve_case_model

    try:
        return solve_case_model(m, settings, wanted, diagnosed=False)
    except InfeasibleError:
        return None


def comparison_document(c: Comparison) -> dict[str, Any]:
    """A comparison as plain data."""
    return {
        "schema_version": 1,
        "status": "optimal",
        "case": c.case,
        "figure": {"name": c.figure, "unit": c.unit, "sense": "most" if c.sense > 0 else "least"},
        "scenarios": {s: {"title": c.titles[s], "weight": c.weights[s]} for s in c.scenarios},
        "infeasible": list(c.infeasible),
        "menus": {
            m: {
                "plans": dict(zip(c.offers[m], prices(c.offers[m]), strict=True)),
                "terms": c.offers[m],
                "enterprise_share": c.shares[m],
                **({} if c.budgets.get(m) is None else {"budget": c.budgets[m]}),
                "maximum_regret": c.maximum_regret(m),
                "expected": c.expected(m),
                "misses": {s: list(missed) for s, missed in c.misses(m).items()},
                "can_win": m in c.candidates,
            }
            for m in c.menus
        },
        "table": c.table_document(),
        "least_regret": c.least_regret,
        "best_expected": c.best_expected,
        "seconds": {"solve": c.seconds},
    }


def comparison_table(c: Comparison) -> Table:
    """Every menu: its terms, its value, regret and missed conditions in every scenario."""
    menus = [c.offers[m] for m in c.menus]
    parts = part_columns(menus)
    columns = {"menu": "", "chosen_for": "", "expected": c.unit, "largest_regret": c.unit}
    columns |= {f"value in {s}": c.unit for s in c.scenarios} | {f"regret in {s}": c.unit for s in c.scenarios}
    columns |= {f"conditions missed in {s}": "" for s in c.scenarios} | price_columns(menus)
    columns |= {"enterprise_share": "fraction", **dict.fromkeys(parts, "")}
    rows = []
    for m, offers in zip(c.menus, menus, strict=True):
        cells = [c.cells[m, s] for s in c.scenarios]
        marks = {"least regret": c.least_regret, "best expected value": c.best_expected}
        chosen = ", ".join(word for word, menu in marks.items() if menu == m)
        values = (*(x.value for x in cells), *(x.regret for x in cells), *("; ".join(x.missed) for x in cells))
        terms = (*prices(offers), c.shares[m], *part_cells(offers, parts))
        rows.append((m, chosen, c.expected(m), c.maximum_regret(m), *values, *terms))
    return table("Scenarios", columns, rows)


@register
class CompareStudy(Study[Comparison | PathComparison]):
    """The scenarios of a case, or several cases."""

    verb = "compare"
    word = "scenarios"
    help = "Each scenario's best menu in every other scenario: values, regret, the menu to regret least."
    place = 2
    results = (Comparison, PathComparison)
    several = True
    spread = True
    options = (
        Option("scenarios", "--scenarios", Path, None, "YAML file with scenarios: (and grid:) for one case.", "FILE"),
    )

    def check(self, setup: Setup) -> None:
        if setup.others:
            if setup.options["scenarios"] is not None:
                raise bad_argument("--scenarios", "goes with one case", "leave it out, or name one case")
        elif len(_scenarios(setup)) < 2:
            raise bad_argument("scenarios", "the case names no scenarios", CURE)

    def run(self, setup: Setup) -> Comparison | PathComparison:
        def done(_name: str, count: int, total: int) -> None:
            setup.progress(count, total)

        settings = replace(setup.settings, cross_check=False)
        if setup.others:
            return compare_worlds((setup.case_model, *setup.others), settings, done, setup.executor)
        return compare_scenarios(setup.case_model, _scenarios(setup), settings, done, setup.executor)

    def document(self, result: Comparison | PathComparison) -> dict[str, Any]:
        return path_document(result) if isinstance(result, PathComparison) else comparison_document(result)

    def tables(self, result: Comparison | PathComparison) -> tuple[Table, ...]:
        return (path_table(result) if isinstance(result, PathComparison) else comparison_table(result),)

    def sections(self, result: Comparison | PathComparison, solution: Solution | None = None) -> tuple[Section, ...]:
        return (comparison_section(result, solution),)

    def summary(self, result: Comparison | PathComparison) -> tuple[tuple[str, Any, str], ...]:
        none = (("scenario in which no menu meets the conditions", name, "") for name in result.infeasible)
        return (
            ("menu with the least largest regret", result.least_regret, ""),
            ("menu with the best expected value", result.best_expected, ""),
            *none,
        )

    def seconds(self, setup: Setup) -> float:
        return len(_scenarios(setup)) * setup.answer().seconds.get("solve", 0.0)

    def saved_as(self, result: Comparison | PathComparison) -> str:
        return "comparison"


def _scenarios(setup: Setup) -> Mapping[str, Scenario]:
    """Those of the file where one is named, else the case's."""
    from optimizer.inputs.scenarios import read_scenarios, scenarios_of

    path = setup.options["scenarios"]
    return scenarios_of(setup.case_model.inputs.case) if path is None else read_scenarios(path)
