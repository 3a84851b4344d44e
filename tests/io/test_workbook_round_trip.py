"""A case written as a workbook and read again is the same case."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.answer.run import solve_case_model
from optimizer.errors import InputError
from optimizer.inputs.load import Inputs, assemble, load_case, validate
from optimizer.io.documents import Document
from optimizer.io.formats import is_workbook
from optimizer.io.workbook import workbook_documents, write_case_workbook
from optimizer.io.workbook_cells import Cell
from optimizer.io.workbook_paths import Shape, cell_value, join_path, list_text, split_path
from optimizer.model.case_model import case_model_of
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Case
from optimizer.schema.market import Market

SHAPE = Shape(Case)
CASES = [
    "assistant-startup-cash",
    "openai-2025-war",
    "assistant-startup-margin",
    "anthropic-2025-margin",
    "openai-2025-price-war",
    "openai-2025-today",
]


def read(path: Path, name: str) -> Inputs:
    case, market = workbook_documents(path)
    return assemble(name, validate(Case, case), case, market, {})


@pytest.mark.parametrize("name", CASES)
def test_copy_and_read_gives_the_same_inputs(name: str, tmp_path: Path) -> None:
    inputs = load_case(name)
    path = tmp_path / "x.xlsx"
    write_case_workbook(path, inputs.case_document, inputs.market_document)
    again = read(path, name)
    assert again.case_document.data == inputs.case_document.data
    assert json.dumps(again.market_document.data) == json.dumps(inputs.market_document.data)
    assert again.hash == inputs.hash


def test_the_same_bytes_every_time(original: Path, tmp_path: Path) -> None:
    inputs = load_case("assistant-startup-margin")
    path = tmp_path / "again.xlsx"
    write_case_workbook(path, inputs.case_document, inputs.market_document)
    assert path.read_bytes() == original.read_bytes()


def test_same_answer_after_a_spreadsheet_program_saved_it(spoilt: Callable[..., Path]) -> None:
    def resave(book: Any) -> None:
        sheet = book["numbers"]
        for row in sheet.iter_rows(min_row=2):
            for cell in row:  # as spreadsheet programs do: 12.0 becomes 12
                if isinstance(cell.value, float) and cell.value.is_integer():
                    cell.value = int(cell.value)
        book.create_sheet("my sums")["A1"] = "=1+1"

    inputs = load_case("assistant-startup-margin")
    again = read(spoilt(resave), inputs.name)
    assert again.case == inputs.case and again.market == inputs.market
    one, other = (solve_case_model(case_model_of(i), Settings(gap=0.0, cross_check=False)) for i in (inputs, again))
    assert one.objective.value == other.objective.value
    assert [p.price for p in one.menu] == [p.price for p in other.menu]


def test_lines_are_rows_and_files_are_sheets(original: Path) -> None:
    case, market = workbook_documents(original)
    rows = {}
    import openpyxl

    book = openpyxl.load_workbook(original)
    for name in ("case", "market", "numbers"):
        rows |= {(name, row[0].value): row[0].row for row in book[name].iter_rows(min_row=2)}
    assert case.place("plans.plus.price") == (f"{original}[case]", rows["case", "plans.plus.price"])
    assert case.place("plans.plus.price.3") == case.place("plans.plus.price")
    assert case.place("conditions.0.at_least") == (f"{original}[case]", rows["case", "conditions.0.at_least"])
    numbers = (f"{original}[numbers]", rows["numbers", "plans.plus.price"])
    assert market.place("plans.plus.price.low") == numbers
    assert market.place("plans.plus.title")[0] == f"{original}[market]"
    assert market.place("sources.calendar.grade") == (f"{original}[sources]", 2)


def test_a_schema_error_names_sheet_and_row(spoilt: Callable[..., Path]) -> None:
    def change(book: Any) -> None:
        book["case"].append(["plans.plus.prise", "9, 10"])
        book["numbers"]["C5"] = "furlongs"

    path = spoilt(change)
    case, market = workbook_documents(path)
    for model, document, sheet in ((Case, case, "case"), (Market, market, "numbers")):
        with pytest.raises(InputError) as caught:
            validate(model, document)  # type: ignore[type-var]
        assert f"{path}[{sheet}]:" in str(caught.value)


def test_everything_a_case_may_say(tmp_path: Path) -> None:
    case = {
        "title": "2024, 2025",
        "question": 'A "quoted" question, with commas?\nAnd a second line.\n',
        "market": "m",
        "changes": {"plans.plus.price": {"times": 0.5}, "plans.[ab]*.price": {"to": 3}, "x": {"plus": 1.5}},
        "plans": {
            "plus": {"price": [12], "allowances": {"gpt-4.5": {"3h": [80, "unlimited"], "day": [1200, 300]}}},
            "2024": {"unit_prices": {"large": [0.1, 0.30000000000000004]}, "withdraw": False},
        },
        "objective": {"lexicographic": [{"maximise": "revenue"}, {"minimise": "gpu_hours", "give": 0.01}]},
        "conditions": [{"figure": "revenue", "at_least": 1}, {"figure": "customers", "name": "=1+1", "at_most": 2.5}],
        "rules": {"plan_order": [["a, b", "c"], ["2024", "c"], ["only"]], "charm_prices": True},
        "scenarios": {
            "true": {"title": " ", "changes": {}},
            "#1": {"title": "20", "changes": {"a.b.c": {"to": 1}}, "weight": 2},
        },
        "grid": {"pools.main.price": [{"times": 1}, {"times": 1.5}]},
        "options": {"gap": 1e-05},
    }
    path = tmp_path / "x.xlsx"
    write_case_workbook(path, Document(case, {}, ""), load_case("assistant-startup-today").market_document)
    found, _ = workbook_documents(path)
    assert json.dumps(found.data) == json.dumps(case)


@given(st.lists(st.text('ab7.[]"\\ {}#=\u00e9', min_size=1, max_size=6), min_size=1, max_size=5))
def test_any_path_comes_back(parts: list[str]) -> None:
    path = join_path(tuple(parts))
    assert split_path(path) == tuple(parts) and not path.startswith("#")


@given(st.lists(st.one_of(st.integers(0, 10**6), st.floats(0.001, 1e6), st.just("unlimited")), min_size=1, max_size=6))
def test_any_ladder_comes_back(ladder: list[Any]) -> None:
    parts = ("plans", "plus", "allowances", "large", "day")
    cell = list_text(ladder)
    kind = "text" if isinstance(cell, str) else "number"
    assert cell_value(Cell(kind, cell), parts, SHAPE) == ladder


def test_what_planners_type(spoilt: Callable[..., Path]) -> None:
    """Numbers in text fields, numbers stored as text, lists with semicolons, words for true: all as meant."""

    def change(book: Any) -> None:
        for row in book["case"].iter_rows(min_row=2):
            if row[0].value == "plans.plus.price":
                row[1].value = "8; 9.5; 10"
            if row[0].value == "title":
                row[1].value = 2025
            if row[0].value == "plans.free.withdraw":
                row[1].value = "TRUE"
        for row in book["numbers"].iter_rows(min_row=2, max_row=12):
            row[1].value = str(row[1].value)
            if row[2].value == "1":
                row[2].value = 1
        book["case"].insert_rows(3, 2)
        book["case"]["A3"] = "# my remarks"
        book["case"].append([None, None])
        book["case"].append(["plans.team.price", 20, "a note"])

    def change_one_price(book: Any) -> None:
        sheet = book["case"]
        last = next(r[0].row for r in sheet.iter_rows(min_row=2) if r[0].value == "plans.team.price")
        sheet.delete_rows(last)
        change(book)

    case, market = workbook_documents(spoilt(change_one_price))
    assert case.data["plans"]["plus"]["price"] == [8, 9.5, 10]
    assert case.data["title"] == "2025" and case.data["plans"]["free"]["withdraw"] is True
    assert case.data["plans"]["team"]["price"] == [20]
    assert market.data["segments"]["individuals"]["usage"]["sigma"]["unit"] == "1"
    validate(Market, market)
    validate(Case, case)


SHARED = """<sst xmlns="{ns}" count="9"><si><t>path</t></si><si><t>value</t></si>
<si><r><t xml:space="preserve">ti</t></r><r><rPr><b/></rPr><t>tle</t></r><rPh sb="0" eb="1"><t>X</t></rPh></si>
<si><t>A_x005F_x0041_ _x0041_</t></si></sst>"""
SHEET = """<?xml version="1.0"?><x:worksheet xmlns:x="{ns}"><x:sheetData>
<x:row><x:c t="s"><x:v>0</x:v></x:c><x:c t="s"><x:v>1</x:v></x:c></x:row>
<x:row r="7"><x:c r="A7" t="s"><x:v>2</x:v></x:c><x:c r="B7" t="s"><x:v>3</x:v></x:c></x:row>
</x:sheetData></x:worksheet>"""


@pytest.mark.parametrize("namespace", ["http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                                       "http://purl.oclc.org/ooxml/spreadsheetml/main"])  # fmt: skip
def test_other_programs_ways_of_writing(repacked: Callable[..., Path], original: Path, namespace: str) -> None:
    """Shared texts, runs, phonetic hints, prefixes, missing references, the strict namespace."""
    with zipfile.ZipFile(io.BytesIO(original.read_bytes())) as archive:
        relations = archive.read("xl/_rels/workbook.xml.rels").decode()
    link = '<Relationship Id="rId99" Type="http://x/relationships/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    relations = "".join(p for p in relations.split("\n"))
    relations = relations.replace("</Relationships>", link + "</Relationships>")
    parts = {
        "xl/worksheets/sheet2.xml": SHEET.format(ns=namespace).encode(),
        "xl/sharedStrings.xml": SHARED.format(ns=namespace).encode(),
        "xl/_rels/workbook.xml.rels": relations.encode(),
    }
    case, _ = workbook_documents(repacked(parts))
    assert case.data == {"title": "A_x0041_ A"}
    assert case.lines["title"] == 7


def test_names_of_workbooks() -> None:
    assert is_workbook("a.xlsx") and is_workbook(Path("A.XLSM")) and not is_workbook("a.yaml")


def test_a_text_too_long_for_a_cell_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with pytest.raises(InputError, match="too long for a cell"):
        write_case_workbook(path, Document({"title": "x" * 40_000}, {}, ""), Document({}, {}, ""))
    assert not path.exists()
