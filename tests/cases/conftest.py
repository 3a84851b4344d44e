"""Every shipped case, loaded and solved once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest

import optimizer
from optimizer.answer.solution import Solution
from optimizer.inputs.load import Inputs


@lru_cache(maxsize=50)
def _solved(name: str) -> Solution:
    return optimizer.solve_case(name, checks="none")


@pytest.fixture(scope="session")
def solved() -> Callable[[str], Solution]:
    """The answer to a shipped case."""
    return _solved


@pytest.fixture(scope="session")
def loaded() -> Callable[[str], Inputs]:
    """A shipped case with its market."""
    return lru_cache(maxsize=50)(optimizer.load_case)
