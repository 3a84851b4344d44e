"""Ladders whose combinations cannot be held are told before anything is built."""

from __future__ import annotations

import itertools
import time
from types import ModuleType
from typing import Any

import pytest

from optimizer.errors import Finding, InputError
from optimizer.execution import clock
from optimizer.execution.clock import TimeLimitError
from optimizer.market import sizes
from optimizer.market.sizes import MOST_LEVELS
from optimizer.model.case_model import case_model_of

Data = dict[str, Any]


def findings(market: Data, case: Data, factory: ModuleType) -> list[Finding]:
    """What is wrong, found at once."""
    began = time.process_time()
    with pytest.raises(InputError) as raised:
        case_model_of(factory.inputs(market, case))
    assert time.process_time() - began < 2.0
    return list(raised.value.findings)


def with_ai_models(factory: ModuleType, count: int) -> Data:
    """The small market with further AI models, all sold on the API plan by the request."""
    market = factory.market()
    for k in range(count - len(market["ai_models"])):
        market["ai_models"][f"m{k:02d}"] = {**market["ai_models"]["mini"]}
    market["plans"]["api"]["unit_prices"] = {a: factory.q(0.002, "usd/request") for a in market["ai_models"]}
    return market


def test_one_plan_with_the_price_ladders_of_thirteen_ai_models(factory: ModuleType) -> None:
    """3 prices each: 3^13 = 1,594,323 settings; with 3 segments x 4 x 3 classes all plans may have 5e6 // 36."""
    market = with_ai_models(factory, 13)
    ladders = {a: [0.001, 0.002, 0.003] for a in market["ai_models"]}
    case = factory.case(plans={"api": {"unit_prices": ladders}})
    types = 3 * (len(market["classes"]["usage"]) - 1) * (len(market["classes"]["willingness_to_pay"]) - 1)
    (found,) = findings(market, case, factory)
    assert (found.code, found.field, found.severity) == ("too-many-levels", "plans.api", "error")
    assert "1,594,323 combinations (3 x 3 x 3 x" in found.message
    assert f"{types:,} customer types" in found.message and f"{MOST_LEVELS // types:,}" in found.message
    assert "shorten ladders" in found.cure and "unit prices move a few at a time" in found.cure


def test_ladders_that_can_be_held_are_no_finding(factory: ModuleType) -> None:
    market = with_ai_models(factory, 13)
    ladders = {a: [0.001, 0.002, 0.003] for a in list(market["ai_models"])[:4]}
    made = case_model_of(factory.inputs(market, factory.case(plans={"api": {"unit_prices": ladders}})))
    made.build()
    assert made.built.instance.levels[-1] == 3**4


def test_values_that_stand_twice_or_that_rules_forbid_do_not_count(
    factory: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """plus at 18 to 22 only: 5 of 40 prices, one of them twice."""
    case = factory.case(plans={"plus": {"price": [*range(1, 41), 20]}})
    case["rules"] = {"price_change": [{"plan": "plus", "at_most": 0.1}]}
    for most, fits in ((5, True), (4, False)):
        market = factory.market()
        types = 3 * (len(market["classes"]["usage"]) - 1) * (len(market["classes"]["willingness_to_pay"]) - 1)
        monkeypatch.setattr(sizes, "MOST_LEVELS", most * types)
        if fits:
            case_model_of(factory.inputs(market, case))
        else:
            assert [f.code for f in findings(market, case, factory)] == ["too-many-levels"]


def test_an_order_of_two_long_ladders(factory: ModuleType) -> None:
    long = [5.0 + 0.001 * k for k in range(12_000)]
    case = factory.case(plans={"plus": {"price": long}, "lite": {"price": long}})
    case["rules"] = {"plan_order": [["lite", "plus"]]}
    (found,) = findings(factory.market(), case, factory)
    assert (found.code, found.field) == ("too-many-levels", "rules.plan_order.0")
    assert "144,000,000 pairs" in found.message


def test_an_order_of_plans_equals_the_pairs_one_by_one(factory: ModuleType) -> None:
    """Levels share few allowances; what is compared once for all of them is what each pair would say."""
    plans = {
        "lite": {"price": [6, 8, 20], "allowances": {"big": {"day": [4, 8, 90]}}, "withdraw": True},
        "plus": {"price": [8, 15, 20], "allowances": {"big": {"week": [50, 150], "3h": [5, 12]}}},
    }
    case = factory.case(plans=plans)
    case["rules"] = {"plan_order": [["lite", "plus"]]}
    made = case_model_of(factory.inputs(factory.market(), case))
    (rule,) = made.choices.rules
    small, large = made.choices.levels[rule.first], made.choices.levels[rule.second]
    from optimizer.economics.response import included

    def gives(terms: Any) -> Any:
        return included(made.prepared.population, terms).by_model @ made.prepared.ai_models.quality

    said = set()
    for (a, less), (b, more) in itertools.product(enumerate(small), enumerate(large)):
        allowed = (
            less is None
            or more is None
            or (more.price >= less.price and bool((gives(more) >= gives(less) * (1 - 1e-9)).all()))
        )
        assert rule.allowed[a, b] == allowed, (less, more)
        said.add(allowed)
    assert said == {True, False}


def test_building_stops_at_the_limit(factory: ModuleType) -> None:
    made = case_model_of(factory.inputs(factory.market(), factory.case()))
    with clock.until(time.monotonic() - 100.0), pytest.raises(TimeLimitError, match="passed before"):
        made.build()
    made.build()
