"""An answer over months as an Excel workbook: the decision and its charts first, then a sheet for every table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from optimizer.answer.path import PathSolution
from optimizer.economics.figures import unit_of
from optimizer.io.saving import write_atomic
from optimizer.io.workbook_cells import new_workbook, put, workbook_bytes
from optimizer.report.excel import fill, number_format
from optimizer.report.path_tables import conditions_table, path_tables
from optimizer.report.path_text import SHOWN, decisions_of, result_of
from optimizer.report.words import title
from optimizer.studies.tables import Table
from optimizer.typing import Verdict

FIRST = "Decision"
BLUE, PALE, GREEN, RED, AMBER = "1B4B72", "DDE6F0", "DFF0E3", "F8D7D3", "FBE8C8"
PROOF = {Verdict.PROVED: "met", Verdict.EVALUATED: "not optimised"}
"""What becomes of the gap that was asked."""
CHART_WIDTH, CHART_HEIGHT = 17.0, 8.5
"""Centimetres."""
CHART_ROWS, CHART_COLUMN = 18, "H"
MOST_DIFFERENCE = "largest difference between the search's arrays and the evaluator"


def write_path_workbook(path: str | os.PathLike[str], solution: PathSolution) -> None:
    """Write the workbook, as one step; the same content gives the same bytes.

    Raises:
        InputError: openpyxl is not installed. OSError: it cannot be saved.
    """
    book, tables = new_workbook(solution.title), path_tables(solution)
    first = book.create_sheet(FIRST)
    for table in tables:
        fill(book.create_sheet(table.title), table)
    _first(first, solution)
    for place, chart in enumerate(_charts(book, solution, {table.title: table for table in tables})):
        chart.width, chart.height = CHART_WIDTH, CHART_HEIGHT
        first.add_chart(chart, f"{CHART_COLUMN}{2 + CHART_ROWS * place}")
    _mark(book, {table.title: table for table in tables})
    write_atomic(path, workbook_bytes(book))


def _first(sheet: Any, solution: PathSolution) -> None:
    """Decision, result, headline figures, conditions and checks, one below the other."""
    from openpyxl.styles import Alignment, Font

    row = 1
    texts = [(solution.title, Font(bold=True, size=16, color=BLUE)), (solution.question, Font(italic=True)), ("", None)]
    texts += [(text, Font(bold=True, size=12)) for text in decisions_of(solution)]
    texts += [(result_of(solution), Font(bold=True)), (solution.verdict_text, Font()), ("", None)]
    for text, font in texts:
        if font is not None:
            sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=6)
            put(sheet.cell(row, 1), text)
            sheet.cell(row, 1).font, sheet.cell(row, 1).alignment = font, Alignment(wrap_text=True, vertical="top")
            sheet.row_dimensions[row].height = 15.0 * (1 + len(text) // 85) * (1.4 if row == 1 else 1.1)
        row += 1
    last = solution.timeline.months
    headings = ("Figure", "Unit", "Today", "Month 1", f"Month {last}", f"Held, month {last}")
    row = _block(sheet, row, headings, _headlines(solution))
    if solution.conditions:
        told = conditions_table(solution)
        rows = [(name, unit, sense, asked, got, state) for name, sense, asked, got, unit, state in told.rows]
        row = _block(sheet, row, ("Condition", "Unit", "Sense", "Asked", "Reached", "State"), rows)
    _block(sheet, row, ("Check", "Unit", "Value", "Asked", "", "State"), _checks(solution))
    for column, width in zip("ABCDEF", (46, 14, 16, 16, 16, 18), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _headlines(solution: PathSolution) -> list[tuple[object, ...]]:
    months = solution.timeline.months
    rows: list[tuple[object, ...]] = [
        (title(name), unit_of(name), solution.today.figure(name), solution.figure(name, 1),
         solution.figure(name, months), solution.held_series(name)[-1])
        for name in SHOWN
    ]  # fmt: skip
    if solution.cash is not None:
        rows.append(("Cash, end of month", "usd", None, solution.cash[0], solution.cash[-1], None))
    return rows


def _checks(solution: PathSolution) -> list[tuple[object, ...]]:
    """What stands behind the answer."""
    o = solution.objective
    missed = sum(not c.met for c in solution.conditions)
    rows: list[tuple[object, ...]] = [
        ("gap to the best possible", "fraction", o.gap, o.gap_asked, None, PROOF.get(solution.verdict, "open")),
        (MOST_DIFFERENCE, "1", solution.largest_difference, None, None, "met"),
        ("conditions missed", "1", float(missed), 0.0, None, "MISSED" if missed else "met"),
    ]
    return rows + [(f.message, "", None, None, None, f.severity) for f in solution.findings if f.severity == "warning"]


def _block(sheet: Any, row: int, headings: Sequence[str], rows: Sequence[tuple[object, ...]]) -> int:
    """A small table under its header; the row after it and an empty one."""
    from openpyxl.styles import Alignment, Font, PatternFill

    for column, text in enumerate(headings, start=1):
        cell = sheet.cell(row, column)
        put(cell, text)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor=PALE)
    for number, values in enumerate(rows, start=row + 1):
        for column, value in enumerate(values, start=1):
            cell = sheet.cell(number, column)
            put(cell, value)
            cell.alignment = Alignment(wrap_text=column == 1, vertical="top")
            if isinstance(value, float) and cell.value is not None:
                cell.number_format = number_format(str(values[1]), value)
    states = f"F{row + 1}:F{row + max(len(rows), 1)}"
    for word, colour in (("met", GREEN), ("binds", AMBER), ("open", AMBER), ("warning", AMBER), ("MISSED", RED)):
        sheet.conditional_formatting.add(states, _where("equal", f'"{word}"', colour))
    return row + len(rows) + 2


def _charts(book: Any, solution: PathSolution, tables: dict[str, Table]) -> list[Any]:
    """Customers, contribution beside today's menu held, cash, load against what GPUs carry."""
    from openpyxl.chart import AreaChart, LineChart

    stacked = AreaChart()
    stacked.grouping = "stacked"
    customers = tables["Customers"]
    made = [_chart(stacked, "Customers by plan", "customers", book, [
        ("Customers", k + 2, column.name) for k, column in enumerate(customers.columns[1:])
    ], customers)]  # fmt: skip
    months = tables["Months"]
    at = [column.name for column in months.columns].index("contribution_margin") + 1
    lines = [("Months", at, "this path"), ("Today held", at, "today's menu held")]
    made.append(_chart(LineChart(), "Contribution margin", "usd/month", book, lines, months))
    if "Cash" in tables:
        made.append(_chart(LineChart(), "Cash, end of month", "usd", book, [("Cash", 3, "cash")], tables["Cash"]))
    if "GPUs" in tables:
        lines = [("GPUs", 4, "busy at the peak"), ("GPUs", 3, "at hand, in today's GPUs")]
        made.append(_chart(LineChart(), "Load against capacity", "GPUs", book, lines, tables["GPUs"]))
    return made


def _chart(chart: Any, name: str, unit: str, book: Any, lines: Sequence[tuple[str, int, str]], months: Table) -> Any:
    """A chart over months of columns of sheets, each under its name."""
    from openpyxl.chart import Reference, Series

    last = 1 + len(months.rows)
    for sheet, column, label in lines:
        series = Series(Reference(book[sheet], min_col=column, min_row=2, max_row=last), title=label)
        if hasattr(series, "smooth"):
            series.smooth = False
        chart.series.append(series)
    chart.set_categories(Reference(book[months.title], min_col=1, min_row=2, max_row=last))
    chart.title, chart.x_axis.title, chart.y_axis.title = name, "month", unit
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.numFmt, chart.legend.position = "#,##0", "b"
    return chart


def _where(operator: str, than: str, colour: str) -> Any:
    """A conditional format: the fill of cells that compare so."""
    from openpyxl.formatting import rule
    from openpyxl.styles import PatternFill

    rules: Any = rule
    return rules.CellIsRule(operator=operator, formula=[than], fill=PatternFill(bgColor=colour, fill_type="solid"))


def _mark(book: Any, tables: dict[str, Table]) -> None:
    """What runs short in red or amber: cash and margins below 0, more GPUs busy than at hand, missed conditions."""
    from openpyxl.utils import get_column_letter

    below = _where("lessThan", "0", RED)
    for name, columns in (("Months", ("contribution_margin", "gross_margin")), ("Cash", ("cash, end of month",))):
        for k, column in enumerate(tables[name].columns if name in tables else ()):
            if column.name in columns:
                letter = get_column_letter(k + 1)
                book[name].conditional_formatting.add(f"{letter}2:{letter}{len(tables[name].rows) + 1}", below)
    if "GPUs" in tables:
        rule = _where("greaterThan", "$C2", AMBER)
        book["GPUs"].conditional_formatting.add(f"D2:D{len(tables['GPUs'].rows) + 1}", rule)
    if "Conditions" in tables:
        rule = _where("equal", '"MISSED"', RED)
        book["Conditions"].conditional_formatting.add(f"F2:F{len(tables['Conditions'].rows) + 1}", rule)
