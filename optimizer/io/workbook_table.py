"""The rows of a sheet of a case workbook as nested data, with row numbers and findings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from optimizer.errors import Finding
from optimizer.io.numbers_csv import _NUMBER, MAX_FINDINGS, NUMBERS, _number_cure
from optimizer.io.text import HIDDEN
from optimizer.io.workbook_cells import Cell, Sheet
from optimizer.io.workbook_paths import Parts, Shape, cell_value, split_path

IGNORED = ("note", "notes")
"""Columns for the user's own remarks."""


class Stop(Exception):
    """Reading further makes no sense; the findings say why."""


class SheetTable:
    """The rows read so far as nested data, with lines and findings."""

    def __init__(self, label: str, columns: tuple[str, ...], shape: Shape | None = None) -> None:
        self.label, self.columns, self.shape = label, columns, shape
        self.data: dict[str, Any] = {}
        self.lines: dict[str, int] = {}
        self.findings: list[Finding] = []
        self.rows: dict[Parts, int] = {}
        self.leaves: set[Parts] = set()
        self.values: list[tuple[int, Parts, Cell]] = []

    def note(self, row: int | None, code: str, field: str, message: str, cure: str) -> None:
        self.findings.append(Finding(code, "error", self.label, row, field, message, cure))
        if len(self.findings) >= MAX_FINDINGS:
            raise Stop

    def body(self, sheet: Sheet, comments: bool) -> Iterator[tuple[int, dict[str, Cell]]]:
        """The rows below the header by column name, comments left out."""
        header: dict[int, str] = {}
        for row, cells in sheet.rows:
            if not header:
                header = self._header(row, cells)
                continue
            first = cells.get(min(header))
            if comments and first is not None and first.kind == "text" and first.value.lstrip().startswith("#"):
                continue
            for column, cell in cells.items():
                if column not in header:
                    message = f"the cell {str(cell.value)[:40]!r} is under no header"
                    self.note(row, "workbook-column", "", message, "move it to a column 'note', or remove it")
            named = {header[c]: cell for c, cell in cells.items() if header.get(c) in self.columns}
            if named:
                yield row, named
        if not header:
            wanted = ", ".join(self.columns)
            self.note(1, "workbook-column", "", "the sheet is empty", f"start it with the header {wanted}")

    def _header(self, row: int, cells: Mapping[int, Cell]) -> dict[int, str]:
        """Column number -> name. Stops where a column is unknown, missing or there twice."""
        found: dict[int, str] = {}
        for column, cell in cells.items():
            name = str(cell.value).strip().casefold()
            if cell.kind != "text" or name not in (*self.columns, *IGNORED):
                cure = f"allowed: {', '.join(self.columns)}, note"
                self.note(row, "workbook-column", "", f"unknown column {str(cell.value)[:40]!r}", cure)
            elif name in found.values() and name not in IGNORED:
                self.note(row, "workbook-column", "", f"the column {name!r} is there twice", "keep one of the two")
            found[column] = name
        for name in self.columns[:2]:
            if name not in found.values():
                cure = f"start the sheet with the header {', '.join(self.columns)}"
                self.note(row, "workbook-column", "", f"the column {name!r} is missing", cure)
        if self.findings:
            raise Stop
        return found

    def _plain(self, row: int, cell: Cell, field: str) -> bool:
        """Whether the cell holds a value as such; else a finding."""
        if cell.kind == "formula":
            text, value = cell.value
            cure = f"put its value in its place: {value}" if value else "put its value in its place"
            self.note(row, "workbook-formula", field, f"the cell holds the formula {text[:60]!r}", cure)
        elif cell.kind == "date":
            cure = "format the cell as a number (or as text) and type its value again"
            self.note(row, "workbook-date", field, "the cell is formatted as a date or time", cure)
        elif cell.kind == "disguised":
            message = f"the cell holds a number that its format shows {cell.value}"
            cure = "format the cell as a number, and type the value again in the unit that the sheet states"
            self.note(row, "workbook-number-format", field, message, cure)
        elif cell.kind == "error":
            self.note(row, "workbook-error", field, f"the cell shows the error {cell.value}", "write the value")
        elif cell.kind == "text" and HIDDEN.search(cell.value):
            self.note(row, "workbook-control-character", field, "the text has an invisible character", "type it anew")
        elif cell.kind in ("number", "percent") and not math.isfinite(cell.value):
            self.note(row, "workbook-number", field, "the number is not finite", "write a finite number")
        else:
            return True
        return False

    def _name(self, row: int, cell: Cell | None, what: str) -> str:
        """The text of a cell that names something; empty after a finding."""
        if cell is None:
            self.note(row, "workbook-path", "", f"the row has no {what}", f"write its {what}, or remove the row")
            return ""
        if not self._plain(row, cell, ""):
            return ""
        text = _as_text(cell)
        if cell.kind == "bool" or text != text.strip():
            self.note(row, "workbook-path", text.strip(), f"stray space around {text!r}", "remove it")
            return ""
        return text

    def _path(self, row: int, cell: Cell | None) -> Parts:
        """The path of a row, seen for the first time; empty after a finding."""
        text = self._name(row, cell, "path")
        if not text:
            return ()
        try:
            parts = split_path(text)
        except ValueError as error:
            self.note(row, "workbook-path", text, str(error), "write it as in plans.plus.price")
            return ()
        if parts in self.rows:
            message = f"the path is given twice; it was first given in row {self.rows[parts]}"
            self.note(row, "workbook-duplicate", ".".join(parts), message, "keep one of the two rows")
            return ()
        self.rows[parts] = row
        return parts

    def add_value(self, row: int, cells: Mapping[str, Cell]) -> None:
        """A row of path and value; what the value means is told when all are known."""
        parts = self._path(row, cells.get("path"))
        cell = cells.get("value")
        if parts and cell is None:
            self.note(row, "workbook-value", ".".join(parts), "the value is empty", "write it, or remove the row")
        elif parts and cell is not None and self._plain(row, cell, ".".join(parts)):
            self.values.append((row, parts, cell))

    def take_values(self) -> None:
        """Place all values, and turn groups of numbered rows into lists."""
        assert self.shape is not None
        for row, parts, cell in self.values:
            try:
                value = cell_value(cell, parts, self.shape)
            except ValueError as error:
                self.note(row, "workbook-value", ".".join(parts), *error.args)
                continue
            self._place(row, parts, value)
            for index, _ in enumerate(value if isinstance(value, list) else ()):
                self.lines[".".join((*parts, str(index)))] = row
        self.data = self._listed(self.data, (), self.shape)

    def _listed(self, data: Any, parts: Parts, shape: Shape) -> Any:
        if not isinstance(data, dict):
            return data
        found = {key: self._listed(value, (*parts, key), shape) for key, value in data.items()}
        if not data or "array" not in shape.kinds(parts) or not all(k.isdecimal() for k in data):
            return found
        order = sorted(found, key=int)
        if order != [str(i) for i in range(len(order))]:
            path = ".".join(parts)
            message = f"the items of the list are numbered {', '.join(order)}"
            self.note(self.lines.get(path), "workbook-list", path, message, "number them 0, 1, 2 and so on")
        return [found[key] for key in order]

    def add_quantity(self, row: int, cells: Mapping[str, Cell]) -> None:
        """A row of the sheet numbers."""
        parts = self._path(row, cells.get("path"))
        if not parts:
            return
        path = ".".join(parts)
        if "value" not in cells:
            self.note(row, "workbook-value", f"{path}.value", "the value is empty", "write it, or remove the row")
        quantity: dict[str, Any] = {}
        for column in (c for c in self.columns[1:] if c in cells):
            cell, field = cells[column], f"{path}.{column}"
            if not self._plain(row, cell, field):
                continue
            if column not in NUMBERS:
                text = _as_text(cell)
                if column != "assumption" and text != text.strip():
                    self.note(row, "workbook-space", field, f"stray space around {text!r}", "remove it")
                quantity[column] = text
            elif cell.kind == "percent":
                self._take_percent(row, quantity, column, cell.value, cells.get("unit"), field)
            elif cell.kind == "number" or (cell.kind == "text" and _NUMBER.fullmatch(cell.value)):
                quantity[column] = float(cell.value)
            else:
                shown = str(cell.value)[:40]
                self.note(row, "workbook-number", field, f"{shown!r} is not a number", _number_cure(shown))
        self._place(row, parts, quantity)
        self.leaves.add(parts)
        for column in quantity:
            self.lines[f"{path}.{column}"] = row

    def _take_percent(
        self, row: int, quantity: dict[str, Any], column: str, held: float, unit: Cell | None, field: str
    ) -> None:
        """A cell that shows 3% holds 0.03: it is 3 in a unit of per cent, 0.03 of a fraction, and nothing else."""
        name = "" if unit is None else _as_text(unit).partition("/")[0].strip()
        if name.rstrip("s") == "percent":
            quantity[column] = float(f"{100.0 * held:.15g}")
        elif name.rstrip("s") in ("", "1", "fraction"):
            quantity[column] = float(held)
        else:
            message = f"the cell shows {100.0 * held:g}%, and its unit is {name}"
            self.note(row, "workbook-number-format", field, message, "format the cell as a number, or correct its unit")

    def add_source(self, row: int, cells: Mapping[str, Cell]) -> None:
        """A row of the sheet sources."""
        key = self._name(row, cells.get("key"), "key")
        parts = ("sources", key)
        if not key:
            return
        if parts in self.rows:
            message = f"the key is given twice; it was first given in row {self.rows[parts]}"
            self.note(row, "workbook-duplicate", f"sources.{key}", message, "keep one of the two rows")
            return
        self.rows[parts] = row
        plain = {c: cell for c, cell in cells.items() if c != "key" and self._plain(row, cell, f"sources.{key}.{c}")}
        self._place(row, parts, {c: _as_text(plain[c]) for c in self.columns[1:] if c in plain})
        for column in plain:
            self.lines[f"sources.{key}.{column}"] = row

    def _place(self, row: int, parts: Parts, value: Any) -> None:
        """Put a value into the nested data, unless another row's value is in the way."""
        target: Any = self.data
        for depth in range(1, len(parts)):
            here = parts[:depth]
            inner = target.setdefault(parts[depth - 1], {})
            if not isinstance(inner, dict) or here in self.leaves:
                message = f"the path lies inside {'.'.join(here)!r}, which row {self.rows.get(here, row)} gives a value"
                self.note(row, "workbook-path", ".".join(parts), message, "remove one of the two")
                return
            self.lines.setdefault(".".join(here), row)
            target = inner
        old = target.get(parts[-1])
        if isinstance(old, dict) and value != {}:
            message = f"{'.'.join(parts)!r} has a value here and fields of its own in other rows"
            self.note(row, "workbook-path", ".".join(parts), message, "remove one of the two")
            return
        target.setdefault(parts[-1], value)
        self.lines[".".join(parts)] = row


def _as_text(cell: Cell) -> str:
    return ("true" if cell.value else "false") if cell.kind == "bool" else str(cell.value)
