"""Markets with every feature, and menus with any terms, for comparing the page's formulas with the evaluator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import market_factory as factory
import numpy as np
from market_factory import q

from optimizer.economics.figures import FIGURES, Selection
from optimizer.economics.population import Caps, Terms
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.market.further import in_usd
from optimizer.market.prepare import WINDOW_ORDER, Prepared
from optimizer.market.unit_prices import unit_price
from optimizer.page.facts import page_terms
from optimizer.schema.market import Plan

Data = dict[str, Any]


def rich_market(seed: int) -> Data:
    """The small market with its numbers moved, and every feature that a formula knows, each there in most seeds."""
    random, data = np.random.default_rng([seed, 78]), factory.random_market(seed)
    plans, segments, models = data["plans"], data["segments"], data["ai_models"]

    def often(chance: float = 0.7) -> bool:
        return bool(random.random() < chance)

    if often():
        data["nests"] = {"people": {"plans": ["free", "lite", "plus"], "dissimilarity": q(random.uniform(0.2, 1.0))}}
    if often():
        segments["firms"]["price_elasticity"] = q(random.uniform(0.5, 1.5))
    if often():
        segments["pros"]["price_elasticity"] = q(1.0)  # where the surplus lost is a logarithm
    if often():
        more = {"share": q(0.1, "fraction"), "requests": q(900, "requests/month"), "active_days": q(28, "days/month")}
        segments["pros"]["usage"]["unattended"] = more
    if often():
        models["big"]["token_prices"] = {
            "input": q(2, "usd/Mtok"),
            "cached": q(0.2, "usd/Mtok"),
            "output": q(9, "usd/Mtok"),
        }
    if often():
        models["mini"]["impressions"] = q(0.5, "fraction")
        plans["free"] |= {
            "impressions": q(0.4, "impressions/request"),
            "advertising_price": q(15, "usd/thousand impressions"),
        }
        plans["free"]["impression_disutility"] = q(0.001, "utility/impression")
        segments["students"]["impression_disutility"] = q(0.002, "utility/impression")
        plans["plus"]["impressions"] = q(0.0, "impressions/request")
    if often():
        plans["api"]["unit_prices"]["big"] = _by_kind(random)
        long = {"input_tokens": q(6000, "tokens/request"), "output_tokens": q(900, "tokens/request")}
        models["big"]["long_context"] = {"share": q(0.1, "fraction"), **long}
    if often():
        plans["plus"] |= {"annual_sensitivity": q(6), "annual_decision_factor": q(0.4, "fraction")}
    if often():
        data["currencies"] = {"INR": q(0.0115, "usd/INR")}
        plans["plus"]["regional_price"] = {"students": q(900, "INR/month")}
    if often():
        plans["plus"] |= {"unit_prices": {"big": q(6, "usd/Mtok")}, "credits": q(3, "usd/month")}
    if often():
        plans["team"]["decided_by"] = "account"
        data["alternatives"]["rival"]["decided_by"] = "account"
    if often():
        plans["api"] |= {"least_spend": q(4, "usd/month"), "included_spend": q(2, "usd/month")}
    return data


def _by_kind(random: np.random.Generator) -> Data:
    low = float(random.uniform(2.0, 4.0))
    above = {"tokens": q(4000, "tokens/request"), "input": q(2 * low, "usd/Mtok"), "output": q(9 * low, "usd/Mtok")}
    return {
        "input": q(low, "usd/Mtok"),
        "cached": q(0.1 * low, "usd/Mtok"),
        "output": q(5 * low, "usd/Mtok"),
        "above": above,
    }


@dataclass(frozen=True)
class World:
    """A market at a menu, as the evaluator has it and as the page is told."""

    evaluation: Evaluation
    menu: list[Data | None]
    """By plan, terms as the page holds them."""
    enterprise_share: float
    budget: float | None


def random_menu(prepared: Prepared, seed: int) -> World:
    """Any plans at any terms, on no ladder; a pure function of the seed."""
    random = np.random.default_rng([seed, 79])
    pairs = [_moved(prepared, plan.name, random) for plan in prepared.plans]
    share = float(random.choice([0.0, random.uniform(0.0, 1.0), 1.0], p=[0.1, 0.8, 0.1]))
    budget = (
        None if random.random() < 0.5 else float(random.uniform(0.2, 3.0)) * prepared.market.go_to_market.budget.value
    )
    terms = {plan.name: pair and pair[0] for plan, pair in zip(prepared.plans, pairs, strict=True)}
    return World(evaluate_menu(prepared, terms, share, budget), [pair and pair[1] for pair in pairs], share, budget)


def _moved(prepared: Prepared, name: str, random: np.random.Generator) -> tuple[Terms, Data] | None:
    """A plan's terms moved at random: for the evaluator and for the page; None: off the menu."""
    market, own = prepared.market, prepared.terms[name]
    plan, stated = market.plans[name], page_terms(market, name, own)
    if random.random() < 0.15 or stated is None:
        return None

    def near(x: float, spread: float = 0.4) -> float:
        return x * float(np.exp(random.normal(0.0, spread)))

    stated["price"] = near(stated["price"])
    stated["caps"] = [None if caps is None else _caps(caps, random) for caps in stated["caps"]]
    stated["units"] = [None if values is None else [near(x) for x in values] for values in stated["units"]]
    stated["impressions"] = float(random.uniform(0.0, 2.0)) if random.random() < 0.3 else stated["impressions"]
    stated["annual_discount"] = float(random.uniform(0.0, 0.4)) if random.random() < 0.5 else stated["annual_discount"]
    stated["credits"] = float(random.uniform(0.0, 9.0)) if random.random() < 0.4 else stated["credits"]
    stated["regional"] = {segment: near(x) for segment, x in stated["regional"].items()}
    if stated["fallback_limit"] is not None:
        stated["fallback_limit"] = near(stated["fallback_limit"])
    return _terms(prepared, plan, own, stated), stated


def _caps(caps: Data, random: np.random.Generator) -> Data:
    """Caps moved, taken away, set to 0, or a second one added."""
    moved = {w: float(np.ceil(x * np.exp(random.normal(0.0, 0.8)))) for w, x in caps.items() if random.random() > 0.1}
    if len(moved) < 2 and random.random() < 0.3:
        moved[str(random.choice([w for w in WINDOW_ORDER if w not in moved]))] = float(random.integers(0, 300))
    return {w: moved[w] for w in WINDOW_ORDER if w in moved}


def _terms(prepared: Prepared, plan: Plan, own: Terms, stated: Data) -> Terms:
    market = prepared.market
    caps: list[Caps | None] = [None if c is None else tuple(c.items()) for c in stated["caps"]]
    prices = [
        None if values is None else unit_price(market, name, plan.unit_prices[name], tuple(values))
        for name, values in zip(market.ai_models, stated["units"], strict=True)
    ]
    names = list(market.segments)
    return replace(
        own, price=stated["price"], caps=tuple(caps), unit_prices=tuple(prices), impressions=stated["impressions"],
        fallback_limit=float("inf") if stated["fallback_limit"] is None else stated["fallback_limit"],
        annual_discount=stated["annual_discount"], credits=stated["credits"],
        regional=in_usd(market, plan, {names[int(s)]: x for s, x in stated["regional"].items()}),
    )  # fmt: skip


def selections(evaluation: Evaluation) -> Iterator[tuple[Selection, Data]]:
    """Every part of the business, for the evaluator and for the page."""
    prepared = evaluation.prepared
    yield Selection(), {}
    for name in evaluation.plans:
        yield Selection(plan=name), {"plan": prepared.plan_index(name)}
    for s, segment in enumerate(prepared.population.segments):
        yield Selection(segment=segment), {"segment": s}
    for channel in ("consumer", "enterprise", "api"):
        yield Selection(channels=(channel,)), {"channels": [channel]}


COSTS = ("serving_cost", "payment_cost", "other_cost_of_revenue")
PARTS = {
    "gross_margin": ("revenue", *COSTS),
    "accounting_margin": ("revenue", *COSTS),
    "contribution_margin": ("revenue", *COSTS, "support_cost", "plan_cost"),
    "payers_margin": ("paying_revenue", "paying_serving_cost"),
    "free_customers": ("customers", "paying_customers"),
    "free_serving_cost": ("serving_cost",),
    "serving_cost": ("free_serving_cost", "paying_serving_cost"),
    "metered_revenue": ("revenue",),
    "cap_bound_customers": ("customers",),
    "churned_customers": ("deciding_customers",),
    "churned_payers": ("deciding_customers",),
}
"""What figures are differences of: those whom no cap binds are left out, what credits pay, who would stay."""


def figures_of(evaluation: Evaluation, part: Selection) -> dict[str, tuple[float, float]]:
    """Every figure of a part with its size: max(|figure|, 1e-3 x the sum of its absolute parts); of a ratio, by what
    its denominator is."""
    values = {name: evaluation.figure(name, part) for name in FIGURES}
    found = {}
    for name, figure in FIGURES.items():
        above, below = getattr(figure, "numerator", name), getattr(figure, "denominator", None)
        whole = sum(abs(values[n]) for n in PARTS.get(above, ()))
        found[name] = values[name], max(abs(values[name]), 1e-3 * whole / (abs(values[below]) or 1.0 if below else 1.0))
    return found
