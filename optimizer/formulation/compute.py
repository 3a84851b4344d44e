"""Compute: GPUs busy against reserved GPUs and burst, one row per pool and block of hours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.core as pyo

from optimizer.execution.clock import watched
from optimizer.formulation.box import Shares
from optimizer.formulation.equations import STATED, doc_of, equation
from optimizer.formulation.linear import LinearForm, Mask, extent, linear, power_of_two, without_tiny
from optimizer.model.instance import Block, Figure
from optimizer.typing import Array


@dataclass(frozen=True)
class ComputePool:
    """What the program needs to know of one block of hours."""

    h: int
    block: Block
    least: float
    """GPUs: use is never below."""
    most: float
    """GPUs: use is never above."""
    billed: bool
    """Whether any figure in the program has a burst part."""
    exact: bool
    """Whether some figure would gain from burst that is not needed, so that burst must be exact."""

    @property
    def allowed(self) -> float:
        """GPUs: the burst limit with the tolerance of ``within_burst``."""
        return self.block.limit + 1e-9 * (self.block.reserved + self.block.limit)

    @property
    def unit(self) -> float:
        """GPUs per burst variable: the most burst there can be."""
        return min(self.allowed, self.most - self.block.reserved)


def pools(blocks: Sequence[Block], shares: Shares, figures: Iterable[Figure]) -> list[ComputePool]:
    """The blocks that can matter in the box: use can exceed the reserve, and burst is billed or limited."""
    prices = np.array([f.burst for f in figures])
    found = []
    for h, block in enumerate(blocks):
        least, most = extent(block.use, shares)
        billed = bool((prices[:, h] != 0.0).any())
        pool = ComputePool(h, block, least, most, billed, bool((prices[:, h] > 0.0).any()))
        too_much = most > block.reserved + pool.allowed if math.isfinite(block.limit) else False
        if most > block.reserved and (billed or too_much):
            found.append(pool)
    return found


def burst_units(found: Sequence[ComputePool], count: int) -> Array:
    """(H,) GPUs per burst variable; 0 where the program has none."""
    units = np.zeros(count)
    for p in found:
        if p.billed:
            units[p.h] = p.unit
    return units


def add_compute(
    m: pyo.ConcreteModel, s: Shares, copies: Sequence[Mask], found: Sequence[ComputePool], terms: Any
) -> None:
    """Burst variables ``b[h]`` within [0, 1], and the rows of the compute blocks.

    terms: function (Linear, scale done) -> list of (coefficient, variable), see ``program.terms_of``.
    """
    billed = [p.h for p in found if p.billed]
    m.b = pyo.Var(billed, bounds=(0.0, 1.0), doc="b_h: burst GPUs in block h, as a fraction of the most there can be")
    exact = [p.h for p in found if p.exact]
    m.d = pyo.Var(exact, domain=pyo.Binary, doc="d_h: burst is in use in block h, 0 or 1")
    rows: dict[int, tuple[Any, ComputePool, float, float]] = {}
    for p in found:
        use = linear(p.block.use, s, copies)
        none = np.zeros_like(use.burst)
        scale = power_of_two(_largest(use, p))
        kept, lost = without_tiny(use, none, scale)
        body = sum((c * v for c, v in watched(terms(kept), STATED)), kept.constant)
        rows[p.h] = (body, p, scale, lost)
    burst_needed(m, rows)
    burst_no_more(m, {h: row for h, row in rows.items() if row[1].exact})
    burst_off(m, exact)


def _largest(use: LinearForm, p: ComputePool) -> float:
    parts = [np.abs(use.v), np.abs(use.y), *(np.abs(a).ravel() for a in (*use.x, *use.r))]
    return max([p.unit, *(float(a.max(initial=0.0)) for a in parts)])


@equation
def burst_needed(m: pyo.ConcreteModel, rows: dict[int, tuple[Any, ComputePool, float, float]]) -> None:
    """GPUs busy are reserved or burst, and burst keeps its limit.

    Formula: use_h <= reserved_h + burst_h,  burst_h <= limit_h
    Index: h in blocks of hours where use can exceed the reserve and burst is billed or limited
    Unit: GPUs, scaled
    Source: definition; types peak at different hours, so one row per pool and block
    """

    def rule(m: pyo.ConcreteModel, h: int) -> Any:
        body, p, scale, lost = rows[h]
        if p.billed:
            body = body - scale * p.unit * m.b[h]
            return body <= scale * (p.block.reserved + lost)
        return body <= scale * (p.block.reserved + p.allowed + lost)

    m.burst_needed = pyo.Constraint(list(rows), rule=rule, doc=doc_of("burst_needed"))


@equation
def burst_no_more(m: pyo.ConcreteModel, rows: dict[int, tuple[Any, ComputePool, float, float]]) -> None:
    """Burst in use is not more than what use exceeds the reserve by.

    Formula: burst_h <= use_h - reserved_h + (reserved_h - least use_h) (1 - d_h)
    Index: h in blocks where some figure in the program would gain from burst
    Unit: GPUs, scaled
    Source: exact maximum by a binary; the bound of use is derived from the box
    """

    def rule(m: pyo.ConcreteModel, h: int) -> Any:
        body, p, scale, lost = rows[h]
        room = max(0.0, p.block.reserved - p.least)
        return scale * p.unit * m.b[h] - body - scale * room * (1 - m.d[h]) <= scale * (lost - p.block.reserved)

    m.burst_no_more = pyo.Constraint(list(rows), rule=rule, doc=doc_of("burst_no_more"))


@equation
def burst_off(m: pyo.ConcreteModel, exact: Sequence[int]) -> None:
    """Without d there is no burst.

    Formula: burst_h <= most burst_h d_h
    Index: h in blocks where some figure in the program would gain from burst
    Unit: fraction of the most burst
    Source: exact maximum by a binary
    """
    m.burst_off = pyo.Constraint(list(exact), rule=lambda m, h: m.b[h] - m.d[h] <= 0.0, doc=doc_of("burst_off"))
