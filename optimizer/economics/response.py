"""What customers of each type do under an offer, and what that brings and costs per customer and month."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from optimizer.economics import advertising, annual, choice, decisions, finance, metered, overage, usage
from optimizer.economics.accounts import account_utility
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
    replaced: Array
    """(C, A) requests a month wanted of an AI model that the fallback serves."""
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
    by_model, refused, replaced = (np.zeros((cells, models)) for _ in range(3))
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
            replaced[:, a] = extra
            left = np.maximum(left - extra, 0.0)
        refused[:, a] = left
    found = Included(by_model, refused, replaced, 1.0 - quiet)
    for array in (found.by_model, found.refused, found.replaced, found.binds):
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
    """(I,) usd/month paid for bought requests, beyond what credits pay."""
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
    taken = before.by_model - served  # below 0 where bought requests take the fallback's place
    answer = metered.answered(np.maximum(taken, 0.0), terms.unit_prices, known, elasticity)
    moved = np.minimum(taken, 0.0) * overage.grown(np.maximum(taken, 0.0), answer.bought)
    spend = metered.beyond_credits(answer.spend, terms.credits)
    billed = metered.billed_spend(spend, terms.included_spend, terms.least_spend)
    left = np.maximum(inside.refused[population.cell] - answer.bought, 0.0).sum(axis=1)
    return Use(
        by_model=np.where(own[:, None], np.maximum(served + answer.bought + moved, 0.0), paid.by_model),
        satisfied=np.where(own, before.satisfied, paid.satisfied),
        metered=np.where(own, billed, paid.metered),
        binds=paid.binds,
        lost=np.where(own, left, paid.lost),
        felt=np.where(own, before.metered + answer.surplus_lost - spend, 0.0),
    )


def _as_billed(terms: Terms, used: Use) -> Use:
    """What is paid where some spend is included in the fee, or due in any case."""
    if terms.included_spend == 0.0 and terms.least_spend == 0.0:
        return used
    return replace(used, metered=metered.billed_spend(used.metered, terms.included_spend, terms.least_spend))


def _by_utility(population: Population, quality: Array, terms: Terms, inside: Included) -> Use:
    """Use of each type, with what it buys beyond the allowance (best value per usd first)."""
    at = population.cell
    spent = overage.spend(
        (inside.by_model[at], inside.refused[at], inside.replaced[at]),
        quality,
        terms,
        population.value_of_use,
        population.price_coefficient,
    )
    return Use(spent.by_model, spent.satisfied, spent.metered, inside.binds[at], spent.refused.sum(axis=1))


def gives(population: Population, quality: Array, terms: Terms) -> Array:
    """Quality-weighted requests a month that a plan gives each cell for its fee: inside the caps, and for its credits.

    Index: (C,). Unit: requests/month. Source: see ``overage``; nobody buys more.
    """
    inside, nothing, one = included(population, terms), np.zeros(population.requests.size), np.ones(1)
    if terms.credits == 0.0:
        return np.asarray(inside.by_model @ quality)
    return overage.spend((inside.by_model, inside.refused, inside.replaced), quality, terms, nothing, one).satisfied


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
    rate = decision_rate_of(population, plan, utility, by_the_year(plan, terms))
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
    listed = finance.list_fee(terms.price, terms.regional, population.segment)
    fee = finance.effective_fee(listed, annual_share(plan, terms), annual_discount(plan, terms))
    return finance.bill(fee * finance.seat_factor(plan.seat_minimum, population.seats), used.metered)


def annual_discount(plan: PlanFacts, terms: Terms) -> float:
    """Discount on the fee of who pays by the year. Index: none. Unit: fraction. Source: the plan's terms."""
    return plan.annual_discount if terms.annual_discount is None else terms.annual_discount


def annual_share(plan: PlanFacts, terms: Terms) -> float:
    """Share of customers who pay by the year. Index: none. Unit: fraction. Source: see ``annual.take_up``."""
    discount = annual_discount(plan, terms)
    return annual.take_up(plan.annual_share, plan.annual_discount, plan.annual_sensitivity, discount)


def utility_of(population: Population, constant: Array, used: Use, billed: Array) -> Array:
    """V of an offer for each type. Index: (I,). Unit: utility. Source: see ``choice.systematic_utility``."""
    return choice.systematic_utility(
        constant, population.value_of_use, used.satisfied, population.price_coefficient, billed + used.felt
    )


def plan_utility(
    population: Population, plan: PlanFacts, constant: Array, used: Use, billed: Array, shown: Array
) -> Array:
    """V of a plan of ours for each type, or for the account that decides for it; advertising shown (I,) included.

    Index: (I,). Unit: utility. Source: see ``utility_of``, ``advertising.disutility``, ``accounts.account_utility``.
    """
    plain = utility_of(population, constant, used, billed) - advertising.disutility(shown, plan.impression_disutility)
    return account_utility(population, plain) if plan.by_account else plain


def by_the_year(plan: PlanFacts, terms: Terms) -> float:
    """Factor on the decision rate for who pays by the year. Index: none. Unit: 1. Source: see ``annual``."""
    return annual.deciding(annual_share(plan, terms), plan.annual_share, plan.annual_decision_factor)


def decision_rate_of(population: Population, plan: PlanFacts, utility: Array, factor: float = 1.0) -> Array:
    """Rate of deciding anew at a utility, against the plan's reference; the reference where none is known.

    factor: what the reference is multiplied by.
    """
    change = np.where(np.isfinite(plan.reference_utility), utility - plan.reference_utility, 0.0)
    change = np.where(np.isfinite(change), change, 0.0)
    kappa, least, most = population.decision_rate_sensitivity, plan.decision_rate_least, plan.decision_rate_most
    return decisions.decision_rate(plan.decision_rate * factor, kappa, change, least, most)


def alternative_utility(
    population: Population, quality: Array, facts: AlternativeFacts, constant: Array
) -> tuple[Array, Array]:
    """V of an alternative at a constant, and what its customers pay; each (I,)."""
    inside = included(population, facts.terms)
    used = use(population, quality * facts.quality, facts.terms, inside, facts.reference_prices)
    billed = finance.bill(np.full(population.size, facts.terms.price), used.metered)
    utility = utility_of(population, constant, used, billed)
    return account_utility(population, utility) if facts.by_account else utility, billed


def alternative_attraction(population: Population, quality: Array, facts: AlternativeFacts) -> tuple[Array, Array]:
    """Attraction of an alternative and what its customers pay, each (I,); 0 where not offered."""
    utility, billed = alternative_utility(population, quality, facts, facts.constant)
    return choice.attraction(np.where(facts.offered, utility, -math.inf)), billed
