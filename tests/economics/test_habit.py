"""Habit: factors by hand, and attractions at which flows are as they are asked to be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimizer.economics import dynamics, habit


def test_factors_by_hand() -> None:
    found = habit.habit_factors([False, True], math.log(2.0), math.log(3.0), math.log(5.0))
    assert found == pytest.approx(np.array([[1, 1, 1], [1, 2, 6], [1, 2, 10]]))


def test_one_class_that_grows_by_hand() -> None:
    """Rates 0.1 and 0.2, stocks 100 and 50, growth 0.05: joining 15 and 12.5, so a = 0.3 x 12.5 / 15."""
    customers, rate = np.array([[100.0], [50.0]]), np.array([[0.1], [0.2]])
    entrants = np.array([0.05 * 150.0])
    attraction, fixed = np.array([[0.3], [9.0]]), np.array([[True], [False]])
    weigh = lambda a: dynamics.choice_weights(a, np.ones((1, 2)))  # noqa: E731
    found = habit.at_rest(
        customers, rate, entrants, (rate + 0.05) * customers, np.ones((1, 2)), attraction, fixed, weigh
    )
    assert found[:, 0] == pytest.approx([0.3, 0.3 * 12.5 / 15.0], rel=1e-12)


def test_flows_are_as_asked_in_random_markets() -> None:
    tried = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        rows, types = 4, 3
        members = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]], dtype=float)
        factors = np.exp(rng.normal(0.0, 1.0, (3, rows)))
        customers, rate = rng.uniform(1.0, 99.0, (rows, types)), rng.uniform(0.02, 0.4, (rows, types))
        attraction = rng.uniform(0.1, 3.0, (rows, types))
        fixed = np.zeros((rows, types), dtype=bool)
        fixed[0] = True
        weigh = lambda a, h=factors: dynamics.choice_weights(a, h)  # noqa: E731
        found = habit.at_rest(customers, rate, np.zeros(types), rate * customers, members, attraction, fixed, weigh)
        moving = dynamics.deciders(customers, rate, members, np.zeros(types))
        weights = weigh(found)
        joined = dynamics.joining(weights, dynamics.per_weight(moving, weights))
        assert joined == pytest.approx(rate * customers, rel=1e-9), f"seed {seed}"
        assert (found[0] == attraction[0]).all()
        tried += 1
    assert tried == 50


def test_rise_and_moves_by_hand() -> None:
    """From 15 to 50 in 10 months beside 700 free: 0.5 %. Of 100 and 300, 10 % and 20 % decide, 1/2 and 1/4 of them up:
    5 + 15 of 400. Of 60, 30 and 10 payers the last two are of types of which more would come than decide."""
    assert habit.rise_rate(15.0, 50.0, 10.0, 700.0) == pytest.approx(0.005)
    up = habit.moves_up(np.array([100.0, 300.0]), np.array([0.1, 0.2]), np.array([0.5, 0.25]))
    assert up == pytest.approx(0.05)
    held, wanted, deciding = np.array([60.0, 30.0, 10.0]), np.array([5.0, 9.0, 2.0]), np.array([5.0, 8.0, 1.0])
    assert habit.beyond_deciders(held, wanted, deciding) == pytest.approx(0.4)
