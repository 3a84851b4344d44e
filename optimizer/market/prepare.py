"""A validated market becomes numbers: customer types, plan terms, alternatives, reach."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optimizer.economics import choice, reach
from optimizer.economics.normal import normal_class_means
from optimizer.economics.population import AiModels, AlternativeFacts, Caps, PlanFacts, Pools, Population, Terms
from optimizer.economics.response import alternative_attraction
from optimizer.errors import bad_argument
from optimizer.market.further import further_of
from optimizer.market.modes import modes
from optimizer.market.supply import ai_models_of, pools_of
from optimizer.market.unit_prices import prices_by_kind_of, prices_of, unit_price
from optimizer.schema.base import Quantity
from optimizer.schema.market import Alternative, Market, Offer, Plan, Segment
from optimizer.typing import Array

WINDOW_ORDER = ("3h", "5h", "day", "week", "month")
WINDOW_HOURS = {"3h": 3.0, "5h": 5.0, "day": 24.0, "week": 168.0, "month": 730.0}
MONTH_HOURS = 730.0


@dataclass(frozen=True)
class Constants:
    """Alternative constants, decision rates and their references found by calibration; (I,), nan where not offered."""

    plans: Mapping[str, Array]
    pooled: Mapping[str, float]
    """The constant shared by a plan's segments."""
    references: Mapping[str, Array]
    """Utility at which the plan's decision rate is its reference."""
    alternatives: Mapping[str, Array]
    rate_factors: Mapping[str, Array] = field(default_factory=dict)
    """What stated rates of plans are multiplied by to be their reference decision rates; 1 where one is missing."""
    unstated: frozenset[str] = frozenset()
    """Plans whose factor is the rate itself, as the market states none."""
    unit_prices: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    """By path of plan and alternative, what today's metered use was observed at, usd per request."""
    annual_discounts: Mapping[str, float] = field(default_factory=dict)
    """Discount by the year at which the stated share of customers was observed to pay so."""


@dataclass(frozen=True)
class NestFacts:
    """Plans between which customers choose once they have chosen to be with one of them."""

    plans: tuple[str, ...]
    dissimilarity: float
    """Lambda: 1 = as different from each other as from anything else, near 0 = alike."""


@dataclass(frozen=True)
class Prepared:
    """A market in numbers, ready to be evaluated at any menu."""

    market: Market
    population: Population
    ai_models: AiModels
    pools: Pools
    plans: tuple[PlanFacts, ...]
    terms: Mapping[str, Terms]
    """The market's own terms of each plan."""
    alternatives: tuple[AlternativeFacts, ...]
    most_reach: Array
    """(I,) largest reach share."""
    nests: tuple[NestFacts, ...] = ()

    @cached_property
    def _alternatives(self) -> tuple[Array, Array]:
        """(I, R) attraction of each alternative, the last of nothing, and what its customers pay."""
        pop = self.population
        pairs = [alternative_attraction(pop, self.ai_models.quality, a) for a in self.alternatives]
        attractions, bills = [a for a, _ in pairs], [b for _, b in pairs]
        return np.stack([*attractions, np.ones(pop.size)], axis=1), np.stack([*bills, np.zeros(pop.size)], axis=1)

    @cached_property
    def _alternative_stocks(self) -> Array:
        """(I, R) stock of each alternative, the last of nothing."""
        rates = [*(a.decision_rate for a in self.alternatives), self.market.nothing_decision_rate.value]
        return choice.stock(self._alternatives[0], np.array(rates))

    @cached_property
    def outside(self) -> Array:
        """(I,) total stock of the alternatives, nothing included."""
        return np.asarray(self._alternative_stocks.sum(axis=1))

    @cached_property
    def outside_attraction(self) -> Array:
        """(I,) total attraction of the alternatives, nothing included, to someone who decides anew."""
        return np.asarray(self._alternatives[0].sum(axis=1))

    @cached_property
    def alternative_share(self) -> Array:
        """(I, R) share of each alternative among those not with us (the last column is nothing)."""
        return choice.alternative_shares(self._alternative_stocks)

    @property
    def alternative_attraction(self) -> Array:
        """(I, R) attraction of each alternative, the last of nothing."""
        return self._alternatives[0]

    @property
    def alternative_bill(self) -> Array:
        """(I, R) usd/month; 0 for nothing."""
        return self._alternatives[1]

    def plan_index(self, name: str) -> int:
        """Position of a plan. Raises KeyError."""
        for j, plan in enumerate(self.plans):
            if plan.name == name:
                return j
        raise KeyError(name)

    def base_reach(self, enterprise_share: float, budget: float | None = None) -> Array:
        """(I,) people reached by go-to-market at a split of the budget, usd/month; the market's own where None."""
        shares = reach_shares(self.market, enterprise_share, budget)
        of_segment = np.array([shares[s.channel != "consumer"] for s in self.market.segments.values()])
        return np.asarray(self.population.potential * of_segment[self.population.segment])

    @property
    def today_mix(self) -> float:
        return self.market.go_to_market.enterprise_share.value

    def today_menu(self) -> dict[str, Terms | None]:
        """Today's plans at the market's terms; plans not sold today are off the menu."""
        return {p.name: self.terms[p.name] if p.name in self.market.today.plans else None for p in self.plans}


def reach_shares(market: Market, enterprise_share: float, budget: float | None = None) -> tuple[float, float]:
    """Reach share of the consumer and the enterprise channel at a split of the budget, the market's own where None."""
    gtm = market.go_to_market
    spend = gtm.budget.value if budget is None else budget
    return (
        reach.reach_share(
            spend * (1.0 - enterprise_share),
            gtm.consumer.base.value,
            gtm.consumer.most.value,
            gtm.consumer.scale.value,
        ),
        reach.reach_share(
            spend * enterprise_share,
            gtm.enterprise.base.value,
            gtm.enterprise.most.value,
            gtm.enterprise.scale.value,
        ),
    )


def _window_sigma(segment: Segment, window: str) -> float:
    sigmas = segment.usage.window_sigmas
    return {"day": sigmas.day.value, "week": sigmas.week.value, "month": sigmas.month.value}.get(
        window, sigmas.short.value
    )


def population(market: Market) -> Population:
    """The customer types. Types whose probability is nil are kept, so that the arrays stay aligned."""
    pay_edges = market.classes.willingness_to_pay
    K, V = len(market.classes.usage) - 1, len(pay_edges) - 1
    found, segments = modes(market), list(market.segments.values())
    models, blocks = list(market.ai_models), list(market.hours)
    pay_z = normal_class_means(pay_edges)
    # willingness to pay rises with the class, so the price coefficient falls
    beta = np.stack([s.price_coefficient.value * np.exp(-s.price_sigma.value * pay_z) for s in segments])
    mode, usage_class, pay_class = (
        g.ravel() for g in np.meshgrid(range(len(found)), range(K), range(V), indexing="ij")
    )
    segment = np.array([m.index for m in found])[mode]
    alone = [m.unattended is None for m in found]

    def per_segment(values: list[float]) -> Array:
        return np.asarray(np.array(values, dtype=float)[segment])

    cell_mode = np.repeat(np.arange(len(found)), K)
    return Population(
        segments=tuple(market.segments),
        segment=segment,
        usage_class=usage_class,
        payment_class=pay_class,
        cell=mode * K + usage_class,
        potential=np.stack([m.potential(market.classes) for m in found]).reshape(-1),
        value_of_use=per_segment([s.value_of_use.value for s in segments]),
        price_coefficient=beta[segment, pay_class],
        decision_rate_sensitivity=per_segment([s.decision_rate_sensitivity.value for s in segments]),
        word_of_mouth=per_segment([1.0 if s.word_of_mouth is None else s.word_of_mouth.value for s in segments]),
        seats=per_segment([1.0 if s.seats_per_account is None else s.seats_per_account.value for s in segments]),
        requests=np.stack([m.requests(market.classes) for m in found]).reshape(-1),
        split=np.array([[_share(m.segment.usage.ai_models, a) for a in models] for m in found])[cell_mode],
        windows={w: np.array([m.windows(w) for m in found])[cell_mode] for w in WINDOW_ORDER},
        sigmas={w: np.array([_window_sigma(m.segment, w) for m in found])[cell_mode] for w in WINDOW_ORDER},
        hours=np.array([[_share(s.usage.hours, b) for b in blocks] for s in segments])[segment],
        unattended=np.zeros(0, dtype=bool) if all(alone) else ~np.array(alone)[mode],
        price_elasticity=_elasticity(segments, segment),
    )


def _elasticity(segments: list[Segment], segment: NDArray[np.intp]) -> Array | None:
    """(I,) price elasticity of metered use; None where no segment states one."""
    stated = [s.price_elasticity for s in segments]
    if all(q is None for q in stated):
        return None
    return np.asarray(np.array([math.nan if q is None else q.value for q in stated])[segment])


def _share(shares: Mapping[str, Quantity], name: str) -> float:
    """A share that is stated, 0 where it is not."""
    return shares[name].value if name in shares else 0.0


def terms_of(market: Market, offer: Offer) -> Terms:
    """The terms of a plan or an alternative as the market states them."""
    models = list(market.ai_models)

    def caps(name: str) -> Caps | None:
        if name not in offer.allowances:
            return None
        stated = offer.allowances[name]
        limited = [(w, stated[w]) for w in WINDOW_ORDER if w in stated]
        return tuple((w, q.value) for w, q in limited if isinstance(q, Quantity))

    limits = [q.value for q in offer.fallback_limit.values() if isinstance(q, Quantity)]
    further = further_of(market, offer)
    return Terms(
        price=offer.price.value,
        caps=tuple(caps(a) for a in models),
        unit_prices=prices_of(market, offer),
        fallback=None if offer.fallback is None else models.index(offer.fallback),
        fallback_limit=limits[0] if limits else math.inf,
        least_spend=0.0 if offer.least_spend is None else offer.least_spend.value,
        included_spend=0.0 if offer.included_spend is None else offer.included_spend.value,
        prices_by_kind=prices_by_kind_of(market, offer),
        impressions=offer.impressions.value if isinstance(offer, Plan) and offer.impressions is not None else 0.0,
        annual_discount=further.annual_discount,
        regional=further.regional,
        credits=further.credits,
    )


def api_prices_of(market: Market) -> Array:
    """(A,) what a request costs on the API: the lowest unit price any of our plans asks, nan where none does."""
    prices = np.full(len(market.ai_models), math.nan)
    for plan in market.plans.values():
        for a, name in enumerate(market.ai_models):
            if name in plan.unit_prices and plan.channel == "api":
                prices[a] = np.fmin(prices[a], unit_price(market, name, plan.unit_prices[name]))
    return prices


def _among(pop: Population, segments: Collection[str]) -> NDArray[np.bool_]:
    """(I,) whether a type belongs to one of the segments."""
    return np.array([s in segments for s in pop.segments], dtype=bool)[pop.segment]


def _stated_rate(pop: Population, plan: Plan) -> Array:
    """(I,) rate that a plan states: of deciding anew, of leaving where that is stated instead, 1 where neither is."""
    if plan.leave_rate is not None:
        return np.full(pop.size, plan.leave_rate.value)
    whole = 1.0 if plan.decision_rate is None else plan.decision_rate.value
    by_segment = {s: q.value for s, q in plan.decision_rate_by_segment.items()}
    return np.array([by_segment.get(s, whole) for s in pop.segments])[pop.segment]


def _plan_facts(market: Market, pop: Population, most: Array, name: str, plan: Plan, api_prices: Array) -> PlanFacts:
    offered = _among(pop, plan.segments)
    fees = market.finance.fees[plan.channel]
    return PlanFacts(
        name=name,
        channel=plan.channel,
        offered=offered,
        decision_rate=_stated_rate(pop, plan),
        decision_rate_least=plan.decision_rate_least.value,
        decision_rate_most=plan.decision_rate_most.value,
        referral=reach.referral(plan.referral.value * pop.word_of_mouth, most),
        support_cost=plan.support_cost.value,
        advertising=0.0 if plan.advertising is None else plan.advertising.value,
        annual_share=0.0 if plan.annual_share is None else plan.annual_share.value,
        annual_discount=0.0 if plan.annual_discount is None else plan.annual_discount.value,
        seat_minimum=1.0 if plan.seat_minimum is None else plan.seat_minimum.value,
        payment_share=fees.payment.value,
        payment_fixed=fees.payment_fixed.value,
        other_share=market.finance.other_cost_of_revenue.value,
        fixed_cost=0.0 if plan.fixed_cost is None else plan.fixed_cost.value,
        api_prices=api_prices,
        constant=np.where(offered, 0.0, math.nan),
        reference_utility=np.full(pop.size, math.nan),
        advertising_price=0.0 if plan.advertising_price is None else plan.advertising_price.value,
        impression_disutility=_impression_disutility(market, pop, plan),
        annual_sensitivity=None if plan.annual_sensitivity is None else plan.annual_sensitivity.value,
        annual_decision_factor=1.0 if plan.annual_decision_factor is None else plan.annual_decision_factor.value,
        by_account=plan.decided_by == "account",
    )


def _impression_disutility(market: Market, pop: Population, plan: Plan) -> Array:
    """(I,) what an impression takes: as the plan states it, else as each segment does, else nothing."""
    stated = [plan.impression_disutility or s.impression_disutility for s in market.segments.values()]
    return np.array([0.0 if q is None else q.value for q in stated])[pop.segment]


def _alternative_facts(market: Market, pop: Population, name: str, alternative: Alternative) -> AlternativeFacts:
    counted = market.today.alternatives.get(name, {})
    sold = [s for s in alternative.segments if market.segments[s].channel in counted]
    offered = _among(pop, sold)
    return AlternativeFacts(
        name=name,
        rival=alternative.kind == "rival",
        offered=offered,
        terms=terms_of(market, alternative),
        quality=alternative.quality.value,
        decision_rate=alternative.decision_rate.value,
        constant=np.where(offered, 0.0, math.nan),
        by_account=alternative.decided_by == "account",
    )


def prepare(market: Market, constants: Constants | None = None, near: Prepared | None = None) -> Prepared:
    """The market in numbers; without constants (before calibration) they are taken as 0.

    ``near``: another market, whose customer types are taken where the two have the same.
    Raises InputError for constants of other customer types.
    """
    pop = near.population if near is not None and _same_types(market, near.market) else population(market)
    shares = (market.go_to_market.consumer.most.value, market.go_to_market.enterprise.most.value)
    most = np.array([shares[s.channel != "consumer"] for s in market.segments.values()])[pop.segment]
    api_prices = api_prices_of(market)
    prepared = Prepared(
        market=market,
        population=pop,
        ai_models=ai_models_of(market),
        pools=pools_of(market),
        plans=tuple(_plan_facts(market, pop, most, name, plan, api_prices) for name, plan in market.plans.items()),
        terms={name: terms_of(market, plan) for name, plan in market.plans.items()},
        alternatives=tuple(_alternative_facts(market, pop, name, a) for name, a in market.alternatives.items()),
        most_reach=most,
        nests=tuple(NestFacts(tuple(n.plans), n.dissimilarity.value) for n in market.nests.values()),
    )
    if constants is None:
        return prepared
    if any(known.size != pop.size for known in constants.plans.values()):
        message = "a change after calibration cannot give or take a segment its unattended use"
        cure = "state it in the market, with a share of 0 where nobody has it today, or change it with recalibrate:"
        raise bad_argument("segments.*.usage.unattended", message, cure)
    return with_constants(prepared, constants)


def _same_types(market: Market, other: Market) -> bool:
    """Whether all that customer types are made of is the very same in two markets."""
    one, two = ([m.classes, *m.segments.values(), *m.hours.values()] for m in (market, other))
    names = [(list(m.segments), list(m.hours), list(m.ai_models)) for m in (market, other)]
    return names[0] == names[1] and all(a is b for a, b in zip(one, two, strict=True))


def with_constants(prepared: Prepared, constants: Constants) -> Prepared:
    """The market in numbers, as :func:`prepare` makes it, with the constants and decision rates of a calibration."""

    def calibrated(plan: PlanFacts) -> PlanFacts:
        factor, stated = constants.rate_factors.get(plan.name), prepared.market.plans[plan.name].decision_rate
        if factor is None or (stated is not None and plan.name in constants.unstated):
            rate = plan.decision_rate
        else:
            rate = plan.decision_rate * factor
        constant, reference = constants.plans[plan.name], constants.references[plan.name]
        at = constants.annual_discounts.get(plan.name, plan.annual_discount)
        prices = constants.unit_prices.get(f"plans.{plan.name}")
        found = replace(plan, constant=constant, reference_utility=reference, decision_rate=rate)
        return replace(found, reference_prices=prices, annual_discount=at)

    def placed(alternative: AlternativeFacts) -> AlternativeFacts:
        constant, path = constants.alternatives[alternative.name], f"alternatives.{alternative.name}"
        return replace(alternative, constant=constant, reference_prices=constants.unit_prices.get(path))

    return replace(
        prepared,
        plans=tuple(calibrated(p) for p in prepared.plans),
        alternatives=tuple(placed(a) for a in prepared.alternatives),
    )
