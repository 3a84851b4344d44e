"""The margin of a path from quarter to quarter: the parts add up, and are what their names say."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from optimizer.answer.path import PathSolution
from optimizer.answer.path_bridge import COSTS_OF_REVENUE, PARTS, REVENUE_PARTS, bridge_document, margin_bridge
from optimizer.answer.path_solving import evaluate_path, solve_path
from optimizer.optimise.outcome import Settings
from tests.support.path_cases import path_case, path_market, path_model

STATED = {"stages": [1, 4], "worlds": [{"month": 3, "set": {"alternatives.rival.price": {"times": 0.6}}}]}


def solved(**more: Any) -> PathSolution:
    return solve_path(path_model(path_market(habit=True), path_case({**STATED, **more})), Settings())


@pytest.mark.parametrize("more", [{}, {"months": 8}, {"holders": "keep"}])
def test_the_parts_add_up(more: dict[str, Any]) -> None:
    """To the change of the contribution margin; those of revenue and its cost to that of the gross margin."""
    found = solved(**more)
    steps, months = margin_bridge(found), found.timeline.months
    assert [(s.first_month, s.last_month) for s in steps] == [
        (0, 0),
        (1, 3),
        (4, 6),
        *([(7, 8)] if months == 8 else []),
    ]
    assert steps[0].contribution_margin == found.today.figure("contribution_margin")
    for before, step in itertools.pairwise(steps):
        own = range(step.first_month, step.last_month + 1)
        mean = {name: sum(found.figure(name, t) for t in own) / len(own) for name in
                ("contribution_margin", "gross_margin", "revenue")}  # fmt: skip
        assert step.contribution_margin == pytest.approx(mean["contribution_margin"], rel=1e-12)
        assert step.gross_margin_rate == pytest.approx(mean["gross_margin"] / mean["revenue"], rel=1e-12)
        assert set(step.added) == set(PARTS)
        room = 1e-12 * step.revenue
        assert step.change == pytest.approx(step.contribution_margin - before.contribution_margin, abs=room)
        gross = sum(step.added[name] for name in (*REVENUE_PARTS, *COSTS_OF_REVENUE))
        assert gross == pytest.approx(step.gross_margin - before.gross_margin, abs=room)
        sold = sum(step.added[name] for name in REVENUE_PARTS)
        assert sold == pytest.approx(step.revenue - before.revenue, abs=room)
        assert abs(step.change) > room


def test_costs_are_those_of_the_figures() -> None:
    found = solved()
    last = margin_bridge(found)[-1]
    for part, figure in (("serving", "serving_cost"), ("support", "support_cost"), ("plans", "plan_cost")):
        means = [sum(found.figure(figure, t) for t in own) / 3 for own in ((1, 2, 3), (4, 5, 6))]
        assert last.added[part] == pytest.approx(means[0] - means[1], rel=1e-9, abs=1e-6)


def test_nothing_moves_where_nothing_changes() -> None:
    found = evaluate_path(path_model(path_market(habit=True), path_case({})))
    told = bridge_document(margin_bridge(found))
    assert told["unit"] == "usd/month"
    quarters = told["quarters"]
    assert isinstance(quarters, list) and len(quarters) == 2
    for quarter in quarters:
        assert max(map(abs, quarter["added"].values())) < 1e-7 * quarter["revenue"]
