"""Alternative constants from observed counts: the model at today's menu gives today's customers back.

Share inversion after Berry (1994) and Berry, Levinsohn, Pakes (1995), by Newton's method with the exact
Jacobian and the contraction as fall-back. V(nothing) = 0 fixes the level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.economics import choice, finance
from optimizer.economics.population import PlanFacts
from optimizer.economics.response import included, use, utility_of
from optimizer.errors import Finding, InputError
from optimizer.market.prepare import Constants, Prepared, prepare
from optimizer.market.room import overfull
from optimizer.schema.market import Market
from optimizer.typing import Array

TOLERANCE = 1e-11
NEWTON_STEPS = 60
CONTRACTION_STEPS = 20000


@dataclass(frozen=True)
class Group:
    """Types that share an alternative constant, and the customers observed among them."""

    column: int
    """Index into the stacked offers: our plans sold today, then the alternatives."""
    rows: NDArray[np.bool_]
    target: float
    label: str


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


@dataclass(frozen=True)
class System:
    """Log stocks at zero constants and what turns them into counts."""

    log_stock: Array
    """(I, X) over plans sold today, then alternatives; -inf where not offered."""
    factor: Array
    """(I, X) denominator weight per unit of stock: 1 - referral for plans, 1 for alternatives."""
    ours: int
    nothing: Array
    """(I,) stock of using nothing."""
    reach: Array
    potential: Array


def _utility_without_constant(prepared: Prepared, plan: PlanFacts) -> Array:
    pop, terms = prepared.population, prepared.terms[plan.name]
    used = use(pop, prepared.ai_models.quality, terms, included(pop, terms))
    fee = finance.effective_fee(terms.price, plan.annual_share, plan.annual_discount)
    billed = finance.bill(fee * finance.seat_factor(plan.seat_minimum, pop.seats), used.metered)
    return utility_of(pop, np.zeros(pop.size), used, billed)


def _counts(system: System, groups: list[Group], constants: Array, offsets: Array) -> tuple[Array, Array]:
    """Modelled count of each group and its Jacobian in the groups' constants, (G,) and (G, G)."""
    shift = offsets.copy()
    for g, c in zip(groups, constants, strict=True):
        shift[g.rows, g.column] += c
    stock = np.exp(system.log_stock + shift)
    total_out = system.nothing + stock[:, system.ours :].sum(axis=1)
    below = total_out + (system.factor[:, : system.ours] * stock[:, : system.ours]).sum(axis=1)
    held = system.reach[:, None] * stock[:, : system.ours] / below[:, None]
    away = system.potential - held.sum(axis=1)
    share = stock[:, system.ours :] / total_out[:, None]
    rows = np.stack([g.rows for g in groups], axis=1)
    column = np.array([g.column for g in groups])
    ours = column < system.ours
    # customers of each group by type, and its share of those not with us
    mine = held[:, np.where(ours, column, 0)] * (rows & ours)
    theirs = np.zeros(rows.shape)
    if share.shape[1]:
        theirs = share[:, np.where(ours, 0, column - system.ours)] * (rows & ~ours)
    values = np.where(ours, mine.sum(axis=0), (theirs * away[:, None]).sum(axis=0))
    push = np.where(rows, system.factor[:, column] * stock[:, column], 0.0) / below[:, None]
    taken = theirs * held.sum(axis=1)[:, None]
    jacobian = (taken - mine).T @ push + np.diag(values)
    jacobian -= theirs.T @ mine + (theirs * away[:, None]).T @ theirs
    return values, jacobian


def solve_constants(system: System, groups: list[Group], offsets: Array) -> tuple[Array, int]:
    """The constants at which every group's count is its target, and the steps taken.

    Raises InputError where the counts cannot be reproduced.
    """
    target = np.array([g.target for g in groups])
    x = np.zeros(len(groups))
    for step in range(NEWTON_STEPS):
        values, jacobian = _counts(system, groups, x, offsets)
        error = np.log(values / target)
        if np.abs(error).max() < TOLERANCE:
            return x, step
        scaled = jacobian / values[:, None]
        try:
            move = np.linalg.solve(scaled, -error)
        except np.linalg.LinAlgError:
            move = -error
        if not np.isfinite(move).all() or np.abs(error).max() > 2.0:
            move = -error
        x = x + np.clip(move, -3.0, 3.0)
    for step in range(CONTRACTION_STEPS):
        values, _ = _counts(system, groups, x, offsets)
        error = np.log(values / target)
        if not np.isfinite(error).all():
            break
        if np.abs(error).max() < 1e-9:
            return x, NEWTON_STEPS + step
        x = x - error
    worst = int(np.argmax(np.where(np.isfinite(error), np.abs(error), np.inf)))
    raise InputError(
        [
            Finding(
                "calibration",
                "error",
                "",
                None,
                f"today.{groups[worst].label}",
                f"the model cannot give back the observed count: {values[worst]:,.0f} against {target[worst]:,.0f}",
                "check the counts against the segments' potential and reach",
            )
        ]
    )


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


def _system(prepared: Prepared, market: Market) -> tuple[System, list[PlanFacts]]:
    pop = prepared.population
    sold = [p for p in prepared.plans if p.name in market.today.plans]
    columns, factors = [], []
    for plan in sold:
        utility = _utility_without_constant(prepared, plan)
        columns.append(np.where(plan.offered, utility - np.log(plan.churn), -math.inf))
        factors.append(1.0 - plan.referral)
    for alt in prepared.alternatives:
        used = use(pop, prepared.ai_models.quality * alt.quality, alt.terms, included(pop, alt.terms))
        utility = utility_of(
            pop, np.zeros(pop.size), used, finance.bill(np.full(pop.size, alt.terms.price), used.metered)
        )
        columns.append(np.where(alt.offered, utility - math.log(alt.churn), -math.inf))
        factors.append(np.ones(pop.size))
    nothing = choice.stock(np.ones(pop.size), np.full(pop.size, market.nothing_churn.value))
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


def calibrate(market: Market) -> Calibrated:
    """Find the constants. Raises InputError where today's counts cannot be reproduced."""
    prepared = prepare(market)
    system, sold = _system(prepared, market)
    groups = _groups(prepared, market, sold, own=False)
    names = [p.name for p in sold]
    findings = _positive(groups) or check_counts(system, groups, names)
    if findings:
        raise InputError(findings)
    offsets = _deviations(prepared, market, system, sold, groups)
    solution, steps = solve_constants(system, groups, offsets)
    full = offsets.copy()
    for g, c in zip(groups, solution, strict=True):
        full[g.rows, g.column] += c
    constants = _constants(prepared, market, sold, groups, solution, full)
    final = prepare(market, constants)
    return Calibrated(final, constants, _residuals(market, system, sold, prepared, full), steps)


def _deviations(
    prepared: Prepared, market: Market, system: System, sold: list[PlanFacts], groups: list[Group]
) -> Array:
    """(I, X) deviations by segment from the pooled constants, shrunk by count / (count + shrinkage)."""
    offsets = np.zeros_like(system.log_stock)
    shrunk = [
        p.name for p in sold if market.today.plans[p.name].by_segment and not market.today.plans[p.name].own_constants
    ]
    if not shrunk:
        return offsets
    own = _groups(prepared, market, sold, own=True)
    findings = _positive(own)
    if findings:
        raise InputError(findings)
    exact, _ = solve_constants(system, own, offsets)
    pooled, _ = solve_constants(system, groups, offsets)
    shared = {g.column: c for g, c in zip(groups, pooled, strict=True)}
    for g, c in zip(own, exact, strict=True):
        if g.column < system.ours and sold[g.column].name in shrunk and ".by_segment." in g.label:
            weight = g.target / (g.target + market.today.shrinkage)
            offsets[g.rows, g.column] = weight * (c - shared[g.column])
    return offsets


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
    prepared: Prepared, market: Market, sold: list[PlanFacts], groups: list[Group], solution: Array, full: Array
) -> Constants:
    plans: dict[str, Array] = {}
    pooled: dict[str, float] = {}
    for j, plan in enumerate(sold):
        plans[plan.name] = np.where(plan.offered, full[:, j], math.nan)
        mine = [(g, c) for g, c in zip(groups, solution, strict=True) if g.column == j]
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
        plan.name: np.where(plan.offered, _utility_without_constant(prepared, plan) + plans[plan.name], math.nan)
        for plan in prepared.plans
    }
    return Constants(plans, pooled, references, alternatives)
