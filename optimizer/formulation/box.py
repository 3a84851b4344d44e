"""The part of an instance that a program covers, and what is known about shares inside it (numpy only).

z_ijl, the copy of y_i at level l of plan j, lies between lo and hi where the level is chosen and is 0 elsewhere
(conditional bounds: Sen, Atamturk, Kaminsky 2018).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.errors import SolverError, bad_argument
from optimizer.model.instance import Instance
from optimizer.typing import Array, Choice

LARGEST_ATTRACTION = math.exp(9.0)
"""Above it HiGHS has called menus optimal that were not (its 1e-6 tolerance times a huge weight)."""


@dataclass(frozen=True)
class ProgramBox:
    """Allowed levels of every plan and allowed mix levels, as sorted indices of the instance."""

    levels: tuple[tuple[int, ...], ...]
    mixes: tuple[int, ...]

    def holds(self, choice: Choice) -> bool:
        menu, mix = choice
        return mix in self.mixes and all(c in ls for c, ls in zip(menu, self.levels, strict=True))


def make_box(
    instance: Instance, box: Sequence[Sequence[int]] | None = None, mixes: Sequence[int] | None = None
) -> ProgramBox:
    """The checked box; None means all levels or all mix levels.

    Raises:
        InputError: indices out of range, repeated, unsorted, or an empty set.
    """
    if box is not None and len(box) != instance.plans:
        raise bad_argument("box", f"{len(box)} level sets for {instance.plans} plans")
    sizes = instance.levels
    levels = tuple(tuple(range(n)) for n in sizes) if box is None else tuple(tuple(int(k) for k in ls) for ls in box)
    chosen = tuple(range(instance.mixes)) if mixes is None else tuple(int(k) for k in mixes)
    fields = [(f"box[{j}]", ls, n) for j, (ls, n) in enumerate(zip(levels, sizes, strict=True))]
    for name, indices, count in [*fields, ("mixes", chosen, instance.mixes)]:
        if not indices:
            raise bad_argument(name, "no index is left", "give at least one")
        if list(indices) != sorted(set(indices)) or indices[0] < 0 or indices[-1] >= count:
            raise bad_argument(name, f"indices must be sorted, different and within 0 ... {count - 1}")
    return ProgramBox(levels, chosen)


def unsafe_levels(
    instance: Instance, box: Sequence[Sequence[int]] | None = None, largest: float = LARGEST_ATTRACTION
) -> tuple[tuple[int, int], ...]:
    """(plan, level) pairs in the box where some type's w or e exceeds ``largest`` or is not finite.

    They must be settled without the solver (true-weight bound or enumeration), never by clipping.
    """
    levels = make_box(instance, box).levels
    found = []
    for j, (w, e) in enumerate(zip(instance.attraction, instance.denominators, strict=True)):
        worst = np.maximum(w, e).max(axis=0)
        found += [(j, k) for k in levels[j] if not worst[k] <= largest]
    return tuple(found)


def refuse_unsafe(instance: Instance, box: ProgramBox) -> None:
    """Raises SolverError when the box holds a level the solver must not see."""
    found = unsafe_levels(instance, box.levels)
    if found:
        text = ", ".join(f"plan {j} level {k}" for j, k in found[:5])
        raise SolverError(
            f"{len(found)} levels have an attraction above exp(9) against the alternatives ({text}): "
            "settle them by the bound or by enumeration"
        )


@dataclass(frozen=True)
class Shares:
    """Numbers of the logit program in one box; arrays restricted to the box.

    Program variables lie in [0, 1]: ``y_i = unit_i Y_i`` and ``z_ijl = low_ijl x_jl + (high - low)_ijl r_ijl``.
    """

    box: ProgramBox
    w: tuple[Array, ...]
    """(I, L_j) stock attraction."""
    e: tuple[Array, ...]
    """(I, L_j) denominator weights."""
    customers: Array
    """(M, I) base reach, persons."""
    reach: Array
    """(I,) largest base reach over the mix levels, persons."""
    unit: Array
    """(I,) largest y, persons."""
    smallest: Array
    """(I,) smallest y as a fraction of ``unit``."""
    low: tuple[Array, ...]
    """(I, L_j) smallest z at the chosen level, persons."""
    high: tuple[Array, ...]
    """(I, L_j) largest z at the chosen level, persons."""


def make_shares(instance: Instance, box: ProgramBox) -> Shares:
    """Conditional bounds of y and z in the box.

    Formula: hi_ijl = n_max_i / (1 + e_ijl + sum over other plans of their smallest e_i); lo likewise with n_min
    and the largest e.
    """
    picks = [list(ls) for ls in box.levels]
    w = tuple(a[:, p] for a, p in zip(instance.attraction, picks, strict=True))
    e = tuple(a[:, p] for a, p in zip(instance.denominators, picks, strict=True))
    customers = instance.customers[list(box.mixes)]
    most, least = customers.max(axis=0), customers.min(axis=0)
    smallest_e = [a.min(axis=1) for a in e]
    largest_e = [a.max(axis=1) for a in e]
    zero = np.zeros(instance.types)
    low, high = [], []
    for j, weights in enumerate(e):
        # summed afresh, not by subtraction: two sums that are equal must come out equal
        others_small = sum((a for k, a in enumerate(smallest_e) if k != j), zero)
        others_large = sum((a for k, a in enumerate(largest_e) if k != j), zero)
        high.append(most[:, None] / (1.0 + weights + others_small[:, None]))
        bottom = least[:, None] / (1.0 + weights + others_large[:, None])
        low.append(np.minimum(bottom, high[j]))
    unit = most / (1.0 + sum(smallest_e, zero))
    smallest = least / (1.0 + sum(largest_e, zero)) / unit
    # (1 - 1e-12): rounding must not cut off the exact point
    return Shares(box, w, e, customers, most, unit, smallest * (1.0 - 1e-12), tuple(low), tuple(high))
