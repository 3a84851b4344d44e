"""The shipped cases over months: proven, and what the README says of them."""

from __future__ import annotations

from functools import lru_cache

import pytest

import optimizer
from optimizer.answer.path import PathSolution
from optimizer.typing import Verdict

QUICK = ["assistant-startup-cash", "openai-2025-freetier", "openai-2025-orders", "openai-2025-phased"]
SLOW = ["openai-2025-path60", "openai-2025-path60-robust", "openai-2025-war"]
CASES = [*QUICK, *(pytest.param(name, marks=pytest.mark.full) for name in SLOW)]


@lru_cache(maxsize=10)
def solved(name: str, sets: tuple[tuple[str, float], ...] = ()) -> PathSolution:
    found = optimizer.solve_case(name, sets=dict(sets))
    assert isinstance(found, PathSolution)
    return found


def prices(solution: PathSolution, plan: str) -> list[float | None]:
    return [next(p.price for p in stage.menu if p.plan == plan) for stage in solution.stages]


def cap(solution: PathSolution, stage: int, ai_model: str, window: str) -> float:
    free = next(p for p in solution.stages[stage].menu if p.plan == "free")
    return float(free.allowances[ai_model][window])


def test_all_cases_over_months_are_looked_at() -> None:
    over_months = {name for name in optimizer.list_cases() if optimizer.load_case(name).case.horizon is not None}
    assert over_months == {*QUICK, *SLOW}


@pytest.mark.parametrize("name", CASES)
def test_is_proven_and_meets_its_conditions(name: str) -> None:
    found = solved(name)
    assert found.verdict is Verdict.PROVED
    assert found.objective.gap <= found.objective.gap_asked <= 2e-3
    assert found.largest_difference <= 1e-9
    assert all(c.met for c in found.conditions)
    assert found.objective.value > found.held_value


def test_the_company_lives_for_two_years() -> None:
    found = solved("assistant-startup-cash")
    assert found.cash is not None and min(found.cash) >= 0.0
    assert found.cash[-1] < 10_000.0, "cash binds at the end"
    assert prices(found, "plus") == [14.0, 12.0]
    assert found.series("market_share")[-1] == pytest.approx(0.0439, abs=1e-4)
    assert found.held_series("market_share")[-1] == pytest.approx(0.0427, abs=5e-4)


def test_a_price_rise_comes_at_once() -> None:
    found = solved("openai-2025-phased")
    assert prices(found, "plus") == [25.0] * 4
    line = found.timeline
    ladder = [level.price for level in line.m.choices.levels[line.m.choices.plans.index("plus")] if level is not None]
    steps = [list(found.levels[0]) for _ in range(4)]
    for stage, price in enumerate((21.0, 22.0, 24.0, 25.0)):
        steps[stage][line.m.choices.plans.index("plus")] = ladder.index(price)
    months = line.follow(line.menus(steps))
    phased = sum(w * m.figure("contribution_margin") for w, m in zip(line.discount, months, strict=True))
    assert 0.30e9 < found.objective.value - phased < 0.37e9


def test_a_free_customer_costs_at_todays_limits_and_pays_at_tight_ones() -> None:
    found = solved("openai-2025-freetier")
    free = next(w for w in found.worth if w.plan == "free" and w.segment is None)
    assert free.value == pytest.approx(1.88, abs=0.02)
    assert (cap(found, 0, "frontier", "5h"), cap(found, 0, "reasoning", "day")) == (1.0, 0.0)
    as_today = solved("openai-2025-phased").worth[0]
    assert as_today.plan == "free" and as_today.value == pytest.approx(-8.84, abs=0.05)


@pytest.mark.parametrize(("familiarity", "upgrade", "worth"), [(0.0, 0.0, -1.55), (2.0, 2.0, 5.40)])
def test_what_a_free_customer_is_worth_turns_on_habit(familiarity: float, upgrade: float, worth: float) -> None:
    sets = (("dynamics.habit.familiarity", familiarity), ("dynamics.habit.upgrade", upgrade))
    found = solved("openai-2025-freetier", sets)
    free = next(w for w in found.worth if w.plan == "free" and w.segment is None)
    assert cap(found, 0, "frontier", "5h") == 1.0
    assert free.value == pytest.approx(worth, abs=0.1)


def test_gpus_are_ordered_now() -> None:
    found = solved("openai-2025-orders")
    assert [(o.month, o.lots) for o in found.orders] == [(1, 16), (7, 0)]
    assert found.gpus is not None
    assert (found.gpus[8]["at_hand"], found.gpus[9]["at_hand"]) == (250_000.0, 410_000.0)
    assert found.gpus[-1]["busy"] > found.gpus[-1]["at_hand"], "the last GPUs of the peak are hired by the hour"


@pytest.mark.full
def test_sixty_per_cent_by_the_second_year() -> None:
    found = solved("openai-2025-path60")
    assert prices(found, "plus") == [22.0, 25.0]
    assert [cap(found, k, "frontier", "5h") for k in (0, 1)] == [5.0, 3.0]
    assert found.series("gross_margin_rate")[-1] > 0.64


@pytest.mark.full
def test_the_free_plan_opens_with_the_price_war() -> None:
    found = solved("openai-2025-war")
    assert prices(found, "plus") == [28.0, 28.0]
    assert [cap(found, k, "frontier", "5h") for k in (0, 1)] == [3.0, 5.0]
