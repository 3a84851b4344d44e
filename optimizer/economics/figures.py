"""The business figures: what each counts per customer, and the ratios made of them.

Every figure is defined once, here; program, evaluator and conditions share the definitions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimizer.economics.response import PerCustomer
from optimizer.typing import Array

Amount = Callable[[PerCustomer], Array]


@dataclass(frozen=True)
class LinearFigure:
    """A figure that adds up over customers."""

    doc: str
    unit: str
    amount: Amount
    """Per customer of each type, (I,)."""
    alternatives: str = ""
    """``customers`` or ``revenue``: counted at the rivals instead of at us."""
    fixed: float = 0.0
    """Multiple of a plan's fixed cost that the figure carries."""
    capacity: float = 0.0
    """Multiple of the bill of reserved and burst GPUs that the figure carries, in total only."""
    constant: str = ""
    """``potential``: the number of potential customers, whatever the menu."""
    serving: Amount | None = None
    """What ``capacity`` replaces per customer in total: standard less as-used serving cost."""


@dataclass(frozen=True)
class RatioFigure:
    """A figure that is a ratio of two linear ones."""

    doc: str
    unit: str
    numerator: str
    denominator: str


def _ones(p: PerCustomer) -> Array:
    return np.ones_like(p.bill)


def _paying(p: PerCustomer) -> Array:
    return (p.bill > 0.0).astype(float)


def _gross_margin(p: PerCustomer) -> Array:
    return p.revenue - p.serving - p.payment - p.other


def _contribution(p: PerCustomer) -> Array:
    return _gross_margin(p) - p.support


def _contracted(p: PerCustomer) -> Array:
    return p.serving - p.serving_as_used


def _nothing(p: PerCustomer) -> Array:
    return np.zeros_like(p.bill)


USD = "usd/month"
LINEAR: dict[str, LinearFigure] = {
    "customers": LinearFigure("customers of all our plans", "customers", _ones),
    "paying_customers": LinearFigure("customers who are billed", "customers", _paying),
    "free_customers": LinearFigure("customers who are not billed", "customers", lambda p: 1.0 - _paying(p)),
    "revenue": LinearFigure("fees, metered use and advertising", USD, lambda p: p.revenue),
    "metered_revenue": LinearFigure("metered use", USD, lambda p: p.metered),
    "advertising_revenue": LinearFigure("advertising", USD, lambda p: p.advertising),
    "paying_revenue": LinearFigure("revenue from customers who are billed", USD, lambda p: p.revenue * _paying(p)),
    "serving_cost": LinearFigure(
        "GPU cost of all customers, free ones included", USD, lambda p: p.serving, capacity=1.0, serving=_contracted
    ),
    "free_serving_cost": LinearFigure(
        "GPU cost of customers who are not billed, at the pools' prices", USD, lambda p: p.serving * (1.0 - _paying(p))
    ),
    "paying_serving_cost": LinearFigure(
        "GPU cost of customers who are billed, at the pools' prices", USD, lambda p: p.serving * _paying(p)
    ),
    "payment_cost": LinearFigure("payment and store fees", USD, lambda p: p.payment),
    "other_cost_of_revenue": LinearFigure("other cost of revenue", USD, lambda p: p.other),
    "support_cost": LinearFigure("support", USD, lambda p: p.support),
    "plan_cost": LinearFigure("fixed cost of the plans on the menu", USD, _nothing, fixed=1.0),
    "gross_margin": LinearFigure(
        "revenue less serving, payment and other cost of revenue, free customers' serving included",
        USD,
        _gross_margin,
        capacity=-1.0,
        serving=_contracted,
    ),
    "contribution_margin": LinearFigure(
        "gross margin less support and the fixed cost of plans; before go-to-market, research and administration",
        USD,
        _contribution,
        fixed=-1.0,
        capacity=-1.0,
        serving=_contracted,
    ),
    "payers_margin": LinearFigure(
        "revenue of payers less their serving cost", USD, lambda p: (p.revenue - p.serving) * _paying(p)
    ),
    "churned_customers": LinearFigure("customers who decide anew in a month", "customers/month", lambda p: p.churn),
    "churned_payers": LinearFigure(
        "billed customers who decide anew in a month", "customers/month", lambda p: p.churn * _paying(p)
    ),
    "gpu_hours": LinearFigure("paid GPU hours a month", "GPU-hours/month", lambda p: p.gpu_hours),
    "requests": LinearFigure("requests served a month", "requests/month", lambda p: p.requests),
    "cap_bound_customers": LinearFigure(
        "customers whom a cap binds at least once a month", "customers", lambda p: p.binds
    ),
    "api_value": LinearFigure("what the served requests would cost at API prices", USD, lambda p: p.api_value),
    "referred_customers": LinearFigure("people reached by word of mouth alone", "persons", lambda p: p.referral),
    "rival_customers": LinearFigure("customers of rivals' plans", "customers", _nothing, alternatives="customers"),
    "rival_revenue": LinearFigure("revenue of rivals' plans", USD, _nothing, alternatives="revenue"),
    "potential": LinearFigure(
        "people, seats and accounts who could be customers", "customers", _nothing, constant="potential"
    ),
}
LINEAR["served_customers"] = LinearFigure(
    "customers of ours or a rival's", "customers", _ones, alternatives="customers"
)
LINEAR["served_revenue"] = LinearFigure(
    "revenue of ours and the rivals'", USD, lambda p: p.revenue, alternatives="revenue"
)

RATIOS: dict[str, RatioFigure] = {
    "gross_margin_rate": RatioFigure(
        "gross margin / revenue (all inference counted, free customers' included)",
        "fraction",
        "gross_margin",
        "revenue",
    ),
    "contribution_margin_rate": RatioFigure(
        "contribution margin / revenue", "fraction", "contribution_margin", "revenue"
    ),
    "payers_margin_rate": RatioFigure("compute margin on payers alone", "fraction", "payers_margin", "paying_revenue"),
    "accounting_margin_rate": RatioFigure(
        "gross margin as the accounts state it", "fraction", "accounting_margin", "revenue"
    ),
    "market_share": RatioFigure("customers / all potential ones", "fraction", "customers", "potential"),
    "paying_market_share": RatioFigure(
        "paying customers / all potential ones", "fraction", "paying_customers", "potential"
    ),
    "market_share_served": RatioFigure(
        "customers / customers of ours or a rival's (own hardware and hosted open weights apart)",
        "fraction",
        "customers",
        "served_customers",
    ),
    "revenue_share": RatioFigure("revenue / revenue of anyone", "fraction", "revenue", "served_revenue"),
    "free_share": RatioFigure("free customers / customers", "fraction", "free_customers", "customers"),
    "churn_rate": RatioFigure(
        "customers who decide anew / customers, monthly", "1/month", "churned_customers", "customers"
    ),
    "payers_churn_rate": RatioFigure(
        "the same among billed customers", "1/month", "churned_payers", "paying_customers"
    ),
    "enterprise_revenue_share": RatioFigure(
        "revenue of the enterprise and API channels / revenue", "fraction", "business_revenue", "revenue"
    ),
    "cap_binding_share": RatioFigure(
        "customers whom a cap binds / customers", "fraction", "cap_bound_customers", "customers"
    ),
    "revenue_per_customer": RatioFigure("revenue / customers", "usd/month", "revenue", "customers"),
    "revenue_per_payer": RatioFigure("revenue of payers / payers", "usd/month", "paying_revenue", "paying_customers"),
    "cost_per_free_customer": RatioFigure(
        "serving cost of free customers / free customers", "usd/month", "free_serving_cost", "free_customers"
    ),
}


@dataclass(frozen=True)
class Selection:
    """Part of the business a figure is taken over: all of it, a plan, a segment, or channels."""

    plan: str | None = None
    segment: str | None = None
    channels: tuple[str, ...] | None = None

    @property
    def total(self) -> bool:
        return self.plan is None and self.segment is None and self.channels is None

    @property
    def label(self) -> str:
        return self.plan or self.segment or ("+".join(self.channels) if self.channels else "total")


TOTAL = Selection()
BUSINESS = ("enterprise", "api")
COMPOSITES: dict[str, str] = {
    "business_revenue": "revenue of the enterprise and API channels",
    "accounting_margin": "gross margin with the part of the free customers' serving cost that is booked elsewhere",
}


def components(name: str, selection: Selection, serving_elsewhere: float) -> list[tuple[float, str, Selection]]:
    """A linear figure as a weighted sum of figures of ``LINEAR``. Raises KeyError for an unknown name."""
    if name == "business_revenue":
        kept = tuple(c for c in BUSINESS if selection.channels is None or c in selection.channels)
        return [(1.0, "revenue", Selection(selection.plan, selection.segment, kept))]
    if name == "accounting_margin":
        return [(1.0, "gross_margin", selection), (serving_elsewhere, "free_serving_cost", selection)]
    LINEAR[name]
    return [(1.0, name, selection)]


def is_figure(name: str) -> bool:
    """Whether a name is a figure of any kind."""
    return name in LINEAR or name in RATIOS or name in COMPOSITES


def names() -> list[str]:
    """All figure names, ratios first."""
    return [*RATIOS, *LINEAR, *COMPOSITES]


def unit_of(name: str) -> str:
    """Unit of a figure."""
    if name in RATIOS:
        return RATIOS[name].unit
    return LINEAR[name].unit if name in LINEAR else USD


def doc_of(name: str) -> str:
    """One line on a figure."""
    if name in RATIOS:
        return RATIOS[name].doc
    return LINEAR[name].doc if name in LINEAR else COMPOSITES[name]
