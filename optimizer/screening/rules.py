"""Arc consistency: levels that no allowed pair supports leave a box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimizer.screening.problem import Bools, Ints, Problem


def consistent(problem: Problem, box: tuple[Ints, ...]) -> tuple[Ints, ...] | None:
    """The box without levels that lack an allowed partner; None where a plan has no level left."""
    if not problem.rules:
        return box
    parts = list(box)
    changed = True
    while changed:
        changed = False
        for first, second, allowed in problem.rules:
            a = parts[first] - problem.starts[first]
            b = parts[second] - problem.starts[second]
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


def allowed_moves(problem: Problem, menus: Ints, plan: int, columns: Ints) -> Bools | None:
    """(B, L) which columns of a plan go with the other plans' levels of B menus (B, J); None without rules on it."""
    mask: Bools | None = None
    for first, second, allowed in problem.rules:
        if plan not in (first, second):
            continue
        own = columns - problem.starts[plan]
        if first == second:
            fits = np.broadcast_to(allowed[own, own], (len(menus), len(own)))
        elif plan == first:
            fits = allowed[np.ix_(own, menus[:, second] - problem.starts[second])].T
        else:
            fits = allowed[np.ix_(menus[:, first] - problem.starts[first], own)]
        mask = fits if mask is None else mask & fits
    return mask


def follow(problem: Problem, menus: Ints, plans: Sequence[int] | None = None) -> Bools:
    """(B,) which menus (B, J) of columns keep every rule whose plans are both in ``plans`` (default: all)."""
    keep = np.ones(len(menus), dtype=np.bool_)
    for first, second, allowed in problem.rules:
        if plans is None or (first in plans and second in plans):
            a = menus[:, first] - problem.starts[first]
            b = menus[:, second] - problem.starts[second]
            keep &= allowed[a, b]
    return keep
