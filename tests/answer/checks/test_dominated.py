"""Dearer copies add what the choice model credits to a name; of like plans nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from optimizer.answer.checks.dominated import dearer, dominated_copy
from optimizer.market.copies import with_copy
from optimizer.market.evaluate import evaluate_menu

Make = Callable[..., Any]


def test_what_costs_half_as_much_again(problem: Any) -> None:
    terms = problem.prepared.terms
    assert dearer(terms["free"]) is None
    plus, api = dearer(terms["plus"]), dearer(terms["api"])
    assert plus is not None and (plus.price, plus.unit_prices) == (30.0, terms["plus"].unit_prices)
    assert api is not None and api.price == 0.0
    assert api.unit_prices == tuple(p and 1.5 * p for p in terms["api"].unit_prices)


def test_rows(under_check: Make, nested: Make) -> None:
    plain, like = ({c.plan: c for c in dominated_copy(under_check(nested(x)))} for x in (1.0, 0.01))
    assert set(plain) == {"plus", "lite", "team", "api"} and "free" not in plain
    assert plain["plus"].verdict == "mark"
    assert like["plus"].verdict == "pass" and abs(like["plus"].value) < 1e-6


def test_the_value_is_that_of_the_market_with_the_copy(under_check: Make) -> None:
    a = under_check()
    terms = dearer(a.menu.terms["plus"])
    beside = evaluate_menu(
        with_copy(a.m.prepared, "plus", "dear"), {**a.menu.terms, "dear": terms}, a.menu.enterprise_share
    )
    share = (beside.figure("contribution_margin") - a.value) / a.value
    assert {c.plan: c.value for c in dominated_copy(a)}["plus"] == pytest.approx(share, rel=1e-9)
    with pytest.raises(ValueError, match="named"):
        with_copy(a.m.prepared, "plus", "lite")
