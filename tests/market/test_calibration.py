"""Calibration gives today's counts back, or says which of them cannot be."""

from __future__ import annotations

import math
import time
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.economics.figures import Selection
from optimizer.errors import InputError
from optimizer.execution import clock
from optimizer.execution.clock import TimeLimitError
from optimizer.market import inversion
from optimizer.market.calibrate import calibrate
from optimizer.market.credibility import credibility
from optimizer.market.evaluate import evaluate_menu
from optimizer.market.inversion import Group, System, solve_constants

SEEDS = range(8)


def today_of(calibrated: Any) -> Any:
    return evaluate_menu(calibrated.prepared, calibrated.prepared.today_menu())


def rival_count(evaluation: Any, name: str, channel: str) -> float:
    """Customers of an alternative among the segments of a channel, from its shares of those not with us."""
    prepared = evaluation.prepared
    r = [a.name for a in prepared.alternatives].index(name)
    channels = [s.channel for s in prepared.market.segments.values()]
    rows = np.array([channels[s] == channel for s in prepared.population.segment])
    away = prepared.population.potential - evaluation.customers.sum(axis=1)
    return float((away * prepared.alternative_share[:, r])[rows].sum())


@pytest.mark.parametrize("seed", [None, *SEEDS])
def test_counts_are_given_back(factory: ModuleType, seed: int | None) -> None:
    data = factory.market() if seed is None else factory.random_market(seed)
    today = today_of(calibrate(factory.inputs(data).market))
    for plan, stated in data["today"]["plans"].items():
        count = today.figure("customers", Selection(plan=plan))
        assert count == pytest.approx(stated["customers"]["value"], rel=1e-8), plan
    for name, channels in data["today"]["alternatives"].items():
        for channel, stated in channels.items():
            assert rival_count(today, name, channel) == pytest.approx(stated["value"], rel=1e-8), (name, channel)


def test_decision_rates_today_are_the_references(factory: ModuleType) -> None:
    """5 % a month, and 8 % among students on plus."""
    today = today_of(calibrate(factory.inputs().market))
    prepared = today.prepared
    students = prepared.population.segment == prepared.population.segments.index("students")
    for name, per in zip(today.plans, today.per, strict=True):
        offered = prepared.plans[prepared.plan_index(name)].offered
        wanted = np.where(students & (name == "plus"), 0.08, 0.05)
        assert per.decision_rate[offered] == pytest.approx(wanted[offered], rel=1e-12)
    assert today.figure("decision_rate", Selection(plan="team")) == pytest.approx(0.05, rel=1e-12)


def test_constants_are_pooled(factory: ModuleType) -> None:
    """One constant per plan, whatever the segment, where counts by segment are not known."""
    constants = calibrate(factory.inputs().market).constants.plans
    for name, values in constants.items():
        known = values[np.isfinite(values)]
        assert known == pytest.approx(np.full(known.size, known[0]), abs=1e-12), name


def by_segment(factory: ModuleType, **more: Any) -> dict[str, Any]:
    plus = {"customers": factory.q(40_000, "customers")}
    plus["by_segment"] = {"students": factory.q(12_000, "customers"), "pros": factory.q(28_000, "customers")}
    return factory.changed(factory.market(), "today.plans.plus", {**plus, **more})


def test_constants_of_their_own_give_counts_by_segment_back(factory: ModuleType) -> None:
    calibrated = calibrate(factory.inputs(by_segment(factory, own_constants=True)).market)
    today = today_of(calibrated)
    for segment, count in (("students", 12_000.0), ("pros", 28_000.0)):
        rows = today.prepared.population.segment == today.prepared.population.segments.index(segment)
        held = today.customers[rows, today.plans.index("plus")].sum()
        assert held == pytest.approx(count, rel=1e-8)
        assert np.ptp(calibrated.constants.plans["plus"][rows]) == 0.0
    constants = calibrated.constants.plans["plus"]
    assert len({round(float(c), 9) for c in constants[np.isfinite(constants)]}) == 2


def test_part_of_the_segments_counted(factory: ModuleType) -> None:
    """With one segment counted, the rest of the total falls on the others."""
    data = by_segment(factory, own_constants=True)
    del data["today"]["plans"]["plus"]["by_segment"]["pros"]
    today = today_of(calibrate(factory.inputs(data).market))
    pros = today.prepared.population.segment == today.prepared.population.segments.index("pros")
    assert today.customers[pros, today.plans.index("plus")].sum() == pytest.approx(28_000.0, rel=1e-8)


def test_shrinkage_leaves_residuals(factory: ModuleType) -> None:
    """The total is exact; the more customers count for half, the more is left of a count by segment."""
    left = {}
    for shrinkage in (0.0, 3e4, 1e12):
        data = factory.changed(by_segment(factory), "today.shrinkage", shrinkage)
        calibrated = calibrate(factory.inputs(data).market)
        today = today_of(calibrated)
        assert today.figure("customers", Selection(plan="plus")) == pytest.approx(40_000.0, rel=1e-8)
        for r in calibrated.residuals:
            rows = today.prepared.population.segment == today.prepared.population.segments.index(r.segment)
            assert r.modelled == pytest.approx(today.customers[rows, today.plans.index("plus")].sum(), rel=1e-9)
        assert [r.segment for r in calibrated.residuals] == ["students", "pros"]
        left[shrinkage] = abs(calibrated.residuals[0].modelled - 12_000.0)
    assert left[0.0] < 1e-3
    assert 1.0 < left[3e4] < left[1e12]


def test_residuals_beyond_the_tolerance_are_findings(factory: ModuleType) -> None:
    data = by_segment(factory)
    data["today"] |= {"shrinkage": 1e12, "segment_tolerance": 0.01}
    inputs = factory.inputs(data)
    calibrated = calibrate(inputs.market)
    today = evaluate_menu(calibrated.prepared, calibrated.prepared.today_menu())
    found, _ = credibility(calibrated, today, inputs.market_document)
    assert {f.field for f in found if f.code == "residual"} == {
        "today.plans.plus.by_segment.students",
        "today.plans.plus.by_segment.pros",
    }


def test_an_analogue_lends_its_constant(factory: ModuleType) -> None:
    """lite takes plus's constant less 0.2, and its own utility at its own price as its reference."""
    calibrated = calibrate(factory.inputs().market)
    constants, prepared = calibrated.constants, calibrated.prepared
    offered = prepared.plans[prepared.plan_index("lite")].offered
    assert constants.plans["lite"][offered] == pytest.approx(constants.plans["plus"][offered] - 0.2, rel=1e-12)
    menu = {**prepared.today_menu(), "lite": prepared.terms["lite"]}
    evaluation = evaluate_menu(prepared, menu)
    per = evaluation.per[evaluation.plans.index("lite")]
    assert per.utility[offered] == pytest.approx(constants.references["lite"][offered], rel=1e-12)
    assert evaluation.figure("decision_rate", Selection(plan="lite")) == pytest.approx(0.05, rel=1e-12)


def test_an_analogue_offered_elsewhere_lends_its_pooled_constant(factory: ModuleType) -> None:
    """Where the analogue is not offered, the mean of its constants weighted by customers."""
    data = by_segment(factory, own_constants=True)
    data = factory.changed(data, "plans.lite.segments", ["students", "firms"])
    calibrated = calibrate(factory.inputs(data).market)
    plus, lite = calibrated.constants.plans["plus"], calibrated.constants.plans["lite"]
    segment = calibrated.prepared.population.segment
    students, pros, firms = (segment == k for k in range(3))
    assert lite[students] == pytest.approx(plus[students] - 0.2, rel=1e-12)
    pooled = 0.3 * plus[students][0] + 0.7 * plus[pros][0]
    assert lite[firms] == pytest.approx(np.full(firms.sum(), pooled - 0.2), rel=1e-12)
    assert np.isnan(lite[pros]).all()


def test_counts_that_do_not_fit_name_the_set(factory: ModuleType) -> None:
    """free and plus fit alone but not together: about 0.64 x 900,000 reached, each customer counts for 0.9 or more."""
    data = factory.changed(factory.market(), "today.plans.free.customers", 400_000)
    data = factory.changed(data, "today.plans.plus.customers", 400_000)
    data = factory.changed(data, "today.alternatives.rival.consumer", 1_000)
    with pytest.raises(InputError) as error:
        calibrate(factory.inputs(data).market)
    (finding,) = error.value.findings
    assert finding.code == "calibration-room"
    assert "free, plus" in finding.message and "team" not in finding.message
    alone = factory.changed(data, "today.plans.plus.customers", 40_000)
    assert calibrate(factory.inputs(alone).market).steps < 60


def test_one_plan_that_does_not_fit_is_named_alone(factory: ModuleType) -> None:
    data = factory.changed(factory.market(), "today.plans.team.customers", 50_000)
    with pytest.raises(InputError) as error:
        calibrate(factory.inputs(data).market)
    assert [f.field for f in error.value.findings] == ["today.plans.team.customers"]


def test_a_count_of_nothing_is_refused(factory: ModuleType) -> None:
    data = factory.changed(factory.market(), "today.plans.team.customers", 0)
    with pytest.raises(InputError) as error:
        calibrate(factory.inputs(data).market)
    assert [(f.code, f.field) for f in error.value.findings] == [("calibration-count", "today.plans.team.customers")]


def test_segments_that_exceed_the_total_are_refused(factory: ModuleType) -> None:
    """12,000 + 28,000 leave nothing for a third group."""
    data = by_segment(factory, own_constants=True)
    data["plans"]["plus"]["segments"] = ["students", "pros", "firms"]
    with pytest.raises(InputError) as error:
        calibrate(factory.inputs(data).market)
    assert [f.code for f in error.value.findings] == ["calibration-count"]


def test_a_changed_market_keeps_the_constants(factory: ModuleType) -> None:
    """A case's changes come after calibration: the constants are those of today's market."""
    case = factory.case(changes={"alternatives.rival.price": {"times": 0.5}})
    cheap, plain = factory.problem(None, case), factory.problem()
    for name, values in plain.calibrated.constants.plans.items():
        assert np.array_equal(values, cheap.calibrated.constants.plans[name], equal_nan=True)
    before, after = (p.unchanged.figure("customers") for p in (plain, cheap))
    assert after < before == pytest.approx(335_000.0, rel=1e-8)
    assert cheap.today.figure("customers") == pytest.approx(before, rel=1e-12)
    assert math.isfinite(after)


NEARBY = {
    "segments.pros.usage.requests": 1.5,
    "segments.students.price_coefficient": 0.7,
    "today.plans.plus.customers": 0.6,
    "today.alternatives.rival.consumer": 1.4,
    "plans.free.decision_rate": 2.0,
    "alternatives.open.quality": 0.5,
    "go_to_market.budget": 1.5,
}


@pytest.mark.parametrize("shrunk", [False, True])
@pytest.mark.parametrize("path", NEARBY)
def test_from_a_market_nearby_the_constants_are_the_same(factory: ModuleType, path: str, shrunk: bool) -> None:
    data = by_segment(factory) if shrunk else factory.market()
    moved = factory.changed(data, path, factory.at(data, path)["value"] * NEARBY[path])
    near, market = calibrate(factory.inputs(data).market), factory.inputs(moved).market
    cold, warm = calibrate(market), calibrate(market, near)
    assert warm.steps < cold.steps
    for name, values in cold.constants.plans.items():
        np.testing.assert_allclose(warm.constants.plans[name], values, rtol=0.0, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(
            warm.constants.references[name], cold.constants.references[name], rtol=0.0, atol=1e-9, err_msg=name
        )
    for name, values in cold.constants.alternatives.items():
        np.testing.assert_allclose(warm.constants.alternatives[name], values, rtol=0.0, atol=1e-9, err_msg=name)
    assert len(warm.solved) == len(cold.solved) == (3 if shrunk else 1)


@pytest.mark.parametrize("path", ["pools.main.price", "plans.plus.support_cost", "ai_models.big.decode"])
def test_costs_leave_the_constants_of_a_market_nearby(factory: ModuleType, path: str) -> None:
    data = by_segment(factory)
    near = calibrate(factory.inputs(data).market)
    found = calibrate(factory.inputs(factory.changed(data, path, 1.7)).market, near)
    assert all(mine is other for mine, other in zip(found.solved, near.solved, strict=True))
    assert found.prepared.market != near.prepared.market
    for name, values in near.constants.plans.items():
        assert np.array_equal(values, found.constants.plans[name], equal_nan=True), name


def test_what_cannot_be_given_back_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """One type, of whom 1 is reached, and 2 customers: each step leaves the error at ln 2."""
    one = np.ones((1, 1))
    system = System(np.zeros((1, 1)), one, 1, one[0], one[0], one[0])
    calls, counts = [0], inversion._counts

    def counted(*args: Any) -> Any:
        calls[0] += 1
        return counts(*args)

    monkeypatch.setattr(inversion, "_counts", counted)
    with pytest.raises(InputError, match=r"today\.plans\.x: the model cannot give .* 1 against 2"):
        solve_constants(system, [Group(0, np.ones(1, dtype=bool), 2.0, "plans.x")], np.zeros((1, 1)))
    assert calls[0] < 1000


def test_a_start_that_leads_nowhere_does_no_harm() -> None:
    """1 of 4 reached: e^c / (1 + e^c) = 1 / 4 at c = -ln 3, from anywhere."""
    one = np.ones((1, 1))
    system = System(np.zeros((1, 1)), one, 1, one[0], 4.0 * one[0], 4.0 * one[0])
    groups = [Group(0, np.ones(1, dtype=bool), 1.0, "plans.x")]
    for start in (None, np.zeros(1), np.full(1, -300.0), np.full(1, 700.0), np.full(1, math.nan), np.zeros(2)):
        found, _ = solve_constants(system, groups, np.zeros((1, 1)), start)
        assert found[0] == pytest.approx(-math.log(3.0), abs=1e-9), start


def with_copies(factory: ModuleType, count: int, customers: float) -> dict[str, Any]:
    """The small market with further plans like plus, sold today."""
    data = factory.market()
    for k in range(count):
        data["plans"][f"plus{k:02d}"] = {**data["plans"]["plus"]}
        data["today"]["plans"][f"plus{k:02d}"] = {"customers": factory.q(customers, "customers")}
    return data


def test_many_plans_sold_today_are_no_walk_over_all_sets_of_them(factory: ModuleType) -> None:
    """24 plans: 16 million sets."""
    data = with_copies(factory, 20, 10.0)
    began = time.process_time()
    today = today_of(calibrate(factory.inputs(data).market))
    assert time.process_time() - began < 5.0
    assert today.figure("customers", Selection(plan="plus07")) == pytest.approx(10.0, rel=1e-8)
    data = with_copies(factory, 20, 50_000.0)
    with pytest.raises(InputError) as raised:
        calibrate(factory.inputs(data).market)
    assert {f.code for f in raised.value.findings} == {"calibration-room"}
    assert time.process_time() - began < 10.0


def test_calibration_stops_at_the_limit(factory: ModuleType) -> None:
    with clock.until(time.monotonic() - 100.0), pytest.raises(TimeLimitError, match="passed before"):
        calibrate(factory.inputs().market)


def test_counts_by_segment_of_many_segments(factory: ModuleType) -> None:
    """300 counts: the Jacobian is put together type by type, not as types times counts times counts."""
    data = factory.market()
    students = data["segments"].pop("students")
    names = [f"s{k:03d}" for k in range(300)]
    potential = students["potential"]["value"]
    for name in names:
        data["segments"][name] = {**students, "potential": factory.q(potential / 300, "customers")}
    for offer in (*data["plans"].values(), *data["alternatives"].values()):
        offer["segments"] = [n for s in offer["segments"] for n in (names if s == "students" else [s])]
    data["plans"]["plus"]["decision_rate_by_segment"] = {}
    count = {n: factory.q(10_000 / 300 * (0.8 + 0.4 * k / 300), "customers") for k, n in enumerate(names)}
    data["today"]["plans"]["plus"] |= {"by_segment": count, "own_constants": True}
    began = time.process_time()
    today = today_of(calibrate(factory.inputs(data).market))
    assert time.process_time() - began < 10.0
    for name in (names[0], names[150], names[-1]):
        rows = today.prepared.population.segment == today.prepared.population.segments.index(name)
        held = today.customers[rows, today.plans.index("plus")].sum()
        assert held == pytest.approx(count[name]["value"], rel=1e-8), name
