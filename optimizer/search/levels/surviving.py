"""The levels around the incumbent that come within reach of being optimal."""

from __future__ import annotations

import numpy as np

from optimizer.search.levels.bounds import Reference
from optimizer.search.levels.layout import Box, Layout
from optimizer.search.levels.run import MenuRun
from optimizer.typing import Ints


def surviving_box(run: MenuRun, columns: tuple[Ints, ...]) -> Box:
    """At the incumbent's mix level: levels whose bound over the box exceeds the incumbent, the best few per plan."""
    best, layout = run.tree.incumbent, run.layout
    assert best is not None
    kept, chosen = columns, layout.columns(best.menu)
    for _ in range(3):
        bound = run.bound_for(kept, best.mix, Reference(chosen))
        parts = []
        for j, c in enumerate(kept):
            levels = bound.levels(j)
            order = np.argsort(-levels, kind="stable")[: run.tuning.surviving_levels]
            keep = np.zeros(len(c), dtype=np.bool_)
            keep[order] = levels[order] > best.value
            parts.append(c[keep | (c == chosen[j])])
        kept = tuple(parts)
    return Box(_levels(layout, kept), best.mix)


def _levels(layout: Layout, kept: tuple[Ints, ...]) -> tuple[Ints, ...]:
    """Levels of the problem as it came, of plans taken together too."""
    if layout.origin is None:
        return tuple(np.sort(layout.level[c]) for c in kept)
    origin = layout.origin
    found: list[Ints] = [np.empty(0, dtype=np.intp)] * origin.layout.plans
    for group, part, columns in zip(origin.groups, origin.parts, kept, strict=True):
        for k, j in enumerate(group):
            found[j] = np.unique(part[layout.level[columns], k])
    return _levels(origin.layout, tuple(found))
