"""Business figures as linear functions of the program's variables, scaled, with dropped terms accounted for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.formulation.box import Shares
from optimizer.formulation.equations import equation
from optimizer.model.instance import Figure
from optimizer.typing import Array

TINY = 1e-9
"""Scaled coefficients at or below it vanish in solver interfaces; we drop them first and say what that can change."""

LARGEST = 1024.0
"""Rows and objective are scaled so that their largest coefficient lies just below: 1e-6 is then 1e-9 of it."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class LinearForm:
    """``constant + x.x + v.v + y.Y + r.r + burst.b`` in the figure's own unit; variables within [0, 1]."""

    constant: float
    x: tuple[Array, ...]
    """(L_j,) per plan, box levels."""
    v: Array
    """(M,) box mix levels."""
    y: Array
    """(I,)."""
    r: tuple[Array, ...]
    """(I, L_j); zero where the program needs no copy."""
    burst: Array
    """(H,) per unit of burst (not yet per scaled burst variable)."""


def held_amounts(figure: Figure, shares: Shares) -> tuple[Array, ...]:
    """(I, L_j) amount per person y on the alternatives: amounts times w."""
    return tuple(a[:, list(ls)] * w for a, ls, w in zip(figure.amounts, shares.box.levels, shares.w, strict=True))


def copied(shares: Shares, figures: Sequence[Figure]) -> tuple[Mask, ...]:
    """(I,) per plan: whether y must be copied to the chosen level, because something differs along the levels."""
    masks: list[Mask] = [np.ptp(e, axis=1) > 0.0 for e in shares.e]
    for f in figures:
        for j, per in enumerate(held_amounts(f, shares)):
            masks[j] = masks[j] | (np.ptp(per, axis=1) > 0.0)
    return tuple(masks)


@equation
def linear(figure: Figure, shares: Shares, copies: Sequence[Mask]) -> LinearForm:
    """A business figure as a linear function of levels, mix, shares and burst.

    Formula: f = constant + sum_jl fixed_jl x_jl + sum_m mix_m v_m + sum_i outside_i y_i
             + sum_ijl amount_ijl w_ijl z_ijl + sum_h burst_h b_h,  z = lo x + (hi - lo) r
    Index: one per figure
    Unit: the figure's
    Source: every business figure is linear in (x, z) once z = x y is; exact at binary x
    """
    y = figure.outside * shares.unit
    x, r = [], []
    for j, per in enumerate(held_amounts(figure, shares)):
        copy = copies[j][:, None]
        y = y + np.where(copies[j], 0.0, per[:, 0]) * shares.unit
        moved = np.where(copy, per, 0.0)
        x.append(figure.fixed[j][list(shares.box.levels[j])] + (moved * shares.low[j]).sum(axis=0))
        r.append(moved * (shares.high[j] - shares.low[j]))
    mix = figure.mix[list(shares.box.mixes)]
    return LinearForm(float(figure.constant), tuple(x), mix, y, tuple(r), figure.burst)


def extent(figure: Figure, shares: Shares) -> tuple[float, float]:
    """Valid lower and upper bound of a figure without burst over the box (1e-9 wider than computed)."""
    mix = figure.mix[list(shares.box.mixes)]
    low = figure.constant + float(mix.min())
    high = figure.constant + float(mix.max())
    size = abs(figure.constant) + float(np.abs(mix).max())
    ends = np.stack([figure.outside * shares.unit * shares.smallest, figure.outside * shares.unit])
    low, high, size = low + ends.min(0).sum(), high + ends.max(0).sum(), size + np.abs(ends).max(0).sum()
    for j, per in enumerate(held_amounts(figure, shares)):
        fixed = figure.fixed[j][list(shares.box.levels[j])]
        ends = np.stack([per * shares.low[j], per * shares.high[j]])
        # the level is the same for all types: sum over types first
        low += float((fixed + ends.min(0).sum(0)).min())
        high += float((fixed + ends.max(0).sum(0)).max())
        size += float((np.abs(fixed) + np.abs(ends).max(0).sum(0)).max())
    return float(low - 1e-9 * size), float(high + 1e-9 * size)


def power_of_two(largest: float) -> float:
    """The scale that brings ``largest`` into (LARGEST / 2, LARGEST]; exact in floating point."""
    if largest <= 0.0 or not math.isfinite(largest):
        return 1.0
    return float(2.0 ** math.floor(math.log2(LARGEST / largest)))


def scale_of(f: LinearForm, units: Array) -> float:
    """Scale of a figure's row: its largest coefficient becomes about 1000.

    units: (H,) burst units per burst variable.
    """
    parts = [np.abs(f.v), np.abs(f.y), np.abs(f.burst * units)]
    parts += [np.abs(a).ravel() for a in (*f.x, *f.r)]
    return power_of_two(max(float(p.max(initial=0.0)) for p in parts))


def without_tiny(f: LinearForm, units: Array, scale: float) -> tuple[LinearForm, float]:
    """The scaled figure (burst per burst variable) without tiny coefficients, and the most that this can change it.

    Unit of the second: the figure's own (unscaled).
    """
    lost = 0.0

    def keep(a: Array, one_of: int | None = None) -> Array:
        nonlocal lost
        scaled = a * scale
        tiny = np.abs(scaled) <= TINY
        gone = np.where(tiny, np.abs(scaled), 0.0)
        # one level of a plan is chosen, so the largest counts, not the sum
        lost += float(gone.sum() if one_of is None else gone.max(axis=one_of, initial=0.0).sum())
        return np.where(tiny, 0.0, scaled)

    x = tuple(keep(a, 0) for a in f.x)
    v = keep(f.v, 0)
    y = keep(f.y)
    r = tuple(keep(a, 1) for a in f.r)
    burst = keep(f.burst * units)
    return LinearForm(f.constant * scale, x, v, y, r, burst), lost / scale
