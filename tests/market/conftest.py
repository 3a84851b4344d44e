"""The small market for every test in this folder."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def load_factory() -> ModuleType:
    if "market_factory" not in sys.modules:
        spec = importlib.util.spec_from_file_location("market_factory", Path(__file__).with_name("factory.py"))
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["market_factory"] = module
        spec.loader.exec_module(module)
    return sys.modules["market_factory"]


@pytest.fixture(scope="session")
def factory() -> ModuleType:
    return load_factory()


@pytest.fixture(scope="session")
def problem(factory: ModuleType) -> Any:
    """The small market with the small case, ready to be solved."""
    return factory.problem()
