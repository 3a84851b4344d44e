"""A learned market for readers: what was learned from which table, how it fits, what is open, what to test next."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from optimizer.io.saving import write_atomic
from optimizer.studies.sections import (
    Content,
    Listing,
    Note,
    NumberForm,
    PathName,
    PlanName,
    Row,
    Section,
    TextCell,
    Value,
    say,
    term_columns,
    text_table,
    words,
)
from optimizer.studies.sections import Heading as Head

if TYPE_CHECKING:
    from rich.console import Group

    from optimizer.learn.results import FittedFigure, LearnedMarket, LearnedNumber, NextTest

FAR = 2.0
"""Standard deviations from which a figure is marked as missed."""
BY_FORM = "†"
SHARES = ("fraction", "1/month")


def learned_page(learned: LearnedMarket) -> Group:
    """The terminal page."""
    from optimizer.report.pages import page

    return page(learned_sections(learned))


def learned_html(learned: LearnedMarket) -> str:
    """The page as one HTML text; the same result gives the same text."""
    from optimizer.report.html import plain_page

    title = f"What the tables say of {learned.market}"
    return plain_page(title, "Learned market", learned_sections(learned))


def write_learned_report(path: str | PathLike[str], learned: LearnedMarket) -> Path:
    """Write the HTML page; the file is replaced whole or not at all."""
    target, text = Path(path), learned_html(learned)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, text)
    return target


def learned_sections(learned: LearnedMarket) -> tuple[Section, ...]:
    """All sections, in order."""
    parts = (
        _numbers(learned), _not_identified(learned), _responses(learned), _menus(learned), _tests(learned),
        _figures(learned), _left_open(learned),
    )  # fmt: skip
    return tuple(part for part in parts if part is not None)


def _value(number: float, unit: str) -> Value:
    return Value(number, unit, NumberForm.FINE if unit in SHARES else NumberForm.PLAIN)


def _numbers(learned: LearnedMarket) -> Section:
    rows = [_number_row(n) for n in sorted(learned.identified, key=lambda n: -n.learned)]
    headings = [words("number"), Head("before"), Head("now"), Head("low"), Head("high"), Head("learned", "fraction"),
                words("chiefly from"), Head("wider without it")]  # fmt: skip
    lead = say(
        "{count} of {all} uncertain numbers were learned from {figures} figures of the tables; {known} numbers "
        "(customers, prices) were taken over as they are.",
        count=Value(len(learned.identified)), all=Value(len(learned.numbers)), figures=Value(len(learned.figures)),
        known=Value(len(learned.known)),
    )  # fmt: skip
    meaning = (
        "Low and high are a 90 % interval. Learned: the part of the variance of what was believed before that the "
        "tables took away. Chiefly from: the table without which the number would be least well known."
    )
    notes = [Note(f"{BY_FORM} No table speaks of it directly: what is known of it rests on the form of the market.")]
    marked = any(n.by_form for n in learned.identified)
    return Section("What was learned", (text_table(headings, rows), *(notes if marked else [])), (lead, meaning))


def _number_row(n: LearnedNumber) -> Row:
    values = (_value(x, n.unit) for x in (n.before[0], n.value, n.low, n.high))
    mark = BY_FORM if n.by_form else ""
    learned = Value(n.learned, "fraction")
    return (TextCell(PathName(n.path), mark=mark), *values, learned, n.table, f"x {n.wider:.1f}")


def _not_identified(learned: LearnedMarket) -> Section | None:
    left = [n for n in learned.numbers if not n.identified]
    if not left:
        return None
    some = [n for n in left if n.learned > 0.05]
    items = tuple(
        say("{path}: {learned}", path=PathName(n.path), learned=Value(n.learned, "fraction"))
        for n in sorted(some, key=lambda n: -n.learned)
    )
    lead = say("{count} numbers stay as they were assumed.", count=Value(len(left)))
    listing = [Listing(items, title="Of these the tables said a little")] if items else []
    return Section("Not identified by the data given", tuple(listing), (lead,))


def _responses(learned: LearnedMarket) -> Section | None:
    if not learned.responses:
        return None
    headings = [words("plan"), Head("before"), Head("now"), Head("spread before"), Head("spread now"),
                Head("learned", "fraction")]  # fmt: skip
    rows: list[Row] = [
        (r.plan, *(Value(x) for x in (r.before, r.value, r.before_spread, r.spread)), Value(r.learned, "fraction"))
        for r in learned.responses
    ]
    lead = "Of customers, to the plan's own price in the long run. Spreads are standard deviations."
    return Section("Elasticities", (text_table(headings, rows),), (lead,))


def _menus(learned: LearnedMarket) -> Section | None:
    if not learned.menus:
        return None
    titles = {name: plan.title for name, plan in learned.case_model.inputs.market.plans.items()}
    menus, shares = [c.offers for c in learned.menus], [c.enterprise_share for c in learned.menus]
    headings, cells = term_columns(menus, shares, titles)
    rows: list[Row] = [(c.world, *cell) for c, cell in zip(learned.menus, cells, strict=True)]
    lead: Content = "The menu that the case recommends in the learned market, and in draws of what is left open."
    if len({tuple(map(repr, row[1:])) for row in rows}) == 1:
        return Section("How far the menu moves", (Note("It is the same in all of them."),), (lead,))
    return Section("How far the menu moves", (text_table([words("market"), *headings], rows),), (lead,))


def _tests(learned: LearnedMarket) -> Section | None:
    if not learned.next_tests:
        return None
    items = tuple(_test(t, learned) for t in learned.next_tests)
    lead = "A test of two prices that would halve what is not known of how the plan's take-up answers to its price."
    return Section("What to measure next", (Listing(items),), (lead,))


def _test(t: NextTest, learned: LearnedMarket) -> Content:
    plan = PlanName(t.plan, learned.case_model.inputs.market.plans[t.plan].title)
    return say(
        "{plan} at {price} and at {other}: {visitors} visitors an arm, of whom about {taken} take it (elasticity of "
        "take-up known to {spread} now).",
        plan=plan, price=Value(t.price, "usd/month"), other=Value(t.other_price, "usd/month"),
        visitors=f"{t.visitors:,.0f}", taken=f"{t.sign_ups:,.0f}", spread=f"+- {t.spread:.2g}",
    )  # fmt: skip


def _figures(learned: LearnedMarket) -> Section:
    headings = [words("table"), words("figure"), Head("observed"), Head("fitted"), Head("error", "fraction"),
                Head("deviations")]  # fmt: skip
    rows = [_figure_row(f) for f in learned.figures]
    lead = "Error: standard error of what was observed. Deviations: fitted less observed, in standard deviations."
    return Section("Observed against fitted", (text_table(headings, rows),), (lead,))


def _figure_row(f: FittedFigure) -> Row:
    far = "strong" if abs(f.deviations) > FAR else ""
    return (
        f.table, f.about, _value(f.observed, f.unit), _value(f.fitted, f.unit), Value(f.error, "fraction"),
        TextCell(f"{f.deviations:+.1f}", far),
    )  # fmt: skip


def _left_open(learned: LearnedMarket) -> Section | None:
    says = "the learned market does not pass; it is told, and no longer stops a run"
    missed = [f"{check}: {says}" for check in learned.missed]
    unused = [str(f) for f in learned.findings]
    found = (("Checks of the market's evidence", missed), ("What of the tables was not used", unused))
    blocks = tuple(Listing(tuple(items), title=title) for title, items in found if items)
    return Section("What to look at", blocks) if blocks else None
