"""Statuses and verdicts are words wherever they are written."""

from __future__ import annotations

from enum import StrEnum

import pytest

from optimizer.io.plain import csv_table, dumps
from optimizer.typing import Status, Verdict

STATUSES = ["optimal", "feasible", "no_answer", "infeasible", "unbounded", "evaluated", "interrupted", "error"]
VERDICTS = ["proved", "solver_proved", "best_found", "evaluated", "not_trusted"]


def test_the_words() -> None:
    assert list(Status) == STATUSES
    assert list(Verdict) == VERDICTS


@pytest.mark.parametrize("word", [*Status, *Verdict])
def test_saved_and_printed_as_plain_words(word: StrEnum) -> None:
    plain = str(word.value)
    assert dumps({"x": word, "y": [word]}) == dumps({"x": plain, "y": [plain]})
    assert csv_table([{"x": word}]) == csv_table([{"x": plain}]) == f"x\n{plain}\n"
    assert f"{word}" == plain
