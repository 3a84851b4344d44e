"""Numbers moved on the validated market: the same market as from files that state them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from optimizer.errors import InputError
from optimizer.inputs.changes import apply_changes
from optimizer.inputs.moved import moved, quantity_at, with_values
from optimizer.io.documents import Document
from optimizer.schema.case import Change

PATHS = {
    "plans.plus.price": 24.0,
    "plans.api.unit_prices.big": 9.5,
    "segments.students.usage.window_sigmas.day": 0.4,
    "pools.main.capacity.reserved": 70.0,
    "finance.fees.api.payment": 0.05,
    "today.plans.plus.customers": 38_000.0,
    "plans.free.allowances.big.day": 4.0,
}


def stated(factory: ModuleType, values: dict[str, float], data: Any = None) -> Any:
    data = factory.market() if data is None else data
    for path, value in values.items():
        data = factory.changed(data, path, value)
    return factory.inputs(data)


@pytest.mark.parametrize("values", [*({p: v} for p, v in PATHS.items()), PATHS], ids=[*PATHS, "all"])
def test_the_market_is_the_one_that_files_would_state(factory: ModuleType, values: dict[str, float]) -> None:
    found, wanted = moved(factory.inputs(), values), stated(factory, values)
    assert found.market == wanted.market
    assert found.market != factory.inputs().market
    assert found.changed is found.market
    assert found.market_document.data == wanted.market_document.data
    assert found.changed_document.data == wanted.changed_document.data
    assert found.hash == wanted.hash != factory.inputs().hash


def test_parts_not_on_the_way_are_shared(factory: ModuleType) -> None:
    market = factory.inputs().market
    found = with_values(market, {"segments.pros.usage.requests": 300.0})
    assert found.segments["students"] is market.segments["students"]
    assert found.segments["pros"].usage.window_sigmas is market.segments["pros"].usage.window_sigmas
    assert found.plans is market.plans or all(found.plans[n] is p for n, p in market.plans.items())
    assert market.segments["pros"].usage.requests.value == 200.0


def test_the_range_widens_to_hold_the_value(factory: ModuleType) -> None:
    price = {**factory.q(20, "usd/month"), "low": 15.0, "high": 22.0}
    inputs = factory.inputs(factory.changed(factory.market(), "plans.plus.price", price))
    for value, low, high in ((18.0, 15.0, 22.0), (12.0, 12.0, 22.0), (30.0, 15.0, 30.0)):
        found = moved(inputs, {"plans.plus.price": value})
        quantity, document = quantity_at(found.market, "plans.plus.price"), found.market_document.data
        assert (quantity.low, quantity.value, quantity.high) == (low, value, high)
        assert {k: document["plans"]["plus"]["price"][k] for k in ("low", "value", "high")} == {
            "low": low, "value": value, "high": high,
        }  # fmt: skip


def test_values_are_in_the_schemas_unit_and_documents_in_their_own(factory: ModuleType) -> None:
    data = factory.changed(factory.market(), "plans.plus.decision_rate", factory.q(5, "percent/month"))
    found = moved(factory.inputs(data), {"plans.plus.decision_rate": 0.0})
    assert found.market.plans["plus"].decision_rate.value == 0.0
    again = moved(found, {"plans.plus.decision_rate": 0.04})
    assert again.market.plans["plus"].decision_rate.value == 0.04
    assert again.market_document.data["plans"]["plus"]["decision_rate"]["value"] == pytest.approx(4.0, rel=1e-15)


CHANGES = {
    "times": ({"plans.plus.price": {"times": 1.1}}, 22.0),
    "plus": ({"plans.plus.price": {"plus": 3.0}}, 23.0),
    "to": ({"plans.plus.price": {"to": 30.0}}, 30.0),
    "star": ({"plans.*.price": {"times": 0.5}}, 10.0),
    "another": ({"plans.team.price": {"times": 0.5}}, 20.0),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_the_cases_changes_come_upon_the_moved_number(factory: ModuleType, kind: str) -> None:
    changes, price = CHANGES[kind]
    case = factory.case(changes=changes)
    values = {"plans.plus.price": 20.0 * 1.2}
    found = moved(factory.inputs(None, case), values)
    wanted = factory.inputs(factory.changed(factory.market(), "plans.plus.price", 24.0), case)
    assert found.market == wanted.market
    assert quantity_at(factory.inputs(None, case).changed, "plans.plus.price").value == pytest.approx(price)
    there = quantity_at(found.changed, "plans.plus.price").value
    assert there == pytest.approx(quantity_at(wanted.changed, "plans.plus.price").value, rel=1e-14)
    # a change upon a number in another unit than the schema's, by --set
    data = factory.changed(factory.market(), "plans.plus.decision_rate", factory.q(5, "percent/month"))
    inputs = factory.inputs(data, case, {"plans.plus.decision_rate": Change(plus=1.0)})
    assert moved(inputs, {"plans.plus.decision_rate": 0.07}).changed.plans["plus"].decision_rate.value == pytest.approx(0.08)


def test_what_is_no_number_is_refused(factory: ModuleType) -> None:
    for path in ("plans.plus", "plans.none.price", "plans.plus.price.value", "title", "evidence.0", ""):
        with pytest.raises(InputError, match="no number of the market"):
            moved(factory.inputs(), {path: 1.0})


def test_what_its_number_cannot_be_is_refused(factory: ModuleType) -> None:
    for path, value, said in (
        ("finance.fees.api.payment", 1.5, "above 1"),
        ("plans.plus.price", -1.0, "below 0"),
        ("go_to_market.consumer.base", 0.95, "base must not exceed most"),
        ("plans.plus.price", float("nan"), "finite"),
    ):
        with pytest.raises(InputError, match=said):
            moved(factory.inputs(), {path: value})


def test_applied_changes_leave_the_document_alone(factory: ModuleType) -> None:
    document = Document(factory.market(), {}, "market.yaml")
    changes = {"plans.*.price": Change(times=2.0), "pools.spot.capacity.reserved": Change(to=5.0, unit="GPU")}
    found = apply_changes(document, changes, Document({}, {}, ""))
    assert document.data == factory.market()
    assert found.data["plans"]["plus"]["price"]["value"] == 40.0
    assert found.data["pools"]["spot"]["capacity"]["reserved"]["value"] == 5.0
    assert found.data["segments"] is document.data["segments"]
