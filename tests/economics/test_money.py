"""Discounting, cash, payback, retention and the parts of a customer's worth, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.economics import cash, discounting, lifetime


def test_a_year_on_a_usd_is_worth_one_over_one_plus_the_rate() -> None:
    factors = discounting.monthly_factors(0.21, 25)
    assert factors[0] == 1.0
    assert factors[6] == pytest.approx(1.0 / 1.1)
    assert factors[[12, 24]] == pytest.approx([1.0 / 1.21, 1.0 / 1.21**2])
    assert discounting.present_value(np.array([1.0, 2.0]), np.array([1.0, 0.5])) == pytest.approx(2.0)


def test_cash_from_customers_who_pay_ahead() -> None:
    """Half of the revenue is billed by the year: 5.5 months of it are paid ahead on average."""
    ahead = cash.prepaid(np.array([100.0, 120.0]), 0.5)
    assert ahead.tolist() == [275.0, 330.0]
    assert cash.receipts(np.array([100.0, 120.0]), ahead, 275.0).tolist() == [100.0, 175.0]
    assert cash.balance(50.0, np.array([-60.0, 30.0])).tolist() == [-10.0, 20.0]


def test_payback() -> None:
    assert cash.payback_month(np.array([-5.0, 3.0, 2.0])) == 2
    assert cash.payback_month(np.array([-5.0, 6.0, -2.0, 1.0])) == 3
    assert cash.payback_month(np.array([-5.0, 1.0])) is None
    assert cash.payback_month(np.array([0.0, 1.0])) == 0


def test_retention() -> None:
    assert cash.net_revenue_retention(110.0, 100.0) == pytest.approx(1.1)
    assert np.isnan(cash.net_revenue_retention(1.0, 0.0))


def test_parts_of_a_lifetime_value() -> None:
    values = np.array([[1.0, 2.0], [5.0, 2.5], [9.0, 9.0]])
    assert lifetime.lifetime_value(values).tolist() == [[4.0, 0.5], [8.0, 7.0]]
    parts = np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]])  # one stream, earned on plan d by one who holds j
    assert lifetime.own_part(parts).tolist() == [[[1.0], [4.0]]]
    assert lifetime.later_part(parts).tolist() == [[[3.0], [2.0]]]
    mean = lifetime.mean_customer(np.array([[4.0, 8.0], [1.0, 1.0]]), np.array([[3.0, 1.0], [0.0, 0.0]]))
    assert mean[0] == pytest.approx(5.0) and np.isnan(mean[1])
