"""Which single menus of a box a set of bounds leaves over.

A bound is additive over plans: value(x) <= total - sum_j deficit_j(x_j), deficits >= 0. So the menus that it does not
settle are found by adding plan after plan and dropping partial sums that are already too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.search.levels.enumeration import halves
from optimizer.search.levels.layout import EPS
from optimizer.search.tuning import DEFAULT
from optimizer.typing import Array, Bools, Ints


@dataclass(frozen=True)
class Sieve:
    """One bound over a box."""

    total: float
    deficits: tuple[Array, ...]
    """(columns of the plan,) per plan, >= 0."""
    cutoff: float
    """Menus whose bound is at most this are settled."""
    counts: bool
    """Whether settled menus count for the proven bound (no: they are proven infeasible)."""


def sift(
    box: tuple[Ints, ...], sieves: Sequence[Sieve], most: int, wider: int = DEFAULT.sifted_wider
) -> tuple[Ints, float] | None:
    """(n, J) columns of the menus no sieve settles, and the largest bound of those settled; None beyond ``most``.

    The first sieve counts before anything is built: with a level of deficit 0 in every plan no part of a menu that
    passes it comes to nothing, so too large a count, of ``wider`` times as many, is final.
    """
    plans = sorted(range(len(box)), key=lambda j: (len(box[j]), j))
    budgets, totals, counts = side_by_side(sieves)
    spent = np.zeros((1, len(sieves)))
    menus = np.zeros((1, len(box)), dtype=np.intp)
    settled = -np.inf
    for j in plans:
        table = np.stack([s.deficits[j] for s in sieves], axis=1)
        order = np.argsort(table[:, 0], kind="stable")
        table = table[order]
        fits = np.searchsorted(table[:, 0], budgets[0] - spent[:, 0])
        size = int(fits.sum())
        if size > wider * most:
            return None
        short = fits < len(order)
        if short.any() and counts[0]:  # all from there on are settled by the first sieve, whatever the others say
            settled = max(settled, float(totals[0] - (spent[short, 0] + table[fits[short], 0]).min()))
        row = np.repeat(np.arange(len(menus)), fits)
        level = np.arange(size) - np.repeat(np.cumsum(fits) - fits, fits)
        grown = spent[row] + table[level]
        keep = (grown < budgets).all(axis=1)
        if not keep.all():
            settled = max(settled, _largest_settled(grown[~keep], totals, budgets, counts))
            row, level, grown = row[keep], level[keep], grown[keep]
        if len(row) > most:
            return None
        spent, menus = grown, menus[row]
        menus[:, j] = box[j][order[level]]
    return menus, settled


def join(box: tuple[Ints, ...], sieves: Sequence[Sieve], most: int) -> tuple[Ints, float] | None:
    """As :func:`sift`, for sieves that leave few menus only together; None beyond ``most`` pairs of half menus.

    The sums over either half of the plans are taken once, and every pair of them is looked at.
    """
    budgets, totals, counts = side_by_side(sieves)
    settled = -np.inf
    sums = []
    for plans in halves(box):
        menus, spent = np.zeros((1, len(box)), dtype=np.intp), np.zeros((1, len(sieves)))
        for j in plans:
            table = np.stack([s.deficits[j] for s in sieves], axis=1)
            grown = (spent[:, None, :] + table).reshape(-1, len(sieves))
            keep = (grown < budgets).all(axis=1)
            if not keep.all():
                settled = max(settled, _largest_settled(grown[~keep], totals, budgets, counts))
            menus = np.repeat(menus, len(table), axis=0)[keep]
            menus[:, j] = np.tile(box[j], len(spent))[keep]
            spent = grown[keep]
            if len(menus) > most:
                return None
        sums.append((menus, spent))
    (first, one), (second, other) = sums
    if len(first) * len(second) > most:
        return None
    left = np.ones((len(first), len(second)), dtype=np.bool_)
    possible, least = left.copy(), np.full(left.shape, np.inf)
    for k in range(len(sieves)):
        spent = one[:, k, None] + other[None, :, k]
        fits = spent < budgets[k]
        left &= fits
        if counts[k]:
            np.minimum(least, totals[k] - spent, out=least)
        else:
            possible &= fits
    settled = max(settled, float(np.max(least, initial=-np.inf, where=possible & ~left)))
    row, column = np.nonzero(left)
    return first[row] + second[column], settled


def side_by_side(sieves: Sequence[Sieve]) -> tuple[Array, Array, Bools]:
    """(K,) deficits from which a menu is settled, totals, and whether settled menus count, of K sieves."""
    budgets, totals = [_budget(s) for s in sieves], [s.total for s in sieves]
    return np.array(budgets), np.array(totals), np.array([s.counts for s in sieves])


def _budget(sieve: Sieve) -> float:
    """Deficits from here on settle a menu; widened by the rounding of the sums."""
    plans = len(sieve.deficits)
    largest = sum(float(d.max()) for d in sieve.deficits)
    return sieve.total - sieve.cutoff + 4.0 * EPS * plans * (abs(sieve.total) + abs(sieve.cutoff) + largest)


def _largest_settled(spent: Array, totals: Array, budgets: Array, counts: Bools) -> float:
    """The largest of the settled menus' bounds, each the least over the sieves; proven infeasible ones left out."""
    infeasible = ((spent >= budgets) & ~counts).any(axis=1)
    bounds = np.where(counts, totals - spent, np.inf).min(axis=1)
    left = bounds[~infeasible]
    return float(left.max()) if len(left) else -np.inf
