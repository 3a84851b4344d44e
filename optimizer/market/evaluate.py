"""The evaluator: every figure at one menu, from the formulas alone. It never sees the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimizer.economics import choice, decisions, finance, reach, serving
from optimizer.economics.figures import COHORTS, LINEAR, RATIOS, TOTAL, LinearFigure, Selection, components
from optimizer.economics.population import Terms
from optimizer.economics.response import PerCustomer, per_customer
from optimizer.market.prepare import MONTH_HOURS, Prepared
from optimizer.typing import Array

MenuTerms = Mapping[str, Terms | None]


@dataclass(frozen=True)
class Evaluation:
    """A market at one menu; all figures by total, plan, segment or channel, each worked out when it is asked for."""

    prepared: Prepared
    menu: MenuTerms
    """By plan; None or a missing plan is off the menu."""
    enterprise_share: float
    budget: float | None = None
    """Go-to-market budget, usd/month, where its size is a choice; None: the market's own, which then is no cost."""

    @cached_property
    def plans(self) -> tuple[str, ...]:
        """Plans on the menu."""
        return tuple(f.name for f in self.prepared.plans if self.menu.get(f.name) is not None)

    @cached_property
    def per(self) -> tuple[PerCustomer, ...]:
        """What each of ``plans`` does per customer."""
        p = self.prepared
        return tuple(
            per_customer(p.population, p.ai_models, p.pools, facts, terms)
            for facts in p.plans
            if (terms := self.menu.get(facts.name)) is not None
        )

    def with_terms(self, plan: str, terms: Terms) -> Evaluation:
        """The same with other terms of one plan on the menu; what the others do per customer is kept."""
        made = replace(self, menu={**self.menu, plan: terms})
        p, at = self.prepared, self.plans.index(plan)
        mine = per_customer(p.population, p.ai_models, p.pools, p.plans[p.plan_index(plan)], terms)
        made.__dict__["per"] = (*self.per[:at], mine, *self.per[at + 1 :])
        return made

    @cached_property
    def base(self) -> Array:
        """(I,) people reached by go-to-market."""
        return self.prepared.base_reach(self.enterprise_share, self.budget)

    @cached_property
    def staying(self) -> Array:
        """(I,) base-reached people on the alternatives."""
        referral = self._by_plan(lambda p: p.referral)
        return choice.stays(self.base, reach.denominator_weight(self.weights, referral))

    @cached_property
    def customers(self) -> Array:
        """(I, J) over ``plans``."""
        return choice.customers(self.weights, self.staying)

    @cached_property
    def attraction(self) -> Array:
        """(I, J) over ``plans``, beside the others of its nest."""
        found = self._by_plan(lambda p: p.attraction)
        for nest in self.prepared.nests:
            members = [j for j, name in enumerate(self.plans) if name in nest.plans]
            if nest.dissimilarity < 1.0 and members:
                found[:, members] = choice.nested(found[:, members], nest.dissimilarity)
        return found

    @cached_property
    def decision_rates(self) -> Array:
        """(I, J) monthly rate at which each plan's customers decide anew."""
        return self._by_plan(lambda p: p.decision_rate)

    @cached_property
    def weights(self) -> Array:
        """(I, J) stock attractions against the alternatives' 1."""
        stocks = choice.stock(self.attraction, self.decision_rates)
        return choice.stock_attraction(stocks, self.prepared.outside[:, None])

    @cached_property
    def again(self) -> Array:
        """(I, J) probability that a customer who decides anew chooses the same plan."""
        return choice.chosen(self.attraction, self.prepared.outside_attraction)

    @cached_property
    def leaving(self) -> Array:
        """(I, J) monthly rate of leaving each plan."""
        return decisions.leaving(self.decision_rates, self.again)

    def __getstate__(self) -> dict[str, Any]:
        """What it is made of; whoever gets it works the rest out."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def _by_plan(self, amount: Callable[[PerCustomer], Array]) -> Array:
        """(I, J) over ``plans``."""
        size = self.prepared.population.size
        return np.stack([amount(p) for p in self.per], axis=1) if self.per else np.zeros((size, 0))

    @cached_property
    def busy(self) -> Array:
        """(P, H) GPUs busy in each pool and hour block."""
        pools, hours = self.prepared.pools, self.prepared.population.hours
        busy = np.zeros((len(pools.names), len(pools.blocks)))
        for j, p in enumerate(self.per):
            load = self.customers[:, j, None] * p.pool_hours
            for h, block_hours in enumerate(pools.hours):
                busy[:, h] += serving.gpus_busy(load, hours[:, h, None], float(block_hours)).sum(axis=0)
        return busy

    @cached_property
    def burst(self) -> Array:
        """(P, H) GPUs beyond the reserved ones; 0 in pools paid as used."""
        over = np.maximum(0.0, self.busy - np.nan_to_num(self.prepared.pools.reserved)[:, None])
        return np.asarray(np.where(self.prepared.pools.contracted[:, None], over, 0.0))

    @cached_property
    def reached(self) -> Array:
        """(I,) people reached by go-to-market or word of mouth."""
        return reach.reached(self.base, self._by_plan(lambda p: p.referral), self.customers)

    @cached_property
    def capacity_cost(self) -> float:
        """Bill of reserved and burst GPUs, usd/month."""
        pools = self.prepared.pools
        total = 0.0
        for p in np.flatnonzero(pools.contracted):
            total += finance.reserved_cost(float(pools.reserved[p]), float(pools.price[p]), MONTH_HOURS)
            for h, hours in enumerate(pools.hours):
                total += finance.burst_cost(float(self.burst[p, h]), float(hours), float(pools.burst_price[p]))
        return total

    def figure(self, name: str, selection: Selection = TOTAL) -> float:
        """A figure's value; nan for a ratio whose denominator is 0. Raises KeyError for an unknown name."""
        if name in COHORTS:
            return self._cohort(COHORTS[name].months, selection)
        if name in RATIOS:
            ratio = RATIOS[name]
            below = self.figure(ratio.denominator, selection)
            return self.figure(ratio.numerator, selection) / below if below != 0.0 else float("nan")
        elsewhere = self.prepared.market.finance.free_serving_elsewhere.value
        return sum(w * self._linear(n, s) for w, n, s in components(name, selection, elsewhere))

    @cached_property
    def _known(self) -> dict[tuple[str, Selection], float]:
        """Linear figures worked out so far."""
        return {}

    def _linear(self, name: str, selection: Selection) -> float:
        found = self._known.get((name, selection))
        if found is None:
            found = self._known[name, selection] = self._summed(LINEAR[name], selection)
        return found

    def _summed(self, figure: LinearFigure, selection: Selection) -> float:
        rows = type_mask(self.prepared, selection)
        total = 0.0
        for j, (name, p) in enumerate(zip(self.plans, self.per, strict=True)):
            if not plan_selected(self.prepared, name, selection):
                continue
            held = np.where(rows, self.customers[:, j], 0.0)
            amount = figure.amount(p)
            if figure.again is not None:
                amount = amount + figure.again(p) * self.again[:, j]
            if selection.total and figure.serving is not None:
                amount = amount - figure.capacity * figure.serving(p)
            total += float(held @ amount)
            if figure.fixed and selection.segment is None:
                total += figure.fixed * self.prepared.plans[self.prepared.plan_index(name)].fixed_cost
        people = rows & population_mask(self.prepared, selection)
        if figure.constant == "potential":
            total += float(self.prepared.population.potential[people].sum())
        if figure.alternatives:
            total += float(self._at_rivals(figure.alternatives == "revenue")[people].sum())
        if selection.total:
            total += figure.capacity * self.capacity_cost + figure.marketing * (self.budget or 0.0)
        return total

    def _cohort(self, months: int, selection: Selection) -> float:
        """Share of those who come to the plans of a selection that are still on them after some months."""
        plans = [j for j, name in enumerate(self.plans) if plan_selected(self.prepared, name, selection)]
        rows = type_mask(self.prepared, selection)
        return decisions.cohort_kept(self.customers[rows][:, plans], self.leaving[rows][:, plans], months)

    @property
    def elsewhere(self) -> Array:
        """(I,) people who are not our customers, reached or not."""
        return np.asarray(self.prepared.population.potential - self.customers.sum(axis=1))

    def _at_rivals(self, money: bool) -> Array:
        return np.asarray(self.elsewhere * rival_amount(self.prepared, money))

    @cached_property
    def total_attraction(self) -> Array:
        """(I,) attraction of everything that someone who decides anew can choose."""
        return np.asarray(self.prepared.outside_attraction + self.attraction.sum(axis=1))

    @cached_property
    def company_leave_rate(self) -> float:
        """Monthly rate of leaving the company: for a rival, for own hardware, for nothing."""
        gone = (self.prepared.outside_attraction / self.total_attraction)[:, None]
        leaving = float((self.customers * self.decision_rates * gone).sum())
        return leaving / max(float(self.customers.sum()), 1e-300)


def type_mask(prepared: Prepared, selection: Selection) -> NDArray[np.bool_]:
    """(I,) types a selection takes in."""
    pop = prepared.population
    if selection.segment is None:
        return np.ones(pop.size, dtype=bool)
    return np.asarray(pop.segment == pop.segments.index(selection.segment))


def population_mask(prepared: Prepared, selection: Selection) -> NDArray[np.bool_]:
    """(I,) types whose segment belongs to the channels of a selection: whom a share is taken of."""
    segments = prepared.market.segments.values()
    kept = [selection.channels is None or s.channel in selection.channels for s in segments]
    return np.array(kept, dtype=bool)[prepared.population.segment]


def plan_selected(prepared: Prepared, name: str, selection: Selection) -> bool:
    """Whether a selection takes in a plan."""
    if selection.plan is not None and selection.plan != name:
        return False
    return selection.channels is None or prepared.market.plans[name].channel in selection.channels


def rival_amount(prepared: Prepared, money: bool) -> Array:
    """(I,) rivals' customers (or their bill) per person who is not our customer."""
    rivals = np.array([a.rival for a in prepared.alternatives] + [False])
    share = prepared.alternative_share * rivals
    return np.asarray((share * prepared.alternative_bill).sum(axis=1) if money else share.sum(axis=1))


def evaluate_menu(
    prepared: Prepared, menu: MenuTerms, enterprise_share: float | None = None, budget: float | None = None
) -> Evaluation:
    """The market at one menu. ``menu`` maps plan names to terms; None or a missing plan is off the menu.

    budget: as in :class:`Evaluation`.
    """
    share = prepared.today_mix if enterprise_share is None else enterprise_share
    return Evaluation(prepared, dict(menu), share, budget)
