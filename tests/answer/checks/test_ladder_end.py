"""Ladders that end too early, by steps, by hand and by a longer ladder."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from optimizer.answer.checks.ladder_end import beyond, ladder_end
from optimizer.answer.checks.levers import LeverKind
from optimizer.report.text import head

Make = Callable[..., Any]
TEAM = {"team": {"price": [25, 30]}}


@pytest.mark.parametrize(
    ("kind", "towards", "step"),
    [
        (LeverKind.PRICE, (25, 20, 15), 10),
        (LeverKind.PRICE, (20, 25), 30),
        (LeverKind.PRICE, (30, 10), 10 / 3),
        (LeverKind.PRICE, (5, 0), None),
        (LeverKind.CAP, (3, 2, 1), 0),
        (LeverKind.CAP, (4, 2), 1),
        (LeverKind.CAP, (3, 2), 1),
        (LeverKind.CAP, (80, 160), 320),
        (LeverKind.CAP, (10, 11), 12),
        (LeverKind.CAP, (160, math.inf), None),
        (LeverKind.CAP, (math.inf, 160), 80),
        (LeverKind.CAP, (1, 0), None),
        (LeverKind.UNIT_PRICE, (3.0, 4.5), 6.75),
        (LeverKind.MIX, (0.4, 0.5), 0.6),
        (LeverKind.MIX, (0.3, 0.1), 0.0),
        (LeverKind.MIX, (0.9, 1.0), None),
        (LeverKind.MIX, (0.1, 0.0), None),
    ],
)
def test_steps(kind: LeverKind, towards: tuple[float, ...], step: float | None) -> None:
    assert beyond(kind, towards) == (None if step is None else pytest.approx(step, rel=1e-9))


def test_a_ladder_that_is_too_short_blocks_best(checked: Make, factory: ModuleType) -> None:
    solution = checked(None, factory.case(plans=TEAM, mix=None))
    (row,) = (c for c in solution.checks if c.check == "ladder_end")
    longer = checked(None, factory.case(plans={"team": {"price": [25, 30, 35]}}, mix=None))
    assert (row.plan, row.verdict, row.blocks, row.unit) == ("team", "mark", True, "usd/month")
    assert row.value == pytest.approx(longer.objective.value - solution.objective.value, rel=1e-9)
    assert "longer ladder" in row.words
    assert "Proven best of the 2 menus offered" in solution.verdict_text and "longer ladder" in solution.verdict_text
    assert "Proven best of the 2 menus offered" in head(solution).plain


def test_a_ladder_that_is_long_enough(checked: Make, factory: ModuleType) -> None:
    solution = checked(None, factory.case(plans={"team": {"price": [25, 30, 35, 40, 50, 60, 80]}}, mix=None))
    assert [(c.verdict, c.blocks) for c in solution.checks if c.check == "ladder_end"] == [("pass", False)]
    assert solution.verdict_text.startswith("Proven best of 7 menus")


def test_beyond_the_evidence_nothing_is_blocked(checked: Make, factory: ModuleType) -> None:
    """A cap of 1 where 3 stands today: none at all would pay, but was never seen."""
    solution = checked(None, factory.case(plans={"free": {"allowances": {"big": {"day": [1, 3]}}}}, mix=None))
    (row,) = (c for c in solution.checks if c.check == "ladder_end")
    assert (row.verdict, row.blocks) == ("mark", False) and "outside the evidence" in row.words
    assert "offered" not in solution.verdict_text


def test_conditions_and_rules_hold_beyond_the_end(checked: Make, factory: ModuleType) -> None:
    case = factory.case(plans=TEAM, mix=None)
    first = checked(None, case)
    held = {"figure": "customers", "plan": "team", "at_least": first.figure("customers", "team") * 0.999}
    assert [c.verdict for c in checked(None, {**case, "conditions": [held]}).checks if c.check == "ladder_end"] == [
        "pass"
    ]
    ruled = checked(None, {**case, "rules": {"price_change": [{"plan": "team", "at_most": 0.1}]}})
    assert not [c for c in ruled.checks if c.check == "ladder_end" and c.plan == "team"]  # one step is no choice
    wide = factory.case(plans={"team": {"price": [28, 30, 33, 40]}}, mix=None)
    ruled = checked(None, {**wide, "rules": {"price_change": [{"plan": "team", "at_most": 0.1}]}})
    (row,) = (c for c in ruled.checks if c.check == "ladder_end")
    assert (row.verdict, row.value) == ("pass", None) and "limit on price changes" in row.words


def test_longer_ladders_together(under_check: Make, factory: ModuleType) -> None:
    """The best menu of all longer ladders is what enumeration finds, and is told by what each end adds."""
    a = under_check(None, factory.case(plans={"team": {"price": [25, 30]}, "plus": {"price": [20, 25]}}, mix=None))
    rows = {c.plan: c for c in ladder_end(a)}
    wide = {"team": {"price": [25, 30, 35]}, "plus": {"price": [15, 20, 25]}}
    longer = under_check(None, factory.case(plans=wide, mix=None))
    total = longer.value - a.value
    assert total > 0.0 and {longer.menu.terms["plus"].price, longer.menu.terms["team"].price} == {15.0, 35.0}
    assert 0.0 < rows["team"].value < total and 0.0 < rows["plus"].value < total
