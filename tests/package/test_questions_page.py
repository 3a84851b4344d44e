"""The page of planning questions: each is asked as it stands there, and the answer is the one that is told."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PROGRAM = runpy.run_path(str(DOCS / "write_questions.py"))
QUESTIONS = PROGRAM["sections"]((DOCS / "questions.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_the_answer_is_as_told(number: int, tmp_path: Path) -> None:
    told = QUESTIONS[number]
    assert PROGRAM["answered"](told, tmp_path) == told, "run docs/write_questions.py, then read the words of the page"


def test_every_question_asks_something_and_gets_an_answer() -> None:
    assert len(QUESTIONS) >= 7
    for number, question in enumerate(QUESTIONS, 1):
        assert question.startswith(f"## {number}. ")
        lines = "".join(PROGRAM["CONSOLES"].findall(question)).splitlines()
        commands = [line for line in lines if line.startswith("$ optimizer ")]
        assert commands and len(lines) > len(commands)


def test_a_wrong_answer_is_seen(tmp_path: Path) -> None:
    asked = (
        "```console\n$ optimizer evaluate assistant-startup-today\nContribution margin: 1 k usd\nno such line\n```\n"
    )
    found = PROGRAM["answered"](asked, tmp_path)
    assert "85.3 k usd" in found and "no line of the output from here on is: no such line" in found
