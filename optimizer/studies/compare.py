"""Scenarios: the best menu of each, how each menu fares in every other, and which menu to regret least."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import repeat
from os import PathLike
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from optimizer.answer.audit import check_bound
from optimizer.answer.run import solve_case_model
from optimizer.answer.solution import Solution
from optimizer.errors import InfeasibleError, bad_argument
from optimizer.execution.executor import Executor, run_all
from optimizer.inputs.changes import Changes
from optimizer.inputs.load import validate
from optimizer.io.yaml_reader import read_yaml
from optimizer.model.case_model import CaseModel, prepare_case, with_changes
from optimizer.model.choices import Level, Menu, same_menu
from optimizer.optimise.objectives import Lexicographic, Objective, objective_of
from optimizer.optimise.outcome import Settings
from optimizer.schema.base import Base, as_tuple
from optimizer.schema.case import Case, Change, Scenario

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MenuInScenario:
    """A menu in a scenario."""

    value: float
    """The objective figure there."""
    feasible: bool
    """Whether the case's conditions are met there."""
    missed: tuple[str, ...]
    """Names of the conditions that are not."""
    regret: float
    """How much worse than the scenario's own best menu; nan where that scenario has none."""


@dataclass(frozen=True)
class Comparison:
    """The full cross table of menus and scenarios."""

    case: str
    figure: str
    sense: int
    unit: str
    scenarios: tuple[str, ...]
    titles: Mapping[str, str]
    weights: Mapping[str, float]
    """Normalised to 1."""
    menus: tuple[str, ...]
    """``best in <scenario>`` and, where the ladders hold it, ``today``."""
    terms: Mapping[str, Mapping[str, Level]]
    shares: Mapping[str, float]
    """Enterprise share of the go-to-market budget, by menu."""
    cells: Mapping[tuple[str, str], MenuInScenario]
    """(menu, scenario) -> cell."""
    solutions: Mapping[str, Solution] = field(repr=False)
    least_regret: str
    """The menu with the least maximum regret, among menus that meet the conditions everywhere where there are any."""
    best_expected: str
    infeasible: tuple[str, ...]
    """Scenarios in which no menu meets the conditions."""
    seconds: float

    def maximum_regret(self, menu: str) -> float:
        """Largest regret of a menu over the scenarios."""
        return max(
            (self.cells[menu, s].regret for s in self.scenarios if s not in self.infeasible), default=float("nan")
        )

    def expected(self, menu: str) -> float:
        """Weighted mean of the objective over the scenarios."""
        return sum(self.weights[s] * self.cells[menu, s].value for s in self.scenarios)

    def to_frame(self, what: str = "value") -> pd.DataFrame:
        """Menus by scenarios: ``value``, ``regret`` or ``feasible``."""
        import pandas as pd

        rows = {m: {s: getattr(self.cells[m, s], what) for s in self.scenarios} for m in self.menus}
        return pd.DataFrame.from_dict(rows, orient="index")

    def plot(self) -> Any:
        """The chart, as an object that is returned and not shown. Needs the ``report`` extra."""
        return import_module("optimizer.report.charts").comparison_chart(self)

    def _repr_html_(self) -> str:
        """For notebooks."""
        return str(self.to_frame().to_html())


def scenarios_of(case: Case) -> dict[str, Scenario]:
    """Named scenarios, the grid's combinations, and the case as it stands (``as stated``)."""
    return _expanded(case.scenarios, case.grid)


def _expanded(named: Mapping[str, Scenario], grid: Mapping[str, tuple[Change, ...]]) -> dict[str, Scenario]:
    found: dict[str, Scenario] = {"as stated": Scenario(title="as stated", changes={})}
    found.update(named)
    paths = list(grid)
    for combination in itertools.product(*grid.values()) if paths else ():
        changes = dict(zip(paths, combination, strict=True))
        found[", ".join(f"{p} {_told(c)}" for p, c in changes.items())] = Scenario(changes=changes)
    return found


def _told(change: Change) -> str:
    if change.times is not None:
        return f"x{change.times:g}"
    return f"{change.plus:+g}" if change.plus is not None else f"= {change.to:g}"


def compare_case(
    case: str | PathLike[str] | Case,
    *,
    scenarios: Mapping[str, Scenario] | None = None,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    gap: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    executor: Executor | None = None,
) -> Comparison:
    """Compare the scenarios of a case (or those given).

    Raises:
        InputError: bad input, or fewer than two scenarios. InfeasibleError: no scenario has a menu.
    """
    case_model = prepare_case(case, sets=sets, folder=folder)
    chosen = dict(scenarios) if scenarios is not None else scenarios_of(case_model.inputs.case)
    if len(chosen) < 2:
        raise bad_argument("scenarios", "the case names no scenarios", "add scenarios: or grid: to the case")
    settings = Settings(gap=case_model.inputs.case.options.gap if gap is None else gap, cross_check=False)
    return compare_scenarios(case_model, chosen, settings, progress, executor)


def compare_scenarios(
    case_model: CaseModel,
    scenarios: Mapping[str, Scenario],
    settings: Settings,
    progress: Callable[[str, int, int], None] | None = None,
    executor: Executor | None = None,
) -> Comparison:
    """The comparison of a prepared problem in each of its scenarios."""
    case_models = {n: with_changes(case_model, s.changes) if s.changes else case_model for n, s in scenarios.items()}
    titles = {name: s.title or name for name, s in scenarios.items()}
    weights = {name: s.weight for name, s in scenarios.items()}
    return compare_problems(case_model.inputs.name, case_models, titles, weights, settings, progress, executor)


def compare_cases(
    cases: Sequence[str | PathLike[str]],
    *,
    sets: Changes | None = None,
    gap: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    executor: Executor | None = None,
) -> Comparison:
    """Compare cases with the same market and the same ladders, each a scenario of equal weight.

    Raises:
        InputError: the cases do not offer the same choices. InfeasibleError: none has a menu.
    """
    case_models = {
        case_model.inputs.name: case_model for case_model in (prepare_case(case, sets=sets) for case in cases)
    }
    if len(case_models) < 2:
        raise bad_argument("cases", "at least two cases are needed", "or one case that names scenarios")
    first = next(iter(case_models.values()))
    for name, case_model in case_models.items():
        same = case_model.choices.plans == first.choices.plans and case_model.choices.mixes == first.choices.mixes
        if not same or [len(x) for x in case_model.choices.levels] != [len(x) for x in first.choices.levels]:
            raise bad_argument(
                "cases", f"{name} does not offer the same choices as {first.inputs.name}", "give both the same ladders"
            )
    settings = Settings(gap=first.inputs.case.options.gap if gap is None else gap, cross_check=False)
    titles = {name: case_model.inputs.case.title for name, case_model in case_models.items()}
    weights = dict.fromkeys(case_models, 1.0)
    return compare_problems(" / ".join(case_models), case_models, titles, weights, settings, progress, executor)


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
    began = time.perf_counter()
    first = next(iter(case_models.values()))
    wanted = objective_of(first.inputs.case.objective, first.today)
    objective = wanted.last
    names, count = list(case_models), len(case_models)

    def told(done: int) -> None:
        if progress is not None:
            progress(names[done - 1], done, count)

    quick = replace(settings, cancelled=None, progress=None)
    tasks = case_models.values(), repeat(quick), repeat(wanted)
    solved = dict(zip(names, run_all(solution_or_none, *tasks, executor=executor, progress=told), strict=True))
    solutions = {name: solution for name, solution in solved.items() if solution is not None}
    none = [name for name in names if name not in solutions]
    picked = {f"best in {n}": first.carried(s.chosen, case_models[n]) for n, s in solutions.items()}
    if not picked:
        raise InfeasibleError("no scenario has a menu that meets the conditions")
    here = first.today_menu
    if first.choices.choice(here) is not None and not any(same_menu(here, menu) for menu in picked.values()):
        picked["today"] = here
    cells = {
        (menu, name): _cell(case_model, case_model.carried(there, first), objective, solutions.get(name))
        for menu, there in picked.items()
        for name, case_model in case_models.items()
    }
    total = sum(weights.values())
    made = Comparison(
        case=case,
        figure=objective.name,
        sense=objective.sense,
        unit=objective.unit,
        scenarios=tuple(case_models),
        titles=dict(titles),
        weights={name: weight / total for name, weight in weights.items()},
        menus=tuple(picked),
        terms={menu: there.terms for menu, there in picked.items()},
        shares={menu: there.enterprise_share for menu, there in picked.items()},
        cells=cells,
        solutions=solutions,
        least_regret="",
        best_expected="",
        infeasible=tuple(none),
        seconds=time.perf_counter() - began,
    )
    everywhere = [m for m in made.menus if all(cells[m, s].feasible for s in case_models if s not in none)]
    candidates = everywhere or list(made.menus)
    return replace(
        made,
        least_regret=min(candidates, key=made.maximum_regret),
        best_expected=max(candidates, key=lambda m: objective.sense * made.expected(m)),
    )


def solution_or_none(m: CaseModel, settings: Settings, wanted: Lexicographic) -> Solution | None:
    """The solution of a case model; None where no menu meets its conditions."""
    try:
        return solve_case_model(m, settings, wanted, diagnosed=False)
    except InfeasibleError:
        return None


def _cell(case_model: CaseModel, menu: Menu, objective: Objective, own: Solution | None) -> MenuInScenario:
    """A menu evaluated in a scenario."""
    evaluation = case_model.evaluate(menu)
    value = objective.value(evaluation)
    checks = [check_bound(b, evaluation) for b in case_model.bounds]
    missed = [c.name for c in checks if not c.met]
    pools = case_model.prepared.pools
    for p in range(len(pools.names)):
        if pools.contracted[p] and (evaluation.burst[p] > pools.burst_limit[p] * (1.0 + 1e-9) + 1e-9).any():
            missed.append(f"compute of {pools.names[p]}")
    regret = float("nan") if own is None else max(0.0, objective.sense * (own.objective.value - value))
    return MenuInScenario(value, not missed, tuple(missed), regret)


class _ScenarioFile(Base):
    """A file of scenarios for a case."""

    scenarios: dict[str, Scenario] = Field(default_factory=dict)
    grid: dict[str, Annotated[tuple[Change, ...], BeforeValidator(as_tuple)]] = Field(default_factory=dict)


def read_scenarios(path: str | PathLike[str]) -> dict[str, Scenario]:
    """Scenarios from a YAML file with ``scenarios:`` and, where wanted, ``grid:``. Raises InputError."""
    stated = validate(_ScenarioFile, read_yaml(path))
    return _expanded(stated.scenarios, stated.grid)
