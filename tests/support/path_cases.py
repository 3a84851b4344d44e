"""Cases over months on the small market: without reserved GPUs, with a nest, and with habit where that is asked."""

from __future__ import annotations

from typing import Any

from optimizer.model.case_model import CaseModel, case_model_of
from tests.support.market_factory import Data, case, inputs, market, q, random_market

HABIT = {"familiarity": q(0.8, "utility"), "upgrade": q(0.6, "utility"), "loyalty": q(0.3, "utility")}
RATE = {"value": 0.12, "unit": "1/year", "source": "test"}


def path_market(
    seed: int | None = None, habit: bool = False, nest: bool = True, growth: float = 0.0, reach: float = 0.0,
    hired: bool = False,
) -> Data:  # fmt: skip
    """The small market, or a random one, without reserved GPUs: hours are paid as used, or hired under a contract."""
    found = market() if seed is None else random_market(seed)
    capacity = found["pools"]["main"].pop("capacity")
    if hired:
        found["pools"]["main"]["capacity"] = {**capacity, "reserved": q(0.0, "GPU"), "burst_limit": q(1e6, "GPU")}
    if nest:
        found["nests"] = {"own": {"plans": ["plus", "lite"], "dissimilarity": q(0.5)}}
    dynamics: Data = {"habit": HABIT} if habit else {}
    if growth:
        dynamics["growth"] = {"students": q(growth, "1/month"), "pros": q(growth, "1/month")}
    if reach:
        dynamics["reach_speed"] = q(reach, "1/month")
    if dynamics:
        found["dynamics"] = dynamics
    return found


def path_case(horizon: Data, **more: Any) -> Data:
    """The case on it, with short ladders and no choice of the mix."""
    plans = {
        "free": {"allowances": {"big": {"day": [1, 3]}}},
        "plus": {"price": [15, 20, 25]},
        "lite": {"price": [8]},
    }
    found = case(plans=plans, horizon={"months": 6, "tail": 4, "discount_rate": RATE, **horizon}, **more)
    if "mix" not in more:
        del found["mix"]
    return found


def path_model(market_data: Data, case_data: Data) -> CaseModel:
    """Both, checked and calibrated."""
    return case_model_of(inputs(market_data, case_data))
