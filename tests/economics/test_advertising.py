"""Advertising by hand: what is shown, what it earns, what it takes."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.economics import advertising


def test_shown() -> None:
    """0.2 a request: 100 answers of the large model and 40 of the small one that shows half as many, 24 in all."""
    requests = np.array([[100.0, 40.0], [0.0, 0.0]])
    assert advertising.shown(requests, np.array([1.0, 0.5]), 0.2) == pytest.approx([24.0, 0.0])


def test_revenue() -> None:
    assert advertising.revenue(np.array([24.0, 4000.0]), 25.0) == pytest.approx([0.6, 100.0])


def test_disutility() -> None:
    assert advertising.disutility(np.array([24.0, 24.0]), np.array([0.005, 0.0])) == pytest.approx([0.12, 0.0])
