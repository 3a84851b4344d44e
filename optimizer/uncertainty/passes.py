"""Passes over all levels of very wide nests: what they bound, what they leave, and what they drop in a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer.typing import Array, Ints, LevelIndices
from optimizer.uncertainty.certificate import Node, drop
from optimizer.uncertainty.sweep import Sweep
from optimizer.uncertainty.wide_question import WideQuestion

Levels = tuple[Ints, ...]
LOT = 2e7
"""Levels of a nest are built in lots, so that no array has more numbers; there are about ten."""


@dataclass(frozen=True)
class Pass:
    """A bound over all levels that the passes before it left."""

    box: Levels
    mix: int
    """At which the weights bound best."""
    center: LevelIndices
    y: Array
    found: Sweep


def least_bounds(wide: WideQuestion, passes: Sequence[Pass]) -> tuple[Array, list[Array]]:
    """(M,) the least bound of the passes at every mix level; and by composite (L, M) that of menus with a level."""
    total = np.min([one.found.total for one in passes], axis=0)
    levels = [np.full((n, len(total)), np.inf) for n in wide.levels]
    for one in passes:
        for own, part, found in zip(levels, one.box, one.found.levels, strict=True):
            own[part] = np.minimum(own[part], found)
    return total, [np.minimum(own, total) for own in levels]


def next_mix(wide: WideQuestion, passes: Sequence[Pass]) -> int:
    """The mix level that stands most in the way, of those that no pass was for; else of all."""
    total = least_bounds(wide, passes)[0]
    total[[one.mix for one in passes]] -= 2.0 * float(np.ptp(total)) + 1.0
    return int(np.argmax(total))


def kept_by(wide: WideQuestion, passes: Sequence[Pass], cutoff: float) -> Levels:
    """What the passes leave at some mix level."""
    if not passes:
        return wide.whole()
    return tuple(np.flatnonzero((own > cutoff).any(axis=1)) for own in least_bounds(wide, passes)[1])


def promising(wide: WideQuestion, passes: Sequence[Pass], box: Levels, most: int) -> Levels:
    """Of the box what is searched: of wide nests no more than so many levels, those with the largest bounds."""
    found, bounds = list(box), least_bounds(wide, passes)[1]
    for j in wide.wide:
        order = np.argsort(-bounds[j][box[j]].max(axis=1), kind="stable")
        found[j] = np.sort(box[j][order[:most]])
    return tuple(found)


def lots_of(wide: WideQuestion, passes: Sequence[Pass], levels: Ints, part: int) -> list[Ints]:
    """Levels of a wide nest in lots that are built one after the other, those that promise most first."""
    order = np.argsort(-least_bounds(wide, passes)[1][part][levels].max(axis=1), kind="stable")
    size = max(1, int(LOT / (wide.draws * wide.types)))
    return [np.sort(levels[order[at : at + size]]) for at in range(0, max(1, len(levels)), size)]


def dropped(
    wide: WideQuestion,
    node: Node,
    passes: Sequence[tuple[Pass, list[Any]]],
    left: Levels | None,
    mix: int,
    cutoff: float,
) -> float:
    """Drop every level with the first pass that settles it; what is not left though no pass does, with the one that
    bounds it best. ``left`` None: only what is settled. Returns the most that a menu with such a level is worth."""
    most, gone = -np.inf, [list[tuple[int, Ints]]() for _ in passes]
    for j, n in enumerate(wide.levels):
        by, bound = np.full(n, -1), np.full(n, np.inf)
        for k, (one, _) in enumerate(passes):
            place, own = one.box[j], one.found.levels[j][:, mix]
            better = (bound[place] > cutoff) & (own < bound[place])
            by[place[better]], bound[place[better]] = k, own[better]
        out = bound <= cutoff if left is None else ~np.isin(np.arange(n), left[j])
        if out.any():
            most = max(most, float(bound[out].max()))
        for k, part in enumerate(gone):
            levels = np.flatnonzero(out & (by == k))
            if len(levels):
                part.append((j, levels))
    for part, (_, proof) in zip(gone, passes, strict=True):
        if part:
            drop(node, proof, part)
    return most
