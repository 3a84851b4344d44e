"""The workbook of an answer over months: what it says, and that every number is the answer's."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from optimizer.answer.path import PathSolution
from optimizer.answer.path_solving import evaluate_path, solve_path
from optimizer.economics.figures import HEADLINES, Selection
from optimizer.optimise.outcome import Settings
from optimizer.report.path_excel import write_path_workbook
from tests.support.market_factory import q
from tests.support.path_cases import path_case, path_market, path_model

OFFER = {"lead": 2, "lot": q(10.0, "GPU"), "most": 3, "rent": q(3000.0, "usd/GPU/month"), "months": [1, 3]}
HORIZON = {
    "stages": [1, 4], "tail": 2, "worlds": [{"month": 3, "set": {"pools.main.price": {"times": 1.5}}}],
    "gpus": {"pool": "main", "standing": q(60.0, "GPU"), "burst_factor": 1.5, "offers": {"lease": OFFER}},
    "cash": {"have": q(1e6, "usd"), "spend": q(6e5, "usd/month")},
}  # fmt: skip
EVIL = '=HYPERLINK("http://example.invalid","x")'


@pytest.fixture(scope="module")
def solution() -> PathSolution:
    case = path_case(HORIZON, title=EVIL, conditions=[{"figure": "gross_margin_rate", "at_least": 0.2, "from": 5}])
    return solve_path(path_model(path_market(), case), Settings(gap=0.05))


@pytest.fixture(scope="module")
def book(solution: PathSolution, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("books") / "path.xlsx"
    write_path_workbook(file, solution)
    return openpyxl.load_workbook(file)


def column(sheet: Any, number: int) -> list[Any]:
    return [sheet.cell(row, number).value for row in range(2, sheet.max_row + 1)]


def test_it_has_a_sheet_for_everything_that_there_is(book: Any) -> None:
    assert book.sheetnames == [
        "Decision", "Menus", "Months", "Today held", "Customers", "Margin bridge", "Cash", "GPUs", "Orders",
        "Customer value", "Conditions", "What changes",
    ]  # fmt: skip


def test_every_month_of_every_figure_is_the_answers(book: Any, solution: PathSolution) -> None:
    told = [name for name in HEADLINES if not math.isnan(solution.figure(name, 1))]
    assert len(told) > 15
    for at, name in enumerate(told, start=2):
        assert column(book["Months"], at) == pytest.approx(solution.series(name)), name
        assert column(book["Today held"], at) == pytest.approx(solution.held_series(name)), name
    plans = [p for p in solution.timeline.m.choices.plans if any(solution.series("customers", Selection(p)))]
    assert len(plans) > 1
    for at, plan in enumerate(plans, start=2):
        assert column(book["Customers"], at) == pytest.approx(solution.series("customers", Selection(plan)))
    assert column(book["Cash"], 3) == pytest.approx(solution.cash)
    assert solution.gpus is not None
    assert column(book["GPUs"], 4) == pytest.approx([row["busy"] for row in solution.gpus])
    assert column(book["GPUs"], 5) == pytest.approx([price.worth for price in solution.gpu_prices])


def test_the_first_sheet_says_what_to_do_and_shows_it(book: Any, solution: PathSolution) -> None:
    first = book["Decision"]
    texts = [str(cell.value) for row in first.iter_rows() for cell in row if cell.value is not None]
    assert texts[0] == EVIL and first.cell(1, 1).data_type == "s"
    assert any(text.startswith("From month 1") for text in texts) and solution.verdict_text in texts
    assert [chart.title.tx.rich.p[0].r[0].t for chart in first._charts] == [
        "Customers by plan", "Contribution margin", "Cash, end of month", "Load against capacity",
    ]  # fmt: skip
    assert first.conditional_formatting and book["Cash"].conditional_formatting and book["GPUs"].conditional_formatting


def test_the_same_answer_gives_the_same_bytes(solution: PathSolution, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_path_workbook(tmp_path / f"{name}.xlsx", solution)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_a_path_without_gpus_and_cash(tmp_path: Path) -> None:
    write_path_workbook(tmp_path / "held.xlsx", evaluate_path(path_model(path_market(), path_case({"tail": 0}))))
    made = openpyxl.load_workbook(tmp_path / "held.xlsx")
    assert "GPUs" not in made.sheetnames and "Cash" not in made.sheetnames
    assert len(made["Decision"]._charts) == 2
