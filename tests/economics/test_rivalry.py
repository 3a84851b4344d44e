"""Rivals' margins by hand."""

from __future__ import annotations

import numpy as np

from optimizer.economics import rivalry


def test_margins_by_hand() -> None:
    """Bills of 20 and 10 usd at 25 % and 3 usd of cost leave 12 and 4.5. Stocks 1 and 3 beside 6 others leave 2.55 a
    person; of 10 people and 2 (who have nothing of it) that is 25.5."""
    left = rivalry.offer_margin(np.array([20.0, 10.0]), 0.25, 3.0)
    np.testing.assert_allclose(left, [12.0, 4.5], rtol=1e-15)
    per = rivalry.margin_per_person(
        np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([[12.0], [4.5]]), np.array([10.0, 5.0])
    )
    np.testing.assert_allclose(per, [2.55, 0.0], rtol=1e-15)
    assert rivalry.margin(per, np.array([10.0, 2.0])) == 25.5
    np.testing.assert_allclose(rivalry.margin(np.stack([per, 2 * per]), np.array([10.0, 2.0])), [25.5, 51.0])
