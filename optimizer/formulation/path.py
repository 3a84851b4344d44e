"""The horizon as a program: a level for every plan in every stage, customers by month as exact linear rows.

The readable definition of what ``HorizonProblem`` searches, and the cross-check of it on small instances: a product of
a binary and a state becomes copies of the state by level that add up to it (disjunctive form, no loss).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyomo.core as pyo

from optimizer.formulation.equations import Equation, doc_of, equation, registered
from optimizer.typing import Array, Bools, Ints


@dataclass(frozen=True)
class StatedLimit:
    """``sum over months, plans and types of amount x customers >= at_least``."""

    name: str
    amount: tuple[Array, ...]
    """By plan (T, I, L)."""
    at_least: float


@dataclass(frozen=True)
class StatedPath:
    """I types, J plans, T months in K stages, C origin classes; row 0 the alternatives."""

    start: Array
    """(J+1, I)"""
    weight: tuple[Array, ...]
    """By plan (K, C, I, L): choice weight of a level for who decides, by class."""
    rate: tuple[Array, ...]
    """By plan (K, I, L): share of a plan's customers who decide anew in a month."""
    amount: tuple[Array, ...]
    """By plan (T, I, L): what a customer's month adds to the aim."""
    follows: tuple[Bools, ...]
    """By plan (L, L): whether the second level may follow the first in the next stage."""
    outside_weight: Array
    """(T, C, I)"""
    outside_rate: Array
    """(I,)"""
    entrants: Array
    """(T, I)"""
    stage: Ints
    """(T,)"""
    origin: Ints
    """(J+1,) class of every row."""
    limits: tuple[StatedLimit, ...] = ()
    coming: Array | None = None
    """(T, I) people who are reached in a month whoever is there; nobody where absent."""
    brings: Array | None = None
    """(J+1, I) further people whom someone who is there brings into reach in a month, below 0 where some are lost."""
    most: Array | None = None
    """(T, I) everyone in a month is never more; known from ``entrants`` where nobody else comes."""

    @property
    def plans(self) -> range:
        return range(len(self.weight))

    @property
    def classes(self) -> range:
        return range(self.outside_weight.shape[1])

    @property
    def types(self) -> range:
        return range(self.start.shape[1])

    @property
    def months(self) -> range:
        return range(len(self.stage))

    @property
    def stages(self) -> range:
        return range(int(self.stage[-1]) + 1)

    def levels(self, plan: int) -> range:
        """Of a plan."""
        return range(self.weight[plan].shape[3])

    @cached_property
    def people(self) -> Array:
        """(T, I) everyone after a month's entrants came: no state is larger."""
        if self.most is not None:
            return self.most
        return np.asarray(self.start.sum(axis=0) + np.cumsum(self.entrants, axis=0))

    @cached_property
    def most_per_weight(self) -> Array:
        """(T, C, I) deciders per choice weight are never more: everyone over the least weight."""
        least = self.outside_weight + sum(w.min(axis=3)[self.stage] for w in self.weight)
        return np.asarray(self.people[:, None] / least)

    def cells(self) -> Iterator[tuple[int, int, int, int]]:
        """Month, plan, level, type."""
        for t, j in itertools.product(self.months, self.plans):
            yield from itertools.product([t], [j], self.levels(j), self.types)


def build_path(s: StatedPath) -> pyo.ConcreteModel:
    """The program that maximises the aim over all paths that keep the steps and the limits."""
    m = pyo.ConcreteModel()
    every = [(k, j, q) for k in s.stages for j in s.plans for q in s.levels(j)]
    m.x = pyo.Var(every, domain=pyo.Binary, doc="x_kjl: plan j has level l in stage k, 0 or 1")
    rows = itertools.product(range(-1, len(s.stage)), range(len(s.start)), s.types)
    m.n = pyo.Var(list(rows), domain=pyo.NonNegativeReals, doc="n_tji: customers after month t")
    m.r = pyo.Var(list(itertools.product(s.months, s.classes, s.types)), domain=pyo.NonNegativeReals,
                  doc="r_tci: deciders per choice weight")  # fmt: skip
    m.held = pyo.Var(list(s.cells()), domain=pyo.NonNegativeReals, doc="h_tjli: n_(t-1)ji where level l stands, else 0")
    split = [(c, *cell) for c in s.classes for cell in s.cells()]
    m.z = pyo.Var(split, domain=pyo.NonNegativeReals, doc="z_ctjli: r_tci where level l stands, else 0")
    for j, i in itertools.product(range(len(s.start)), s.types):
        m.n[-1, j, i].fix(float(s.start[j, i]))
    for add in (level_of_stage, step_of_stage, holding, holding_within, share_copy, share_within, deciding, moving,
                staying_away, path_limit, path_aim):  # fmt: skip
        add(m, s)
    return m


@equation
def level_of_stage(m: pyo.ConcreteModel, s: StatedPath) -> None:
    """Every plan has exactly one level in every stage.

    Formula: sum_l x_kjl = 1
    Index: k in stages, j in plans
    Unit: none
    Source: multiple-choice form of a product line, Bront, Mendez-Diaz, Vulcano (2009), stage by stage
    """
    m.level_of_stage = pyo.Constraint(
        s.stages,
        s.plans,
        rule=lambda m, k, j: sum(m.x[k, j, q] for q in s.levels(j)) == 1,
        doc=doc_of("level_of_stage"),
    )  # fmt: skip


@equation
def step_of_stage(m: pyo.ConcreteModel, s: StatedPath) -> None:
    """A level stands only after one that it may follow.

    Formula: x_kjl <= sum over l' that l may follow of x_(k-1)jl'
    Index: k in stages after the first, j in plans, l in levels
    Unit: none
    Source: network form of a path
    """
    index = [(k, j, q) for k in s.stages if k for j in s.plans for q in s.levels(j)]

    def rule(m: pyo.ConcreteModel, k: int, j: int, level: int) -> Any:
        before = np.flatnonzero(s.follows[j][:, level])
        return m.x[k, j, level] <= sum(m.x[k - 1, j, int(other)] for other in before)

    if index:
        m.step_of_stage = pyo.Constraint(index, rule=rule, doc=doc_of("step_of_stage"))


@equation
def holding(m: pyo.ConcreteModel, s: StatedPath) -> None:
    """A plan's customers before a month are split by the level that stands in it.

    Formula: sum_l h_tjli = n_(t-1)ji
    Index: t in months, j in plans, i in types
    Unit: customers
    Source: disjunctive form, Balas (1985)
    """
    m.holding = pyo.Constraint(
        s.months, s.plans, s.types,
        rule=lambda m, t, j, i: sum(m.held[t, j, q, i] for q in s.levels(j)) == m.n[t - 1, j + 1, i],
        doc=doc_of("holding"),
    )  # fmt: skip


@equation
def holding_within(m: pyo.ConcreteModel, s: StatedPath) -> None:
    """Nobody is held at a level that does not stand.

    Formula: h_tjli <= N_ti x_kjl, N everyone
    Index: t in months of stage k, j in plans, l in levels, i in types
    Unit: customers
    Source: disjunctive form, Balas (1985)
    """
    m.holding_within = pyo.Constraint(
        list(s.cells()),
        rule=lambda m, t, j, q, i: m.held[t, j, q, i] <= float(s.people[t, i]) * m.x[int(s.stage[t]), j, q],
        doc=doc_of("holding_within"),
    )


@equation
def share_copy(m: pyo.ConcreteModel, s: StatedPath) -> None:
    """Deciders per choice weight are split by the level of every plan.

    Formula: sum_l z_ctjli = r_tci
    Index: c in classes, t in months, j in plans, i in types
    Unit: customers
    Source: linear form of logit shares, Bront, Mendez-Diaz, Vulcano (2009)
    """
    m.share_copy = pyo.Constraint(
        s.classes, s.months, s.plans, s.types,
        rule=lambda m, c, t, j, i: sum(m.z[c, t, j, q, i] for q in s.levels(j)) == m.r[t, c, i],
        doc=doc_of("share_copy"),
    )  # fmt: skip


@equation
def share_within(m: pyo.ConcreteModel, s: StatedPath) -> None:
    """No decider per weight at a level that does not stand.

    Formula: z_ctjli <= R_tci x_kjl, R everyone over the least sum of weights
    Index: c in classes, t in months of stage k, j in plans, l in levels, i in types
    Unit: customers
    Source: linear form of logit shares, Bront, Mendez-Diaz, Vulcano (2009)
    """
    m.share_within = pyo.Constraint(
        list(m.z),
        rule=lambda m, c, t, j, q, i: (
            m.z[c, t, j, q, i] <= float(s.most_per_weight[t, c, i]) * m.x[int(s.stage[t]), j, q]
        ),
        doc=doc_of("share_within"),
    )


@equation
def deciding(m: pyo.ConcreteModel, s: StatedPath) -> None:
    """All who decide choose: choice weights times deciders per weight add up to those who decide.

    Formula: w_tc0i r_tci + sum_jl w_kcjli z_ctjli = sum over j in c, l of rate_kjli h_tjli
        + [c of the alternatives] (rate_0i n_(t-1)0i + entrants_ti)
    Index: t in months of stage k, c in classes, i in types
    Unit: customers/month
    Source: multinomial logit with state dependence, Train (2009), ch. 3
    """

    def rule(m: pyo.ConcreteModel, t: int, c: int, i: int) -> Any:
        k = int(s.stage[t])
        taken = float(s.outside_weight[t, c, i]) * m.r[t, c, i]
        taken += sum(float(s.weight[j][k, c, i, q]) * m.z[c, t, j, q, i] for j in s.plans for q in s.levels(j))
        own = [j for j in s.plans if s.origin[j + 1] == c]
        come = sum(float(s.rate[j][k, i, q]) * m.held[t, j, q, i] for j in own for q in s.levels(j))
        if s.origin[0] == c:
            come += float(s.outside_rate[i]) * m.n[t - 1, 0, i] + float(s.entrants[t, i])
        return taken - come == 0.0

    m.deciding = pyo.Constraint(s.months, s.classes, s.types, rule=rule, doc=doc_of("deciding"))


@equation
def moving(m: pyo.ConcreteModel, s: StatedPath) -> None:
    """A plan has after a month those who did not decide and those who chose it.

    Formula: n_tji = sum_l (1 - rate_kjli) h_tjli + sum_cl w_kcjli z_ctjli
    Index: t in months of stage k, j in plans, i in types
    Unit: customers
    Source: accounting of stocks and flows
    """
    m.moving = pyo.Constraint(
        s.months, s.plans, s.types,
        rule=lambda m, t, j, i: m.n[t, j + 1, i] == sum(served(m, s, t, j, q, i) for q in s.levels(j)),
        doc=doc_of("moving"),
    )  # fmt: skip


def served(m: pyo.ConcreteModel, s: StatedPath, t: int, j: int, level: int, i: int) -> Any:
    """Customers of a plan after a month where a level stands, else 0."""
    k = int(s.stage[t])
    chosen = sum(float(s.weight[j][k, c, i, level]) * m.z[c, t, j, level, i] for c in s.classes)
    return (1.0 - float(s.rate[j][k, i, level])) * m.held[t, j, level, i] + chosen


@equation
def staying_away(m: pyo.ConcreteModel, s: StatedPath) -> None:
    """The alternatives have after a month those who did not decide, those who chose them, and who is newly reached.

    Formula: n_t0i = (1 - rate_0i) n_(t-1)0i + sum_c w_tc0i r_tci + coming_ti + sum_j brings_ji n_(t-1)ji
    Index: t in months, i in types
    Unit: people
    Source: accounting of stocks and flows; word of mouth as in dynamics.newly_reached
    """
    m.staying_away = pyo.Constraint(
        s.months, s.types,
        rule=lambda m, t, i: m.n[t, 0, i] == (1.0 - float(s.outside_rate[i])) * m.n[t - 1, 0, i]
        + sum(float(s.outside_weight[t, c, i]) * m.r[t, c, i] for c in s.classes) + newly_reached(m, s, t, i),
        doc=doc_of("staying_away"),
    )  # fmt: skip


def newly_reached(m: pyo.ConcreteModel, s: StatedPath, t: int, i: int) -> Any:
    """People of a type who come into reach in a month; nothing where reach does not move."""
    if s.coming is None or s.brings is None:
        return 0.0
    return float(s.coming[t, i]) + sum(float(s.brings[j, i]) * m.n[t - 1, j, i] for j in range(len(s.start)))


def total(m: pyo.ConcreteModel, s: StatedPath, amount: tuple[Array, ...]) -> Any:
    """Sum over months, plans and types of amount x customers after the month's decisions."""
    return sum(float(amount[j][t, i, q]) * served(m, s, t, j, q, i) for t, j, q, i in s.cells() if amount[j][t, i, q])


@equation
def path_limit(m: pyo.ConcreteModel, s: StatedPath) -> None:
    """What a limit sums over the months is at least what is asked.

    Formula: sum_tji amount_tji n_tji >= at_least, amounts those of the level that stands
    Index: limits
    Unit: the limit's
    Source: definition
    """

    def rule(m: pyo.ConcreteModel, k: int) -> Any:
        if any(a.any() for a in s.limits[k].amount):
            return total(m, s, s.limits[k].amount) >= s.limits[k].at_least
        return pyo.Constraint.Feasible if s.limits[k].at_least <= 0.0 else m.x[0, 0, 0] >= 2.0  # sums nothing

    m.path_limit = pyo.Constraint(range(len(s.limits)), rule=rule, doc=doc_of("path_limit"))


@equation
def path_aim(m: pyo.ConcreteModel, s: StatedPath) -> None:
    """The path's value is made as large as possible.

    Formula: max sum_tji amount_tji n_tji, amounts those of the level that stands
    Index: one
    Unit: the aim's
    Source: definition
    """
    m.aim = pyo.Objective(expr=total(m, s, s.amount), sense=pyo.maximize, doc=doc_of("path_aim"))


def path_equations() -> list[Equation]:
    """Every equation of the horizon's program, in order."""
    return [e for e in registered() if e.module.rpartition(".")[2] == "path"]
