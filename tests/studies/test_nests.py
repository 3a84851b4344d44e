"""A market with nests through the whole house: run, evaluate, frontier, compare, explain, sensitivity, verify."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from optimizer import (
    InfeasibleError,
    InputError,
    compare_case,
    evaluate_case,
    explain_case,
    frontier_case,
    sensitivity_case,
    solve_case,
)
from optimizer.answer.verify import verify_folder
from optimizer.cli.main import main
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, prepare_case, vary
from optimizer.model.choices import Menu
from optimizer.model.instance import evaluate
from optimizer.schema.case import Change
from tests.support import market_factory as factory

Data = dict[str, Any]
ORDER = [["lite", "plus"], ["plus", "team"]]


def market(dissimilarity: float = 0.5) -> Data:
    """The small market with one nest of the plans for people and one of what firms and pros buy."""
    nests = {
        "people": {"plans": ["plus", "lite", "free"], "dissimilarity": factory.q(dissimilarity)},
        "firms": {"plans": ["team", "api"], "dissimilarity": factory.q(0.8)},
    }
    nests["people"]["dissimilarity"] |= {"low": 0.3, "high": 0.9}
    return {**factory.market(), "nests": nests}


def case(**more: Any) -> Data:
    """A rule inside a nest that forbids a dear lite beside a cheap plus, one across, and a scenario without a nest."""
    scenarios = {
        "alike": {"changes": {"nests.people.dissimilarity": {"to": 0.3}}},
        "unlike": {"changes": {"nests.people.dissimilarity": {"to": 1.0}}},
    }
    kept = {"figure": "churn_rate", "at_most": 1.05, "relative_to": "today"}
    asked = {"rules": {"plan_order": ORDER}, "scenarios": scenarios, "conditions": [kept]}
    plans = {**factory.case()["plans"], "lite": {"price": [8, 22]}}
    return factory.case(**{"plans": plans, **asked, **more})


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return factory.write(tmp_path_factory.mktemp("nests"), market(), case())


@pytest.fixture(scope="module")
def saved(path: Path) -> Path:
    assert main(["run", str(path), "--out", str(path.parent.parent / "out")]) == 0
    return path.parent.parent / "out"


def every_menu(m: CaseModel) -> Iterator[tuple[Menu, Evaluation]]:
    """Every menu that keeps the rules, by plan and without composites, and the evaluator at it."""
    levels = [range(len(x)) for x in m.choices.levels]
    for picks in itertools.product(*levels):
        if all(rule.allowed[picks[rule.first], picks[rule.second]] for rule in m.choices.rules):
            for share in m.choices.mixes:
                named = zip(m.choices.plans, m.choices.levels, picks, strict=True)
                menu = Menu({name: x[k] for name, x, k in named}, share)
                yield menu, m.evaluate(menu)


def met(m: CaseModel, evaluation: Evaluation) -> bool:
    """Whether the case's conditions and compute limits are kept, by the evaluator."""
    pools = m.prepared.pools
    kept = [(evaluation.burst[p] <= pools.burst_limit[p]).all() for p in range(len(pools.names)) if pools.contracted[p]]
    assert kept
    sides = [(b, evaluation.figure(b.measure.name, b.measure.selection)) for b in m.bounds]
    return all(kept) and all(b.sense * (v - b.value) >= -1e-6 * abs(b.value) for b, v in sides)


def test_the_instance_says_what_the_evaluator_says_at_every_menu(path: Path) -> None:
    m = prepare_case(path)
    assert m.choices.plans == ("free", "plus", "lite", "team", "api")
    assert m.choices.nests == ((0, 1, 2), (3, 4))
    names = ("contribution_margin", "customers", "churned_customers", "revenue", "serving_cost")
    figures = {name: m.built.figure(name) for name in names}
    count = 0
    for menu, evaluation in every_menu(m):
        place = m.choices.choice(menu)
        assert place is not None
        assert m.choices.menu(place).terms == menu.terms
        for name, value in evaluate(m.built.instance, figures, *place).items():
            assert value == pytest.approx(evaluation.figure(name), rel=1e-9), (name, place)
        count += 1
    assert count == 3 * (3 * 3 - 2) * 2 * 2  # lite at 22 stands beside plus at 25 or none
    assert [len(part.levels) for part in m.choices.composites.parts] == [3 * (3 * 3 - 2), 2]
    assert m.choices.menus == 3 * 3 * 3 * 2 * 2


def test_the_answer_is_the_best_of_every_menu(path: Path) -> None:
    m, found = prepare_case(path), solve_case(path)
    values = [e.figure("contribution_margin") for _, e in every_menu(m) if met(m, e)]
    assert len(values) > 5
    assert found.verdict == "proved"
    assert found.objective.value == pytest.approx(max(values), rel=1e-9)
    assert found.objective.bound >= max(values) * (1 - 1e-9)
    assert set(found.terms) == set(m.choices.plans)
    # without nests the market is another one
    plain = factory.problem({**market(), "nests": {}}, case())
    assert max(e.figure("contribution_margin") for _, e in every_menu(plain)) != pytest.approx(max(values), rel=1e-3)


def test_evaluate_needs_no_composite(path: Path) -> None:
    """A price that the order of the plans inside the nest forbids is evaluated like any other."""
    cheap = evaluate_case(path, sets={"plans.plus.price": Change(to=5.0)})
    assert cheap.verdict == "evaluated"
    assert cheap.figure("customers") > evaluate_case(path).figure("customers")


def test_the_frontier_is_the_efficient_set(path: Path) -> None:
    m, found = prepare_case(path), frontier_case(path, "customers", "contribution_margin", everything=True)
    pairs = [(e.figure("customers"), e.figure("contribution_margin")) for _, e in every_menu(m) if met(m, e)]
    wanted = sorted(p for p in pairs if not any(q[0] >= p[0] and q[1] >= p[1] and q != p for q in pairs))
    assert len(wanted) > 1
    assert sorted((p.x, p.y) for p in found.points) == [pytest.approx(p, rel=1e-7) for p in wanted]


def test_compare_across_dissimilarities(path: Path) -> None:
    """Also where a scenario has no nest at all: menus go from world to world by their terms."""
    found = compare_case(path)
    assert found.scenarios == ("as stated", "alike", "unlike")
    for scenario in found.scenarios:
        assert found.cells[f"best in {scenario}", scenario].regret == pytest.approx(0.0, abs=1e-6)
        best = found.solutions[scenario].objective.value
        for name in found.menus:
            cell = found.cells[name, scenario]
            assert not cell.feasible or cell.value <= best * (1 + 1e-9), (name, scenario)


def test_explain_tells_menus_by_plan(path: Path) -> None:
    m = prepare_case(path)
    found = explain_case(path, runners=3)
    values = sorted((e.figure("contribution_margin") for _, e in every_menu(m) if met(m, e)), reverse=True)
    near = [v for v in values[1:4] if v >= values[0] * (1 - 0.01)]
    assert [r["value"] for r in found.runners_up] == pytest.approx(near, rel=1e-9)
    assert {r["plan"] for r in found.price_responses} <= set(m.choices.plans)
    assert all(r["surplus_change_usd_per_person"] == r["surplus_change_usd_per_person"] for r in found.segments)


def test_the_tornado_moves_the_dissimilarity(path: Path) -> None:
    found = sensitivity_case(path, top=1, paths=["nests.people.dissimilarity"])
    (driver,) = found.drivers
    m, chosen = prepare_case(path), solve_case(path).chosen
    for end, kept, best in ((0.3, driver.kept_low, driver.best_low), (0.9, driver.kept_high, driver.best_high)):
        there = vary(m, {"nests.people.dissimilarity": end})
        assert kept == pytest.approx(there.evaluate(there.carried(chosen, m)).figure("contribution_margin"), rel=1e-9)
        values = [e.figure("contribution_margin") for _, e in every_menu(there) if met(there, e)]
        assert best == pytest.approx(max(values), rel=1e-9)


def test_a_saved_result_is_verified_and_forgeries_are_refused(saved: Path, tmp_path: Path) -> None:
    told = verify_folder(saved)
    assert told["passed"], [row for row in told["checks"] if not row["passed"]]
    assert any(row["what"] == "bound" for row in told["checks"])

    def failed(file: str, change: Any) -> list[str]:
        place = tmp_path / "out"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(saved, place)
        document = json.loads((place / file).read_text(encoding="utf-8"))
        change(document)
        (place / file).write_text(json.dumps(document), encoding="utf-8")
        return [row["what"] for row in verify_folder(place)["checks"] if not row["passed"]]

    def proof(document: Data) -> Data:
        return dict(document["stages"][-1]["proof"])

    # one level for each composite; the menu there meets all conditions or none of the certificate's levels would do
    m = prepare_case(saved.parent / "cases" / "case.yaml")
    best = m.choices.choice(solve_case(saved.parent / "cases" / "case.yaml").chosen)
    assert best is not None and len(best[0]) == 2
    assert "bound" in failed("certificate.json", lambda d: proof(d)["excluded"].append([list(best[0]), best[1]]))
    for levels in ([0] * 5, [10_000, 0], [0]):
        named = failed("certificate.json", lambda d, levels=levels: proof(d)["excluded"].append([levels, 0]))
        assert "bound" in named, levels
    assert failed("result.json", lambda d: d["objective"].update(bound=d["objective"]["value"] * 0.99))
    for forged in (0.9, 1.1):  # customers of a plan inside the nest
        assert "parts" in failed("result.json", lambda d, by=forged: customers(d, by))


def customers(document: Data, by: float) -> None:
    document["parts"]["plan"]["plus"]["customers"] *= by


def test_a_diagnosis_frees_a_rule_inside_a_nest() -> None:
    """Lite costs 30 at least and plus 25 at most: their order forbids both, and team may not cost less than plus."""
    plans = {"plus": {"price": [20, 25], "withdraw": False}, "lite": {"price": [30, 35], "withdraw": False}}
    asked = case(plans={**case()["plans"], **plans}, conditions=[])
    with pytest.raises(InfeasibleError) as caught:
        solve(asked)
    assert [c.text for c in caught.value.diagnosis.corrections] == ["without the rule lite before plus"]
    # the same with lite cheap enough, but a bound that only the forbidden pairs can keep
    plans["lite"]["price"] = [8, 30]
    free = factory.problem(market(), case(plans={**case()["plans"], **plans}, conditions=[], rules={}))
    ruled = factory.problem(market(), case(plans={**case()["plans"], **plans}, conditions=[]))
    most = max(e.figure("revenue_per_payer") for _, e in every_menu(free))
    within = max(e.figure("revenue_per_payer") for _, e in every_menu(ruled))
    assert most > within * 1.001
    bound = {"figure": "revenue_per_payer", "at_least": 0.5 * (most + within), "name": "money"}
    with pytest.raises(InfeasibleError) as caught:
        solve(case(plans={**case()["plans"], **plans}, conditions=[bound]))
    ways = [c.text for c in caught.value.diagnosis.corrections]
    assert "without the rule lite before plus" in ways
    money = next(c for c in caught.value.diagnosis.corrections if c.moves[0].name == "money")
    assert money.moves[0].needed == pytest.approx(within, rel=1e-6)


def solve(case_data: Data) -> None:
    from optimizer.answer.run import settings_of, solve_case_model

    m = factory.problem(market(), case_data)
    solve_case_model(m, settings_of(m, 0.0))


def ranged(price: Data, plan: str, folder: Path) -> Path:
    plans = {**case()["plans"], plan: {"price": price}}
    return factory.write(folder, market(), case(plans=plans, conditions=[], options={"continuous_gap": 0.01}))


def test_a_price_range_inside_a_nest_is_refused_with_a_cure(tmp_path: Path) -> None:
    path = ranged({"least": 15, "most": 25}, "plus", tmp_path)
    with pytest.raises(InputError, match="in a nest") as caught:
        solve_case(path)
    (finding,) = caught.value.findings
    assert finding.field == "plans.plus.price"
    assert finding.cure == "write the price as a ladder, e.g. price: [15, 18, 20]"
    with pytest.raises(InputError, match="ranges"):
        frontier_case(path)


@pytest.mark.parametrize("conditions", [[], [{"figure": "churn_rate", "at_most": 1.001, "relative_to": "today"}]])
def test_a_price_range_beside_a_nest_is_proven(conditions: list[Data], tmp_path: Path) -> None:
    """The plan with the range stands alone; no price on a fine grid and no menu of the nest beat the bound."""
    data = market()
    del data["nests"]["firms"]
    plans = {**case()["plans"], "team": {"price": {"least": 22, "most": 40}}}
    asked = case(plans=plans, conditions=conditions, options={"continuous_gap": 0.01}, mix={"enterprise_share": [0.4]})
    path = factory.write(tmp_path, data, asked)
    found = solve_case(path)
    assert found.verdict == "proved"
    ladder = {**asked, "plans": {**plans, "team": {"price": [22.0 + 0.5 * k for k in range(37)]}}}
    m = factory.problem(data, ladder)
    values = [e.figure("contribution_margin") for _, e in every_menu(m) if met(m, e)]
    assert len(values) > 20
    assert found.objective.bound >= max(values) * (1 - 1e-9)
    assert found.objective.value >= max(values) * 0.99
    assert main(["run", str(path), "--out", str(tmp_path / "out")]) == 0
    assert verify_folder(tmp_path / "out")["passed"]
