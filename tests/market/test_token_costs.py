"""Tokens bought at a price list beside GPU hours, in one market."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.economics.figures import Selection
from optimizer.model.case_model import with_changes
from optimizer.schema.case import Change

Data = dict[str, Any]
# 1,500 input tokens, 40 % of them cached, and 500 output tokens: 900 x 2 + 600 x 0.2 + 500 x 10 per million
PER_REQUEST = 0.00692


def bought(factory: ModuleType) -> Data:
    """The small market with the tokens of its small AI model bought; the big one runs on contracted GPUs."""
    data: Data = factory.market()
    mini = data["ai_models"]["mini"]
    for field in ("pool", "prefill", "decode"):
        del mini[field]
    usd = {"input": 2.0, "cached": 0.2, "output": 10.0}
    mini["token_prices"] = {name: factory.q(price, "usd/Mtok") for name, price in usd.items()}
    del data["pools"]["spot"]
    return data


def test_tokens_are_a_part_of_serving_cost(factory: ModuleType) -> None:
    today = factory.problem(bought(factory)).today
    tokens = today.figure("token_cost")
    assert tokens > 0.0
    # the other AI model's cost is the bill of reserved and burst GPUs alone
    assert today.figure("serving_cost") == pytest.approx(today.capacity_cost + tokens, rel=1e-12)
    known = [today.figure(n) for n in ("serving_cost", "payment_cost", "other_cost_of_revenue")]
    assert today.figure("gross_margin") == pytest.approx(today.figure("revenue") - sum(known), rel=1e-12)
    per = dict(zip(today.plans, today.per, strict=True))["free"]
    both = per.requests - per.pool_hours[:, 0] / today.prepared.ai_models.gpu_hours[0, 0]
    assert per.tokens == pytest.approx(both * PER_REQUEST, rel=1e-9)


def test_the_price_of_tokens_moves_their_cost_alone(factory: ModuleType) -> None:
    """What is bought and what GPUs are busy stays; all token prices twice as high cost twice as much."""
    problem = factory.problem(bought(factory))
    dearer = with_changes(problem, {"ai_models.mini.token_prices.*": Change(times=2.0)}).unchanged
    today = problem.today
    assert dearer.figure("token_cost") == pytest.approx(2.0 * today.figure("token_cost"), rel=1e-12)
    assert (dearer.busy == today.busy).all()
    for figure in ("free_serving_cost", "paying_serving_cost"):
        plans = [p for p in today.plans if (p == "free") == ("free" in figure)]
        tokens = sum(today.figure("token_cost", Selection(plan=p)) for p in plans)
        assert dearer.figure(figure) - today.figure(figure) == pytest.approx(tokens, rel=1e-9)


def test_a_company_without_gpus(factory: ModuleType) -> None:
    """All tokens are bought: no pool, no GPU hours, and serving costs what the tokens cost."""
    data = bought(factory)
    big = data["ai_models"]["big"]
    for field in ("pool", "prefill", "decode"):
        del big[field]
    big["token_prices"] = {"input": factory.q(2.0, "usd/Mtok"), "output": factory.q(10.0, "usd/Mtok")}
    del data["pools"]
    problem = factory.problem(data)
    today = problem.today
    assert problem.prepared.ai_models.token_cost == pytest.approx([0.008, PER_REQUEST], rel=1e-12)
    assert today.figure("gpu_hours") == 0.0
    assert today.figure("serving_cost") == pytest.approx(today.figure("token_cost"), rel=1e-12)
    assert today.figure("serving_cost") > 0.0


def test_bought_beside_gpu_hours_adds_up(factory: ModuleType) -> None:
    """A fee a token on a model that runs on own GPUs: GPU hours stay, the fee comes on top."""
    data = factory.market()
    data["ai_models"]["mini"]["token_prices"] = bought(factory)["ai_models"]["mini"]["token_prices"]
    plain, more = factory.problem().today, factory.problem(data).today
    assert more.figure("gpu_hours") == plain.figure("gpu_hours")
    assert np.isclose(more.figure("serving_cost") - plain.figure("serving_cost"), more.figure("token_cost"), rtol=1e-9)
