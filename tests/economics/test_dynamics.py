"""The transition and its adjoint, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.economics import dynamics

ATTRACTION = np.array([[2.0], [1.0], [3.0]])
HABIT = np.array([[1.0, 1.0, 1.0], [1.0, 4.0, 2.0]])
MEMBERS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
CUSTOMERS = np.array([[100.0], [40.0], [20.0]])
RATE = np.array([[0.1], [0.5], [0.25]])


def test_weights_of_strangers_and_of_customers() -> None:
    weights = dynamics.choice_weights(ATTRACTION, HABIT)
    assert weights[:, :, 0].tolist() == [[2.0, 1.0, 3.0], [2.0, 4.0, 6.0]]


def test_a_month_by_hand() -> None:
    """16 strangers decide (10 and 6 who enter) at weights 2, 1, 3; 25 customers (20 and 5) at weights 2, 4, 6."""
    weights = dynamics.choice_weights(ATTRACTION, HABIT)
    moving = dynamics.deciders(CUSTOMERS, RATE, MEMBERS, np.array([6.0]))
    assert moving[:, 0].tolist() == [16.0, 25.0]
    rates = dynamics.per_weight(moving, weights)
    assert rates[:, 0] == pytest.approx([16.0 / 6.0, 25.0 / 12.0])
    joining = dynamics.joining(weights, rates)
    by_hand = [16.0 / 3.0 + 25.0 / 6.0, 16.0 / 6.0 + 25.0 / 3.0, 8.0 + 12.5]
    assert joining[:, 0] == pytest.approx(by_hand)
    after = dynamics.after_decisions(CUSTOMERS, RATE, joining)
    assert after[:, 0] == pytest.approx([90.0 + by_hand[0], 20.0 + by_hand[1], 15.0 + by_hand[2]])
    assert after.sum() == pytest.approx(166.0)
    assert CUSTOMERS[:, 0].tolist() == [100.0, 40.0, 20.0]


def test_some_decide_at_once() -> None:
    """Of 0.5 who would stay a tenth more: 0.55; none of those who decide anyway."""
    rate = dynamics.rate_at_once(np.array([0.5, 1.0, 0.25]), np.array([0.1, 0.1, 0.0]))
    assert rate == pytest.approx([0.55, 1.0, 0.25])


def test_many_paths_are_each_their_own() -> None:
    several = np.stack([ATTRACTION, 2.0 * ATTRACTION])
    customers = np.stack([CUSTOMERS, 3.0 * CUSTOMERS])
    weights = np.moveaxis(dynamics.choice_weights(several, HABIT), 0, 1)  # classes come first
    moving = dynamics.deciders(customers, RATE, MEMBERS, np.array([6.0]))
    joining = dynamics.joining(weights, dynamics.per_weight(moving, weights))
    assert joining.shape == (2, 3, 1)
    one = dynamics.choice_weights(2.0 * ATTRACTION, HABIT)
    alone = dynamics.deciders(3.0 * CUSTOMERS, RATE, MEMBERS, np.array([6.0]))
    assert joining[1] == pytest.approx(dynamics.joining(one, dynamics.per_weight(alone, one)))


def test_worth_of_deciders_and_customers_by_hand() -> None:
    """Gains 0, 6 and 2: a stranger who decides is worth (6 + 6) / 6 = 2, a customer (24 + 12) / 12 = 3."""
    gain = np.array([[0.0], [6.0], [2.0]])
    decider = dynamics.decider_value(dynamics.choice_weights(ATTRACTION, HABIT), gain)
    assert decider[:, 0].tolist() == [2.0, 3.0]
    worth = dynamics.customer_value(RATE, gain, decider[[0, 1, 1]])
    assert worth[:, 0] == pytest.approx([0.2, 4.5, 2.25])


def test_reach_by_hand() -> None:
    """Reach wants 200 and 0.5 x 40 + 0.25 x 20 = 225 people and has 160: a tenth of 65 comes; a customer of the first
    plan keeps half a person out of sight, at 4 each and a tenth a month."""
    psi = np.array([[0.0], [0.5], [0.25]])
    come = dynamics.newly_reached(CUSTOMERS, np.array([0.1]), np.array([200.0]), psi)
    assert come == pytest.approx([6.5])
    worth = dynamics.reach_value(np.array([0.1]), psi, np.array([4.0]))
    assert worth[:, 0] == pytest.approx([-0.4, -0.2, -0.3])
