"""Tables on a narrow terminal lose no column; sentences of the decision; ticks that differ."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, Group

from optimizer.answer.words import amount
from optimizer.report.charts.style import _labels, ticks
from optimizer.report.fitting import fitted
from optimizer.report.text import plain_table
from optimizer.report.words import change, typeset


def shown(width: int) -> str:
    table = plain_table("Numbers", "plan", *(f"a long heading {k}" for k in range(9)))
    table.add_row("plus", *(str(111 * k) for k in range(1, 10)))
    out = io.StringIO()
    Console(width=width, file=out).print(Group(*fitted([table])))
    return out.getvalue()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_every_number_is_there_and_no_line_is_too_long(width: int) -> None:
    text = shown(width)
    assert all(len(line.rstrip()) <= width for line in text.splitlines())
    for k in range(1, 10):
        assert text.count(str(111 * k)) == 1 and text.count(f"a long heading {k - 1}") == 1
    assert text.count("Numbers") == 1 and text.count("plus") == {40: 5, 80: 3, 200: 1}[width]


def test_ticks_are_round_inside_and_labelled_apart() -> None:
    assert ticks([0.0, 10.0]) == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert ticks([715.1e6, 716.4e6]) == [715.2e6, 715.4e6, 715.6e6, 715.8e6, 716.0e6, 716.2e6, 716.4e6]
    assert ",.1f" in _labels([715.2e6, 715.4e6], False) and "' M'" in _labels([715.2e6, 715.4e6], False)
    assert ",.1f" in _labels([0.202, 0.204], True) and ",.0f" in _labels([0.1, 0.2], True)


def test_numbers_round_once() -> None:
    assert [amount(x) for x in (999.4, 999.6, 999_400.0, 999_600.0, -999_600.0)] == [
        "999", "1 k", "999 k", "1 M", "-1 M"]  # fmt: skip
    assert change(-0.0001, "fraction") == change(0.0004, "usd/month") == "as today"
    assert change(-0.0006, "fraction") == "-0.1 pt"


def test_a_minus_is_one_and_a_hyphen_stays() -> None:
    assert typeset("-5 and (-0.3%), GPT-5, 2025-08, 1e-05, -x") == "\u22125 and (\u22120.3%), GPT-5, 2025-08, 1e-05, -x"
