"""The page on learning: its tables of tables, rules, maps and statistics are those of the code."""

from __future__ import annotations

import runpy
from pathlib import Path

from optimizer.learn.maps import shipped_maps
from optimizer.learn.rules import RULES, rule_lines
from optimizer.learn.stats import TABLES_OF_STATS, Stats
from optimizer.learn.tables import TABLES

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "learn.md").read_text(encoding="utf-8")


def test_tables_and_rules_are_those_of_the_code() -> None:
    lines = PAGE.splitlines()
    for name, table in TABLES.items():
        columns = ", ".join(f"`{c}`" if column.required else f"`{c}`?" for c, column in table.columns.items())
        assert f"| `{name}` | {table.title} | {columns} |" in lines
    assert len(rule_lines()) == len(RULES) and set(rule_lines()) <= set(lines)


def test_maps_and_statistics_are_told() -> None:
    for name in (*shipped_maps(), *TABLES_OF_STATS):
        assert f"`{name}`" in PAGE, name
    assert {*TABLES_OF_STATS, "about"} == set(Stats.__dataclass_fields__)


def test_from_four_files_to_a_proven_menu(tmp_path: Path) -> None:
    """The five commands of the page, run as they stand there, tell what the page says."""
    program = runpy.run_path(str(DOCS / "write_questions.py"))
    (told,) = [part for part in program["sections"](PAGE) if part.startswith("## From four CSV files")]
    consoles = "".join(program["CONSOLES"].findall(told)).splitlines()
    assert sum(line.startswith("$ optimizer ") for line in consoles) == 5
    assert program["answered"](told, tmp_path) == told, "run docs/write_questions.py, then read the words of the page"
    names = {path.name for path in (tmp_path / "company" / "tables").glob("*.csv")}
    assert names == {"subscriptions.csv", "usage.csv", "caps.csv", "experiments.csv"}
