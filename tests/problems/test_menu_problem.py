"""The array API: random problems equal complete enumeration; bad arguments are named."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amount import few

from optimizer import Burst, Condition, InfeasibleError, InputError, MenuProblem, Ratio

SAMPLE = few(150)
ALL = 2000


def draw(seed: int) -> tuple[MenuProblem, str | Ratio]:
    """A random small problem with mix, referral, fixed amounts, rules, conditions and burst, by turns."""
    g = np.random.default_rng(seed)
    types, plans, mixes = int(g.integers(1, 6)), int(g.integers(1, 4)), int(g.integers(1, 4))
    levels = [int(n) for n in g.integers(2, 7, plans)]
    attraction = [np.exp(g.normal(0, 1.5, (types, n))) * (g.random((types, n)) > 0.1) for n in levels]
    denominators = [w * g.uniform(0.4, 1.0, (types, 1)) for w in attraction]
    revenue = [g.uniform(0, 30, (types, n)) for n in levels]
    cost = [g.uniform(0, 20, (types, n)) for n in levels]
    amounts = {
        "margin": [r - c for r, c in zip(revenue, cost, strict=True)],
        "revenue": revenue,
        "use": [g.uniform(0, 5, (types, n)) for n in levels],
    }
    conditions = []
    if g.random() < 0.5:
        conditions.append(Condition(Ratio("margin", "revenue", floor=0.5), at_least=float(g.uniform(-0.3, 0.4))))
    if g.random() < 0.3:
        conditions.append(Condition("use", at_most=float(g.uniform(5, 80))))
    burst = [Burst("use", float(g.uniform(2, 40)), float(g.uniform(0, 5)), "margin", float(g.uniform(5, 80)))]
    rules = []
    if plans > 1 and g.random() < 0.4:
        rules.append((0, 1, g.random((levels[0], levels[1])) < 0.7))
    problem = MenuProblem(
        g.uniform(1, 20, (mixes, types)),
        attraction,
        amounts,
        denominators=denominators,
        outside={"revenue": g.uniform(0, 1, types)} if g.random() < 0.3 else None,
        fixed={"margin": [g.uniform(-20, 5, n) for n in levels]} if g.random() < 0.5 else None,
        mix={"margin": g.uniform(-10, 0, mixes)},
        rules=rules,
        conditions=conditions,
        burst=burst if g.random() < 0.4 else [],
    )
    return problem, ("margin", "revenue", Ratio("margin", "revenue", floor=1.0))[int(g.integers(3))]


def brute(problem: MenuProblem, objective: str | Ratio) -> float | None:
    """The best value by looping over every choice; None where none is allowed."""
    best = None
    for mix in range(problem.instance.mixes):
        for menu in itertools.product(*(range(n) for n in problem.instance.levels)):
            if not problem.feasible(menu, mix):
                continue
            found = problem.evaluate(menu, mix)
            if isinstance(objective, str):
                value = found[objective]
            elif found[objective.denominator] < objective.floor:
                continue
            else:
                value = found[objective.numerator] / found[objective.denominator]
            best = value if best is None else max(best, value)
    return best


def check(seed: int, solve: Callable[[MenuProblem, Any], Any]) -> None:
    problem, objective = draw(seed)
    wanted = brute(problem, objective)
    if wanted is None:
        with pytest.raises(InfeasibleError):
            solve(problem, objective)
        return
    found = solve(problem, objective)
    room = 1e-4 * max(abs(wanted), 1.0)
    assert found.verdict in ("proved", "solver_proved"), seed
    assert wanted - room <= found.value <= wanted + 1e-9 * max(abs(wanted), 1.0), (seed, found.value, wanted)
    assert found.bound >= wanted - 1e-9 * max(abs(wanted), 1.0), seed
    assert problem.feasible(found.menu, found.mix)


@pytest.mark.parametrize("start", range(0, SAMPLE, 25))
def test_equals_enumeration(start: int) -> None:
    for seed in range(start, start + 25):
        check(seed, lambda p, o: p.solve(o))


@pytest.mark.full
@pytest.mark.parametrize("start", range(0, ALL, 100))
def test_two_thousand_equal_enumeration(start: int) -> None:
    for seed in range(start, start + 100):
        check(seed, lambda p, o: p.solve(o))


@pytest.mark.parametrize("start", range(0, 50, 25))
def test_enumerate_equals_loops(start: int) -> None:
    checked = 0
    for seed in range(start, start + 25):
        problem, objective = draw(seed)
        wanted = brute(problem, objective)
        if wanted is None:
            continue
        checked += 1
        assert problem.enumerate(objective).value == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    assert checked > 10


def larger(seed: int) -> MenuProblem:
    """Too many menus to enumerate at once: 6 types, 5 plans, 11 levels."""
    g = np.random.default_rng([7, seed])
    types, plans, levels = 6, 5, 11
    prices = np.linspace(2, 30, levels)
    beta = g.lognormal(-2, 0.6, (types, 1))
    # the last level takes the plan off the menu, so that every condition can be met
    sold = np.arange(levels) < levels - 1
    attraction = [np.exp(g.normal(0.5, 0.8, (types, 1)) - beta * prices) * sold for _ in range(plans)]
    cost = g.uniform(0.5, 6, (types, plans))
    amounts = {
        "margin": [prices - cost[:, [j]] for j in range(plans)],
        "revenue": [np.tile(prices, (types, 1)) for _ in range(plans)],
        "use": [np.tile(cost[:, [j]], (1, levels)) for j in range(plans)],
    }
    free = MenuProblem(g.dirichlet(np.full(types, 3.0)) * 1000, attraction, amounts)
    top = free.solve("margin").figures
    conditions = [Condition("use", at_most=0.8 * top["use"])] if seed % 2 else []
    if seed % 3 == 0:
        conditions.append(Condition(Ratio("margin", "revenue", 1.0), at_least=0.8 * top["margin"] / top["revenue"]))
    return MenuProblem(free.instance.customers, attraction, amounts, conditions=conditions)


def screening_on_and_off(seed: int) -> None:
    problem = larger(seed)
    on = problem.solve("margin")
    off = problem.solve("margin", screen=False)
    assert on.verdict == "proved"
    assert off.verdict == "solver_proved"
    assert on.value == pytest.approx(off.value, rel=2e-4)
    assert off.value <= on.bound * (1 + 1e-9)
    assert on.value <= off.bound * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(2))
def test_screening_on_and_off_agree(seed: int) -> None:
    screening_on_and_off(seed)


@pytest.mark.full
@pytest.mark.parametrize("start", range(0, 500, 20))
def test_screening_on_and_off_agree_on_five_hundred(start: int) -> None:
    for seed in range(start, start + 20):
        screening_on_and_off(seed)


def test_hand_computed() -> None:
    # one type, one plan: price 1 or 2 with attraction 3 or 1; margin 3/4 against 2/2
    problem = MenuProblem([4.0], [[[3.0, 1.0]]], {"margin": [[[1.0, 2.0]]]})
    answer = problem.solve("margin")
    assert answer.menu == (1,)
    assert answer.value == pytest.approx(4.0)
    assert problem.evaluate((0,)) == {"margin": pytest.approx(3.0)}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"customers": [0.0]}, "customers"),
        ({"customers": [float("nan")]}, "customers"),
        ({"attraction": [[[1.0, -1.0]]]}, "attraction[0][0, 1]"),
        ({"attraction": []}, "attraction"),
        ({"amounts": {}}, "amounts"),
        ({"amounts": {"margin": [[[1.0]]]}}, "amounts['margin'][0]"),
        ({"fixed": {"other": [[1.0, 1.0]]}}, "fixed['other']"),
        ({"conditions": [Condition("nothing", at_least=1.0)]}, "conditions[0]"),
        ({"conditions": [Condition("margin")]}, "conditions[0]"),
        ({"burst": [Burst("nothing", 1.0, 1.0, "margin")]}, "burst[0]"),
        ({"rules": [(0, 3, [[True]])]}, "rules[0]"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], named: str) -> None:
    given: dict[str, Any] = {
        "customers": [4.0],
        "attraction": [[[3.0, 1.0]]],
        "amounts": {"margin": [[[1.0, 2.0]]]},
    } | arguments
    with pytest.raises(InputError) as caught:
        MenuProblem(**given)
    assert caught.value.findings[0].field.startswith(named)


def test_time_limit_gives_a_valid_bound() -> None:
    g = np.random.default_rng(3)
    prices = np.linspace(1, 40, 60)
    attraction = [np.exp(g.normal(0.5, 1.5, (200, 1)) - g.lognormal(-2, 1, (200, 1)) * prices) for _ in range(9)]
    problem = MenuProblem(np.ones(200), attraction, {"margin": [np.tile(prices, (200, 1)) for _ in range(9)]})
    answer = problem.solve("margin", gap=1e-9, time_limit=0.5)
    assert answer.bound >= answer.value
    assert answer.seconds < 2.5


@pytest.mark.parametrize("seed", range(6))
def test_the_whole_frontier_is_the_efficient_set(seed: int) -> None:
    problem, _ = draw(seed)
    pairs = set()
    for mix in range(problem.instance.mixes):
        for menu in itertools.product(*(range(n) for n in problem.instance.levels)):
            if problem.feasible(menu, mix):
                found = problem.evaluate(menu, mix)
                pairs.add((-found["use"], found["margin"]))
    wanted = sorted(
        p for p in pairs if not any((q[0] >= p[0] and q[1] > p[1]) or (q[0] > p[0] and q[1] >= p[1]) for q in pairs)
    )
    if not wanted:
        with pytest.raises(InfeasibleError):
            problem.frontier("use", "margin", less_x=True)
        return
    frontier = problem.frontier("use", "margin", less_x=True, everything=True)
    assert [(-p.x, p.y) for p in frontier.points] == [pytest.approx(p, rel=1e-7, abs=1e-9) for p in wanted]
    assert frontier.room == pytest.approx(0.0, abs=1e-7)
