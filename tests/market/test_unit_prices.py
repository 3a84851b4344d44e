"""Unit prices by kind of token and above a context length: by hand, as ladders, in menus and in workbooks."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.answer.menu import menu_document, plan_choices, read_menu
from optimizer.errors import InputError
from optimizer.inputs.load import Inputs
from optimizer.io.workbook import workbook_documents, write_case_workbook
from optimizer.market.check import check_inputs
from optimizer.market.credibility import measured, scaled
from optimizer.market.evaluate import evaluate_menu
from optimizer.market.prepare import prepare
from optimizer.model.case_model import case_model_of, with_changes
from optimizer.model.choices import Menu, same_menu
from optimizer.schema.case import Case, Change
from optimizer.schema.market import Market

Data = dict[str, Any]


def n(value: float, unit: str) -> Data:
    return {"value": value, "unit": unit, "source": "test"}


def by_kind(**more: Any) -> Data:
    """1,500 tokens in, 0.4 of them cached, 500 out: 900 x 4 + 600 x 0.4 + 500 x 16 = 11,840 millionths of a usd."""
    return {"input": n(4, "usd/Mtok"), "cached": n(0.4, "usd/Mtok"), "output": n(16, "usd/Mtok"), **more}


LONG = {"share": n(0.05, "fraction"), "input_tokens": n(12000, "tokens/request"),
        "output_tokens": n(1000, "tokens/request")}  # fmt: skip
ABOVE = {"tokens": n(8000, "tokens/request"), "input": n(8, "usd/Mtok"), "output": n(24, "usd/Mtok")}


def market(factory: ModuleType, price: Data, **more: Any) -> Data:
    data: Data = factory.changed(factory.market(), "plans.api.unit_prices.big", price)
    for path, value in more.items():
        data = factory.changed(data, path.replace("__", "."), value)
    return data


def price_of_big(factory: ModuleType, data: Data) -> float:
    found = prepare(factory.inputs(data).market).terms["api"].unit_prices[0]
    assert found is not None
    return found


def test_price_of_a_request_by_kind_of_token(factory: ModuleType) -> None:
    assert price_of_big(factory, market(factory, by_kind())) == pytest.approx(11840e-6, rel=1e-12)


def test_a_cached_token_costs_what_another_costs_where_nothing_else_is_stated(factory: ModuleType) -> None:
    price = by_kind()
    del price["cached"]
    assert price_of_big(factory, market(factory, price)) == pytest.approx(14000e-6, rel=1e-12)


def test_one_price_for_all_kinds_is_the_price_per_token(factory: ModuleType) -> None:
    price = {kind: n(8, "usd/Mtok") for kind in ("input", "cached", "output")}
    plain = price_of_big(factory, factory.market())
    assert price_of_big(factory, market(factory, price)) == pytest.approx(plain, rel=1e-12)


def test_price_above_a_context_length(factory: ModuleType) -> None:
    """Of a mean request 600 x 0.6 + 600 x 0.4 tokens in and 50 out are long ones': 600 x 8 + 50 x 24 = 6,000, cached
    ones at the price of others. The rest: 540 x 4 + 360 x 0.4 + 450 x 16 = 9,504."""
    data = market(factory, by_kind(above=ABOVE), ai_models__big__long_context=LONG)
    assert price_of_big(factory, data) == pytest.approx(15504e-6, rel=1e-12)
    # without such requests, or without other prices for them, nothing changes
    assert price_of_big(factory, market(factory, by_kind(above=ABOVE))) == pytest.approx(11840e-6, rel=1e-12)
    same = market(factory, by_kind(), ai_models__big__long_context=LONG)
    assert price_of_big(factory, same) == pytest.approx(11840e-6, rel=1e-12)


LADDERS = [
    ({"times": [0.5, 1, 2]}, [5920e-6, 11840e-6, 23680e-6]),
    # 900 x 2 + 600 x 0.4 + 500 x 16 = 10,040; with 8 out 4,000 less
    ({"input": [2, 4], "output": [8, 16]}, [6040e-6, 10040e-6, 7840e-6, 11840e-6]),
    ({"cached": 0.2}, [11720e-6]),
]


@pytest.mark.parametrize(("ladder", "wanted"), LADDERS)
def test_ladders(factory: ModuleType, ladder: Data, wanted: list[float]) -> None:
    case = factory.case(plans={"api": {"unit_prices": {"big": ladder}}})
    m = factory.problem(market(factory, by_kind()), case)
    levels = m.choices.levels[m.choices.plans.index("api")]
    assert [level.unit_prices[0] for level in levels] == pytest.approx(wanted, rel=1e-12)


def test_a_scale_ladder_on_a_plain_price_and_a_limit_on_its_change(factory: ModuleType) -> None:
    case = factory.case(plans={"api": {"unit_prices": {"big": {"times": [0.5, 0.9, 1, 1.1]}, "mini": {"times": 2}}}})
    m = factory.problem(None, {**case, "rules": {"price_change": [{"plan": "api", "at_most": 1.0}]}})
    prices = [t.unit_prices for t in m.choices.levels[m.choices.plans.index("api")]]
    assert prices == [pytest.approx((b, 0.004)) for b in (0.008, 0.0144, 0.016, 0.0176)]
    held = {**case, "plans": {"api": {"unit_prices": {"big": {"times": [0.5, 0.9, 1, 1.1]}}}}}
    m = factory.problem(None, {**held, "rules": {"price_change": [{"plan": "api", "at_most": 0.1}]}})
    assert len(m.choices.levels[m.choices.plans.index("api")]) == 3


def test_menus_tell_prices_by_kind_and_are_read_again(factory: ModuleType) -> None:
    case = factory.case(plans={"api": {"unit_prices": {"big": {"input": [2, 4], "output": [8, 16]}}}})
    m = factory.problem(market(factory, by_kind()), case)
    for choice in range(4):
        pairs = zip(m.choices.plans, m.choices.levels, strict=True)
        terms = {plan: levels[choice if plan == "api" else 0] for plan, levels in pairs}
        menu = Menu(terms, m.choices.mixes[0])
        told = menu_document(menu, m.prepared.market)
        wanted = {"big.input": [2, 4][choice // 2], "big.cached": 0.4, "big.output": [8, 16][choice % 2], "mini": 0.002}
        assert told["menu"]["api"]["unit_prices"] == pytest.approx(wanted)
        again = read_menu(json.loads(json.dumps(told)), m.prepared)
        assert same_menu(again, menu) and m.choices.choice(again) == m.choices.choice(menu)
        shown = plan_choices(m.inputs.market, m.inputs.changed, m.prepared.today_menu(), terms, {})
        api = next(p for p in shown if p.plan == "api")
        assert api.unit_price_units["big.input"] == "usd/Mtok"
        moved = {"big.input": choice < 2, "big.output": choice % 2 == 0}
        assert set(api.new_unit_prices) == {name for name, new in moved.items() if new}


def everything(factory: ModuleType) -> tuple[Data, Data]:
    more = {
        "ai_models__big__long_context": LONG,
        "plans__api__least_spend": n(5, "usd/month"),
        "plans__api__included_spend": n(2, "usd/month"),
        "segments__firms__price_elasticity": n(1.11, "1"),
    }
    ladder = {"big": {"input": [2, 4], "above": {"output": [20, 24]}}, "mini": {"times": [0.8, 1]}}
    return market(factory, by_kind(above=ABOVE), **more), factory.case(plans={"api": {"unit_prices": ladder}})


def test_workbook_round_trip(factory: ModuleType, tmp_path: Path) -> None:
    market_data, case_data = everything(factory)
    inputs: Inputs = factory.inputs(market_data, case_data)
    path = tmp_path / "case.xlsx"
    write_case_workbook(path, inputs.case_document, inputs.market_document)
    case, read = workbook_documents(path)
    assert read.data == inputs.market_document.data
    assert Market.model_validate(read.data) == inputs.market
    assert Case.model_validate(case.data).plans == inputs.case.plans


BAD = [
    ("plans.api.unit_prices.big", by_kind(input=n(4, "usd/request")), "plans.api.unit_prices.big.input"),
    ("plans.api.unit_prices.big", by_kind(output=n(-4, "usd/Mtok")), "plans.api.unit_prices.big.output"),
    ("plans.api.unit_prices.big", by_kind(above={**ABOVE, "tokens": n(13000, "tokens/request")}),
     "plans.api.unit_prices.big.above.tokens"),
    ("ai_models.big.long_context", {**LONG, "share": n(0.2, "fraction")}, "ai_models.big.long_context.input_tokens"),
    ("ai_models.big.long_context", {**LONG, "output_tokens": n(11000, "tokens/request")},
     "ai_models.big.long_context.output_tokens"),
    ("plans.api.unit_prices.mini", n(0, "usd/Mtok"), "plans.api.unit_prices.mini"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "field"), BAD)
def test_bad_values_are_told(factory: ModuleType, path: str, value: Data, field: str) -> None:
    data = factory.changed(everything(factory)[0], path, value)
    errors = [f for f in check_inputs(factory.inputs(data)) if f.severity == "error"]
    assert [f.field for f in errors] == [field]


BAD_LADDERS = [
    ([4.0], "unit-price-kinds"),
    ({"times": [0]}, "range"),
    ({"times": [-1]}, "range"),
    ({"cached": [-1.0]}, "range"),
]


@pytest.mark.parametrize(("ladder", "code"), BAD_LADDERS)
def test_bad_ladders_are_told(factory: ModuleType, ladder: Any, code: str) -> None:
    market_data, _ = everything(factory)
    inputs = factory.inputs(market_data, factory.case(plans={"api": {"unit_prices": {"big": ladder}}}))
    assert [f.code for f in check_inputs(inputs) if f.severity == "error"] == [code]


@pytest.mark.parametrize("ladder", [{}, {"times": [1], "input": [2]}, {"above": [3]}, {"inptu": [2]}])
def test_a_ladder_of_neither_kind_is_refused(factory: ModuleType, ladder: Data) -> None:
    with pytest.raises((InputError, ValueError)):
        factory.inputs(None, factory.case(plans={"api": {"unit_prices": {"big": ladder}}}))


def test_idle_prices_are_told(factory: ModuleType) -> None:
    data = market(factory, by_kind(above=ABOVE), plans__plus__least_spend=n(5, "usd/month"),
                  ai_models__mini__long_context={**LONG, "share": n(0.01, "fraction")},
                  segments__students__price_elasticity=n(1.0, "1"))  # fmt: skip
    fields = {f.field for f in check_inputs(factory.inputs(data)) if f.code == "no-effect"}
    assert fields >= {
        "plans.plus.least_spend",
        "plans.api.unit_prices.big.above",
        "ai_models.mini.long_context",
        "segments.students.price_elasticity",
    }


def elastic(factory: ModuleType) -> Data:
    data: Data = factory.market()
    for segment in ("pros", "firms"):
        data = factory.changed(data, f"segments.{segment}.price_elasticity", n(1.11, "1"))
    evidence = [{"check": f"metered_elasticity_{what}", "plan": "api", "low": -1.2, "high": -1.0, "source": "test"}
                for what in ("requests", "revenue")]  # fmt: skip
    return {**data, "evidence": [*data["evidence"], *evidence]}


def test_a_cut_by_three_quarters_is_answered_as_stated(factory: ModuleType) -> None:
    """Requests of a customer 4^1.11 times, what he pays 4^0.11; today's counts are given back as without."""
    m, plain = factory.problem(elastic(factory)), factory.problem()
    assert m.today.figure("revenue") == pytest.approx(plain.today.figure("revenue"), rel=1e-12)
    cut = scaled(m.prepared.terms["api"], 0.25)
    after = evaluate_menu(m.prepared, {**m.prepared.today_menu(), "api": cut})
    j = m.today.plans.index("api")
    before_per, after_per = m.today.per[j], after.per[j]
    buys = (before_per.metered > 0.0) & m.prepared.plans[m.prepared.plan_index("api")].offered
    assert buys.any()
    assert after_per.metered[buys] / before_per.metered[buys] == pytest.approx(4.0**0.11, rel=1e-9)
    assert after_per.requests[buys] / before_per.requests[buys] == pytest.approx(4.0**1.11, rel=1e-9)
    held, now = m.today.customers[:, j], after.customers[:, j]
    assert now.sum() > held.sum()
    assert now @ after_per.metered == pytest.approx(4.0**0.11 * float(now @ before_per.metered), rel=1e-9)
    checks = {c.check: c for c in measured(m.today) if c.check.startswith("metered")}
    assert checks["metered_elasticity_requests"].value == pytest.approx(-1.11, rel=1e-9)
    assert checks["metered_elasticity_revenue"].value == pytest.approx(-1.11, rel=1e-9)


def test_a_changed_market_is_answered_from_todays_prices(factory: ModuleType) -> None:
    """A change of the market's own unit price, and of a rival's, does what the same terms on the menu do."""
    m = case_model_of(factory.inputs(elastic(factory)))
    moved = with_changes(m, {"plans.api.unit_prices.*": Change(times=0.5)})
    there = moved.evaluate(Menu(moved.prepared.today_menu(), moved.prepared.today_mix))
    terms = {**m.prepared.today_menu(), "api": scaled(m.prepared.terms["api"], 0.5)}
    here = m.evaluate(Menu(terms, m.prepared.today_mix))
    assert there.figure("contribution_margin") == pytest.approx(here.figure("contribution_margin"), rel=1e-12)
    assert np.array_equal(there.per[-1].requests, here.per[-1].requests)
