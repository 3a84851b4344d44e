"""Time limits of the command: processor time within the limit and 2 s (the machine may be busy with something else)."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SLACK = 2.0


@pytest.fixture
def timed(run_process: Any) -> Callable[..., Any]:
    """Run a command under a limit; it may not take longer."""

    def run(limit: float, *arguments: object) -> Any:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = run_process(*arguments, "--time-limit", limit, "--json")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime <= limit + SLACK
        return told

    return run


def long_ladder(case: Path, count: int) -> Path:
    path, prices = case.with_name("long.yaml"), ", ".join(f"{6 + 6e-4 * k:.4f}" for k in range(count))
    path.write_text(case.read_text().replace("price: [10, 12, 15]", f"price: [{prices}]"))
    return path


@pytest.mark.parametrize("screen", ["--screen", "--no-screen"])
def test_a_ladder_of_twenty_thousand_prices(screen: str, case: Path, timed: Any) -> None:
    told = timed(1.0, "run", long_ladder(case, 20_000), screen)
    assert told.code in (0, 3)
    if told.code:
        assert told.json["status"] == "no_answer" and "time limit passed before" in told.json["message"]
    else:
        assert told.json["verdict"] == "best_found"


def test_a_limit_that_is_over_at_once(case: Path, timed: Any) -> None:
    """An answer, or the words that there is none; nothing in between."""
    for verb, more in (("run", []), ("frontier", ["--points", "5"])):
        told = timed(1e-3, verb, case, *more)
        assert told.code in (0, 3), told.err
        assert told.code == 0 or told.json["status"] == "no_answer"


def test_the_cases_own_limit(case: Path, run_process: Any) -> None:
    path = long_ladder(case, 20_000)
    path.write_text(path.read_text() + "options: {time_limit: 0.001}\n")
    told = run_process("run", path, "--json")
    # which of the two depends on what the first look at the clock meets
    assert (told.code, told.json["status"]) in ((3, "no_answer"), (0, "feasible"))
    if told.code:
        assert "time limit passed before" in told.json["message"]
    else:
        assert told.json["verdict"] == "best_found" and told.json["objective"]["gap"] > 0.0


def test_ranges_and_conditions_that_clash(case: Path, timed: Any) -> None:
    text = case.read_text().replace("price: [10, 12, 15]", "price: {least: 8, most: 30}")
    ranged, clash = case.with_name("ranged.yaml"), case.with_name("clash.yaml")
    ranged.write_text(text)
    clash.write_text(case.read_text().replace("at_least: 0.5", "at_least: 0.999"))
    told = timed(20.0, "run", ranged)
    assert (told.code, told.json["verdict"]) == (0, "proved")
    told = timed(1.5, "run", ranged, "--gap", "0")
    assert told.code in (0, 3)
    told = timed(20.0, "run", clash)
    assert (told.code, told.json["diagnosis"]["complete"]) == (1, True)


def test_combinations_that_cannot_be_held(case: Path, run_process: Any) -> None:
    """60 x 60 x 60 x 60 settings of one plan: told by check and run alike, with the count and a cure."""
    steps = ", ".join(str(k) for k in range(1, 61))
    windows = f"{{large: {{day: [{steps}], week: [{steps}]}}, small: {{day: [{steps}]}}}}"
    case.write_text(
        case.read_text().replace("plus: {price: [10, 12, 15]}", f"plus: {{price: [{steps}], allowances: {windows}}}")
    )
    for verb in ("check", "run"):
        told = run_process(verb, case, "--json")
        (found,) = [f for f in told.json["findings"] if f["severity"] == "error"]
        assert (told.code, found["code"], found["field"]) == (2, "too-many-levels", "plans.plus")
        assert "12,960,000 combinations (60 x 60 x 60 x 60)" in found["message"]
        assert found["cure"] and found["line"]
