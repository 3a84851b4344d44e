"""The waterfall adds up."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from optimizer.economics.figures import Selection
from optimizer.studies.waterfall import waterfall


@pytest.mark.parametrize("figure", ["contribution_margin", "revenue", "customers", "serving_cost"])
def test_steps_lead_from_today_to_the_proposal(studies: dict[str, Any], changed: dict[str, Any], figure: str) -> None:
    for solution in (studies["solution"], changed["solution"]):
        steps = waterfall(solution, figure)
        assert steps[0].end == solution.today.figure(figure)
        assert steps[-1].end == solution.evaluation.figure(figure)
        for before, step in pairwise(steps[:-1]):
            assert step.start == before.end
            assert step.end == step.start + step.change
        assert steps[-2].end == pytest.approx(steps[-1].end, rel=1e-9)


def test_plans_carry_their_own_change(studies: dict[str, Any]) -> None:
    solution = studies["solution"]
    found = {s.name: s.change for s in waterfall(solution) if s.kind == "plan"}
    for plan, change in found.items():
        part = Selection(plan=plan)
        menu, today = (e.figure("contribution_margin", part) for e in (solution.evaluation, solution.today))
        assert change == menu - today


def test_a_changed_market_is_a_step_of_its_own(changed: dict[str, Any]) -> None:
    solution = changed["solution"]
    step = next(s for s in waterfall(solution) if s.kind == "market")
    there, today = solution.unchanged.figure("contribution_margin"), solution.today.figure("contribution_margin")
    assert step.change == there - today < 0
