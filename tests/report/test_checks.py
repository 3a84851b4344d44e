"""Checks in reports, tables and frames."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from optimizer.answer.checks.check import CheckName
from optimizer.answer.checks.running import before_checks, check_answer
from optimizer.answer.run import solve_case_model
from optimizer.answer.solution import Solution
from optimizer.optimise.outcome import Settings
from optimizer.report.html import report_html
from optimizer.report.tables import solution_tables
from optimizer.report.text import decision, head

SETTINGS = Settings(cross_check=False)


@pytest.fixture(scope="module")
def answers(factory: ModuleType) -> tuple[Solution, Solution, Solution]:
    """An answer whose launch is undecided: plain, before its checks are done, and after."""
    data = factory.market()
    data["nests"] = {"paid": {"plans": ["plus", "lite"], "dissimilarity": factory.q(0.5, "1")}}
    data["plans"]["lite"]["title"] = "Lite"
    m = factory.problem(data)
    plain = solve_case_model(m, SETTINGS)
    return plain, before_checks(m, plain, SETTINGS), check_answer(m, plain, SETTINGS, tuple(CheckName))


def test_the_headline(answers: tuple[Solution, Solution, Solution]) -> None:
    plain, before, after = answers
    assert "aunch Lite at 8" in decision(plain)
    for solution in (before, after):
        assert "aunch Lite at 8" not in decision(solution) and "Whether to launch Lite" in decision(solution)
        assert "Proven best of the 72 menus offered" in head(solution).plain
    assert "see the checks" in decision(before) and "Whether to launch Lite is undecided:" in decision(after)


def test_the_report(answers: tuple[Solution, Solution, Solution]) -> None:
    plain, _, after = answers
    page = report_html(after)
    first = page.split("The menu against today")[0]
    assert "Checks of the answer" in first and "? undecided" in first and "! mark" in first
    assert f"{sum(c.verdict == 'pass' for c in after.checks)} passed" in first
    assert "aunch Lite at 8" not in page
    assert "Checks of the answer" not in report_html(plain)


def test_tables_and_frames(answers: tuple[Solution, Solution, Solution]) -> None:
    plain, _, after = answers
    table = next(t for t in solution_tables(after) if t.title == "Checks")
    assert len(table.rows) == len(after.checks) > 10
    assert not [t for t in solution_tables(plain) if t.title == "Checks"]
    frame: Any = after.checks_frame()
    assert list(frame.columns) == ["check", "plan", "value", "unit", "verdict", "words"]
    assert set(frame["check"]) == {str(name) for name in CheckName} and len(frame) == len(after.checks)
