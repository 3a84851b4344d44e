"""The whole program: levels, shares, compute, conditions and the aim, as one Pyomo model."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.core as pyo

from optimizer.errors import bad_argument
from optimizer.execution.clock import watched
from optimizer.formulation.box import ProgramBox, Shares, make_box, make_shares, refuse_unsafe
from optimizer.formulation.choice import add_choice, excluded, forbidden
from optimizer.formulation.compute import add_compute, burst_units, pools
from optimizer.formulation.equations import STATED, Equation, doc_of, equation, registered
from optimizer.formulation.linear import LinearForm, copied, linear, scale_of, without_tiny
from optimizer.formulation.shares import Terms, add_shares
from optimizer.model.instance import Figure, Instance, Limit
from optimizer.typing import Array, Choice


@dataclass(frozen=True)
class Record:
    """How the program's numbers map to the figures' own units; plain data, kept as ``record`` on the model."""

    box: ProgramBox
    scale: float
    """Objective of the program = scale times the aim."""
    dropped: float
    """The most that dropped coefficients can hide of the aim, in its unit: add it to the solver's bound."""
    limit_scales: tuple[float, ...]
    limit_dropped: tuple[float, ...]
    """Per limit, in its unit; its row is already relaxed by it."""
    burst_units: Array
    """(H,) GPUs per burst variable."""

    def bound(self, objective_bound: float) -> float:
        """A valid bound of the aim from the solver's bound of the objective."""
        return objective_bound / self.scale + self.dropped


def build(
    instance: Instance,
    aim: Figure,
    limits: Sequence[Limit] = (),
    *,
    box: Sequence[Sequence[int]] | None = None,
    mixes: Sequence[int] | None = None,
    excluded: Sequence[Choice] = (),
) -> pyo.ConcreteModel:
    """The program that maximises ``aim`` over the box, with every limit's figure >= 0.

    box: sorted level indices per plan, mixes: sorted mix indices (None: all). excluded: choices cut off.
    The model carries a :class:`Record` as ``record``.

    Raises:
        InputError: a wrong box. SolverError: the box holds a level that is unsafe for the solver.
    """
    chosen = make_box(instance, box, mixes)
    refuse_unsafe(instance, chosen)
    with paused_collection():
        return _build(instance, aim, limits, chosen, excluded)


def _build(
    instance: Instance, aim: Figure, limits: Sequence[Limit], box: ProgramBox, settled: Sequence[Choice]
) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    shares = make_shares(instance, box)
    figures = [aim, *(c.figure for c in limits)]
    if any(figure.again for figure in figures):
        message = "depends on who would choose the same plan again, which is not linear"
        raise bad_argument("figures", message, "let the search solve it")
    found = pools(instance.blocks, shares, figures)
    copies = copied(shares, [*figures, *(p.block.use for p in found)])
    units = burst_units(found, len(instance.blocks))
    add_choice(m, box)
    forbidden(m, box, instance.rules)
    excluded(m, box, settled)
    add_shares(m, shares, copies)
    if found:
        add_compute(m, shares, copies, found, lambda f: terms_of(m, box, f))
    scaled = [scaled_figure(f, shares, copies, units) for f in figures]
    condition(m, box, scaled[1:])
    scale, dropped = objective(m, box, *scaled[0])
    m.record = Record(
        box, scale, dropped, tuple(s for _, s, _ in scaled[1:]), tuple(d for _, _, d in scaled[1:]), units
    )
    return m


def scaled_figure(
    figure: Figure, shares: Shares, copies: Sequence[Any], units: Array
) -> tuple[LinearForm, float, float]:
    """The scaled linear form, its scale, and what dropping tiny coefficients can hide (figure's unit)."""
    f = linear(figure, shares, copies)
    scale = scale_of(f, units)
    kept, lost = without_tiny(f, units, scale)
    return kept, scale, lost


def terms_of(m: pyo.ConcreteModel, box: ProgramBox, f: LinearForm) -> Terms:
    """The nonzero (coefficient, variable) pairs of a scaled linear form; the constant is left to the caller."""
    terms: Terms = []
    for j, levels in enumerate(box.levels):
        terms += [(c, m.x[j, k]) for c, k in zip(f.x[j].tolist(), levels, strict=True) if c]
        rows, columns = np.nonzero(f.r[j])
        values = f.r[j][rows, columns].tolist()
        found = watched(zip(values, rows.tolist(), columns.tolist(), strict=True), STATED)
        terms += [(c, m.r[i, j, levels[k]]) for c, i, k in found]
    terms += [(c, m.v[k]) for c, k in zip(f.v.tolist(), box.mixes, strict=True) if c]
    terms += [(c, m.y[i]) for i, c in enumerate(f.y.tolist()) if c]
    terms += [(c, m.b[h]) for h, c in enumerate(f.burst.tolist()) if c]
    return terms


@equation
def condition(m: pyo.ConcreteModel, box: ProgramBox, scaled: Sequence[tuple[LinearForm, float, float]]) -> None:
    """Every condition's figure is not negative.

    Formula: f_k >= 0, f_k linear in x, v, y, z and burst; a ratio N / D >= t is N - t D >= 0
    Index: k in limits
    Unit: the figure's, scaled to a largest coefficient of about 1000
    Source: definition; ratio conditions multiplied out, with a floor on the denominator as its own figure
    """

    def rule(m: pyo.ConcreteModel, k: int) -> Any:
        f, scale, lost = scaled[k]
        terms = terms_of(m, box, f)
        if not terms:
            # a constant condition that fails: no mix level can be chosen twice
            return pyo.Constraint.Feasible if f.constant >= -scale * lost else sum(m.v.values()) >= 2
        return sum(c * v for c, v in watched(terms, STATED)) >= -f.constant - scale * lost

    m.condition = pyo.Constraint(range(len(scaled)), rule=rule, doc=doc_of("condition"))


@equation
def objective(m: pyo.ConcreteModel, box: ProgramBox, f: LinearForm, scale: float, lost: float) -> tuple[float, float]:
    """The aim is made as large as possible.

    Formula: max f_0, f_0 linear in x, v, y, z and burst
    Index: one
    Unit: the aim's, scaled to a largest coefficient of about 1000
    Source: pricing under finite mixtures, van de Geer and den Boer (2022)
    """
    m.aim = pyo.Objective(
        expr=sum((c * v for c, v in watched(terms_of(m, box, f), STATED)), f.constant),
        sense=pyo.maximize,
        doc=doc_of("objective"),
    )
    return scale, lost


def equations() -> list[Equation]:
    """Every equation of the program, in the order choice, shares, figures, compute, conditions and aim."""
    order = ["choice", "shares", "linear", "compute", "program"]
    return [e for part in order for e in registered() if e.module.rpartition(".")[2] == part]


@contextmanager
def paused_collection() -> Iterator[None]:
    """Garbage collection costs 40 % of a build: no cycle becomes garbage in it."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
