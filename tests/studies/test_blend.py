"""Objectives of every kind in every study: values by hand, and in JSON, terminal, report and workbook alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import openpyxl
import pytest

from optimizer.answer.run import solve_case_model
from optimizer.cli.main import main
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, with_changes
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Change, Scenario
from optimizer.studies.compare import compare_scenarios
from optimizer.studies.explain import explain
from optimizer.studies.sensitivity import tornado
from optimizer.studies.waterfall import waterfall

SETTINGS = Settings(gap=1e-6, cross_check=False)
BLENDS = {
    "figures": {"contribution_margin": 0.7, "customers": 0.3},
    "ratio": {"contribution_margin": 0.6, "gross_margin_rate": 0.4},
}
CONDITION = [{"figure": "customers", "at_least": 0.95, "relative_to": "today"}]
WORLDS = {
    "as stated": Scenario(changes={}),
    "costly": Scenario(title="Costly GPUs", changes={"pools.main.price": Change(times=1.5)}),
}


def market(factory: ModuleType) -> Any:
    """The small market with a range on two numbers."""
    data = factory.market()
    for path in ("pools.main.price", "plans.plus.decision_rate"):
        number = factory.at(data, path)
        ends = {"low": 0.7 * number["value"], "high": 1.3 * number["value"]}
        data = factory.changed(data, path, {**number, **ends})
    return data


@pytest.fixture(scope="module", params=BLENDS)
def blend(request: pytest.FixtureRequest) -> dict[str, float]:
    return BLENDS[request.param]


@pytest.fixture(scope="module")
def m(factory: ModuleType, blend: dict[str, float]) -> CaseModel:
    found: CaseModel = factory.problem(market(factory), factory.case(objective={"blend": blend}, conditions=CONDITION))
    return found


def value(weights: Mapping[str, float], there: Evaluation, today: Evaluation) -> float:
    """The blend by its definition: every figure relative to today's absolute value."""
    return sum(w * there.figure(name) / abs(today.figure(name)) for name, w in weights.items())


def test_compared(m: CaseModel, blend: dict[str, float]) -> None:
    found = compare_scenarios(m, WORLDS, SETTINGS)
    assert found.unit == "today = 1" and all(name in found.figure for name in blend)
    worlds = {"as stated": m, "costly": with_changes(m, WORLDS["costly"].changes)}
    checked = 0
    for (menu, name), cell in found.cells.items():
        there = worlds[name].evaluate(worlds[name].carried(_menu(found, menu), m))
        assert cell.value == pytest.approx(value(blend, there, m.today), rel=1e-9), (menu, name)
        assert cell.regret == pytest.approx(found.solutions[name].objective.value - cell.value, rel=1e-6, abs=1e-9)
        checked += 1
    assert checked >= 4


def _menu(found: Any, name: str) -> Any:
    from optimizer.model.choices import Menu

    return Menu(found.terms[name], found.shares[name])


def test_explained(m: CaseModel, blend: dict[str, float]) -> None:
    solution = solve_case_model(m, SETTINGS)
    assert solution.objective.value == pytest.approx(value(blend, solution.evaluation, m.today), rel=1e-9)
    found = explain(m, solution, SETTINGS, 3)
    assert found.condition_costs or not any(c.binding for c in solution.audit.conditions)
    for row in found.condition_costs:
        looser = row["move"] < 0
        assert row["change"] is None or (row["change"] >= -1e-6 if looser else row["change"] <= 1e-6), row
    assert all(0.0 <= row["behind"] <= 0.01 for row in found.runners_up)
    assert waterfall(solution)[-1].end == solution.evaluation.figure("contribution_margin")


def test_varied(m: CaseModel, blend: dict[str, float]) -> None:
    solution = solve_case_model(m, SETTINGS)
    found = tornado(m, solution, SETTINGS, top=2)
    assert (found.unit, found.base) == ("today = 1", solution.objective.value)
    assert {d.path for d in found.drivers} == {"pools.main.price", "plans.plus.decision_rate"}
    for driver in found.drivers:
        for kept, best in ((driver.kept_low, driver.best_low), (driver.kept_high, driver.best_high)):
            assert kept is not None and best is not None and best >= kept - 1e-6, driver.path


@pytest.mark.parametrize("blend", [pytest.param("figures", marks=pytest.mark.full), "ratio"], indirect=True)
def test_shown_everywhere(
    factory: ModuleType, blend: dict[str, float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worlds = {"costly": {"title": "Costly GPUs", "changes": {"pools.main.price": {"times": 1.5}}}}
    case = factory.case(objective={"blend": blend}, conditions=CONDITION, scenarios=worlds)
    path = str(factory.write(tmp_path, market(factory), case))
    name = " + ".join(f"{w:g} {n}" for n, w in blend.items())
    for verb in ("compare", "explain", "sensitivity", "frontier"):
        options = ["--points", "3"] if verb == "frontier" else ["--top", "1"] if verb == "sensitivity" else []
        assert main([verb, path, *options, "--json"]) == 0, verb
        body = json.loads(capsys.readouterr().out)
        assert verb not in ("compare", "sensitivity") or body["figure"]["name"] == name
        assert main([verb, path, *options]) == 0, verb
        page = capsys.readouterr().out
        assert verb in ("explain", "frontier") or name.replace("_", " ") in page, verb
    html, excel = tmp_path / "r.html", tmp_path / "r.xlsx"
    words = "explanation,frontier,scenarios,tornado"
    assert main(["run", path, "--html", str(html), "--excel", str(excel), "--with", words]) == 0
    capsys.readouterr()
    text = html.read_text(encoding="utf-8")
    for heading in ("From today’s contribution to the proposed one", "If the world turns out differently",
                    "Which numbers matter most", "How customers answer to each price"):  # fmt: skip
        assert heading in text
    assert name.replace("_", " ") in text
    book = openpyxl.load_workbook(excel)
    assert "value in costly [today = 1]" in [cell.value for cell in book["Scenarios"][1]]
    rows = {row[0]: row for row in book["Tornado"].iter_rows(values_only=True)}
    assert set(rows) == {"path", "pools.main.price", "plans.plus.decision_rate"}
    assert "swing [today = 1]" in rows["path"] and all(isinstance(x, float) for x in rows["pools.main.price"][6:8])


def test_earlier_stages_are_kept(factory: ModuleType) -> None:
    """Runners-up and moved conditions answer the same question as the case: first customers, then margin."""
    stages = [{"maximise": "customers", "give": 0.01}, {"maximise": "contribution_margin"}]
    condition = [{"figure": "gross_margin_rate", "at_least": 0.3}]
    m = factory.problem(market(factory), factory.case(objective={"lexicographic": stages}, conditions=condition))
    solution = solve_case_model(m, SETTINGS)
    found = explain(m, solution, SETTINGS, 3)
    most = solution.stages[0].value
    assert all(row["behind"] >= -1e-9 for row in found.runners_up)
    # without the first stage another menu earns more: it is no runner-up
    plain = factory.problem(market(factory), factory.case(conditions=condition))
    alone = solve_case_model(plain, SETTINGS)
    assert alone.objective.value > solution.objective.value * 1.01
    assert solution.evaluation.figure("customers") >= 0.99 * most * (1 - 1e-9)
