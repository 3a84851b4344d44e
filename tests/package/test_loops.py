"""No loop of a test can pass by checking nothing: where a round may be left out, the rounds that count are counted."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
DRAWN = ("seed", "number", "k", "step")


def uncounted(source: str) -> Iterator[tuple[int, str]]:
    """Line and function of every loop over seeds that may skip all its assertions, with no assertion after it."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        for loop in ast.walk(function):
            if isinstance(loop, ast.For) and _may_check_nothing(loop) and not _asserted_after(function, loop):
                yield loop.lineno, function.name


def _may_check_nothing(loop: ast.For) -> bool:
    if not (isinstance(loop.target, ast.Name) and loop.target.id in DRAWN):
        return False
    inside = list(ast.walk(loop))
    asserts = any(isinstance(node, ast.Assert) for node in inside)
    skips = any(isinstance(node, ast.Continue) for node in inside)
    calls = (isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) for s in loop.body)
    always = any(isinstance(s, ast.Assert | ast.For | ast.With) for s in loop.body) or any(calls)
    return asserts and (skips or not always)


def _asserted_after(function: ast.FunctionDef, loop: ast.For) -> bool:
    after = loop.end_lineno or loop.lineno
    return any(isinstance(node, ast.Assert) and node.lineno > after for node in ast.walk(function))


def test_every_loop_counts_what_it_checked() -> None:
    files = sorted(TESTS.rglob("test_*.py"))
    assert len(files) > 60
    found = [
        f"{path.relative_to(TESTS)}:{line} {name}"
        for path in files
        for line, name in uncounted(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_what_is_found_and_what_is_not() -> None:
    loop = "def test():\n    for seed in range(3):\n        if seed:\n            continue\n        assert seed == 0\n"
    assert list(uncounted(loop)) == [(2, "test")]
    assert not list(uncounted(loop + "    assert seed\n"))
    assert not list(uncounted("def test():\n    for seed in range(3):\n        assert seed >= 0\n"))
