"""An infeasible array problem says which conditions clash, and every way out that it names works."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from optimizer import Burst, Condition, InfeasibleError, MenuProblem, Ratio

Limits = dict[str, Condition]


def problem(conditions: Limits, rules: list[np.ndarray] | None = None, limit: float = float("inf")) -> MenuProblem:
    """One type, two plans of three levels."""
    one = np.array([[2.0, 1.0, 0.5]])
    amounts = {
        "margin": [np.array([[1.0, 2.0, 3.0]]), np.array([[0.5, 2.5, 6.0]])],
        "revenue": [np.array([[4.0, 5.0, 6.0]]), np.array([[4.0, 6.0, 9.0]])],
        "people": [np.ones((1, 3))] * 2,
    }
    return MenuProblem(
        [30.0],
        [one, one],
        amounts,
        rules=[(0, 1, table) for table in rules or []],
        conditions=[replace(c, name=name) for name, c in conditions.items()],
        burst=[Burst("people", 1.0, 0.0, "margin", limit)],
    )


def attainable(conditions: Limits) -> bool:
    """Whether any menu meets all, by evaluating each."""
    free = problem(conditions)
    return any(free.feasible(menu) for menu in itertools.product(range(3), repeat=2))


def test_two_conditions_that_clash_are_named() -> None:
    asked = {"money": Condition("margin", at_least=50.0), "crowd": Condition("people", at_least=22.0)}
    with pytest.raises(InfeasibleError, match="In conflict: money, crowd") as caught:
        problem(asked).solve("margin")
    told = caught.value.diagnosis
    assert [[move.name for move in c.moves] for c in told.corrections] == [["money"], ["crowd"]]
    # 22 people or more: cheapest levels of both plans (2/5 and 2/5 of 30 people), or one of them a step dearer
    assert told.corrections[0].moves[0].needed == pytest.approx(30 * (2 * 1 + 1 * 2.5) / 4)
    assert str(caught.value) == told.text


@pytest.mark.parametrize("seed", range(20))
def test_every_way_out_works(seed: int) -> None:
    g = np.random.default_rng([seed, 31])
    asked = {
        "money": Condition("margin", at_least=float(g.uniform(40, 90))),
        "crowd": Condition("people", at_least=float(g.uniform(18, 29))),
        "rate": Condition(Ratio("margin", "revenue"), at_least=float(g.uniform(0.3, 0.9))),
    }
    assert not attainable(asked), seed
    for call in (
        lambda p: p.solve("margin"),
        lambda p: p.enumerate("margin"),
        lambda p: p.frontier("margin", "people"),
    ):
        with pytest.raises(InfeasibleError) as caught:
            call(problem(asked))
        told = caught.value.diagnosis
        assert told.corrections, seed
        for correction in told.corrections:
            moved = dict(asked)
            for move in correction.moves:
                moved[move.name] = replace(asked[move.name], at_least=move.needed)
            assert attainable(moved), (seed, correction.text)
            for move in correction.moves:  # none may be spared
                assert not attainable({**moved, move.name: asked[move.name]}), (seed, correction.text)


def test_rules_and_burst_limits_are_ways_out_too() -> None:
    shut = np.zeros((3, 3), dtype=bool)
    shut[0, 2] = True
    with pytest.raises(InfeasibleError) as caught:
        problem({"money": Condition("margin", at_least=60.0)}, [shut], 1.0).solve("margin")
    names = {move.name for c in caught.value.diagnosis.corrections for move in c.moves}
    assert {"rule 0 of plans 0 and 1", "burst limit of people"} <= names
    assert "GPU" not in str(caught.value)


def test_a_ratio_that_counts_nowhere_is_told_with_its_floor() -> None:
    asked = {"rate": Condition(Ratio("margin", "revenue", floor=1e4), at_least=0.1)}
    words = "the denominator of margin / revenue reaches 10000, below which it does not count"
    with pytest.raises(InfeasibleError, match=words):
        problem(asked).solve("margin")
    for call in (lambda p, r: p.solve(r), lambda p, r: p.enumerate(r), lambda p, r: p.frontier("people", r)):
        with pytest.raises(InfeasibleError, match=words):
            call(problem({}), Ratio("margin", "revenue", floor=1e4))


def test_the_floor_is_told() -> None:
    free = problem({})
    # 1e-6 of the largest that revenue could be: each plan alone at its best level
    best = 30 * max(4 * 2 / 3, 5 * 1 / 2, 6 * 0.5 / 1.5) + 30 * max(4 * 2 / 3, 6 / 2, 9 * 0.5 / 1.5)
    assert free.floor(Ratio("margin", "revenue")) == pytest.approx(1e-6 * best)
    assert free.solve(Ratio("margin", "revenue")).floor == free.floor(Ratio("margin", "revenue"))
    assert free.solve(Ratio("margin", "revenue", 2.5)).floor == 2.5
    assert free.solve("margin").floor is None
