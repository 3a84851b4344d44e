"""The report's tables and lists as plain rows of text; the template escapes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from optimizer.answer.menu import PlanChoice
from optimizer.answer.parts import parts
from optimizer.answer.solution import ObjectiveValue, Solution
from optimizer.economics.figures import TILES, unit_of
from optimizer.report.charts.studies import driver_name, leading, menu_groups
from optimizer.report.figures import definition, glossary
from optimizer.report.text import allowances_text as allowance_words
from optimizer.report.words import amount, bare, change, exact, heading, price, printable, quantity, stated, title
from optimizer.studies.compare import Comparison
from optimizer.studies.explain import Explanation
from optimizer.studies.sensitivity import Tornado
from optimizer.units import display

GRADES = {
    "1": "maker's own page or filing",
    "2": "named press",
    "3": "retelling, used as a range",
    "D": "derived by arithmetic",
}


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
    return HtmlCell(printable(heading(name) if text is None else text), hint=definition(name))


def _usd(unit: str) -> str:
    """What a heading adds where the numbers below it are money without a unit."""
    return ", usd" if display(unit).what == "usd" else ""


def shift(value: float, unit: str) -> HtmlCell:
    """A change against today."""
    return HtmlCell(change(value, unit) or "-")


def tiles(solution: Solution) -> list[dict[str, Any]]:
    """The figures a board looks at first."""
    known = {f.name: f for f in solution.figures}
    return [
        {
            "name": named(name),
            "value": quantity(known[name].value, known[name].unit),
            "change": change(known[name].change, known[name].unit),
            "today": quantity(known[name].today, known[name].unit),
        }
        for name in dict.fromkeys((solution.objective.name, *TILES))
        if name in known
    ][:6]


def _terms(offered: bool, allowances: dict[str, Any], units: dict[str, float], words: dict[str, str]) -> str:
    if not offered:
        return "-"
    told = allowance_words(allowances)
    metered = ", ".join(f"{model} {value:.3g} {words[model]}" for model, value in units.items())
    return "; ".join(piece for piece in (told, metered) if piece) or "-"


def menu_table(solution: Solution) -> HtmlTable:
    """Today's and the proposed terms of every plan."""
    rows: list[list[Any]] = []
    for p in solution.menu:
        if not p.offered and not p.today_offered:
            continue
        before = _terms(p.today_offered, p.today_allowances, p.today_unit_prices, p.unit_price_units)
        after = _terms(p.offered, p.allowances, p.unit_prices, p.unit_price_units)
        was = _fee(p.today_offered, p.today_price, bool(p.today_unit_prices))
        now = _fee(p.offered, p.price, bool(p.unit_prices))
        name = p.title + (" *" if p.notes else "")
        kept = p.offered == p.today_offered and not p.new_allowances and not p.new_unit_prices
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
        values = (f.today, f.unchanged, f.value) if extra else (f.today, f.value)
        label = named(f.name, heading(f.name) + _usd(f.unit))
        rows.append([label, *(bare(v, f.unit) for v in values), shift(f.change, f.unit)])
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
            cells.append(f"{before} → {after}")
        rows.append(cells)
    return table(["Plan", *(named(f, heading(f) + _usd(unit_of(f))) for f in shown)], rows, cards=True)


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


def costs_table(explanation: Explanation) -> HtmlTable:
    """What binding conditions cost: the objective solved anew with the bound moved."""
    objective = explanation.solution.objective
    found = {(r["move"], r["condition"], r["sense"]): r["change"] for r in explanation.condition_costs}
    names = list(dict.fromkeys((condition, sense) for _, condition, sense in found))
    moves = list(dict.fromkeys(move for move, _, _ in found))
    rows = [[f"{m:+.0%}", *(_moved(found.get((m, *name)), objective) for name in names)] for m in moves]
    return table(["Bound moved by", *(f"{title(condition)}, {sense}" for condition, sense in names)], rows)


def _moved(value: float | None, objective: ObjectiveValue) -> str:
    if value is None:
        return "no menu"
    if abs(value) <= 1e-9 * abs(objective.value):
        return "0"
    return f"{'+' if value > 0 else ''}{quantity(value, objective.unit)}"


def runners_table(explanation: Explanation) -> HtmlTable:
    """Menus within 1 % and where they differ."""
    titles = {p.plan: p.title for p in explanation.solution.menu}
    chosen = {p.plan: p for p in explanation.solution.menu}
    rows: list[list[Any]] = []
    for r in explanation.runners_up:
        pieces = []
        for plan, terms in r["differs"].items():
            if not isinstance(terms, dict):
                pieces.append(f"{title(plan)} {quantity(terms, 'fraction')}")
                continue
            pieces.append(f"{titles.get(plan, plan)} {_runner(terms, chosen.get(plan))}")
        behind = f"{r['behind']:.2%}" if r["behind"] >= 5e-5 else "< 0.01%"
        told = HtmlCell(printable("; ".join(pieces)), style="strong")
        rows.append([told, quantity(r["value"], explanation.solution.objective.unit), behind])
    return table(["Differs in", named(explanation.solution.objective.name), "Behind"], rows, cards=True)


def _runner(terms: dict[str, Any], chosen: PlanChoice | None) -> str:
    if terms["price"] is None:
        return "not offered"
    units = terms.get("unit_prices") or {}
    if terms["price"] == 0 and units:
        return ", ".join(f"{model} {value:.3g}" for model, value in units.items())
    if chosen is not None and chosen.allowances == terms["allowances"]:
        return price(terms["price"])
    return f"{price(terms['price'])} ({allowance_words(terms['allowances'])})"


def scenario_list(comparison: Comparison) -> list[str]:
    """Scenario titles in the order of the columns."""
    return [
        printable(comparison.titles[s]) + (" (no menu meets the conditions)" if s in comparison.infeasible else "")
        for s in comparison.scenarios
    ]


def scenario_table(comparison: Comparison, solution: Solution) -> HtmlTable:
    """Each distinct menu's expected value and largest regret."""
    unit = comparison.unit
    rows: list[list[Any]] = []
    for label, menu in menu_groups(comparison):
        marks = [
            word
            for word, same in (("least regret", comparison.least_regret), ("best expected", comparison.best_expected))
            if comparison.terms[menu] == comparison.terms[same] and comparison.shares[menu] == comparison.shares[same]
        ]
        if comparison.terms[menu] == solution.terms and comparison.shares[menu] == solution.enterprise_share:
            marks.insert(0, "proposed")
        worst, mean = (bare(v, unit) for v in (comparison.maximum_regret(menu), comparison.expected(menu)))
        rows.append([label, mean, worst, HtmlCell(", ".join(marks), style="changed words")])
    return table(["Menu", f"Expected value{_usd(unit)}", f"Largest regret{_usd(unit)}", ""], rows)


def driver_table(tornado: Tornado, solution: Solution) -> HtmlTable:
    """Where the numbers that matter most come from."""
    sources = _sources(solution)
    rows: list[list[Any]] = []
    for d in leading(tornado):
        rows.append(
            [
                HtmlCell(printable(driver_name(d.path)), style="strong"),
                HtmlCell(printable(stated(d.value, d.unit)), style="words"),
                f"{bare(d.low, d.unit)} to {bare(d.high, d.unit)}",
                quantity(d.swing(tornado.base), tornado.unit),
                _evidence(d.assumed, d.why, sources),
            ]
        )
    return table(["Number", "Used", "Could be", "Moves the result by", "Evidence"], rows, 5, cards=True)


def _sources(solution: Solution) -> dict[str, Any]:
    stated = json.loads(solution.inputs).get("market")
    found = stated.get("sources") if isinstance(stated, dict) else None
    return found if isinstance(found, dict) else {}


def _evidence(assumed: bool, why: str, sources: dict[str, Any]) -> HtmlCell:
    if assumed:
        return HtmlCell(printable(why), style="small", tag="assumed")
    source = sources.get(why)
    if source is None:
        return HtmlCell(printable(why), style="small")
    grade = f" (grade {source['grade']}: {GRADES.get(source['grade'], '')})"
    return HtmlCell(printable(source["text"] + grade), href=safe_link(source.get("url")), style="small")


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
