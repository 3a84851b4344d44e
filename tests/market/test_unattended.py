"""A share of customers whose requests also run without them: types, caps, what they cost; and observed use."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from optimizer.answer.parts import usage_rows
from optimizer.economics.figures import LINEAR, Selection
from optimizer.economics.normal import lognormal_class_means
from optimizer.errors import InputError
from optimizer.model.case_model import CaseModel, case_model_of, with_changes
from optimizer.model.instance import evaluate
from optimizer.schema.case import Change

Data = dict[str, Any]
SHARE, REQUESTS, SIGMA = 0.1, 4000.0, 0.5


def data(factory: ModuleType, **more: float) -> Data:
    """The small market in which a tenth of the professionals have agents at work."""
    stated = {"share": factory.q(SHARE, "fraction"), "requests": factory.q(REQUESTS, "requests/month")}
    units = {"sigma": "1", "active_days": "days/month", "windows_per_day": "windows/day"}
    stated |= {name: factory.q(value, units[name]) for name, value in more.items()}
    found: Data = factory.changed(factory.market(), "segments.pros.usage.unattended", stated)
    return found


@pytest.fixture(scope="module")
def running(factory: ModuleType) -> CaseModel:
    return case_model_of(factory.inputs(data(factory, sigma=SIGMA, active_days=30, windows_per_day=4.5)))


def test_types_are_split_by_the_share(factory: ModuleType, running: CaseModel) -> None:
    pop, plain = running.prepared.population, factory.problem().prepared.population
    assert pop.size == 4 * 2 * 2
    assert pop.segment.tolist() == [0] * 4 + [1] * 8 + [2] * 4
    assert pop.unattended.tolist() == [False] * 8 + [True] * 4 + [False] * 4
    assert pop.cell.tolist() == [c for c in range(8) for _ in range(2)]
    before = plain.potential[plain.segment == 1]
    assert pop.potential[4:8] == pytest.approx(before * 0.9, rel=1e-12)
    assert pop.potential[8:12] == pytest.approx(before * 0.1, rel=1e-12)
    assert (pop.potential[:4] == plain.potential[:4]).all() and (pop.potential[12:] == plain.potential[8:]).all()
    assert (pop.price_coefficient[4:8] == pop.price_coefficient[8:12]).all()


def test_both_streams_are_asked_for(running: CaseModel) -> None:
    """Each class's own mean and the same quantiles of the stream: 200 and 4,000 requests in the mean."""
    pop = running.prepared.population
    own, stream = (lognormal_class_means(m, s, (0.0, 0.8, 1.0)) for m, s in ((200.0, 1.1), (REQUESTS, SIGMA)))
    assert pop.requests[2:4] == pytest.approx(own, rel=1e-12)
    assert pop.requests[4:6] == pytest.approx(own + stream, rel=1e-12)
    assert 0.8 * pop.requests[4] + 0.2 * pop.requests[5] == pytest.approx(4200.0, rel=1e-12)
    # 15 days of 2 windows with a person, 30 days of 4.5 without
    assert pop.windows["3h"][2:6] == pytest.approx([30.0, 30.0, 135.0, 135.0])
    assert pop.windows["day"][2:6] == pytest.approx([15.0, 15.0, 30.0, 30.0])
    assert (pop.windows["week"] == pop.windows["week"][0]).all()
    assert (pop.split[4:6] == pop.split[2:4]).all()


def test_without_their_own_spread_and_hours_they_are_as_the_segment(factory: ModuleType) -> None:
    pop = case_model_of(factory.inputs(data(factory))).prepared.population
    assert pop.requests[4:6] == pytest.approx(pop.requests[2:4] * 21.0, rel=1e-12)  # 4,200 against 200, spread alike
    assert pop.windows["3h"][4:6] == pytest.approx([30.0, 30.0])


def test_they_meet_caps_first_and_cost_most(running: CaseModel) -> None:
    """The plan at 20 usd: who has a stream meets its caps every month and costs more than he pays."""
    today = running.today
    rows = {r["usage_class"]: r for r in usage_rows(today) if r["plan"] == "plus"}
    assert list(rows) == ["0% to 80%", "80% to 100%", "unattended"]
    per = dict(zip(today.plans, today.per, strict=True))["plus"]
    pop = running.prepared.population
    assert (per.binds[8:12] > 0.99).all() and (per.binds[4:6] < 0.7).all()
    assert rows["unattended"]["gross_margin_per_customer"] < rows["80% to 100%"]["gross_margin_per_customer"]
    j = today.plans.index("plus")
    assert sum(r["customers"] for r in rows.values()) == pytest.approx(today.customers[:, j].sum(), rel=1e-12)
    assert rows["unattended"]["customers"] == pytest.approx(today.customers[pop.unattended, j].sum(), rel=1e-12)


def test_the_instance_agrees_with_the_evaluator(running: CaseModel) -> None:
    figures = {name: running.built.figure(name) for name in LINEAR}
    for menu in ((0, 0, 0, 0, 0), (2, 1, 0, 1, 0)):
        told = evaluate(running.built.instance, figures, menu, 1)
        by_evaluator = running.evaluate(running.choices.menu((menu, 1)))
        for name in LINEAR:
            assert told[name] == pytest.approx(by_evaluator.figure(name), rel=1e-10), (name, menu)


def test_a_share_of_nought_changes_no_figure(factory: ModuleType) -> None:
    nobody = factory.changed(data(factory), "segments.pros.usage.unattended.share", 0.0)
    found, plain = case_model_of(factory.inputs(nobody)), factory.problem()
    assert found.prepared.population.potential[8:12].sum() == 0.0
    for name in LINEAR:
        assert found.today.figure(name) == pytest.approx(plain.today.figure(name), rel=1e-9), name


def test_a_change_moves_the_share_and_keeps_the_types(running: CaseModel) -> None:
    """Without agents the same people ask for less: serving costs less, and the margin is better."""
    none = with_changes(running, {"segments.pros.usage.unattended.share": Change(to=0.0)}).unchanged
    assert none.prepared.population.size == running.prepared.population.size
    assert none.prepared.population.potential.sum() == pytest.approx(running.prepared.population.potential.sum())
    assert none.figure("serving_cost") < running.today.figure("serving_cost")
    assert none.figure("gross_margin_rate") > running.today.figure("gross_margin_rate")


def test_types_cannot_come_after_calibration(factory: ModuleType) -> None:
    plain = factory.problem()
    asked = {
        "segments.pros.usage.unattended.share": Change(to=0.1, unit="fraction"),
        "segments.pros.usage.unattended.requests": Change(to=4000.0, unit="requests/month"),
    }
    with pytest.raises(InputError, match="unattended"):
        with_changes(plain, asked)
    recalibrated = {f"recalibrate:{path}": change for path, change in asked.items()}
    assert with_changes(plain, recalibrated).prepared.population.size == 16


# --- observed use --------------------------------------------------------------------------------


def test_observed_use_is_told_beside_the_model(factory: ModuleType) -> None:
    today = factory.problem().today
    value = {p: today.figure("requests_per_customer", Selection(plan=p)) for p in ("free", "plus")}
    assert value["plus"] == pytest.approx(
        today.figure("requests", Selection(plan="plus")) / today.figure("customers", Selection(plan="plus")), rel=1e-12
    )
    pros = today.figure("requests_per_customer", Selection(segment="pros"))
    stated = {
        "plans": {"free": factory.q(value["free"] * 1.2, "requests/month"),
                  "plus": factory.q(value["plus"] * 0.5, "requests/month")},
        "segments": {"pros": factory.q(pros, "requests/month")},
    }  # fmt: skip
    market = factory.changed(factory.market(), "today.usage", {**stated, "tolerance": 0.25})
    found = case_model_of(factory.inputs(market))
    assert [(f.code, f.field, f.severity) for f in found.findings] == [("usage", "today.usage.plans.plus", "warning")]
    rows = [(m.of, m.passed) for m in found.checks if m.check == "requests_per_customer"]
    assert rows == [("free", True), ("plus", False), ("pros", True)]
    assert found.today.figure("contribution_margin") == today.figure("contribution_margin")
