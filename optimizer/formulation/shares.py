"""The logit shares: base reach is shared out exactly, at binary x, as multinomial logit prescribes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyomo.core as pyo

from optimizer.execution.clock import check
from optimizer.formulation.box import Shares
from optimizer.formulation.equations import STATED, doc_of, equation
from optimizer.formulation.linear import TINY, Mask

Terms = list[tuple[float, Any]]
"""(coefficient, Pyomo variable) pairs."""


def add_shares(m: pyo.ConcreteModel, s: Shares, copies: Sequence[Mask]) -> None:
    """Variables ``y[i]``, ``r[i, j, l]`` within [0, 1] and the rows that tie them to the levels."""
    types = range(len(s.unit))
    m.y = pyo.Var(
        types,
        bounds=lambda m, i: (float(s.smallest[i]), 1.0),
        doc="Y_i: reached persons of type i on the alternatives, as a fraction of the most there can be",
    )
    spread = [(s.high[j] - s.low[j] > 0.0) & copies[j][:, None] for j in range(len(s.w))]
    keys = [(i, j, s.box.levels[j][k]) for j, mask in enumerate(spread) for i, k in np.argwhere(mask).tolist()]
    m.r = pyo.Var(
        keys,
        bounds=(0.0, None),
        doc="r_ijl: where z_ijl lies between its bounds at the chosen level: z = lo x + (hi - lo) r, within [0, x]",
    )
    balance(m, s, copies)
    copy(m, s, copies)
    within(m)


def nonzero(pairs: Terms) -> tuple[Any, float]:
    """The sum of the terms that a solver keeps, and the size of those it would not (variables within [0, 1])."""
    lost = sum(abs(c) for c, _ in pairs if abs(c) <= TINY)
    return sum(c * v for c, v in pairs if abs(c) > TINY), lost


def z_terms(m: pyo.ConcreteModel, s: Shares, i: int, j: int, factors: Sequence[float]) -> Terms:
    """``sum_l factors_l z_ijl`` in terms of x and r; factors as long as the plan's box levels."""
    check(STATED)
    terms: Terms = []
    low, gap = s.low[j][i].tolist(), (s.high[j][i] - s.low[j][i]).tolist()
    for k, level in enumerate(s.box.levels[j]):
        if factors[k] != 0.0:
            terms.append((factors[k] * low[k], m.x[j, level]))
            if gap[k] > 0.0:
                terms.append((factors[k] * gap[k], m.r[i, j, level]))
    return terms


@equation
def balance(m: pyo.ConcreteModel, s: Shares, copies: Sequence[Mask]) -> None:
    """The base reach of a type is what stays on the alternatives and what the plans hold, less the referred.

    Formula: y_i + sum_jl e_ijl z_ijl = sum_m n_mi v_m  (divided by the largest n_mi)
    Index: i in types
    Unit: persons; fraction of the type's largest base reach
    Source: multinomial logit, Train (2009) ch. 3; stock form by the renewal-reward theorem, Ross, Stochastic
        Processes; level-disaggregated linear form, Bront, Mendez-Diaz, Vulcano (2009)
    """

    def rule(m: pyo.ConcreteModel, i: int) -> Any:
        reach = float(s.reach[i])
        alone = 1.0 + sum(float(e[i, 0]) for e, c in zip(s.e, copies, strict=True) if not c[i])
        terms: Terms = [(alone * float(s.unit[i]) / reach, m.y[i])]
        for j, e in enumerate(s.e):
            if copies[j][i]:
                terms += z_terms(m, s, i, j, (e[i] / reach).tolist())
        body, lost = nonzero(terms)
        for k, mix in enumerate(s.box.mixes):
            body = body - float(s.customers[k, i]) / reach * m.v[mix]
        # a dropped term is >= 0: without it the true point lies up to `lost` lower
        return (-lost, body, 0.0) if lost else body == 0.0

    m.balance = pyo.Constraint(range(len(s.unit)), rule=rule, doc=doc_of("balance"))


@equation
def copy(m: pyo.ConcreteModel, s: Shares, copies: Sequence[Mask]) -> None:
    """The persons on the alternatives are copied to the chosen level of each plan.

    Formula: sum_l z_ijl = y_i  (divided by the largest y_i)
    Index: i in types, j in plans, where anything differs along the plan's levels
    Unit: persons; fraction of the largest y_i
    Source: reformulation-linearization of z = x y, Mendez-Diaz et al. (2014)
    """
    keys = [(i, j) for j, mask in enumerate(copies) for i in np.flatnonzero(mask).tolist()]

    def rule(m: pyo.ConcreteModel, i: int, j: int) -> Any:
        body, lost = nonzero(z_terms(m, s, i, j, [1.0 / float(s.unit[i])] * len(s.box.levels[j])))
        body = body - m.y[i]
        return (-lost, body, 0.0) if lost else body == 0.0

    m.copy = pyo.Constraint(keys, rule=rule, doc=doc_of("copy"))


@equation
def within(m: pyo.ConcreteModel) -> None:
    """A copy is 0 off the chosen level and between its conditional bounds at it.

    Formula: lo_ijl x_jl <= z_ijl <= hi_ijl x_jl, written 0 <= r_ijl <= x_jl with z = lo x + (hi - lo) r
    Index: i in types, j in plans, l in levels, where hi > lo
    Unit: none
    Source: conditional bounds, Sen, Atamturk, Kaminsky (2018)
    """
    x, r = dict(m.x.items()), dict(m.r.items())

    def rule(m: pyo.ConcreteModel, i: int, j: int, k: int) -> Any:
        check(STATED)
        return r[i, j, k] - x[j, k] <= 0.0

    m.within = pyo.Constraint(list(r), rule=rule, doc=doc_of("within"))
