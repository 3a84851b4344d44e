"""Bounds of one run used again in another, whose aim and limits differ from its own in constants alone.

Potentials do not change with a constant, and a bound's total moves by the constants times the multipliers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.search.levels.layout import EPS, Layout
from optimizer.search.levels.state import BoundStep, OpenBox
from optimizer.typing import Array, Ints


@dataclass(frozen=True)
class Past:
    """What a run leaves for the next one."""

    layout: Layout
    steps: dict[int, list[BoundStep]]
    """By mix level, the bounds of its root box that dropped something, in the order they were taken."""

    def constants(self, layout: Layout, mix: int) -> Array | None:
        """(1 + K,) by how much a problem's aim and limits lie above this one's; None if they differ by more."""
        own, rows = self.layout, layout.rows
        pairs = [(own.rows.matrix, rows.matrix), (own.rows.fixed, rows.fixed), (own.rows.outside, rows.outside)]
        pairs.append((own.burst, layout.burst))
        if own.instance is not layout.instance or not all(np.array_equal(a, b) for a, b in pairs):
            return None
        return np.asarray((rows.offset - own.rows.offset)[: 1 + layout.limits, mix])


def recalled(pasts: Sequence[Past], layout: Layout, box: OpenBox) -> Iterator[BoundStep]:
    """One after the other, the bounds that hold for the root box as it then stands, moved to it."""
    for past in pasts:
        constants = past.constants(layout, box.mix)
        for step in past.steps.get(box.mix, ()):
            if constants is not None and covers(step, box.columns):
                yield moved(step, box.columns, constants)


def covers(step: BoundStep, columns: tuple[Ints, ...]) -> bool:
    """Whether the step's bound was taken over all of these columns."""
    held = np.zeros(1 + max(int(c.max()) for c in (*step.columns, *columns)), dtype=np.bool_)
    held[np.concatenate(step.columns)] = True
    return bool(held[np.concatenate(columns)].all())


def moved(step: BoundStep, columns: tuple[Ints, ...], constants: Array) -> BoundStep:
    """The step's bound over a part of its box, after constants (1 + K,) were added to the aim and the limits."""
    bound, weights = step.bound, step.multiplier.rows
    potential = tuple(p[np.searchsorted(c, k)] for p, c, k in zip(bound.potential, step.columns, columns, strict=True))
    top = np.array([p.max() for p in potential])
    total = bound.total + float((top - bound.top).sum()) + float(weights @ constants)
    # as many roundings as a bound taken anew would have to allow for, on every number that is new here
    terms = abs(bound.total) + float(np.abs(top).sum() + np.abs(bound.top).sum() + weights @ np.abs(constants))
    total += 2.0 * EPS * (bound.gradient.shape[1] + 4 * len(top) + 40) * terms
    fall = float(max(t - p.min() for t, p in zip(top, potential, strict=True)))
    bound = replace(bound, total=total, potential=potential, top=top, fall=fall)
    return replace(step, bound=bound, columns=columns)


def telling(steps: list[BoundStep]) -> list[BoundStep]:
    """The steps after which the box was another one, and the last."""
    after = [*steps[1:], None]
    return [a for a, b in zip(steps, after, strict=False) if b is None or b.columns is not a.columns]
