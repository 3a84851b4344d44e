"""The terminal page of a solution."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from optimizer.errors import Finding
from optimizer.report.words import amount, change, price, printable, quantity, title
from optimizer.results import PlanChoice, Solution, compute_rows, draw_multiples, parts, usage_rows


def _table(heading: str, *columns: str) -> Table:
    table = Table(
        title=heading, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right", header_style="dim")
    return table


def _allowances(found: dict[str, Any]) -> str:
    pieces = []
    for model, value in found.items():
        if isinstance(value, str):
            pieces.append(f"{model} {value}")
        else:
            pieces.append(f"{model} " + " and ".join(f"{amount(cap)}/{window}" for window, cap in value.items()))
    return printable(", ".join(pieces))


def _units(plan: PlanChoice) -> str:
    return ", ".join(f"{a} {p:.3g} {plan.unit_price_units[a]}" for a, p in plan.unit_prices.items())


def _menu(solution: Solution) -> Table:
    table = _table("Menu (usd a month)", "plan", "today", "price", "allowances today", "allowances")
    table.columns[3].justify = table.columns[4].justify = "left"
    for p in solution.menu:
        if not p.offered and not p.today_offered:
            continue
        marks = " *" if p.notes else ""
        now = "-" if not p.today_offered else price(p.today_price)
        chosen = _allowances(p.allowances) + (f" at {_units(p)}" if p.unit_prices else "")
        before = _allowances(p.today_allowances)
        style = "bold" if (p.price, p.allowances) != (p.today_price, p.today_allowances) else ""
        same = p.allowances == p.today_allowances and not p.unit_prices
        table.add_row(
            printable(p.title) + marks, now, price(p.price), before, "as today" if same else chosen, style=style
        )
    return table


def _figures(solution: Solution) -> Table:
    extra = ("today's menu here",) if solution.changed_market else ()
    table = _table("Figures (a month)", "figure", "today", *extra, "this menu", "against today")
    for f in solution.figures:
        middle = (quantity(f.unchanged, f.unit),) if extra else ()
        table.add_row(
            title(f.name), quantity(f.today, f.unit), *middle, quantity(f.value, f.unit), change(f.change, f.unit)
        )
    return table


def _parts(solution: Solution, kind: str) -> Table:
    shown = (
        "customers",
        "revenue",
        "serving_cost",
        "contribution_margin",
        "gross_margin_rate",
        "churn_rate",
        "cap_binding_share",
    )
    table = _table(f"By {kind}", kind, "customers today", *(title(f) for f in shown))
    for name, selection in parts(solution.evaluation, kind):
        values = {f: solution.evaluation.figure(f, selection) for f in shown}
        before = solution.today.figure("customers", selection)
        if not values["customers"] and not before:
            continue
        units = {"gross_margin_rate": "fraction", "churn_rate": "fraction", "cap_binding_share": "fraction"}
        table.add_row(
            name, amount(before), *(quantity(values[f], units[f]) if f in units else amount(values[f]) for f in shown)
        )
    return table


def _usage(solution: Solution) -> Table:
    rows = usage_rows(solution.evaluation)
    classes = list(dict.fromkeys(r["usage_class"] for r in rows))
    table = _table(
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
    table = _table("GPUs", "pool and hours", "busy", *(("reserved", "burst") if contracted else ()))
    for row in rows:
        more = ("-" if row[k] is None else amount(row[k]) for k in ("gpus_reserved", "gpus_burst"))
        table.add_row(f"{row['pool']} {row['hours']}", amount(row["gpus_busy"]), *(more if contracted else ()))
    return table


def _conditions(solution: Solution) -> Table:
    table = _table("Conditions", "condition", "asked", "reached", "")
    for c in solution.audit.conditions:
        unit = "fraction" if "rate" in c.figure or "share" in c.figure else ""
        state = "binds" if c.binding else "met"
        table.add_row(printable(c.name), f"{c.sense} {quantity(c.bound, unit)}", quantity(c.value, unit), state)
    return table


def decision(solution: Solution) -> str:
    """The answer in one or two sentences."""
    changed = []
    for p in solution.menu:
        if p.offered and not p.today_offered:
            changed.append(f"launch {p.title} at {price(p.price)}")
        elif p.today_offered and not p.offered:
            changed.append(f"withdraw {p.title}")
        elif p.price != p.today_price:
            changed.append(f"{p.title} to {price(p.price)}")
        elif p.offered and (p.allowances != p.today_allowances):
            changed.append(f"{p.title} at {price(p.price)} with other allowances")
    if solution.enterprise_share != solution.today_enterprise_share:
        changed.append(f"{quantity(solution.enterprise_share, 'fraction')} of the go-to-market budget to enterprise")
    o = solution.objective
    what = "; ".join(changed) if changed else "Keep today's menu"
    what = what[0].upper() + what[1:]
    today = {f.name: f for f in solution.figures}.get(o.name)
    against = f" (today {quantity(today.today, today.unit)})" if today else ""
    return printable(f"{what}.\n{title(o.name).capitalize()}: {quantity(o.value, o.unit)}{against}.")


def page(solution: Solution) -> Group:
    """Everything about a solution, for a terminal."""
    head = Text()
    head.append(printable(solution.title) + "\n", style="bold")
    head.append(printable(solution.question) + "\n\n", style="italic")
    head.append(decision(solution) + "\n", style="bold green")
    head.append(f"{solution.verdict_text}\n")
    blocks: list[Any] = [head, _menu(solution), ""]
    if solution.enterprise_share != solution.today_enterprise_share:
        share, before = solution.enterprise_share, solution.today_enterprise_share
        blocks += [
            f"Go-to-market budget for enterprise: {quantity(share, 'fraction')} (today {quantity(before, 'fraction')})",
            "",
        ]
    blocks += [_figures(solution), ""]
    leave, company = solution.leave_rates
    blocks += [
        f"Leaving a plan: {quantity(leave, '1/month')}; leaving the company: {quantity(company, '1/month')} "
        "(told, not constrained)",
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
    blocks.append(Text(foot(solution), style="dim"))
    return Group(*blocks)


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


def findings_text(findings: list[Finding] | tuple[Finding, ...]) -> str:
    """Findings, a line each."""
    return "\n".join(f"{f.severity}: {printable(str(f))}" for f in findings)


def show(console: Console, solution: Solution) -> None:
    """Print a solution."""
    console.print(page(solution), highlight=False)
