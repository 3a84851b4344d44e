"""What is known of the business figures, for readers and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from optimizer.economics.figures import RatioFigure, figure, is_figure, names


def figure_rows() -> dict[str, dict[str, Any]]:
    """Figure -> its facts as plain data."""
    return {name: _facts(name) for name in names()}


def _facts(name: str) -> dict[str, Any]:
    known = figure(name)
    facts: dict[str, Any] = {
        "definition": known.definition,
        "kind": str(known.kind),
        "unit": known.unit,
        "display_unit": known.display.words,
        "direction": str(known.better),
        "headline": bool(known.headline),
        "by_part": bool(known.by_part),
    }
    if isinstance(known, RatioFigure):
        facts |= {"numerator": known.numerator, "denominator": known.denominator}
    return facts


def definition(name: str) -> str:
    """What a figure is, its unit and direction; empty for a name that is no figure, such as a blend's."""
    if not is_figure(name):
        return ""
    known = figure(name)
    return f"{known.definition} In {known.display.words}; {known.better} is better."


def glossary(used: Iterable[str]) -> list[tuple[str, str]]:
    """Name and definition of each figure used, each once, in the order of use."""
    return [(name, definition(name)) for name in dict.fromkeys(used) if is_figure(name)]
