"""Levels that have menus within the spans of a box."""

from __future__ import annotations

import numpy as np

from optimizer.search.levels.bounds import others
from optimizer.search.levels.layout import Layout
from optimizer.typing import Array, Bools, Ints


def fitting(layout: Layout, columns: tuple[Ints, ...], spans: Array, slack: float) -> list[Bools]:
    """Per plan which columns have menus of the box within the spans, one level at a time."""
    parts = [layout.weight[c] for c in columns]
    least, most = (np.array([getattr(p, end)(axis=0) for p in parts]) for end in ("min", "max"))
    low, high = others(least), others(most)
    kept = []
    for j, part in enumerate(parts):
        fits = (part + low[j] <= spans[1] * (1.0 + slack)) & (part + high[j] >= spans[0] * (1.0 - slack))
        kept.append(fits.all(axis=1))
    return kept
