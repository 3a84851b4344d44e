"""Studies of cases over months against every path followed month by month by the evaluator."""

from __future__ import annotations

import io
import itertools
import json
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer.answer.comparison import Comparison
from optimizer.answer.path_comparison import PathComparison
from optimizer.answer.path_solving import solve_path
from optimizer.answer.path_worlds import ChosenPath, asked_of, in_world, proven_path
from optimizer.errors import InfeasibleError, InputError
from optimizer.horizon.question import PathQuestion, over
from optimizer.io.plain import dumps
from optimizer.model.case_model import CaseModel, vary, with_changes
from optimizer.optimise.outcome import Settings
from optimizer.report.charts import comparison_chart
from optimizer.report.pages import page
from optimizer.schema.case import Change, Scenario
from optimizer.studies.compare import CompareStudy, compare_scenarios, compare_worlds
from optimizer.studies.frontier import FrontierStudy
from optimizer.studies.frontier_paths import frontier_over_months, refuse_path_frontier
from optimizer.studies.sensitivity import SensitivityStudy, tornado, uncertain
from tests.support.market_factory import market, q
from tests.support.path_cases import path_case, path_market, path_model

EXACT = Settings(gap=1e-9, cross_check=False)
STATED = {"stages": [1, 4], "worlds": [{"month": 3, "set": {"alternatives.rival.price": {"times": 0.6}}}]}
KEPT = {"conditions": [{"figure": "customers", "at_least": 0.9, "relative_to": "today", "from": 5}]}
SCENARIOS = {
    "as stated": Scenario(),
    "war": Scenario(title="Price war", weight=3.0, changes={"alternatives.rival.price": Change(times=0.3)}),
    "dear": Scenario(changes={"pools.main.price": Change(times=3.0)}),
}


def every_path(question: PathQuestion) -> dict[tuple[tuple[int, ...], ...], tuple[float, bool]]:
    """Levels -> value, and whether all conditions are met."""
    menus = list(itertools.product(*(range(len(own)) for own in question.timeline.m.choices.levels)))
    found = {}
    for path in itertools.product(menus, repeat=len(question.timeline.stages)):
        months = question.timeline.follow(question.timeline.menus(path))
        met = all(c.sense * (c.value(months) - c.bound) >= -1e-6 * abs(c.bound) for c in question.conditions)
        found[path] = question.aim.value(months), met
    assert len(found) > 50
    return found


def shown(study: Any, result: Any) -> str:
    """What a terminal shows, and that the document is plain."""
    from rich.console import Console

    json.loads(dumps(study.document(result)))
    assert all(len(row) == len(t.columns) for t in study.tables(result) for row in t.rows)
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(page(study.sections(result), result.seconds))
    return console.export_text()


@pytest.fixture(scope="module")
def asked() -> CaseModel:
    return path_model(path_market(habit=True), path_case(STATED, **KEPT))


@pytest.fixture(scope="module")
def compared(asked: CaseModel) -> PathComparison:
    found = compare_scenarios(asked, SCENARIOS, EXACT)
    assert isinstance(found, PathComparison)
    return found


def test_every_world_has_its_best_path_and_every_path_its_regret(asked: CaseModel, compared: PathComparison) -> None:
    tried = 0
    for name, scenario in SCENARIOS.items():
        question = asked_of(with_changes(asked, scenario.changes))
        known = every_path(question)
        best = max(value for value, met in known.values() if met)
        assert compared.cells[f"best in {name}", name].value == pytest.approx(best, rel=1e-9), name
        for path in compared.menus:
            value, met = known[compared.chosen[path].levels]
            cell = compared.cells[path, name]
            assert cell.value == pytest.approx(value, rel=1e-12), (path, name)
            assert cell.feasible == met, (path, name)
            assert cell.regret == pytest.approx(max(0.0, best - value), abs=1e-8 * abs(best)), (path, name)
            tried += 1
    assert tried == 12  # today's menu is on the ladders
    assert len(compared.groups()) > 1
    told = sum(compared.weights[s] * compared.cells["today", s].value for s in SCENARIOS)
    assert compared.expected("today") == pytest.approx(told)
    assert compared.weights["war"] == pytest.approx(0.6)


def test_a_comparison_of_paths_is_told(compared: PathComparison) -> None:
    text = shown(CompareStudy(), compared)
    assert "Price war" in text and "from month" in text and "path" in text
    document = CompareStudy().document(compared)
    assert [s["first_month"] for s in document["paths"]["best in war"]["stages"]] == [1, 4]
    assert document["scenarios"]["war"]["best"]["verdict"] == "proved"
    assert comparison_chart(compared).to_dict()
    assert pickle.loads(pickle.dumps(compared)).chosen == compared.chosen


def test_worlds_without_a_path_have_no_regret(asked: CaseModel) -> None:
    more = {"conditions": [{"figure": "serving_cost", "at_most": 1.3, "relative_to": "today", "at": [6]}]}
    m = path_model(path_market(habit=True), path_case(STATED, **more))
    worlds = {name: SCENARIOS[name] for name in ("as stated", "war")}
    short = {**worlds, "dearer": Scenario(changes={"pools.main.price": Change(times=50.0)})}
    found = compare_scenarios(m, short, EXACT)
    for name in short:
        question = asked_of(with_changes(m, short[name].changes))
        assert (name in found.infeasible) == (not any(met for _, met in every_path(question).values())), name
    assert 0 < len(found.infeasible) < len(short)


def test_cases_must_be_alike(asked: CaseModel) -> None:
    data = path_market(habit=True)
    same = replace(asked, inputs=replace(asked.inputs, name="same"))
    assert compare_worlds([asked, same], EXACT).scenarios == (asked.inputs.name, "same")
    others: list[dict[str, Any]] = [
        path_case({**STATED, "stages": [1, 5]}, **KEPT),
        path_case({**STATED, "tail": 0}, **KEPT),
        path_case(STATED, **KEPT),
    ]
    others[-1]["plans"]["plus"]["price"] = [15, 20, 26]
    for other in others:
        m = path_model(data, other)
        m = replace(m, inputs=replace(m.inputs, name="other"))
        with pytest.raises(InputError) as error:
            compare_worlds([asked, m], EXACT)
        assert error.value.findings[0].cure


def test_some_over_months_and_some_not_are_refused(asked: CaseModel) -> None:
    long_run = path_case({})
    del long_run["horizon"]
    m = path_model(market(), long_run)
    m = replace(m, inputs=replace(m.inputs, name="other"))
    with pytest.raises(InputError, match="long run"):
        compare_worlds([asked, m], EXACT)
    assert not issubclass(PathComparison, Comparison)


OFFER = {"lead": 1, "lot": q(20.0, "GPU"), "most": 3, "rent": q(1000.0, "usd/GPU/month"), "months": [1, 3]}
ORDERS = {"pool": "main", "standing": q(60.0, "GPU"), "burst_factor": 1.5, "offers": {"lease": OFFER}}


def test_orders_stay_what_they_are_in_other_worlds() -> None:
    m = path_model(path_market(), path_case({"stages": [1, 4], "gpus": ORDERS}))
    worlds = {"as stated": Scenario(), "war": SCENARIOS["war"]}
    found = compare_scenarios(m, worlds, Settings(gap=1e-4, cross_check=False))
    assert isinstance(found, PathComparison)
    assert found.orders == (("lease", 1), ("lease", 3))
    for name in worlds:
        own = found.best[name]
        assert found.cells[f"best in {name}", name].value == pytest.approx(own.objective.value, rel=1e-12)
        assert len(own.chosen.lots) == 2
    assert shown(CompareStudy(), found)


def test_no_path_anywhere(asked: CaseModel) -> None:
    more = {"conditions": [{"figure": "market_share", "at_least": 3.0, "relative_to": "today", "at": [6]}]}
    m = path_model(path_market(), path_case({}, **more))
    assert proven_path(m, EXACT) is None
    with pytest.raises(InfeasibleError):
        compare_scenarios(m, SCENARIOS, EXACT)


def test_missed_windows_are_told_in_one() -> None:
    m = path_model(path_market(), path_case({"stages": [1, 4]}, conditions=[
        {"figure": "customers", "at_least": 2.0, "relative_to": "today", "from": 3}]))  # fmt: skip
    question = asked_of(m)
    levels = (tuple(0 for _ in m.choices.plans),) * 2
    assert in_world(question, ChosenPath(levels)).missed == (f"{question.conditions[0].name}, month 3 and 3 more",)


MOVED = ("horizon.discount_rate", "dynamics.habit.loyalty", "pools.main.price")


def ranged(stated: dict[str, Any], low: float, high: float) -> dict[str, Any]:
    return {**stated, "low": low, "high": high}


@pytest.fixture(scope="module")
def uncertain_case() -> CaseModel:
    data = path_market(habit=True)
    data["dynamics"]["habit"] = {**data["dynamics"]["habit"], "loyalty": ranged(q(0.3, "utility"), 0.0, 0.6)}
    data["pools"]["main"]["price"] = ranged(data["pools"]["main"]["price"], 1.0, 9.0)
    asked = path_case(STATED, **KEPT)
    asked["horizon"]["discount_rate"] = ranged(asked["horizon"]["discount_rate"], 0.05, 0.3)
    return path_model(data, asked)


def at(m: CaseModel, path: str, value: float) -> CaseModel:
    """The case anew with one number moved."""
    if not path.startswith("horizon."):
        return vary(m, {path: value})
    data = m.inputs.case_document.data
    rate = {**data["horizon"]["discount_rate"], "value": value}
    return path_model(m.inputs.market_document.data, {**data, "horizon": {**data["horizon"], "discount_rate": rate}})


def test_numbers_move_the_kept_and_the_best_path(uncertain_case: CaseModel) -> None:
    m = uncertain_case
    solution = solve_path(m, EXACT)
    found = tornado(m, solution, EXACT, paths=MOVED)
    assert found.base == solution.objective.value and found.unit == "usd"
    tried = 0
    for d in found.drivers:
        for value, kept, best in ((d.low, d.kept_low, d.best_low), (d.high, d.kept_high, d.best_high)):
            known = every_path(asked_of(at(m, d.path, value)))
            assert kept == pytest.approx(known[solution.levels][0], rel=1e-12), d.path
            assert best == pytest.approx(max(v for v, met in known.values() if met), rel=1e-9), d.path
            tried += 1
    assert tried == 6
    swings = [d.swing(found.base) for d in found.drivers]
    assert swings == sorted(swings, reverse=True) and swings[-1] > 0
    assert "path kept, at low" in shown(SensitivityStudy(), found)


def test_numbers_of_months_are_uncertain_over_months_alone(uncertain_case: CaseModel) -> None:
    assert set(MOVED) <= set(uncertain(uncertain_case))
    data = {k: v for k, v in uncertain_case.inputs.case_document.data.items() if k not in ("horizon", "conditions")}
    m = path_model(uncertain_case.inputs.market_document.data, data)
    assert set(uncertain(m)) & set(MOVED) == {"pools.main.price"}
    with pytest.raises(InputError, match="long run"):
        uncertain(m, ["dynamics.habit.loyalty"])


@pytest.mark.parametrize("x", ["market_share", "gross_margin_rate@5-6", "-serving_cost@2"])
def test_no_path_lies_above_the_frontier(asked: CaseModel, x: str) -> None:
    """Every path evaluated: the best y at every threshold, and the room between the points."""
    found = frontier_over_months(asked, x, "contribution_margin", EXACT, points=5)
    question, window = asked_of(asked), found.x.months
    assert window is not None and found.x.name == x.strip("-").split("@")[0]
    span, line = range(window[0] - 1, window[1]), question.timeline
    known = []
    for path, (value, met) in every_path(question).items():
        if met:
            reached = over(line.follow(line.menus(path)), span, found.x.name)
            known.append((found.x.sense * reached, value))
    for p in found.points:
        asked_for = -np.inf if p.threshold is None else found.x.sense * p.threshold
        best = max(y for at, y in known if at >= asked_for - 1e-6 * abs(asked_for))
        assert p.y == pytest.approx(best, rel=1e-9), p.threshold
        assert p.bound >= best * (1 - 1e-12)
    ends = found.x.sense * found.points[-1].x, found.points[0].y
    assert ends == pytest.approx((max(at for at, _ in known), max(y for _, y in known)), rel=2e-6)
    for at, y in known:
        beyond = [p.y for p in found.points if found.x.sense * p.x >= at - 1e-9 * abs(at)]
        assert not beyond or y - max(beyond) <= found.room + 1e-9 * abs(y)
    assert len(found.points) > 1 and found.complete
    assert [p.y for p in found.points] == sorted((p.y for p in found.points), reverse=True)


def test_a_frontier_over_months_is_told(asked: CaseModel) -> None:
    found = frontier_over_months(asked, "market_share", "contribution_margin", EXACT, points=3)
    text = shown(FrontierStudy(), found)
    assert "month 6" in text and "discounted" in text and "proved" in text
    assert found.x.held == pytest.approx(solve_path(asked, EXACT).held_series("market_share")[-1])
    assert list(found.to_frame().columns[:2]) == ["x", "y"]


@pytest.mark.parametrize(
    "x,y",
    [
        ("market_share@7", "revenue"),
        ("market_share", "gross_margin_rate"),
        ("revenue@6", "revenue@6"),
        ("no", "revenue"),
    ],
)
def test_axes_that_months_do_not_have_are_refused(asked: CaseModel, x: str, y: str) -> None:
    with pytest.raises(InputError) as error:
        frontier_over_months(asked, x, y, EXACT, points=3)
    assert error.value.findings[0].cure


def test_what_a_frontier_over_months_does_not_know_is_refused(asked: CaseModel) -> None:
    ordered = path_model(path_market(), path_case({"stages": [1, 4], "gpus": ORDERS}))
    for m, *more in ((ordered, False, False, None), (asked, True, False, None), (asked, False, True, None),
                     (asked, False, False, "pools.main.price=1,2")):  # fmt: skip
        with pytest.raises(InputError) as error:
            refuse_path_frontier(m, *more)  # type: ignore[arg-type]
        assert error.value.findings[0].cure
