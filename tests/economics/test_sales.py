"""Down to which price a deal pays, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from optimizer.economics import sales

DEAL = sales.Deal(
    serving=3.0,
    support=1.0,
    metered=0.5,
    advertising=1.0,
    seats=1.25,
    payment_share=0.03,
    payment_fixed=0.4,
    other_share=0.07,
)


@pytest.mark.parametrize("wanted", [0.0, 2.0, -1.0])
def test_least_fee(wanted: float) -> None:
    fee = sales.least_fee(DEAL, wanted)
    billed = 1.25 * fee + 0.5
    left = billed + 1.0 - 3.0 - 1.0 - (0.03 * billed + 0.4) - 0.07 * (billed + 1.0)
    assert left == pytest.approx(wanted, abs=1e-12)


def test_least_fee_at_its_ends() -> None:
    assert sales.least_fee(DEAL, 0.0) == pytest.approx(((3.0 + 1.0 + 0.4 - 0.93) / 0.9 - 0.5) / 1.25, rel=1e-12)
    assert sales.least_fee(DEAL, -10.0) == 0.0
    assert sales.least_fee(replace(DEAL, payment_share=0.95), 0.0) == math.inf


def test_brings_elsewhere() -> None:
    # of one, two go to one plan and one to the other for each who goes to the alternatives: 1/2, 1/4, 1/4
    got = sales.brings_elsewhere(np.array([[2.0, 1.0], [0.0, 0.0]]), np.array([[6.0, -2.0], [9.0, 9.0]]))
    assert got == pytest.approx([2.5, 0.0], rel=1e-12)
