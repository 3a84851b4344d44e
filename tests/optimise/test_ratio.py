"""The certificate of a ratio: no menu's ratio exceeds t + bound / least denominator, however loose the bound."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from optimizer.economics.figures import TOTAL
from optimizer.model.measures import measure
from optimizer.optimise import ratio
from optimizer.optimise.outcome import Settings


@pytest.mark.parametrize("sense", [1, -1])
@pytest.mark.parametrize("slack", [0.0, 1e4, 1e5])
def test_a_loose_bound_is_passed_on(
    factory: ModuleType, monkeypatch: pytest.MonkeyPatch, sense: int, slack: float
) -> None:
    """Gross margin rate with every linear bound ``slack`` usd too high: at least slack / least revenue above it."""
    problem = factory.problem()
    rate = measure(problem.built, "gross_margin_rate", TOTAL, problem.today.figure)
    exact = ratio.maximise

    def loose(*arguments: Any, **more: Any) -> Any:
        found = exact(*arguments, **more)
        return replace(found, bound=found.bound + slack)

    monkeypatch.setattr(ratio, "maximise", loose)
    found = ratio.best(problem.built.instance, rate, sense, problem.limits, Settings(cross_check=False))
    every = factory.evaluations(problem).values()
    least_revenue = min(e.figure("revenue", TOTAL) for e in every)
    assert found.value == pytest.approx(max(sense * e.figure("gross_margin_rate") for e in every), rel=1e-12)
    assert found.bound - found.value >= slack / least_revenue * (1.0 - 1e-9)
    assert (found.status == "optimal") == (slack == 0.0)


def test_progress_is_that_of_the_ratio() -> None:
    """Bounds told on the way lie above the best ratio and fall; the linear steps between are not told as such."""
    from optimizer.answer.run import solve_case
    from optimizer.io.library import case_document
    from optimizer.schema.case import Case

    case = Case.model_validate({**case_document("assistant-startup-margin").data, "objective": "gross_margin_rate"})
    told: list[tuple[float, float, int]] = []
    best = solve_case(case, checks=False, progress=lambda *news: told.append(news)).objective
    assert len(told) > 2
    assert all(value <= best.value + 1e-12 and best.value - 1e-12 <= bound for value, bound, _ in told)
    bounds = [bound for _, bound, _ in told]
    assert bounds == sorted(bounds, reverse=True)
