"""A solution and its studies as one Excel workbook."""

from __future__ import annotations

import math
import os
from typing import Any

from optimizer.answer.solution import Solution
from optimizer.io.saving import write_atomic
from optimizer.io.workbook_cells import new_workbook, put, workbook_bytes
from optimizer.report.excel_front import add_front
from optimizer.report.tables import solution_tables
from optimizer.report.words import title
from optimizer.studies.tables import BY_ROW, Column, Table
from optimizer.units import display, is_share

_NARROW, _WIDE = 9, 60
LINE, MOST_LINES = 15.0, 12
"""Points of a line of text, and the most lines of a row."""
GREEN, ORANGE, RED = "2C6E3F", "A8430F", "9B1C31"
WORDS: dict[str, dict[str | bool, str]] = {
    "verdict": {"pass": GREEN, "proved": GREEN, "mark": ORANGE, "best_found": ORANGE, "undecided": RED},
    "severity": {"warning": ORANGE, "error": RED},
    "met": {True: GREEN, False: RED},
}
"""Column -> word -> its colour."""
BARS = ("swing", "behind", "people_worse_off", "under_water_share", "cap_binding_share")
"""Columns of numbers that are compared down the sheet."""


def write_workbook(path: str | os.PathLike[str], solution: Solution, **results: object) -> None:
    """Write a workbook with a sheet for every table, as one step; the same content gives the same bytes.

    results: what studies returned, by any name; None is left out.

    Raises:
        InputError: openpyxl is not installed. OSError: it cannot be saved.
    """
    book = new_workbook(solution.title)
    add_front(book, solution, **results)
    for table in solution_tables(solution, **results):
        fill(book.create_sheet(table.title), table)
    write_atomic(path, workbook_bytes(book))


def heading(column: Column) -> str:
    """A column's header: words, and the unit in brackets."""
    unit = "" if column.unit in (BY_ROW, "1") or column.unit in column.name else column.unit
    shown = display(unit).words if is_share(unit) else unit
    return f"{title(column.name)} [{shown}]" if unit else title(column.name)


def number_format(unit: str, value: float) -> str:
    """How Excel shows a number of a unit."""
    size = abs(value)
    decimals = display(unit).decimals
    if decimals is not None:
        return "0.0%" if decimals == 1 and (size >= 0.01 or size < 1e-9) else "0.00%"
    if size >= 1000 or size == 0:
        return "#,##0"
    if unit.startswith("usd") and size >= 0.01:
        return "#,##0.00"
    if round(value, 4) == value:
        return "General"
    return "#,##0.00" if size >= 1 else ("0.0000" if size >= 0.001 else "0.00E+00")


def fill(sheet: Any, table: Table) -> None:
    """A header that stays in sight, rows below it, a filter, widths by content."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    bold, fill = Font(bold=True), PatternFill("solid", fgColor="DDE6F0")
    wrapped, top = Alignment(wrap_text=True, vertical="top"), Alignment(vertical="top")
    names = [column.name for column in table.columns]
    for index, column in enumerate(table.columns, start=1):
        cell = sheet.cell(1, index)
        put(cell, heading(column))
        cell.font, cell.fill, cell.alignment = bold, fill, wrapped
        sheet.column_dimensions[get_column_letter(index)].width = _width(table, index - 1)
    for number, row in enumerate(table.rows, start=2):
        own = str(row[names.index("unit")] or "") if "unit" in names else ""
        for index, (column, value) in enumerate(zip(table.columns, row, strict=True), start=1):
            cell = sheet.cell(number, index)
            put(cell, value)
            cell.alignment = wrapped if cell.data_type == "s" else top
            if cell.data_type == "n" and cell.value is not None:
                cell.number_format = number_format(own if column.unit == BY_ROW else column.unit, value)
        sheet.row_dimensions[number].height = _height(table, row)
    _marked(sheet, names, len(table.rows))
    sheet.freeze_panes = "A2" if table.title == "Summary" else "B2"
    if table.title != "Summary":
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(names))}{len(table.rows) + 1}"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _height(table: Table, row: tuple[Any, ...]) -> float:
    """Room for the most lines that a cell of the row wraps to."""
    lines = [math.ceil((len(v) + 1) / (_width(table, k) - 2)) for k, v in enumerate(row) if isinstance(v, str) and v]
    return LINE * min(max(lines, default=1), MOST_LINES)


def _marked(sheet: Any, names: list[str], rows: int) -> None:
    """Words that a reader looks for are coloured, and large numbers of a few columns carry bars."""
    import openpyxl.formatting.rule
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    rules: Any = openpyxl.formatting.rule
    for index, name in enumerate(names, start=1):
        letter = get_column_letter(index)
        cells = f"{letter}2:{letter}{rows + 1}"
        if name in WORDS:
            for word, colour in WORDS[name].items():
                rule = rules.CellIsRule(operator="equal", formula=[_constant(word)], font=Font(color=colour, bold=True))
                sheet.conditional_formatting.add(cells, rule)
        elif name in BARS and rows > 1:
            sheet.conditional_formatting.add(cells, rules.DataBarRule("min", None, "max", None, color="A9CDE4"))


def _constant(word: str | bool) -> str:
    """A word or a truth as a rule names it."""
    return str(word).upper() if isinstance(word, bool) else f'"{word}"'


def _width(table: Table, index: int) -> float:
    """Wide enough for the longest cell, within reason; headers may wrap."""
    longest = max((len(_told(row[index])) for row in table.rows), default=0)
    header = max(len(word) for word in heading(table.columns[index]).split(" "))
    limit = 100 if table.title == "Summary" and index == 1 else _WIDE
    return float(min(max(longest, header, _NARROW), limit) + 2)


def _told(value: Any) -> str:
    """About as long as the cell shows it."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else "00.0000"
    return "" if value is None else str(value).partition("\n")[0]
