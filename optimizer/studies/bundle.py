"""The studies that go with an answer into a report or a workbook."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from optimizer.answer.solution import Solution
from optimizer.errors import bad_argument
from optimizer.execution.executor import Executor, borrowed
from optimizer.model.case_model import CaseModel
from optimizer.optimise.outcome import Settings
from optimizer.studies.compare import Comparison, compare_scenarios, scenarios_of
from optimizer.studies.explain import Explanation, explain
from optimizer.studies.frontier import Frontier, frontier_of
from optimizer.studies.sensitivity import Tornado, tornado, tornado_seconds

STUDIES = ("explanation", "frontier", "scenarios", "tornado")
FRONTIER_AXES = ("market_share", "contribution_margin")
SOLVES = 10
"""About how many solves' time an explanation or a frontier takes."""


@dataclass(frozen=True)
class Bundle:
    """Studies of one case; None where not asked for."""

    frontier: Frontier | None = None
    comparison: Comparison | None = None
    tornado: Tornado | None = None
    explanation: Explanation | None = None


def read_studies(text: str | None) -> set[str]:
    """Which studies a comma-separated list names; all but the tornado where nothing is said. Raises InputError."""
    if text is None:
        return {"explanation", "frontier", "scenarios"}
    found = {part.strip() for part in text.split(",") if part.strip()} - {"none"}
    for name in sorted(found - set(STUDIES)):
        raise bad_argument("--with", f"no study is named {name!r}", f"any of {', '.join(STUDIES)}, or none")
    return found


def study(
    case_model: CaseModel,
    solution: Solution,
    wanted: Collection[str],
    settings: Settings,
    points: int = 15,
    progress: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> Bundle:
    """Run the wanted studies around a solved problem, by default in as many processes as are worth it."""
    quick = replace(settings, cross_check=False, deadline=None, cancelled=None, progress=None)

    def told(name: str) -> bool:
        if name not in wanted:
            return False
        if progress is not None:
            progress(name)
        return True

    scenarios = scenarios_of(case_model.inputs.case)
    solves = SOLVES * len(set(wanted) & {"explanation", "frontier"}) + len(scenarios)
    seconds = solves * solution.seconds.get("solve", 0.0)
    seconds += tornado_seconds(case_model, solution) if "tornado" in wanted else 0.0
    with borrowed(executor, seconds) as runner:
        # one after the other, beside the other studies
        frontier = None
        if told("frontier"):
            frontier = runner.submit(frontier_of, runner.share(case_model), *FRONTIER_AXES, quick, points)
        comparison = None
        if len(scenarios) > 1 and told("scenarios"):
            comparison = compare_scenarios(case_model, scenarios, quick, executor=runner)
        return Bundle(
            comparison=comparison,
            tornado=tornado(case_model, solution, quick, executor=runner) if told("tornado") else None,
            explanation=explain(case_model, solution, quick, executor=runner) if told("explanation") else None,
            frontier=None if frontier is None else frontier.result(),
        )
