"""Scores and proportional shares by numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimizer.economics import proportional, scores


def test_of_one_number_crps_is_the_absolute_error() -> None:
    assert scores.crps(np.array([-0.7]), -0.8) == pytest.approx(0.1)
    assert scores.crps(np.array([3.0]), 3.0) == 0.0


def test_crps_of_two_draws() -> None:
    # |1 - 2| and |4 - 2| on average 1.5; pairs differ by 0, 3, 3, 0, on average 1.5, of which half
    assert scores.crps(np.array([1.0, 4.0]), 2.0) == pytest.approx(1.5 - 0.75)


def test_crps_of_anything_between_two_numbers() -> None:
    # uniform on 0 to 1 at the middle: mean distance 1/4 less half of the mean distance of two draws, 1/3
    assert scores.crps(scores.evenly(0.0, 1.0), 0.5) == pytest.approx(1 / 4 - 1 / 6, abs=1e-4)
    # at its end: 1/2 - 1/6
    assert scores.crps(scores.evenly(0.0, 1.0), 1.0) == pytest.approx(1 / 2 - 1 / 6, abs=1e-4)
    assert scores.evenly(-2.0, 6.0, 4).tolist() == [-1.0, 1.0, 3.0, 5.0]


def test_brier() -> None:
    assert scores.brier(1.0, 1.0) == 0.0
    assert scores.brier(0.0, 1.0) == 1.0
    assert scores.brier(0.5, 0.0) == 0.25
    assert scores.brier(0.8, 0.0) == pytest.approx(0.64)


def test_skill() -> None:
    assert scores.skill(0.0, 0.3) == 1.0
    assert scores.skill(0.3, 0.3) == 0.0
    assert scores.skill(0.6, 0.3) == pytest.approx(-1.0)
    assert math.isnan(scores.skill(0.0, 0.0))


def test_moved_in_proportion() -> None:
    # ln 2 doubles the weight of the first of 20, 30 and 50: 40, 30 and 50 of 120
    found = proportional.moved(np.array([20.0, 30.0, 50.0]), np.array([math.log(2.0), 0.0, 0.0]), 100.0)
    assert found == pytest.approx([100 * 40 / 120, 100 * 30 / 120, 100 * 50 / 120])
    # the two others keep their ratio, whatever the first does
    assert found[1] / found[2] == pytest.approx(30 / 50)


def test_mean_change_is_that_of_those_who_were_there() -> None:
    people, before, after = np.array([3.0, 1.0, 0.0]), np.array([0.0, 1.0, 5.0]), np.array([1.0, 0.0, -np.inf])
    assert proportional.mean_change(people, before, after) == pytest.approx((3 * 1 + 1 * -1) / 4)
    assert proportional.mean_change(np.zeros(3), before, after) == 0.0
