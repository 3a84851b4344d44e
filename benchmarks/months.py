"""Paths of menus over months: how far the proof is after the seconds of a cell."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.book import Book
from benchmarks.table import percent, seconds, table

HERE = Path(__file__).resolve().parent
CASES = ("openai-2025-path60", "openai-2025-orders", "assistant-startup-cash", str(HERE / "quarterly.yaml"))


def months(book: Book) -> str:
    """Shipped cases, and one of eight quarters by one point of a ladder."""
    from optimizer import solve_case

    rows = []
    for case in CASES:
        before = os.times()
        found = solve_case(case, time_limit=book.limit, checks=False)
        after = os.times()
        used = after.user - before.user + after.system - before.system
        rows.append([Path(case).stem, seconds(used), percent(found.objective.gap), f"{found.objective.value:.6g}"])
    return table(["case", "seconds of computing", "gap", "value"], rows)
