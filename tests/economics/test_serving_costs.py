"""What tokens bought at a price list cost, by hand."""

from __future__ import annotations

import pytest

from optimizer.economics import serving


@pytest.mark.parametrize(
    ("cached", "cached_price", "wanted"),
    [
        # 1,500 input tokens at 2 usd/Mtok and 500 output tokens at 10 usd/Mtok: 0.003 + 0.005
        (0.0, 0.2e-6, 0.008),
        # 600 of the input tokens read from a cache at a tenth: 900 x 2 + 600 x 0.2 + 500 x 10 = 6,920 per million
        (0.4, 0.2e-6, 0.00692),
        # a cache that saves nothing
        (0.4, 2e-6, 0.008),
    ],
)
def test_token_cost_per_request(cached: float, cached_price: float, wanted: float) -> None:
    assert serving.token_cost_per_request(1500.0, cached, 500.0, 2e-6, cached_price, 10e-6) == pytest.approx(
        wanted, rel=1e-13
    )
