"""Why revenue moved: customers and price, by hand."""

from __future__ import annotations

import numpy as np

from optimizer.economics import bridge


def test_by_hand() -> None:
    """10 at 20 become 12 at 25: 2 x 22.5 and 5 x 11. Launched or withdrawn: all by customers."""
    customers = np.array([[10.0, 0.0, 4.0, 0.0], [12.0, 3.0, 0.0, 0.0]])
    revenue = np.array([[200.0, 0.0, 36.0, 0.0], [300.0, 24.0, 0.0, 0.0]])
    by_customers, by_price = bridge.customers_and_price(customers, revenue)
    assert by_customers.tolist() == [[45.0, 24.0, -36.0, 0.0]]
    assert by_price.tolist() == [[55.0, 0.0, 0.0, 0.0]]


def test_they_add_up_to_the_change() -> None:
    rng = np.random.default_rng(5)
    customers = rng.uniform(0.0, 9.0, (8, 6)) * (rng.random((8, 6)) < 0.7)
    revenue = customers * rng.uniform(0.0, 30.0, (8, 6))
    by_customers, by_price = bridge.customers_and_price(customers, revenue)
    np.testing.assert_allclose(by_customers + by_price, np.diff(revenue, axis=0), atol=1e-12)
    back, dearer = bridge.customers_and_price(customers[::-1], revenue[::-1])
    np.testing.assert_allclose(back[::-1], -by_customers, atol=1e-12)
    np.testing.assert_allclose(dearer[::-1], -by_price, atol=1e-12)
