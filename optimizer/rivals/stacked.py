"""A profile beside those that rivals could turn to: that none gains by turning is a limit on our menu.

Of every deviation the customer types are repeated that the rival serves, with attractions against the stocks there; our
aim and conditions count the profile's own types alone. What a rival earns is linear in our customers of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.model.instance import Figure, Instance, Limit, zero_figure
from optimizer.rivals.game import Game, Profile, ProfileQuestion, mover
from optimizer.typing import Array, Ints


@dataclass(frozen=True)
class _Turned:
    """The types of one deviation."""

    deviation: Profile
    rival: int
    types: Ints
    """Of the profile's own instance."""


def stacked(game: Game, question: ProfileQuestion, profile: Profile, deviations: Sequence[Profile]) -> ProfileQuestion:
    """The question at a profile under the limits that no rival gains by these deviations; itself without any.

    Repeated types stand first: those of a wide nest then lie together.
    """
    if not deviations:
        return question
    parts = [_part(game, profile, deviation) for deviation in deviations]
    instance, extra = question.instance, sum(len(part.types) for part in parts)
    scale = [question.outside[p.types] / game.outside[game.place(p.deviation), p.types] for p in parts]

    def over(array: Array) -> Array:
        """(I, L) weights, repeated with the stocks of the deviations."""
        rows = [array[part.types] * s[:, None] for part, s in zip(parts, scale, strict=True)]
        return np.concatenate([*rows, array])

    made = Instance(
        np.concatenate([*(instance.customers[:, part.types] for part in parts), instance.customers], axis=1),
        tuple(map(over, instance.attraction)),
        tuple(map(over, instance.denominators)),
        tuple(replace(block, use=padded(block.use, extra)) for block in instance.blocks),
        instance.rules,
        instance.names,
        tuple(padded_rows(odds, extra) for odds in instance.odds),
    )
    limits = [replace(limit, figure=padded(limit.figure, extra)) for limit in question.limits]
    at = 0
    for part in parts:
        limits.append(_stays(game, made, profile, part, at))
        at += len(part.types)
    outside = np.concatenate([*(game.outside[game.place(p.deviation), p.types] for p in parts), question.outside])
    return ProfileQuestion(made, padded(question.aim, extra), tuple(limits), outside)


def _part(game: Game, profile: Profile, deviation: Profile) -> _Turned:
    rival = mover(profile, deviation)
    own, other = (game.per_person[game.place(p), rival] for p in (profile, deviation))
    met = np.flatnonzero((own != 0.0) | (other != 0.0))
    return _Turned(deviation, rival, met if len(met) else np.zeros(1, dtype=np.intp))


def _stays(game: Game, instance: Instance, profile: Profile, part: _Turned, at: int) -> Limit:
    """What the rival earns at the profile less what it earns at the deviation, ties forgiven; ``at``: its first row."""
    own, other = (game.per_person[game.place(p), part.rival] for p in (profile, part.deviation))
    per = np.zeros(instance.types)
    per[at : at + len(part.types)] = other[part.types]
    per[-len(own) :] -= own
    constant = float((own - other) @ game.potential + game.ties[part.rival])
    blank = zero_figure(instance)
    amounts = tuple(np.broadcast_to(per[:, None], w.shape) for w in instance.attraction)
    name = f"rival {part.rival} stays at {profile[part.rival]}, not {part.deviation[part.rival]}"
    return Limit(name, replace(blank, amounts=amounts, constant=constant))


def padded_rows(array: Array, extra: int) -> Array:
    """An (I, L) array with rows of 0 before it."""
    return np.concatenate([np.zeros((extra, array.shape[1])), array])


def padded(figure: Figure, extra: int) -> Figure:
    """A figure that counts nothing on so many types before its own."""
    return replace(
        figure,
        amounts=tuple(padded_rows(a, extra) for a in figure.amounts),
        outside=np.concatenate([np.zeros(extra), figure.outside]),
        again=tuple(padded_rows(a, extra) for a in figure.again),
    )
