"""Word of mouth and growth: who is reached, by hand and by law; the best path against enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from amount import few, some
from horizons import draw_arguments, draw_problem, draw_wide_arguments

from optimizer import HorizonProblem, InputError
from optimizer.economics import choice
from optimizer.horizon.values import customer_values


def test_two_months_by_hand() -> None:
    """Reach goes half the way: 120 aimed at + 0.5 x 40 brought - 100 here, so 20 more; then of 55 and 65."""
    problem = HorizonProblem(
        [[60.0], [40.0]], [[[1.0]]], [[[0.5]]], [[[1.0]]], [1.0, 1.0], [[1.0], [1.0]], [0.5],
        base_reach=[[120.0], [120.0]], reach_speed=0.5, referral=[[0.0], [0.5]],
    )  # fmt: skip
    customers = problem.simulate([[0]])
    assert customers[0, :, 0] == pytest.approx([30.0 + 25.0 + 20.0, 20.0 + 25.0])
    more = 0.5 * (120.0 + 0.5 * 45.0 - 120.0)
    assert customers[1, :, 0] == pytest.approx([37.5 + 30.0 + more, 22.5 + 30.0])


def test_everyone_is_counted() -> None:
    checked = 0
    for seed in range(150):
        given = draw_wide_arguments(seed)
        if "reach_speed" not in given:
            continue
        problem = HorizonProblem(**given)
        path = np.random.default_rng(seed).integers(
            0, problem.layout.levels, (problem.horizon.stages, problem.horizon.plans)
        )
        customers = np.concatenate([given["start"][None], problem.simulate(path)])
        people = customers.sum(axis=1)
        brought = (given["referral"] * customers[:-1]).sum(axis=1)
        more = given["entrants"] + given["reach_speed"] * (given["base_reach"] + brought - people[:-1])
        assert people[1:] - people[:-1] == pytest.approx(more, rel=1e-13, abs=1e-13), seed
        assert (people <= problem.horizon.people * (1.0 + 1e-12)).all(), seed
        checked += 1
    assert checked > 50


def test_constant_inputs_tend_to_the_run_rate() -> None:
    """y = base / (1 + sum of (1 - psi) w) with the alternatives, w y on each plan."""
    for seed in range(10):
        g = np.random.default_rng(seed)
        types, plans, months = 4, 3, 1500
        a, rate = g.lognormal(0.0, 1.0, (plans, types)), g.uniform(0.1, 0.9, (plans, types))
        away, away_rate = g.lognormal(0.0, 0.5, types), g.uniform(0.1, 0.5, types)
        base, referral = g.random(types) * 100.0, g.uniform(0.0, 0.5, (plans + 1, types))
        referral[0] = 0.0
        problem = HorizonProblem(
            g.random((plans + 1, types)) * 100.0, list(a[:, :, None]), list(rate[:, :, None]), list(a[:, :, None]),
            np.ones(months), np.tile(away, (months, 1)), away_rate,
            base_reach=np.tile(base, (months, 1)), reach_speed=0.1, referral=referral,
        )  # fmt: skip
        last = problem.simulate(np.zeros((1, plans), dtype=int))[-1]
        weights = choice.stock_attraction(choice.stock(a, rate), choice.stock(away, away_rate))
        staying = base / (1.0 + ((1.0 - referral[1:]) * weights).sum(axis=0))
        assert last[0] == pytest.approx(staying, rel=1e-10), seed
        assert last[1:] == pytest.approx(weights * staying, rel=1e-10), seed


def test_a_speed_of_nothing_changes_nothing() -> None:
    for seed in range(20):
        given = draw_arguments(seed)
        months, types = given["entrants"].shape
        still = HorizonProblem(**given, base_reach=np.ones((months, types)), reach_speed=0.0)
        one, other = draw_problem(seed).solve(1e-9), still.solve(1e-9)
        assert other.value == pytest.approx(one.value, rel=1e-8, abs=1e-10), seed


def test_customer_values_add_up_to_the_path() -> None:
    for seed in range(90):
        given = draw_wide_arguments(seed)
        problem = HorizonProblem(**given)
        h = problem.horizon
        path = np.random.default_rng(seed).integers(0, problem.layout.levels, (h.stages, h.plans))
        found = customer_values(h, problem.layout.columns_of(path))
        assert found.value == pytest.approx(problem.value(path), rel=1e-11, abs=1e-11), seed
        if "today" not in given:
            added = {**given, "start": given["start"] + np.eye(h.plans + 1, h.types)}
            more = HorizonProblem(**added).value(path) - found.value
            assert more == pytest.approx(float(np.trace(found.after[0])), rel=1e-9, abs=1e-10), seed


def check_against_enumeration(seeds: range) -> int:
    """Number of instances with something new in them; the certificate proves the bound too."""
    checked = 0
    for seed in seeds:
        given = draw_wide_arguments(seed)
        if not {"holders", "reach_speed"} & set(given):
            continue
        problem = HorizonProblem(**given)
        best, found = problem.enumerate(), problem.solve(1e-6)
        size = max(abs(best.value), 1e-6 * problem.horizon.magnitude)
        assert best.value - 1e-11 <= found.bound <= best.value + 1.1e-6 * size + 1e-11, seed
        assert found.value == pytest.approx(best.value, abs=1.1e-6 * size), seed
        assert problem.value(found.path) == pytest.approx(found.value, abs=1e-11 * (1.0 + size)), seed
        assert best.value - 1e-11 <= problem.replay(found.certificate) <= found.bound + 1e-10 * (1.0 + size), seed
        checked += 1
    assert 0 < checked <= len(seeds)
    return checked


@pytest.mark.parametrize("part", range(2))
def test_instances_against_enumeration(part: int) -> None:
    assert check_against_enumeration(some(range(75 * part, 75 * (part + 1)))) > few(50)


@pytest.mark.full
@pytest.mark.parametrize("part", range(10))
def test_3000_instances_against_enumeration(part: int) -> None:
    assert check_against_enumeration(range(360 * part + 150, 360 * part + 510)) >= 270


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"base_reach": np.ones((3, 1))}, "base_reach"),
        ({"referral": np.ones((2, 1))}, "referral"),
        ({"reach_speed": 0.5}, "base_reach"),
        ({"reach_speed": 1.5, "base_reach": np.ones((3, 1))}, "reach_speed[0]"),
        ({"reach_speed": [0.5], "base_reach": -np.ones((3, 1))}, "base_reach[0, 0]"),
        ({"reach_speed": [0.5], "base_reach": np.ones((3, 1)), "referral": np.ones((3, 1))}, "referral"),
        ({"reach_speed": [1.0], "base_reach": np.ones((3, 1)), "referral": np.full((2, 1), 1e29)}, "referral"),
        ({"holders": "stay"}, "holders"),
        ({"today": [0]}, "today"),
        ({"today": [7], "holders": "keep"}, "today[0]"),
        ({"today": [0, 0], "holders": "keep"}, "today"),
    ],
)
def test_a_wrong_argument_is_named(change: dict[str, object], place: str) -> None:
    with pytest.raises(InputError) as caught:
        HorizonProblem(
            [[9.0], [1.0]], [[[1.0, 2.0]]], [[[0.5, 0.5]]], [[[1.0, 1.0]]], [1.0, 1.0, 1.0], np.ones((3, 1)), [0.5],
            **change,  # type: ignore[arg-type]
        )  # fmt: skip
    assert [f.field for f in caught.value.findings] == [place]
