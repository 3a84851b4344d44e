"""The best menu if every rival then answers: one root per profile of rivals' prices, best bound first.

At a profile our menu is bound by limits that no rival gains by turning to another price. They are added as they are
missed: the most of the aim under some of them is a bound on the most under all. A profile is closed once its bound is
within the gap of the best that is known, most often without a menu being looked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from optimizer import search
from optimizer.errors import NotTrustedError
from optimizer.execution import clock
from optimizer.model.measures import magnitude
from optimizer.optimise.outcome import Settings
from optimizer.rivals.dominated import Holdings, always_left, holdings, least_gain
from optimizer.rivals.game import ROUNDING, Game, Profile, ProfileQuestion
from optimizer.rivals.stacked import stacked
from optimizer.search import SearchStatus
from optimizer.search.engine import GapRule
from optimizer.solve.boxes import check_choice
from optimizer.typing import Array, Choice

STOPS = (SearchStatus.OPEN, SearchStatus.INTERRUPTED)


@dataclass(frozen=True)
class Led:
    """A menu, and the stable profile that is best for us there."""

    choice: Choice
    profile: Profile
    value: float
    """Of the aim, by the profile's own instance."""


@dataclass(frozen=True)
class Closed:
    """What is proven of a profile: no menu to which it is an answer is worth more than ``bound`` there."""

    profile: Profile
    deviations: tuple[Profile, ...]
    """Those that the proof counts; where the certificate says ``always_left``, one that its rival always gains by."""
    bound: float
    certificate: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Leading:
    """The best that can be had, and what is proven of it."""

    best: Led | None
    bound: float
    status: SearchStatus
    """``closed``, ``infeasible`` where no menu has an answer that meets our conditions, ``open`` or ``interrupted``."""
    closed: tuple[Closed, ...]
    boxes: int
    solves: int


@dataclass
class _Closing:
    """What is known while profiles are closed one by one. ``settings`` has its scale."""

    game: Game
    settings: Settings
    held: Holdings
    best: Led | None = None
    closed: list[Closed] = field(default_factory=list)
    boxes: int = 0
    solves: int = 0
    stopped: SearchStatus | None = None

    @property
    def cutoff(self) -> float:
        """Bounds up to here are close enough."""
        assert self.settings.scale is not None
        if self.best is None:
            return -math.inf
        return GapRule(self.settings.gap, self.settings.scale).cutoff(self.best.value)

    def offer(self, question: ProfileQuestion, choice: Choice) -> Array:
        """Take a choice with its best stable profile where that is better than what is known; the rivals' margins."""
        margins = self.game.margins(question, choice)
        for profile in self.game.stable(margins):
            value = worth(self.game.question(profile), choice)
            if value is not None and value > value_of(self.best):
                self.best = Led(choice, profile, value)
        return margins

    def close(self, profile: Profile) -> None:
        """Solve a profile under more and more deviations until its bound is close enough or its menu is answered so."""
        left = always_left(self.game, self.held, profile)
        if left is not None:
            self.closed.append(Closed(profile, (left,), -math.inf, {"always_left": True}))
            return
        if self._over():
            self._leave(profile)
            return
        question, deviations, least = self.game.question(profile), self._guess(profile), None
        excluded: list[Choice] = []
        while True:
            found = self._maximise(stacked(self.game, question, profile, deviations), excluded, profile)
            if least is None or found.bound < least.bound:
                least = Closed(profile, tuple(deviations), found.bound, found.certificate)
            if found.status in STOPS:
                self.stopped = found.status
            missed = self._missed(question, profile, found)
            if self.stopped is not None or not missed or least.bound <= self.cutoff:
                self.closed.append(least)
                return
            more = [d for d in missed if d not in deviations]
            if not more and found.menu is not None:  # a tie, told apart by the last digits of two sums
                excluded.append((found.menu, int(found.mix or 0)))
            deviations = [*deviations, *more]

    def _missed(self, question: ProfileQuestion, profile: Profile, found: search.Screened) -> list[Profile]:
        """The rivals' best deviations from a profile at a menu that was found; it is taken where there are none."""
        if found.menu is None:
            return []
        choice = found.menu, int(found.mix or 0)
        missed = self.game.leaving(self.offer(question, choice), profile, ROUNDING)
        if not missed and found.value > value_of(self.best):
            self.best = Led(choice, profile, found.value)
        return missed

    def _guess(self, profile: Profile) -> list[Profile]:
        """Deviations that most likely count: those by which rivals gain at the best menu that is known."""
        if self.best is None:
            return []
        return self.game.leaving(self.game.margins(self.game.start, self.best.choice), profile)

    def _maximise(self, asked: ProfileQuestion, excluded: Collection[Choice], profile: Profile) -> search.Screened:
        settings, best = self.settings, self.best
        assert settings.scale is not None
        found = search.maximise(
            asked.instance, asked.aim, asked.limits, gap=settings.gap, scale=settings.scale,
            deadline=settings.deadline, cancelled=settings.cancelled, excluded=excluded, survivors=False,
            seeds=[best.choice] if best is not None and best.profile == profile else [],
            floor=-math.inf if best is None else best.value,
        )  # fmt: skip
        self.boxes, self.solves = self.boxes + found.boxes, self.solves + 1
        return found

    def _over(self) -> bool:
        """Whether nothing more is solved."""
        if self.stopped is None and self.settings.cancelled is not None and self.settings.cancelled():
            self.stopped = SearchStatus.INTERRUPTED
        elif self.stopped is None and self.settings.late:
            self.stopped = SearchStatus.OPEN
        return self.stopped is not None

    def _leave(self, profile: Profile) -> None:
        """A profile that is not looked at: no menu is worth more than all its terms."""
        with clock.lifted():
            question = self.game.question(profile)
            bound = magnitude(question.instance, question.aim)
        proof = search.unsearched(question.instance, bound, ())
        self.closed.append(Closed(profile, (), bound, proof))


def worth(question: ProfileQuestion, choice: Choice) -> float | None:
    """The aim at a choice; None where it misses a condition, a rule or compute."""
    checked = check_choice(question.instance, question.aim, question.limits, choice)
    return None if checked.problems else checked.value


def lead(
    game: Game, settings: Settings, known: Sequence[tuple[ProfileQuestion, Choice]] = (),
    progress: Callable[[int], None] = lambda _done: None,
) -> Leading:  # fmt: skip
    """The best choice with its best stable profile; ``known``: choices to begin with, and where they were found.

    ``settings.scale`` is stated. Ties and several stable profiles count for us: the value is the most over profiles
    that no rival leaves alone. Raises nothing where time is up: what was not looked at leaves its largest bound.
    """
    run = _Closing(game, settings, holdings(game.start))
    for question, choice in known:
        run.offer(question, choice)
    first = None if run.best is None else run.best.profile
    for profile in sorted(game.profiles(), key=lambda profile: profile != first):
        run.close(profile)
        progress(len(run.closed))
    bound = max([value_of(run.best), *(closed.bound for closed in run.closed)])
    ended = SearchStatus.INFEASIBLE if run.best is None else SearchStatus.CLOSED
    return Leading(run.best, bound, run.stopped or ended, tuple(run.closed), run.boxes, run.solves)


def value_of(best: Led | None) -> float:
    """What is known; -inf for nothing."""
    return -math.inf if best is None else best.value


def recheck(game: Game, closed: Sequence[Closed]) -> float:
    """The bound that the certificates of all profiles prove, without search. Raises NotTrustedError."""
    missing = set(game.profiles()) - {one.profile for one in closed}
    if missing:
        raise NotTrustedError(f"the certificate leaves out {len(missing)} profiles of rivals' prices")
    held = holdings(game.start)
    return max(_recheck(game, held, one) for one in closed)


def _recheck(game: Game, held: Holdings, one: Closed) -> float:
    """The bound of one profile. Raises NotTrustedError where a menu that is left out would be answered so."""
    if one.certificate.get("always_left"):
        if not any(least_gain(game, held, one.profile, d) > 0.0 for d in one.deviations):
            raise NotTrustedError("a profile is called one that some rival always leaves, and is none")
        return -math.inf
    question = game.question(one.profile)
    asked = stacked(game, question, one.profile, one.deviations)
    for menu, mix in one.certificate["excluded"]:
        if not game.leaving(game.margins(question, (tuple(menu), mix)), one.profile, ROUNDING):
            raise NotTrustedError("the certificate leaves out a menu that rivals answer so")
    return search.recheck(asked.instance, asked.aim, asked.limits, one.certificate)
