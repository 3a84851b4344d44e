"""Discounts by the year, credits and local prices on the ends of their ladders."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from optimizer.answer.checks.ladder_end import beyond
from optimizer.answer.checks.levers import Lever, LeverKind, ladders
from optimizer.answer.evidence import outside_evidence
from tests.model.test_further import plus, worded


def test_levers_of_further_terms(factory: ModuleType) -> None:
    m = factory.problem(*worded(factory))
    found = ladders(m.choices)
    assert found[Lever(LeverKind.DISCOUNT, "plus")] == (0.0, 0.15, 0.25)
    assert found[Lever(LeverKind.CREDITS, "plus")] == (0.0, 2.0)
    local = Lever(LeverKind.REGIONAL, "plus", segment=0)
    assert found[local] == pytest.approx((10.35, 14.95, 20.7), rel=1e-12)
    assert not any(lever.kind is LeverKind.DISCOUNT and lever.plan != "plus" for lever in found)
    market, menu = m.inputs.changed, m.today_menu
    assert (local.words(market), local.told(14.95, market)) == ("the price of Plan for students", "1300 INR/month")
    assert Lever(LeverKind.DISCOUNT, "plus").words(market) == "the discount by the year of Plan"
    discount, granted = (Lever(kind, "plus") for kind in (LeverKind.DISCOUNT, LeverKind.CREDITS))
    for lever, step in ((discount, 0.3), (granted, 4.0), (local, 9.0)):
        assert lever.value(lever.moved(menu, step)) == step
    assert beyond(LeverKind.DISCOUNT, (0.0, 0.15, 0.25)) == pytest.approx(0.35, rel=1e-12)
    assert beyond(LeverKind.DISCOUNT, (0.1, 0.6)) is None


def test_an_end_is_told(factory: ModuleType) -> None:
    m = factory.problem(*worded(factory))
    (terms,) = plus(m, price=20.0, annual_discount=0.25, credits=2.0, regional=((0, 900 * 0.0115),))
    chosen = replace(m.today_menu, terms={**m.today_menu.terms, "plus": terms})
    notes = outside_evidence(m.choices, m.inputs.market, m.inputs.changed, m.today_menu, chosen)["plus"]
    told = [note.partition(";")[0] for note in notes]
    assert told == [
        "Plan: discount by the year is the highest step of its ladder",
        "Plan: credits is the highest step of its ladder",
        "Plan: price for students is the lowest step of its ladder",
    ]
