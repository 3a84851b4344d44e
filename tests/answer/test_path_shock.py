"""Customers who decide at once as their plan's terms change: by hand, and not searched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from optimizer.answer.path_solving import evaluate_path, solve_path
from optimizer.economics.figures import Selection
from optimizer.errors import InputError
from optimizer.market.months import MonthEvaluation
from optimizer.optimise.outcome import Settings
from tests.support.market_factory import q
from tests.support.path_cases import path_case, path_market, path_model

DEARER = {"worlds": [{"month": 3, "set": {"plans.plus.price": {"times": 1.25}}}]}
PLUS = Selection("plus")


def followed(**horizon: Any) -> tuple[MonthEvaluation, ...]:
    return evaluate_path(path_model(path_market(habit=True), path_case(horizon))).months


def test_a_shock_of_nothing_is_none() -> None:
    plain, none = followed(**DEARER), followed(**DEARER, shock=q(0.0, "fraction"))
    for one, other in zip(plain, none, strict=True):
        assert one.customers.tolist() == other.customers.tolist()


def test_it_comes_in_the_month_of_the_change_to_that_plan_alone() -> None:
    """Of (1 - rate) who would stay without deciding, 0.3 decide; the others' choices are as without."""
    plain, moved = followed(**DEARER), followed(**DEARER, shock=q(0.3, "fraction"))
    for t in (0, 1):
        assert plain[t].customers.tolist() == moved[t].customers.tolist()
    j = moved[2].plans.index("plus")
    before, rate, again = plain[1].customers[:, j], moved[2].per[j].decision_rate, moved[2].again[:, j]
    more = 0.3 * (1.0 - rate) * before
    np.testing.assert_allclose(plain[2].customers[:, j] - more * (1.0 - again), moved[2].customers[:, j], rtol=1e-12)
    assert moved[2].figure("customers", PLUS) < plain[2].figure("customers", PLUS) * (1 - 1e-3)
    for one, other in zip(plain, moved, strict=True):  # nobody is lost
        people = [found.staying + found.customers.sum(axis=1) for found in (one, other)]
        np.testing.assert_allclose(people[0], people[1], rtol=1e-12)
    gap = [1 - b.figure("customers", PLUS) / a.figure("customers", PLUS) for a, b in zip(plain, moved, strict=True)]
    assert gap[2] > gap[3] > gap[-1] > 0.0


def test_other_changes_are_no_shock() -> None:
    """A rival's price moves no terms of ours; a case's own changes are there from the first month on."""
    war = {"worlds": [{"month": 3, "set": {"alternatives.rival.price": {"times": 0.6}}}]}
    plain, moved = followed(**war), followed(**war, shock=q(0.3, "fraction"))
    assert all(a.customers.tolist() == b.customers.tolist() for a, b in zip(plain, moved, strict=True))
    changed = {"changes": {"plans.plus.price": {"times": 1.25}}}
    now = [
        evaluate_path(path_model(path_market(), path_case(own, **changed))).figure("customers", 1, "plus")
        for own in ({}, {"shock": q(0.3, "fraction")})
    ]
    assert now[1] < now[0] * (1 - 1e-3)


def test_it_is_not_searched_and_not_for_those_who_keep_terms() -> None:
    m = path_model(path_market(), path_case({"shock": q(0.1, "fraction")}))
    with pytest.raises(InputError, match="optimizer evaluate"):
        solve_path(m, Settings())
    with pytest.raises(ValidationError, match="holders keep theirs"):
        path_model(path_market(), path_case({"shock": q(0.1, "fraction"), "holders": "keep"}))
