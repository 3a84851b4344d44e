"""How far a figure is from what a market would show, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimizer.learn.compared import TableFigure, count_residual


def figure(kind: str, observed: float, spread: float = 0.0, n: float = 0.0, direct: bool = False) -> TableFigure:
    return TableFigure("t", "x", "1", kind, observed, spread, n, lambda _: 0.0, direct=direct)  # type: ignore[arg-type]


def test_amounts_are_compared_in_logarithms() -> None:
    """A tenth too high, known to 4 %, the form to 3 %: ln 1.1 / 0.05."""
    assert figure("log", 100.0, 0.04).residual(110.0, 0.03) == pytest.approx(math.log(1.1) / 0.05)
    assert figure("log", 100.0, 0.04, direct=True).residual(110.0, 0.03) == pytest.approx(math.log(1.1) / 0.04)


def test_shares_by_hand() -> None:
    """250 of 1000 against 300 expected: 2 sqrt(1000.5) (asin sqrt(300.125/1000.25) - asin sqrt(250.375/1000.75))."""
    by_hand = 2.0 * math.sqrt(1000.5) * (math.asin(math.sqrt(0.3000500)) - math.asin(math.sqrt(0.2501874)))
    assert figure("share", 0.25, n=1000.0).residual(0.3, 0.0) == pytest.approx(by_hand, rel=1e-6)
    # close to the plain difference in standard deviations of 0.275
    assert by_hand == pytest.approx(50.0 / math.sqrt(1000 * 0.275 * 0.725), rel=0.02)
    assert figure("share", 0.25, n=1000.0).error == pytest.approx(math.sqrt(0.75 / 250.0))


def test_rates_by_hand() -> None:
    """36 in 400 months against 49 expected: 2 (sqrt 49.125 - sqrt 36.375), a form known to 10 % adds 0.36 to the
    variance."""
    plain = 2.0 * (math.sqrt(49.125) - math.sqrt(36.375))
    assert figure("rate", 0.09, n=400.0).residual(0.1225, 0.0) == pytest.approx(plain)
    assert figure("rate", 0.09, n=400.0).residual(0.1225, 0.1) == pytest.approx(plain / math.sqrt(1.36))


@pytest.mark.parametrize(("kind", "p", "n"), [("share", 0.3, 40.0), ("share", 0.05, 200.0), ("rate", 0.02, 500.0)])
def test_residuals_of_the_truth_have_unit_spread(kind: str, p: float, n: float) -> None:
    rng = np.random.default_rng(11)
    counts = rng.binomial(int(n), p, 4000) if kind == "share" else rng.poisson(n * p, 4000)
    r = [count_residual(kind, float(c), n, p, 0.0) for c in counts]  # type: ignore[arg-type]
    assert abs(np.mean(r)) < 0.06 and np.std(r) == pytest.approx(1.0, abs=0.06), "seed 11"


def test_counts_of_nobody() -> None:
    assert figure("share", 0.0, n=50.0).residual(0.0, 0.03) < 0.0
    assert math.isfinite(figure("share", 1.0, n=50.0).residual(0.9, 0.03))
    assert figure("rate", 0.0, n=50.0).residual(0.1, 0.0) == pytest.approx(2.0 * (math.sqrt(5.125) - math.sqrt(0.375)))
