"""Every formula says its unit and source, has a test that names it, and its examples are true."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import pytest

import optimizer.economics

# figures name what is counted, response puts formulas together, normal is mathematics, population holds numbers
NOT_EQUATIONS = {"figures", "response", "normal", "population"}
MODULES = [m.name for m in pkgutil.iter_modules(optimizer.economics.__path__)]


def module(name: str) -> ModuleType:
    return importlib.import_module(f"optimizer.economics.{name}")


def functions(name: str) -> Iterator[tuple[str, Callable[..., object]]]:
    """Public functions that a module of economics defines itself."""
    home = module(name)
    for key, found in vars(home).items():
        if inspect.isfunction(found) and found.__module__ == home.__name__ and not key.startswith("_"):
            yield f"{name}.{key}", found


ALL = dict(pair for name in MODULES for pair in functions(name))
EQUATIONS = {name: f for name, f in ALL.items() if name.partition(".")[0] not in NOT_EQUATIONS}


@lru_cache(maxsize=1)
def used_in_tests() -> set[str]:
    """Every ``module.function`` that is written in a test of this folder."""
    found: set[str] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bodies = [f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.name.startswith("test_")]
        for node in (n for body in bodies for n in ast.walk(body)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found.add(f"{node.value.id}.{node.attr}")
    return found


def missing_words(text: str | None) -> list[str]:
    return [word for word in ("Unit", "Source") if word not in (text or "")]


def test_the_scan_finds_the_formulas() -> None:
    assert {"choice.stays", "usage.served", "finance.bill", "decisions.decision_rate"} <= set(EQUATIONS)
    assert {"figures.components", "response.per_customer", "normal.cdf"} <= set(ALL) - set(EQUATIONS)
    assert len(EQUATIONS) >= 25


def test_the_scan_refuses_a_bare_formula() -> None:
    assert missing_words("Twice the price. Unit: usd.") == ["Source"]
    assert missing_words(None) == ["Unit", "Source"]
    assert "choice.no_such_formula" not in used_in_tests()


@pytest.mark.parametrize("name", sorted(EQUATIONS))
def test_says_its_unit_and_source(name: str) -> None:
    assert not missing_words(EQUATIONS[name].__doc__)


@pytest.mark.parametrize("name", sorted(ALL))
def test_has_a_docstring_and_a_test(name: str) -> None:
    assert (ALL[name].__doc__ or "").strip()
    assert name in used_in_tests(), f"no test in this folder uses {name}"


def test_examples_are_true() -> None:
    results = {name: doctest.testmod(module(name)) for name in MODULES}
    assert {name: r.failed for name, r in results.items() if r.failed} == {}
    assert sum(r.attempted for r in results.values()) >= 2
