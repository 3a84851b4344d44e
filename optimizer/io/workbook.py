"""A case with its market as one Excel workbook, written and read.

Sheets: ``case`` and ``market`` (path, value), ``numbers`` (the columns of a numbers CSV) and ``sources`` (key, text,
url, grade). Further sheets are the user's own and are not read; a column ``note``, and rows whose first cell starts
with ``#``, are passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from optimizer.errors import Finding, InputError
from optimizer.io.documents import Document, merge
from optimizer.io.kinds import kind_of_sheets, not_a_case
from optimizer.io.numbers_csv import COLUMNS
from optimizer.io.saving import write_atomic
from optimizer.io.text import refused
from optimizer.io.workbook_cells import MAX_TEXT, Book, new_workbook, put, workbook_bytes
from optimizer.io.workbook_paths import EMPTY_GROUP, Parts, Shape, join_path, list_text
from optimizer.io.workbook_table import SheetTable, Stop
from optimizer.schema.case import Case
from optimizer.schema.market import Market

VALUES = ("path", "value")
SOURCES = ("key", "text", "url", "grade")
SHEETS: dict[str, tuple[str, ...]] = {"case": VALUES, "market": VALUES, "numbers": COLUMNS, "sources": SOURCES}
"""Sheets that are read, and their columns; the first two columns must be there."""
_MODELS: dict[str, type[BaseModel]] = {"case": Case, "market": Market}

ABOUT = (
    "This workbook is a case: a question to a market. Run it with: optimizer run FILE.xlsx",
    "case: what is asked. A ladder is a list of choices separated by commas, e.g. 15, 18, 20, 25.",
    "market: what there is and how it is called. {} is a group with its numbers in the sheet numbers, or an empty one.",
    "numbers: how much. Every number has a unit, and a source (a key of the sheet sources) or an assumption with "
    "low and high. Where low equals high the number is known exactly: change the value alone, both follow.",
    "sources: where numbers were read. Grade 1 the maker's own page or filing, 2 named press, 3 a retelling, "
    "D derived by arithmetic.",
    "Paths name a field, its parts joined by dots; items of a list are counted from 0. Rows that start with # and the "
    "column note are not read. Sheets of your own are not read either.",
    "Write values, not formulas: a formula, a date or a merged cell in the four sheets is refused, with its place.",
)
_WIDTHS = {"path": 48, "value": 40, "unit": 20, "source": 22, "assumption": 60, "low": 14, "high": 14, "note": 70}
_SOURCE_WIDTHS = {"key": 24, "text": 80, "url": 60, "grade": 8}


def workbook_documents(path: str | os.PathLike[str]) -> tuple[Document, Document]:
    """Read a case and its market from a workbook; findings name the sheet and the row.

    Raises:
        InputError: the file or a cell is not acceptable; all findings.
    """
    book = Book(path)
    if book.names and not {"case", "market", "numbers"} & {name.strip().casefold() for name in book.names}:
        rows = book.sheet(book.names[0]).rows
        first = [str(cell.value) for cell in rows[0][1].values()] if rows else []
        raise not_a_case(book.file, kind_of_sheets(book.names, first))
    found: dict[str, Document] = {}
    findings: list[Finding] = []
    for name, columns in SHEETS.items():
        try:
            found[name] = _read_sheet(book, name, columns)
        except InputError as error:
            findings += error.findings
    if findings:
        raise InputError(findings)
    market = merge(merge(found["market"], found["numbers"]), found["sources"])
    return found["case"], market


def _read_sheet(book: Book, name: str, columns: tuple[str, ...]) -> Document:
    """One of the four sheets as a document. Raises InputError."""
    title = next((n for n in book.names if n.strip().casefold() == name), None)
    if title is None:
        message = f"the workbook has no sheet named {name!r}; it has {', '.join(map(repr, book.names))}"
        cure = "name it so; 'optimizer copy NAME FILE.xlsx' writes a complete workbook"
        raise refused("workbook-sheet", book.file, None, message, cure)
    label = f"{book.file}[{title}]"
    sheet = book.sheet(title)
    if sheet.hidden:
        raise refused("workbook-hidden", label, None, "the sheet is hidden", "show it, or nobody sees what is read")
    model = _MODELS.get(name)
    table = SheetTable(label, columns, None if model is None else Shape(model))
    try:
        for reference in sheet.merged:
            row = int("".join(filter(str.isdigit, reference.partition(":")[0])) or 1)
            table.note(row, "workbook-merged", "", f"the cells {reference} are merged", "unmerge them")
        for row, cells in table.body(sheet, comments=name != "sources"):
            if model is not None:
                table.add_value(row, cells)
            elif name == "numbers":
                table.add_quantity(row, cells)
            else:
                table.add_source(row, cells)
        if model is not None:
            table.take_values()
    except Stop:
        pass
    if table.findings:
        raise InputError(table.findings)
    data = table.data if name != "sources" else {"sources": table.data.get("sources", {})}
    return Document(data, table.lines, label)


def write_case_workbook(path: str | os.PathLike[str], case: Document, market: Document) -> None:
    """Write a case and its market as one workbook, as one step.

    Raises:
        InputError: openpyxl is missing, or something cannot be put into cells (the field is named).
        OSError: it cannot be saved.
    """
    tables: dict[str, list[tuple[Any, ...]]] = {
        "case": _value_rows(_structure(case.data, (), numbers=False), Shape(Case)),
        "market": _value_rows(_without_sources(_structure(market.data, ())), Shape(Market)),
        "numbers": [(join_path(p), *(q.get(c) for c in COLUMNS[1:])) for p, q in _numbers(market.data, ())],
        "sources": [
            (key, *(source.get(c) for c in SOURCES[1:])) for key, source in market.data.get("sources", {}).items()
        ],
    }
    _refuse_long(tables, os.fspath(path))
    book = new_workbook(str(case.data.get("title", "")))
    about = book.create_sheet("about")
    about.column_dimensions["A"].width = 110
    for row, text in enumerate(ABOUT, start=1):
        put(about.cell(row, 1), text)
    for name, rows in tables.items():
        columns = (*SHEETS[name], "note") if name in ("case", "market") else SHEETS[name]
        _fill(book.create_sheet(name), columns, rows, _SOURCE_WIDTHS if name == "sources" else _WIDTHS)
    book.active = 1
    write_atomic(path, workbook_bytes(book))


def _fill(sheet: Any, columns: tuple[str, ...], rows: list[tuple[Any, ...]], widths: Mapping[str, int]) -> None:
    """A header that stays in sight, and the rows below it."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    bold, fill, top = Font(bold=True), PatternFill("solid", fgColor="DDE6F0"), Alignment(wrap_text=True, vertical="top")
    for index, name in enumerate(columns, start=1):
        cell = sheet.cell(1, index)
        put(cell, name)
        cell.font, cell.fill = bold, fill
        sheet.column_dimensions[get_column_letter(index)].width = widths[name]
    for number, row in enumerate(rows, start=2):
        for index, value in enumerate(row, start=1):
            cell = sheet.cell(number, index)
            put(cell, value)
            if isinstance(value, str):
                cell.alignment = top
                cell.number_format = "@"  # what is typed over it stays text
    sheet.freeze_panes = "B2"


def _is_number(data: Any) -> bool:
    """Whether data is a number with its unit and source."""
    return isinstance(data, dict) and not isinstance(data.get("value", {}), dict | list) and set(data) <= {*COLUMNS[1:]}


def _numbers(data: Any, parts: Parts) -> Iterator[tuple[Parts, dict[str, Any]]]:
    """Paths of all numbers of a market."""
    if _is_number(data):
        yield parts, data
    elif isinstance(data, dict | list):
        for key, item in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _numbers(item, (*parts, str(key)))


def _structure(data: Any, parts: Parts, numbers: bool = True) -> Iterator[tuple[Parts, Any]]:
    """Paths and values of everything that is not a number with a unit; ``numbers=False``: of everything.

    Groups that hold only numbers are named too where that keeps the order of a market's groups.
    """
    if numbers and _is_number(data):
        return
    if isinstance(data, list) and not any(isinstance(item, dict | list) for item in data):
        yield parts, list_text(data)
    elif isinstance(data, dict | list) and data:
        items = list(data.items() if isinstance(data, dict) else enumerate(data))
        inner = [list(_structure(value, (*parts, str(key)), numbers)) for key, value in items]
        last = max((index for index, rows in enumerate(inner) if rows), default=-1)
        for index, ((key, value), rows) in enumerate(zip(items, inner, strict=True)):
            if rows:
                yield from rows
            elif index < last and isinstance(value, dict) and not _is_number(value):
                yield (*parts, str(key)), EMPTY_GROUP
    elif data is not None and parts:
        blank = isinstance(data, str) and not data.strip()
        yield parts, EMPTY_GROUP if isinstance(data, dict) else (json.dumps(data) if blank else data)


def _without_sources(structure: Iterator[tuple[Parts, Any]]) -> Iterator[tuple[Parts, Any]]:
    """The structure with the sources as a group, for they have a sheet of their own."""
    told = False
    for parts, value in structure:
        if parts[0] != "sources":
            yield parts, value
        elif not told:
            told = True
            yield ("sources",), EMPTY_GROUP


def _value_rows(structure: Iterator[tuple[Parts, Any]], shape: Shape) -> list[tuple[Any, ...]]:
    return [(join_path(parts), value, shape.note(parts)) for parts, value in structure]


def _refuse_long(tables: Mapping[str, list[tuple[Any, ...]]], file: str) -> None:
    """Nothing may be cut: a text that a cell cannot hold is a finding."""
    findings = [
        Finding("workbook-length", "error", file, None, str(row[0]), "the text is too long for a cell", "shorten it")
        for rows in tables.values()
        for row in rows
        if any(isinstance(value, str) and len(value) > MAX_TEXT - 1000 for value in row)
    ]
    if findings:
        raise InputError(findings)
