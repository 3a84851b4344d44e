"""What is observed today, as stocks and counts that the model is to give back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.economics import advertising, choice
from optimizer.economics.population import PlanFacts
from optimizer.economics.response import alternative_utility, included, plan_bill, plan_utility, use
from optimizer.errors import Finding
from optimizer.market.inversion import Group, NestColumns, System
from optimizer.market.prepare import Prepared
from optimizer.market.retention import Flows, Staying, with_levels
from optimizer.market.room import overfull
from optimizer.schema.market import Market
from optimizer.typing import Array


@dataclass(frozen=True)
class TodayFacts:
    """What is to be given back, and what does not depend on how often customers decide anew."""

    prepared: Prepared
    market: Market
    sold: tuple[PlanFacts, ...]
    utilities: Mapping[str, Array]
    """Of each plan's own terms, without the constant."""
    groups: tuple[Group, ...]
    observed: tuple[Staying, ...]

    @property
    def alternative_rates(self) -> Array:
        """(R,) the last of nothing."""
        return np.array(
            [*(a.decision_rate for a in self.prepared.alternatives), self.market.nothing_decision_rate.value]
        )

    def rates(self, levels: Array) -> Array:
        """(I, J) decision rates of the plans sold today, at levels of those observed."""
        return with_levels(np.stack([p.decision_rate for p in self.sold], axis=1), self.observed, levels)

    def system(self, levels: Array) -> System:
        """Stocks and counts at levels of the decision rates."""
        prepared, pop, rates = self.prepared, self.prepared.population, self.rates(levels)
        columns, factors = [], []
        for j, plan in enumerate(self.sold):
            columns.append(np.where(plan.offered, self.utilities[plan.name] - np.log(rates[:, j]), -math.inf))
            factors.append(1.0 - plan.referral)
        for alt in prepared.alternatives:
            utility, _ = alternative_utility(pop, prepared.ai_models.quality, alt, np.zeros(pop.size))
            columns.append(np.where(alt.offered, utility - math.log(alt.decision_rate), -math.inf))
            factors.append(np.ones(pop.size))
        nothing = choice.stock(np.ones(pop.size), np.full(pop.size, self.alternative_rates[-1]))
        reach, nests = prepared.base_reach(prepared.today_mix), self._nests(rates)
        log_stock, factor = np.stack(columns, axis=1), np.stack(factors, axis=1)
        return System(log_stock, factor, len(self.sold), nothing, reach, pop.potential, nests)

    def _nests(self, rates: Array) -> tuple[NestColumns, ...]:
        """The nests that make a difference: between two or more of today's plans, less than fully dissimilar."""
        made = []
        for nest in self.prepared.nests:
            columns = [j for j, plan in enumerate(self.sold) if plan.name in nest.plans]
            if len(columns) > 1 and nest.dissimilarity < 1.0:
                made.append(NestColumns(tuple(columns), nest.dissimilarity, np.log(rates[:, columns])))
        return tuple(made)

    def flows(self, system: System, constants: Array, levels: Array) -> Flows:
        """Who is where at constants (I, X), and what the alternatives are worth to someone who decides anew."""
        stock = system.stocks(constants)
        outside = np.column_stack([stock[:, system.ours :], system.nothing]) @ self.alternative_rates
        return Flows(system.held(stock), stock[:, : system.ours], self.rates(levels), outside)


def today_facts(prepared: Prepared, market: Market) -> TodayFacts:
    sold = [p for p in prepared.plans if p.name in market.today.plans]
    utilities = {p.name: _utility_without_constant(prepared, p) for p in prepared.plans}
    groups = groups_of(prepared, market, sold, own=False)
    return TodayFacts(prepared, market, tuple(sold), utilities, tuple(groups), _observed(market, sold))


def _utility_without_constant(prepared: Prepared, plan: PlanFacts) -> Array:
    pop, terms = prepared.population, prepared.terms[plan.name]
    used = use(pop, prepared.ai_models.quality, terms, included(pop, terms))
    shown = advertising.shown(used.by_model, prepared.ai_models.impressions, terms.impressions)
    return plan_utility(pop, plan, np.zeros(pop.size), used, plan_bill(pop, plan, terms, used), shown)


def _observed(market: Market, sold: Sequence[PlanFacts]) -> tuple[Staying, ...]:
    found = []
    for j, plan in enumerate(sold):
        today = market.today.plans[plan.name]
        share = today.retention_12_months or today.renewal_rate
        if share is not None:
            most = float(plan.decision_rate[plan.offered].max(initial=0.0)) or 1.0
            pattern = np.minimum(plan.decision_rate / most, 1.0)
            found.append(Staying(plan.name, j, share.value, today.retention_12_months is not None, pattern))
    return tuple(found)


def groups_of(prepared: Prepared, market: Market, sold: Sequence[PlanFacts], own: bool) -> list[Group]:
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


def check_counts(system: System, groups: Sequence[Group], names: Sequence[str]) -> list[Finding]:
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


def positive(groups: Sequence[Group]) -> list[Finding]:
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
