"""Studies as text for the terminal and as plain documents for ``--json``."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from optimizer.report.text import allowances_text, plain_table
from optimizer.report.words import amount, bare, heading, price, printable, quantity, title
from optimizer.studies.compare import Comparison
from optimizer.studies.explain import Explanation
from optimizer.studies.frontier import Frontier, point_rows
from optimizer.studies.sensitivity import Tornado
from optimizer.typing import Status

SHOWN_DRIVERS = 25


def frontier_document(frontier: Frontier) -> dict[str, Any]:
    """A frontier as plain data; ``points`` from the best y to the best x."""
    return {
        "schema_version": 1,
        "case": frontier.case,
        "label": frontier.label,
        "x": {"name": frontier.x.name, "sense": frontier.x.sense, "unit": frontier.x.unit, "today": frontier.x.today},
        "y": {"name": frontier.y.name, "sense": frontier.y.sense, "unit": frontier.y.unit, "today": frontier.y.today},
        "status": Status.OPTIMAL if frontier.complete else Status.INTERRUPTED,
        "all": frontier.everything,
        "points": point_rows(frontier),
        "room": frontier.room,
        "solves": frontier.solves,
        "seconds": {"solve": frontier.seconds},
    }


def frontier_page(frontier: Frontier) -> Group:
    """A frontier for a terminal."""
    x, y = frontier.x, frontier.y
    plans = list(frontier.points[0].menu) if frontier.points else []
    table = plain_table(
        f"Frontier of {frontier.case}{': ' + frontier.label if frontier.label else ''}",
        title(x.name),
        title(y.name),
        "gap",
        "verdict",
        *plans,
        "enterprise",
    )
    for p in frontier.points:
        prices = ("-" if t is None else price(t.price) for t in p.menu.values())
        gap = "0" if p.gap == 0 else f"{p.gap:.0e}"
        share = quantity(p.enterprise_share, "fraction")
        table.add_row(quantity(p.x, x.unit), quantity(p.y, y.unit), gap, p.verdict, *prices, share)
    lines = [
        f"Today: {title(x.name)} {quantity(x.today, x.unit)}, {title(y.name)} {quantity(y.today, y.unit)}.",
        f"The true frontier lies nowhere more than {quantity(frontier.room, y.unit)} above these steps (proven).",
        f"{len(frontier.points)} efficient menus from {frontier.solves} solves in {frontier.seconds:.2f} s"
        + ("" if frontier.complete else "; stopped early: what was done is kept"),
    ]
    return Group(table, "", *(Text(line) for line in lines))


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain data."""
    c = comparison
    return {
        "schema_version": 1,
        "status": Status.OPTIMAL,
        "case": c.case,
        "figure": {"name": c.figure, "unit": c.unit, "sense": "most" if c.sense > 0 else "least"},
        "scenarios": {s: {"title": c.titles[s], "weight": c.weights[s]} for s in c.scenarios},
        "infeasible": list(c.infeasible),
        "menus": {
            m: {
                "plans": {p: None if t is None else t.price for p, t in c.terms[m].items()},
                "enterprise_share": c.shares[m],
                "maximum_regret": c.maximum_regret(m),
                "expected": c.expected(m),
            }
            for m in c.menus
        },
        "table": {
            m: {
                s: {
                    "value": c.cells[m, s].value,
                    "regret": c.cells[m, s].regret,
                    "feasible": c.cells[m, s].feasible,
                    "missed": list(c.cells[m, s].missed),
                }
                for s in c.scenarios
            }
            for m in c.menus
        },
        "least_regret": c.least_regret,
        "best_expected": c.best_expected,
        "seconds": {"solve": c.seconds},
    }


def comparison_page(comparison: Comparison) -> Group:
    """A comparison for a terminal."""
    c = comparison
    table = plain_table(
        f"{heading(c.figure)} of each menu (rows) in each scenario; ! = misses a condition there",
        "menu",
        *(printable(c.titles[s]) for s in c.scenarios),
        "expected",
        "largest regret",
    )
    for m in c.menus:
        cells = (quantity(c.cells[m, s].value, c.unit) + ("" if c.cells[m, s].feasible else " !") for s in c.scenarios)
        table.add_row(printable(m), *cells, quantity(c.expected(m), c.unit), quantity(c.maximum_regret(m), c.unit))
    lines = [f"Least regret: {c.least_regret}.", f"Best expected value: {c.best_expected}."]
    if c.infeasible:
        lines.append(f"No menu meets the conditions in: {', '.join(c.infeasible)}.")
    return Group(table, "", *(Text(printable(line)) for line in lines))


def tornado_document(tornado: Tornado) -> dict[str, Any]:
    """A tornado as plain data."""
    return {
        "schema_version": 1,
        "status": Status.OPTIMAL if tornado.complete else Status.INTERRUPTED,
        "case": tornado.case,
        "figure": {"name": tornado.figure, "unit": tornado.unit, "value": tornado.base},
        "drivers": [
            {
                "path": d.path,
                "unit": d.unit,
                "value": d.value,
                "low": d.low,
                "high": d.high,
                "assumed": d.assumed,
                "why": d.why,
                "kept": {"low": d.kept_low, "high": d.kept_high},
                "best": {"low": d.best_low, "high": d.best_high},
                "swing": d.swing(tornado.base),
            }
            for d in tornado.drivers
        ],
        "seconds": {"solve": tornado.seconds},
    }


def tornado_page(tornado: Tornado) -> Group:
    """A tornado for a terminal."""

    def told(value: float | None) -> str:
        return "-" if value is None else quantity(value, tornado.unit)

    table = plain_table(
        f"{heading(tornado.figure)} {quantity(tornado.base, tornado.unit)}: at each number's low and high",
        "number",
        "low",
        "high",
        "menu kept: at low",
        "at high",
        "menu re-optimised: at low",
        "at high",
    )
    for d in tornado.drivers[:SHOWN_DRIVERS]:
        mark = " (assumed)" if d.assumed else ""
        table.add_row(
            printable(d.path) + mark,
            bare(d.low, d.unit),
            bare(d.high, d.unit),
            told(d.kept_low),
            told(d.kept_high),
            told(d.best_low),
            told(d.best_high),
        )
    return Group(table)


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """An explanation as plain data."""
    return {
        "schema_version": 1,
        "status": Status.OPTIMAL,
        "case": explanation.solution.case,
        "price_responses": list(explanation.price_responses),
        "condition_costs": list(explanation.condition_costs),
        "runners_up": list(explanation.runners_up),
        "segments": list(explanation.segments),
        "free_tier": explanation.free_tier,
        "under_water": list(explanation.under_water),
        "seconds": {"solve": explanation.seconds},
    }


def explanation_page(explanation: Explanation) -> Group:
    """An explanation for a terminal."""
    e = explanation
    unit = e.solution.objective.unit
    blocks: list[Any] = [_responses(e), ""]
    if e.condition_costs:
        blocks += [_costs(e, unit), ""]
    blocks += [_runners(e, unit), "", _segments(e), ""]
    free = e.free_tier
    if free["plans"]:
        parts = ", ".join(f"{s} {quantity(v, 'usd/month')}" for s, v in free["by_segment"].items())
        blocks += [
            Text(f"Free customers cost {quantity(free['serving_cost'], 'usd/month')} to serve: {parts}."),
            Text(
                f"They bring {amount(free['referred_customers'])} people into reach. Without the free plan this menu "
                f"would earn {quantity(free['contribution_without'], 'usd/month')} at a market share of "
                f"{quantity(free['market_share_without'], 'fraction')}, for this model."
            ),
        ]
    for row in e.under_water:
        if row["gross_margin_per_customer"] < 0 and row["plan"] not in free["plans"]:
            blocks.append(
                Text(
                    f"Under water: {row['plan']}, usage {row['usage_class']}: {amount(row['customers'])} customers at "
                    f"{quantity(row['gross_margin_per_customer'], 'usd/month')} each."
                )
            )
    return Group(*blocks)


def _responses(e: Explanation) -> Table:
    table = plain_table(
        "Contribution margin when one plan's price moves, the rest of the menu kept",
        "plan",
        *(f"{f:+.0%}" if f else "as chosen" for f in (-0.3, -0.1, -0.05, 0, 0.05, 0.1, 0.3)),
    )
    wanted = (0.7, 0.9, 0.95, 1.0, 1.05, 1.1, 1.3)
    for plan in dict.fromkeys(r["plan"] for r in e.price_responses):
        found = {r["factor"]: r["contribution_margin"] for r in e.price_responses if r["plan"] == plan}
        table.add_row(plan, *(quantity(found[f], "usd/month") for f in wanted))
    return table


def _costs(e: Explanation, unit: str) -> Table:
    moves = list(dict.fromkeys(r["move"] for r in e.condition_costs))
    table = plain_table(
        "What binding conditions cost: the objective when the bound moves", "condition", *(f"{m:+.0%}" for m in moves)
    )
    for name in dict.fromkeys(r["condition"] for r in e.condition_costs):
        mine = {r["move"]: r["objective"] for r in e.condition_costs if r["condition"] == name}
        table.add_row(printable(name), *("no menu" if mine.get(m) is None else quantity(mine[m], unit) for m in moves))
    return table


def _differing(plan: str, there: Any) -> str:
    """A plan's terms in another menu, short."""
    if not isinstance(there, dict):
        return f"{plan} {there:g}"
    prices = ", ".join(f"{model} {value:g}" for model, value in there["unit_prices"].items())
    caps = allowances_text({m: a for m, a in there["allowances"].items() if isinstance(a, dict) or a == "unlimited"})
    shown = prices if prices and not there["price"] else price(there["price"])
    return f"{plan} {shown}" + (f" ({caps})" if caps else "")


def _runners(e: Explanation, unit: str) -> Table:
    table = plain_table("Runners-up within 1 %", "differs in", "value", "behind")
    for row in e.runners_up:
        told = ", ".join(_differing(plan, d) for plan, d in row["differs"].items())
        table.add_row(printable(told), quantity(row["value"], unit), f"{row['behind']:.3%}")
    if not e.runners_up:
        table.add_row("none", "", "")
    return table


def _segments(e: Explanation) -> Table:
    table = plain_table(
        "Who gains and who loses against today",
        "segment",
        "usd a person and month",
        "share losing",
        "customers today",
        "customers",
    )
    for row in e.segments:
        table.add_row(
            printable(row["segment"]),
            f"{row['surplus_change_usd_per_person']:+,.2f}",
            quantity(row["losing_share"], "fraction"),
            amount(row["customers_today"]),
            amount(row["customers"]),
        )
    return table
