"""The game as arrays: what rivals earn at every profile of their prices, and which profiles are stable at a menu.

A profile is one price (a position on its ladder) per rival. It is stable at a menu where no rival gains by another
price of its own while the others keep theirs. Our customers at a profile are those of the instance with all attractions
divided by the alternatives' total stock there.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.economics import choice, rivalry
from optimizer.model.instance import Figure, Instance, Limit
from optimizer.typing import Array, Choice

Profile = tuple[int, ...]
TIE = 1e-9
"""A rival does not move for less than this, relative to the most it could earn."""
ROUNDING = 1.001
"""Times that, where two ways to work one margin out are compared."""


@dataclass(frozen=True)
class ProfileQuestion:
    """What we ask at one profile: the most of ``aim`` under ``limits``."""

    instance: Instance
    aim: Figure
    limits: tuple[Limit, ...]
    outside: Array
    """(I,) total stock of the alternatives, against which the instance's attractions are."""


@dataclass(frozen=True)
class Game:
    """Rivals' stocks and margins at every profile; profiles are counted through with the last rival's price fastest."""

    shape: tuple[int, ...]
    """Prices of each rival."""
    potential: Array
    """(I,) people."""
    outside: Array
    """(Q, I) total stock of the alternatives at each profile."""
    per_person: Array
    """(Q, K, I) what each rival earns per person who is not our customer, usd/month."""
    question: Callable[[Profile], ProfileQuestion]
    """At a profile; the same choices at all of them."""
    start: ProfileQuestion
    """At the prices that the market states, which need be none of the profiles."""
    nearest: Profile
    """The profile nearest to those prices."""

    def profiles(self) -> Iterator[Profile]:
        return itertools.product(*map(range, self.shape))

    def place(self, profile: Profile) -> int:
        """Where a profile stands in the arrays."""
        return int(np.ravel_multi_index(profile, self.shape)) if self.shape else 0

    def deviations(self, profile: Profile, rival: int) -> list[Profile]:
        """The profiles that a rival reaches alone, this one left out."""
        own = profile[rival]
        return [(*profile[:rival], p, *profile[rival + 1 :]) for p in range(self.shape[rival]) if p != own]

    @cached_property
    def ties(self) -> Array:
        """(K,) what a rival does not move for, usd/month."""
        return np.asarray(TIE * (np.abs(self.per_person) @ self.potential).max(axis=0))

    def margins(self, question: ProfileQuestion, choice_: Choice) -> Array:
        """(Q, K) what each rival earns at each profile if we offer a choice, usd/month."""
        return np.asarray(rivalry.margin(self.per_person, self._elsewhere(question, choice_)[:, None, :]))

    def _elsewhere(self, question: ProfileQuestion, choice_: Choice) -> Array:
        """(Q, I) people who are not our customers at each profile."""
        (menu, mix), instance = choice_, question.instance
        stock, kept = (
            sum((part[:, k] for part, k in zip(parts, menu, strict=True)), np.zeros(instance.types)) * question.outside
            for parts in (instance.attraction, instance.denominators)
        )
        weights, below = (choice.stock_attraction(part, self.outside) for part in (stock, kept))
        staying = choice.stays(instance.customers[mix], below[:, None, :])  # one plan that stands for all
        return np.asarray(self.potential - weights * staying)

    def stable(self, margins: Array) -> list[Profile]:
        """The profiles that no rival leaves alone, at (Q, K) margins."""
        return [profile for profile in self.profiles() if not self.leaving(margins, profile)]

    def leaving(self, margins: Array, profile: Profile, room: float = 1.0) -> list[Profile]:
        """The best deviation of each rival who gains by one; ``room``: a little more than 1 forgives rounding."""
        found = []
        for rival, tie in enumerate(self.ties):
            others = self.deviations(profile, rival)
            if not others:
                continue
            best = max(others, key=lambda other: float(margins[self.place(other), rival]))
            gain = margins[self.place(best), rival] - margins[self.place(profile), rival]
            if gain > tie * room:
                found.append(best)
        return found

    def answer(self, margins: Array, profile: Profile) -> Profile | None:
        """Where rivals end who take their best price in turn, from a profile on; None where they never rest."""
        seen = set()
        while profile not in seen:
            seen.add(profile)
            before = profile
            for rival in range(len(self.shape)):
                moves = [d for d in self.leaving(margins, profile) if d[rival] != profile[rival]]
                profile = moves[0] if moves else profile
            if profile == before:
                return profile
        return None


def mover(profile: Profile, deviation: Profile) -> int:
    """The rival who deviates."""
    return next(k for k, (p, d) in enumerate(zip(profile, deviation, strict=True)) if p != d)
