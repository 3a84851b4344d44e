"""The problem as frozen, index-aligned arrays: what screening, program and enumeration share.

Indices: ``i`` customer type, ``j`` plan, ``l`` level of a plan, ``m`` mix level, ``h`` hour block.
A *menu* is one level index per plan; a *choice* is a menu and a mix level.

With ``S_i = 1 + sum_j e_ij`` (denominator weights at the menu) and ``y_i = customers[m, i] / S_i``
(base reach that stays on the alternatives), plan ``j`` has ``w_ij y_i`` customers of type ``i``.
Source: multinomial logit in stock form, see ``models/README.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from optimizer.typing import Array


@dataclass(frozen=True)
class Figure:
    """A business figure, linear in customers but for the billed burst.

    value = constant + sum_j fixed_j[l_j] + mix[m] + sum_i outside_i y_i
            + sum_ij (amounts_j[i, l_j] + again_j[i, l_j] / (1 + sum_k odds_k[i, l_k])) w_ij y_i
            + sum_h burst[h] max(0, use_h - reserved_h)
    """

    amounts: tuple[Array, ...]
    """Per customer on (i, j, l), one (I, L_j) array a plan; unit of the figure."""
    outside: Array
    """(I,) per base-reached person on the alternatives."""
    fixed: tuple[Array, ...]
    """(L_j,) per plan, due when the level is chosen."""
    mix: Array
    """(M,) due when the mix level is chosen."""
    constant: float
    burst: Array
    """(H,) per unit of burst in each hour block; negative for a cost."""
    again: tuple[Array, ...] = ()
    """Per customer on (i, j, l), times 1 / (1 + odds): what those bring who decide anew and choose the same again.
    Empty where there is no such part; then the figure is linear in customers."""


@dataclass(frozen=True)
class Block:
    """One pool of compute in one block of hours."""

    name: str
    use: Figure
    """GPUs busy; has no burst part of its own."""
    reserved: float
    """GPUs."""
    limit: float
    """The most burst GPUs to be had; ``inf`` for no limit."""


@dataclass(frozen=True)
class Rule:
    """Which pairs of levels of two plans may stand on one menu."""

    name: str
    first: int
    second: int
    allowed: NDArray[np.bool_]
    """(L_first, L_second)."""


@dataclass(frozen=True)
class Limit:
    """A condition in the form ``figure >= 0``; any tolerance is already inside the figure."""

    name: str
    figure: Figure


@dataclass(frozen=True)
class Instance:
    """Customers, attractions, compute and rules; figures are passed beside it."""

    customers: Array
    """(M, I) base reach of each type at each mix level, > 0."""
    attraction: tuple[Array, ...]
    """(I, L_j) stock attraction w >= 0 against the alternatives' 1; 0 where not offered."""
    denominators: tuple[Array, ...]
    """(I, L_j) denominator weights e, 0 <= e <= w."""
    blocks: tuple[Block, ...] = ()
    rules: tuple[Rule, ...] = ()
    names: tuple[str, ...] = field(default=())
    """Plan names for messages; ``plan 0`` ... where empty."""
    odds: tuple[Array, ...] = field(default=())
    """(I, L_j) attraction to someone who decides anew, against the alternatives' 1; for figures with ``again``."""

    @property
    def types(self) -> int:
        return int(self.customers.shape[1])

    @property
    def plans(self) -> int:
        return len(self.attraction)

    @property
    def mixes(self) -> int:
        return int(self.customers.shape[0])

    @property
    def levels(self) -> tuple[int, ...]:
        """Number of levels of each plan."""
        return tuple(int(w.shape[1]) for w in self.attraction)

    @property
    def menus(self) -> int:
        """Number of choices (menus times mix levels), rules not counted; a Python int."""
        count = self.mixes
        for n in self.levels:
            count *= n
        return count


def zero_figure(instance: Instance) -> Figure:
    """The figure that is 0 at every choice."""
    return Figure(
        amounts=tuple(np.zeros_like(w) for w in instance.attraction),
        outside=np.zeros(instance.types),
        fixed=tuple(np.zeros(n) for n in instance.levels),
        mix=np.zeros(instance.mixes),
        constant=0.0,
        burst=np.zeros(len(instance.blocks)),
    )


def combine(terms: Iterable[tuple[float, Figure]], constant: float = 0.0) -> Figure:
    """The weighted sum of figures plus a constant. At least one term."""
    terms = list(terms)
    (a0, f0) = terms[0]
    total = Figure(
        amounts=tuple(a0 * a for a in f0.amounts),
        outside=a0 * f0.outside,
        fixed=tuple(a0 * g for g in f0.fixed),
        mix=a0 * f0.mix,
        constant=a0 * f0.constant + constant,
        burst=a0 * f0.burst,
        again=tuple(a0 * a for a in f0.again),
    )
    for a, f in terms[1:]:
        total = Figure(
            amounts=tuple(t + a * x for t, x in zip(total.amounts, f.amounts, strict=True)),
            outside=total.outside + a * f.outside,
            fixed=tuple(t + a * x for t, x in zip(total.fixed, f.fixed, strict=True)),
            mix=total.mix + a * f.mix,
            constant=total.constant + a * f.constant,
            burst=total.burst + a * f.burst,
            again=_added(total.again, a, f.again),
        )
    return total


def _added(total: tuple[Array, ...], weight: float, more: tuple[Array, ...]) -> tuple[Array, ...]:
    if not more:
        return total
    scaled = tuple(weight * x for x in more)
    return tuple(t + x for t, x in zip(total, scaled, strict=True)) if total else scaled


def follows_rules(instance: Instance, menu: Sequence[int]) -> bool:
    """Whether every pair of chosen levels is allowed."""
    return all(bool(r.allowed[menu[r.first], menu[r.second]]) for r in instance.rules)


def evaluate(instance: Instance, figures: Mapping[str, Figure], menu: Sequence[int], mix: int = 0) -> dict[str, float]:
    """Figures at one choice, straight from the definition in this module's docstring.

    Burst is ``max(0, use - reserved)``; its limit is not checked here (see :func:`burst`).
    """
    w = np.stack([a[:, level] for a, level in zip(instance.attraction, menu, strict=True)], axis=1)
    e = np.stack([a[:, level] for a, level in zip(instance.denominators, menu, strict=True)], axis=1)
    y = instance.customers[mix] / (1.0 + e.sum(axis=1))
    held = w * y[:, None]
    again = np.ones(instance.types)
    for o, level in zip(instance.odds, menu, strict=bool(instance.odds)):
        again = again + o[:, level]
    again = 1.0 / again

    def linear(f: Figure) -> float:
        per = np.stack([a[:, level] for a, level in zip(f.amounts, menu, strict=True)], axis=1)
        fixed = sum(float(g[level]) for g, level in zip(f.fixed, menu, strict=True))
        value = f.constant + fixed + float(f.mix[mix]) + float(f.outside @ y) + float((per * held).sum())
        if f.again:
            own = np.stack([a[:, level] for a, level in zip(f.again, menu, strict=True)], axis=1)
            value += float((own * held).sum(axis=1) @ again)
        return value

    over = np.array([max(0.0, linear(b.use) - b.reserved) for b in instance.blocks])
    return {name: linear(f) + float(f.burst @ over) for name, f in figures.items()}


def burst(instance: Instance, menu: Sequence[int], mix: int = 0) -> Array:
    """(H,) GPUs beyond the reserved ones in each hour block, >= 0."""
    use = evaluate(instance, {str(h): b.use for h, b in enumerate(instance.blocks)}, menu, mix)
    return np.array([max(0.0, use[str(h)] - b.reserved) for h, b in enumerate(instance.blocks)])


def within_burst(instance: Instance, menu: Sequence[int], mix: int = 0) -> bool:
    """Whether every block's burst keeps its limit (1e-9 of reserved plus limit)."""
    over = burst(instance, menu, mix)
    return all(
        o <= b.limit + 1e-9 * (b.reserved + b.limit)
        for o, b in zip(over, instance.blocks, strict=True)
        if np.isfinite(b.limit)
    )
