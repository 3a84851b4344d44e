"""The page of words: its figures are those of the code, and every verdict and status is told."""

from __future__ import annotations

import re
from pathlib import Path

from optimizer.economics.figures import FIGURES, Direction, names
from optimizer.typing import Status, Verdict

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")


def figure_table() -> list[str]:
    """The page's table of figures as it must be; paste it in when a figure changes."""
    rows = ["| figure | what it is | unit | |", "|---|---|---|---|"]
    for name in names():
        f = FIGURES[name]
        marks = [word for word, true in (("headline", f.headline), ("less", f.better is Direction.LESS)) if true]
        rows.append(f"| `{name}` | {f.definition} | {f.display.words} | {', '.join(marks)} |")
    return rows


def test_figures_are_those_of_the_code() -> None:
    told = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert len(told) == len(FIGURES) + 2
    assert told == figure_table(), "the table must be:\n" + "\n".join(figure_table())


def test_verdicts_and_statuses_are_told() -> None:
    told = set(re.findall(r"`(\w+)`", PAGE.split("## Figures")[0]))
    missing = {str(word) for word in (*Verdict, *Status)} - told
    assert not missing


def test_words_are_told_once() -> None:
    entries = re.findall(r"^- \*\*(.+?)\*\*:", PAGE, re.M)
    assert len(entries) > 50
    assert len(entries) == len(set(entries))
    wanted = {
        "Case", "Market", "Plan", "Level", "Menu", "Mix", "Figure", "Condition", "Objective", "Bound", "Gap", "Verdict",
        "Screening", "Certificate", "Incumbent", "Cutoff", "Fathom", "Dual", "No-good cut", "Warm start", "Scenario",
        "Frontier", "Regret",
    }  # fmt: skip
    assert wanted <= set(entries)
