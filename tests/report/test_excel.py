"""The workbook and the tables of a solution: complete, plain, with units, and nothing that could act."""

from __future__ import annotations

import csv
import importlib.util
import math
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from optimizer.answer.run import solve_case_model
from optimizer.answer.solution import Solution
from optimizer.errors import InputError
from optimizer.inputs.load import assemble, load_case, validate
from optimizer.io.documents import Document
from optimizer.io.workbook_cells import plain_text
from optimizer.model.case_model import CaseModel, case_model_of, with_changes
from optimizer.optimise.outcome import Settings
from optimizer.report.decisions import sentences
from optimizer.report.excel import number_format, write_workbook
from optimizer.report.tables import solution_tables, write_tables
from optimizer.schema.case import Case, Change
from optimizer.studies.compare import compare_problems
from optimizer.studies.explain import explain
from optimizer.studies.frontier import frontier_of
from optimizer.studies.sensitivity import tornado
from optimizer.studies.tables import Column, Table

EVIL = '=HYPERLINK("http://example.invalid","x")\x00\x1b[31m<b>_x0041_\ud800'
CLEAN = '=HYPERLINK("http://example.invalid","x")[31m<b>_x0041_'
STARTS = ("+1+1", "-2", "@SUM(A1)", "#N/A", "=1", "'quoted")
SHEETS = ["Summary", "Menu", "Figures", "By plan", "By segment", "By channel", "Usage classes", "Conditions", "Compute",
          "Frontier", "Scenarios", "Tornado", "Price responses", "Condition costs", "Runners-up", "Segments",
          "Sales floors", "Evidence notes", "Changes", "Sources"]  # fmt: skip


@pytest.fixture(scope="module")
def problem() -> CaseModel:
    """The template's case with names that would like to be formulas."""
    inputs = load_case("assistant-startup-margin")
    case, market = dict(inputs.case_document.data), dict(inputs.market_document.data)
    case |= {"question": STARTS[0], "changes": {"pools.main.price": {"times": 1.1}}}
    case["conditions"] = [{**case["conditions"][0], "name": STARTS[2]}]
    market["plans"] = {k: {**v, "title": t} for (k, v), t in zip(market["plans"].items(), STARTS, strict=False)}
    market["sources"] = {k: {**v, "text": STARTS[1], "url": "https://example.invalid/a?b=c&d"}
                         for k, v in market["sources"].items()}  # fmt: skip
    document = Document(case, {}, "")
    return case_model_of(assemble("=evil", validate(Case, document), document, Document(market, {}, ""), {}))


@pytest.fixture(scope="module")
def solution(problem: CaseModel) -> Solution:
    return replace(solve_case_model(problem, Settings(cross_check=False)), title=EVIL)


@pytest.fixture(scope="module")
def studies(problem: CaseModel, solution: Solution) -> dict[str, Any]:
    settings = Settings(cross_check=False)
    problems = {
        "as stated": problem,
        "=cheap": with_changes(problem, {"alternatives.big_plus.price": Change(times=0.5)}),
    }
    ones = dict.fromkeys(problems, 1.0)
    return {
        "frontier": frontier_of(problem, "market_share", "contribution_margin", settings, 4),
        "comparison": compare_problems("c", problems, {n: n for n in problems}, ones, settings),
        "tornado": tornado(problem, solution, settings, 1, ["pools.main.price", "segments.teams.potential"]),
        "explanation": explain(problem, solution, settings, 2),
    }


@pytest.fixture(scope="module")
def path(solution: Solution, studies: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target: Path = tmp_path_factory.mktemp("report") / "report.xlsx"
    write_workbook(target, solution, **studies)
    return target


@pytest.fixture(scope="module")
def book(path: Path) -> Any:
    return openpyxl.load_workbook(path)


def rows(book: Any, sheet: str) -> list[dict[str, Any]]:
    head, *body = book[sheet].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in body]


def test_every_sheet_is_there(book: Any) -> None:
    assert book.sheetnames == ["Decision", *SHEETS]


def test_nothing_in_it_is_a_formula_or_a_link(book: Any, path: Path) -> None:
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b"}
    assert not any(cell.hyperlink for cell in cells)
    starts = [c for c in cells if isinstance(c.value, str) and c.value[:1] in ("=", "+", "-", "@")]
    assert starts and all(c.quotePrefix for c in starts)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert not any(b"External" in archive.read(n) for n in names)
        assert not any(b"<f>" in archive.read(n) for n in names if not n.startswith("xl/charts/"))


def test_hostile_names_stay_text_and_lose_control_characters(book: Any) -> None:
    summary = {r["item"]: r["value"] for r in rows(book, "Summary")}
    assert summary["title"].replace("_x005F_", "_") == CLEAN
    assert summary["case"] == "=evil" and summary["question"] == STARTS[0]
    assert [r["title"] for r in rows(book, "Menu")] == list(STARTS[:4])
    assert rows(book, "Conditions")[0]["condition"] == STARTS[2]
    assert "value in =cheap [usd/month]" in rows(book, "Scenarios")[0]


def test_the_numbers_are_the_solutions(book: Any, solution: Solution, studies: dict[str, Any]) -> None:
    summary = {r["item"]: r["value"] for r in rows(book, "Summary")}
    assert summary["objective: most contribution_margin"] == solution.objective.value
    assert summary["input hash"] == solution.input_hash
    assert {r["figure"]: r["value"] for r in rows(book, "Figures")} == {f.name: f.value for f in solution.figures}
    plans = {r["plan"]: r for r in rows(book, "By plan")}
    assert plans["plus"]["revenue [usd/month]"] == solution.figure("revenue", "plus")
    assert plans["free"]["gross margin rate [%]"] is None  # a free plan has none: the cell is empty
    points = rows(book, "Frontier")
    assert [p["contribution margin [usd/month]"] for p in points[:-1]] == [p.y for p in studies["frontier"].points]
    assert points[-1]["point"] == "today"
    sources = {r["path"]: r for r in rows(book, "Sources")}
    assert sources["hours.day"]["source text"] == STARTS[1] and sources["hours.day"]["unit"] == "hours/month"
    assert sources["plans.plus.price"]["value"] == 12.0
    assert len(sources) == 159
    assert rows(book, "Changes") == [
        {"asked by": "case", "path": "pools.main.price", "kind": "times", "number": 1.1, "unit": None}
    ]


def test_the_first_sheet_is_for_a_reader(book: Any, solution: Solution) -> None:
    sheet = book["Decision"]
    told = [row[0] for row in sheet.iter_rows(values_only=True) if row[0]]
    text = "\n".join(map(str, told)).replace("_x005F_", "_")
    assert solution.verdict_text in text and "Headline figures" in text and "Plan by plan" in text
    for sentence in sentences(solution):
        assert f"\u2022 {plain_text(sentence)}" in text, sentence
    lines = {row[0]: row for row in sheet.iter_rows(values_only=True)}
    assert lines["Market share"][1:3] == (solution.today.figure("market_share"), solution.figure("market_share"))
    assert len(sheet._charts) == 2 and sheet.conditional_formatting
    filled = [k for k in range(1, 12) if sheet.cell(k, 1).value]
    assert filled and all(sheet.row_dimensions[k].height >= 15 for k in filled)


def test_headers_stay_in_sight_and_formats_fit(book: Any) -> None:
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes in ("A2", "B2")
        assert all(cell.font.bold for cell in sheet[1])
        assert all(9 < d.width <= 110 for d in sheet.column_dimensions.values())
    shares = [c for c in book["By plan"][3] if c.number_format.endswith("%")]
    assert len(shares) == 10  # rates and shares, today and now
    assert book["Menu"]["D3"].number_format == "#,##0.00"
    shown = {("usd/month", 12345.6): "#,##0", ("fraction", 0.5): "0.0%", ("fraction", 1e-4): "0.00%",
             ("1", 0.25): "General", ("customers", 12.3456789): "#,##0.00"}  # fmt: skip
    assert {key: number_format(*key) for key in shown} == shown


def test_the_same_bytes_every_time(path: Path, solution: Solution, studies: dict[str, Any], tmp_path: Path) -> None:
    write_workbook(tmp_path / "again.xlsx", solution, **studies)
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


def test_without_studies_their_sheets_are_left_out(solution: Solution) -> None:
    titles = [t.title for t in solution_tables(solution)]
    assert titles == SHEETS[:9] + SHEETS[-3:]


def test_a_failed_save_leaves_the_old_file(solution: Solution, tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").mkdir()
    with pytest.raises(OSError):
        write_workbook(tmp_path / "x.xlsx", solution)
    assert [p.name for p in tmp_path.iterdir()] == ["x.xlsx"]


def test_csv_tables(solution: Solution, studies: dict[str, Any], tmp_path: Path) -> None:
    names = write_tables(tmp_path / "out", solution, **studies)
    assert sorted([*names, "manifest.json"]) == sorted(p.name for p in (tmp_path / "out").iterdir())
    for name in names:
        with open(tmp_path / "out" / name, newline="", encoding="utf-8") as stream:
            for row in csv.reader(stream):
                texts = [c for c in row if c[:1] in ("=", "+", "@", "\t", "\r")]
                assert not texts and "\x1b" not in "".join(row), name
    frame = pd.read_csv(tmp_path / "out" / "by_plan.csv").set_index("plan")
    assert frame.loc["plus", "revenue_usd_per_month"] == solution.figure("revenue", "plus")


def test_parquet_tables(solution: Solution, studies: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    names = write_tables(tmp_path / "out", solution, kind="parquet", **studies)
    frames = {name: pd.read_parquet(tmp_path / "out" / name) for name in names}
    assert len(frames) == len(SHEETS)
    plans = frames["by_plan.parquet"].set_index("plan")
    assert plans.loc["plus", "revenue_usd_per_month"] == solution.figure("revenue", "plus")
    assert math.isnan(plans.loc["free", "gross_margin_rate"])
    assert frames["menu.parquet"]["offered"].dtype == bool
    assert frames["frontier.parquet"]["contribution_margin_usd_per_month"].dtype == float


def test_parquet_without_pyarrow_and_unknown_kinds(
    solution: Solution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"optimizer\[parquet\]"):
        write_tables(tmp_path / "out", solution, kind="parquet")
    with pytest.raises(InputError, match="csv or parquet"):
        write_tables(tmp_path / "out", solution, kind="xml")
    assert not (tmp_path / "out").exists()


def test_names_of_columns() -> None:
    told = {("price", "usd/month"): "price_usd_per_month", ("churn_rate", "1/month"): "churn_rate_per_month",
            ("gpu_hours", "GPU-hours/month"): "gpu_hours_per_month", ("gap", "fraction"): "gap",
            ("value in =a b", "usd/month"): "value_in_a_b_usd_per_month"}  # fmt: skip
    assert {key: Column(*key).field for key in told} == told
    table = Table("T", (Column("a b"), Column("a_b"), Column("a=b")), ((1, 2, 3),))
    assert table.fields == ["a_b", "a_b_2", "a_b_3"] and list(table.to_frame()) == table.fields


def test_numbers_without_end_and_without_value(solution: Solution, tmp_path: Path) -> None:
    o = replace(solution.objective, bound=math.inf, gap=math.nan)
    write_workbook(tmp_path / "x.xlsx", replace(solution, objective=o))
    summary = {r["item"]: r["value"] for r in rows(openpyxl.load_workbook(tmp_path / "x.xlsx"), "Summary")}
    assert summary["proven bound of the objective"] == "unlimited" and summary["relative gap"] is None
