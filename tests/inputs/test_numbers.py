"""Numbers with a low and a high: known exactly, changed, at the ends of their ranges and of what is legal."""

from __future__ import annotations

import csv
from pathlib import Path
from types import ModuleType
from typing import Any

import openpyxl
import pytest
from pydantic import ValidationError

from optimizer.answer.run import solve_case_model
from optimizer.errors import InputError
from optimizer.inputs.changes import apply_changes
from optimizer.inputs.load import load_case, validate
from optimizer.inputs.scenarios import read_scenarios
from optimizer.io.copying import copy_case
from optimizer.io.workbook import write_case_workbook
from optimizer.market.check import quantities
from optimizer.optimise.outcome import Settings
from optimizer.schema.base import Quantity
from optimizer.schema.case import Change
from optimizer.schema.market import Market
from optimizer.studies.compare import compare_case
from optimizer.studies.sensitivity import tornado

SHIPPED = ("assistant-startup-today", "openai-2025-today", "anthropic-2025-today")


def quantity(**more: Any) -> Quantity:
    return Quantity.model_validate({"value": 12.0, "unit": "usd/month", "assumption": "test", **more})


# --- known exactly --------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [25.0, 3, 12.0, 0.0, -1.5])
@pytest.mark.parametrize("end", [12.0, 12])
def test_a_number_known_exactly_takes_any_value(value: float, end: float) -> None:
    found = quantity(value=value, low=end, high=end)
    assert (found.low, found.value, found.high) == (value, value, value)


@pytest.mark.parametrize(
    "ends", [{"low": 10.0, "high": 14.0}, {"low": 14.0, "high": 10.0}, {"low": 13.0, "high": 14.0}, {"high": 12.0}]
)
def test_a_number_with_a_range_does_not(ends: dict[str, float]) -> None:
    source = {"assumption": None, "source": "test"}
    with pytest.raises(ValidationError, match=r"outside low|needs low"):
        quantity(value=25.0, **ends, **source)


@pytest.mark.parametrize(
    "ends", [{"low": "12", "high": "12"}, {"low": True, "high": True}, {"low": None, "high": None}]
)
def test_what_is_no_number_is_refused_as_before(ends: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        quantity(value=25.0, **ends)
    with pytest.raises(ValidationError):
        quantity(value="25", low=12.0, high=12.0)


def price_of(path: Path) -> tuple[float | None, ...]:
    price = load_case(path).market.plans["plus"].price
    return price.low, price.value, price.high


def test_one_cell_of_a_table_changes_a_price(tmp_path: Path) -> None:
    case = copy_case("assistant-startup-margin", tmp_path)
    numbers = tmp_path / "models" / "assistant-startup" / "numbers.csv"
    with open(numbers, newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    (row,) = (r for r in rows if r[0] == "plans.plus.price")
    assert row[1] == row[5] == row[6] == "12"
    row[1] = "13.5"
    with open(numbers, "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    assert price_of(case) == (13.5, 13.5, 13.5)


def test_one_cell_of_a_workbook_changes_a_price(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    inputs = load_case("assistant-startup-margin")
    write_case_workbook(path, inputs.case_document, inputs.market_document)
    book = openpyxl.load_workbook(path)
    for row in book["numbers"].iter_rows(min_row=2):
        if row[0].value == "plans.plus.price":
            row[1].value = 13.5
    book.save(path)
    assert price_of(path) == (13.5, 13.5, 13.5)


def test_one_field_of_a_market_changes_a_price(factory: ModuleType) -> None:
    data = factory.market()
    data["plans"]["plus"]["price"] |= {"low": 20.0, "high": 20.0}
    data["plans"]["plus"]["price"]["value"] = 25.0
    inputs = factory.inputs(data)
    assert quantities(inputs.market)["plans.plus.price"].high == 25.0
    # and what is changed after that is as exact as before
    changed = apply_changes(inputs.market_document, {"plans.plus.price": Change(times=2.0)}, inputs.case_document)
    price = changed.data["plans"]["plus"]["price"]
    assert (price["low"], price["value"], price["high"]) == (50.0, 50.0, 50.0)


# --- changed --------------------------------------------------------------------------------------

# field, its stated value, low and high in a unit; change; value, low and high afterwards in the schema's unit
MOVED = [
    ("usage_correlation", (0.3, 0.0, 0.9, "1"), Change(times=1.2), (0.36, 0.0, 0.99)),
    ("usage_correlation", (0.3, -0.9, 0.9, "1"), Change(times=1.2), (0.36, -0.99, 0.99)),
    ("usage_correlation", (0.3, 0.0, 0.6, "1"), Change(to=0.6), (0.6, 0.0, 0.99)),
    ("usage_correlation", (0.3, -0.5, 0.6, "1"), Change(to=-0.5), (-0.5, -0.99, 5 / 6)),
    ("usage_correlation", (0.3, 0.0, 0.6, "1"), Change(plus=0.5), (0.8, 0.5, 0.99)),
    ("usage_correlation", (30.0, 0.0, 90.0, "percent"), Change(times=1.2), (0.36, 0.0, 0.99)),
    ("price_sigma", (0.9, 0.2, 3.9, "1"), Change(plus=-0.7), (0.2, 0.0, 3.2)),
    ("price_sigma", (0.9, 0.2, 3.9, "1"), Change(times=2.0), (1.8, 0.4, 4.0)),
    ("decision_rate_sensitivity", (0.3, 0.1, 1.0, "1"), Change(plus=-0.2), (0.1, 0.0, 0.8)),
    ("decision_rate_sensitivity", (0.3, 0.1, 1.0, "1"), Change(to=1.0), (1.0, 1 / 3, 10 / 3)),
    ("usage.active_days", (20.0, 10.0, 28.0, "days/month"), Change(to=28.0), (28.0, 14.0, 31.0)),
    ("usage.active_days", (4.0, 1.0, 7.0, "days/week"), Change(plus=1.0), (5 * 730 / 168, 2 * 730 / 168, 31.0)),
]


@pytest.mark.parametrize(("field", "stated", "change", "wanted"), MOVED)
def test_low_and_high_move_as_far_as_they_are_legal(
    factory: ModuleType, field: str, stated: tuple[Any, ...], change: Change, wanted: tuple[float, ...]
) -> None:
    data = factory.market()
    path = f"segments.pros.{field}"
    value, low, high, unit = stated
    group = factory.at(data, path.rpartition(".")[0])
    group[field.rpartition(".")[2]] = {"value": value, "low": low, "high": high, "unit": unit, "assumption": "test"}
    inputs = factory.inputs(data, None, {path: change})
    found = quantities(inputs.changed)[path]
    assert (found.value, found.low, found.high) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("change", [Change(times=3.4), Change(to=1.0), Change(plus=-1.3), Change(to=-1.0)])
def test_a_value_beyond_what_is_legal_is_refused(factory: ModuleType, change: Change) -> None:
    with pytest.raises(InputError, match=r"--set segments.pros.usage_correlation: .* is (above|below)"):
        factory.inputs(None, None, {"segments.pros.usage_correlation": change})


def test_a_stated_low_or_high_beyond_what_is_legal_is_refused(factory: ModuleType) -> None:
    for side, end in (("low", -1.0), ("high", 1.0)):
        data = factory.market()
        data["segments"]["pros"]["usage_correlation"] |= {side: end}
        with pytest.raises(InputError, match=r"is (above|below)"):
            factory.inputs(data)


@pytest.mark.parametrize("side", ["low", "high"])
@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_of_a_shipped_market_is_legal_at_its_low_and_high(name: str, side: str) -> None:
    """All at once set, moved and multiplied to it; what must add up with others is another matter."""
    inputs = load_case(name)
    ends: dict[str, tuple[float, float]] = {}
    for path in quantities(inputs.market):
        if not path.startswith("today.observed"):
            raw = _at(inputs.market_document.data, path)
            if raw.get(side) is not None:
                ends[path] = float(raw[side]), float(raw["value"])
    assert len(ends) > 100
    for changes in (
        {path: Change(to=end) for path, (end, _) in ends.items()},
        {path: Change(plus=end - value) for path, (end, value) in ends.items()},
        {path: Change(times=end / value) for path, (end, value) in ends.items() if value},
    ):
        moved = apply_changes(inputs.market_document, changes, inputs.case_document)
        found = quantities(validate(Market, moved))
        for path in changes:
            end, raw = ends[path][0], _at(moved.data, path)
            assert raw["value"] == pytest.approx(end, rel=1e-12, abs=1e-15), path
            number = found[path]
            assert number.low is not None and number.high is not None
            assert number.low <= number.value <= number.high, path


def _at(data: Any, path: str) -> Any:
    for part in path.split("."):
        data = data[part]
    return data


# --- the studies ----------------------------------------------------------------------------------


def test_a_scenario_without_changes_is_the_case_as_it_stands(factory: ModuleType, tmp_path: Path) -> None:
    data = factory.case(scenarios={"base": {"title": "Base", "weight": 3}, "none": {}})
    path = factory.write(tmp_path, factory.market(), data)
    found = compare_case(path)
    assert found.scenarios == ("as stated", "base", "none")
    assert found.weights == {"as stated": 0.2, "base": 0.6, "none": 0.2}
    assert len({found.cells[menu, s].value for menu in found.menus[:1] for s in found.scenarios}) == 1
    (tmp_path / "worlds.yaml").write_text("scenarios: {a: {}, b: {title: B}}", encoding="utf-8")
    assert [dict(s.changes) for s in read_scenarios(tmp_path / "worlds.yaml").values()] == [{}, {}, {}]
    workbook = tmp_path / "x.xlsx"
    inputs = load_case(path)
    write_case_workbook(workbook, inputs.case_document, inputs.market_document)
    assert load_case(workbook).case == inputs.case


def test_a_number_of_nought_in_per_cent_is_moved_to_its_own_high(factory: ModuleType) -> None:
    """0 percent, at most 5 percent: 5 percent, not 0.05 percent."""
    data = factory.market()
    fee = {"value": 0.0, "unit": "percent", "assumption": "test", "low": 0.0, "high": 5.0}
    data["finance"]["fees"]["consumer"]["payment"] = fee
    model = factory.problem(data)
    settings = Settings(gap=1e-4, cross_check=False)
    solution = solve_case_model(model, settings)
    found = tornado(model, solution, settings, 0, ["finance.fees.consumer.payment"])
    data["finance"]["fees"]["consumer"]["payment"] = {**fee, "value": 5.0}
    dearer = factory.problem(data)
    kept = dearer.evaluate(dearer.carried(solution.chosen, model))
    (driver,) = found.drivers
    assert driver.kept_high == pytest.approx(kept.figure(found.figure), rel=1e-12)
    assert driver.kept_low == pytest.approx(found.base, rel=1e-12)
