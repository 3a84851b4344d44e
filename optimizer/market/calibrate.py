"""Constants and decision rates from what is observed: the model at today's menu gives counts and retention back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.errors import Finding, InputError
from optimizer.market.inversion import Group, System, solve_constants
from optimizer.market.observed import TodayFacts, check_counts, groups_of, positive, today_facts
from optimizer.market.prepare import Constants, Prepared, prepare, with_constants
from optimizer.market.retention import Staying, lowest, solve_levels, too_many
from optimizer.schema.market import Market
from optimizer.typing import Array

SETTLED = 1e-10
"""Levels of decision rates have been found when they would move by less, in logs."""
QUICK_STEPS, MOST_STEPS = 25, 200
"""Steps by Broyden's method, and with those half way to where the stocks of the moment lead."""


class RetentionError(InputError):
    """More would have to leave some plans than come to them from everywhere else."""

    def __init__(self, findings: Sequence[Finding], least: Mapping[str, float] | None = None) -> None:
        super().__init__(findings)
        self.least = least or {}
        """By path of what is observed, the least share that could be."""


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
    levels: Mapping[str, float]
    """Largest decision rate among the types of each plan whose rate was solved from retention or renewal."""


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
            (s.log_stock, s.factor, np.array(s.ours), s.nothing, s.reach, s.potential, *(n.log_rate for n in s.nests))
            for s in (self.system, system)
        )
        keys = [[(g.label, g.column, g.target) for g in part] for part in (self.groups, groups)]
        nests = [[(n.columns, n.dissimilarity) for n in s.nests] for s in (self.system, system)]
        return keys[0] == keys[1] and nests[0] == nests[1] and all(map(np.array_equal, mine, other))

    @property
    def constants(self) -> Array:
        """(I, X) of every type and column."""
        full = self.offsets.copy()
        for g, c in zip(self.groups, self.solution, strict=True):
            full[g.rows, g.column] += c
        return full

    def shifted(self, by: Mapping[int, float]) -> Solved:
        """With the constants of some columns moved: a start for rates that have moved so."""
        moved = [c + by.get(g.column, 0.0) for g, c in zip(self.groups, self.solution, strict=True)]
        return replace(self, solution=np.array(moved))


def calibrate(market: Market, near: Calibrated | None = None) -> Calibrated:
    """Find constants and decision rates; from those of a market ``near`` this one, sooner.

    Raises InputError where counts, or the retention observed, cannot be reproduced.
    """
    prepared = prepare(market, near=None if near is None else near.prepared)
    today = today_facts(prepared, market)
    levels = lowest(today.observed)
    if near is not None:
        levels = np.array([near.levels.get(p.plan, low) for p, low in zip(today.observed, levels, strict=True)])
    system = today.system(levels)
    known = near is not None and near.solved[-1].asked(system, today.groups)
    findings = positive(today.groups)
    if not findings and not known:
        findings = check_counts(system, today.groups, [p.name for p in today.sold])
    if findings:
        raise InputError(findings)
    solved, levels = _settled(today, levels, system, () if near is None else near.solved)
    last = solved[-1]
    constants = _constants(today, last, levels)
    found = {p.plan: float(level) for p, level in zip(today.observed, levels, strict=True)}
    calibrated, residuals = with_constants(prepared, constants), _residuals(today, last)
    return Calibrated(calibrated, constants, residuals, last.steps, solved, found)


def _settled(
    today: TodayFacts, levels: Array, system: System, near: tuple[Solved, ...]
) -> tuple[tuple[Solved, ...], Array]:
    """Constants and levels of decision rates that give counts and retention back; ``system`` is at the start.

    Stocks follow from counts, and levels from stocks. Without nests the stocks stay as the levels move, so that the
    first step is exact; with nests they move little (Broyden 1965, from a Jacobian of -1). Raises InputError.
    """
    inverse = -np.eye(len(levels))
    before: tuple[Array, Array] | None = None
    doubts: list[Finding] = []
    least: dict[str, float] = {}
    for step in range(MOST_STEPS):
        try:
            near = _solutions(today, system, near)
        except InputError as error:
            raise (RetentionError(doubts, least) if doubts else error) from None
        if not today.observed:
            return near, levels
        flows = today.flows(near[-1].system, near[-1].constants, levels)
        wanted, x = solve_levels(flows, today.observed, levels), np.log(levels)
        doubts, least = too_many(flows, today.observed, wanted, SETTLED)
        gap = np.log(wanted) - x
        if np.abs(gap).max() < SETTLED:
            break
        if before is not None:
            inverse = _updated(inverse, x - before[0], gap - before[1])
        before = x, gap
        move = -inverse @ gap if step < QUICK_STEPS else 0.5 * gap
        levels = np.exp(np.minimum(x + np.clip(move, -2.0, 2.0), 0.0))
        moved = {p.column: float(by) for p, by in zip(today.observed, np.log(levels) - x, strict=True)}
        near, system = tuple(s.shifted(moved) for s in near), today.system(levels)
    else:
        if not doubts:
            raise InputError([_unsettled(today.observed[int(np.argmax(np.abs(gap)))])])
    if doubts:
        raise RetentionError(doubts, least)
    return near, levels


def _unsettled(plan: Staying) -> Finding:
    message, cure = "no decision rate was found that gives it back", "check it, and the nest of the plan"
    return Finding("calibration-retention", "error", "", None, f"today.{plan.path}", message, cure)


def _updated(inverse: Array, moved: Array, changed: Array) -> Array:
    """Broyden's update of an inverse Jacobian after a move that changed the gap."""
    scale = float(moved @ inverse @ changed)
    if scale == 0.0:
        return inverse
    return np.asarray(inverse + np.outer(moved - inverse @ changed, moved @ inverse) / scale)


def _solved(system: System, groups: Sequence[Group], offsets: Array, near: Solved | None) -> Solved:
    """Raises InputError where the counts cannot be reproduced."""
    if near is not None and near.asked(system, groups) and np.array_equal(offsets, near.offsets):
        return near
    solution, steps = solve_constants(system, groups, offsets, None if near is None else near.solution)
    return Solved(system, tuple(groups), offsets, solution, steps)


def _solutions(today: TodayFacts, system: System, near: tuple[Solved, ...]) -> tuple[Solved, ...]:
    """The constants, after those by segment and the pooled ones where deviations by segment are shrunk.

    Deviations from the pooled constants are shrunk by count / (count + shrinkage).
    """
    market, sold = today.market, today.sold
    offsets = np.zeros_like(system.log_stock)
    shrunk = [
        p.name for p in sold if market.today.plans[p.name].by_segment and not market.today.plans[p.name].own_constants
    ]
    before: tuple[Solved | None, ...] = near if len(near) == (3 if shrunk else 1) else (None, None, None)
    if not shrunk:
        return (_solved(system, today.groups, offsets, before[0]),)
    own = groups_of(today.prepared, market, sold, own=True)
    findings = positive(own)
    if findings:
        raise InputError(findings)
    exact = _solved(system, own, offsets, before[0])
    pooled = _solved(system, today.groups, offsets, before[1])
    shared = {g.column: c for g, c in zip(today.groups, pooled.solution, strict=True)}
    shrunken = offsets.copy()
    for g, c in zip(own, exact.solution, strict=True):
        if g.column < system.ours and sold[g.column].name in shrunk and ".by_segment." in g.label:
            weight = g.target / (g.target + market.today.shrinkage)
            shrunken[g.rows, g.column] = weight * (c - shared[g.column])
    return exact, pooled, _solved(system, today.groups, shrunken, before[2])


def _residuals(today: TodayFacts, solved: Solved) -> tuple[Residual, ...]:
    held, pop = solved.system.held(solved.system.stocks(solved.constants)), today.prepared.population
    return tuple(
        Residual(p.name, s, q.value, float(held[pop.segment == pop.segments.index(s), j].sum()))
        for j, p in enumerate(today.sold)
        for s, q in today.market.today.plans[p.name].by_segment.items()
    )


def _constants(today: TodayFacts, solved: Solved, levels: Array) -> Constants:
    market, prepared, full = today.market, today.prepared, solved.constants
    plans: dict[str, Array] = {}
    pooled: dict[str, float] = {}
    for j, plan in enumerate(today.sold):
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
        alt.name: np.where(alt.offered, full[:, len(today.sold) + r], math.nan)
        for r, alt in enumerate(prepared.alternatives)
    }
    references = {
        plan.name: np.where(plan.offered, today.utilities[plan.name] + plans[plan.name], math.nan)
        for plan in prepared.plans
    }
    unstated = frozenset(p.plan for p in today.observed if market.plans[p.plan].decision_rate is None)
    discounts = {plan.name: plan.annual_discount for plan in prepared.plans}
    factors = _rate_factors(today, solved, levels)
    return Constants(plans, pooled, references, alternatives, factors, unstated, _unit_prices(prepared), discounts)


def _unit_prices(prepared: Prepared) -> dict[str, tuple[float | None, ...]]:
    """By path of plan and alternative, the unit prices of the market as it is observed."""
    plans = {f"plans.{name}": terms.unit_prices for name, terms in prepared.terms.items()}
    return plans | {f"alternatives.{a.name}": a.terms.unit_prices for a in prepared.alternatives}


def _rate_factors(today: TodayFacts, solved: Solved, levels: Array) -> dict[str, Array]:
    """What stated rates are multiplied by: those solved, and those of plans nobody bought yet (as their analogue's)."""
    rates, names = today.rates(levels), [p.name for p in today.sold]
    factors = {}
    for plan in today.observed:
        factors[plan.plan] = rates[:, plan.column] / today.sold[plan.column].decision_rate
    flows = today.flows(solved.system, solved.constants, levels)
    leaving = flows.leaving(today.observed, levels)
    for name, stated in today.market.plans.items():
        if name not in names and stated.leave_rate is not None:
            j = names.index(str(stated.analogue))
            held = flows.customers[:, j]
            factors[name] = rates[:, j] / (float(held @ leaving[:, j]) / float(held.sum()))
    return factors
