"""Which checks run, and for how long."""

from __future__ import annotations

import time
from dataclasses import replace
from types import ModuleType

import pytest

from optimizer.answer.checks.check import CheckName
from optimizer.answer.checks.running import USUAL, check_answer, checks_named
from optimizer.answer.run import solve_case, solve_case_model
from optimizer.errors import InputError
from optimizer.optimise.outcome import Settings

CASE = "assistant-startup-margin"


def test_words() -> None:
    assert checks_named(True) == checks_named("usual") == USUAL
    assert checks_named("all") == tuple(CheckName)
    assert checks_named(False) == checks_named("none") == ()
    with pytest.raises(InputError):
        checks_named("some")


def test_python() -> None:
    assert solve_case(CASE, checks=False).checks == ()
    assert {c.check for c in solve_case(CASE).checks} == set(USUAL)
    assert {c.check for c in solve_case(CASE, checks="all").checks} == set(CheckName)


def test_the_answer_is_the_same(factory: ModuleType) -> None:
    m, settings = factory.problem(), Settings(cross_check=False)
    plain = solve_case_model(m, settings)
    checked = check_answer(m, plain, settings, tuple(CheckName))
    assert (checked.chosen, checked.objective, checked.figures) == (plain.chosen, plain.objective, plain.figures)


def test_without_time_nothing_is_searched_and_every_launch_is_open(factory: ModuleType) -> None:
    m = factory.problem()
    plain = solve_case_model(m, Settings(cross_check=False))
    late = check_answer(m, plain, Settings(deadline=time.monotonic() - 60.0), USUAL)
    rows = {c.plan: c for c in late.checks if c.check == "clone"}
    assert rows["lite"].verdict == "undecided" and late.decisions["lite"] == "undecided"
    assert {c.check for c in late.checks} == set(USUAL)


def test_a_cancelled_search_is_not_taken_up_again(factory: ModuleType) -> None:
    m, settings = factory.problem(), Settings(cross_check=False)
    plain = solve_case_model(m, settings)
    told = check_answer(m, plain, replace(settings, cancelled=lambda: True), USUAL)
    assert told.decisions["lite"] == "undecided"
    assert next(c for c in told.checks if c.plan == "plus" and c.check == "clone").value is not None
