"""Every equation of the program with formula, index, unit and source, read from its function's docstring."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

FIELDS = ("Formula", "Index", "Unit", "Source")
STATED = "the program was stated"


@dataclass(frozen=True)
class Equation:
    """One equation of the program in words and symbols."""

    name: str
    formula: str
    index: str
    unit: str
    source: str
    doc: str
    """The first sentence: what the equation says."""
    module: str
    """Where its function stands."""

    def __str__(self) -> str:
        return f"{self.doc} {self.formula} [{self.index}; {self.unit}; {self.source}]"


_known: dict[str, Equation] = {}


def equation(function: Callable[P, R]) -> Callable[P, R]:
    """Registers a function that adds one equation. Raises ValueError when its docstring lacks a field."""
    record = read_equation(function.__name__, inspect.getdoc(function) or "", function.__module__)
    _known[record.name] = record
    return function


def read_equation(name: str, text: str, module: str) -> Equation:
    """The record in a docstring: a first sentence, then ``Formula: ...``, ``Index:``, ``Unit:`` and ``Source:``."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    first = current
    for line in text.splitlines():
        head, colon, rest = line.partition(":")
        if colon and head in FIELDS:
            current = found.setdefault(head, [])
        elif not line.strip():
            current = []
        current.append((rest if colon and head in FIELDS else line).strip())
    values = {field: " ".join(found.get(field, [])).strip() for field in FIELDS}
    missing = [field for field, value in values.items() if not value]
    if missing:
        raise ValueError(f"equation {name}: the docstring lacks {', '.join(missing)}")
    doc = " ".join(first).strip()
    return Equation(name, values["Formula"], values["Index"], values["Unit"], values["Source"], doc, module)


def doc_of(name: str) -> str:
    """The text for a component's ``doc=``."""
    return str(_known[name])


def registered() -> list[Equation]:
    """All equations whose modules are imported, in the order of definition."""
    return list(_known.values())
