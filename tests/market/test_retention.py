"""Decision rates from observed retention and renewal: given back, from any start, or refused by name."""

from __future__ import annotations

import time
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.economics.figures import Selection
from optimizer.errors import InputError
from optimizer.inputs.moved import with_values
from optimizer.market.calibrate import Calibrated, calibrate
from optimizer.market.credibility import credibility
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.market.prepare import prepare
from optimizer.market.retention import Flows, Staying, solve_levels
from optimizer.model.case_model import case_model_of, vary, with_changes
from optimizer.schema.case import Change

STARTS = (0.05, 0.3, 3.0, 12.0, 20.0)


def observed(factory: ModuleType, nest: float = 0.5, **shares: dict[str, float]) -> dict[str, Any]:
    """The small market with a nest of its consumer plans and shares that stay: ``plus={"renewal_rate": 0.97}``."""
    data = factory.market()
    data["nests"] = {"own": {"plans": ["free", "plus", "lite"], "dissimilarity": factory.q(nest)}}
    for plan, stated in shares.items():
        data["today"]["plans"][plan] |= {name: factory.q(share, "fraction") for name, share in stated.items()}
    return data


BOTH: dict[str, dict[str, float]] = {"plus": {"retention_12_months": 0.6}, "team": {"renewal_rate": 0.985}}


def today_of(calibrated: Calibrated) -> Evaluation:
    return evaluate_menu(calibrated.prepared, calibrated.prepared.today_menu())


def rates(calibrated: Calibrated, plan: str) -> Any:
    return calibrated.prepared.plans[calibrated.prepared.plan_index(plan)].decision_rate


def test_levels_by_hand() -> None:
    """One type; stocks 30 and 20, the alternatives worth 5 to who decides anew.

    At rates 1/2 and 1/4 the plans are worth 15 and 5, so p is 3/5 and 1/5, and 1/5 of either leaves in a month.
    """
    flows = Flows(np.array([[300.0, 200.0]]), np.array([[30.0, 20.0]]), np.array([[9.0, 9.0]]), np.array([5.0]))
    seen = [
        Staying("a", 0, 0.8, False, np.ones(1)),
        Staying("b", 1, 0.8**12, True, np.ones(1)),
    ]
    assert solve_levels(flows, seen) == pytest.approx([0.5, 0.25], rel=1e-10)
    # a alone beside b at 1/4: 1/5 again
    flows = replace(flows, rates=np.array([[9.0, 0.25]]))
    assert solve_levels(flows, seen[:1]) == pytest.approx([0.5], rel=1e-10)


@pytest.mark.parametrize("nest", [1.0, 0.5, 0.2])
def test_retention_and_renewal_are_given_back(factory: ModuleType, nest: float) -> None:
    today = today_of(calibrate(factory.inputs(observed(factory, nest, **BOTH)).market))
    assert today.figure("retention_12_months", Selection(plan="plus")) == pytest.approx(0.6, abs=1e-8)
    assert 1.0 - today.figure("leave_rate", Selection(plan="team")) == pytest.approx(0.985, abs=1e-8)
    counts = {n: c["customers"]["value"] for n, c in factory.market()["today"]["plans"].items()}
    assert dict(zip(today.plans, today.customers.sum(axis=0), strict=True)) == pytest.approx(counts, rel=1e-8)


def test_retention_from_the_monthly_figures(factory: ModuleType) -> None:
    """The same share in plain loops: who comes is who leaves, and (1 - h)^12 of them stay."""
    today = today_of(calibrate(factory.inputs(observed(factory, **BOTH)).market))
    j, came, kept = today.plans.index("plus"), 0.0, 0.0
    for i in range(today.prepared.population.size):
        everything = today.attraction[i].sum() + today.prepared.outside_attraction[i]
        h = today.per[j].decision_rate[i] * (1.0 - today.attraction[i, j] / everything)
        came += today.customers[i, j] * h
        kept += today.customers[i, j] * h * (1.0 - h) ** 12
    assert kept / came == pytest.approx(0.6, abs=1e-8)


@pytest.mark.parametrize("times", STARTS)
def test_the_stated_rate_is_no_more_than_a_start(factory: ModuleType, times: float) -> None:
    """0.05 a month stated of plus and 0.08 of its students: they differ as stated, and their level is found."""
    wanted = calibrate(factory.inputs(observed(factory, **BOTH)).market)
    data = observed(factory, **BOTH)
    for path in ("plus.decision_rate", "plus.decision_rate_by_segment.students", "team.decision_rate"):
        number = factory.at(data, f"plans.{path}")
        number["value"] *= times
    found = calibrate(factory.inputs(data).market)
    for plan in ("plus", "team"):
        np.testing.assert_allclose(rates(found, plan), rates(wanted, plan), rtol=1e-8, err_msg=plan)
    for name, values in wanted.constants.plans.items():
        np.testing.assert_allclose(found.constants.plans[name], values, atol=1e-8, err_msg=name)
    plus, segment = rates(found, "plus"), found.prepared.population.segment
    assert plus[segment == 0] == pytest.approx(np.full((segment == 0).sum(), 1.6 * plus[segment == 1][0]), rel=1e-12)


@pytest.mark.parametrize("times", STARTS)
def test_from_another_level_the_same_is_found(factory: ModuleType, times: float) -> None:
    market = factory.inputs(observed(factory, **BOTH)).market
    wanted = calibrate(market)
    near = replace(wanted, levels={plan: min(level * times, 1.0) for plan, level in wanted.levels.items()})
    found = calibrate(market, near)
    assert found.levels == pytest.approx(wanted.levels, rel=1e-8)
    for name, values in wanted.constants.plans.items():
        np.testing.assert_allclose(found.constants.plans[name], values, atol=1e-8, err_msg=name)


def test_a_rate_need_not_be_stated(factory: ModuleType) -> None:
    data = observed(factory, **BOTH)
    del data["plans"]["team"]["decision_rate"]
    found, wanted = (calibrate(factory.inputs(d).market) for d in (data, observed(factory, **BOTH)))
    assert rates(found, "team") == pytest.approx(rates(wanted, "team"), rel=1e-9)


def test_with_counts_by_segment(factory: ModuleType) -> None:
    """Three inversions, the last with deviations shrunk: the residuals are of the nested market."""
    data = observed(factory, **BOTH)
    plus = {"students": factory.q(12_000, "customers"), "pros": factory.q(28_000, "customers")}
    data["today"]["plans"]["plus"]["by_segment"] = plus
    calibrated = calibrate(factory.inputs(data).market)
    today = today_of(calibrated)
    assert today.figure("retention_12_months", Selection(plan="plus")) == pytest.approx(0.6, abs=1e-8)
    assert len(calibrated.solved) == 3 and len(calibrated.residuals) == 2
    for left in calibrated.residuals:
        rows = today.prepared.population.segment == today.prepared.population.segments.index(left.segment)
        assert left.modelled == pytest.approx(today.customers[rows, today.plans.index("plus")].sum(), rel=1e-9)


def test_it_takes_little_longer(factory: ModuleType) -> None:
    market = factory.inputs(observed(factory, **BOTH)).market
    began = time.process_time()
    calibrate(market)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("stated", [{"retention_12_months": 1e-5}, {"renewal_rate": 0.3}], ids=["year", "month"])
def test_what_no_rate_gives_back_is_refused(factory: ModuleType, stated: dict[str, float]) -> None:
    """So many cannot leave free: even if all decided anew every month, many would choose it again."""
    plan, data = "free", observed(factory, free=stated)
    with pytest.raises(InputError) as error:
        case_model_of(factory.inputs(data))
    (finding,) = error.value.findings
    ((name, share),) = stated.items()
    assert (finding.code, finding.field) == ("calibration-retention", f"today.plans.{plan}.{name}")
    assert f"{share:.4g} is observed" in finding.message
    # the least that it names is the least indeed
    least = float(finding.cure.split()[1])
    assert least > share
    data["today"]["plans"][plan][name]["value"] = least * 1.02
    today = today_of(calibrate(factory.inputs(data).market))
    kept = today.figure("retention_12_months", Selection(plan=plan))
    given = kept if name == "retention_12_months" else 1.0 - today.figure("leave_rate", Selection(plan=plan))
    assert given == pytest.approx(least * 1.02, rel=1e-7)


def test_a_market_nearby(factory: ModuleType) -> None:
    """Costs leave all as it is; other numbers are found sooner, and to the same end."""
    near = calibrate(factory.inputs(observed(factory, **BOTH)).market)
    same = calibrate(with_values(near.prepared.market, {"pools.main.price": 7.0}), near)
    assert all(mine is other for mine, other in zip(same.solved, near.solved, strict=True))
    assert same.levels == near.levels
    for path, value in (("today.plans.plus.retention_12_months", 0.7), ("alternatives.rival.price", 15.0)):
        market = with_values(near.prepared.market, {path: value})
        cold, warm = calibrate(market), calibrate(market, near)
        assert warm.levels == pytest.approx(cold.levels, rel=1e-8), path
        for name, values in cold.constants.plans.items():
            np.testing.assert_allclose(warm.constants.plans[name], values, atol=1e-8, err_msg=name)


def test_what_was_observed_is_listed_by_the_check(factory: ModuleType) -> None:
    inputs = factory.inputs(observed(factory, **BOTH))
    calibrated = calibrate(inputs.market)
    found, checks = credibility(calibrated, today_of(calibrated), inputs.market_document)
    assert not [f for f in found if f.severity == "error"]
    rows = {(c.check, c.of): c for c in checks}
    assert rows.keys() == {("retention_12_months", "plus"), ("renewal_rate", "team")}
    assert rows["retention_12_months", "plus"].value == pytest.approx(0.6, abs=1e-8)
    assert all(row.passed and row.blocks for row in rows.values())


def test_scenarios_keep_the_rates(factory: ModuleType) -> None:
    """A changed market has the solved rates; a change of the stated rate is one of the solved rate."""
    case_model = case_model_of(factory.inputs(observed(factory, **BOTH)))
    solved = rates(case_model.calibrated, "plus")
    assert solved[0] != pytest.approx(0.08, rel=0.01)
    for changes, times in (
        ({"alternatives.rival.price": Change(times=0.5)}, 1.0),
        (
            {"plans.plus.decision_rate": Change(times=2.0), "plans.plus.decision_rate_by_segment.*": Change(times=2.0)},
            2.0,
        ),
    ):
        prepared = with_changes(case_model, changes).prepared
        now = prepared.plans[prepared.plan_index("plus")].decision_rate
        np.testing.assert_allclose(now, times * solved, rtol=1e-12)
    varied = vary(case_model, {"plans.plus.decision_rate": 0.1, "plans.plus.decision_rate_by_segment.students": 0.16})
    np.testing.assert_allclose(rates(varied.calibrated, "plus"), solved, rtol=1e-9)


def test_a_rate_stated_after_calibration_alone(factory: ModuleType) -> None:
    """Where the market states none, a case's is the rate itself."""
    data = observed(factory, **BOTH)
    del data["plans"]["team"]["decision_rate"]
    calibrated = calibrate(factory.inputs(data).market)
    data["plans"]["team"]["decision_rate"] = factory.q(0.09, "1/month")
    prepared = prepare(factory.inputs(data).market, calibrated.constants)
    assert prepared.plans[prepared.plan_index("team")].decision_rate == pytest.approx(np.full(12, 0.09))


@pytest.mark.parametrize("shares", [{}, BOTH], ids=["stated", "solved"])
def test_a_plan_nobody_bought_leaves_as_expected(factory: ModuleType, shares: Any) -> None:
    """Twice as many as of its analogue: it decides anew twice as often, type by type."""
    data = observed(factory, **shares)
    plain = calibrate(factory.inputs(data).market)
    analogue = today_of(plain).figure("leave_rate", Selection(plan="plus"))
    del data["plans"]["lite"]["decision_rate"]
    data["plans"]["lite"]["leave_rate"] = factory.q(2.0 * analogue, "1/month")
    calibrated = calibrate(factory.inputs(data).market)
    np.testing.assert_allclose(rates(calibrated, "lite"), 2.0 * rates(plain, "plus"), rtol=1e-8)
    data["plans"]["lite"]["leave_rate"]["value"] *= 1.5
    prepared = prepare(factory.inputs(data).market, calibrated.constants)
    lite = prepared.plans[prepared.plan_index("lite")].decision_rate
    np.testing.assert_allclose(lite, 3.0 * rates(plain, "plus"), rtol=1e-8)


def test_a_stated_rate_of_a_plan_nobody_bought_is_taken_as_it_is(factory: ModuleType) -> None:
    calibrated = calibrate(factory.inputs(observed(factory, **BOTH)).market)
    assert rates(calibrated, "lite") == pytest.approx(np.full(12, 0.05), rel=1e-15)
