"""What studies tell, in words: every number of a section is written here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from optimizer.answer.words import bare, further_words, quantity, stated
from optimizer.economics.figures import is_figure, known_as
from optimizer.report.figures import definition
from optimizer.report.words import allowances_text, heading, path_words, price, printable, title
from optimizer.studies.sections import Content, FigureName, NumberForm, PathName, PlanName, PlanTerms, Sentence, Value
from optimizer.units import display

ROUNDING = 1e-12
"""Gaps below this are rounding."""
_BRACES = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Phrase:
    """A text, and what a reader sees who points at it."""

    text: str
    hint: str = ""
    figure: str = ""
    """The figure it names."""


def phrases(content: Content, keys: bool = False, unit: str = "") -> list[Phrase]:
    """Content as texts in a row.

    keys: plans and numbers by what a reader types, as in a terminal. unit: what a heading tells already.
    """
    found = list(_phrases(content, keys, unit))
    first = content.pieces.get(_first(content)) if isinstance(content, Sentence) else content
    if isinstance(first, FigureName):
        found[0] = replace(found[0], text=heading(first.name))
    return [replace(span, text=printable(span.text)) for span in found]


def told(content: Content, keys: bool = False, unit: str = "") -> str:
    """Content as one text."""
    return "".join(span.text for span in phrases(content, keys, unit))


def with_unit(unit: str) -> str:
    """What a heading adds where the numbers below it are money without a unit."""
    return ", usd" if display(unit).what == "usd" else ""


def _first(sentence: Sentence) -> str:
    """The name of the content that a sentence begins with."""
    found = _BRACES.match(sentence.words)
    return found.group(1) if found else ""


def _phrases(content: Content, keys: bool, unit: str) -> Iterator[Phrase]:
    if isinstance(content, Sentence):
        for k, part in enumerate(_BRACES.split(content.words)):
            if k % 2:
                yield from _phrases(content.pieces[part], keys, unit)
            elif part:
                yield Phrase(part)
    elif isinstance(content, tuple):
        for k, item in enumerate(content):
            yield from [Phrase("; ")] if k else []
            yield from _phrases(item, keys, unit)
    elif isinstance(content, FigureName):
        yield Phrase(
            title(content.name), definition(content.name), known_as(content.name) if is_figure(content.name) else ""
        )
    elif isinstance(content, Value):
        yield Phrase(number(content, unit))
    elif isinstance(content, PlanTerms):
        yield Phrase(terms(content))
    elif isinstance(content, PlanName):
        yield Phrase(content.key if keys else content.title)
    elif isinstance(content, PathName):
        yield Phrase(content.path if keys else path_words(content.path))
    else:
        yield Phrase(content)


def number(value: Value, unit: str = "") -> str:
    """A number; without its unit where that is the one a heading tells."""
    n = value.number
    if n is None or math.isnan(n):
        return "-"
    if value.form is NumberForm.RELATIVE:
        return f"{100.0 * n:+.3g}%"
    if value.form is NumberForm.FINE:
        return "< 0.01%" if 0.0 < n < 5e-5 else f"{n:.2%}"
    if value.form is NumberForm.GAP:
        return "0" if n < ROUNDING else f"{n:.0e}"
    if value.form is NumberForm.STATED:
        return stated(n, value.unit)
    text = bare(n, value.unit) if unit == value.unit else quantity(n, value.unit)
    return f"+{text}" if value.form is NumberForm.SIGNED and n > 0 else text


def terms(t: PlanTerms) -> str:
    """A plan's terms in short: its fee or what use costs, and its allowances."""
    if t.price is None:
        return price(None)
    units = ", ".join(f"{ai_model} {value:.3g}" for ai_model, value in t.unit_prices.items())
    fee = "metered" if t.price == 0 and t.metered else price(t.price)
    shown = units if units and fee == "metered" else " + ".join(part for part in (fee, units) if part)
    ads = "" if t.impressions is None else f"{t.impressions:.3g} ads a request"
    caps = "; ".join(part for part in (allowances_text(t.allowances), ads, further_words(t.further)) if part)
    return shown + (f" ({caps})" if caps else "")
