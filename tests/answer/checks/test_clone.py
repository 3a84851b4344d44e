"""Copies of plans: what they bring, by hand and by enumeration, and which launches that leaves undecided."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.answer.checks.answered import Answered
from optimizer.answer.checks.check import CheckVerdict
from optimizer.answer.checks.clone import MOST, clone, copied
from optimizer.market.copies import with_copy
from optimizer.market.evaluate import evaluate_menu
from optimizer.report.text import decision

Make = Callable[..., Any]


def alone(factory: ModuleType) -> tuple[Any, Any]:
    """A market whose only own plan on the menu is for firms of one type, without word of mouth."""
    data = factory.market()
    data["classes"] = {"usage": [0, 1], "willingness_to_pay": [0, 1]}
    data["plans"]["team"]["referral"] = factory.q(0.0)
    data["today"]["plans"] = {"team": data["today"]["plans"]["team"]}
    for plan in ("free", "plus", "lite", "api"):
        data["plans"][plan] |= {"analogue": "team", "constant_shift": factory.q(0.0, "utility")}
    return data, {**factory.case(), "plans": {"team": {"price": [25, 30]}}, "mix": None, "objective": "customers"}


def test_a_copy_by_hand(under_check: Make, factory: ModuleType) -> None:
    """One type: n w / (1 + w) customers become n 2w / (1 + 2w)."""
    a = under_check(*alone(factory))
    e = a.solution.evaluation
    firms = np.flatnonzero(e.weights[:, 0] > 0.0)
    assert e.plans == ("team",) and len(firms) == 1
    n, w = float(e.base[firms[0]]), float(e.weights[firms[0], 0])
    assert a.value == pytest.approx(n * w / (1 + w), rel=1e-12)
    gain = n * 2 * w / (1 + 2 * w) - n * w / (1 + w)
    assert copied(a, a.menu, "team") == pytest.approx(gain, rel=1e-9)
    (row,) = clone(a)
    assert (row.plan, row.verdict) == ("team", CheckVerdict.MARK)
    assert row.value == pytest.approx(gain / a.value, rel=1e-9) and row.value > MOST


def test_a_copy_in_a_nest_by_hand(nested: Make, factory: ModuleType) -> None:
    """Two of a kind in a nest attract 2^lambda times as much as one."""
    m = factory.problem(nested(0.25))
    menu = {name: terms if name == "plus" else None for name, terms in m.prepared.terms.items()}
    one = evaluate_menu(m.prepared, menu)
    two = evaluate_menu(with_copy(m.prepared, "plus", "again"), {**menu, "again": menu["plus"]})
    assert two.attraction.sum(axis=1) == pytest.approx(one.attraction.sum(axis=1) * 2**0.25, rel=1e-12)
    assert two.attraction[:, 0] == pytest.approx(two.attraction[:, 1])


def test_copies_of_like_plans_bring_next_to_nothing(checked: Make, nested: Make) -> None:
    plain = {c.plan: c for c in checked().checks if c.check == "clone"}
    like = {c.plan: c for c in checked(nested(0.01)).checks if c.check == "clone"}
    assert plain["plus"].verdict == "mark" and plain["plus"].value > 0.3
    assert like["plus"].verdict == "pass" and 0.0 < like["plus"].value < 0.01


def best(a: Answered, offered: bool) -> float:
    """The best menu with or without lite, by evaluating every one."""
    choices, values = a.m.choices, []
    for mix in range(len(choices.mixes)):
        for picks in np.ndindex(*(len(levels) for levels in choices.levels)):
            menu = choices.menu((choices.composites.packed(tuple(picks)), mix))
            if (menu.terms["lite"] is not None) is offered:
                values.append(a.objective.value(a.m.evaluate(menu)))
    assert len(values) == 36
    return max(values)


@pytest.mark.parametrize(("dissimilarity", "verdict"), [(1.0, "mark"), (0.5, "undecided"), (0.01, "pass")])
def test_a_launch_is_weighed_against_a_copy(
    under_check: Make, nested: Make, dissimilarity: float, verdict: str
) -> None:
    a = under_check(nested(dissimilarity))
    row = next(c for c in clone(a) if c.plan == "lite")
    worth = best(a, True) - best(a, False)
    on = a.menu.terms["lite"] is not None
    assert on is (worth > 0.0)
    if on:
        copy = copied(a, a.menu, "lite")
        assert row.value == pytest.approx(copy / a.value, rel=1e-12)
        assert (row.verdict == "undecided") is (abs(worth) < abs(copy))
    assert row.verdict == verdict
    assert a.amount(abs(worth)) in row.words


def test_an_undecided_launch_is_no_recommendation(checked: Make, nested: Make) -> None:
    solution = checked(nested(0.5))
    told = decision(solution)
    assert solution.menu[2].plan == "lite" and solution.menu[2].decision == "launch"
    assert "launch" not in told.split("Whether to launch")[0].lower() and "undecided" in told
    assert solution.decisions["lite"] == "undecided"
    assert "holdout" in solution.undecided["lite"]
    assert "launch Plan" in decision(checked()) or decision(checked()).startswith("Launch Plan")
    assert checked().decisions["lite"] == "launch"


def test_without_time_a_launch_stays_undecided(under_check: Make) -> None:
    from dataclasses import replace

    a = under_check()
    late = replace(a, settings=replace(a.settings, deadline=0.0))
    rows = {row.plan: row for row in clone(late)}
    assert rows["lite"].verdict == "undecided" and "in time" in rows["lite"].words
    assert rows["plus"] == next(row for row in clone(a) if row.plan == "plus")


def test_a_plan_that_the_conditions_need(under_check: Make, factory: ModuleType) -> None:
    """Without the free plan the people cannot be reached: there is nothing to compare with."""
    case = factory.case()
    case["plans"]["free"]["withdraw"] = True
    case["conditions"] = [{"figure": "customers", "plan": "free", "at_least": 1000}]
    row = next(c for c in clone(under_check(None, case)) if c.plan == "free")
    assert row.verdict in ("pass", "mark") and "no menu without it" in row.words
