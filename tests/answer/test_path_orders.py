"""GPUs ordered with the menus of a case: against every menu with every number of lots, by the evaluator."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from optimizer.answer.path_document import path_files
from optimizer.answer.path_solving import checked, overloaded, solve_path
from optimizer.answer.verify import verify_folder
from optimizer.errors import InfeasibleError, InputError
from optimizer.horizon.gpus import load_of, supply_of
from optimizer.horizon.question import PathQuestion, question_of
from optimizer.horizon.timeline import timeline_of
from optimizer.io.saving import write_folder_atomic
from optimizer.model.case_model import CaseModel
from optimizer.optimise.outcome import Settings
from tests.support.market_factory import Data, market, q
from tests.support.path_cases import path_case, path_market, path_model

OFFER = {
    "lead": 2, "lot": q(10.0, "GPU"), "most": 3, "rent": q(3000.0, "usd/GPU/month"), "term": 4, "months": [1, 3],
}  # fmt: skip
GPUS = {"pool": "main", "standing": q(60.0, "GPU"), "burst_factor": 1.5, "offers": {"lease": OFFER}}


def model(**more: object) -> CaseModel:
    return path_model(path_market(habit=True), path_case({"gpus": GPUS, "tail": 2}, **more))


def test_the_best_menu_with_the_best_orders() -> None:
    m = model()
    found = solve_path(m, Settings(gap=1e-9))
    question = question_of(timeline_of(m))
    line = question.timeline
    fleet, pool = line.fleet, line.pool
    assert fleet is not None and pool is not None and len(fleet.orders) == 2
    best = -np.inf
    for levels in itertools.product(*(range(len(own)) for own in line.m.choices.levels)):
        menus = line.menus([levels])
        for lots in itertools.product(range(4), range(4)):
            supply = supply_of(fleet, np.array(lots, dtype=float), pool)
            best = max(best, question.aim.value(line.follow(menus, supply)))
    assert found.objective.value == pytest.approx(best, rel=1e-9)
    assert found.objective.bound >= best * (1 - 1e-12)
    assert found.largest_difference <= 1e-9
    assert sum(order.lots for order in found.orders) > 0


def test_the_bill_by_hand() -> None:
    """60 GPUs stand at 6 usd an hour; two lots of 10 from month 3 on at 3,000 usd a month; the rest is hired at 9."""
    question = question_of(timeline_of(model()))
    line = question.timeline
    fleet, pool = line.fleet, line.pool
    assert fleet is not None and pool is not None
    menus = line.menus([[0] * len(line.m.choices.plans)])
    months = line.follow(menus, supply_of(fleet, np.array([2.0, 0.0]), pool))
    load = load_of(months, pool)
    for t, month in enumerate(months):
        served = 20.0 if 2 <= t < 6 else 0.0
        hired = np.maximum(load[t] - 60.0 - served, 0.0) @ np.array([430.0, 300.0]) * 9.0
        assert month.capacity_cost == pytest.approx(60.0 * 6.0 * 730.0 + served * 3000.0 + hired, rel=1e-12)
    assert (load > 60.0).any()


def test_orders_are_verified(tmp_path: Path) -> None:
    files = path_files(solve_path(model(), Settings(gap=0.01)))
    write_folder_atomic(tmp_path / "out", files)
    assert verify_folder(tmp_path / "out")["passed"]
    result = json.loads(files["result.json"])
    result["orders"][0]["lots"] = 3 - result["orders"][0]["lots"]
    write_folder_atomic(tmp_path / "altered", {**files, "result.json": json.dumps(result).encode()})
    assert not verify_folder(tmp_path / "altered")["passed"]


def enumerated(question: PathQuestion) -> tuple[float, float, int]:
    """The best that any menu with any lots does, by the evaluator, among those that meet the conditions, and among all;
    and how many meet them."""
    line, best, free, met = question.timeline, -np.inf, -np.inf, 0
    fleet, pool = line.fleet, line.pool
    assert fleet is not None and pool is not None
    supplies = [supply_of(fleet, np.array(lots, dtype=float), pool)
                for lots in itertools.product(*(range(int(n) + 1) for n in fleet.most))]  # fmt: skip
    for levels in itertools.product(*(range(len(own)) for own in line.m.choices.levels)):
        menus = line.menus([levels])
        for supply in supplies:
            months = line.follow(menus, supply)
            value = question.aim.value(months)
            free = max(free, value)
            if all(checked(c, months, supply).met for c in question.conditions) and not overloaded(
                line.m.prepared, months
            ):
                best, met = max(best, value), met + 1
    return best, free, met


BOUGHT = {"lead": 1, "lot": q(10.0, "GPU"), "most": 3, "rent": q(500.0, "usd/GPU/month"), "months": [1, 3],
          "purchase": q(30000.0, "usd/GPU"), "life": 48, "speed": q(1.4)}  # fmt: skip
CASH = {"cash": {"have": q(1e5, "usd"), "spend": q(6e5, "usd/month"), "least": q(3e5, "usd")}}
MARGIN = {"figure": "gross_margin_rate", "at_least": 0.665, "months": [4, 6]}


@pytest.mark.parametrize(
    ("offer", "more", "horizon"),
    [
        (OFFER, {"conditions": [MARGIN]}, {}),
        (BOUGHT, {"conditions": [{"figure": "serving_cost", "at_most": 314500.0}]}, {}),
        (BOUGHT, {}, CASH),
        (BOUGHT, {"objective": {"maximise": "customers", "months": [6, 6]}},
         CASH),
        (OFFER, {"conditions": [{"figure": "gpu_hours", "at_most": 58500.0}]}, {}),
    ],
)  # fmt: skip
def test_conditions_with_orders_against_every_menu_and_order(
    offer: dict[str, object], more: dict[str, object], horizon: dict[str, object], tmp_path: Path
) -> None:
    gpus = {**GPUS, "offers": {"lease": offer}}
    m = path_model(path_market(habit=True), path_case({"gpus": gpus, "tail": 2, **horizon}, **more))
    best, free, met = enumerated(question_of(timeline_of(m)))
    assert 0 < met < 12 * 16 and best < free, (met, best, free)  # the conditions bite
    found = solve_path(m, Settings(gap=1e-6))
    assert found.objective.value == pytest.approx(best, rel=1e-9)
    assert found.objective.bound >= best * (1 - 1e-12) and all(c.met for c in found.conditions)
    write_folder_atomic(tmp_path / "out", path_files(found))
    checks = verify_folder(tmp_path / "out")
    assert checks["passed"], checks


def test_cash_counts_a_purchase_when_it_is_paid() -> None:
    """Two lots of 10 GPUs at 30,000 usd arrive in month 2: 600,000 are paid, a margin counts a 48th of it a month."""
    stated = {"gpus": {**GPUS, "offers": {"buy": BOUGHT}}, "tail": 2,
              "cash": {"have": q(1e6, "usd"), "spend": q(100.0, "usd/month")}}  # fmt: skip
    question = question_of(timeline_of(path_model(path_market(), path_case(stated))))
    line = question.timeline
    assert line.fleet is not None and line.pool is not None
    supply = supply_of(line.fleet, np.array([2.0, 0.0]), line.pool)
    assert supply.ahead.tolist() == pytest.approx([0.0, 6e5 - 12500.0, *[-12500.0] * 6])
    assert supply.bill[1] == pytest.approx(60.0 * 6.0 * 730.0 + 20.0 * 500.0 + 12500.0)
    assert (supply.capacity[1], supply.at_hand[1]) == (60.0 + 20.0 * 1.4, 80.0)
    months = line.follow(line.menus([[0] * len(line.m.choices.plans)]), supply)
    margins = sum(month.figure("contribution_margin") for month in months[:3])
    third = question.conditions[2].value(months, supply)
    assert third == pytest.approx(1e6 + margins - 3 * 100.0 - (6e5 - 2 * 12500.0))


def test_what_cannot_be_met_is_told() -> None:
    conditions = [{"figure": "gross_margin_rate", "at_least": 0.9, "months": [4, 6]}]
    with pytest.raises(InfeasibleError, match="with any orders"):
        solve_path(model(conditions=conditions), Settings())


def test_a_figure_at_the_price_of_all_gpus_is_refused() -> None:
    with pytest.raises(InputError, match="hangs on the orders") as error:
        solve_path(model(conditions=[{"figure": "gross_margin", "plan": "plus", "at_least": 1.0}]), Settings())
    assert error.value.findings[0].field == "horizon.gpus" and error.value.findings[0].cure


def reserved_market(term: int | None) -> Data:
    """90 GPUs reserved at 6 usd an hour, for some months; more at a burst price."""
    data = path_market(habit=True)
    capacity = market()["pools"]["main"]["capacity"]
    data["pools"]["main"]["capacity"] = {**capacity, **({} if term is None else {"term": term})}
    return data


@pytest.mark.parametrize("term", [None, 3])
def test_the_markets_reserved_gpus_stand_until_their_term_ends(term: int | None) -> None:
    m = path_model(reserved_market(term), path_case({"tail": 2}))
    question = question_of(timeline_of(m))
    fleet = question.timeline.fleet
    assert fleet is not None and not fleet.orders
    assert fleet.standing.tolist() == ([90.0] * 8 if term is None else [90.0] * 3 + [0.0] * 5)
    found = solve_path(m, Settings(gap=1e-6))
    best, _, _ = enumerated(question)
    assert found.objective.value == pytest.approx(best, rel=1e-9)
    assert found.objective.bound >= best * (1 - 1e-12)
    held = found.held[0]
    assert held.figure("serving_cost") == pytest.approx(m.today.figure("serving_cost"), rel=0.1)  # as in the long run


def test_orders_add_to_the_markets_own() -> None:
    """Or the case states what stands instead."""
    gpus = {"pool": "main", "offers": {"lease": OFFER}}
    fleet = timeline_of(path_model(reserved_market(2), path_case({"gpus": gpus, "tail": 2}))).fleet
    assert fleet is not None and fleet.standing.tolist() == [90.0] * 2 + [0.0] * 6 and len(fleet.orders) == 2
    assert not fleet.endless
    fleet = timeline_of(path_model(reserved_market(2), path_case({"gpus": GPUS, "tail": 2}))).fleet
    assert fleet is not None and fleet.standing.tolist() == [60.0] * 8 and fleet.endless


@pytest.mark.parametrize("missing", ["standing", "burst_factor"])
def test_what_no_contract_tells_must_be_stated(missing: str) -> None:
    gpus = {name: value for name, value in GPUS.items() if name != missing}
    with pytest.raises(InputError) as error:
        timeline_of(path_model(path_market(), path_case({"gpus": gpus})))
    assert error.value.findings[0].field == f"horizon.gpus.{missing}" and error.value.findings[0].cure


def test_the_price_of_a_gpu_hour_by_month() -> None:
    """Where more is hired than stands, one more GPU is worth what is hired; never more, and never less than 0."""
    found = solve_path(model(), Settings(gap=0.01))
    assert len(found.gpu_prices) == 6
    for price in found.gpu_prices:
        assert (price.rent, price.hired) == (6.0, pytest.approx(9.0))
        assert 0.0 <= price.worth <= 9.0 * (1 + 1e-9)
    assert max(price.worth for price in found.gpu_prices) > 0.0
