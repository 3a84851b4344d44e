"""A monthly planning job with the optimizer inside: last month's counts in, next month's menu out.

Run it with: python monthly_planning_job.py 2026-01 last_month.csv plans.db

The exit code is 0 for a plan, 1 where no menu meets the conditions, 2 for bad input, 3 for no answer in time.
Every run leaves one row a month in the SQLite file, also where it failed.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
import time
from pathlib import Path

from optimizer.answer.run import solve_case_model
from optimizer.answer.solution import Solution
from optimizer.errors import InfeasibleError, InputError, NotTrustedError, SolverError
from optimizer.inputs.changes import apply_changes
from optimizer.inputs.load import assemble, load_case
from optimizer.io.documents import Document
from optimizer.model.case_model import case_model_of
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Change

CASE = "assistant-startup-margin"
SECONDS = 60.0  # after so long the best menu so far is taken, and its gap is kept with it


def plan_month(counts: Path) -> Solution:
    """Calibrate the market on last month's customers, and solve."""
    with counts.open(newline="", encoding="utf-8") as stream:
        rows = {row["plan"]: float(row["customers"]) for row in csv.DictReader(stream)}
    inputs = load_case(CASE)
    changes = {f"today.plans.{plan}.customers": Change(to=count) for plan, count in rows.items()}
    market = apply_changes(inputs.market_document, changes, Document({}, {}, str(counts)), prefix="")
    problem = case_model_of(assemble(inputs.name, inputs.case, inputs.case_document, market, {}))
    return solve_case_model(problem, Settings(gap=inputs.case.options.gap, deadline=time.monotonic() + SECONDS))


def prices(solution: Solution) -> dict[str, float | None]:
    """The menu in short: plan -> price, None off the menu."""
    return {p.plan: p.price for p in solution.menu}


def save(database: Path, month: str, status: str, margin: float | None, gap: float | None, menu: str, note: str) -> str:
    """Keep this month's row as one transaction; the menu of the last good month before it, as JSON."""
    connection = sqlite3.connect(database)
    try:
        with connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS plans "
                "(month TEXT PRIMARY KEY, status TEXT, margin REAL, gap REAL, menu TEXT, note TEXT)"
            )
            before = connection.execute(
                "SELECT menu FROM plans WHERE menu <> '' AND month < ? ORDER BY month DESC LIMIT 1", (month,)
            ).fetchone()
            row = (month, status, margin, gap, menu, note)
            connection.execute("INSERT OR REPLACE INTO plans VALUES (?, ?, ?, ?, ?, ?)", row)
    finally:
        connection.close()
    return before[0] if before else "{}"


def main(month: str, counts: Path, database: Path) -> int:
    status, code, problem = "", 0, ""
    try:
        solution = plan_month(counts)
    except InfeasibleError as error:  # its text names the conditions that clash, and what would help
        status, code, problem = "infeasible", 1, str(error)
    except (InputError, OSError, KeyError, ValueError) as error:
        status, code, problem = "bad input", 2, str(error)
    except (SolverError, NotTrustedError) as error:
        status, code, problem = "no answer", 3, str(error)
    if status:
        save(database, month, status, None, None, "", problem)
        print(f"{month}: {status}\n{problem}", file=sys.stderr)
        return code
    menu, o = prices(solution), solution.objective
    before = json.loads(save(database, month, solution.verdict, o.value, o.gap, json.dumps(menu), solution.input_hash))
    print(f"{month}: {o.name} {o.value:,.0f} {o.unit}, {solution.verdict}, gap {o.gap:.1e}")
    for plan, price in menu.items():
        old = before.get(plan)
        told = "not offered" if price is None else f"{price:g} usd/month"
        print(f"  {plan}: {told}" + (f" (last plan: {old})" if plan in before and old != price else ""))
    return 0


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    given = sys.argv[1:] or ["2026-01", str(here / "last_month.csv"), "plans.db"]
    sys.exit(main(given[0], Path(given[1]), Path(given[2])))
