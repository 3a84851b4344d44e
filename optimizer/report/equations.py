"""Every equation of the model as a table: those of the economics and those of the programs."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

from optimizer import economics
from optimizer.formulation.path import path_equations
from optimizer.formulation.program import equations as program_equations


def _economics() -> list[dict[str, Any]]:
    rows = []
    for found in pkgutil.iter_modules(economics.__path__):
        module = importlib.import_module(f"{economics.__name__}.{found.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            doc = inspect.getdoc(function) or ""
            if function.__module__ != module.__name__ or "Unit:" not in doc or name.startswith("_"):
                continue
            rows.append({"name": f"{found.name}.{name}", "part": "economics", "text": doc})
    return rows


def equation_rows() -> list[dict[str, Any]]:
    """One row an equation: name, part and its docstring with formula, index, unit and source."""
    program = [
        {
            "name": e.name,
            "part": part,
            "text": f"{e.doc}\n\nFormula: {e.formula}\nIndex: {e.index}. Unit: {e.unit}. Source: {e.source}",
        }
        for part, found in (("program", program_equations()), ("program over months", path_equations()))
        for e in found
    ]
    return [*_economics(), *program]


def equations_text(rows: list[dict[str, Any]]) -> str:
    """The table for a terminal."""
    return "\n".join(
        f"{row['part']}: {row['name']}\n" + "".join(f"    {line}\n" for line in row["text"].splitlines())
        for row in rows
    )
