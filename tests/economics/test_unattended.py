"""Customers with a second stream of requests, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.economics import unattended


def test_with_and_without() -> None:
    without, having = unattended.with_and_without(np.array([1000.0, 40.0]), 0.05)
    assert without == pytest.approx([950.0, 38.0])
    assert having == pytest.approx([50.0, 2.0])


def test_together() -> None:
    assert unattended.together(np.array([20.0, 300.0]), np.array([1000.0, 9000.0])) == pytest.approx([1020.0, 9300.0])
