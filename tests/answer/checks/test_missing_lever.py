"""Cost levers of the market that a case leaves out."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from optimizer.answer.checks.missing_lever import missing_lever, steps
from optimizer.model.choices import Menu

Make = Callable[..., Any]
TEAM = {"team": {"price": [25, 30]}}
PLUS = {"plus": {"price": [10, 12, 15, 20]}}
FREE = {"free": {"allowances": {"big": {"day": [1, 2, 3]}}}}


def test_steps() -> None:
    assert steps(10.0) == (5.0, 20.0)
    assert steps(3.0) == (2.0, 6.0)
    assert steps(1.0) == (0.0, 2.0)
    assert steps(0.0) == (1.0,)


def test_a_cap_that_the_case_does_not_name(under_check: Make, factory: ModuleType) -> None:
    a = under_check(None, factory.case(plans=TEAM, mix=None))
    row = next(c for c in missing_lever(a) if c.plan == "free" and "big cap per day" in c.words)
    assert row.verdict == "mark" and "from 3 to 2" in row.words
    data = factory.changed(factory.market(), "plans.free.allowances.big.day", 3.0)
    two = under_check(data, factory.case(plans=TEAM, mix=None, changes={"plans.free.allowances.big.day": {"to": 2}}))
    moved = two.m.evaluate(Menu({**a.menu.terms, "free": two.menu.terms["free"]}, a.menu.enterprise_share))
    assert row.value == pytest.approx(moved.figure("contribution_margin") - a.value, rel=1e-9)
    named = under_check(None, factory.case(plans={**TEAM, **FREE}, mix=None))
    assert not [c for c in missing_lever(named) if c.plan == "free" and "big cap per day" in c.words]


def test_a_step_that_misses_a_condition_alone(under_check: Make, factory: ModuleType) -> None:
    """The rest of the menu makes up for it, and what it then brings is what enumeration of the wider case says."""
    before = under_check(None, factory.case(plans=PLUS, mix=None)).solution.figure("customers")
    kept = {"figure": "customers", "at_least": 0.99999 * before}
    case = factory.case(plans=PLUS, mix=None, conditions=[kept])
    a = under_check(None, case)
    made_up = [c for c in missing_lever(a) if "chosen anew" in c.words]
    assert made_up and not [c for c in missing_lever(a, search=False) if "chosen anew" in c.words]
    for row in made_up:
        assert row.value is not None and row.value > a.least_gain, row
    cap = next(c for c in made_up if "big cap per day" in c.words and c.plan == "free")
    wider = factory.case(plans={**PLUS, "free": {"allowances": {"big": {"day": [2, 3]}}}}, mix=None, conditions=[kept])
    assert cap.value == pytest.approx(under_check(None, wider).value - a.value, rel=1e-9)


def test_nothing_is_missing(under_check: Make, factory: ModuleType) -> None:
    """Where the aim is customers, tighter caps lose some, and wider ones are forbidden by what serving may cost."""
    case = factory.case(plans={"team": {"price": [25, 30]}}, mix=None, objective={"minimise": "gpu_hours"})
    held = {"figure": "customers", "at_least": 0.999999, "relative_to": "today"}
    data = factory.market()
    a = under_check(data, {**case, "plans": {"team": {"price": [29.9999999, 30]}}, "conditions": [held]})
    rows = list(missing_lever(a, search=False))
    assert [(c.plan, c.value, c.verdict) for c in rows] == [(None, None, "pass")]
