"""The terminal page: figures in the units that readers see."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

from rich.console import Console

from optimizer.answer.audit import ConditionCheck
from optimizer.answer.solution import Solution
from optimizer.economics.figures import PART_FIGURES
from optimizer.report.html_tables import conditions_table
from optimizer.report.text import TOO_WIDE, page

CONDITIONS = {
    "churn_rate": (0.029, 0.035, "2.90% a month", "3.50% a month"),
    "free_share": (0.6, 0.7, "60.0%", "70.0%"),
    "serving_cost": (2.5e6, 3e6, "2.5 M usd", "3 M usd"),
    "gpu_hours": (1250.0, 1500.0, "1.25 k", "1.5 k"),
}
"""Figure -> value and bound, and how each is told."""


def with_conditions(solution: Solution) -> Solution:
    checks = tuple(
        ConditionCheck(figure, figure, "total", "at most", bound, value, bound - value, True, False)
        for figure, (value, bound, _, _) in CONDITIONS.items()
    )
    return replace(solution, audit=replace(solution.audit, conditions=checks))


def test_conditions_are_told_in_the_unit_of_their_figure(studies: dict[str, Any]) -> None:
    solution = with_conditions(studies["solution"])
    console = Console(file=StringIO(), width=200)
    console.print(page(solution), highlight=False)
    assert isinstance(console.file, StringIO)
    lines = [line.split("  ") for line in console.file.getvalue().splitlines()]
    told = {line[0]: [cell for cell in line[1:] if cell] for line in lines}
    html = {row[0].text: [cell.text for cell in row[1:3]] for row in conditions_table(solution).rows}
    for figure, (_, _, value, bound) in CONDITIONS.items():
        assert [cell.strip() for cell in told[figure]] == [f"at most {bound}", value, "met"], figure
        assert html[figure.replace("gpu", "GPU").replace("_", " ")] == [f"at most {bound}", value], figure


def test_what_a_terminal_leaves_out_is_told_by_part_elsewhere() -> None:
    assert set(TOO_WIDE) < set(PART_FIGURES)


def test_parts_tell_rates_per_cent(studies: dict[str, Any]) -> None:
    solution = studies["solution"]
    console = Console(file=StringIO(), width=200)
    console.print(page(solution), highlight=False)
    assert isinstance(console.file, StringIO)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    start = lines.index("By channel")
    row = next(line.split() for line in lines[start:] if line.startswith("consumer"))
    rate = solution.figure("churn_rate", channel="consumer")
    assert f"{rate:.2%}" in row
