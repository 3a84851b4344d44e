"""What is known of the business figures, for readers and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from optimizer.economics.figures import FIGURES, RatioFigure, is_figure, names


def figure_rows() -> dict[str, dict[str, Any]]:
    """Figure -> its facts as plain data."""
    return {name: _facts(name) for name in names()}


def _facts(name: str) -> dict[str, Any]:
    figure = FIGURES[name]
    facts: dict[str, Any] = {
        "definition": figure.definition,
        "kind": str(figure.kind),
        "unit": figure.unit,
        "display_unit": figure.display.words,
        "direction": str(figure.better),
        "headline": bool(figure.headline),
        "by_part": bool(figure.by_part),
    }
    if isinstance(figure, RatioFigure):
        facts |= {"numerator": figure.numerator, "denominator": figure.denominator}
    return facts


def definition(name: str) -> str:
    """What a figure is, its unit and direction; empty for a name that is no figure, such as a blend's."""
    if not is_figure(name):
        return ""
    figure = FIGURES[name]
    return f"{figure.definition} In {figure.display.words}; {figure.better} is better."


def glossary(used: Iterable[str]) -> list[tuple[str, str]]:
    """Name and definition of each figure used, each once, in the order of use."""
    return [(name, definition(name)) for name in dict.fromkeys(used) if is_figure(name)]
