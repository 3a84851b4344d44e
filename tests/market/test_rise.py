"""The observed rise of payers beside what habit can move: by hand on the small market."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optimizer.economics.figures import Selection
from optimizer.market.habit import constants_at_rest, habits_of
from optimizer.market.months import Month, outside_rate, start_of, walk
from optimizer.market.prepare import prepare, with_constants
from optimizer.market.rise import PayersRise, payers_rise
from optimizer.model.case_model import CaseModel
from tests.support.market_factory import q
from tests.support.path_cases import path_case, path_market, path_model

RISE = {"before": q(1e5, "customers"), "after": q(1.6e5, "customers"), "months": 12, "free": q(5e5, "customers")}


def model(**rise: Any) -> CaseModel:
    market = path_market(habit=True)
    for own in market["dynamics"]["habit"].values():
        own.update(low=0.0, high=2.0)
    market["dynamics"]["payers_rise"] = {**RISE, **rise}
    return path_model(market, path_case({}))


def told(m: CaseModel) -> PayersRise:
    found = payers_rise(m.inputs.market, m.today)
    assert found is not None
    return found


def test_what_moves_up_is_what_the_evaluator_moves() -> None:
    """Free customers after one month without anybody on paid plans to come from, against chances by hand."""
    m = model()
    found, habits = told(m), habits_of(m.inputs.market, m.today.prepared)
    assert found.observed == pytest.approx(0.01)
    nobody = np.zeros(m.today.prepared.population.size)
    there = with_constants(prepare(m.inputs.market), constants_at_rest(m.today, m.calibrated.constants, habits, nobody))
    start = start_of(m.today)
    row = m.today.prepared.plan_index("free") + 1
    alone = np.zeros_like(start)
    alone[row] = start[row]
    month = Month(there, m.today.menu, m.today.enterprise_share, m.today.budget, nobody)
    after = next(walk(alone, outside_rate(m.today.prepared), [month], habits))
    up = sum(after.figure("customers", Selection(plan)) for plan in after.plans if plan in ("plus", "lite"))
    assert found.at_rest == pytest.approx(up / start[row].sum(), rel=1e-9)
    assert found.least < found.at_rest < found.most


def test_a_rise_that_too_few_decide_for_pins_nothing() -> None:
    assert told(model(after=q(1.0001e5, "customers"))).beyond == 0.0
    high = told(model(after=q(9e6, "customers")))
    assert high.beyond > 0.99 and "pins no habit number" in high.text
    assert "pins" not in told(model(after=q(1.0001e5, "customers"))).text


def test_without_such_an_observation_nothing_is_told() -> None:
    m = path_model(path_market(habit=True), path_case({}))
    assert payers_rise(m.inputs.market, m.today) is None
