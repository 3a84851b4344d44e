"""The report's tables and lists as plain rows of text; the template escapes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from optimizer.answer.checks.check import Checked, CheckVerdict
from optimizer.answer.menu import PlanChoice
from optimizer.answer.parts import market_places, parts
from optimizer.answer.solution import Solution
from optimizer.answer.words import amount, bare, quantity
from optimizer.economics.figures import TILES, is_figure, known_as, unit_of
from optimizer.report.figures import definition, glossary
from optimizer.report.pieces import with_unit
from optimizer.report.words import change, exact, heading, inclusions_text, price, printable, title
from optimizer.units import display

CHECK_WORDS = {CheckVerdict.UNDECIDED: "undecided", CheckVerdict.MARK: "to know of", CheckVerdict.PASS: "passed"}
"""In the order in which they are told."""
CHECK_SIGNS = {CheckVerdict.PASS: "\u2713", CheckVerdict.MARK: "!", CheckVerdict.UNDECIDED: "?"}


@dataclass(frozen=True)
class HtmlCell:
    """A table cell: text, and where wanted an address and a style."""

    text: str
    href: str | None = None
    style: str = ""
    tag: str = ""
    """A mark before the text."""
    hint: str = ""
    """What a reader sees who points at the text."""
    figure: str = ""
    """The figure that it names or is the value of, which can be asked about on the live page."""
    plan: str = ""
    """Of that figure's value: of a plan."""


@dataclass(frozen=True)
class HtmlTable:
    """Columns (text left, numbers right) and rows."""

    columns: tuple[HtmlCell, ...]
    rows: tuple[tuple[HtmlCell, ...], ...]
    left: int = 1
    """Columns from the left that hold text."""
    cards: bool = False
    """On a narrow screen each row becomes a card."""


def table(columns: list[Any], rows: list[list[Any]], left: int = 1, cards: bool = False) -> HtmlTable:
    """A table of texts and cells."""
    return HtmlTable(_cells(columns), tuple(_cells(row) for row in rows), left, cards)


def _cells(row: list[Any]) -> tuple[HtmlCell, ...]:
    return tuple(c if isinstance(c, HtmlCell) else HtmlCell(printable(str(c))) for c in row)


def named(name: str, text: str | None = None) -> HtmlCell:
    """A figure by its heading (or another text), with its definition for whoever points at it."""
    return HtmlCell(
        printable(heading(name) if text is None else text),
        hint=definition(name),
        figure=known_as(name) if is_figure(name) else "",
    )


def shift(value: float, unit: str) -> HtmlCell:
    """A change against today."""
    return HtmlCell(change(value, unit) or "-")


def tiles(solution: Solution) -> list[dict[str, Any]]:
    """The figures a board looks at first."""
    known = {f.name: f for f in solution.figures}
    return [
        {
            "name": named(name),
            "value": HtmlCell(quantity(known[name].value, known[name].unit), figure=name),
            "change": change(known[name].change, known[name].unit),
            "today": quantity(known[name].today, known[name].unit),
        }
        for name in dict.fromkeys((solution.objective.name, *TILES))
        if name in known
    ][:6]


def _terms(p: PlanChoice, today: bool) -> str:
    if not (p.today_offered if today else p.offered):
        return "-"
    told, units = inclusions_text(p, today), p.today_unit_prices if today else p.unit_prices
    metered = ", ".join(f"{model} {value:.3g} {p.unit_price_units[model]}" for model, value in units.items())
    return "; ".join(piece for piece in (told, metered) if piece) or "-"


def menu_table(solution: Solution) -> HtmlTable:
    """Today's and the proposed terms of every plan."""
    rows: list[list[Any]] = []
    for p in solution.menu:
        if not p.offered and not p.today_offered:
            continue
        before, after = _terms(p, today=True), _terms(p, today=False)
        before += f"; {p.today_impressions:.3g} ads a request" if p.today_offered and p.today_impressions else ""
        after += f"; {p.impressions:.3g} ads a request" if p.impressions or p.new_impressions else ""
        was = _fee(p.today_offered, p.today_price, bool(p.today_unit_prices))
        now = _fee(p.offered, p.price, bool(p.unit_prices))
        name = p.title + (" *" if p.notes else "")
        kept = p.offered == p.today_offered and not p.renewed
        rows.append(
            [
                HtmlCell(printable(name), style="strong"),
                HtmlCell(was),
                HtmlCell(now, style="changed" if p.repriced else ""),
                HtmlCell(before, style="small"),
                HtmlCell("as today" if kept else after, style="small" if kept else "small changed"),
            ]
        )
    if solution.split_moved:
        shares = [quantity(s, "fraction") for s in (solution.today_enterprise_share, solution.enterprise_share)]
        label = HtmlCell("Go-to-market budget for enterprise", style="strong")
        rows.append([label, shares[0], HtmlCell(shares[1], style="changed"), HtmlCell("", style="small"), HtmlCell("")])
    if solution.budget_moved and solution.budget is not None and solution.today.budget is not None:
        sizes = [quantity(b, "usd/month") for b in (solution.today.budget, solution.budget)]
        label = HtmlCell("Go-to-market budget", style="strong")
        rows.append([label, sizes[0], HtmlCell(sizes[1], style="changed"), HtmlCell("", style="small"), HtmlCell("")])
    return table(["Plan", "Fee today", "Fee proposed", "Included today", "Included proposed"], rows, 5, cards=True)


def _fee(offered: bool, fee: float | None, metered: bool) -> str:
    if not offered:
        return "not offered"
    return "metered" if fee == 0 and metered else price(fee)


def figures_table(solution: Solution) -> HtmlTable:
    """Every headline figure against today."""
    extra = ["Today's menu here"] if solution.changed_market else []
    rows: list[list[Any]] = []
    for f in solution.figures:
        values = (f.today, f.unchanged) if extra else (f.today,)
        label = named(f.name, heading(f.name) + with_unit(f.unit))
        proposed = HtmlCell(bare(f.value, f.unit), figure=f.name)
        rows.append([label, *(bare(v, f.unit) for v in values), proposed, shift(f.change, f.unit)])
    return table(["Figure", "Today", *extra, "Proposed", "Change"], rows)


def parts_table(solution: Solution, kind: str) -> HtmlTable:
    """Customers, revenue and contribution by plan, today and proposed."""
    shown = ("customers", "revenue", "contribution_margin")
    titles = {p.plan: p.title for p in solution.menu}
    rows: list[list[Any]] = []
    for name, selection in parts(solution.evaluation, kind):
        cells: list[Any] = [HtmlCell(printable(titles.get(name, name)), style="strong")]
        for figure in shown:
            before, after = (
                bare(e.figure(figure, selection), unit_of(figure)) for e in (solution.today, solution.evaluation)
            )
            cells.append(HtmlCell(f"{before} → {after}", figure=figure, plan=name if kind == "plan" else ""))
        rows.append(cells)
    return table(["Plan", *(named(f, heading(f) + with_unit(unit_of(f))) for f in shown)], rows, cards=True)


def market_table(solution: Solution) -> HtmlTable:
    """Every plan on the market: what its customers pay on average, and how many they are, today and proposed."""
    rows: list[list[Any]] = []
    for r in market_places(solution.today, solution.evaluation):
        paid, before = ("-" if r[k] is None else amount(r[k]) for k in ("paid_a_month", "paid_a_month_today"))
        money = paid if paid == before else f"{before} → {paid}"
        name = HtmlCell(printable(r["title"]), style="strong" if r["whose"] == "ours" else "words")
        rows.append([name, money, f"{amount(r['today'])} → {amount(r['customers'])}"])
    return table(["Plan (ours in bold)", "Paid a customer, usd a month", "Customers, today → proposed"], rows)


def checks_table(solution: Solution) -> HtmlTable | None:
    """All checks, those that say most first; None where there are none."""
    return _checks(solution.checks)


def told_checks(solution: Solution) -> HtmlTable | None:
    """Of every kind of check that did not pass the row that weighs most, and how many more there are."""
    told: list[Checked] = []
    for verdict in (CheckVerdict.UNDECIDED, CheckVerdict.MARK):
        for check in dict.fromkeys(c.check for c in solution.checks if c.verdict is verdict):
            rows = [c for c in solution.checks if c.verdict is verdict and c.check is check]
            most = max(rows, key=lambda c: abs(c.value or 0.0))
            more = f" And {len(rows) - 1} more like it." if len(rows) > 1 else ""
            told.append(replace(most, words=most.words + more))
    return _checks(told)


def check_counts(solution: Solution) -> str:
    """How many checks passed, and how many did not."""
    counts = [(sum(c.verdict is v for c in solution.checks), word) for v, word in CHECK_WORDS.items()]
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def _checks(checks: Sequence[Checked]) -> HtmlTable | None:
    rows: list[list[Any]] = [
        [
            HtmlCell(f"{CHECK_SIGNS[c.verdict]} {c.verdict}", style=f"check {c.verdict}"),
            title(c.check),
            HtmlCell(printable(c.words), style="words small"),
        ]
        for c in sorted(checks, key=lambda c: list(CHECK_WORDS).index(c.verdict))
    ]
    return table(["Verdict", "Check", "What it found"], rows, 3, cards=True) if rows else None


def compute_table(solution: Solution, rows: list[dict[str, Any]]) -> HtmlTable | None:
    """GPUs busy, reserved and burst; None where compute is paid as used."""
    if all(row["gpus_reserved"] is None for row in rows):
        return None
    gpus = ("gpus_busy", "gpus_reserved", "gpus_burst")
    told = [[f"{r['pool']} {r['hours']}", *("-" if r[k] is None else amount(r[k]) for k in gpus)] for r in rows]
    return table(["Pool and hours", "GPUs busy", "Reserved", "On demand beyond"], told)


def conditions_table(solution: Solution) -> HtmlTable:
    """What was asked and what is reached."""
    rows: list[list[Any]] = []
    for c in solution.audit.conditions:
        unit = unit_of(c.figure)
        part = "" if c.part == "total" else f" ({title(c.part)})"
        asked = f"{c.sense} {quantity(c.bound, unit)}"
        word = "missed" if not c.met else "binds" if c.binding else "met"
        state = HtmlCell(word, style="" if word == "met" else "changed")
        rows.append([named(c.figure, title(c.name) + part), asked, quantity(c.value, unit), state])
    return table(["Condition", "Asked", "Reached", ""], rows)


def safe_link(url: str | None) -> str | None:
    """An address a reader may click on; anything but the web's own schemes stays text."""
    if not url or not url.isprintable():
        return None
    try:
        parts_of = urlsplit(url)
    except ValueError:
        return None
    return url if parts_of.scheme in ("http", "https") and parts_of.netloc else None


def provenance(solution: Solution) -> list[tuple[str, str]]:
    """What was computed, from what, by what."""
    o = solution.objective
    gap = "0" if o.gap == 0 else f"{o.gap:.1e}"
    stages = [
        (f"Stage: {title(s.name)}", f"{quantity(s.value, s.unit)}, gap {s.gap:.1e}") for s in solution.stages[:-1]
    ]
    return [
        ("Verdict", solution.verdict_text),
        ("Menus allowed by the case", f"{solution.menus:,}"),
        *stages,
        (
            "Value, bound, gap",
            f"{exact(o.value, o.unit)}, {exact(o.bound, o.unit)} {display(o.unit).words}, {gap} relative",
        ),
        ("Program against evaluator", f"largest relative difference {solution.audit.largest_difference:.0e}"),
        ("Case", printable(solution.case)),
        ("Inputs (hash)", solution.input_hash),
        ("Versions", ", ".join(f"{name} {version}" for name, version in solution.versions.items())),
    ]


def glossary_of(solution: Solution) -> list[tuple[str, str]]:
    """Heading and definition of every figure that the answer tells or that the case is about."""
    asked = [s.name for s in solution.stages] + [c.figure for c in solution.audit.conditions]
    return [(heading(name), told) for name, told in glossary([*(f.name for f in solution.figures), *asked])]
