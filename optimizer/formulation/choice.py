"""Which level of each plan and which mix level: binaries, rules and excluded choices."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyomo.core as pyo

from optimizer.formulation.box import ProgramBox
from optimizer.formulation.equations import doc_of, equation
from optimizer.model.instance import Rule
from optimizer.typing import Choice


def add_choice(m: pyo.ConcreteModel, box: ProgramBox) -> None:
    """Binaries ``x[j, l]`` (level l of plan j chosen) and ``v[k]`` (mix level k chosen)."""
    pairs = [(j, k) for j, levels in enumerate(box.levels) for k in levels]
    m.x = pyo.Var(pairs, domain=pyo.Binary, doc="x_jl: level l of plan j is chosen, 0 or 1")
    m.v = pyo.Var(list(box.mixes), domain=pyo.Binary, doc="v_m: mix level m is chosen, 0 or 1")
    one_level(m, box)
    one_mix(m, box)


@equation
def one_level(m: pyo.ConcreteModel, box: ProgramBox) -> None:
    """Every plan has exactly one level.

    Formula: sum_l x_jl = 1
    Index: j in plans
    Unit: none
    Source: multiple-choice form of a product line, Bront, Mendez-Diaz, Vulcano (2009)
    """
    m.one_level = pyo.Constraint(
        range(len(box.levels)),
        rule=lambda m, j: sum(m.x[j, k] for k in box.levels[j]) == 1,
        doc=doc_of("one_level"),
    )


@equation
def one_mix(m: pyo.ConcreteModel, box: ProgramBox) -> None:
    """Exactly one mix level of the go-to-market budget is chosen.

    Formula: sum_m v_m = 1
    Index: one row
    Unit: none
    Source: definition
    """
    m.one_mix = pyo.Constraint(expr=sum(m.v[k] for k in box.mixes) == 1, doc=doc_of("one_mix"))


@equation
def forbidden(m: pyo.ConcreteModel, box: ProgramBox, rules: Iterable[Rule]) -> None:
    """Pairs of levels that a rule forbids do not stand on one menu.

    Formula: sum over a in A of x_ja + sum over b in B of x_kb <= 1, where every pair in A x B is forbidden
    Index: one row per different set B of forbidden partners, A the largest set that goes with it
    Unit: none
    Source: biclique form of a conflict graph, stronger than one row per pair
    """
    rows = []
    for rule in rules:
        first, second = box.levels[rule.first], box.levels[rule.second]
        banned = ~rule.allowed[np.ix_(first, second)]
        for partners in np.unique(banned[banned.any(axis=1)], axis=0):
            group = ~(partners & ~banned).any(axis=1)
            rows.append(
                [(rule.first, k) for k, g in zip(first, group, strict=True) if g]
                + [(rule.second, k) for k, b in zip(second, partners, strict=True) if b]
            )
    if rows:
        m.forbidden = pyo.Constraint(
            range(len(rows)), rule=lambda m, n: sum(m.x[t] for t in rows[n]) <= 1, doc=doc_of("forbidden")
        )


@equation
def excluded(m: pyo.ConcreteModel, box: ProgramBox, choices: Iterable[Choice]) -> None:
    """Choices that are already settled are cut off.

    Formula: sum_j x_j,l(j) + v_m <= number of plans
    Index: one row per excluded choice inside the box
    Unit: none
    Source: no-good cut, Balas and Jeroslow (1972)
    """
    inside = sorted({(tuple(menu), mix) for menu, mix in choices if box.holds((tuple(menu), mix))})
    if inside:
        m.excluded = pyo.Constraint(
            range(len(inside)),
            rule=lambda m, n: sum(m.x[t] for t in enumerate(inside[n][0])) + m.v[inside[n][1]] <= len(box.levels),
            doc=doc_of("excluded"),
        )
