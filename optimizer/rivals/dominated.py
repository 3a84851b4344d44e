"""Profiles that no menu of ours can make stable: some rival gains by another price whatever we offer.

With a total stock A of the alternatives our customers of a type are h = n w / (A + e), w and e the stocks of a menu. At
another total A' they are t h, t between 1 and A / A'. What a rival gains by turning, q' (P - t h) - q (P - h) a type,
is bilinear in h and t, so it is least in a corner of their ranges; the sum of the least is a bound over all menus.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from optimizer.rivals.game import Game, Profile, ProfileQuestion, mover
from optimizer.typing import Array


@dataclass(frozen=True)
class Holdings:
    """How many customers of each type our menus can have, whatever the alternatives' total stock. All (I,)."""

    people: tuple[Array, Array]
    """Least and most base reach."""
    stock: tuple[Array, Array]
    """Least and most stock of a whole menu."""
    kept: tuple[Array, Array]
    """Least and most denominator weight per unit of stock."""

    def at(self, outside: Array) -> tuple[Array, Array]:
        """Least and most customers at a total stock of the alternatives: n x / (1 + kept x), which rises in x."""
        ends = zip(self.people, self.stock, reversed(self.kept), strict=True)
        low, high = (n * (s / outside) / (1.0 + k * (s / outside)) for n, s, k in ends)
        return low, high


def holdings(question: ProfileQuestion) -> Holdings:
    """From any question of a game: rules and conditions are not looked at."""
    instance = question.instance
    low = sum((w.min(axis=1) for w in instance.attraction), np.zeros(instance.types))
    high = sum((w.max(axis=1) for w in instance.attraction), np.zeros(instance.types))
    pairs = zip(instance.attraction, instance.denominators, strict=True)
    kept = [np.divide(e, w, out=np.full_like(w, np.nan), where=w > 0.0) for w, e in pairs]
    some = [k for k in kept if not np.isnan(k).all()] or [np.ones((instance.types, 1))]
    least = np.fmin.reduce([np.fmin.reduce(k, axis=1) for k in some])
    most = np.fmax.reduce([np.fmax.reduce(k, axis=1) for k in some])
    people = instance.customers.min(axis=0), instance.customers.max(axis=0)
    stock = low * question.outside, high * question.outside
    return Holdings(people, stock, (np.nan_to_num(least, nan=0.0), np.nan_to_num(most, nan=1.0)))


def least_gain(game: Game, held: Holdings, profile: Profile, deviation: Profile) -> float:
    """What the rival who deviates gains at least, over all menus, usd/month; negative where it may lose."""
    here, there = game.place(profile), game.place(deviation)
    rival = mover(profile, deviation)
    own, other = game.per_person[here, rival], game.per_person[there, rival]
    ratio = game.outside[here] / game.outside[there]
    ends = held.at(game.outside[here])
    corners = [
        other * (game.potential - t * h) - own * (game.potential - h)
        for h, t in itertools.product(ends, (np.ones_like(ratio), ratio))
    ]
    return float(np.min(corners, axis=0).sum())


def always_left(game: Game, held: Holdings, profile: Profile) -> Profile | None:
    """A deviation by which its rival gains at every menu; None where none is known to."""
    for rival, tie in enumerate(game.ties):
        for deviation in game.deviations(profile, rival):
            if least_gain(game, held, profile, deviation) > 2.0 * tie:
                return deviation
    return None
