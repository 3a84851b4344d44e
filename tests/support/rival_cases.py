"""The small case with two rivals who answer."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from optimizer.model.case_model import CaseModel

PRICES = {"rival": [14.0, 20.0, 26.0], "open": [0.5, 1.5]}


def number(value: float, low: float, high: float, unit: str) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "unit": unit, "assumption": "made up"}


def rivals() -> dict[str, Any]:
    """One asks fees, the other a factor on its prices."""
    share, each = number(0.2, 0.1, 0.4, "fraction"), number(3.0, 1.0, 9.0, "usd/month")
    return {
        "big": {"title": "Big", "alternatives": {"rival": {"price": PRICES["rival"], "cost_share": share,
                                                            "cost_per_customer": each}}},
        "hosts": {"alternatives": {"open": {"times": PRICES["open"], "cost_per_customer": each}}},
    }  # fmt: skip


def case_model(factory: ModuleType, nested: bool = False, **more: Any) -> CaseModel:
    data = factory.market()
    if nested:
        data["nests"] = {"paid": {"plans": ["plus", "lite"], "dissimilarity": factory.q(0.6)}}
    case = factory.case(**{"rivals": rivals(), **more})
    case["conditions"] = [{"figure": "market_share", "at_least": 0.9, "relative_to": "today"}]
    return factory.problem(data, case)
