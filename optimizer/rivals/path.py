"""Best responses in turn, from the prices of today on: our best menu, the rivals' answer, our best menu then."""

from __future__ import annotations

import math
from dataclasses import dataclass

from optimizer import search
from optimizer.optimise.outcome import Settings
from optimizer.rivals.game import Game, Profile, ProfileQuestion
from optimizer.rivals.leading import STOPS, worth
from optimizer.typing import Choice

MOST_STEPS = 20


@dataclass(frozen=True)
class PathMove:
    """Our best menu at some prices, and what becomes of it."""

    prices: Profile | None
    """None: as the market states them."""
    choice: Choice
    expected: float
    """The aim if rivals kept their prices."""
    bound: float
    answer: Profile | None
    """Where rivals end who take their best price in turn; None where they never rest."""
    then: float | None
    """The aim there; None where the menu misses a condition there, or they never rest."""


@dataclass(frozen=True)
class BestResponses:
    """Best responses in turn, until they rest, come round again, or time is up."""

    steps: tuple[PathMove, ...]
    cycle: tuple[Profile, ...] = ()
    """Prices that come round again and again."""
    stopped: bool = False
    """Whether time, or the number of steps, ended it."""

    @property
    def equilibrium(self) -> PathMove | None:
        """Where nobody gains by a change of his own: our menu is the best there, and no rival leaves its price."""
        return next((step for step in self.steps if step.prices is not None and step.answer == step.prices), None)


def walk(game: Game, settings: Settings) -> tuple[BestResponses, tuple[tuple[ProfileQuestion, Choice], ...]]:
    """The path, and its menus with the questions whose instances they were chosen on. ``settings.scale`` is stated.

    No steps where no menu meets our conditions at the first prices, or none was found in time.
    """
    steps: list[PathMove] = []
    known: list[tuple[ProfileQuestion, Choice]] = []
    at: Profile | None = None
    seen: list[Profile] = []
    while len(steps) < MOST_STEPS:
        question = game.start if at is None else game.question(at)
        found = _best(question, settings, known)
        if found.menu is None or (found.status in STOPS and steps):
            return BestResponses(tuple(steps), stopped=found.status in STOPS), tuple(known)
        choice = found.menu, int(found.mix or 0)
        known.append((question, choice))
        answer = game.answer(game.margins(question, choice), game.nearest if at is None else at)
        then = None if answer is None else worth(game.question(answer), choice)
        steps.append(PathMove(at, choice, found.value, found.bound, answer, then))
        if found.status in STOPS:
            return BestResponses(tuple(steps), stopped=True), tuple(known)
        if answer is None or answer == at:
            return BestResponses(tuple(steps)), tuple(known)
        if answer in seen:
            return BestResponses(tuple(steps), cycle=tuple(seen[seen.index(answer) :])), tuple(known)
        seen.append(answer)
        at = answer
    return BestResponses(tuple(steps), stopped=True), tuple(known)


def _best(
    question: ProfileQuestion, settings: Settings, known: list[tuple[ProfileQuestion, Choice]]
) -> search.Screened:
    """The best menu where rivals keep their prices."""
    scale = settings.scale
    assert scale is not None and math.isfinite(scale)
    return search.maximise(
        question.instance, question.aim, question.limits, gap=settings.gap, scale=scale, deadline=settings.deadline,
        cancelled=settings.cancelled, seeds=[choice for _, choice in known[-1:]], survivors=False,
        pasts=() if known else None,
    )  # fmt: skip
