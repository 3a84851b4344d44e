"""Orders of GPUs, by hand."""

from __future__ import annotations

import numpy as np

from optimizer.economics import orders


def test_when_an_order_serves() -> None:
    assert orders.serves(2, 3, 6).tolist() == [0, 0, 1, 1, 1, 0]
    assert orders.serves(4, None, 6).tolist() == [0, 0, 0, 0, 1, 1]
    assert orders.serves(6, 3, 6).tolist() == [0] * 6


def test_what_it_costs() -> None:
    """A rent of 10 while it serves, and a purchase at 100 in the month in which it arrives."""
    assert orders.payments(10.0, 0.0, 2, orders.serves(2, 3, 6)).tolist() == [0, 0, 10, 10, 10, 0]
    assert orders.payments(1.0, 100.0, 4, orders.serves(4, None, 6)).tolist() == [0, 0, 0, 0, 101, 1]
    assert orders.payments(1.0, 100.0, 7, orders.serves(7, None, 6)).tolist() == [0] * 6


def test_what_it_loses_of_its_worth() -> None:
    """Bought for 100 to last 4 months: 25 in each of the first four of its service, or all of it at once."""
    assert orders.wear(100.0, 1, 4, orders.serves(1, None, 7)).tolist() == [0, 25, 25, 25, 25, 0, 0]
    assert orders.wear(100.0, 5, 4, orders.serves(5, None, 7)).tolist() == [0, 0, 0, 0, 0, 25, 25]
    assert orders.wear(100.0, 2, None, orders.serves(2, None, 4)).tolist() == [0, 0, 100, 0]


def test_a_faster_vintage_carries_more() -> None:
    """10 GPUs that do half as much again as a standing one, in service in the second and the third month."""
    assert orders.carries(10.0, 1.5, orders.serves(1, 2, 4)).tolist() == [0, 15, 15, 0]


def test_gpus_at_hand_and_beyond() -> None:
    """5 stand; 2 lots of 3 from the second month on, 1 lot of 4 in the third."""
    at_hand = orders.capacity(np.full(3, 5.0), np.array([2.0, 1.0]), np.array([[0, 3, 3], [0, 0, 4.0]]))
    assert at_hand.tolist() == [5, 11, 15]
    load = np.array([[6.0, 4.0], [11.0, 20.0], [0.0, 15.5]])
    assert orders.burst(load, at_hand).tolist() == [[1, 0], [0, 9], [0, 0.5]]


def test_the_price_of_burst() -> None:
    """Half as much again as 2 and 3 usd an hour, in blocks of 100 and 600 hours."""
    found = orders.burst_price(np.array([2.0, 3.0]), np.array([100.0, 600.0]), 1.5)
    assert found.tolist() == [[300, 1800], [450, 2700]]


def test_the_price_of_a_gpu_hour() -> None:
    """A GPU is worth 300 + 900 discounted usd in 600 hours: 2 an hour, 2.5 where a month's money counts 0.8."""
    found = orders.hour_price(
        np.array([[300.0, 900.0], [300.0, 900.0]]), np.array([100.0, 500.0]), np.array([1.0, 0.8])
    )
    assert found.tolist() == [2.0, 2.5]
