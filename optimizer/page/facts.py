"""What the formulas need of a market, as plain data and arrays: the page works out every figure from it.

Nothing here is worked out beyond what ``market`` knows; what follows from costs, tokens and terms the page finds
itself, so that a reader can move them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from optimizer.economics.population import AlternativeFacts, PlanFacts, Population, Terms
from optimizer.market.further import in_local, usd_per
from optimizer.market.prepare import MONTH_HOURS, WINDOW_ORDER, Prepared
from optimizer.market.unit_prices import UnitPrice, kinds, values_of
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Menu
from optimizer.schema.market import Market, Offer, Plan
from optimizer.schema.supply import AiModel
from optimizer.units import convert, same_dimension

Data = dict[str, Any]


def market_facts(prepared: Prepared) -> Data:
    """A market in numbers: everything that is not a choice."""
    market = prepared.market
    return {
        "segments": [{"name": n, "title": s.title, "channel": s.channel} for n, s in market.segments.items()],
        "types": _types(prepared.population),
        "cells": _cells(prepared.population),
        "ai_models": [_ai_model(market, name, m) for name, m in market.ai_models.items()],
        "pools": [_pool(market, name) for name in market.pools],
        "blocks": [{"name": name, "hours": q.value} for name, q in market.hours.items()],
        "month_hours": MONTH_HOURS,
        "windows": list(WINDOW_ORDER),
        "plans": [_plan(prepared, p) for p in prepared.plans],
        "alternatives": [_alternative(prepared, a) for a in prepared.alternatives],
        "nests": [
            {"plans": [prepared.plan_index(p) for p in n.plans], "dissimilarity": n.dissimilarity}
            for n in prepared.nests
        ],
        "nothing_decision_rate": market.nothing_decision_rate.value,
        "reach": _reach(market),
        "finance": {
            "fees": {
                c: {"payment": f.payment.value, "payment_fixed": f.payment_fixed.value}
                for c, f in market.finance.fees.items()
            },
            "other_cost_of_revenue": market.finance.other_cost_of_revenue.value,
            "free_serving_elsewhere": market.finance.free_serving_elsewhere.value,
        },
    }


def _types(pop: Population) -> Data:
    return {
        "segment": pop.segment.astype(np.uint16),
        "payment_class": pop.payment_class.astype(np.uint16),
        "cell": pop.cell.astype(np.uint16),
        "potential": pop.potential,
        "value_of_use": pop.value_of_use,
        "price_coefficient": pop.price_coefficient,
        "decision_rate_sensitivity": pop.decision_rate_sensitivity,
        "seats": pop.seats,
        "hours": pop.hours.ravel(),
        "price_elasticity": pop.price_elasticity,
    }


def _cells(pop: Population) -> Data:
    return {
        "requests": pop.requests,
        "split": pop.split.ravel(),
        "windows": dict(pop.windows),
        "sigmas": dict(pop.sigmas),
    }


def _ai_model(market: Market, name: str, m: AiModel) -> Data:
    prices, long = m.token_prices, m.long_context
    return {
        "name": name,
        "title": m.title,
        "quality": m.quality.value,
        "input_tokens": m.input_tokens.value,
        "cached": m.cached.value,
        "output_tokens": m.output_tokens.value,
        "impressions": 1.0 if m.impressions is None else m.impressions.value,
        "prefill": None if m.prefill is None else m.prefill.value,
        "decode": None if m.decode is None else m.decode.value,
        "pool": None if m.pool is None else list(market.pools).index(m.pool),
        "long": None if long is None else {
            "share": long.share.value, "input": long.input_tokens.value, "output": long.output_tokens.value
        },
        "token_prices": None if prices is None else {
            "input": prices.input.value,
            "cached": (prices.input if prices.cached is None else prices.cached).value,
            "output": prices.output.value,
        },
    }  # fmt: skip


def _pool(market: Market, name: str) -> Data:
    pool = market.pools[name]
    capacity = pool.capacity
    return {
        "name": name,
        "price": pool.price.value,
        "utilisation": pool.utilisation.value,
        "capacity": None if capacity is None else {
            "reserved": capacity.reserved.value,
            "burst_limit": capacity.burst_limit.value,
            "burst_price": capacity.burst_price.value,
        },
    }  # fmt: skip


def _reach(market: Market) -> Data:
    gtm = market.go_to_market
    curves = {"consumer": gtm.consumer, "enterprise": gtm.enterprise}
    return {
        "budget": gtm.budget.value,
        "enterprise_share": gtm.enterprise_share.value,
        **{c: {"base": r.base.value, "most": r.most.value, "scale": r.scale.value} for c, r in curves.items()},
    }


def _plan(prepared: Prepared, plan: PlanFacts) -> Data:
    market, stated = prepared.market, prepared.market.plans[plan.name]
    return {
        "name": plan.name,
        "title": stated.title,
        "channel": plan.channel,
        "segments": list(stated.segments),
        "sold": plan.name in market.today.plans,
        "offered": plan.offered.astype(np.uint8),
        "decision_rate": plan.decision_rate,
        "decision_rate_least": plan.decision_rate_least,
        "decision_rate_most": plan.decision_rate_most,
        "referral": plan.referral,
        "constant": plan.constant,
        "reference_utility": plan.reference_utility,
        "impression_disutility": np.broadcast_to(plan.impression_disutility, plan.offered.shape),
        "support_cost": plan.support_cost,
        "advertising": plan.advertising,
        "advertising_price": plan.advertising_price,
        "annual_share": plan.annual_share,
        "annual_discount": plan.annual_discount,
        "annual_sensitivity": plan.annual_sensitivity,
        "annual_decision_factor": plan.annual_decision_factor,
        "seat_minimum": plan.seat_minimum,
        "fixed_cost": plan.fixed_cost,
        "by_account": plan.by_account,
        "reference_prices": _prices(plan.reference_prices),
        "unit_prices": _unit_prices(market, stated),
        "regions": {s: usd_per(market, q.unit) for s, q in stated.regional_price.items()},
        "terms": page_terms(market, plan.name, prepared.terms[plan.name]),
    }


def _alternative(prepared: Prepared, alternative: AlternativeFacts) -> Data:
    market, stated = prepared.market, prepared.market.alternatives[alternative.name]
    return {
        "name": alternative.name,
        "title": stated.title,
        "rival": alternative.rival,
        "offered": alternative.offered.astype(np.uint8),
        "quality": alternative.quality,
        "decision_rate": alternative.decision_rate,
        "constant": alternative.constant,
        "by_account": alternative.by_account,
        "reference_prices": _prices(alternative.reference_prices),
        "unit_prices": _unit_prices(market, stated),
        "terms": _terms(market, stated, alternative.terms),
    }


def _prices(prices: Sequence[float | None] | None) -> list[float | None] | None:
    return None if prices is None else list(prices)


def _unit_prices(market: Market, offer: Offer) -> list[Data | None]:
    """By AI model, how the prices of an offer are stated; None where it is not sold beyond the cap."""
    return [_stated(offer.unit_prices[a]) if a in offer.unit_prices else None for a in market.ai_models]


def _stated(price: UnitPrice) -> Data:
    """The kinds of tokens a price is for, the unit of each, and usd per request or per token for one of that unit."""
    named = kinds(price)
    by_request = all(same_dimension(q.unit, "usd/request") for q in named.values())
    to = "usd/request" if by_request else "usd/token"
    return {
        "by": "request" if by_request else "token",
        "kinds": list(named),
        "units": [q.unit for q in named.values()],
        "factors": [convert(1.0, q.unit, to) for q in named.values()],
    }


def page_terms(market: Market, name: str, terms: Terms | None) -> Data | None:
    """Terms of a plan as the page holds them: unit prices and local prices as the market states them."""
    if terms is None:
        return None
    return _terms(market, market.plans[name], terms)


def page_state(case_model: CaseModel, menu: Menu) -> Data:
    """A menu as the page holds it."""
    market, plans = case_model.inputs.changed, case_model.prepared.plans
    terms = [page_terms(market, plan.name, menu.terms[plan.name]) for plan in plans]
    return {"menu": terms, "share": menu.enterprise_share, "budget": menu.budget}


def _terms(market: Market, offer: Offer, terms: Terms) -> Data:
    local = in_local(market, offer, terms.regional) if isinstance(offer, Plan) else {}
    return {
        "price": terms.price,
        "caps": [None if caps is None else dict(caps) for caps in terms.caps],
        "units": _units(market, offer, terms),
        "fallback": terms.fallback,
        "fallback_limit": None if math.isinf(terms.fallback_limit) else terms.fallback_limit,
        "least_spend": terms.least_spend,
        "included_spend": terms.included_spend,
        "impressions": terms.impressions,
        "annual_discount": terms.annual_discount,
        "regional": {str(list(market.segments).index(s)): x for s, x in local.items()},
        "credits": terms.credits,
    }


def _units(market: Market, offer: Offer, terms: Terms) -> list[list[float] | None]:
    """By AI model, the numbers that its price states, in their units; None where it is not sold beyond the cap."""
    from optimizer.market.unit_prices import unit_price

    found: list[list[float] | None] = []
    for a, name in enumerate(market.ai_models):
        price, told = terms.unit_prices[a], terms.prices_by_kind
        if price is None:
            found.append(None)
        elif told and told[a] is not None:
            found.append(list(told[a] or ()))
        else:
            stated = values_of(offer.unit_prices[name])
            one = unit_price(market, name, offer.unit_prices[name], (1.0,))
            same = len(stated) == 1 and unit_price(market, name, offer.unit_prices[name]) == price
            found.append(list(stated) if same else [float(f"{price / one:.12g}")])
    return found


def figure_facts(names: Mapping[str, Any]) -> Data:
    """What is known of every figure but its amounts."""
    from optimizer.economics.figures import CohortFigure, CompositeFigure, LinearFigure, RatioFigure

    found: Data = {}
    for name, f in names.items():
        about: Data = {
            "kind": f.kind.value, "definition": f.definition, "unit": f.display.words, "more": f.sense,
            "decimals": f.display.decimals,
            "headline": f.headline, "tile": f.tile, "part": f.by_part,
        }  # fmt: skip
        if isinstance(f, RatioFigure):
            about |= {"above": f.numerator, "below": f.denominator}
        elif isinstance(f, LinearFigure):
            about |= {
                "fixed": f.fixed, "marketing": f.marketing, "capacity": f.capacity, "constant": f.constant,
                "alternatives": f.alternatives, "again": f.again is not None, "serving": f.serving is not None,
            }  # fmt: skip
        elif isinstance(f, CohortFigure):
            about["months"] = f.months
        else:
            assert isinstance(f, CompositeFigure)
        found[name] = about
    return found
