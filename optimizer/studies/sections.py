"""What a study tells a reader, as plain data: sentences, tables, references to drawings; values with their units.

How a value is written, and what a section looks like in a terminal or on a page, is for ``report`` to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from optimizer.answer.offers import Offer, Offers, differing


class NumberForm(StrEnum):
    """How a number is written."""

    PLAIN = "plain"
    """Rounded, in its unit."""
    SIGNED = "signed"
    """A difference, with its sign."""
    RELATIVE = "relative"
    """A relative difference: with its sign, per cent."""
    FINE = "fine"
    """A small fraction, per cent with two decimals."""
    GAP = "gap"
    """A proven gap: its order of magnitude."""
    STATED = "stated"
    """With its whole unit, where no name says what is counted."""


@dataclass(frozen=True)
class Value:
    """A number and its unit; None where there is none."""

    number: float | None
    unit: str = "1"
    form: NumberForm = NumberForm.PLAIN


@dataclass(frozen=True)
class FigureName:
    """A figure by its name; a reader may see what it means."""

    name: str


@dataclass(frozen=True)
class PlanName:
    """A plan: by its key where a reader types keys, else by its title."""

    key: str
    title: str


@dataclass(frozen=True)
class PathName:
    """A number of the market: by its path where a reader types paths, else in words."""

    path: str


@dataclass(frozen=True)
class PlanTerms:
    """What there is to say of a plan's terms on a menu."""

    price: float | None
    """usd/month; None: not offered."""
    metered: bool = False
    """Whether use is billed, so that a price of 0 is not free."""
    allowances: Mapping[str, Any] = field(default_factory=dict)
    """AI model -> window -> requests, ``unlimited`` or ``not included``."""
    unit_prices: Mapping[str, float] = field(default_factory=dict)
    """AI model -> unit price."""
    impressions: float | None = None
    """Advertisements a request; None: not told."""
    further: Mapping[str, float] = field(default_factory=dict)
    """Discount by the year, credits, prices by segment."""


Piece: TypeAlias = str | Value | FigureName | PlanName | PathName | PlanTerms


@dataclass(frozen=True)
class Sentence:
    """Words with content in them, by name in braces."""

    words: str
    pieces: Mapping[str, Content] = field(default_factory=dict)


Content: TypeAlias = Piece | Sentence | tuple["Content", ...]
"""What can be said; a tuple is a list of things."""


def say(words: str, **pieces: Content) -> Sentence:
    """A sentence: ``say("{figure} is {value}.", figure=FigureName("revenue"), value=Value(3.0, "usd/month"))``."""
    return Sentence(words, pieces)


@dataclass(frozen=True)
class TextCell:
    """A cell with more to it than its content."""

    content: Content
    style: str = ""
    """``strong``, ``new`` or ``small``."""
    tag: str = ""
    """A mark before the content."""
    mark: str = ""
    """A sign behind it, explained nearby."""
    link: str | None = None


Row: TypeAlias = tuple[Content | TextCell, ...]


@dataclass(frozen=True)
class Heading:
    """A column's heading; with a unit the numbers below stand without theirs."""

    content: Content
    unit: str = ""
    text: bool = False
    """Whether the column holds words rather than numbers."""
    group: str = ""
    """Columns of one group may stand in one, where there is little room."""


@dataclass(frozen=True)
class TextTable:
    """A table for readers."""

    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    title: Content = ""
    stand_in: bool = False
    """Only where nothing can be drawn: a drawing shows the same."""


@dataclass(frozen=True)
class Drawing:
    """A drawing of the study's result, by the name it is registered under."""

    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    caption: Content = ""
    """How to read it."""
    small: bool = False


@dataclass(frozen=True)
class Panels:
    """Small drawings side by side."""

    title: Content
    drawings: tuple[Drawing, ...]
    caption: Content = ""


@dataclass(frozen=True)
class Listing:
    """Things one below the other."""

    items: tuple[Content, ...]
    numbered: bool = False
    title: Content = ""
    stand_in: bool = False


@dataclass(frozen=True)
class Note:
    """A remark."""

    content: Content


Block: TypeAlias = TextTable | Drawing | Panels | Listing | Note


@dataclass(frozen=True)
class Section:
    """A part of a page: a title, what leads into it, and its blocks in order."""

    title: Content
    blocks: tuple[Block, ...]
    lead: tuple[Content, ...] = ()


def words(content: Content) -> Heading:
    """The heading of a column of words."""
    return Heading(content, text=True)


def text_table(headings: Sequence[Heading], rows: Sequence[Row], **more: Any) -> TextTable:
    """A table of rows under headings; ``title`` and ``stand_in`` as there."""
    return TextTable(tuple(headings), tuple(rows), **more)


def term_columns(
    menus: Sequence[Offers],
    shares: Sequence[float],
    titles: Mapping[str, str],
    budgets: Sequence[float | None] = (),
) -> tuple[list[Heading], list[Row]]:
    """The terms in which menus differ, a column a plan, and the budget's split and size where they differ."""
    shown, split = differing(menus), len(set(shares)) > 1
    headings = [Heading(PlanName(plan, titles[plan]), text=True, group="terms") for plan in shown]
    headings += [Heading("budget for enterprise", "fraction", group="terms")] if split else []
    sized = len(set(budgets)) > 1
    headings += [Heading("budget", "usd/month", group="terms")] if sized else []
    return headings, [
        (
            *(told_terms(menu[plan], [other[plan] for other in menus]) for plan in shown),
            *([Value(share, "fraction")] if split else []),
            *([Value(budget, "usd/month")] if sized and budget is not None else []),
        )
        for menu, share, budget in zip(menus, shares, budgets or [None] * len(menus), strict=True)
    ]


def told_terms(offer: Offer, others: Sequence[Offer] = ()) -> PlanTerms:
    """A plan's price, and of its other terms those in which it differs from one of the others."""
    offered = [other for other in others if other["offered"]]

    def news(part: str) -> dict[str, Any]:
        keys = dict.fromkeys(a for one in (offer, *offered) for a in one.get(part, ()))
        own = {a: _of(offer, part, a) for a in keys}
        return {a: v for a, v in own.items() if any(_differs(v, _of(other, part, a)) for other in offered)}

    if not offer["offered"]:
        return PlanTerms(None)
    ads = offer.get("impressions")
    told = ads if any(ads != other.get("impressions") for other in offered) else None
    further = {name: value for name, value in news("further_terms").items() if not isinstance(value, str)}
    metered = bool(offer["unit_prices"])
    return PlanTerms(offer["price"], metered, news("allowances"), news("unit_prices"), told, further)


def _of(offer: Offer, part: str, ai_model: str) -> Any:
    return offer.get(part, {}).get(ai_model, "not included")


def _differs(one: Any, other: Any) -> bool:
    """Whether two allowances or unit prices differ; what is neither capped nor unlimited says nothing by itself."""
    silent = all(isinstance(value, str) and value != "unlimited" for value in (one, other))
    return one != other and not silent
