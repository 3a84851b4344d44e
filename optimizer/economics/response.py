"""What customers of each type do under an offer, and what that brings and costs per customer and month."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from optimizer.economics import advertising, choice, decisions, finance, metered, usage
from optimizer.economics.population import (
    AiModels,
    AlternativeFacts,
    Caps,
    Demand,
    PlanFacts,
    Pools,
    Population,
    Terms,
)
from optimizer.typing import Array

KEPT = 1024
"""Uses of an allowance that are kept: levels of a plan share their caps, and most changes of a market leave them."""


@dataclass(frozen=True)
class Included:
    """Use inside the allowance, per (segment, usage class) cell; the arrays are shared and not to be written to."""

    by_model: Array
    """(C, A) requests a month served by each AI model, fallback included."""
    refused: Array
    """(C, A) requests a month wanted of an AI model and not served by anything."""
    binds: Array
    """(C,) probability that a cap refuses something in the month."""


def included(population: Population, terms: Terms) -> Included:
    """Use inside the allowance. Index: (C, A). Unit: requests/month. Source: see ``usage``."""
    return _included(population.demand, terms.caps, terms.fallback, terms.fallback_limit)


@lru_cache(maxsize=KEPT)
def _included(
    demand: Demand, caps_by_model: tuple[Caps | None, ...], fallback: int | None, fallback_limit: float
) -> Included:
    cells, models = demand.split.shape
    by_model, refused = np.zeros((cells, models)), np.zeros((cells, models))
    quiet = np.ones(cells)
    for a, caps in enumerate(caps_by_model):
        wanted = demand.requests * demand.split[:, a]
        if not wanted.any():
            continue
        if caps is None:
            taken, windows = np.zeros(cells), []
        else:
            windows = [usage.Window(demand.windows[name], demand.sigmas[name], cap) for name, cap in caps]
            taken, binds = usage.served(wanted, windows)
            quiet *= 1.0 - binds
        by_model[:, a] += taken
        left = np.maximum(wanted - taken, 0.0)
        if fallback is not None and fallback != a:
            extra = usage.fallback_served(wanted, taken, windows, fallback_limit)
            by_model[:, fallback] += extra
            left = np.maximum(left - extra, 0.0)
        refused[:, a] = left
    found = Included(by_model, refused, 1.0 - quiet)
    for array in (found.by_model, found.refused, found.binds):
        array.setflags(write=False)
    return found


@dataclass(frozen=True)
class Use:
    """What each type uses and pays under an offer."""

    by_model: Array
    """(I, A) requests a month served, bought ones included."""
    satisfied: Array
    """(I,) quality-weighted requests a month."""
    metered: Array
    """(I,) usd/month paid for bought requests."""
    binds: Array
    """(I,) probability that a cap binds in the month."""
    lost: Array
    """(I,) requests a month that nothing served."""
    felt: Array | float = 0.0
    """(I,) usd/month that weigh on utility beside what is paid: a bill at reference prices and the consumer's surplus
    lost against them, less what is paid; ``satisfied`` is then what it is at reference prices."""


def use(
    population: Population, quality: Array, terms: Terms, inside: Included, reference: metered.Prices | None = None
) -> Use:
    """Use of each type at its terms. ``reference``: unit prices at which purchases of types with a price elasticity of
    their own are known; None: those of the terms."""
    paid = _as_billed(terms, _by_utility(population, quality, terms, inside))
    elasticity = population.price_elasticity
    if elasticity is None or reference is None or not any(p is not None for p in terms.unit_prices):
        return paid
    # a price without a reference is one itself; there is none at 0, where use has no end
    known = tuple(p if r is None or not p or not r else r for p, r in zip(terms.unit_prices, reference, strict=True))
    if known == terms.unit_prices:
        return paid
    before = _by_utility(population, quality, replace(terms, unit_prices=known), inside)
    return _answering(population, terms, inside, known, before, paid)


def _answering(
    population: Population, terms: Terms, inside: Included, known: metered.Prices, before: Use, paid: Use
) -> Use:
    """``paid``, with the use of types that have a price elasticity of their own worked out from ``before``."""
    assert population.price_elasticity is not None
    own, served = ~np.isnan(population.price_elasticity), inside.by_model[population.cell]
    elasticity = np.where(own, population.price_elasticity, 0.0)
    answer = metered.answered(before.by_model - served, terms.unit_prices, known, elasticity)
    billed = metered.billed_spend(answer.spend, terms.included_spend, terms.least_spend)
    left = np.maximum(inside.refused[population.cell] - answer.bought, 0.0).sum(axis=1)
    return Use(
        by_model=np.where(own[:, None], served + answer.bought, paid.by_model),
        satisfied=np.where(own, before.satisfied, paid.satisfied),
        metered=np.where(own, billed, paid.metered),
        binds=paid.binds,
        lost=np.where(own, left, paid.lost),
        felt=np.where(own, before.metered + answer.surplus_lost - answer.spend, 0.0),
    )


def _as_billed(terms: Terms, used: Use) -> Use:
    """What is paid where some spend is included in the fee, or due in any case."""
    if terms.included_spend == 0.0 and terms.least_spend == 0.0:
        return used
    return replace(used, metered=metered.billed_spend(used.metered, terms.included_spend, terms.least_spend))


def _by_utility(population: Population, quality: Array, terms: Terms, inside: Included) -> Use:
    """Use of each type, with what it buys beyond the allowance (best value per usd first)."""
    by_model = inside.by_model[population.cell]
    refused = inside.refused[population.cell]
    satisfied = by_model @ quality
    paid = np.zeros(population.size)
    sold = [(a, p) for a, p in enumerate(terms.unit_prices) if p is not None]
    for a, price in sorted(sold, key=lambda item: -quality[item[0]] / max(item[1], 1e-300)):
        extra = usage.bought(
            refused[:, a], satisfied, float(quality[a]), population.value_of_use, population.price_coefficient, price
        )
        by_model[:, a] += extra
        refused[:, a] -= extra
        satisfied = satisfied + quality[a] * extra
        paid = paid + price * extra
    return Use(by_model, satisfied, paid, inside.binds[population.cell], refused.sum(axis=1))


@dataclass(frozen=True)
class PerCustomer:
    """One plan at one level: amounts per customer of each type, (I,) unless stated; usd/month for money."""

    attraction: Array
    """exp(V), before nests; 0 where not offered."""
    utility: Array
    decision_rate: Array
    """Monthly rate of deciding anew."""
    bill: Array
    metered: Array
    advertising: Array
    impressions: Array
    """Advertisements shown in a month."""
    revenue: Array
    serving: Array
    """At each pool's price for every paid GPU hour, and for tokens bought."""
    serving_as_used: Array
    """The part that is paid as used: in pools without a contract, and for tokens bought."""
    tokens: Array
    """The part for tokens bought at a price list."""
    payment: Array
    support: Array
    other: Array
    gpu_hours: Array
    pool_hours: Array
    """(I, P) paid GPU hours by pool."""
    requests: Array
    binds: Array
    lost: Array
    api_value: Array
    referral: Array


def per_customer(
    population: Population,
    ai_models: AiModels,
    pools: Pools,
    plan: PlanFacts,
    terms: Terms,
) -> PerCustomer:
    """Everything a plan does per customer at one level, whatever else is on the menu."""
    used = use(population, ai_models.quality, terms, included(population, terms), plan.reference_prices)
    billed = plan_bill(population, plan, terms, used)
    shown = advertising.shown(used.by_model, ai_models.impressions, terms.impressions)
    utility = plan_utility(population, plan, plan.constant, used, billed, shown)
    attraction = np.where(plan.offered, choice.attraction(np.where(plan.offered, utility, -math.inf)), 0.0)
    rate = decision_rate_of(population, plan, utility)
    requests = used.by_model.sum(axis=1)
    earned = finance.advertising_revenue(requests, plan.advertising)
    earned = earned + advertising.revenue(shown, plan.advertising_price)
    revenue = billed + earned
    pool_hours = used.by_model @ ai_models.gpu_hours
    as_used = np.where(pools.contracted, 0.0, pools.price)
    tokens = used.by_model @ ai_models.token_cost
    return PerCustomer(
        attraction=attraction,
        utility=utility,
        decision_rate=rate,
        bill=billed,
        metered=used.metered,
        advertising=earned,
        impressions=shown,
        revenue=revenue,
        serving=pool_hours @ pools.price + tokens,
        serving_as_used=pool_hours @ as_used + tokens,
        tokens=tokens,
        payment=finance.payment_cost(billed, plan.payment_share, plan.payment_fixed),
        support=np.full(population.size, plan.support_cost),
        other=plan.other_share * revenue,
        gpu_hours=pool_hours.sum(axis=1),
        pool_hours=pool_hours,
        requests=requests,
        binds=used.binds,
        lost=used.lost,
        api_value=finance.api_value(used.by_model, plan.api_prices),
        referral=plan.referral,
    )


def plan_bill(population: Population, plan: PlanFacts, terms: Terms, used: Use) -> Array:
    """What each type pays us: the effective fee for every seat it must buy, and its purchases.

    Index: (I,). Unit: usd/month. Source: see ``finance``.
    """
    fee = finance.effective_fee(terms.price, plan.annual_share, plan.annual_discount)
    return finance.bill(fee * finance.seat_factor(plan.seat_minimum, population.seats), used.metered)


def utility_of(population: Population, constant: Array, used: Use, billed: Array) -> Array:
    """V of an offer for each type. Index: (I,). Unit: utility. Source: see ``choice.systematic_utility``."""
    return choice.systematic_utility(
        constant, population.value_of_use, used.satisfied, population.price_coefficient, billed + used.felt
    )


def plan_utility(
    population: Population, plan: PlanFacts, constant: Array, used: Use, billed: Array, shown: Array
) -> Array:
    """V of a plan of ours for each type, advertising shown (I,) included.

    Index: (I,). Unit: utility. Source: see ``utility_of`` and ``advertising.disutility``.
    """
    plain = utility_of(population, constant, used, billed)
    return plain - advertising.disutility(shown, plan.impression_disutility)


def decision_rate_of(population: Population, plan: PlanFacts, utility: Array) -> Array:
    """Rate of deciding anew at a utility, against the plan's reference; the reference where none is known."""
    change = np.where(np.isfinite(plan.reference_utility), utility - plan.reference_utility, 0.0)
    change = np.where(np.isfinite(change), change, 0.0)
    kappa, least, most = population.decision_rate_sensitivity, plan.decision_rate_least, plan.decision_rate_most
    return decisions.decision_rate(plan.decision_rate, kappa, change, least, most)


def alternative_utility(
    population: Population, quality: Array, facts: AlternativeFacts, constant: Array
) -> tuple[Array, Array]:
    """V of an alternative at a constant, and what its customers pay; each (I,)."""
    inside = included(population, facts.terms)
    used = use(population, quality * facts.quality, facts.terms, inside, facts.reference_prices)
    billed = finance.bill(np.full(population.size, facts.terms.price), used.metered)
    return utility_of(population, constant, used, billed), billed


def alternative_attraction(population: Population, quality: Array, facts: AlternativeFacts) -> tuple[Array, Array]:
    """Attraction of an alternative and what its customers pay, each (I,); 0 where not offered."""
    utility, billed = alternative_utility(population, quality, facts, facts.constant)
    return choice.attraction(np.where(facts.offered, utility, -math.inf)), billed
