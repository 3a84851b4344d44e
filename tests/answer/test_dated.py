"""Some months after a change: today at rest without one, and the first months by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from optimizer.answer.dated import months_after
from optimizer.economics.figures import Selection
from optimizer.market.evaluate import evaluate_menu
from optimizer.model.case_model import CaseModel, with_changes
from optimizer.schema.change import Change
from tests.support.path_cases import path_case, path_market, path_model


def small(habit: bool, growth: float = 0.0, reach: float = 0.0) -> CaseModel:
    return path_model(path_market(habit=habit, growth=growth, reach=reach), path_case({}))


@pytest.mark.parametrize("habit", [False, True])
@pytest.mark.parametrize("launched", [False, True])
def test_without_a_change_nobody_moves(habit: bool, launched: bool) -> None:
    """Also where a plan that is not sold today was on sale before."""
    m = small(habit, reach=0.1)
    menu = m.prepared.today_menu()
    if launched:
        menu["lite"] = m.prepared.terms["lite"]
    before = evaluate_menu(m.prepared, menu)
    assert before.figure("customers", Selection("plus")) > 0.0
    assert not launched or before.figure("customers", Selection("lite")) > 0.0
    path = months_after((m, before), m, menu, 7)
    assert len(path) == 8
    for month in path:
        np.testing.assert_allclose(month.customers, before.customers, rtol=1e-8)
        assert month.figure("leave_rate") == pytest.approx(path[0].figure("leave_rate"), rel=1e-8)


def test_people_come_as_the_market_says() -> None:
    m = small(habit=True, growth=0.02)
    path = months_after((m, m.today), m, m.today.menu, 3)
    pop, now = m.prepared.population, m.today
    grows = np.isin(np.array(pop.segments)[pop.segment], ["students", "pros"])
    people = now.staying + now.customers.sum(axis=1)
    assert grows.any() and not grows.all()
    for t, month in enumerate(path, start=1):
        np.testing.assert_allclose(month.reached, people * (1.0 + 0.02 * t * grows), rtol=1e-12)
    for before, after in itertools.pairwise(path):
        assert after.figure("paying_customers") > before.figure("paying_customers")


def test_it_ends_at_the_long_run() -> None:
    """Customers per person who is reached; nobody is reached or lost to sight, and nobody has habits."""
    m = small(habit=False)
    menu = {**m.today.menu, "lite": m.prepared.terms["lite"]}
    last, weights = months_after((m, m.today), m, menu, 700)[-1], evaluate_menu(m.prepared, menu).weights
    people = m.today.staying + m.today.customers.sum(axis=1)
    told = people[:, None] * weights / (1.0 + weights.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(last.customers, told, rtol=1e-6)


def test_the_first_month_after_a_withdrawal_by_hand() -> None:
    """Without habit and nests: customers of the plan, and those of others who decide anew, choose by attraction."""
    m = path_model(path_market(nest=False), path_case({}))
    now, menu = m.today, {**m.today.menu, "plus": None}
    start, first = months_after((m, now), m, menu, 1)
    assert start.figure("customers") == pytest.approx(now.figure("customers"), rel=1e-9)
    rate = {name: p.decision_rate for name, p in zip(now.plans, now.per, strict=True)}
    pull = {name: p.attraction for name, p in zip(now.plans, now.per, strict=True)}
    held = dict(zip(now.plans, now.customers.T, strict=True))
    outside = now.prepared.outside_attraction / now.prepared.outside
    deciding = outside * now.staying + sum(held[n] * (1.0 if n == "plus" else rate[n]) for n in held)
    left = now.prepared.outside_attraction + sum(pull[n] for n in held if n != "plus")
    for name in held:
        if name != "plus":
            told = (1.0 - rate[name]) * held[name] + deciding * pull[name] / left
            assert first.figure("customers", Selection(name)) == pytest.approx(told.sum(), rel=1e-9), name


def test_a_dearer_rival_brings_customers_bit_by_bit() -> None:
    m = small(habit=True)
    later = with_changes(m, {"alternatives.rival.price": Change(times=1.5)})
    path = months_after((m, m.today), later, m.today.menu, 12)
    held = [month.figure("customers", Selection("plus")) for month in path]
    assert held[0] == pytest.approx(m.today.figure("customers", Selection("plus")), rel=1e-8)
    assert all(b > a * (1 + 1e-9) for a, b in itertools.pairwise(held))
