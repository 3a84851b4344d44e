"""The studies that go with an answer into a report or a workbook."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from optimizer.answer.solution import Solution
from optimizer.errors import bad_argument
from optimizer.model.case_model import CaseModel
from optimizer.optimise.outcome import Settings
from optimizer.studies.compare import Comparison, compare_scenarios, scenarios_of
from optimizer.studies.explain import Explanation, explain
from optimizer.studies.frontier import Frontier, frontier_of
from optimizer.studies.sensitivity import Tornado, tornado

STUDIES = ("explanation", "frontier", "scenarios", "tornado")
FRONTIER_AXES = ("market_share", "contribution_margin")


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
) -> Bundle:
    """Run the wanted studies around a solved problem."""
    quick = replace(settings, cross_check=False, deadline=None)

    def told(name: str) -> bool:
        if name not in wanted:
            return False
        if progress is not None:
            progress(name)
        return True

    scenarios = scenarios_of(case_model.inputs.case)
    comparison = None
    if len(scenarios) > 1 and told("scenarios"):
        comparison = compare_scenarios(case_model, scenarios, quick)
    return Bundle(
        frontier=frontier_of(case_model, *FRONTIER_AXES, quick, points) if told("frontier") else None,
        comparison=comparison,
        tornado=tornado(case_model, solution, quick) if told("tornado") else None,
        explanation=explain(case_model, solution, quick) if told("explanation") else None,
    )
