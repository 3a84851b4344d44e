"""How far a figure of a kept menu moves with what is not known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FigureRange:
    """A figure at one menu over draws of all that is assumed, by weight."""

    low: float
    """In one draw of ten it is lower."""
    middle: float
    high: float
    """In one draw of ten it is higher."""


@dataclass(frozen=True)
class MenuRanges:
    """Figures of the answer's menu over draws."""

    draws: int
    figures: dict[str, FigureRange]
    allowed: float
    """Share of the draws, by weight, in which every condition of the case holds."""
