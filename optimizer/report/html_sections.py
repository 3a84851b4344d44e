"""The sections of studies as the page's template wants them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optimizer.answer.solution import Solution
from optimizer.answer.views import drawn
from optimizer.report.html_tables import HtmlCell, HtmlTable, safe_link
from optimizer.report.pieces import Phrase, phrases, with_unit
from optimizer.studies.sections import (
    Block,
    Content,
    Drawing,
    Heading,
    Listing,
    Note,
    Panels,
    Row,
    Section,
    TextCell,
    TextTable,
    say,
    words,
)
from optimizer.studies.study import by_study

STYLES = {"": "", "strong": "strong", "new": "changed words", "small": "small"}
CARDS = 3
"""With more columns than these a row becomes a card on a narrow screen."""
SMALL = 300
"""Width in pixels of the still picture of a small drawing."""
Draw = Callable[..., Any]
"""From a function of a width to a picture of the page; ``still`` is the width of its still picture."""


@dataclass(frozen=True)
class HtmlBlock:
    """A block of a section: what is None or empty is not there."""

    title: Sequence[Phrase] = ()
    caption: Sequence[Phrase] = ()
    """Above what it is about."""
    table: HtmlTable | None = None
    picture: Any = None
    panels: Sequence[tuple[Sequence[Phrase], Any]] = ()
    """Captions and pictures."""
    items: Sequence[Sequence[Phrase]] = ()
    numbered: bool = False
    note: Sequence[Phrase] = ()


@dataclass(frozen=True)
class HtmlSection:
    """A section of the page."""

    title: Sequence[Phrase]
    lead: Sequence[Sequence[Phrase]]
    blocks: Sequence[HtmlBlock]

    anchor: str = ""
    """Its address within the page."""


def anchor(title: str) -> str:
    """A title as an address within a page."""
    return "s-" + re.sub(r"[^a-z0-9]+", "-", title.lower().replace("’", "")).strip("-")


def _addressed(sections: Iterable[HtmlSection]) -> list[HtmlSection]:
    """Sections with addresses, those of one title numbered."""
    found: dict[str, HtmlSection] = {}
    for section in sections:
        own = anchor("".join(phrase.text for phrase in section.title))
        address = next(a for a in itertools.chain((own,), (f"{own}-{k}" for k in itertools.count(2))) if a not in found)
        found[address] = replace(section, anchor=address)
    return list(found.values())


def study_sections(results: Mapping[str, object], solution: Solution, draw: Draw) -> list[HtmlSection]:
    """The sections of all results, in the order of their studies."""
    found = by_study(results)
    return _addressed(_section(s, result, draw) for study, result in found for s in study.sections(result, solution))


def sections_of(sections: Sequence[Section], result: object, draw: Draw) -> list[HtmlSection]:
    """Sections about one result."""
    return _addressed(_section(section, result, draw) for section in sections)


def first_words(results: Mapping[str, object], solution: Solution) -> list[Sequence[Phrase]]:
    """What studies say beside the answer's number on the first screen."""
    found = reversed(by_study(results))  # ranges of the number come first
    told = [content for study, result in found for content in study.first_words(result, solution)]
    return [phrases(content) for content in told]


def first_blocks(results: Mapping[str, object], solution: Solution, draw: Draw) -> list[HtmlBlock]:
    """What studies show below it there."""
    found = by_study(results)
    return [_block(b, result, draw) for study, result in found for b in study.first_blocks(result, solution)]


def html_section(section: Section) -> HtmlSection:
    """A section without drawings."""

    def nothing(*_: Any, **__: Any) -> Any:
        raise TypeError("a section of a plain page has no drawings")

    return _section(section, None, nothing)


def _section(section: Section, result: object, draw: Draw) -> HtmlSection:
    shown = (b for b in section.blocks if not getattr(b, "stand_in", False))
    return HtmlSection(
        phrases(section.title), [phrases(lead) for lead in section.lead], [_block(b, result, draw) for b in shown]
    )


def _block(block: Block, result: object, draw: Draw) -> HtmlBlock:
    def picture(of: Drawing) -> Any:
        more = {"still": SMALL} if of.small else {}
        return draw(lambda width: drawn(result, of.name, width=width, **of.options), **more)

    if isinstance(block, TextTable):
        return HtmlBlock(title=_phrases(block.title), table=_table(block))
    if isinstance(block, Drawing):
        return HtmlBlock(caption=_phrases(block.caption), picture=picture(block))
    if isinstance(block, Panels):
        panels = [(_phrases(d.caption), picture(d)) for d in block.drawings]
        return HtmlBlock(title=_phrases(block.title), caption=_phrases(block.caption), panels=panels)
    if isinstance(block, Listing):
        items = [phrases(item) for item in block.items]
        return HtmlBlock(title=_phrases(block.title), items=items, numbered=block.numbered)
    assert isinstance(block, Note)
    return HtmlBlock(note=phrases(block.content))


def _phrases(content: Content) -> Sequence[Phrase]:
    return phrases(content) if content else ()


def _table(shown: TextTable) -> HtmlTable:
    shown = grouped(shown)
    headings = tuple(_heading(h) for h in shown.headings)
    rows = tuple(tuple(_cell(c, h) for c, h in zip(row, shown.headings, strict=True)) for row in shown.rows)
    return HtmlTable(headings, rows, 0, cards=len(headings) > CARDS)


def grouped(shown: TextTable) -> TextTable:
    """The table with columns of one group in one: a page has room for words, not for many columns."""
    columns: list[list[int]] = []
    for k, heading in enumerate(shown.headings):
        if columns and heading.group and heading.group == shown.headings[columns[-1][0]].group:
            columns[-1].append(k)
        else:
            columns.append([k])
    headings = tuple(shown.headings[ks[0]] if len(ks) == 1 else words(shown.headings[ks[0]].group) for ks in columns)
    rows = tuple(tuple(row[ks[0]] if len(ks) == 1 else _joined(shown, row, ks) for ks in columns) for row in shown.rows)
    return replace(shown, headings=headings, rows=rows)


def _joined(shown: TextTable, row: Row, columns: Sequence[int]) -> Content:
    """Cells with their headings, one after the other."""
    cells = {k: row[k] for k in columns}
    content = {k: cell.content if isinstance(cell, TextCell) else cell for k, cell in cells.items()}
    return tuple(say("{heading} {cell}", heading=shown.headings[k].content, cell=told) for k, told in content.items())


def _heading(heading: Heading) -> HtmlCell:
    found = phrases(heading.content)
    text = "".join(span.text for span in found)
    first = found[0] if found else Phrase("")
    told = text[:1].upper() + text[1:] + with_unit(heading.unit)
    return HtmlCell(told, hint=first.hint, figure=first.figure, style="left" if heading.text else "")


def _cell(cell: Content | TextCell, heading: Heading) -> HtmlCell:
    one = cell if isinstance(cell, TextCell) else TextCell(cell)
    found = phrases(one.content, unit=heading.unit)
    text = "".join(span.text for span in found) + (f" {one.mark}" if one.mark else "")
    style = STYLES[one.style] or ("words" if heading.text else "")
    first = found[0] if len(found) == 1 else Phrase("")
    style = f"left {style}" if heading.text else style
    return HtmlCell(text, safe_link(one.link), style, one.tag, first.hint, first.figure)
