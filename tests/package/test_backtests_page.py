"""The page of back-tests: its table is what the code says now."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from optimizer.inputs.backtests import load_backtest
from optimizer.io.library import list_backtests

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "backtests.md").read_text(encoding="utf-8")


def test_the_table_is_that_of_the_code() -> None:
    program = runpy.run_path(str(DOCS / "write_backtests.py"))
    assert program["written"](PAGE) == PAGE, "run docs/write_backtests.py, then read the words of the page again"


def test_every_event_has_a_row() -> None:
    rows = re.findall(r"^\| ([\w-]+) \| \d{4}-", PAGE, re.M)
    assert sorted(rows) == list_backtests()


def test_unverified_ones_are_counted_right() -> None:
    words = {6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten"}
    count = sum(load_backtest(name).asked.observed.unverified for name in list_backtests())
    assert f"{words[count]} of the thirteen observations" in PAGE
