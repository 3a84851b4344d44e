"""The terminal page of an answer over months."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from optimizer.answer.audit import ConditionCheck
from optimizer.answer.menu import PlanChoice, same_terms
from optimizer.answer.path import PathSolution, StageMenu
from optimizer.answer.words import amount, quantity
from optimizer.economics.figures import Selection, unit_of
from optimizer.report.fitting import fitted
from optimizer.report.text import plain_table
from optimizer.report.words import heading, inclusions_text, price, printable, title

SHOWN = (
    "customers", "paying_customers", "market_share", "revenue", "serving_cost", "contribution_margin",
    "gross_margin_rate", "gpu_hours",
)  # fmt: skip
"""Figures that a terminal has room for."""
HOUR_PRICES = {
    "worth": "an hour of one more is worth (usd)", "rent": "the market's rent (usd/hour)",
    "hired": "on demand (usd/hour)",
}  # fmt: skip
"""What is told of a GPU hour."""
COLUMNS = 9
"""Months that a terminal has room for."""


def show_path(console: Console, solution: PathSolution) -> None:
    """Print an answer over months."""
    console.print(path_page(solution), highlight=False)


def path_page(solution: PathSolution) -> Group:
    """Everything about it, for a terminal."""
    blocks: list[Any] = [_head(solution), _menus(solution), "", _path(solution), "", _customers(solution), ""]
    if solution.gpus is not None:
        blocks += [_orders(solution), ""] if solution.orders else []
        blocks += [_gpus(solution), ""]
    if solution.worth:
        blocks += [_worth(solution), ""]
    if solution.conditions:
        blocks += [_conditions(solution), ""]
    if solution.timeline.asked.worlds:
        blocks += [_worlds(solution), ""]
    warnings = [f for f in solution.findings if f.severity == "warning"]
    if warnings:
        blocks += [Text("Warnings", style="bold"), *(Text(f"  {printable(str(f))}") for f in warnings), ""]
    last = Text("Decision\n", style="bold")
    last.append(f"{decision_of(solution)}\n{result_of(solution)}\n", style="bold green")
    last.append(solution.verdict_text, style="not bold")
    return Group(*fitted(blocks), Text(foot_of(solution), style="dim"), "", last)


def _head(solution: PathSolution) -> Text:
    head = Text()
    head.append(printable(solution.title) + "\n", style="bold")
    head.append(printable(solution.question) + "\n\n", style="italic")
    head.append(f"{decision_of(solution)}\n", style="bold green")
    head.append(f"{result_of(solution)}\n", style="bold green")
    head.append(f"{solution.verdict_text}\n")
    return head


def result_of(solution: PathSolution) -> str:
    """What is reached, in a sentence."""
    o, asked, months = solution.objective, solution.timeline.asked, question_months(solution)
    what = f"{heading(o.name)} over {asked.months} months" if o.unit == "usd" else f"{heading(o.name)} in {months}"
    tail = f", {asked.tail} more under the last menu counted," if o.unit == "usd" and asked.tail else ""
    return f"{what}{tail} {quantity(o.value, o.unit)} (today's menu held {quantity(solution.held_value, o.unit)})."


def question_months(solution: PathSolution) -> str:
    """The months whose mean the objective is."""
    first, last = solution.timeline.m.inputs.case.objective.months or (1, solution.timeline.months)
    return f"month {first}" if first == last else f"months {first} to {last}"


def decision_of(solution: PathSolution) -> str:
    """What changes at every stage, in one or two sentences."""
    return " ".join(decisions_of(solution))


def decisions_of(solution: PathSolution) -> list[str]:
    """A sentence for every stage in which something changes; one that nothing does."""
    told, before = [], None
    for stage in solution.stages:
        changed = [words for p in stage.menu if (words := _change(p, _of(before, p.plan)))]
        if changed:
            told.append(f"From month {stage.months.start}: {'; '.join(changed)}.")
        before = stage
    return [printable(text) for text in told] or ["Keep today's menu."]


def _of(stage: StageMenu | None, plan: str) -> PlanChoice | None:
    return None if stage is None else next(p for p in stage.menu if p.plan == plan)


def _change(p: PlanChoice, before: PlanChoice | None) -> str:
    """What becomes of a plan against the stage before, or today."""
    was_offered = p.today_offered if before is None else before.offered
    if p.offered != was_offered:
        return f"launch {p.title} at {price(p.price)}" if p.offered else f"withdraw {p.title}"
    if not p.offered:
        return ""
    then_price = p.today_price if before is None else before.price
    then_units = p.today_unit_prices if before is None else before.unit_prices
    then_caps = p.today_allowances if before is None else before.allowances
    pieces = [] if same_terms(p.price, then_price) else [price(p.price)]
    pieces += [
        f"{name} {value:.3g} {p.unit_price_units[name]}"
        for name, value in p.unit_prices.items()
        if not same_terms(value, then_units.get(name))
    ]
    if any(not same_terms(value, then_caps.get(name)) for name, value in p.allowances.items()):
        pieces.append(f"({inclusions_text(p)})")
    return f"{p.title} to {' '.join(pieces)}" if pieces else ""


def _menus(solution: PathSolution) -> Table:
    columns = [f"month {s.months.start}" for s in solution.stages]
    table = plain_table("Menus by stage (usd a month)", "plan", "today", *columns)
    for k, plan in enumerate(solution.stages[0].menu):
        rows = [stage.menu[k] for stage in solution.stages]
        if not plan.today_offered and not any(p.offered for p in rows):
            continue
        now = offer(plan, True) if plan.today_offered else "-"
        table.add_row(printable(plan.title), now, *(offer(p, False) if p.offered else "-" for p in rows))
    return table


def offer(p: PlanChoice, today: bool) -> str:
    """Price, and what differs from today's beside it."""
    fee, units = (p.today_price, p.today_unit_prices) if today else (p.price, p.unit_prices)
    pieces = [", ".join(f"{value:.3g}" for value in units.values()) if units and not fee else price(fee)]
    if not today and p.new_allowances:
        pieces.append("; ".join(_caps(value) for value in p.new_allowances.values()))
    return " ".join(pieces)


def _caps(value: Any) -> str:
    return str(value) if isinstance(value, str) else ", ".join(f"{cap:g}/{window}" for window, cap in value.items())


def shown_months(solution: PathSolution) -> list[int]:
    """Months that are told: the ends of quarters, or fewer."""
    months = solution.timeline.months
    step = next(s for s in (1, 3, 6, 12, 24, 60) if months / s <= COLUMNS or s == 60)
    return sorted({1, months, *range(step, months + 1, step)})


def _path(solution: PathSolution) -> Table:
    months = shown_months(solution)
    table = plain_table("Figures of a month", "figure", "today", *(f"month {t}" for t in months), "held, last")
    for name in SHOWN:
        unit = unit_of(name)
        values = [quantity(solution.figure(name, t), unit) for t in months]
        last = quantity(solution.held_series(name)[-1], unit)
        table.add_row(title(name), quantity(solution.today.figure(name), unit), *values, last)
    if solution.cash is not None:
        told = [quantity(solution.cash[t - 1], "usd") for t in months]
        table.add_row("cash, end of month", "", *told, "")
    return table


def _customers(solution: PathSolution) -> Table:
    months = shown_months(solution)
    table = plain_table("Customers by plan", "plan", "today", *(f"month {t}" for t in months))
    for name in solution.timeline.m.choices.plans:
        values = [solution.figure("customers", t, name) for t in months]
        before = solution.today.figure("customers", Selection(name))
        if before or any(values):
            table.add_row(name, amount(before), *(amount(v) for v in values))
    return table


def _orders(solution: PathSolution) -> Table:
    table = plain_table("Orders of GPUs", "offer", "month", "lots", "GPUs")
    for order in solution.orders:
        table.add_row(printable(order.offer), str(order.month), str(order.lots), amount(order.gpus))
    return table


def _gpus(solution: PathSolution) -> Table:
    months, gpus = shown_months(solution), solution.gpus or []
    table = plain_table("GPUs", "", *(f"month {t}" for t in months))
    table.add_row("at hand", *(amount(gpus[t - 1]["at_hand"]) for t in months))
    if any(row["carry"] != row["at_hand"] for row in gpus):
        table.add_row("what they carry, in today's GPUs", *(amount(gpus[t - 1]["carry"]) for t in months))
    table.add_row("busy at the peak", *(amount(gpus[t - 1]["busy"]) for t in months))
    for name, words in HOUR_PRICES.items():
        if solution.gpu_prices:
            table.add_row(words, *(f"{getattr(solution.gpu_prices[t - 1], name):,.2f}" for t in months))
    return table


def _worth(solution: PathSolution) -> Table:
    table = plain_table(
        "What a customer of today is worth (usd, discounted, more than the same person elsewhere)",
        "plan", "customers", "worth", "fees", "advertising", "cost", "later on other plans",
    )  # fmt: skip
    for w in solution.worth:
        if w.segment is None:
            parts = (w.value, w.fees, w.advertising, w.cost, w.later)
            table.add_row(w.plan, amount(w.customers), *(f"{part:,.2f}" for part in parts))
    return table


def _conditions(solution: PathSolution) -> Table:
    table = plain_table("Conditions", "condition", "asked", "reached", "")
    for c in told_conditions(solution):
        unit = unit_of(c.figure)
        state = "MISSED" if not c.met else "binds" if c.binding else "met"
        table.add_row(printable(c.name), f"{c.sense} {quantity(c.bound, unit)}", quantity(c.value, unit), state)
    return table


def told_conditions(solution: PathSolution) -> list[ConditionCheck]:
    """Cash by its lowest month, all others as they are."""
    cash = [c for c in solution.conditions if c.name.startswith("cash, ")]
    others = [c for c in solution.conditions if c not in cash]
    return [*others, *([min(cash, key=lambda c: c.slack)] if cash else [])]


def _worlds(solution: PathSolution) -> Text:
    text = Text("What changes meanwhile\n", style="bold")
    for world in solution.timeline.asked.worlds:
        changes = ", ".join(change_told(path, c.model_dump(exclude_none=True)) for path, c in world.changes.items())
        told = f"{world.title}: {changes}" if world.title else changes
        text.append(printable(f"  from month {world.month}: {told}\n"), style="not bold")
    return text


def change_told(path: str, change: dict[str, Any]) -> str:
    signs: Sequence[tuple[str, str]] = (("to", " = "), ("times", " x"), ("plus", " + "))
    return path + next(f"{sign}{change[kind]:g}" for kind, sign in signs if kind in change)


def foot_of(solution: PathSolution) -> str:
    o = solution.objective
    spent = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in solution.seconds.items())
    versions = ", ".join(f"{name} {version}" for name, version in solution.versions.items())
    return (
        f"{solution.verdict}, gap {o.gap:.1e}, bound {o.bound:.8g} {o.unit}, {solution.boxes} boxes; arrays and "
        f"evaluator differ by at most {solution.largest_difference:.0e}. {spent}. {versions}. "
        f"inputs {solution.input_hash[:12]}"
    )
