"""Arc consistency: levels that no allowed pair supports leave a box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from optimizer.search.levels.layout import Layout
from optimizer.typing import Bools, Ints


class Ruled(Protocol):
    """Columns plan after plan, and which pairs of them may stand on one menu."""

    @property
    def starts(self) -> Ints:
        """(J + 1,) first column of each plan."""
        ...

    @property
    def rules(self) -> tuple[tuple[int, int, Bools], ...]:
        """(first plan, second plan, allowed)."""
        ...


def consistent(layout: Ruled, box: tuple[Ints, ...]) -> tuple[Ints, ...] | None:
    """The box without levels that lack an allowed partner; None where a plan has no level left."""
    if not layout.rules:
        return box
    parts = list(box)
    changed = True
    while changed:
        changed = False
        for first, second, allowed in layout.rules:
            a = parts[first] - layout.starts[first]
            b = parts[second] - layout.starts[second]
            if first == second:
                keeps = [(first, allowed[a, a])]
            else:
                pairs = allowed[np.ix_(a, b)]
                keeps = [(first, pairs.any(axis=1)), (second, pairs.any(axis=0))]
            for plan, keep in keeps:
                if not keep.all():
                    parts[plan] = parts[plan][keep]
                    changed = True
            if not len(parts[first]) or not len(parts[second]):
                return None
    return tuple(parts)


def allowed_moves(layout: Layout, menus: Ints, plan: int, columns: Ints) -> Bools | None:
    """(B, L) which columns of a plan go with the other plans' levels of B menus (B, J); None without rules on it."""
    mask: Bools | None = None
    for first, second, allowed in layout.rules:
        if plan not in (first, second):
            continue
        own = columns - layout.starts[plan]
        if first == second:
            fits = np.broadcast_to(allowed[own, own], (len(menus), len(own)))
        elif plan == first:
            fits = allowed[np.ix_(own, menus[:, second] - layout.starts[second])].T
        else:
            fits = allowed[np.ix_(menus[:, first] - layout.starts[first], own)]
        mask = fits if mask is None else mask & fits
    return mask


def follow(layout: Layout, menus: Ints, plans: Sequence[int] | None = None) -> Bools:
    """(B,) which menus (B, J) of columns keep every rule whose plans are both in ``plans`` (default: all)."""
    keep = np.ones(len(menus), dtype=np.bool_)
    for first, second, allowed in layout.rules:
        if plans is None or (first in plans and second in plans):
            a = menus[:, first] - layout.starts[first]
            b = menus[:, second] - layout.starts[second]
            keep &= allowed[a, b]
    return keep
