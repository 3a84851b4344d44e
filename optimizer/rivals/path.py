"""Best responses in turn, from the prices of today on: our best menu, the rivals' answer, our best menu then."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

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
    proof: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The certificate of the bound."""


@dataclass(frozen=True)
class BestResponses:
    """Best responses in turn, until they rest, come round again, or time is up."""

    steps: tuple[PathMove, ...]
    stopped: bool = False
    """Whether time, or the number of steps, ended it."""

    @property
    def cycle(self) -> tuple[Profile, ...]:
        """Prices that come round again and again."""
        answers = [step.answer for step in self.steps]
        seen = answers[:-1]
        if not seen or answers[-1] is None or answers[-1] == self.steps[-1].prices or answers[-1] not in seen:
            return ()
        return tuple(answer for answer in seen[seen.index(answers[-1]) :] if answer is not None)

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
        question = question_at(game, at)
        found = _best(question, settings, known)
        if found.menu is None or (found.status in STOPS and steps):
            return BestResponses(tuple(steps), stopped=found.status in STOPS), tuple(known)
        choice = found.menu, int(found.mix or 0)
        known.append((question, choice))
        steps.append(replace(step_at(game, at, choice, found.value), bound=found.bound, proof=found.certificate))
        answer = steps[-1].answer
        if found.status in STOPS:
            return BestResponses(tuple(steps), stopped=True), tuple(known)
        if answer is None or answer == at:
            return BestResponses(tuple(steps)), tuple(known)
        if answer in seen:
            return BestResponses(tuple(steps)), tuple(known)
        seen.append(answer)
        at = answer
    return BestResponses(tuple(steps), stopped=True), tuple(known)


def question_at(game: Game, prices: Profile | None) -> ProfileQuestion:
    """What we ask at some prices; None: as the market states them."""
    return game.start if prices is None else game.question(prices)


def step_at(game: Game, prices: Profile | None, choice: Choice, expected: float) -> PathMove:
    """What becomes of a menu that is worth ``expected`` at some prices; nothing is proven of it."""
    question = question_at(game, prices)
    answer = game.answer(game.margins(question, choice), game.nearest if prices is None else prices)
    then = None if answer is None else worth(game.question(answer), choice)
    return PathMove(prices, choice, expected, math.inf, answer, then)


def _best(
    question: ProfileQuestion, settings: Settings, known: list[tuple[ProfileQuestion, Choice]]
) -> search.Screened:
    """The best menu where rivals keep their prices."""
    scale = settings.scale
    assert scale is not None and math.isfinite(scale)
    return search.maximise(
        question.instance, question.aim, question.limits, gap=settings.gap, scale=scale, deadline=settings.deadline,
        cancelled=settings.cancelled, seeds=[choice for _, choice in known[-1:]], survivors=False,
        near=bool(known),
    )  # fmt: skip
