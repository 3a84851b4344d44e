"""Numbers in a table: a CSV whose rows put quantities at their dotted paths."""

from __future__ import annotations

import csv
import difflib
import io
import math
import os
import re
from typing import Any

from optimizer.errors import Finding, InputError
from optimizer.io.documents import Document
from optimizer.io.text import read_text

REQUIRED = ("path", "value")
NUMBERS = ("value", "low", "high")
COLUMNS = ("path", "value", "unit", "source", "assumption", "low", "high")

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_NO_VALUE = re.compile(r"[-+]?(n/?a|none|null|nan|inf(inity)?|#?n/a|#[a-z0-9/]+[!?]?|-|\?|<na>)", re.IGNORECASE)
_GROUPED = re.compile(r"[-+]?\d{1,3}([ ,'_\u2019\u00a0\u202f]\d{3})+(\.\d+)?", re.ASCII)
_COMMA = re.compile(r"[-+]?\d+,\d+", re.ASCII)
_AFFIXED = re.compile(r"([$€£]\s*[-+]?[\d.,]+|[-+]?[\d.,]+\s*([%$€£]|[A-Za-z]+))", re.ASCII)
MAX_FINDINGS = 50
MAX_PARTS = 32
"""Most parts of a path."""


def read_numbers_csv(path: str | os.PathLike[str]) -> Document:
    """Read a table with the header ``path,value,unit,source,assumption,low,high`` (any of the last five left out).

    Every row becomes a mapping at its dotted path, with the columns as fields; empty cells are left out, and so are
    the byte order mark and the empty columns at the end that spreadsheets add.

    Raises:
        InputError: the file cannot be read or a cell is not acceptable; all findings, with file and line.
    """
    name = os.fspath(path)
    text = read_text(path)
    table = _CsvTable(name)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                table.add(line, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        cure = "close the quote; write a quote inside a quoted cell twice"
        table.note("csv-syntax", line, "", f"the row cannot be read: {error}", cure)
    except _CsvStop:
        pass
    if table.findings:
        raise InputError(table.findings)
    return Document(table.data, table.lines, name)


class _CsvStop(Exception):
    """Reading further makes no sense; the findings say why."""


class _CsvTable:
    """The rows read so far as nested data, with lines and findings."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.header: list[str] = []
        self.data: dict[str, Any] = {}
        self.lines: dict[str, int] = {}
        self.findings: list[Finding] = []
        self.rows: dict[str, int] = {}

    def note(self, code: str, line: int, field: str, message: str, cure: str) -> None:
        self.findings.append(Finding(code, "error", self.file, line, field, message, cure))
        if len(self.findings) >= MAX_FINDINGS:
            raise _CsvStop

    def add(self, line: int, cells: list[str]) -> None:
        """Take one row: the header first, then a quantity each."""
        if not self.header:
            self._take_header(line, cells)
            return
        width = len(self.header)
        if not any(cells[width:]):
            cells = cells[:width]
        if len(cells) != width:
            cure = "put text with commas in quotes, and write decimals with a point"
            self.note("csv-cells", line, cells[0], f"the row has {len(cells)} cells, the header has {width}", cure)
            return
        row = dict(zip(self.header, cells, strict=True))
        path = row.pop("path")
        if not self._path_allowed(path, line):
            return
        quantity: dict[str, Any] = {}
        for column, cell in row.items():
            value = self._cell(column, cell, f"{path}.{column}", line)
            if value is not None:
                quantity[column] = value
        self._place(path, quantity, line)

    def _take_header(self, line: int, cells: list[str]) -> None:
        """Check the header; nothing can be read without a good one."""
        before = len(self.findings)
        while cells and not cells[-1]:
            cells = cells[:-1]
        if len(cells) == 1 and any(mark in cells[0] for mark in ";\t|"):
            cure = "separate the cells by commas, and write decimals with a point"
            self.note("csv-delimiter", line, "", "the cells are not separated by commas", cure)
            raise _CsvStop
        for cell in cells:
            if cell in COLUMNS:
                continue
            plain = cell.strip().lower()
            close = difflib.get_close_matches(plain, COLUMNS, n=1)
            if plain in COLUMNS:
                cure = f"write {plain!r}, in small letters and without spaces"
            else:
                cure = f"did you mean {close[0]!r}?" if close else "allowed: " + ", ".join(COLUMNS)
            self.note("csv-column", line, "", f"unknown column {cell!r}", cure)
        for column in COLUMNS:
            if cells.count(column) > 1:
                self.note("csv-column", line, "", f"the column {column!r} is there twice", "keep one of the two")
            elif column in REQUIRED and column not in cells and len(self.findings) == before:
                header = ",".join(COLUMNS)
                self.note("csv-column", line, "", f"the column {column!r} is missing", f"start the file with {header}")
        if len(self.findings) > before:
            raise _CsvStop
        self.header = cells

    def _path_allowed(self, path: str, line: int) -> bool:
        """Whether a row may be placed at this path; else a finding."""
        parts = path.split(".")
        if not path.strip():
            self.note("csv-path", line, "", "the row has no path", "name the field, e.g. plans.plus.price")
        elif any(part != part.strip() or not part for part in parts):
            message = f"the path {path!r} has a stray space or an empty part"
            self.note("csv-path", line, path, message, "write it as in plans.plus.price")
        elif len(parts) > MAX_PARTS:
            message = f"the path has {len(parts)} parts"
            self.note("csv-path", line, path[:40], message, "write it as in plans.plus.price")
        elif path in self.rows:
            message = f"the path is given twice; it was first given in line {self.rows[path]}"
            self.note("csv-duplicate", line, path, message, "keep one of the two rows")
        else:
            return True
        return False

    def _cell(self, column: str, cell: str, field: str, line: int) -> float | str | None:
        """The value of a cell; None if it is empty or refused."""
        if not cell:
            if column in REQUIRED:
                self.note("csv-number", line, field, f"the {column} is empty", "write a number, or remove the row")
            return None
        if column not in NUMBERS:
            if cell != cell.strip():
                self.note("csv-space", line, field, f"stray space around {cell!r}", "remove it")
            return cell
        if _NUMBER.fullmatch(cell) and math.isfinite(float(cell)):
            return float(cell)
        shown = cell if len(cell) <= 40 else cell[:37] + "..."
        self.note("csv-number", line, field, f"{shown!r} is not a finite number", _number_cure(cell))
        return None

    def _place(self, path: str, quantity: dict[str, Any], line: int) -> None:
        """Put a quantity into the nested data, unless its path runs through another row's quantity."""
        parts = path.split(".")
        target, here = self.data, ""
        for part in parts[:-1]:
            here = f"{here}.{part}" if here else part
            if here in self.rows:
                message = f"the path lies inside {here!r}, which line {self.rows[here]} gives as a number"
                self.note("csv-path", line, path, message, "use the columns low, high, unit for such fields")
                return
            self.lines.setdefault(here, line)
            target = target.setdefault(part, {})
        if parts[-1] in target:
            message = f"{path!r} is a number here and a group of numbers in line {self.lines[path]}"
            self.note("csv-path", line, path, message, "give it another name")
            return
        target[parts[-1]] = quantity
        self.rows[path] = line
        self.lines[path] = line
        for column in quantity:
            self.lines[f"{path}.{column}"] = line


def _number_cure(cell: str) -> str:
    """What to write instead of a cell that is not a number."""
    plain = cell.strip()
    if _NO_VALUE.fullmatch(plain):
        return "every number must be known: write it, or remove the row"
    if plain != cell and _NUMBER.fullmatch(plain):
        return "remove the stray space"
    if _GROUPED.fullmatch(plain):
        return f"write it without separators between thousands: {re.sub(r'[^0-9.+-]', '', plain)}"
    if _COMMA.fullmatch(plain):
        return f"write decimals with a point: {plain.replace(',', '.')}"
    if _AFFIXED.fullmatch(plain):
        return "write the bare number, and its unit in the column 'unit'"
    if plain.startswith("="):
        return "write the number itself, not a formula"
    return "write a number such as 20, 0.35 or 1.5e6"


def parse_number(text: str) -> float | None:
    """The finite number that a text stands for, or None."""
    return float(text) if _NUMBER.fullmatch(text) and math.isfinite(float(text)) else None
