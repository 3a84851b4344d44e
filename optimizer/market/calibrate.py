"""Alternative constants from observed counts: the model at today's menu gives today's customers back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.economics import choice
from optimizer.economics.population import PlanFacts
from optimizer.economics.response import alternative_utility, included, plan_bill, use, utility_of
from optimizer.errors import Finding, InputError
from optimizer.market.inversion import Group, System, solve_constants
from optimizer.market.prepare import Constants, Prepared, prepare, with_constants
from optimizer.market.room import overfull
from optimizer.schema.market import Market
from optimizer.typing import Array


@dataclass(frozen=True)
class Residual:
    """What shrinkage left of a count by segment."""

    plan: str
    segment: str
    observed: float
    modelled: float


@dataclass(frozen=True)
class Calibrated:
    """A market with its constants; the base that scenarios change."""

    prepared: Prepared
    constants: Constants
    residuals: tuple[Residual, ...]
    steps: int
    solved: tuple[Solved, ...]
    """What was solved for that, the last one for the constants themselves."""


@dataclass(frozen=True)
class Solved:
    """Counts to be given back, and the constants by group that do so."""

    system: System
    groups: tuple[Group, ...]
    offsets: Array
    solution: Array
    steps: int

    def asked(self, system: System, groups: Sequence[Group]) -> bool:
        """Whether these are the same counts in the same market, as far as choices go; costs may differ."""
        mine, other = (
            (s.log_stock, s.factor, np.array(s.ours), s.nothing, s.reach, s.potential) for s in (self.system, system)
        )
        keys = [[(g.label, g.column, g.target) for g in part] for part in (self.groups, groups)]
        return keys[0] == keys[1] and all(map(np.array_equal, mine, other))


def _utility_without_constant(prepared: Prepared, plan: PlanFacts) -> Array:
    pop, terms = prepared.population, prepared.terms[plan.name]
    used = use(pop, prepared.ai_models.quality, terms, included(pop, terms))
    return utility_of(pop, np.zeros(pop.size), used, plan_bill(pop, plan, terms, used))


def check_counts(system: System, groups: list[Group], names: list[str]) -> list[Finding]:
    """For every set of plans, the sum of (1 - referral) x count must lie below the base reach of the types offered any.

    This is the condition under which the inversion has a solution. Returns a finding for each smallest violated set.
    """
    offered = np.isfinite(system.log_stock[:, : system.ours])
    # only unions of what plans are offered to can differ
    classes, of_type = np.unique(offered, axis=0, return_inverse=True)
    room = np.asarray(np.bincount(of_type.ravel(), system.reach, len(classes)), dtype=np.float64)
    need = np.zeros(system.ours)
    for g in groups:
        if g.column < system.ours:
            rows = g.rows & offered[:, g.column]
            need[g.column] += g.target * float(system.factor[rows, g.column].min()) if rows.any() else math.inf
    findings = []
    for chosen in overfull(need, classes, room):
        plans = ", ".join(names[c] for c in chosen)
        taken, people = need[list(chosen)].sum(), room[classes[:, list(chosen)].any(axis=1)].sum()
        findings.append(
            Finding(
                "calibration-room",
                "error",
                "",
                None,
                f"today.plans.{names[chosen[0]]}.customers",
                f"{taken:,.0f} customers of {plans} do not fit into the {people:,.0f} reached people offered them",
                "raise the segments' potential or the reach, or check the unit of the counts",
            )
        )
    return findings


def _system(prepared: Prepared, market: Market, utilities: Mapping[str, Array]) -> tuple[System, list[PlanFacts]]:
    """``utilities``: of each plan's own terms, without the constant."""
    pop = prepared.population
    sold = [p for p in prepared.plans if p.name in market.today.plans]
    columns, factors = [], []
    for plan in sold:
        columns.append(np.where(plan.offered, utilities[plan.name] - np.log(plan.decision_rate), -math.inf))
        factors.append(1.0 - plan.referral)
    for alt in prepared.alternatives:
        utility, _ = alternative_utility(pop, prepared.ai_models.quality, alt, np.zeros(pop.size))
        columns.append(np.where(alt.offered, utility - math.log(alt.decision_rate), -math.inf))
        factors.append(np.ones(pop.size))
    nothing = choice.stock(np.ones(pop.size), np.full(pop.size, market.nothing_decision_rate.value))
    reach = prepared.base_reach(prepared.today_mix)
    return System(np.stack(columns, axis=1), np.stack(factors, axis=1), len(sold), nothing, reach, pop.potential), sold


def _groups(prepared: Prepared, market: Market, sold: list[PlanFacts], own: bool) -> list[Group]:
    """Groups of today's counts; with ``own`` every counted segment has a group of its own."""
    pop, groups = prepared.population, []
    for j, plan in enumerate(sold):
        today = market.today.plans[plan.name]
        rest, left = plan.offered.copy(), today.customers.value
        if own or today.own_constants:
            for segment, count in today.by_segment.items():
                rows = plan.offered & (pop.segment == pop.segments.index(segment))
                groups.append(Group(j, rows, count.value, f"plans.{plan.name}.by_segment.{segment}"))
                rest &= ~rows
                left -= count.value
        if rest.any():
            groups.append(Group(j, rest, left, f"plans.{plan.name}.customers"))
    channel = np.array([s.channel for s in market.segments.values()])[pop.segment]
    for r, alt in enumerate(prepared.alternatives):
        for name, count in market.today.alternatives.get(alt.name, {}).items():
            rows = alt.offered & (channel == name)
            groups.append(Group(len(sold) + r, rows, count.value, f"alternatives.{alt.name}.{name}"))
    return groups


def _positive(groups: list[Group]) -> list[Finding]:
    return [
        Finding(
            "calibration-count",
            "error",
            "",
            None,
            f"today.{g.label}",
            "an observed count must be positive and have types to fall on (the rest after counts by segment included)",
            "correct the count, or leave the plan or alternative out",
        )
        for g in groups
        if g.target <= 0.0 or not g.rows.any()
    ]


def calibrate(market: Market, near: Calibrated | None = None) -> Calibrated:
    """Find the constants; from those of a market ``near`` this one, sooner. Raises InputError where counts cannot be
    reproduced."""
    prepared = prepare(market)
    utilities = {p.name: _utility_without_constant(prepared, p) for p in prepared.plans}
    system, sold = _system(prepared, market, utilities)
    groups = _groups(prepared, market, sold, own=False)
    known = near is not None and near.solved[-1].asked(system, groups)
    findings = _positive(groups) or ([] if known else check_counts(system, groups, [p.name for p in sold]))
    if findings:
        raise InputError(findings)
    solved = _solutions(prepared, market, system, sold, groups, () if near is None else near.solved)
    last = solved[-1]
    full = last.offsets.copy()
    for g, c in zip(groups, last.solution, strict=True):
        full[g.rows, g.column] += c
    constants = _constants(prepared, market, sold, utilities, last, full)
    residuals = _residuals(market, system, sold, prepared, full)
    return Calibrated(with_constants(prepared, constants), constants, residuals, last.steps, solved)


def _solved(system: System, groups: Sequence[Group], offsets: Array, near: Solved | None) -> Solved:
    """Raises InputError where the counts cannot be reproduced."""
    if near is not None and near.asked(system, groups) and np.array_equal(offsets, near.offsets):
        return near
    solution, steps = solve_constants(system, groups, offsets, None if near is None else near.solution)
    return Solved(system, tuple(groups), offsets, solution, steps)


def _solutions(
    prepared: Prepared,
    market: Market,
    system: System,
    sold: list[PlanFacts],
    groups: list[Group],
    near: tuple[Solved, ...],
) -> tuple[Solved, ...]:
    """The constants, after those by segment and the pooled ones where deviations by segment are shrunk.

    Deviations from the pooled constants are shrunk by count / (count + shrinkage).
    """
    offsets = np.zeros_like(system.log_stock)
    shrunk = [
        p.name for p in sold if market.today.plans[p.name].by_segment and not market.today.plans[p.name].own_constants
    ]
    before: tuple[Solved | None, ...] = near if len(near) == (3 if shrunk else 1) else (None, None, None)
    if not shrunk:
        return (_solved(system, groups, offsets, before[0]),)
    own = _groups(prepared, market, sold, own=True)
    findings = _positive(own)
    if findings:
        raise InputError(findings)
    exact = _solved(system, own, offsets, before[0])
    pooled = _solved(system, groups, offsets, before[1])
    shared = {g.column: c for g, c in zip(groups, pooled.solution, strict=True)}
    shrunken = offsets.copy()
    for g, c in zip(own, exact.solution, strict=True):
        if g.column < system.ours and sold[g.column].name in shrunk and ".by_segment." in g.label:
            weight = g.target / (g.target + market.today.shrinkage)
            shrunken[g.rows, g.column] = weight * (c - shared[g.column])
    return exact, pooled, _solved(system, groups, shrunken, before[2])


def _residuals(
    market: Market, system: System, sold: list[PlanFacts], prepared: Prepared, full: Array
) -> tuple[Residual, ...]:
    stock = np.exp(system.log_stock + full)
    below = system.nothing + stock[:, system.ours :].sum(axis=1)
    below = below + (system.factor[:, : system.ours] * stock[:, : system.ours]).sum(axis=1)
    held = system.reach[:, None] * stock[:, : system.ours] / below[:, None]
    pop = prepared.population
    return tuple(
        Residual(p.name, s, q.value, float(held[pop.segment == pop.segments.index(s), j].sum()))
        for j, p in enumerate(sold)
        for s, q in market.today.plans[p.name].by_segment.items()
    )


def _constants(
    prepared: Prepared,
    market: Market,
    sold: list[PlanFacts],
    utilities: Mapping[str, Array],
    solved: Solved,
    full: Array,
) -> Constants:
    """``full``: (I, X) constants of every type and column."""
    plans: dict[str, Array] = {}
    pooled: dict[str, float] = {}
    for j, plan in enumerate(sold):
        plans[plan.name] = np.where(plan.offered, full[:, j], math.nan)
        mine = [(g, c) for g, c in zip(solved.groups, solved.solution, strict=True) if g.column == j]
        total = sum(g.target for g, _ in mine)
        pooled[plan.name] = float(sum(g.target * c for g, c in mine) / total)
    for plan in prepared.plans:
        if plan.name in plans:
            continue
        stated = market.plans[plan.name]
        shift = 0.0 if stated.constant_shift is None else stated.constant_shift.value
        analogue = str(stated.analogue)
        base = np.where(np.isnan(plans[analogue]), pooled[analogue], plans[analogue])
        plans[plan.name] = np.where(plan.offered, base + shift, math.nan)
        pooled[plan.name] = pooled[analogue] + shift
    alternatives = {
        alt.name: np.where(alt.offered, full[:, len(sold) + r], math.nan) for r, alt in enumerate(prepared.alternatives)
    }
    references = {
        plan.name: np.where(plan.offered, utilities[plan.name] + plans[plan.name], math.nan) for plan in prepared.plans
    }
    return Constants(plans, pooled, references, alternatives)
