"""The business figures: what each is, counts per customer, and how readers see it.

Every figure has one record, here; program, evaluator, conditions and reports share it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

import numpy as np

from optimizer.economics.response import PerCustomer
from optimizer.typing import Array
from optimizer.units import Display, display

Amount = Callable[[PerCustomer], Array]


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
Component = tuple[float, str, Selection]
"""Weight, linear figure, and the part of the business it is taken over."""


class Direction(StrEnum):
    """Which way a figure is better, other things equal."""

    MORE = "more"
    LESS = "less"


class FigureKind(StrEnum):
    """What a figure is made of."""

    RATIO = "ratio"
    LINEAR = "linear"
    COMPOSITE = "composite"
    COHORT = "cohort"


@dataclass(frozen=True)
class BusinessFigure:
    """What is known of a figure of any kind."""

    name: str
    definition: str
    """One sentence."""
    unit: str
    better: Direction
    headline: int = field(default=0, kw_only=True)
    """Place among the figures that every answer tells, from 1; 0: not one of them."""
    tile: bool = field(default=False, kw_only=True)
    """Whether it is among the few that a board looks at first."""
    by_part: int = field(default=0, kw_only=True)
    """Place among the figures told by plan, segment and channel, from 1; 0: not one of them."""
    kind: ClassVar[FigureKind]

    @property
    def display(self) -> Display:
        """How readers see its unit."""
        return display(self.unit)

    @property
    def sense(self) -> int:
        """+1 more is better, -1 less is."""
        return 1 if self.better is Direction.MORE else -1


@dataclass(frozen=True)
class LinearFigure(BusinessFigure):
    """A figure that adds up over customers."""

    amount: Amount
    """Per customer of each type, (I,)."""
    alternatives: str = ""
    """``customers`` or ``revenue``: counted at the rivals instead of at us."""
    fixed: float = 0.0
    """Multiple of a plan's fixed cost that the figure carries."""
    marketing: float = 0.0
    """Multiple of the go-to-market budget that the figure carries where the case chooses its size, in total only."""
    capacity: float = 0.0
    """Multiple of the bill of reserved and burst GPUs that the figure carries, in total only."""
    constant: str = ""
    """``potential``: the number of potential customers, whatever the menu."""
    again: Amount | None = None
    """Per customer who, deciding anew, would choose the same plan; what others do moves how many these are."""
    serving: Amount | None = None
    """What ``capacity`` replaces per customer in total: standard less as-used serving cost."""
    kind = FigureKind.LINEAR


@dataclass(frozen=True)
class RatioFigure(BusinessFigure):
    """A linear or composite figure divided by a linear one."""

    numerator: str
    denominator: str
    kind = FigureKind.RATIO


@dataclass(frozen=True)
class CompositeFigure(BusinessFigure):
    """A weighted sum of linear figures."""

    components: Callable[[Selection, float], list[Component]]
    """Of the part of the business, and of the share of free customers' serving cost that is booked elsewhere."""
    kind = FigureKind.COMPOSITE


@dataclass(frozen=True)
class CohortFigure(BusinessFigure):
    """What is left of those who come, after some months: told, never optimised or constrained."""

    months: int
    kind = FigureKind.COHORT


def registry(*figures: BusinessFigure) -> dict[str, BusinessFigure]:
    """Figures by name. Raises ValueError for one listed twice, or without definition, unit or direction."""
    found: dict[str, BusinessFigure] = {}
    for f in figures:
        if f.name in found:
            raise ValueError(f"the figure {f.name!r} is listed twice")
        if not f.definition.strip() or not f.unit or not isinstance(f.better, Direction):
            raise ValueError(f"the figure {f.name!r} needs a definition, a unit and a direction")
        found[f.name] = f
    return found


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


BUSINESS = ("enterprise", "api")


def _business_revenue(part: Selection, serving_elsewhere: float) -> list[Component]:
    kept = tuple(c for c in BUSINESS if part.channels is None or c in part.channels)
    return [(1.0, "revenue", Selection(part.plan, part.segment, kept))]


def _customers_of(channel: str) -> Callable[[Selection, float], list[Component]]:
    return lambda part, serving_elsewhere: [(1.0, "customers", _within(part, channel))]


def _potential_of(channel: str) -> Callable[[Selection, float], list[Component]]:
    return lambda part, serving_elsewhere: [(1.0, "potential", _within(part, channel))]


def _within(part: Selection, channel: str) -> Selection:
    """A part of the business, of one channel."""
    kept = (channel,) if part.channels is None or channel in part.channels else ()
    return Selection(part.plan, part.segment, kept)


def _accounting_margin(part: Selection, serving_elsewhere: float) -> list[Component]:
    return [(1.0, "gross_margin", part), (serving_elsewhere, "free_serving_cost", part)]


USD, CUSTOMERS, FRACTION, RATE = "usd/month", "customers", "fraction", "1/month"
MORE, LESS = Direction.MORE, Direction.LESS

FIGURES: dict[str, BusinessFigure] = registry(
    LinearFigure("customers", "Customers of all our plans.", CUSTOMERS, MORE, _ones, headline=15, by_part=1),
    LinearFigure("paying_customers", "Customers who are billed.",
        CUSTOMERS, MORE, _paying, headline=16, tile=True, by_part=2),
    LinearFigure("free_customers", "Customers who are not billed.", CUSTOMERS, MORE, lambda p: 1.0 - _paying(p)),
    LinearFigure("revenue", "Fees, metered use and advertising of a month.",
        USD, MORE, lambda p: p.revenue, headline=2, tile=True, by_part=3),
    LinearFigure("metered_revenue", "Revenue from requests bought one by one, beyond what a fee includes.",
        USD, MORE, lambda p: p.metered),
    LinearFigure("advertising_revenue", "Revenue from advertising shown with served requests.",
        USD, MORE, lambda p: p.advertising),
    LinearFigure("impressions", "Advertisements shown with served requests in a month.",
        "impressions/month", MORE, lambda p: p.impressions),
    LinearFigure("paying_revenue", "Revenue from customers who are billed.",
        USD, MORE, lambda p: p.revenue * _paying(p)),
    LinearFigure("serving_cost", "Cost of serving all customers, free ones included: GPUs, and tokens bought.",
        USD, LESS, lambda p: p.serving, capacity=1.0, serving=_contracted, headline=3, by_part=4),
    LinearFigure("token_cost", "The part of serving cost that is paid for tokens bought at a price list.",
        USD, LESS, lambda p: p.tokens),
    LinearFigure("free_serving_cost", "Cost of serving customers who are not billed, GPUs at the pools' prices.",
        USD, LESS, lambda p: p.serving * (1.0 - _paying(p))),
    LinearFigure("paying_serving_cost", "Cost of serving customers who are billed, GPUs at the pools' prices.",
        USD, LESS, lambda p: p.serving * _paying(p)),
    LinearFigure("payment_cost", "Payment and store fees on what is billed.", USD, LESS, lambda p: p.payment),
    LinearFigure("other_cost_of_revenue", "Cost of revenue that is neither serving nor payment, a share of revenue.",
        USD, LESS, lambda p: p.other),
    LinearFigure("support_cost", "Cost of supporting customers.", USD, LESS, lambda p: p.support),
    LinearFigure("marketing_cost", "The go-to-market budget, where the case chooses its size; 0 where it is given.",
        USD, LESS, _nothing, marketing=1.0),
    LinearFigure("plan_cost", "Fixed cost of the plans on the menu.", USD, LESS, _nothing, fixed=1.0),
    LinearFigure("gross_margin",
        "Revenue less serving, payment and other cost of revenue, free customers' serving included.",
        USD, MORE, _gross_margin, capacity=-1.0, serving=_contracted, headline=4, by_part=5),
    LinearFigure("contribution_margin",
        "Gross margin less support, the fixed cost of plans and a go-to-market budget whose size the case chooses; "
        "before a given budget, research and administration.",
        USD, MORE, _contribution, fixed=-1.0, marketing=-1.0, capacity=-1.0, serving=_contracted,
        headline=1, tile=True, by_part=6),
    LinearFigure("payers_margin", "Revenue of customers who are billed less their serving cost.",
        USD, MORE, lambda p: (p.revenue - p.serving) * _paying(p)),
    LinearFigure("deciding_customers", "Customers who decide anew in a month, whatever they then choose.",
        "customers/month", LESS, lambda p: p.decision_rate),
    LinearFigure("churned_customers", "Customers who leave their plan in a month, for another or anything else.",
        "customers/month", LESS, lambda p: p.decision_rate, again=lambda p: -p.decision_rate),
    LinearFigure("churned_payers", "Billed customers who leave their plan in a month.",
        "customers/month", LESS, lambda p: p.decision_rate * _paying(p), again=lambda p: -p.decision_rate * _paying(p)),
    LinearFigure("gpu_hours", "GPU hours paid for in a month.",
        "GPU-hours/month", LESS, lambda p: p.gpu_hours, headline=20, tile=True, by_part=9),
    LinearFigure("requests", "Requests served in a month.", "requests/month", MORE, lambda p: p.requests, headline=21),
    LinearFigure("cap_bound_customers", "Customers whom a cap binds at least once in a month.",
        CUSTOMERS, LESS, lambda p: p.binds),
    LinearFigure("api_value", "What the served requests would cost at API prices.", USD, MORE, lambda p: p.api_value),
    LinearFigure("referred_customers", "People reached by word of mouth alone.", "persons", MORE, lambda p: p.referral),
    LinearFigure("rival_customers", "Customers of rivals' plans.", CUSTOMERS, LESS, _nothing, alternatives="customers"),
    LinearFigure("rival_revenue", "Revenue of rivals' plans.", USD, LESS, _nothing, alternatives="revenue"),
    LinearFigure("potential", "People, seats and accounts who could be customers.",
        CUSTOMERS, MORE, _nothing, constant="potential"),
    LinearFigure("served_customers", "Customers of ours or of a rival.",
        CUSTOMERS, MORE, _ones, alternatives="customers"),
    LinearFigure("served_revenue", "Revenue of ours and of the rivals.",
        USD, MORE, lambda p: p.revenue, alternatives="revenue"),
    RatioFigure("gross_margin_rate",
        "Gross margin divided by revenue; all inference is counted, free customers' included.",
        FRACTION, MORE, "gross_margin", "revenue", headline=5, tile=True, by_part=7),
    RatioFigure("contribution_margin_rate", "Contribution margin divided by revenue.",
        FRACTION, MORE, "contribution_margin", "revenue", headline=8),
    RatioFigure("payers_margin_rate",
        "Compute margin on payers alone: their revenue less their serving cost, divided by their revenue.",
        FRACTION, MORE, "payers_margin", "paying_revenue", headline=6),
    RatioFigure("accounting_margin_rate", "Gross margin as the accounts state it, divided by revenue.",
        FRACTION, MORE, "accounting_margin", "revenue", headline=7),
    RatioFigure("market_share",
        "Customers divided by all who could be customers: people, seats and accounts counted alike.",
        FRACTION, MORE, "customers", "potential", headline=9, tile=True),
    RatioFigure("people_share", "Customers of consumer plans divided by the people of consumer segments.",
        FRACTION, MORE, "people", "potential_people", headline=12),
    RatioFigure("seat_share", "Seats of enterprise plans divided by the seats of enterprise segments.",
        FRACTION, MORE, "seats", "potential_seats", headline=13),
    RatioFigure("account_share", "Accounts of API plans divided by the accounts of API segments.",
        FRACTION, MORE, "accounts", "potential_accounts", headline=14),
    RatioFigure("paying_market_share", "Billed customers divided by all who could be customers.",
        FRACTION, MORE, "paying_customers", "potential"),
    RatioFigure("market_share_served",
        "Customers divided by those of ours or a rival's, own hardware and hosted open weights apart.",
        FRACTION, MORE, "customers", "served_customers", headline=10),
    RatioFigure("revenue_share", "Revenue divided by that of ours and the rivals.",
        FRACTION, MORE, "revenue", "served_revenue", headline=11),
    RatioFigure("free_share", "Customers who are not billed divided by customers.",
        FRACTION, LESS, "free_customers", "customers", headline=17),
    RatioFigure("leave_rate", "Customers who leave their plan in a month divided by customers; also called churn.",
        RATE, LESS, "churned_customers", "customers", headline=18, by_part=8),
    RatioFigure("payers_churn_rate", "Billed customers who leave their plan in a month divided by billed customers.",
        RATE, LESS, "churned_payers", "paying_customers", headline=19),
    RatioFigure("decision_rate", "Customers who decide anew in a month divided by customers; who does may stay.",
        RATE, LESS, "deciding_customers", "customers", by_part=11),
    CohortFigure("retention_12_months", "Share of those who come to a plan that are still on it twelve months later.",
        FRACTION, MORE, 12, by_part=12),
    RatioFigure("enterprise_revenue_share", "Revenue of the enterprise and API channels divided by revenue.",
        FRACTION, MORE, "business_revenue", "revenue", headline=22),
    RatioFigure("cap_binding_share", "Customers whom a cap binds at least once in a month divided by customers.",
        FRACTION, LESS, "cap_bound_customers", "customers", headline=23, by_part=10),
    RatioFigure("requests_per_customer", "Requests served in a month divided by customers.",
        "requests/month", MORE, "requests", "customers"),
    RatioFigure("revenue_per_customer", "Revenue divided by customers.", USD, MORE, "revenue", "customers"),
    RatioFigure("revenue_per_payer", "Revenue from customers who are billed divided by their number.",
        USD, MORE, "paying_revenue", "paying_customers", headline=25),
    RatioFigure("cost_per_free_customer", "Serving cost of customers who are not billed divided by their number.",
        USD, LESS, "free_serving_cost", "free_customers", headline=24),
    CompositeFigure("people", "Customers of consumer plans.", CUSTOMERS, MORE, _customers_of("consumer")),
    CompositeFigure("seats", "Customers of enterprise plans.", CUSTOMERS, MORE, _customers_of("enterprise")),
    CompositeFigure("accounts", "Customers of API plans.", CUSTOMERS, MORE, _customers_of("api")),
    CompositeFigure("potential_people", "People of consumer segments.", CUSTOMERS, MORE, _potential_of("consumer")),
    CompositeFigure("potential_seats", "Seats of enterprise segments.", CUSTOMERS, MORE, _potential_of("enterprise")),
    CompositeFigure("potential_accounts", "Accounts of API segments.", CUSTOMERS, MORE, _potential_of("api")),
    CompositeFigure("business_revenue", "Revenue of the enterprise and API channels.", USD, MORE, _business_revenue),
    CompositeFigure("accounting_margin",
        "Gross margin plus the part of free customers' serving cost that is booked elsewhere.",
        USD, MORE, _accounting_margin),
)  # fmt: skip
"""Every figure by name."""

ALIASES = {"churn_rate": "leave_rate"}
"""Other names that are accepted for a figure."""
LINEAR = {name: f for name, f in FIGURES.items() if isinstance(f, LinearFigure)}
RATIOS = {name: f for name in (*FIGURES, *ALIASES) if isinstance(f := FIGURES[ALIASES.get(name, name)], RatioFigure)}
"""Also by their other names."""
COMPOSITES = {name: f for name, f in FIGURES.items() if isinstance(f, CompositeFigure)}
HEADLINES = tuple(f.name for f in sorted(FIGURES.values(), key=lambda f: f.headline) if f.headline)
"""The figures that every answer tells, in order."""
COHORTS = {name: f for name, f in FIGURES.items() if isinstance(f, CohortFigure)}
TILES = tuple(name for name in HEADLINES if FIGURES[name].tile)
"""The few of them that a board looks at first."""
PART_FIGURES = tuple(f.name for f in sorted(FIGURES.values(), key=lambda f: f.by_part) if f.by_part)
"""The figures told by plan, segment and channel, in order."""


def known_as(name: str) -> str:
    """The one name of a figure that may have been given by another."""
    return ALIASES.get(name, name)


def figure(name: str) -> BusinessFigure:
    """What is known of a figure. Raises KeyError for an unknown name."""
    return FIGURES[known_as(name)]


def components(name: str, selection: Selection, serving_elsewhere: float) -> list[Component]:
    """A linear or composite figure as a weighted sum of linear ones. Raises KeyError for a ratio or an unknown name."""
    if name in COMPOSITES:
        return COMPOSITES[name].components(selection, serving_elsewhere)
    return [(1.0, LINEAR[name].name, selection)]


def is_figure(name: str) -> bool:
    """Whether a name is a figure of any kind."""
    return known_as(name) in FIGURES


def names() -> list[str]:
    """All figure names, ratios first."""
    return [n for kind in FigureKind for n, f in FIGURES.items() if f.kind is kind]


def unit_of(name: str) -> str:
    """Unit of a figure. Raises KeyError for an unknown name."""
    return figure(name).unit


def is_linear(name: str) -> bool:
    """Whether a figure is linear in customers: a ratio is where no menu moves its denominator."""
    if name not in RATIOS:
        return True
    below = components(RATIOS[name].denominator, TOTAL, 0.0)
    return all(bool(LINEAR[n].constant) for _, n, _ in below)
