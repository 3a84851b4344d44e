"""Writes the table of docs/backtests.md anew: run it where a market or an event changed, then read its words."""

from __future__ import annotations

from pathlib import Path

import optimizer
from optimizer.report.backtests import markdown

PAGE = Path(__file__).with_name("backtests.md")
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->"


def written(page: str) -> str:
    """The page with its table as the code has it now."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{markdown(optimizer.backtest())}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
