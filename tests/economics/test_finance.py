"""Money, reach and serving: answers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimizer.economics import finance, reach, serving


def test_effective_fee() -> None:
    # a quarter pays by the year at a fifth off: 0.75 x 20 + 0.25 x 16
    assert finance.effective_fee(20.0, 0.25, 0.2) == pytest.approx(0.75 * 20.0 + 0.25 * 16.0)
    assert finance.effective_fee(20.0, 0.0, 0.9) == 20.0


def test_seat_factor() -> None:
    # 2 seats used where 5 must be bought cost 2.5 times; 10 seats are not touched
    assert finance.seat_factor(5.0, np.array([2.0, 5.0, 10.0])) == pytest.approx([2.5, 1.0, 1.0])


def test_bill() -> None:
    assert finance.bill(np.array([20.0, 0.0]), np.array([1.5, 7.0])) == pytest.approx([21.5, 7.0])


def test_payment_cost() -> None:
    # 3 % of 20 and a fixed 0.30; nothing where nothing is billed
    assert finance.payment_cost(np.array([20.0, 0.0]), 0.03, 0.3) == pytest.approx([0.9, 0.0])


def test_advertising_revenue() -> None:
    assert finance.advertising_revenue(np.array([300.0, 0.0]), 0.002) == pytest.approx([0.6, 0.0])


def test_api_value() -> None:
    requests, unit_prices = np.array([[1200.0, 100.0, 7.0], [0.0, 50.0, 7.0]]), np.array([0.005, 0.02, np.nan])
    assert finance.api_value(requests, unit_prices) == pytest.approx([6.0 + 2.0, 1.0])


def test_largest_draw() -> None:
    # 40 a window and 243.33 windows of 3 hours, or 500 a week and 730/168 weeks: the week is tighter
    windows = [(730.0 / 3.0, 40.0), (730.0 / 168.0, 500.0)]
    assert finance.largest_draw(windows, 0.01) == pytest.approx(500.0 * 730.0 / 168.0 * 0.01)
    assert finance.largest_draw(windows[:1], 0.01) == pytest.approx(40.0 * 730.0 / 3.0 * 0.01)
    assert finance.largest_draw([], 0.01) == math.inf


def test_burst_cost() -> None:
    assert finance.burst_cost(12.0, 213.0, 4.0) == 12 * 213 * 4


def test_reserved_cost() -> None:
    assert finance.reserved_cost(100.0, 2.5, 730.0) == 100 * 2.5 * 730


def test_reach_share() -> None:
    # nothing spent: the base; ln 2 of the scale: half way; without end: the most
    assert reach.reach_share(0.0, 0.2, 0.8, 5.0) == 0.2
    assert reach.reach_share(5.0 * math.log(2.0), 0.2, 0.8, 5.0) == pytest.approx(0.5)
    assert reach.reach_share(1e9, 0.2, 0.8, 5.0) == pytest.approx(0.8)


def test_referral() -> None:
    # a customer would bring half a person, but four fifths of them are reached already
    assert reach.referral(np.array([0.5, 0.5]), np.array([0.8, 0.0])) == pytest.approx([0.1, 0.5])


def test_denominator_weight() -> None:
    assert reach.denominator_weight(np.array([2.0, 0.0]), np.array([0.1, 0.1])) == pytest.approx([1.8, 0.0])


def test_reached() -> None:
    # 100 reached by money; 0.1 x 40 + 0.5 x 20 by word of mouth
    got = reach.reached(np.array([100.0]), np.array([[0.1, 0.5]]), np.array([[40.0, 20.0]]))
    assert got == pytest.approx([114.0])


def test_word_of_mouth_by_generations() -> None:
    """Each customer tells psi persons, who choose as he did: the sum over all generations is the closed form."""
    base, weight, psi = 1000.0, 0.8, 0.6
    share = weight / (1.0 + weight)
    people = total = base
    for _ in range(200):
        people = people * share * psi
        total += people
    staying = base / (1.0 + float(reach.denominator_weight(np.array([weight]), np.array([psi]))[0]))
    customers = np.array([[weight * staying]])
    assert reach.reached(np.array([base]), np.array([[psi]]), customers) == pytest.approx([total], rel=1e-12)
    assert customers[0, 0] == pytest.approx(total * share, rel=1e-12)


def test_gpu_seconds_per_request() -> None:
    # 2,000 tokens in, half of them cached, read at 10,000 a second; 300 out at 600 a second: 0.1 + 0.5
    assert serving.gpu_seconds_per_request(2000.0, 0.5, 10_000.0, 300.0, 600.0) == pytest.approx(0.6)


def test_gpu_hours() -> None:
    # 3,600 requests of 0.6 seconds are 0.6 hours of work; at 30 % utilisation 2 hours are paid
    assert serving.gpu_hours(np.array([3600.0, 0.0]), 0.6, 0.3) == pytest.approx([2.0, 0.0])


def test_gpus_busy() -> None:
    # 6,000 GPU hours a month, 40 % of them in a block of 240 hours
    assert serving.gpus_busy(np.array([6000.0]), np.array([0.4]), 240.0) == pytest.approx([10.0])
