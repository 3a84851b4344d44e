"""A bound over a part of its box, and after constants were added to the aim and the limits.

Potentials do not change with a constant, and a bound's total moves by the constants times the multipliers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimizer.search.levels.layout import EPS, Layout
from optimizer.search.levels.state import BoundStep
from optimizer.typing import Array, Ints


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
    bound = replace(bound, total=total, potential=potential, top=top, fall=fall, held=None)
    return replace(step, bound=bound, columns=columns)


def eased(layout: Layout, constants: Array) -> Layout:
    """The layout after constants (1 + K,) were added to the aim and the limits."""
    if not constants.any():
        return layout
    more = np.zeros(len(layout.rows.offset))
    more[: len(constants)] = constants
    rows = replace(layout.rows, offset=layout.rows.offset + more[:, None])
    exact = None if layout.exact is None else replace(layout.exact, offset=rows.offset)
    return replace(layout, rows=rows, exact=exact, magnitude=layout.magnitude + np.abs(more)[:, None])
