"""Terms stated in other units are the same terms: in the headline, as seeds, under the rules, in the studies."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from optimizer.answer.menu import same_terms
from optimizer.answer.run import evaluate_case, solve_case_model
from optimizer.errors import InputError
from optimizer.optimise.outcome import Settings
from optimizer.report.html_tables import menu_table
from optimizer.report.text import decision, page
from optimizer.studies.compare import compare_case
from optimizer.units import convert, same

PRICES = (0.07, 0.29, 1.1, 4.99, 9.99, 11.99, 19.99, 20.0, 24.9, 29.99, 99.99, 199.99, 1234.56)
UNITS = ("usd/year", "usd/week", "usd/day", "usd/hour", "thousand usd/month", "million usd/year", "usd/seat/year")


def stated(value: float, unit: str, to: str) -> dict[str, Any]:
    """A number in another unit, known exactly."""
    return {"value": convert(value, to, unit), "unit": unit, "source": "test"}


def shown(solution: Any) -> str:
    console = Console(width=200, force_terminal=False)
    with console.capture() as captured:
        console.print(page(solution), highlight=False)
    return captured.get()


def test_the_same_number() -> None:
    assert same(143.88 / 12, 11.99) and same(0.0, 0.0) and same(math.inf, math.inf)
    assert same(1e-9, 1e-9 * (1 + 1e-10)) and not same(1e-9, 1.001e-9) and not same(0.0, 1e-15)
    assert not same(11.99, 11.99 * (1 + 1e-8)) and not same(1.0, math.inf) and not same(math.nan, math.nan)
    assert same_terms({"day": 0.3 * 3}, {"day": 0.9}) and not same_terms({"day": 1.0}, {"week": 1.0})
    assert same_terms("unlimited", "unlimited") and not same_terms("unlimited", 5.0) and not same_terms(None, 0.0)


def test_some_conversions_do_round() -> None:
    """Else the tests below could not fail."""
    rounded = [(p, u) for p in PRICES for u in UNITS if convert(convert(p, "usd/month", u), u, "usd/month") != p]
    assert len(rounded) >= 10 and {p for p, _ in rounded} >= {4.99, 9.99}


@pytest.mark.parametrize("unit", UNITS)
def test_a_price_in_another_unit_is_todays(unit: str, factory: ModuleType) -> None:
    """No change in the headline or the table, no note, today's menu a seed, the tightest rule met."""
    for price in PRICES[3:7]:
        data = factory.market()
        data["plans"]["plus"]["price"] = stated(price, unit, "usd/month")
        rules = {"price_change": [{"plan": "plus", "at_most": 0.0}]}
        m = factory.problem(data, factory.case(plans={"plus": {"price": [price]}}, mix=None, rules=rules))
        assert m.choices.menus == 1 and m.choices.choice(m.today_menu) == ((0,) * 5, 0), price
        solution = solve_case_model(m, Settings(gap=1e-4, cross_check=False))
        assert decision(solution).startswith("Keep today's menu"), decision(solution)
        (row,) = (p for p in solution.menu if p.plan == "plus")
        assert not row.repriced and not row.new_allowances and row.notes == (), price
        assert "*" not in shown(solution)
        cells = [cell for line in menu_table(solution).rows for cell in line]
        assert not [c for c in cells if "changed" in str(getattr(c, "style", ""))], price


@pytest.mark.parametrize("price", PRICES)
def test_a_price_a_cent_away_is_another(price: float, factory: ModuleType) -> None:
    data = factory.market()
    data["plans"]["plus"]["price"] = stated(price, "usd/year", "usd/month")
    rules = {"price_change": [{"plan": "plus", "at_most": 0.0}]}
    with pytest.raises(InputError, match="leave no price"):
        factory.problem(data, factory.case(plans={"plus": {"price": [price + 0.01]}}, rules=rules))


def test_a_cent_more_is_told(factory: ModuleType) -> None:
    data = factory.market()
    data["plans"]["plus"]["price"] = stated(20.0, "usd/year", "usd/month")
    m = factory.problem(data, factory.case(plans={"plus": {"price": [20.01]}}, mix=None))
    solution = solve_case_model(m, Settings(gap=1e-4, cross_check=False))
    assert decision(solution).startswith("Plan to 20.01.")


def test_caps_shares_and_unit_prices_in_other_units(factory: ModuleType) -> None:
    data = factory.market()
    data["plans"]["plus"]["allowances"]["big"] = {"3h": stated(8.7, "thousand requests", "requests")}
    data["plans"]["api"]["unit_prices"]["big"] = stated(8.7, "usd/token", "usd/Mtok")
    data["go_to_market"]["enterprise_share"] = stated(0.07, "percent", "fraction")
    token = data["plans"]["api"]["unit_prices"]["big"]["value"]
    plans = {"plus": {"allowances": {"big": {"3h": [8.7]}}}, "api": {"unit_prices": {"big": [token]}}}
    m = factory.problem(data, factory.case(plans=plans, mix={"enterprise_share": [0.07]}))
    solution = solve_case_model(m, Settings(gap=1e-4, cross_check=False))
    assert decision(solution).startswith("Keep today's menu") and not solution.split_moved
    assert solution.outside_evidence == ()


def test_plans_of_one_price_in_two_units_are_in_order(factory: ModuleType) -> None:
    """Plus at 143.88 a year is not below free at 11.99 a month."""
    for small, large in (("usd/month", "usd/year"), ("usd/year", "usd/month"), ("usd/day", "thousand usd/month")):
        data = factory.market()
        data["plans"]["free"]["price"] = stated(11.99, small, "usd/month")
        data["plans"]["plus"]["price"] = stated(11.99, large, "usd/month")
        data["plans"]["free"]["allowances"] = {"mini": {"day": {"value": 0.0, "unit": "requests", "source": "test"}}}
        case = factory.case(plans={}, mix=None, rules={"plan_order": [["free", "plus"]]})
        (rule,) = factory.problem(data, case).choices.rules
        assert rule.allowed.all(), (small, large)


def test_today_stands_once_among_compared_menus(factory: ModuleType, tmp_path: Any) -> None:
    data = factory.market()
    data["plans"]["plus"]["price"] = stated(19.99, "usd/week", "usd/month")
    case = factory.case(plans={"plus": {"price": [19.99]}}, mix=None, scenarios={"same": {}})
    path = factory.write(tmp_path, data, case)
    found = compare_case(path)
    assert found.menus == ("best in as stated", "best in same")
    assert decision(evaluate_case(path)).startswith("Keep today's menu")
