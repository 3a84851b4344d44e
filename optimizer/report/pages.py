"""The sections of a study on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from optimizer.report.fitting import fitted
from optimizer.report.pieces import told, with_unit
from optimizer.report.text import plain_table
from optimizer.studies.sections import Block, Content, Heading, Listing, Note, Section, TextCell, TextTable


def page(sections: Iterable[Section], seconds: float | None = None) -> Group:
    """Sections one below the other; at the end what they took."""
    blocks: list[Any] = []
    for section in sections:
        blocks += [Text(told(section.title, keys=True), style="bold"), *map(_line, section.lead)]
        for block in section.blocks:
            blocks += _block(block)
        blocks.append("")
    if seconds is not None:
        blocks.append(Text(f"{seconds:.2f} s", style="dim"))
    return Group(*fitted(blocks))


def _line(content: Content) -> Text:
    return Text(told(content, keys=True))


def _block(block: Block) -> list[Any]:
    """A block with a line above it; nothing is drawn here."""
    if isinstance(block, TextTable):
        title = [Text(told(block.title, keys=True), style="bold")] if block.title else []
        return ["", *title, _table(block)]
    if isinstance(block, Listing):
        title = [Text(told(block.title, keys=True), style="bold")] if block.title else []
        marks = (f"{k}. " if block.numbered else "- " for k, _ in enumerate(block.items, start=1))
        return [
            "",
            *title,
            *(Text(mark + told(item, keys=True)) for mark, item in zip(marks, block.items, strict=True)),
        ]
    return [_line(block.content)] if isinstance(block, Note) else []


def _table(shown: TextTable) -> Table:
    table = plain_table("", *map(_heading, shown.headings))
    for column, heading in zip(table.columns, shown.headings, strict=True):
        column.justify = "left" if heading.text else "right"
        column.overflow = "fold"  # a long path is not cut short
    for row in shown.rows:
        table.add_row(*(_cell(cell, h.unit) for cell, h in zip(row, shown.headings, strict=True)))
    return table


def _heading(heading: Heading) -> str:
    return told(heading.content, keys=True) + with_unit(heading.unit)


def _cell(cell: Content | TextCell, unit: str) -> str:
    if not isinstance(cell, TextCell):
        return told(cell, keys=True, unit=unit)
    text = told(cell.content, keys=True, unit=unit)
    return text + (f" ({cell.tag})" if cell.tag else "") + (f" {cell.mark}" if cell.mark else "")
