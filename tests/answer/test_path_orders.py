"""GPUs ordered with the menus of a case: against every menu with every number of lots, by the evaluator."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from optimizer.answer.path_document import path_files
from optimizer.answer.path_solving import solve_path
from optimizer.answer.verify import verify_folder
from optimizer.errors import InputError
from optimizer.horizon.gpus import load_of, supply_of
from optimizer.horizon.question import question_of
from optimizer.horizon.timeline import timeline_of
from optimizer.io.saving import write_folder_atomic
from optimizer.model.case_model import CaseModel
from optimizer.optimise.outcome import Settings
from tests.support.market_factory import q
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


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"objective": "revenue"}, "objective"),
        ({"conditions": [{"figure": "customers", "at_least": 1.0}]}, "horizon.gpus"),
    ],
)
def test_what_orders_do_not_take_is_refused(more: dict[str, object], place: str) -> None:
    with pytest.raises(InputError) as error:
        solve_path(model(**more), Settings())
    assert error.value.findings[0].field == place and error.value.findings[0].cure
