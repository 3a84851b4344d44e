"""What has no effect is told, each kind provoked once: where it points, its cure, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from optimizer.economics import figures
from optimizer.inputs.load import load_case
from optimizer.io.library import list_cases
from optimizer.market.check import check_inputs
from optimizer.schema.case import Change

Data = dict[str, Any]
Spoil = Callable[[Data, Data], object]


def n(value: float, unit: str = "1") -> Data:
    return {"value": value, "unit": unit, "source": "test"}


def put(path: str, value: Any) -> Spoil:
    """Something else at a path of the market; None takes it away."""

    def spoil(market: Data, _: Data) -> None:
        *groups, last = path.split(".")
        for key in groups:
            market = market.setdefault(key, {})
        if value is None:
            del market[last]
        else:
            market[last] = value

    return spoil


def ask(path: str, value: Any) -> Spoil:
    """Something else at a path of the case."""
    return lambda _, case: put(path, value)(case, {})


def both(*spoils: Spoil) -> Spoil:
    return lambda market, case: [spoil(market, case) for spoil in spoils]


PLUS = "plans.plus.unit_prices.big"
PRICE = n(8, "usd/Mtok")
TINY = {
    "title": "Tiny", "quality": n(0.3), "input_tokens": n(100, "tokens/request"),
    "output_tokens": n(50, "tokens/request"), "cached": n(0.1, "fraction"), "prefill": n(900, "tokens/s/GPU"),
    "decode": n(90, "tokens/s/GPU"), "pool": "main",
}  # fmt: skip
CPM = n(25, "usd/thousand impressions")
BOUGHT = {"input": n(2, "usd/Mtok"), "cached": n(0.2, "usd/Mtok"), "output": n(10, "usd/Mtok")}
CAPPED = {"3h": n(12, "requests")}
# what is done to market and case, fields of the warnings
IDLE: dict[str, tuple[Spoil, set[str]]] = {
    "overage of what the fallback does as well": (
        both(
            put("plans.plus.unit_prices.mini", PRICE),
            put("plans.plus.allowances.mini", CAPPED),
            put("plans.plus.fallback", "big"),
        ),
        {"plans.plus.unit_prices.mini"},
    ),
    "overage of a left out model that the fallback replaces as well": (
        both(
            put("plans.plus.unit_prices.mini", PRICE),
            put("plans.plus.allowances", {"big": {}}),
            put("plans.plus.fallback", "big"),
            put("plans.plus.fallback_limit", {"day": n(9, "requests")}),
        ),
        {"plans.plus.unit_prices.mini"},
    ),
    "overage without a cap": (put("plans.team.unit_prices.big", PRICE), set()),
    "overage of an unlimited model": (both(put("plans.team.unit_prices.mini", PRICE)), {"plans.team.unit_prices.mini"}),
    "overage of a model with unlimited windows": (
        both(put("plans.team.unit_prices.big", PRICE), put("plans.team.allowances.big", {"day": "unlimited"})),
        {"plans.team.unit_prices.big"},
    ),
    "demand nobody serves": (
        both(
            *(put(f"plans.{p}.allowances.big", None) for p in ("free", "plus", "lite")),
            *(put(f"plans.{p}.fallback", None) for p in ("free", "plus", "lite")),
            put("plans.free.fallback_limit", None),
            put("plans.api.segments", ["firms"]),
            ask("plans.free", None),
        ),
        {"segments.students.usage.ai_models.big", "segments.pros.usage.ai_models.big"},
    ),
    "demand one plan does not serve": (both(put("plans.team.allowances", {"mini": {}})), {"plans.team"}),
    "demand for a model that only a plan not offered serves": (
        both(put("plans.team.allowances", {"mini": {}}), put("plans.api.unit_prices", {"mini": PRICE})),
        {"segments.firms.usage.ai_models.big", "plans.api"},
    ),
    "a new model nobody wants": (put("ai_models.tiny", TINY), {"ai_models.tiny"}),
    "a budget that reaches nobody": (
        both(*(put(f"go_to_market.{c}.base", n(0.9, "fraction")) for c in ("consumer", "enterprise"))),
        {"mix"},
    ),
    "unattended streams that nobody has": (
        put("segments.pros.usage.unattended", {"share": n(0, "fraction"), "requests": n(3000, "requests/month")}),
        {"segments.pros.usage.unattended"},
    ),
    "a price for advertising nobody sees": (put("plans.free.advertising_price", CPM), {"plans.free.advertising_price"}),
    "no advertising today, which is stated": (
        both(put("plans.free.advertising_price", CPM), put("plans.free.impressions", n(0, "impressions/request"))),
        set(),
    ),
    "advertising nobody pays for or minds": (
        ask("plans.free.impressions", [0, 0.2]),
        {"plans.free.impressions"},
    ),
    "advertising nobody minds": (
        both(put("plans.free.advertising_price", CPM), put("plans.free.impressions", n(0.2, "impressions/request"))),
        {"plans.free.impressions"},
    ),
    "advertising that is minded where there is none": (
        both(
            put("segments.pros.impression_disutility", n(0.004, "utility/impression")),
            put("plans.free.impression_disutility", n(0.004, "utility/impression")),
            put("ai_models.mini.impressions", n(0.5, "fraction")),
        ),
        {"segments.pros.impression_disutility", "plans.free.impression_disutility", "ai_models.mini.impressions"},
    ),
    "throughputs of a model whose tokens are bought": (
        both(put("ai_models.mini.pool", None), put("ai_models.mini.token_prices", BOUGHT)),
        {"ai_models.mini.prefill", "ai_models.mini.decode", "pools.spot"},
    ),
    "a cached price and nothing cached": (
        both(put("ai_models.big.cached", n(0, "fraction")), put("ai_models.big.token_prices", BOUGHT)),
        {"ai_models.big.token_prices.cached"},
    ),
    "a new model that is offered and nobody wants": (
        both(put("ai_models.tiny", TINY), put("plans.plus.allowances.tiny", {})),
        {"ai_models.tiny"},
    ),
    "a share of nought": (
        both(put("ai_models.tiny", TINY), put("segments.pros.usage.ai_models.tiny", n(0, "fraction"))),
        {"ai_models.tiny"},
    ),
    "a pool without a model": (
        put("pools.spare", {"price": n(2, "usd/GPU-hour"), "utilisation": n(0.4, "fraction")}),
        {"pools.spare"},
    ),
    "a cap on no fallback": (
        put("plans.team.fallback_limit", {"day": n(9, "requests")}),
        {"plans.team.fallback_limit"},
    ),
    "a discount nobody takes": (put("plans.plus.annual_share", None), {"plans.plus.annual_discount"}),
    "a year without a discount": (put("plans.plus.annual_discount", None), {"plans.plus.annual_share"}),
    "an analogue of a plan that is sold": (put("plans.team.analogue", "plus"), {"plans.team.analogue"}),
    "a shift of a plan that is sold": (
        put("plans.team.constant_shift", n(1, "utility")),
        {"plans.team.constant_shift"},
    ),
    "a nest of plans offered to different people": (
        put("nests", {"own": {"plans": ["plus", "team"], "dissimilarity": n(0.5)}}),
        {"nests.own"},
    ),
    "a field that is no longer used": (put("outside_decisions", n(0.05, "1/month")), {"outside_decisions"}),
    "churn of a segment it is not offered to": (
        put("plans.plus.decision_rate_by_segment.firms", n(0.1, "1/month")),
        {"plans.plus.decision_rate_by_segment.firms"},
    ),
    "constants of no counts": (both(put("today.plans.team.own_constants", True)), {"today.plans.team.own_constants"}),
    "evidence on a plan that is not sold": (
        put("evidence", [{"check": "cap_binding_share", "plan": "lite", "low": 0, "high": 1, "assumption": "test"}]),
        {"evidence.0"},
    ),
    "an alternative without a count in a channel": (
        put("alternatives.rival.segments", ["students", "pros", "firms"]),
        set(),
    ),
    "a plan without choices": (ask("plans.team", {}), {"plans.team"}),
    "caps on a model nobody wants": (
        both(
            put("ai_models.tiny", TINY),
            put("plans.plus.allowances.tiny", {}),
            ask("plans.plus.allowances", {"tiny": {"day": [1, 2]}}),
        ),
        {"ai_models.tiny", "plans.plus.allowances.tiny"},
    ),
    "a rule for a price that is fixed": (
        ask("rules", {"price_change": [{"plan": "api", "at_most": 0.1}]}),
        {"rules.price_change.0"},
    ),
    "an order of one plan": (ask("rules", {"plan_order": [["plus"]]}), {"rules.plan_order.0"}),
    "an order with plans off every menu": (
        both(ask("rules", {"plan_order": [["lite", "plus"]]}), ask("plans.lite", None)),
        {"rules.plan_order.0"},
    ),
    "charm without prices": (
        both(ask("rules", {"charm_prices": True}), ask("plans", {"free": {"allowances": {"big": {"day": [3, 6]}}}})),
        {"rules.charm_prices"},
    ),
    "a floor under no ratio": (
        ask("conditions", [{"figure": "revenue", "at_least": 1, "denominator_floor": 5}]),
        {"conditions.0.denominator_floor"},
    ),
    "a change of today's count": (
        ask("changes", {"today.plans.plus.customers": {"times": 2}}),
        {"changes.today.plans.plus.customers"},
    ),
    "a change of all of today's counts": (
        ask("changes", {"today.alternatives.*.*": {"times": 2}}),
        {"changes.today.alternatives.*.*"},
    ),
    "a scenario of today's count": (
        ask("scenarios", {"a": {"changes": {"today.plans.plus.customers": {"times": 2}}}}),
        {"scenarios.a.changes.today.plans.plus.customers"},
    ),
    "a grid of today's count": (
        ask("grid", {"today.plans.plus.customers": [{"times": 2}]}),
        {"grid.today.plans.plus.customers"},
    ),
}


def changed(factory: ModuleType, spoil: Spoil) -> Any:
    market, case = factory.market(), factory.case()
    spoil(market, case)
    return factory.inputs(market, case)


@pytest.mark.parametrize("name", IDLE)
def test_idle(name: str, factory: ModuleType) -> None:
    spoil, fields = IDLE[name]
    found = check_inputs(changed(factory, spoil))
    assert {f.field for f in found} == fields, found
    assert all(f.code == "no-effect" and f.severity == "warning" and f.message and f.cure for f in found)
    assert all(f.file in ("market.yaml", "case.yaml") for f in found)


MEANT: dict[str, Spoil] = {
    "overage with a capped fallback": both(
        put(PLUS, PRICE),
        put("plans.plus.allowances.big", CAPPED),
        put("plans.plus.fallback_limit", {"3h": n(9, "requests")}),
    ),
    "overage with a fallback": put(PLUS, PRICE),
    "overage of a left out model with a fallback": both(put(PLUS, PRICE), put("plans.plus.allowances.big", None)),
    "ladder of an overage with a fallback": both(put(PLUS, PRICE), ask("plans.plus", {"unit_prices": {"big": [6, 8]}})),
    "overage of the fallback itself": both(
        put("plans.plus.unit_prices.mini", PRICE), put("plans.plus.allowances.mini", CAPPED)
    ),
    "overage without a fallback": both(put(PLUS, PRICE), put("plans.plus.fallback", None)),
    "overage of a cap that the case may set": both(
        put("plans.team.unit_prices.mini", PRICE),
        ask("plans.team", {"allowances": {"mini": {"day": [5, "unlimited"]}}}),
    ),
    "a limit on the change of a unit price": both(
        ask("plans.api", {"unit_prices": {"big": [6, 8]}}),
        ask("rules", {"price_change": [{"plan": "api", "at_most": 0.5}]}),
    ),
    "a metered plan": put("plans.api.title", "Metered"),
    "demand served by a fallback": put("plans.plus.allowances", {"mini": {}}),
    "demand served by a ladder": both(
        put("plans.team.allowances", {"mini": {}}), ask("plans.team", {"allowances": {"big": {"day": [5, 9]}}})
    ),
    "a plan that is not sold and cannot be launched": both(
        ask("plans.lite", None), put("plans.lite.unit_prices.big", PRICE)
    ),
    "a new model as a fallback": both(put("ai_models.tiny", TINY), put("plans.plus.fallback", "tiny")),
    "a plan that may be withdrawn": ask("plans.team", {"withdraw": True}),
    "a plan that may be launched as it is": ask("plans.lite", {}),
    "a floor under a ratio": ask(
        "conditions", [{"figure": "gross_margin_rate", "at_least": 0.1, "denominator_floor": 5}]
    ),
    "a change": ask("changes", {"plans.plus.price": {"times": 2}}),
}


@pytest.mark.parametrize("name", MEANT)
def test_what_has_an_effect_is_not_told(name: str, factory: ModuleType) -> None:
    assert check_inputs(changed(factory, MEANT[name])) == []


def test_a_change_by_the_caller(factory: ModuleType) -> None:
    (found,) = check_inputs(factory.inputs(None, None, {"today.plans.plus.customers": Change(times=2.0)}))
    assert (found.field, found.file, found.severity) == ("--set today.plans.plus.customers", "", "warning")


@pytest.mark.parametrize(
    "path", ["plans.plus.unit_prices.mini", "plans.team.unit_prices.mini", "ai_models.tiny.quality",
             "pools.spare.price", "plans.plus.decision_rate_by_segment.firms", "today.plans.plus.customers",
             "today.alternatives.rival.consumer"]
)  # fmt: skip
def test_it_has_no_effect_indeed(path: str, factory: ModuleType) -> None:
    """Ten times the number, and no figure moves, with tight caps and with loose ones."""
    market = factory.market()
    for spoil in (
        put("plans.plus.unit_prices.mini", PRICE), put("plans.plus.allowances.mini", CAPPED),
        put("plans.plus.fallback", "big"), put("plans.team.unit_prices.mini", PRICE), put("ai_models.tiny", TINY),
        put("pools.spare", {"price": n(2, "usd/GPU-hour"), "utilisation": n(0.4, "fraction")}),
        put("plans.plus.decision_rate_by_segment.firms", n(0.01, "1/month")),
    ):  # fmt: skip
        spoil(market, {})
    case = factory.case(changes={path: {"times": 10.0 if "customers" in path else 3.0}})
    m = factory.problem(market, case)
    known = [name for name in figures.names() if not math.isnan(m.today.figure(name))]
    assert len(known) > 10
    for name in known:
        assert m.unchanged.figure(name) == m.today.figure(name), name


def test_the_shipped_cases() -> None:
    """Only what is meant: two small plans and two segments of one market leave an AI model out."""
    for name in list_cases():
        found = check_inputs(load_case(name))
        wanted = 4 if name.startswith("anthropic") else 0
        assert len(found) == wanted and {f.code for f in found} <= {"no-effect"}, (name, found)
        assert all("opus" in f.message for f in found)
