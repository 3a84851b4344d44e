"""A known truth: every number of a market that is not known exactly, drawn within its low and high."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import numpy as np

from optimizer.errors import InputError
from optimizer.inputs.load import load_case, validate
from optimizer.io.documents import Document
from optimizer.market.calibrate import Calibrated, calibrate
from optimizer.market.check_patterns import named
from optimizer.schema.market import Market

KEPT = ("today",)
"""Parts that are facts of the company's own books."""
SHARES = ("ai_models", "hours")
"""Groups whose numbers are shares of one whole."""
LEDGER = ("pools.*.*", "pools.*.capacity.*", "ai_models.*.prefill", "ai_models.*.decode", "plans.*.support_cost",
          "finance.*", "finance.*.*", "finance.*.*.*")  # fmt: skip
"""Numbers that a company reads in its own books and on its own machines, which no customer tells."""
TRIES = 50


@dataclass(frozen=True)
class TrueNumber:
    """A number of the truth, with what was believed of it before."""

    path: str
    value: float
    unit: str
    low: float | None
    high: float | None


@dataclass(frozen=True)
class KnownTruth:
    """A market whose numbers are known to whoever simulated it."""

    market: Market
    calibrated: Calibrated
    numbers: tuple[TrueNumber, ...]


def draw_truth(case: str | PathLike[str], seed: int) -> KnownTruth:
    """A truth around a case's market: uniform in the logarithm where low is above 0, else uniform.

    Shares of one whole are scaled to sum to 1, and spread does not grow with the length of the window. A draw in which
    today's customers cannot be had (they need more people than are reached) is drawn again. Raises InputError where
    none of many draws will do.
    """
    document = load_case(case).market_document
    last: InputError | None = None
    for attempt in range(TRIES):
        rng = np.random.default_rng([seed, attempt])
        data = _whole(_drawn(document.data, rng, ()))
        try:
            market = validate(Market, replace(document, data=data, changed=True))
            return KnownTruth(market, calibrate(market), tuple(_numbers(data, document)))
        except InputError as error:
            last = error
    assert last is not None
    raise last


def ledger_of(truth: KnownTruth) -> dict[str, list[str | float]]:
    """The table of what the company's own books hold, where it was not believed to be known already."""
    rows = [t for t in truth.numbers if named(t.path, LEDGER) and t.low is not None and t.high is not None]
    return {"number": [t.path for t in rows], "value": [t.value for t in rows], "unit": [t.unit for t in rows]}


def _drawn(data: Any, rng: np.random.Generator, path: tuple[str, ...]) -> Any:
    """The data with every uncertain number drawn."""
    if not isinstance(data, dict) or path[:1] in [(part,) for part in KEPT]:
        return data
    if "value" not in data:
        return {key: _drawn(item, rng, (*path, key)) for key, item in data.items()}
    low, high = data.get("low"), data.get("high")
    if low is None or high is None or not low < high:
        return data
    u = float(rng.random())
    return {**data, "value": low * (high / low) ** u if low > 0.0 else low + u * (high - low)}


def _whole(data: dict[str, Any]) -> dict[str, Any]:
    """The data with each segment's shares summing to 1, and its spread falling with the length of the window."""
    segments = {}
    for name, segment in data["segments"].items():
        usage = dict(segment["usage"])
        for group in SHARES:
            total = sum(q["value"] for q in usage[group].values())
            usage[group] = {key: _at_value(q, q["value"] / total) for key, q in usage[group].items()}
        usage["window_sigmas"] = _falling(usage["window_sigmas"])
        segments[name] = {**segment, "usage": usage}
    return {**data, "segments": segments}


def _falling(sigmas: dict[str, Any]) -> dict[str, Any]:
    """Spread from window to window that does not grow with the length of the window."""
    day = sigmas["day"]["value"]
    week = min(sigmas["week"]["value"], day)
    values = {"week": week, "month": min(sigmas["month"]["value"], week), "short": max(sigmas["short"]["value"], day)}
    return {name: _at_value(q, values[name]) if name in values else q for name, q in sigmas.items()}


def _at_value(quantity: dict[str, Any], value: float) -> dict[str, Any]:
    bounds = {"low": min, "high": max}
    moved = {k: pick(quantity[k], value) for k, pick in bounds.items() if quantity.get(k) is not None}
    return {**quantity, "value": value, **moved}


def _numbers(data: Any, document: Document, path: str = "") -> Iterator[TrueNumber]:
    """Every number of the drawn data, with low and high as they were."""
    if not isinstance(data, dict):
        return
    if "value" in data and not isinstance(data["value"], dict):
        before = _at(document.data, path)
        if isinstance(data["value"], int | float) and math.isfinite(data["value"]):
            value, unit = float(data["value"]), str(data.get("unit", "1"))
            yield TrueNumber(path, value, unit, before.get("low"), before.get("high"))
        return
    for key, item in data.items():
        yield from _numbers(item, document, f"{path}.{key}" if path else key)


def _at(data: Any, path: str) -> Any:
    for part in path.split("."):
        data = data[part]
    return data
