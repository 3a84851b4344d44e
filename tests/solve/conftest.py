"""Shared helpers of the solver tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def small() -> ModuleType:
    """The helper module ``small.py``, loaded by path."""
    path = Path(__file__).parents[1] / "formulation" / "small.py"
    spec = importlib.util.spec_from_file_location("formulation_small", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
