"""Studies in processes of their own: the same to the last bit as one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from optimizer.answer.run import solve_case_model
from optimizer.execution.executor import Executor, SerialExecutor
from optimizer.execution.processes import ProcessExecutor
from optimizer.model.case_model import CaseModel, case_model_of, vary, with_changes
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Change, Scenario
from optimizer.studies.bundle import run_studies, wanted_studies
from optimizer.studies.compare import compare_scenarios, comparison_document
from optimizer.studies.explain import explain, explanation_document
from optimizer.studies.frontier import banded, family, frontier_document, frontier_of
from optimizer.studies.sensitivity import tornado, tornado_document
from optimizer.studies.sensitivity_ends import best_value, kept_value

SETTINGS = Settings(gap=1e-6, cross_check=False)
CHANGES = {"cheap": {"alternatives.rival.price": Change(times=0.6)}, "costly": {"pools.main.price": Change(times=1.8)}}


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessExecutor]:
    with ProcessExecutor(2) as made:
        yield made


def ranged(factory: ModuleType, data: Any) -> Any:
    """Some numbers with a low and a high."""
    for path, low, high in (
        ("pools.main.price", 0.5, 2.0),
        ("segments.pros.usage.requests", 0.7, 1.4),
        ("plans.plus.decision_rate", 0.5, 1.8),
        ("today.plans.team.customers", 0.5, 20.0),
        ("segments.students.usage.hours.day", 0.9, 1.1),
    ):
        number = factory.at(data, path)
        data = factory.changed(data, path, {**number, "low": low * number["value"], "high": high * number["value"]})
    return data


@pytest.fixture(scope="module")
def m(factory: ModuleType) -> CaseModel:
    conditions = [{"figure": "customers", "at_least": 0.95, "relative_to": "today"}]
    case = factory.case(conditions=conditions, scenarios={n: {"changes": c} for n, c in CHANGES_STATED.items()})
    found: CaseModel = factory.problem(ranged(factory, factory.market()), case)
    return found


CHANGES_STATED = {n: {p: c.model_dump(exclude_none=True) for p, c in changes.items()} for n, changes in CHANGES.items()}


def plain(document: dict[str, Any]) -> Any:
    """Without what took how long."""
    text = json.dumps(document, default=str)
    document = json.loads(text)
    document.pop("seconds", None)
    return document


def of(name: str, m: CaseModel, executor: Executor) -> Any:
    solution = solve_case_model(m, SETTINGS)
    worlds = {"as stated": Scenario(changes={})} | {n: Scenario(changes=c) for n, c in CHANGES.items()}
    if name == "tornado":
        return plain(tornado_document(tornado(m, solution, SETTINGS, top=3, executor=executor)))
    if name == "scenarios":
        return plain(comparison_document(compare_scenarios(m, worlds, SETTINGS, executor=executor)))
    if name == "explanation":
        return plain(explanation_document(explain(m, solution, SETTINGS, executor=executor)))
    models = {n: with_changes(m, c) for n, c in CHANGES.items()}
    found = family(models, "customers", "contribution_margin", SETTINGS, 5, executor)
    return [plain(frontier_document(f)) for f in found]


@pytest.mark.parametrize("name", ["tornado", "scenarios", "explanation", "family"])
def test_the_same_in_processes_as_in_one(name: str, m: CaseModel, pool: ProcessExecutor) -> None:
    assert of(name, m, pool) == of(name, m, SerialExecutor())


def test_a_reports_studies_are_those_run_alone(m: CaseModel, pool: ProcessExecutor) -> None:
    solution = solve_case_model(m, SETTINGS)
    told: list[str] = []
    wanted, warned = wanted_studies("explanation,frontier,scenarios,tornado", m, SETTINGS)
    found = run_studies(wanted, m, solution, SETTINGS, told.append, pool)
    assert sorted(told) == sorted(found) == ["explanation", "frontier", "scenarios", "tornado"] and not warned
    assert plain(explanation_document(found["explanation"])) == of("explanation", m, SerialExecutor())
    assert plain(comparison_document(found["scenarios"])) == of("scenarios", m, SerialExecutor())
    alone = banded(frontier_of(m, "market_share", "contribution_margin", SETTINGS, 15), m, 24)
    assert plain(frontier_document(found["frontier"])) == plain(frontier_document(alone))
    assert plain(tornado_document(found["tornado"])) == plain(tornado_document(tornado(m, solution, SETTINGS)))


def test_a_kept_menu_is_worth_what_the_evaluator_says(m: CaseModel) -> None:
    solution = solve_case_model(m, SETTINGS)
    found = {d.path: d for d in tornado(m, solution, SETTINGS, top=2).drivers}
    assert set(found) == {
        "pools.main.price",
        "segments.pros.usage.requests",
        "plans.plus.decision_rate",
        "today.plans.team.customers",
        "segments.students.usage.hours.day",
    }
    for path in ("pools.main.price", "plans.plus.decision_rate"):
        driver = found[path]
        for value, kept in ((driver.low, driver.kept_low), (driver.high, driver.kept_high)):
            there = vary(m, {path: value}).evaluate(solution.chosen)
            assert kept == pytest.approx(there.figure("contribution_margin"), rel=1e-12), path
    # 180,000 customers of 60,000 seats, and shares of the day that do not add up to 1
    assert found["today.plans.team.customers"].kept_high is None
    assert found["segments.students.usage.hours.day"].kept_low is None
    assert found["segments.students.usage.hours.day"].kept_high is None
    best = [d for d in found.values() if d.best_low is not None or d.best_high is not None]
    assert len(best) == 2
    for driver in best:
        for kept, again in ((driver.kept_low, driver.best_low), (driver.kept_high, driver.best_high)):
            assert (kept is None) == (again is None), driver.path


def test_ladders_keep_their_step_where_the_market_moves(factory: ModuleType) -> None:
    """Unit prices are stated per million tokens: with more tokens a request, a request costs more, the step stays."""
    case = factory.case(plans={"api": {"unit_prices": {"big": [6, 8, 10]}}, "plus": {"price": [18, 20, 22]}})
    problem = factory.problem(None, case)
    solution = solve_case_model(problem, SETTINGS)
    chosen = solution.terms["api"].unit_prices[0]
    moved = vary(problem, {"ai_models.big.output_tokens": 1000.0})
    there = moved.carried(solution.chosen, problem)
    # 2,500 tokens a request instead of 2,000
    assert there.terms["api"].unit_prices[0] == pytest.approx(1.25 * chosen, rel=1e-12)
    place = problem.choices.choice(solution.chosen)
    assert moved.choices.choice(there) == place and place is not None
    assert there == moved.choices.menu(place) and problem.carried(there, moved) == solution.chosen
    # what no ladder sets is as the other market has it
    dearer = vary(problem, {"plans.team.price": 33.0})
    assert dearer.carried(solution.chosen, problem).terms["team"].price == 33.0
    assert dearer.carried(solution.chosen, problem).terms["plus"] == solution.terms["plus"]


def test_sets_hold_when_numbers_are_varied(factory: ModuleType) -> None:
    sets = {"pools.main.price": Change(times=3.0)}
    case = factory.case()
    asked = factory.inputs(None, case, sets)
    m = case_model_of(asked)
    solution = solve_case_model(m, SETTINGS)
    same = kept_value(m, solution.chosen, "plans.plus.decision_rate", 0.05)
    assert same.value == pytest.approx(solution.objective.value, rel=1e-9)
    assert best_value(m, SETTINGS, "plans.plus.decision_rate", 0.05).value == pytest.approx(
        solution.objective.value, rel=1e-9
    )
    # 3 x 4 usd, not 4
    cheaper = kept_value(m, solution.chosen, "pools.main.price", 4.0)
    wanted = case_model_of(factory.inputs(None, case, {"pools.main.price": Change(to=12.0)}))
    assert cheaper.value == pytest.approx(wanted.evaluate(solution.chosen).figure("contribution_margin"), rel=1e-9)


def test_a_stopped_tornado_says_so(m: CaseModel) -> None:
    solution = solve_case_model(m, SETTINGS)
    done: list[int] = []

    def run(stop: int) -> Any:
        done.clear()
        return tornado(
            m, solution, SETTINGS, 2, progress=lambda count, _: done.append(count), cancelled=lambda: len(done) >= stop
        )

    whole = run(100)
    assert done == list(range(1, 15)) and whole.complete
    for stop, drivers, redone in ((0, 0, 0), (5, 2, 0), (10, 5, 0), (12, 5, 1), (14, 5, 2)):
        found = run(stop)
        assert len(found.drivers) == drivers, stop
        again = [d for d in found.drivers if d.best_low is not None or d.best_high is not None]
        assert len(again) == redone and found.complete == (stop == 14), stop
