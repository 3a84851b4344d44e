"""Customers who decide at once as their plan's terms change: by hand, and the best path against every one."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from optimizer.answer.path_document import path_files
from optimizer.answer.path_solving import evaluate_path, solve_path
from optimizer.answer.verify import verify_folder
from optimizer.economics.figures import Selection
from optimizer.horizon.gpus import supply_of
from optimizer.horizon.question import question_of
from optimizer.horizon.timeline import timeline_of
from optimizer.io.saving import write_folder_atomic
from optimizer.market.months import MonthEvaluation
from optimizer.optimise.outcome import Settings
from optimizer.typing import Verdict
from tests.support.market_factory import q
from tests.support.path_cases import path_case, path_market, path_model

DEARER = {"worlds": [{"month": 3, "set": {"plans.plus.price": {"times": 1.25}}}]}
CARD_DEARER = {"worlds": [{"month": 3, "set": {"plans.lite.price": {"times": 1.25}}}]}
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


@pytest.mark.parametrize("seed", [1, 2])
def test_the_best_of_all_paths(seed: int, tmp_path: Path) -> None:
    """Every path evaluated month by month; the answer is saved and verified. Plus gets dearer in month 3 by itself."""
    horizon = {"stages": [1, 4], "shock": q(0.5, "fraction"), **CARD_DEARER}
    m = path_model(path_market(seed, habit=seed == 2), path_case(horizon))
    found = solve_path(m, Settings(gap=1e-9))
    question = question_of(timeline_of(m))
    line = question.timeline
    menus = list(itertools.product(*(range(len(own)) for own in line.m.choices.levels)))
    worth = {path: question.aim.value(line.follow(line.menus(path))) for path in itertools.product(menus, menus)}
    best = max(worth, key=worth.__getitem__)
    assert found.paths == len(worth) > 30
    assert found.objective.value == pytest.approx(worth[best], rel=1e-9), seed
    assert found.verdict is Verdict.PROVED and found.largest_difference < 1e-12
    free = question_of(timeline_of(path_model(path_market(seed, habit=seed == 2), path_case({"stages": [1, 4]}))))
    assert free.aim.value(free.timeline.follow(free.timeline.menus(best))) != pytest.approx(worth[best], rel=1e-6)
    write_folder_atomic(tmp_path / "out", path_files(found))
    report = verify_folder(tmp_path / "out")
    assert report["passed"], [row for row in report["checks"] if not row["passed"]]


def test_the_best_of_the_paths_that_meet_a_condition() -> None:
    """More customers in month 5 than the best path has without it, at a shock that costs many of them."""
    least = {"figure": "customers", "at_least": 0.65, "relative_to": "today", "at": [5]}
    asked = path_case({"stages": [1, 4], "shock": q(0.6, "fraction")}, conditions=[least])
    m = path_model(path_market(5), asked)
    found = solve_path(m, Settings(gap=1e-9))
    question = question_of(timeline_of(m))
    line, bound = question.timeline, 0.65 * m.today.figure("customers") * (1 - 1e-6)
    menus = list(itertools.product(*(range(len(own)) for own in line.m.choices.levels)))
    months = {path: line.follow(line.menus(path)) for path in itertools.product(menus, menus)}
    good = [question.aim.value(own) for own in months.values() if own[4].figure("customers") >= bound]
    assert 0 < len(good) < len(months) and max(good) < max(question.aim.value(own) for own in months.values()) * 0.999
    assert found.objective.value == pytest.approx(max(good), rel=1e-9)


def test_it_goes_with_orders_of_gpus() -> None:
    """The best path with its orders, against every menu in two stages with every number of lots."""
    offer = {"lead": 1, "lot": q(10.0, "GPU"), "most": 2, "rent": q(3000.0, "usd/GPU/month"), "months": [1]}
    gpus = {"pool": "main", "standing": q(60.0, "GPU"), "burst_factor": 1.5, "offers": {"lease": offer}}
    horizon = {"gpus": gpus, "tail": 0, "stages": [1, 4], "shock": q(0.5, "fraction")}
    m = path_model(path_market(3), path_case(horizon))
    found = solve_path(m, Settings(gap=1e-9))
    question = question_of(timeline_of(m))
    line = question.timeline
    assert line.fleet is not None and line.pool is not None
    menus, best = list(itertools.product(*(range(len(own)) for own in line.m.choices.levels))), -np.inf
    supplies = [supply_of(line.fleet, np.array([float(n)]), line.pool) for n in range(3)]
    for path in itertools.product(menus, menus):
        best = max(best, *(question.aim.value(line.follow(line.menus(path), own)) for own in supplies))
    assert found.objective.value == pytest.approx(best, rel=1e-9)


def test_it_is_not_for_those_who_keep_terms() -> None:
    with pytest.raises(ValidationError, match="holders keep theirs"):
        path_model(path_market(), path_case({"shock": q(0.1, "fraction"), "holders": "keep"}))
