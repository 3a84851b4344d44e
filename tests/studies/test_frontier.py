"""The frontier of a shipped case."""

from __future__ import annotations

import pytest

from optimizer.studies.frontier import frontier_case


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("market_share", "contribution_margin"),
        pytest.param("contribution_margin", "market_share", marks=pytest.mark.full),
    ],
)
def test_points_are_proved_whatever_the_unit_of_the_axes(x, y):
    found = frontier_case("openai-2025-margin", x=x, y=y, points=7)
    assert found.complete and len(found.points) >= 5
    assert [p.verdict for p in found.points] == ["proved"] * len(found.points)
    assert all(p.gap <= 1.0001e-4 for p in found.points)
