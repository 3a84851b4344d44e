"""Orders of GPUs, by hand."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_what_is_left_of_it() -> None:
    """Bought for 100 in month 4 to last 10 months: after two of them 80; after twelve nothing."""
    assert orders.residual(100.0, 4, 10, 6) == pytest.approx(80.0)
    assert orders.residual(100.0, 4, 10, 16) == 0.0
    assert orders.residual(100.0, 6, 10, 6) == 0.0


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
