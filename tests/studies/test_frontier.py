"""The frontier of a shipped case."""

from __future__ import annotations

import pytest

from optimizer.optimise import frontier as tracing
from optimizer.studies.frontier import frontier_case

AXES = [("market_share", "contribution_margin"), ("contribution_margin", "market_share")]


def check(case: str, x: str, y: str) -> None:
    found = frontier_case(case, x=x, y=y, points=7)
    assert found.complete and len(found.points) >= 5
    assert [p.verdict for p in found.points] == ["proved"] * len(found.points)
    assert all(p.gap <= 1.0001e-4 for p in found.points)


@pytest.mark.parametrize(("x", "y"), AXES)
def test_points_are_proved_whatever_the_unit_of_the_axes(x: str, y: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searched, not listed."""
    monkeypatch.setattr(tracing, "ENUMERATED", 0)
    check("assistant-startup-margin", x, y)


@pytest.mark.full
@pytest.mark.parametrize(("x", "y"), AXES)
def test_points_of_a_large_market_are_proved(x: str, y: str) -> None:
    check("openai-2025-margin", x, y)
