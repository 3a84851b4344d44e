"""The page of an answer over months: the same sections as a study's, around charts of the path."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from optimizer.answer.path import PathSolution
from optimizer.answer.path_bridge import margin_bridge, parts_in_use
from optimizer.economics.figures import unit_of
from optimizer.io.saving import write_atomic
from optimizer.report.html import TEMPLATES, Gallery, environment, runtime, script_hash
from optimizer.report.html_sections import sections_of
from optimizer.report.path_text import (
    HOUR_PRICES,
    change_told,
    decision_of,
    foot_of,
    offer,
    result_of,
    shown_months,
    told_conditions,
)
from optimizer.report.words import printable
from optimizer.studies.sections import (
    Block,
    Content,
    Drawing,
    FigureName,
    Heading,
    Listing,
    Note,
    NumberForm,
    PlanName,
    Row,
    Section,
    Value,
    say,
    text_table,
    words,
)
from optimizer.units import display

FIGURES = (
    "contribution_margin", "revenue", "serving_cost", "gross_margin_rate", "market_share", "customers",
    "paying_customers", "gpu_hours",
)  # fmt: skip


def path_sections(solution: PathSolution) -> tuple[Section, ...]:
    """What there is to tell of a path, as plain data."""
    found = [
        Section("Menus by stage", (Drawing("menus", caption="Fees in usd a month; blue is new."), _menus(solution))),
        Section("Customers by plan", (Drawing(),)),
        Section("Money, month by month", (Drawing("figure", {"figure": "contribution_margin"}),
                                          Drawing("figure", {"figure": "gross_margin_rate"}), _figures(solution))),
        Section("The margin from quarter to quarter", (Drawing("bridge"), _bridge(solution)), (
            "Means of a quarter's months. A part is what it adds to the contribution margin since the quarter "
            "before; the black mark is their sum.",
        )),
        Section("Compute", (Drawing("figure", {"figure": "gpu_hours"}),)),
    ]  # fmt: skip
    if solution.gpus is not None:
        orders = [_orders(solution)] if solution.orders else []
        found.append(Section("GPUs at hand", (Drawing("gpus"), *orders, _gpus(solution)), (
            "An hour of one more GPU is worth, in the objective, the price at which the proof balances what menus need "
            "with what can be had: an order pays where its rent is lower over its months.",
        )))  # fmt: skip
    if solution.cash is not None:
        found.append(Section("Cash", (_cash(solution),)))
    if solution.worth:
        found.append(Section("What a customer of today is worth", (_worth(solution),), (
            "Discounted, more than the same person with the alternatives.",
        )))  # fmt: skip
    if solution.conditions:
        found.append(Section("Conditions", (_conditions(solution),)))
    worlds = [_world(w.month, w.title, w.changes) for w in solution.timeline.asked.worlds]
    if worlds:
        found.append(Section("What changes meanwhile", (Listing(tuple(worlds)),)))
    return (*found, Section("Verdict and provenance", (Note(foot_of(solution)),)))


def _menus(solution: PathSolution) -> Block:
    headings = [words("plan"), words("today"), *(words(f"from month {s.months.start}") for s in solution.stages)]
    rows: list[Row] = []
    for k, plan in enumerate(solution.stages[0].menu):
        offers = [stage.menu[k] for stage in solution.stages]
        if plan.today_offered or any(p.offered for p in offers):
            now = offer(plan, True) if plan.today_offered else "-"
            rows.append(
                (PlanName(plan.plan, plan.title), now, *(offer(p, False) if p.offered else "-" for p in offers))
            )
    return text_table(headings, rows)


def _figures(solution: PathSolution) -> Block:
    months = shown_months(solution)
    headings = [words("figure"), Heading("today"), *(Heading(f"month {t}") for t in months), Heading("held, last")]
    rows: list[Row] = []
    for name in FIGURES:
        unit = unit_of(name)
        values = [solution.today.figure(name), *(solution.figure(name, t) for t in months),
                  solution.held_series(name)[-1]]  # fmt: skip
        money = display(unit).what == "usd"  # told once, with the name: months need the room
        label = say("{figure}, usd", figure=FigureName(name)) if money else FigureName(name)
        rows.append((label, *(Value(value, "1" if money else unit) for value in values)))
    return text_table(headings, rows)


def _bridge(solution: PathSolution) -> Block:
    steps = margin_bridge(solution)
    parts = parts_in_use(steps)
    levels = [Heading(name, "usd/month") for name in ("contribution margin", "gross margin")]
    added = [Heading(part, "usd/month") for part in parts]
    headings = [words("months"), *added, *levels, Heading("gross margin of revenue")]
    rows: list[Row] = []
    for step in steps:
        told = [Value(step.added.get(part), "usd/month", NumberForm.SIGNED) for part in parts]
        margins = Value(step.contribution_margin, "usd/month"), Value(step.gross_margin, "usd/month")
        rows.append((step.label, *told, *margins, Value(step.gross_margin_rate, "fraction")))
    return text_table(headings, rows)


def _cash(solution: PathSolution) -> Block:
    months, cash = shown_months(solution), solution.cash or []
    headings = [words(""), *(Heading(f"month {t}") for t in months)]
    return text_table(headings, [("cash, end of month", *(Value(cash[t - 1], "usd") for t in months))])


def _orders(solution: PathSolution) -> Block:
    headings = [words("offer"), Heading("ordered in month"), Heading("lots"), Heading("GPUs")]
    rows: list[Row] = [(printable(o.offer), Value(o.month, "1"), Value(o.lots, "1"), Value(o.gpus, "GPU"))
                       for o in solution.orders]  # fmt: skip
    return text_table(headings, rows)


def _gpus(solution: PathSolution) -> Block:
    months, gpus = shown_months(solution), solution.gpus or []
    headings = [words(""), *(Heading(f"month {t}") for t in months)]
    told = {"at hand": "at_hand", "what they carry, in today's GPUs": "carry", "busy at the peak": "busy"}
    rows: list[Row] = [(name, *(Value(gpus[t - 1][key], "GPU") for t in months)) for name, key in told.items()]
    if solution.gpu_prices:
        rows += [(name, *(Value(getattr(solution.gpu_prices[t - 1], key), "usd") for t in months))
                 for key, name in HOUR_PRICES.items()]  # fmt: skip
    return text_table(headings, rows)


def _worth(solution: PathSolution) -> Block:
    titles = {p.plan: p.title for p in solution.stages[0].menu}
    names = ("worth", "fees", "advertising", "cost", "later on other plans")
    headings = [words("plan"), Heading("customers"), *(Heading(name, "usd") for name in names)]
    rows: list[Row] = [
        (PlanName(w.plan, titles[w.plan]), Value(w.customers, "customers"),
         *(Value(part, "usd") for part in (w.value, w.fees, w.advertising, w.cost, w.later)))
        for w in solution.worth if w.segment is None
    ]  # fmt: skip
    return text_table(headings, rows)


def _conditions(solution: PathSolution) -> Block:
    rows: list[Row] = []
    for c in told_conditions(solution):
        unit = unit_of(c.figure)
        state = "missed" if not c.met else "binds" if c.binding else "met"
        rows.append((printable(c.name), c.sense, Value(c.bound, unit), Value(c.value, unit), state))
    headings = [words("condition"), words(""), Heading("asked"), Heading("reached"), words("")]
    return text_table(headings, rows)


def _world(month: int, title: str | None, changes: Any) -> Content:
    told = ", ".join(change_told(path, c.model_dump(exclude_none=True)) for path, c in changes.items())
    return printable(f"From month {month}: {title + ': ' if title else ''}{told}")


def path_html(solution: PathSolution) -> str:
    """The page as one HTML text."""
    gallery = Gallery()
    sections = sections_of(path_sections(solution), solution, gallery.add)
    app, css = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.js", "report.css"))
    return (
        environment()
        .get_template("path.html")
        .render(
            s=solution,
            heading=printable(solution.title),
            question=printable(solution.question),
            what=decision_of(solution),
            result=result_of(solution),
            sections=sections,
            contents_of=[(s.anchor, "".join(phrase.text for phrase in s.title)) for s in sections],
            css=css,
            style_hash=script_hash(css),
            runtime=runtime(),
            app=app,
            hashes=f"{script_hash(runtime())} {script_hash(app)}",
        )
    )


def write_path_report(path: str | PathLike[str], solution: PathSolution) -> Path:
    """Write the page; the file is replaced whole or not at all."""
    target, text = Path(path), path_html(solution)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, text)
    return target
