"""Visitors of a test by hand."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.economics import choice, experiments


def test_who_decides_is_who_comes_and_who_decides_where_they_are() -> None:
    """10 people on alternatives of stock 4 and attraction 1; a plan of attraction 1 at rate 0.5 has stock 2, so 5
    customers. 2.5 of them and 2.5 of the others decide in a month, 5 in all; half of them take the plan."""
    attraction, staying, outside = np.array([[1.0]]), np.array([10.0]), np.array([4.0])
    customers = choice.customers(choice.stock(attraction, np.array([[0.5]])) / outside[:, None], staying)
    assert customers.tolist() == [[5.0]]
    deciding = experiments.deciding(staying, np.array([2.0]), outside)
    assert deciding.tolist() == [5.0]
    assert float(deciding[0] * 0.5) == customers[0, 0] * 0.5


def test_take_up_and_what_it_brings() -> None:
    """30 visitors of whom a tenth, and 10 of whom a half, take a plan: 8 of 40. They bring 2 and 4: 26 of 40."""
    visitors, chosen = np.array([30.0, 10.0]), np.array([[0.1, 0.9], [0.5, 0.0]])
    assert experiments.take_up(visitors, chosen) == pytest.approx([0.2, 0.675], rel=1e-15)
    amounts = np.array([[2.0, 0.0], [4.0, 7.0]])
    assert experiments.brought(visitors, chosen, amounts) == pytest.approx(26.0 / 40.0, rel=1e-15)
    nobody = np.zeros(2)
    assert experiments.take_up(nobody, chosen).tolist() == [0.0, 0.0]
    assert experiments.brought(nobody, chosen, amounts) == 0.0
