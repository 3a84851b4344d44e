"""Answers on the small market, with their checks."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from optimizer.answer.checks.answered import Answered, answered
from optimizer.answer.checks.check import CheckName
from optimizer.answer.checks.running import check_answer
from optimizer.answer.run import solve_case_model
from optimizer.answer.solution import Solution
from optimizer.optimise.outcome import Settings

SETTINGS = Settings(cross_check=False)


@pytest.fixture(scope="session")
def under_check(factory: ModuleType) -> Callable[..., Answered]:
    """The answer to a case on a market, with a minute for its checks."""

    def make(market: Any = None, case: Any = None) -> Answered:
        m = factory.problem(market, case)
        return answered(m, solve_case_model(m, SETTINGS), SETTINGS, 60.0)

    return make


@pytest.fixture(scope="session")
def checked(factory: ModuleType) -> Callable[..., Solution]:
    """The answer with all its checks."""

    def make(market: Any = None, case: Any = None) -> Solution:
        m = factory.problem(market, case)
        return check_answer(m, solve_case_model(m, SETTINGS), SETTINGS, tuple(CheckName))

    return make


@pytest.fixture(scope="session")
def nested(factory: ModuleType) -> Callable[..., Any]:
    """The small market with its two paid consumer plans in one nest."""

    def make(value: float, low: float | None = None, high: float | None = None) -> Any:
        data = factory.market()
        number = factory.q(value, "1") | {"low": value if low is None else low, "high": value if high is None else high}
        return {**data, "nests": {"paid": {"plans": ["plus", "lite"], "dissimilarity": number}}}

    return make
