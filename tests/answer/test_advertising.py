"""Advertising whose amount a case chooses: what it earns against whom it drives away."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.answer.run import solve_case_model
from optimizer.answer.verify import verify_folder
from optimizer.cli.main import main
from optimizer.economics.figures import LINEAR, Selection
from optimizer.model.case_model import CaseModel, case_model_of
from optimizer.model.instance import evaluate
from optimizer.optimise.outcome import Settings

Data = dict[str, Any]
LADDER = [0, 0.2, 0.5, 1.5]


def market(factory: ModuleType) -> Data:
    """The small market with advertisers, less to show on the small AI model, and people who mind."""
    q = factory.q
    data: Data = factory.market()
    data["plans"]["free"] |= {"advertising_price": q(30, "usd/thousand impressions")}
    data["plans"]["free"] |= {"impressions": q(0, "impressions/request")}
    data["ai_models"]["mini"]["impressions"] = q(0.4, "fraction")
    for name, each in (("students", 0.004), ("pros", 0.01)):
        data["segments"][name]["impression_disutility"] = q(each, "utility/impression")
    return data


def asked(factory: ModuleType) -> Data:
    data: Data = factory.case()
    data["plans"]["free"] = {"allowances": {"big": {"day": [3, 6]}}, "impressions": LADDER}
    return data


@pytest.fixture(scope="module")
def ads(factory: ModuleType) -> CaseModel:
    return case_model_of(factory.inputs(market(factory), asked(factory)))


def test_none_today_leaves_today_as_it_was(factory: ModuleType, ads: CaseModel) -> None:
    plain = factory.problem().today
    assert ads.findings == ()
    for name in LINEAR:
        assert ads.today.figure(name) == pytest.approx(plain.figure(name), rel=1e-12), name
    assert ads.today.figure("impressions") == 0.0


def test_levels_are_caps_by_impressions(ads: CaseModel) -> None:
    levels = ads.choices.levels[0]
    assert [(t.impressions, dict(t.caps[0] or ())["day"]) for t in levels if t is not None] == [
        (shown, cap) for shown in LADDER for cap in (3.0, 6.0)
    ]


def test_what_is_shown_earns_and_drives_away(ads: CaseModel) -> None:
    free = Selection(plan="free")
    menus = [ads.choices.menu(((2 * k, 1, 0, 1, 0), 0)) for k in range(len(LADDER))]
    found = [ads.evaluate(menu) for menu in menus]
    customers = [e.figure("customers", free) for e in found]
    assert customers == sorted(customers, reverse=True) and customers[-1] < 0.95 * customers[0]
    for shown, e in zip(LADDER, found, strict=True):
        (per, held), requests = (e.per[0], e.customers[:, 0]), e.figure("requests", free)
        assert e.figure("impressions", free) == pytest.approx(float(held @ per.impressions), rel=1e-12)
        assert 0.4 * shown * requests <= e.figure("impressions", free) <= shown * requests
        by_hand = 0.03 * e.figure("impressions", free) + 0.002 * requests
        assert e.figure("advertising_revenue", free) == pytest.approx(by_hand, rel=1e-12)
        # the constant is of today's menu: utility falls by what is shown alone
        each = np.array([0.004, 0.01, 0.0])[ads.prepared.population.segment]
        offered = ads.prepared.plans[0].offered
        fall = found[0].per[0].utility - per.utility
        assert fall[offered] == pytest.approx((each * per.impressions)[offered], rel=1e-9, abs=1e-12)


def test_a_plan_may_state_its_own_disutility(factory: ModuleType) -> None:
    data = market(factory)
    data["plans"]["free"]["impression_disutility"] = factory.q(0.02, "utility/impression")
    facts = case_model_of(factory.inputs(data, asked(factory))).prepared.plans
    assert (facts[0].impression_disutility == 0.02).all()
    assert facts[1].impression_disutility[[0, 4, 8]] == pytest.approx([0.004, 0.01, 0.0])


def test_the_instance_agrees_with_the_evaluator(ads: CaseModel) -> None:
    figures = {name: ads.built.figure(name) for name in LINEAR}
    for level in range(8):
        choice = ((level, 1, 0, 1, 0), 0)
        told, by_evaluator = evaluate(ads.built.instance, figures, *choice), ads.evaluate(ads.choices.menu(choice))
        for name in LINEAR:
            assert told[name] == pytest.approx(by_evaluator.figure(name), rel=1e-10), (name, level)


def test_the_answer_is_the_best_of_all(factory: ModuleType, ads: CaseModel) -> None:
    best = max(e.figure("contribution_margin") for e in factory.evaluations(ads).values())
    solution = solve_case_model(ads, Settings(gap=1e-9, cross_check=False))
    assert solution.objective.value == pytest.approx(best, rel=1e-9)


def test_saved_and_verified(factory: ModuleType, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["run", str(factory.write(tmp_path, market(factory), asked(factory))), "--out", str(out)]) == 0
    told = json.loads((out / "result.json").read_text())["menu"]
    assert told["free"]["impressions"] in LADDER and told["free"]["today_impressions"] == 0.0
    assert "impressions" not in told["plus"]
    assert verify_folder(out)["passed"]
