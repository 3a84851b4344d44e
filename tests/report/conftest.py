"""Reports of a small shipped case, as they are and with names that want out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from optimizer.answer.run import solve_case, solve_case_model
from optimizer.model.case_model import prepare_case
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Change, Scenario
from optimizer.studies.compare import compare_case
from optimizer.studies.explain import explain
from optimizer.studies.frontier import frontier_case, frontier_of
from optimizer.studies.sensitivity import tornado

CASE = "assistant-startup-margin"
PATHS = [
    "segments.individuals.potential",
    "segments.developers.usage_correlation",
    "plans.plus.support_cost",
    "ai_models.small.output_tokens",
]
EVIL = (
    "</script><script>document.title='broken'</script>"
    "<img src=x onerror=\"document.title='broken'\">'&amp;\x07\x1b[31m\u202e"
)


@pytest.fixture(scope="session")
def studies() -> dict[str, Any]:
    """A solution with all four studies."""
    problem = prepare_case(CASE)
    settings = Settings(gap=1e-4, cross_check=False)
    solution = solve_case_model(problem, settings)
    dear = {f"pools.{name}.price": Change(times=1.5) for name in problem.inputs.market.pools}
    scenarios = {
        "as stated": Scenario(title="As stated", changes={}),
        "dear": Scenario(title="Dear GPUs", changes=dear),
    }
    return {
        "solution": solution,
        "frontier": frontier_of(problem, "market_share", "contribution_margin", settings, 9),
        "comparison": compare_case(CASE, scenarios=scenarios),
        "tornado": tornado(problem, solution, settings, 4, PATHS),
        "explanation": explain(problem, solution, settings),
    }


@pytest.fixture(scope="session")
def changed() -> dict[str, Any]:
    """A case that changes the market."""
    dear = {"pools.main.price": "x1.5"}
    return {"solution": solve_case(CASE, sets=dear), "frontier": frontier_case(CASE, points=5, sets=dear)}


@pytest.fixture(scope="session")
def hostile(studies: dict[str, Any]) -> dict[str, Any]:
    """The same with every name and text a user could write replaced by markup."""
    solution = studies["solution"]
    market = solution.evaluation.prepared.market
    segments = {key: s.model_copy(update={"title": EVIL}) for key, s in market.segments.items()}
    prepared = replace(solution.evaluation.prepared, market=market.model_copy(update={"segments": segments}))
    evil = replace(
        solution,
        case=EVIL,
        title=EVIL,
        question=EVIL,
        menu=tuple(replace(p, title=EVIL, notes=(EVIL,)) for p in solution.menu),
        outside_evidence=(EVIL,),
        evaluation=replace(solution.evaluation, prepared=prepared),
    )
    explanation, comparison, drivers = studies["explanation"], studies["comparison"], studies["tornado"].drivers
    return {
        "solution": evil,
        "frontier": studies["frontier"],
        "comparison": replace(comparison, titles=dict.fromkeys(comparison.titles, EVIL)),
        "tornado": replace(studies["tornado"], drivers=tuple(replace(d, why=EVIL, unit=EVIL) for d in drivers)),
        "explanation": replace(
            explanation,
            solution=evil,
            condition_costs=tuple({**r, "condition": EVIL} for r in explanation.condition_costs),
        ),
    }


@pytest.fixture(scope="session")
def files(
    studies: dict[str, Any],
    changed: dict[str, Any],
    hostile: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Path]:
    """The reports as files."""
    from optimizer.report.html import write_report

    folder = tmp_path_factory.mktemp("reports")
    return {
        "full": write_report(folder / "full.html", **studies),
        "plain": write_report(folder / "plain.html", studies["solution"]),
        "changed": write_report(folder / "changed.html", **changed),
        "hostile": write_report(folder / "hostile.html", **hostile),
    }
