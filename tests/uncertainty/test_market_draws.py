"""Draws of a market: their distribution, groups, balance, refusals, weights, and the file they are kept in."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from optimizer.errors import InputError
from optimizer.execution.executor import SerialExecutor
from optimizer.inputs.moved import quantity_at
from optimizer.market.calibrate import RetentionError
from optimizer.market.credibility import reported
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, prepare_case, vary
from optimizer.uncertainty import drawing
from optimizer.uncertainty.balancing import BALANCED, Balances, balances
from optimizer.uncertainty.drawing import MarketDraws, market_draws, tried_point
from optimizer.uncertainty.draws_file import draws_text, read_draws
from optimizer.uncertainty.sampling import pert, pert_above, sample, uncertain_numbers

CASE = "assistant-startup-margin"
COUNT = 10
NOTHING = Balances((), np.zeros(0), (), np.zeros((0, 0)))


@pytest.fixture(scope="module")
def m() -> CaseModel:
    return prepare_case(CASE)


@pytest.fixture(scope="module")
def drawn(m: CaseModel) -> MarketDraws:
    return market_draws(m, COUNT, 3, SerialExecutor())


def test_pert_has_the_moments_of_its_beta() -> None:
    x = pert((np.arange(200_000) + 0.5) / 200_000, 2.0, 3.0, 10.0)
    assert x.mean() == pytest.approx((2.0 + 4.0 * 3.0 + 10.0) / 6.0, rel=1e-4)
    # beta(1.5, 4.5) on [2, 10]
    assert x.var() == pytest.approx(64.0 * 1.5 * 4.5 / (36.0 * 7.0), rel=1e-3)
    assert x.min() >= 2.0 and x.max() <= 10.0


def test_the_part_above_keeps_the_rank() -> None:
    # beta(3, 3) on [0, 1] has its median at 1/2; the median of what is above it has three quarters below
    quarter = pert(np.array([0.75]), 0.0, 0.5, 1.0)[0]
    assert pert_above(0.5, 0.5, 0.0, 0.5, 1.0) == pytest.approx(quarter, abs=1e-9)
    assert pert_above(0.3, 0.0, 0.0, 0.5, 1.0) == pytest.approx(0.3, abs=1e-9)
    assert pert_above(0.01, 0.9, 0.0, 0.5, 1.0) > 0.9


def test_what_we_decide_and_what_was_observed_is_not_drawn(m: CaseModel) -> None:
    paths = list(uncertain_numbers(m.inputs.market))
    assert "segments.individuals.price_coefficient" in paths
    assert not [p for p in paths if p.startswith("today.observed")]
    assert not [p for p in paths if p.startswith("plans.") and p.split(".")[2] in ("price", "allowances")]
    assert "go_to_market.enterprise_share" not in paths


def test_points_are_a_latin_hypercube_and_groups_share_ranks(m: CaseModel) -> None:
    points = sample(m.inputs.market, 20, (5, 0))
    column = dict(zip(points.paths, points.values.T, strict=True))
    found = uncertain_numbers(m.inputs.market)
    ranks = {path: np.argsort(np.argsort(column[path])) for path in points.paths}
    group = [p for p in points.paths if p.endswith(".price_coefficient")]
    assert len(group) == 3
    assert all((ranks[p] == ranks[group[0]]).all() for p in group)
    assert not (ranks["plans.plus.referral"] == ranks[group[0]]).all()
    # one point in every twentieth of the distribution
    q = found["plans.plus.referral"]
    edges = pert(np.arange(1, 20) / 20, q.low or 0.0, q.value, q.high or 0.0)
    assert sorted(np.searchsorted(edges, column["plans.plus.referral"])) == list(range(20))
    shares = [p for p in points.paths if p.startswith("segments.individuals.usage.hours.")]
    assert sum(column[p] for p in shares) == pytest.approx(np.ones(20))


def test_one_seed_gives_one_file_wherever_it_is_worked_out(m: CaseModel, drawn: MarketDraws) -> None:
    again = market_draws(m, COUNT, 3)
    assert draws_text(again, "x.json") == draws_text(drawn, "x.json")
    other = market_draws(m, COUNT, 4, SerialExecutor())
    assert not np.array_equal(other.values, drawn.values)


def test_accepted_draws_are_counted_and_give_back_what_was_reported(m: CaseModel, drawn: MarketDraws) -> None:
    assert drawn.count == COUNT
    assert drawn.tried == COUNT + sum(drawn.refused.values())
    for s in range(COUNT):
        varied = vary(m, drawn.at(s))
        assert all(row.passed for row in reported(varied.today)), f"draw {s}"
        counts = [drawn.at(s)[f"today.plans.{plan}.customers"] for plan in m.inputs.market.today.plans]
        assert varied.today.figure("customers") == pytest.approx(sum(counts), rel=1e-6), f"draw {s}"


def test_figures_with_a_free_number_are_balanced(m: CaseModel) -> None:
    wanted = balances(m)
    assert [stated.figure for stated in wanted.stated] == ["revenue", "serving_cost", "gross_margin_rate"]
    path = "today.plans.plus.customers"
    far = 1.15 * m.inputs.market.today.plans["plus"].customers.value
    assert not all(row.passed for row in reported(vary(m, {path: far}).today))
    one = tried_point(m, wanted, {path: far})
    assert not one.refused
    assert one.values[path] < far
    revenue = vary(m, one.values).today.figure("revenue")
    assert revenue == pytest.approx(wanted.wanted[0], rel=2e-3)


def test_all_figures_are_balanced_at_once(m: CaseModel) -> None:
    wanted = balances(m)
    # the counts behind revenue move the serving cost too; the prices of GPUs move that and not revenue
    assert wanted.slopes[0, 0] > 0.5 and wanted.slopes[1, 0] > 0.1 and abs(wanted.slopes[0, 1]) < 1e-9
    moved = {"today.plans.plus.customers": 1.1 * m.inputs.market.today.plans["plus"].customers.value}
    moved["pools.main.price"] = 1.3 * m.inputs.market.pools["main"].price.value
    asked = list[dict[str, float]]()

    def world(values: Mapping[str, float]) -> Evaluation:
        asked.append(dict(values))
        return vary(m, {**moved, **values}).today

    values, today = wanted.balanced(moved, world)
    assert np.abs(wanted.off(today)).max() <= BALANCED
    assert np.abs(wanted.off(vary(m, values).today)).max() <= BALANCED
    assert asked[0] == {} and len(asked) <= 5


def test_a_step_that_cannot_be_calibrated_is_shortened(m: CaseModel) -> None:
    wanted = balances(m)
    start = m.inputs.market.today.plans["plus"].customers.value
    moved = {"today.plans.plus.customers": 1.3 * start}
    refused = 0

    def world(values: Mapping[str, float]) -> Evaluation:
        nonlocal refused
        first = len(values) > 0 and refused == 0
        if first:
            refused += 1
            raise InputError([])
        return vary(m, {**moved, **values}).today

    _, today = wanted.balanced(moved, world)
    assert refused == 1 and np.abs(wanted.off(today)).max() <= BALANCED


def test_a_margin_below_zero_is_balanced_too(m: CaseModel) -> None:
    wanted = balances(m)
    today = vary(m, {"pools.main.price": 3.0 * m.inputs.market.pools["main"].price.value}).today
    off = wanted.off(today)
    assert np.isfinite(off).all() and off[1] > 0.5


def test_a_world_in_which_today_does_not_run_is_no_draw(m: CaseModel) -> None:
    """Ten times the output tokens keep more GPUs busy than are reserved and to be had beside them."""
    path = "ai_models.large.output_tokens"
    long = 10.0 * quantity_at(m.inputs.market, path).value
    assert tried_point(m, balances(m), {path: long}).refused == "today's load does not fit into the GPUs of main"


def test_too_few_who_stay_are_drawn_again_above_the_least(m: CaseModel) -> None:
    """More would leave the API than come to it: the least share that can be is named, and the draw is above it."""
    path = "today.plans.api.renewal_rate"
    q = quantity_at(m.inputs.market, path)
    rare = {"nothing_decision_rate": 0.002, path: 0.93}
    with pytest.raises(RetentionError) as told:
        vary(m, rare)
    least = told.value.least[path]
    assert 0.93 < least < q.high
    one = tried_point(m, balances(m), rare)
    assert one.raised == (path,) and not one.refused
    assert one.values[path] == pytest.approx(pert_above(0.93, least, q.low, q.value, q.high), abs=2e-3)
    back = pickle.loads(pickle.dumps(told.value))
    assert back.least == told.value.least and back.findings == told.value.findings


def test_refusals_and_missed_evidence_are_told(m: CaseModel) -> None:
    wanted = balances(m)
    # fewer come than leave, and the share of those who stay is not among what is drawn
    refused = tried_point(m, wanted, {"nothing_decision_rate": 0.0005})
    assert refused.refused == "calibration-retention: today.plans.api.renewal_rate"
    far = 1.15 * m.inputs.market.today.plans["plus"].customers.value
    refused = tried_point(m, NOTHING, {"today.plans.plus.customers": far})
    assert refused.refused == "revenue of total is not given back"
    coefficient = m.inputs.market.segments["individuals"].price_coefficient.value
    flat = tried_point(m, wanted, {"segments.individuals.price_coefficient": 0.3 * coefficient})
    assert "own_price_elasticity of plus" in flat.missed
    assert 0.0 < flat.weight < 1.0
    assert tried_point(m, wanted, {}).weight == 1.0


@pytest.mark.parametrize("name", ["draws.json", "draws.csv"])
def test_a_file_comes_back(m: CaseModel, drawn: MarketDraws, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(draws_text(drawn, name))
    back = read_draws(file, m)
    assert back.paths == drawn.paths
    assert np.array_equal(back.values, drawn.values)
    assert np.array_equal(back.weights, drawn.weights)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"input_hash": "0"}, "another market"),
        ({"schema_version": 9}, "schema_version"),
        ({"weights": [1.0]}, "not a file of draws"),
        ({"weights": [0.0] * COUNT}, "above 0"),
        ({"paths": [{"path": "plans.none.price", "unit": "1", "values": [1.0] * COUNT}]}, "no number"),
        ({"paths": [{"path": "plans.plus.referral", "unit": "usd", "values": [1.0] * COUNT}]}, "the market has"),
        ({"paths": [{"path": "plans.plus.referral", "unit": "1", "values": [float("nan")] * COUNT}]}, "no numbers"),
    ],
)
def test_a_file_that_is_not_right_is_refused(
    m: CaseModel, drawn: MarketDraws, tmp_path: Path, change: dict[str, object], word: str
) -> None:
    file = tmp_path / "draws.json"
    file.write_text(json.dumps({**json.loads(draws_text(drawn, "x.json")), **change}))
    with pytest.raises(InputError, match=word):
        read_draws(file, m)


def test_a_point_at_which_today_is_not_at_rest_is_no_draw_over_months(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first point tried is refused, with its reason; the long run asks for no rest."""
    asked = []

    def rests(m: CaseModel, today: Evaluation) -> bool:
        asked.append(today)
        return len(asked) > 1

    monkeypatch.setattr(drawing, "_rests", rests)
    over_months = market_draws(prepare_case("assistant-startup-cash"), 2, 3, SerialExecutor())
    assert over_months.refused[drawing.UNREST] == 1
    before = len(asked)
    market_draws(prepare_case(CASE), 2, 3, SerialExecutor())
    assert len(asked) == before > 2
