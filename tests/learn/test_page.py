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


def test_from_four_files_to_a_proven_menu() -> None:
    """Five commands, which are run with those of the other pages."""
    program = runpy.run_path(str(DOCS / "write_pages.py"))
    assert "learn" in program["PAGES"]
    (told,) = [part for part in program["sections"]("learn") if part.startswith("## From four CSV files")]
    consoles = "".join(program["CONSOLES"].findall(told)).splitlines()
    commands = [line.split()[1:4] for line in consoles if line.startswith("$ ")]
    assert [words[: 2 if words[1] == "learn" else 1] for words in commands] == [
        ["optimizer", "learn"], ["optimizer", "learn"], ["optimizer", "learn"], ["optimizer"], ["optimizer"]
    ]  # fmt: skip
    assert "learned = learn_market(" in PAGE
