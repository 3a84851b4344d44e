"""One object holds every number of the search's effort: told, used, and nowhere else."""

from __future__ import annotations

import ast
import dataclasses
import itertools
from pathlib import Path

import pytest

import optimizer.search
from optimizer.search import Tuning

ROOM = Path(optimizer.search.__file__).parent
FIELDS = [f.name for f in dataclasses.fields(Tuning)]
NUMERICAL = {"UNIT", "TOLERANCE", "_FLAT"}
"""Constants of floating-point arithmetic, not of effort."""


def files() -> list[Path]:
    return [p for p in ROOM.rglob("*.py") if p.name != "tuning.py"]


def test_every_field_is_told() -> None:
    tree = ast.parse((ROOM / "tuning.py").read_text(encoding="utf-8"))
    [body] = [n.body for n in tree.body if isinstance(n, ast.ClassDef)]
    told = [
        field.target.id
        for field, words in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(words, ast.Expr) and isinstance(words.value, ast.Constant) and isinstance(words.value.value, str)
    ]  # fmt: skip
    assert told == FIELDS


def test_every_field_is_used() -> None:
    used = {n.attr for p in files() for n in ast.walk(ast.parse(p.read_text())) if isinstance(n, ast.Attribute)}
    assert set(FIELDS) <= used


def test_no_file_keeps_numbers_of_its_own() -> None:
    seen = set()
    for path in files():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and any(_is_number(n) for n in ast.walk(node.value)):
                names = {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
                seen |= {name for name in names if name.isupper()}
    assert seen == NUMERICAL


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def test_it_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Tuning().rounds = 3  # type: ignore[misc]
