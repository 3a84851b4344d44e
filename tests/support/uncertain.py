"""The small market with some of its numbers assumed, for answers over draws."""

from __future__ import annotations

import copy
from typing import Any

from tests.support import market_factory as factory

UNCERTAIN = ("price_coefficient", "value_of_use", "potential", "quality")


def uncertain_market() -> dict[str, Any]:
    """The small market, some of its numbers assumed within a tenth or two."""
    data = copy.deepcopy(factory.market())
    for path, number in factory.numbers(data):
        if path.rpartition(".")[2] in UNCERTAIN and not path.startswith("ai_models"):
            value = number["value"]
            number.update(assumption="test", low=0.85 * value, high=1.2 * value)
            number.pop("source")
    return data
