"""What was learned, as plain typed data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from optimizer.answer.offers import Offers
from optimizer.errors import Finding
from optimizer.model.case_model import CaseModel
from optimizer.uncertainty.drawing import MarketDraws

IDENTIFIED = 0.3
"""Part of the variance of what was believed that the tables must take away for a number to count as learned."""


@dataclass(frozen=True)
class LearnedNumber:
    """A number of the market before and after."""

    path: str
    unit: str
    before: tuple[float, float, float]
    """Value, low and high as they were believed."""
    value: float
    low: float
    high: float
    """90 % interval."""
    learned: float
    """1 - posterior variance / prior variance, on the number's scale."""
    table: str
    """The table without which it would be least well known; empty where nothing speaks of it."""
    wider: float
    """By how much its spread would grow without that table."""
    by_form: bool
    """Whether no table speaks of it directly: what is known of it rests on the form of the market's equations."""

    @property
    def identified(self) -> bool:
        return self.learned >= IDENTIFIED


@dataclass(frozen=True)
class FittedFigure:
    """A figure of a table as observed and as fitted."""

    table: str
    about: str
    unit: str
    observed: float
    fitted: float
    error: float
    """Relative standard error as observed."""
    deviations: float
    """Fitted less observed, in standard deviations."""


@dataclass(frozen=True)
class ResponseNumber:
    """An elasticity, before and after."""

    name: str
    """own_price_elasticity."""
    plan: str
    before: float
    value: float
    before_spread: float
    """Standard deviation that it would have if the numbers were still as uncertain as before."""
    spread: float
    """Standard deviation."""

    @property
    def learned(self) -> float:
        return 1.0 - (self.spread / self.before_spread) ** 2 if self.before_spread > 0.0 else 0.0


@dataclass(frozen=True)
class NextTest:
    """The test that would halve what is not known of a plan's price."""

    plan: str
    price: float
    other_price: float
    take_up: float
    """Share of an arm's visitors that takes the plan."""
    visitors: float
    """An arm."""
    sign_ups: float
    """An arm."""
    spread: float
    """Of the elasticity of take-up now."""


@dataclass(frozen=True)
class MenuChoice:
    """The menu that the case recommends in a market."""

    world: str
    """``learned``, or the number of a draw."""
    offers: Offers
    enterprise_share: float
    """Of the go-to-market budget."""
    value: float
    """Of the objective."""


@dataclass(frozen=True)
class LearnedMarket:
    """A market as the tables have it."""

    case: str
    market: str
    numbers: tuple[LearnedNumber, ...]
    figures: tuple[FittedFigure, ...]
    known: Mapping[str, float]
    """Numbers taken over as they are: path -> value."""
    responses: tuple[ResponseNumber, ...]
    next_tests: tuple[NextTest, ...]
    menus: tuple[MenuChoice, ...]
    draws: MarketDraws | None
    findings: tuple[Finding, ...]
    missed: tuple[str, ...]
    """Checks of the market's evidence that the learned market does not pass."""
    steps: int
    sampled: float
    case_model: CaseModel = field(repr=False)
    """The case in the learned market."""
    saved: Path | None = None
    """The case's file, where a folder was written."""

    @property
    def identified(self) -> tuple[LearnedNumber, ...]:
        return tuple(n for n in self.numbers if n.identified)

    def number(self, path: str) -> LearnedNumber:
        """Raises KeyError."""
        return {n.path: n for n in self.numbers}[path]


def learned_document(learned: LearnedMarket) -> dict[str, Any]:
    """What was learned as plain data, without draws and the case model."""
    parts = ("numbers", "figures", "responses", "next_tests", "menus")
    return {
        "case": learned.case,
        "market": learned.market,
        "saved": None if learned.saved is None else str(learned.saved),
        "steps": learned.steps,
        "known": dict(learned.known),
        **{name: [asdict(item) for item in getattr(learned, name)] for name in parts},
        "draws": 0 if learned.draws is None else learned.draws.count,
        "missed": list(learned.missed),
        "findings": [f.document() for f in learned.findings],
    }
