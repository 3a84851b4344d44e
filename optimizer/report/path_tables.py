"""An answer over months as tables: months by figures, customers, menus, money and GPUs, as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterator

from optimizer.answer.path import PathSolution
from optimizer.answer.path_bridge import margin_bridge, parts_in_use
from optimizer.economics.figures import HEADLINES, Selection, unit_of
from optimizer.report.path_text import change_told, told_conditions
from optimizer.report.words import inclusions_text
from optimizer.studies.tables import BY_ROW, Column, Table

MONTH = Column("month")
MONEY = "usd/month"


def path_tables(solution: PathSolution) -> tuple[Table, ...]:
    """Every table that the answer has something for."""
    found = [_menus(solution), _months(solution, "Months", False), _months(solution, "Today held", True),
             _customers(solution), _bridge(solution)]  # fmt: skip
    if solution.cash is not None:
        found.append(_cash(solution, solution.cash))
    if solution.gpus is not None:
        found.append(_gpus(solution, solution.gpus))
    if solution.orders:
        found.append(_orders(solution))
    if solution.worth:
        found.append(_worth(solution))
    if solution.conditions:
        found.append(conditions_table(solution))
    if solution.timeline.asked.worlds:
        found.append(_worlds(solution))
    return tuple(found)


def _menus(solution: PathSolution) -> Table:
    columns = (
        Column("first month"), Column("last month"), Column("plan"), Column("decision"), Column("price", MONEY),
        Column("today's price", MONEY), Column("unit prices"), Column("includes"), Column("today includes"),
    )  # fmt: skip
    rows = [
        (stage.months.start, stage.months.stop - 1, p.title, p.decision, p.price if p.offered else None,
         p.today_price if p.today_offered else None,
         "; ".join(f"{name} {value:g} {p.unit_price_units[name]}" for name, value in p.unit_prices.items()),
         inclusions_text(p) if p.offered else "", inclusions_text(p, today=True) if p.today_offered else "")
        for stage in solution.stages for p in stage.menu if p.offered or p.today_offered
    ]  # fmt: skip
    return Table("Menus", columns, tuple(rows))


def _months(solution: PathSolution, name: str, held: bool) -> Table:
    """Month by month, one column a headline figure that there is in any month."""
    told = [figure for figure in HEADLINES if any(not math.isnan(value) for value in solution.series(figure))]
    series = [solution.held_series(figure) if held else solution.series(figure) for figure in told]
    columns = (MONTH, *(Column(figure, unit_of(figure)) for figure in told))
    return Table(name, columns, tuple((t, *row) for t, row in enumerate(zip(*series, strict=True), start=1)))


def _customers(solution: PathSolution) -> Table:
    titles = {p.plan: p.title for p in solution.stages[0].menu}
    plans = [plan for plan in solution.timeline.m.choices.plans if any(_of_plan(solution, plan))]
    columns = (MONTH, *(Column(titles[plan], "customers") for plan in plans))
    series = [_of_plan(solution, plan) for plan in plans]
    return Table("Customers", columns, tuple((t, *row) for t, row in enumerate(zip(*series, strict=True), start=1)))


def _of_plan(solution: PathSolution, plan: str) -> list[float]:
    return solution.series("customers", Selection(plan))


def _bridge(solution: PathSolution) -> Table:
    steps = margin_bridge(solution)
    parts = parts_in_use(steps)
    levels = ("contribution margin", "gross margin", "revenue")
    columns = (Column("months"), *(Column(f"{part}, added", MONEY) for part in parts),
               *(Column(name, MONEY) for name in levels), Column("gross margin rate", "fraction"))  # fmt: skip
    rows = [
        (step.label, *(step.added.get(part) for part in parts), step.contribution_margin, step.gross_margin,
         step.revenue, step.gross_margin_rate)
        for step in steps
    ]  # fmt: skip
    return Table("Margin bridge", columns, tuple(rows))


def _cash(solution: PathSolution, cash: list[float]) -> Table:
    columns = (MONTH, Column("contribution margin", MONEY), Column("cash, end of month", "usd"))
    series = zip(solution.series("contribution_margin"), cash, strict=True)
    return Table("Cash", columns, tuple((t, *row) for t, row in enumerate(series, start=1)))


def _gpus(solution: PathSolution, gpus: list[dict[str, float]]) -> Table:
    columns = [
        MONTH,
        Column("at hand", "GPU"),
        Column("carry, in today's GPUs", "GPU"),
        Column("busy at the peak", "GPU"),
    ]
    rows: list[tuple[object, ...]] = [
        (t, row["at_hand"], row["carry"], row["busy"]) for t, row in enumerate(gpus, start=1)
    ]
    if solution.gpu_prices:
        names = ("an hour of one more is worth", "the market's rent", "on demand")
        columns += [Column(name, "usd/GPU-hour") for name in names]
        rows = [(*row, p.worth, p.rent, p.hired) for row, p in zip(rows, solution.gpu_prices, strict=True)]
    return Table("GPUs", tuple(columns), tuple(rows))


def _orders(solution: PathSolution) -> Table:
    columns = (Column("offer"), Column("ordered in month"), Column("lots"), Column("GPUs", "GPU"))
    return Table("Orders", columns, tuple((o.offer, o.month, o.lots, o.gpus) for o in solution.orders))


def _worth(solution: PathSolution) -> Table:
    titles = {p.plan: p.title for p in solution.stages[0].menu}
    parts = ("worth", "fees", "advertising", "cost", "later on other plans")
    columns = (Column("plan"), Column("segment"), Column("customers today", "customers"),
               *(Column(name, "usd") for name in parts))  # fmt: skip
    rows = [(titles[w.plan], w.segment or "all", w.customers, w.value, w.fees, w.advertising, w.cost, w.later)
            for w in solution.worth]  # fmt: skip
    return Table("Customer value", columns, tuple(rows))


def conditions_table(solution: PathSolution) -> Table:
    """Cash by its lowest month, all others as they are."""
    columns = (Column("condition"), Column("sense"), Column("asked", BY_ROW), Column("reached", BY_ROW), Column("unit"),
               Column("state"))  # fmt: skip
    rows = [
        (c.name, c.sense, c.bound, c.value, "usd" if c.name.startswith("cash, ") else unit_of(c.figure),
         "MISSED" if not c.met else "binds" if c.binding else "met")
        for c in told_conditions(solution)
    ]  # fmt: skip
    return Table("Conditions", columns, tuple(rows))


def _worlds(solution: PathSolution) -> Table:
    def rows() -> Iterator[tuple[object, ...]]:
        for world in solution.timeline.asked.worlds:
            for path, change in world.changes.items():
                yield world.month, world.title or "", change_told(path, change.model_dump(exclude_none=True))

    return Table("What changes", (Column("from month"), Column("world"), Column("change")), tuple(rows()))
