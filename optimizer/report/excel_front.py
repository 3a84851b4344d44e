"""The first sheet of a workbook: what to do, what that brings and how sure it is, in words, with two charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from optimizer.answer.checks.check import CheckVerdict
from optimizer.answer.solution import FigureValue, Solution
from optimizer.economics.figures import TILES, Selection, unit_of
from optimizer.io.workbook_cells import put
from optimizer.report.decisions import sentences
from optimizer.report.pieces import told
from optimizer.report.text import check_lines, decision
from optimizer.report.words import change, heading, printable
from optimizer.studies.study import by_study
from optimizer.units import display

NAME = "Decision"
WIDTHS = (34.0, 18.0, 18.0, 18.0, 18.0, 18.0)
LINE = 15.0
"""Points of a line of text."""
LETTERS = 118
"""Of a line of text across the sheet."""
COLOURS = {CheckVerdict.PASS: "2C6E3F", CheckVerdict.MARK: "A8430F", CheckVerdict.UNDECIDED: "9B1C31"}
PLAN_FIGURES = ("customers", "contribution_margin")


class Front:
    """A sheet that is written from top to bottom."""

    def __init__(self, sheet: Any) -> None:
        from openpyxl.styles import Alignment, Font, PatternFill
        from openpyxl.utils import get_column_letter

        self.sheet, self.row = sheet, 0
        self._font, self._fill, self._align = Font, PatternFill, Alignment
        for k, width in enumerate(WIDTHS, start=1):
            sheet.column_dimensions[get_column_letter(k)].width = width
        sheet.sheet_view.showGridLines = False
        sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "portrait", 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True

    def text(self, words: str, size: float = 11.0, bold: bool = False, colour: str = "1F2A37") -> None:
        """A paragraph across the sheet, as high as its lines."""
        self.row += 1
        cell = self.sheet.cell(self.row, 1)
        put(cell, words)
        cell.font = self._font(size=size, bold=bold, color=colour)
        cell.alignment = self._align(wrap_text=True, vertical="top")
        self.sheet.merge_cells(start_row=self.row, start_column=1, end_row=self.row, end_column=len(WIDTHS))
        lines = math.ceil(len(words) * size / 11.0 / LETTERS) or 1
        self.sheet.row_dimensions[self.row].height = LINE * size / 11.0 * lines + 2.0

    def title(self, words: str) -> None:
        """A heading after an empty row."""
        self.row += 1
        self.text(words, 13.0, bold=True)

    def line(self, values: Sequence[Any], formats: Sequence[str] = (), bold: bool = False) -> None:
        """A row of a table."""
        self.row += 1
        for k, value in enumerate(values, start=1):
            cell = self.sheet.cell(self.row, k)
            put(cell, value)
            cell.font = self._font(bold=bold)
            cell.alignment = self._align(horizontal="left" if k == 1 else "right", vertical="top", wrap_text=True)
            if bold:
                cell.fill = self._fill("solid", fgColor="DDE6F0")
            if k <= len(formats) and formats[k - 1]:
                cell.number_format = formats[k - 1]
        self.sheet.row_dimensions[self.row].height = LINE + 2.0


def add_front(book: Any, solution: Solution, **results: object) -> None:
    """The first sheet of a workbook. ``results``: what studies returned, by any name."""
    front = Front(book.create_sheet(NAME))
    front.text(printable(solution.title), 16.0, bold=True)
    front.text(printable(solution.question), colour="5B6775")
    front.title(decision(solution).rsplit("\n", 1)[1])
    for sentence in sentences(solution):
        front.text(f"• {sentence}")
    front.text(printable(solution.verdict_text), colour="5B6775")
    beside = [content for study, r in reversed(by_study(results)) for content in study.first_words(r, solution)]
    if beside:
        front.title("How sure, and what else there is")
        for content in beside:
            front.text(f"• {told(content)}")
    _figures(front, solution)
    _plans(front, solution)
    _checks(front, solution)
    if solution.outside_evidence:
        front.title("Outside the evidence")
        for note in solution.outside_evidence:
            front.text(f"• {printable(note)}")


def _figures(front: Front, solution: Solution) -> None:
    """The headline figures against today; more is blue and less is orange where that is better and worse."""
    known = {f.name: f for f in solution.figures}
    front.title("Headline figures, a month")
    front.line(["", "today", "proposed", "change", "unit"], bold=True)
    first = front.row + 1
    for name in dict.fromkeys((solution.objective.name, *TILES)):
        if name in known:
            f = known[name]
            shown = _format(f)
            front.line([heading(name), f.today, f.value, change(f.change, f.unit), display(f.unit).words],
                       ("", shown, shown))  # fmt: skip
    _coloured(front, f"D{first}:D{front.row}")


def _format(f: FigureValue) -> str:
    from optimizer.report.excel import number_format

    return number_format(f.unit, max(abs(f.value), abs(f.today)))


def _coloured(front: Front, cells: str) -> None:
    """Changes up are blue, changes down are orange, whatever is better."""
    from openpyxl.formatting.rule import Rule
    from openpyxl.styles import Font
    from openpyxl.styles.differential import DifferentialStyle

    start = cells.partition(":")[0]
    for sign, colour in (("+", "1F6A9A"), ("-", "A8430F")):
        style = DifferentialStyle(font=Font(color=colour, bold=True))
        rule = Rule(type="beginsWith", operator="beginsWith", text=sign, dxf=style)
        rule.formula = [f'LEFT({start},1)="{sign}"']
        front.sheet.conditional_formatting.add(cells, rule)


def _plans(front: Front, solution: Solution) -> None:
    """Customers and contribution by plan, with a chart each."""
    front.title("Plan by plan, a month")
    front.line(["plan", *(f"{heading(f)} {when}" for f in PLAN_FIGURES for when in ("today", "proposed"))], bold=True)
    front.sheet.row_dimensions[front.row].height = 2 * LINE + 2.0
    first = front.row + 1
    for p in solution.menu:
        part = Selection(plan=p.plan)
        values = [e.figure(f, part) for f in PLAN_FIGURES for e in (solution.today, solution.evaluation)]
        front.line([printable(p.title), *values], ("", *["#,##0"] * len(values)))
    last, at = front.row, front.row + 2
    for k, figure in enumerate(PLAN_FIGURES):
        anchor = f"{'AD'[k]}{at}"
        _chart(front.sheet, f"{heading(figure)}, {display(unit_of(figure)).words}", 2 + 2 * k, first, last, anchor)
    front.row += 17


def _chart(sheet: Any, title: str, column: int, first: int, last: int, anchor: str) -> None:
    """A native chart: a bar a plan, today and proposed."""
    from openpyxl.chart import BarChart, Reference

    chart = BarChart()
    chart.type, chart.grouping, chart.title = "bar", "clustered", title
    chart.add_data(Reference(sheet, min_col=column, max_col=column + 1, min_row=first - 1, max_row=last),
                   titles_from_data=True)  # fmt: skip
    chart.set_categories(Reference(sheet, min_col=1, min_row=first, max_row=last))
    chart.x_axis.scaling.orientation, chart.x_axis.delete, chart.y_axis.delete = "maxMin", False, False
    chart.y_axis.numFmt, chart.legend.position = "#,##0", "b"
    for series, colour in zip(chart.series, ("7D8B99", "1F6A9A"), strict=True):
        series.graphicalProperties.solidFill = colour
    size: Any = chart
    size.width, size.height = 14.5, 8.0
    chart.gapWidth = 60
    sheet.add_chart(chart, anchor)


def _checks(front: Front, solution: Solution) -> None:
    """What the checks found, and the conditions."""
    if solution.audit.conditions:
        front.title("Conditions")
        for c in solution.audit.conditions:
            state = "missed" if not c.met else "binds" if c.binding else "met"
            front.text(
                f"• {heading(c.name)} {c.sense} {_value(c.bound, c.figure)}: {_value(c.value, c.figure)}, {state}"
            )
    if solution.checks:
        front.title("Checks")
        for verdict, words in check_lines(solution):
            front.text(f"{verdict}: {printable(words)}", colour=COLOURS[CheckVerdict(verdict)])


def _value(value: float, figure: str) -> str:
    from optimizer.answer.words import quantity

    return quantity(value, unit_of(figure))
