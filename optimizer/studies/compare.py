"""Scenarios: the best menu of each, how each menu fares in every other, and which menu to regret least."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import TYPE_CHECKING

from optimizer.audit import check_bound
from optimizer.errors import InfeasibleError, bad_argument
from optimizer.levels import Level
from optimizer.load import Changes
from optimizer.optimum import Choice, Settings
from optimizer.results import Solution
from optimizer.run import Problem, aims_of, evaluate_choice, prepare_problem, solve_problem, today_choice, with_changes
from optimizer.schema.case import Case, Change, Scenario

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Cell:
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
    cells: Mapping[tuple[str, str], Cell]
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

    def _repr_html_(self) -> str:
        """For notebooks."""
        return str(self.to_frame().to_html())


def scenarios_of(case: Case) -> dict[str, Scenario]:
    """Named scenarios, the grid's combinations, and the case as it stands (``as stated``)."""
    found: dict[str, Scenario] = {"as stated": Scenario(title="as stated", changes={})}
    found.update(case.scenarios)
    paths = list(case.grid)
    for combination in itertools.product(*case.grid.values()) if paths else ():
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
) -> Comparison:
    """Compare the scenarios of a case (or those given).

    Raises:
        InputError: bad input, or fewer than two scenarios. InfeasibleError: no scenario has a menu.
    """
    problem = prepare_problem(case, sets=sets, folder=folder)
    chosen = dict(scenarios) if scenarios is not None else scenarios_of(problem.inputs.case)
    if len(chosen) < 2:
        raise bad_argument("scenarios", "the case names no scenarios", "add scenarios: or grid: to the case")
    settings = Settings(gap=problem.inputs.case.options.gap if gap is None else gap, cross_check=False)
    return compare_problems(problem, chosen, settings, progress)


def compare_problems(
    problem: Problem,
    scenarios: Mapping[str, Scenario],
    settings: Settings,
    progress: Callable[[str, int, int], None] | None = None,
) -> Comparison:
    """The comparison of a prepared problem under scenarios."""
    began = time.perf_counter()
    aim = aims_of(problem.inputs.case.objective, problem)[-1]
    problems: dict[str, Problem] = {}
    solutions: dict[str, Solution] = {}
    picked: dict[str, Choice] = {}
    none: list[str] = []
    for k, (name, scenario) in enumerate(scenarios.items()):
        problems[name] = with_changes(problem, scenario.changes) if scenario.changes else problem
        try:
            solutions[name] = solve_problem(problems[name], settings)
        except InfeasibleError:
            none.append(name)
        else:
            solution = solutions[name]
            picked[f"best in {name}"] = (tuple(p.level for p in solution.menu), solution.mix_level)
        if progress is not None:
            progress(name, k + 1, len(scenarios))
    if not picked:
        raise InfeasibleError("no scenario has a menu that meets the conditions")
    here = today_choice(problem)
    if here is not None and here not in picked.values():
        picked["today"] = here
    cells = {}
    for menu, choice in picked.items():
        for name in scenarios:
            cells[menu, name] = _cell(problems[name], choice, aim.name, aim.sense, solutions.get(name))
    total = sum(s.weight for s in scenarios.values())
    made = Comparison(
        case=problem.inputs.name,
        figure=aim.name,
        sense=aim.sense,
        unit=aim.unit,
        scenarios=tuple(scenarios),
        titles={name: s.title or name for name, s in scenarios.items()},
        weights={name: s.weight / total for name, s in scenarios.items()},
        menus=tuple(picked),
        terms={menu: problem.choices.terms(choice[0]) for menu, choice in picked.items()},
        shares={menu: problem.choices.mixes[choice[1]] for menu, choice in picked.items()},
        cells=cells,
        solutions=solutions,
        least_regret="",
        best_expected="",
        infeasible=tuple(none),
        seconds=time.perf_counter() - began,
    )
    everywhere = [m for m in made.menus if all(cells[m, s].feasible for s in scenarios if s not in none)]
    candidates = everywhere or list(made.menus)
    return replace(
        made,
        least_regret=min(candidates, key=made.maximum_regret),
        best_expected=max(candidates, key=lambda m: aim.sense * made.expected(m)),
    )


def _cell(problem: Problem, choice: Choice, figure: str, sense: int, own: Solution | None) -> Cell:
    """A menu, by its level indices, evaluated in a scenario."""
    evaluation = evaluate_choice(problem, choice)
    value = evaluation.figure(figure)
    checks = [check_bound(b, evaluation) for b in problem.bounds]
    missed = [c.name for c in checks if not c.met]
    pools = problem.prepared.pools
    for p in range(len(pools.names)):
        if pools.contracted[p] and (evaluation.burst[p] > pools.burst_limit[p] * (1.0 + 1e-9) + 1e-9).any():
            missed.append(f"compute of {pools.names[p]}")
    regret = float("nan") if own is None else max(0.0, sense * (own.objective.value - value))
    return Cell(value, not missed, tuple(missed), regret)
