"""The terminal page of a solution."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from optimizer.answer.checks.check import CheckName, CheckVerdict
from optimizer.answer.menu import PlanChoice
from optimizer.answer.parts import compute_rows, draw_multiples, parts, usage_rows
from optimizer.answer.solution import Solution
from optimizer.answer.words import amount, bare, further_words, quantity
from optimizer.economics.figures import PART_FIGURES, unit_of
from optimizer.report.decisions import sentences
from optimizer.report.fitting import fitted
from optimizer.report.words import allowances_text, change, heading, inclusions_text, price, printable, title

CHECK_STYLES = {"pass": "green", "mark": "yellow", "undecided": "bold red"}
"""Beside the word, which tells the same without colour."""
TOO_WIDE = ("paying_customers", "gross_margin", "gpu_hours", "decision_rate")
"""Figures by part for which a terminal has no room."""


def plain_table(heading: str, *columns: str) -> Table:
    """A table without lines; numbers to the right."""
    table = Table(
        title=heading, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right", header_style="dim")
    return table


def _units(plan: PlanChoice) -> str:
    return ", ".join(f"{a} {p:.3g} {plan.unit_price_units[a]}" for a, p in plan.unit_prices.items())


def _price(p: PlanChoice, value: float | None, unit_prices: dict[str, float]) -> str:
    return "metered" if value == 0 and unit_prices else price(value)


def _menu(solution: Solution) -> Table:
    table = plain_table("Menu (usd a month)", "plan", "today", "price", "allowances today", "allowances")
    table.columns[3].justify = table.columns[4].justify = "left"
    for p in solution.menu:
        if not p.offered and not p.today_offered:
            continue
        now = _price(p, p.today_price, p.today_unit_prices) if p.today_offered else "-"
        news = _terms_changed(p)
        told = inclusions_text(p) + (f" at {_units(p)}" if p.unit_prices else "")
        style = "bold" if news or p.repriced else ""
        marks = " *" if p.notes else ""
        table.add_row(
            printable(p.title) + marks,
            now,
            _price(p, p.price, p.unit_prices),
            inclusions_text(p, today=True),
            told if news else ("as today" if p.offered else "-"),
            style=style,
        )
    return table


def _figures(solution: Solution) -> Table:
    extra = ("today's menu here",) if solution.changed_market else ()
    table = plain_table("Figures (a month)", "figure", "today", *extra, "this menu", "against today")
    for f in solution.figures:
        middle = (quantity(f.unchanged, f.unit),) if extra else ()
        table.add_row(
            title(f.name), quantity(f.today, f.unit), *middle, quantity(f.value, f.unit), change(f.change, f.unit)
        )
    return table


def _parts(solution: Solution, kind: str) -> Table:
    shown = [f for f in PART_FIGURES if f not in TOO_WIDE]
    table = plain_table(f"By {kind}", kind, "customers today", *(title(f) for f in shown))
    for name, selection in parts(solution.evaluation, kind):
        values = {f: solution.evaluation.figure(f, selection) for f in shown}
        before = solution.today.figure("customers", selection)
        if not values["customers"] and not before:
            continue
        table.add_row(name, amount(before), *(bare(values[f], unit_of(f)) for f in shown))
    return table


def _usage(solution: Solution) -> Table:
    rows = usage_rows(solution.evaluation)
    classes = list(dict.fromkeys(r["usage_class"] for r in rows))
    table = plain_table(
        "Gross margin per customer by usage class (usd a month; ! = most of the class costs more than it pays)",
        "plan",
        *classes,
    )
    for plan in solution.evaluation.plans:
        mine = {r["usage_class"]: r for r in rows if r["plan"] == plan}
        cells = []
        for name in classes:
            row = mine.get(name)
            mark = " !" if row and row["under_water_share"] > 0.5 else ""
            cells.append("-" if row is None else f"{amount(row['gross_margin_per_customer'])}{mark}")
        table.add_row(plan, *cells)
    return table


def _draws(solution: Solution) -> Text:
    told = [
        f"{plan} {'unlimited' if math.isinf(multiple) else f'{multiple:,.0f} x'}"
        for plan, multiple in draw_multiples(solution.evaluation).items()
        if multiple is not None
    ]
    return Text(f"The most a customer can draw at API prices, as a multiple of the fee: {', '.join(told) or '-'}")


def _compute(solution: Solution) -> Table:
    rows = compute_rows(solution.evaluation)
    contracted = any(row["gpus_reserved"] is not None for row in rows)
    table = plain_table("GPUs", "pool and hours", "busy", *(("reserved", "burst") if contracted else ()))
    for row in rows:
        more = ("-" if row[k] is None else amount(row[k]) for k in ("gpus_reserved", "gpus_burst"))
        table.add_row(f"{row['pool']} {row['hours']}", amount(row["gpus_busy"]), *(more if contracted else ()))
    return table


def _conditions(solution: Solution) -> Table:
    table = plain_table("Conditions", "condition", "asked", "reached", "")
    for c in solution.audit.conditions:
        unit = unit_of(c.figure)
        state = "MISSED" if not c.met else "binds" if c.binding else "met"
        table.add_row(printable(c.name), f"{c.sense} {quantity(c.bound, unit)}", quantity(c.value, unit), state)
    return table


def _terms_changed(p: PlanChoice) -> str:
    """What is new about a plan's allowances, unit prices and further terms."""
    pieces = [allowances_text(p.new_allowances)] if p.new_allowances else []
    pieces += [f"{model} {value:.3g} {p.unit_price_units[model]}" for model, value in p.new_unit_prices.items()]
    pieces += [f"{p.impressions:.3g} ads a request"] if p.new_impressions else []
    pieces += [printable(further_words(p.new_further, p.further_units))] if p.new_further else []
    return ", ".join(pieces)


def _changes(solution: Solution) -> list[str]:
    """What the menu changes, plan by plan."""
    changed = []
    for p in solution.menu:
        if p.plan in solution.undecided:
            continue
        news = _terms_changed(p)
        if p.offered and not p.today_offered:
            changed.append(f"launch {p.title} at {price(p.price)} ({news})" if news else f"launch {p.title}")
        elif p.today_offered and not p.offered:
            changed.append(f"withdraw {p.title}")
        elif p.offered and p.repriced:
            changed.append(f"{p.title} to {price(p.price)}" + (f" ({news})" if news else ""))
        elif p.offered and news:
            changed.append(f"{p.title} to {news}")
    if solution.split_moved:
        changed.append(f"{quantity(solution.enterprise_share, 'fraction')} of the go-to-market budget to enterprise")
    if solution.budget_moved and solution.budget is not None:
        changed.append(f"a go-to-market budget of {quantity(solution.budget, 'usd/month')}")
    return changed


def decision(solution: Solution) -> str:
    """The answer in one or two sentences."""
    o = solution.objective
    changed = _changes(solution)
    what = "; ".join(changed) or ("Keep today's menu" + (" otherwise" if solution.undecided else ""))
    today = {f.name: f for f in solution.figures}.get(o.name)
    against = f" (today {quantity(today.today, today.unit)})" if today else ""
    told = " ".join([f"{what[0].upper()}{what[1:]}.", *solution.undecided.values()])
    return printable(f"{told}\n{heading(o.name)}: {quantity(o.value, o.unit)}{against}.")


def check_lines(solution: Solution) -> list[tuple[str, str]]:
    """Verdict and words of the checks that matter, the undecided first, and how many passed.

    What a launch or a withdrawal is worth matters whatever the verdict.
    """
    turned = {plan for plan, word in solution.decisions.items() if word in ("launch", "withdraw")}
    shown = [
        c
        for c in solution.checks
        if c.verdict is not CheckVerdict.PASS or (c.check is CheckName.CLONE and c.plan in turned)
    ]
    shown.sort(key=lambda c: c.verdict is not CheckVerdict.UNDECIDED)
    passed = sum(c.verdict is CheckVerdict.PASS for c in solution.checks)
    lines = [(str(c.verdict), f"{title(c.check)}: {c.words}") for c in shown]
    return [*lines, ("pass", f"{passed} {'check' if passed == 1 else 'checks'} passed")]


def _checks(solution: Solution) -> list[Any]:
    """The checks in short, right under the verdict."""
    if not solution.checks:
        return []
    blocked = " (a longer ladder would do better than this menu)" if any(c.blocks for c in solution.checks) else ""
    text = Text(f"Checks{blocked}\n", style="bold")
    for verdict, words in check_lines(solution):
        text.append(f"  {verdict:<10}", style=CHECK_STYLES[verdict])
        text.append(f"{printable(words)}\n", style="not bold")
    return [text]


def change_words(row: dict[str, Any]) -> str:
    """A change in the way it is asked for."""
    sign = {"to": " = ", "times": " x", "plus": " "}[row["kind"]]
    number = f"{row['number']:+g}" if row["kind"] == "plus" else f"{row['number']:g}"
    return f"{row['path']}{sign}{number}" + (f" {row['unit']}" if row["unit"] else "")


def head(solution: Solution) -> Text:
    """Title, question, decision and verdict."""
    head = Text()
    head.append(printable(solution.title) + "\n", style="bold")
    head.append(printable(solution.question) + "\n\n", style="italic")
    head.append(decision(solution) + "\n", style="bold green")
    head.append(f"{solution.verdict_text}\n")
    asked = [change_words(row) for row in solution.changes if row["asked_by"] == "call"]
    if asked:
        head.append(printable(f"Changes asked for: {', '.join(asked)}.\n"))
    return head


def page(solution: Solution) -> Group:
    """Everything about a solution, for a terminal."""
    return Group(head(solution), rest(solution))


def rest(solution: Solution) -> Group:
    """What follows the head: checks, menu, figures."""
    blocks: list[Any] = [*_checks(solution), _menu(solution), ""]
    if solution.split_moved:
        share, before = solution.enterprise_share, solution.today_enterprise_share
        blocks += [
            f"Go-to-market budget for enterprise: {quantity(share, 'fraction')} (today {quantity(before, 'fraction')})",
            "",
        ]
    if solution.budget is not None and solution.today.budget is not None:
        size, now = (quantity(b, "usd/month") for b in (solution.budget, solution.today.budget))
        blocks += [f"Go-to-market budget: {size} (today {now}); its size is a choice, and a cost", ""]
    blocks += [_figures(solution), ""]
    leave, company = solution.leave_rates
    blocks += [
        f"Leaving a plan: {quantity(leave, '1/month')}; leaving the company: {quantity(company, '1/month')} "
        "(the second is told only)",
        "",
    ]
    for kind in ("plan", "segment", "channel"):
        blocks += [_parts(solution, kind), ""]
    blocks += [_usage(solution), "", _draws(solution), "", _compute(solution), ""]
    if solution.audit.conditions:
        blocks += [_conditions(solution), ""]
    if solution.outside_evidence:
        blocks.append(Text("* Outside the evidence", style="bold"))
        blocks += [Text(f"  {printable(note)}") for note in solution.outside_evidence]
        blocks.append("")
    warnings = [f for f in solution.findings if f.severity == "warning"]
    if warnings:
        blocks.append(Text("Warnings", style="bold"))
        blocks += [Text(f"  {printable(str(f))}") for f in warnings]
        blocks.append("")
    blocks += [Text(foot(solution), style="dim"), "", *_decided(solution)]
    return Group(*fitted(blocks))


def _decided(solution: Solution) -> list[Text]:
    """The decision once more, where a reader's eye is when all is printed: a sentence a plan, and what it comes to."""
    told = Text("Decision\n", style="bold")
    for sentence in sentences(solution):
        told.append(f"  {sentence}\n", style="not bold")
    told.append(decision(solution).rsplit("\n", 1)[1] + "\n", style="bold green")
    told.append(solution.verdict_text, style="not bold")
    return [told]


def foot(solution: Solution) -> str:
    """Where the answer comes from, in one line."""
    o = solution.objective
    spent = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in solution.seconds.items())
    versions = ", ".join(f"{name} {version}" for name, version in solution.versions.items())
    gap = "0" if o.gap == 0 else f"{o.gap:.1e}"
    return (
        f"{solution.verdict}, gap {gap}, bound {o.bound:.8g} {o.unit}; program and evaluator differ by at most "
        f"{solution.audit.largest_difference:.0e}. {spent}. {versions}. inputs {solution.input_hash[:12]}"
    )


def show(console: Console, solution: Solution) -> None:
    """Print a solution."""
    show_head(console, solution)
    show_rest(console, solution)


def show_head(console: Console, solution: Solution) -> None:
    """Print what is known before the checks are done."""
    console.print(head(solution), highlight=False)


def show_rest(console: Console, solution: Solution) -> None:
    """Print what follows the head."""
    console.print(rest(solution), highlight=False)
