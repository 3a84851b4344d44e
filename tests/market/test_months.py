"""Months by the evaluator: today at rest, nobody lost, and the long run of the market."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.economics.figures import HEADLINES
from optimizer.horizon.timeline import Timeline, timeline_of
from optimizer.market.evaluate import evaluate_menu
from optimizer.market.months import start_of
from optimizer.model.choices import Menu, own_menu
from tests.support.path_cases import path_case, path_market, path_model

AS_THEY_ARE = ("retention_12_months",)


def timeline(months: int = 24, habit: bool = False, growth: float = 0.0, reach: float = 0.0) -> Timeline:
    data = path_market(habit=habit, growth=growth, reach=reach)
    return timeline_of(path_model(data, path_case({"months": months, "tail": 0})))


def held(line: Timeline) -> list[Menu]:
    return [own_menu(line.m.inputs.case, era.m.prepared) for era in line.eras]


@pytest.mark.parametrize("habit,reach", [(False, 0.0), (True, 0.0), (True, 0.2)])
def test_todays_menu_keeps_todays_customers(habit: bool, reach: float) -> None:
    line = timeline(habit=habit, reach=reach)
    months = line.follow(held(line))
    assert len(months) == 24
    for month in months:
        assert month.held == pytest.approx(line.m.today.customers, rel=1e-9)
        for name in HEADLINES:
            if not habit or name not in (*AS_THEY_ARE, "leave_rate", "payers_churn_rate"):
                assert month.figure(name) == pytest.approx(line.m.today.figure(name), rel=1e-9, nan_ok=True), name


def test_habit_lets_fewer_leave() -> None:
    """Who has something is more likely to choose it again, and as many come as leave."""
    line = timeline(habit=True)
    month = line.follow(held(line))[0]
    assert month.figure("leave_rate") < line.m.today.figure("leave_rate")


def test_todays_customers_grow_as_people_come() -> None:
    line = timeline(months=2, habit=True, growth=0.02)
    first = line.follow(held(line))[0]
    today = dict(zip(line.m.today.plans, line.m.today.customers.sum(axis=0), strict=True))
    now = dict(zip(first.plans, first.customers.sum(axis=0), strict=True))
    assert now["plus"] == pytest.approx(1.02 * today["plus"], rel=1e-9)
    assert now["team"] == pytest.approx(today["team"], rel=1e-9)


def test_nobody_is_lost() -> None:
    line = timeline(habit=True, growth=0.01)
    menu = held(line)[0]
    other = Menu({**menu.terms, "plus": None}, menu.enterprise_share)
    before = start_of(line.m.today).sum(axis=0)
    for t, month in enumerate(line.follow([other])):
        before = before + line.entrants[t]
        assert month.reached == pytest.approx(before, rel=1e-12)
        assert "plus" not in month.plans


def test_people_who_come_end_where_there_are_none_left() -> None:
    line = timeline(months=240, growth=0.2)
    pop = line.m.prepared.population
    reached = start_of(line.m.today).sum(axis=0) + line.entrants.sum(axis=0)
    students = pop.segment == pop.segments.index("students")
    assert reached[students] == pytest.approx(pop.potential[students])
    assert line.entrants[:, pop.segment == pop.segments.index("firms")].sum() == 0.0


def test_the_long_run_is_that_of_the_market() -> None:
    """Customers of a plan per person with the alternatives, after twenty years under another menu."""
    line = timeline(months=240, reach=0.3)
    terms = {**held(line)[0].terms}
    terms["plus"] = line.m.choices.levels[line.m.choices.plans.index("plus")][0]
    terms["lite"] = line.m.choices.levels[line.m.choices.plans.index("lite")][0]
    last = line.follow([Menu(terms, line.m.prepared.today_mix)])[-1]
    wanted = evaluate_menu(line.m.prepared, terms)
    ratio = last.held / last.staying[:, None]
    assert (np.abs(ratio - wanted.weights) <= 1e-3 * wanted.weights + 1e-12).all()
    assert last.customers.sum() == pytest.approx(wanted.customers.sum(), rel=1e-3)
    assert last.figure("contribution_margin") == pytest.approx(wanted.figure("contribution_margin"), rel=1e-3)
