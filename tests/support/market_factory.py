"""A small market and cases on it as plain data, for any test that needs a market of its own.

``market()`` has 3 segments, 5 plans (one of them not sold today), 2 alternatives, a contracted pool and one that is
paid as used, and 2 hour blocks; ``random_market(seed)`` moves all its numbers. Every number is ``q(value, unit)``.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from optimizer.inputs.load import Inputs, assemble
from optimizer.io.documents import Document
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, case_model_of
from optimizer.schema.case import Case
from optimizer.typing import Choice

Data = dict[str, Any]


def q(value: float, unit: str = "1") -> Data:
    """A number with unit and source."""
    return {"value": float(value), "unit": unit, "source": "test"}


def _segment(channel: str, potential: float, requests: float, beta: float, **more: Data) -> Data:
    return {
        "title": "People",
        "channel": channel,
        "potential": q(potential, "customers"),
        "usage": {
            "requests": q(requests, "requests/month"),
            "sigma": q(1.1),
            "active_days": q(15, "days/month"),
            "windows_per_day": q(2, "windows/day"),
            "window_sigmas": {"short": q(0.9), "day": q(0.7), "week": q(0.5), "month": q(0.3)},
            "ai_models": {"big": q(0.8, "fraction"), "mini": q(0.2, "fraction")},
            "hours": {"day": q(0.7, "fraction"), "night": q(0.3, "fraction")},
        },
        "value_of_use": q(1.2, "utility"),
        "price_coefficient": q(beta, "utility/usd"),
        "price_sigma": q(1.2),
        "usage_correlation": q(0.3),
        "decision_rate_sensitivity": q(0.3),
        **more,
    }


def _plan(channel: str, segments: list[str], price: float, **more: Any) -> Data:
    return {
        "title": "Plan",
        "channel": channel,
        "segments": segments,
        "price": q(price, "usd/month"),
        "decision_rate": q(0.05, "1/month"),
        "decision_rate_least": q(0.01, "1/month"),
        "decision_rate_most": q(0.25, "1/month"),
        "referral": q(0.1),
        "support_cost": q(0.2, "usd/month"),
        **more,
    }


def _ai_model(quality: float, pool: str, speed: float) -> Data:
    return {
        "title": "Model",
        "quality": q(quality),
        "input_tokens": q(1500, "tokens/request"),
        "output_tokens": q(500, "tokens/request"),
        "cached": q(0.4, "fraction"),
        "prefill": q(10 * speed, "tokens/s/GPU"),
        "decode": q(speed, "tokens/s/GPU"),
        "pool": pool,
    }


def _plans() -> Data:
    people = ["students", "pros"]
    return {
        "free": _plan(
            "consumer",
            people,
            0,
            allowances={"big": {"day": q(3, "requests")}, "mini": {}},
            fallback="mini",
            fallback_limit={"day": q(10, "requests")},
            advertising=q(0.002, "usd/request"),
            referral=q(0.3),
            support_cost=q(0.01, "usd/month"),
        ),
        "plus": _plan(
            "consumer",
            people,
            20,
            allowances={"big": {"3h": q(12, "requests"), "week": q(150, "requests")}, "mini": {}},
            fallback="mini",
            decision_rate_by_segment={"students": q(0.08, "1/month")},
            annual_share=q(0.2, "fraction"),
            annual_discount=q(0.15, "fraction"),
        ),
        "lite": _plan(
            "consumer",
            people,
            8,
            allowances={"big": {"day": q(8, "requests")}, "mini": {}},
            fallback="mini",
            analogue="plus",
            constant_shift=q(-0.2, "utility"),
            fixed_cost=q(3000, "usd/month"),
        ),
        "team": _plan(
            "enterprise",
            ["firms"],
            30,
            allowances={"big": {"day": q(60, "requests")}, "mini": {}},
            seat_minimum=q(5),
            fixed_cost=q(5000, "usd/month"),
        ),
        "api": _plan(
            "api",
            ["pros", "firms"],
            0,
            unit_prices={"big": q(8, "usd/Mtok"), "mini": q(0.002, "usd/request")},
            referral=q(0.0),
        ),
    }


def _alternatives() -> Data:
    return {
        "rival": {
            "title": "A rival's plan",
            "kind": "rival",
            "price": q(20, "usd/month"),
            "allowances": {"big": {"day": q(40, "requests")}, "mini": {}},
            "fallback": "mini",
            "quality": q(0.95),
            "segments": ["students", "pros", "firms"],
            "decision_rate": q(0.06, "1/month"),
        },
        "open": {
            "title": "Open weights",
            "kind": "open_weights",
            "price": q(12, "usd/month"),
            "allowances": {"big": {}, "mini": {}},
            "quality": q(0.6),
            "segments": ["pros", "firms"],
            "decision_rate": q(0.1, "1/month"),
        },
    }


def _today() -> Data:
    return {
        "plans": {
            "free": {"customers": q(280_000, "customers")},
            "plus": {"customers": q(40_000, "customers")},
            "team": {"customers": q(9_000, "customers")},
            "api": {"customers": q(6_000, "customers")},
        },
        "alternatives": {
            "rival": {"consumer": q(150_000, "customers"), "enterprise": q(12_000, "customers")},
            "open": {"consumer": q(8_000, "customers"), "enterprise": q(2_000, "customers")},
        },
        "observed": [],
    }


def market() -> Data:
    """The small market; a fresh copy each time."""
    curve = {"base": q(0.3, "fraction"), "most": q(0.9, "fraction"), "scale": q(300_000, "usd/month")}
    fees = {"payment": q(0.03, "fraction"), "payment_fixed": q(0.3, "usd/month")}
    capacity = {
        "reserved": q(90, "GPU"),
        "burst_limit": q(400, "GPU"),
        "burst_price": q(10, "usd/GPU-hour"),
    }
    found = {
        "title": "A small market",
        "description": "Made for tests.",
        "margin_definition": "All serving counted.",
        "sources": {"test": {"text": "made up", "grade": "D"}},
        "classes": {"usage": [0, 0.8, 1], "willingness_to_pay": [0, 0.6, 1]},
        "hours": {"day": q(430, "hours/month"), "night": q(300, "hours/month")},
        "segments": {
            "students": _segment("consumer", 600_000, 60, 0.25, word_of_mouth=q(1.5)),
            "pros": _segment("consumer", 300_000, 200, 0.08),
            "firms": _segment("enterprise", 60_000, 250, 0.05, seats_per_account=q(3)),
        },
        "ai_models": {"big": _ai_model(1.0, "main", 90), "mini": _ai_model(0.6, "spot", 1500)},
        "pools": {
            "main": {
                "price": q(6, "usd/GPU-hour"),
                "utilisation": q(0.4, "fraction"),
                "capacity": capacity,
            },
            "spot": {"price": q(3.0, "usd/GPU-hour"), "utilisation": q(0.5, "fraction")},
        },
        "plans": _plans(),
        "alternatives": _alternatives(),
        "nothing_decision_rate": q(0.3, "1/month"),
        "go_to_market": {
            "budget": q(500_000, "usd/month"),
            "enterprise_share": q(0.4, "fraction"),
            "consumer": curve,
            "enterprise": curve,
        },
        "finance": {
            "fees": {"consumer": fees, "enterprise": fees, "api": fees},
            "other_cost_of_revenue": q(0.04, "fraction"),
            "free_serving_elsewhere": q(0.5, "fraction"),
        },
        "today": _today(),
        "evidence": [],
    }
    return dict(json.loads(json.dumps(found)))  # no part stands in two places


def case(**more: Any) -> Data:
    """A case on the small market with ladders on four plans and the mix."""
    plans = {
        "free": {"allowances": {"big": {"day": [1, 3, 6]}}},
        "plus": {"price": [15, 20, 25]},
        "lite": {"price": [8]},
        "team": {"price": [25, 30]},
    }
    found = {"title": "A case", "question": "Which?", "market": "small", "plans": plans}
    return {**found, "mix": {"enterprise_share": [0.3, 0.5]}, **more}


def at(data: Data, path: str) -> Any:
    """What stands at a dotted path."""
    for key in path.split("."):
        data = data[key]
    return data


def changed(data: Data, path: str, value: Any) -> Data:
    """A copy with something else at a dotted path; a plain number keeps unit and source."""
    new = copy.deepcopy(data)
    *groups, last = path.split(".")
    node = new
    for key in groups:
        node = node.setdefault(key, {})
    keeps_unit = isinstance(value, int | float) and "value" in (node.get(last) or ())
    node[last] = {**node[last], "value": float(value)} if keeps_unit else value
    return new


def numbers(data: Any, path: str = "") -> Iterator[tuple[str, Data]]:
    """Every number of a market with its path."""
    if isinstance(data, dict):
        if "value" in data:
            yield path, data
        for key, item in data.items():
            yield from numbers(item, f"{path}.{key}" if path else key)


# counts, and what must add up, rise or stay within bounds, are not moved at random
_HELD_GROUPS = ("hours", "today", "finance", "go_to_market", "nothing_decision_rate")
_HELD = ("ai_models", "day", "night", "decision_rate_least", "decision_rate_most", "referral", "utilisation", "cached")
_HELD_NUMBERS = ("usage_correlation", "sigma", "active_days", "reserved", "burst_limit")


def _moves(path: str) -> bool:
    parts = path.split(".")
    if "allowances" in parts or "fallback_limit" in parts:
        return True
    return parts[0] not in _HELD_GROUPS and not {*_HELD, *_HELD_NUMBERS} & set(parts[2:])


def random_market(seed: int) -> Data:
    """The small market with most numbers moved at random; a pure function of the seed."""
    random = np.random.default_rng([seed, 77])
    data = market()
    for path, number in numbers(data):
        if _moves(path):
            number["value"] *= float(np.exp(random.normal(0.0, 0.2)))
    for count in data["today"]["plans"].values():
        count["customers"]["value"] = float(round(count["customers"]["value"] * random.uniform(0.5, 1.1)))
    for segment in data["segments"].values():
        segment["potential"]["value"] *= 1.3
    capacity = data["pools"]["main"]["capacity"]
    capacity["reserved"]["value"] *= float(random.choice([0.0, 0.3, 1.0, 3.0]))
    capacity["burst_limit"]["value"] = float(random.choice([5.0, 60.0, 400.0, 2000.0]))
    return data


def inputs(market_data: Data | None = None, case_data: Data | None = None, sets: Any = None) -> Inputs:
    """Market and case, validated."""
    found = case() if case_data is None else case_data
    documents = Document(found, {}, "case.yaml"), Document(market_data or market(), {}, "market.yaml")
    return assemble("test", Case.model_validate(found), *documents, sets or {})


def problem(market_data: Data | None = None, case_data: Data | None = None) -> CaseModel:
    """Market and case, checked, calibrated and compiled."""
    return case_model_of(inputs(market_data, case_data))


def write(folder: Path, market_data: Data, case_data: Data) -> Path:
    """Case and market as files; the case's path."""
    (folder / "models" / "small").mkdir(parents=True, exist_ok=True)
    (folder / "cases").mkdir(exist_ok=True)
    (folder / "models" / "small" / "market.yaml").write_text(json.dumps(market_data), encoding="utf-8")
    path = folder / "cases" / "case.yaml"
    path.write_text(json.dumps(case_data), encoding="utf-8")
    return path


def every_choice(found: CaseModel) -> Iterator[tuple[tuple[int, ...], int]]:
    """Every menu and mix as the instance counts them, rules between its plans not looked at."""
    for mix in range(len(found.choices.mixes)):
        for menu in itertools.product(*(range(len(part.levels)) for part in found.choices.composites.parts)):
            yield menu, mix


def evaluate_choice(found: CaseModel, choice: Choice) -> Evaluation:
    """The evaluator at level indices."""
    return found.evaluate(found.choices.menu(choice))


def evaluations(found: CaseModel) -> dict[tuple[tuple[int, ...], int], Evaluation]:
    """The evaluator at every menu and mix."""
    return {choice: evaluate_choice(found, choice) for choice in every_choice(found)}
