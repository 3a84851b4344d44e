"""Whether an answer holds over a nest's range."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from optimizer.answer.checks.nest_range import NARROW, nest_range, world

Make = Callable[..., Any]


def test_a_market_without_nests(under_check: Make) -> None:
    (row,) = nest_range(under_check())
    assert (row.plan, row.verdict) == (None, "pass") and "no nests" in row.words


def test_a_launch_that_flips(under_check: Make, nested: Make) -> None:
    a = under_check(nested(0.5, 0.2, 1.0))
    (row,) = nest_range(a)
    assert (row.plan, row.verdict) == ("lite", "undecided")
    assert "on the best menu" in row.words and "shapes" in row.words
    assert row.value is not None and 0.2 < row.value < 0.5
    off, on = world(a, "paid", row.value).menu, world(a, "paid", row.value + 2 * NARROW).menu
    assert off is not None and on is not None
    assert off.terms["lite"] is None and on.terms["lite"] is not None


def test_a_range_over_which_it_holds(under_check: Make, nested: Make) -> None:
    (row,) = nest_range(under_check(nested(0.05, 0.04, 0.06)))
    assert (row.plan, row.verdict) == (None, "pass") and "0.04 to 0.06" in row.words
    (row,) = nest_range(under_check(nested(0.05)))
    assert row.verdict == "pass" and "states no range" in row.words


def test_without_time_it_says_so(under_check: Make, nested: Make) -> None:
    a = under_check(nested(0.5, 0.2, 1.0))
    late = replace(a, settings=replace(a.settings, deadline=time.monotonic() - 5.0))
    (row,) = nest_range(late)
    assert row.verdict == "mark" and "in time" in row.words
