"""A market: who buys, what they would pay, what serving costs, what rivals offer, what is observed today."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from optimizer.schema.base import (
    Base,
    Correlation,
    Customers,
    Days,
    Dissimilarity,
    Fraction,
    Hours,
    ImpressionsPerRequest,
    LocalPrice,
    Names,
    Number,
    PerMonth,
    Positive,
    PricePerUsd,
    Quantity,
    Requests,
    RequestsPerMonth,
    Sigma,
    UsdPerMonth,
    UsdPerRequest,
    UsdPerThousandImpressions,
    Utility,
    UtilityPerImpression,
    Windows,
    as_tuple,
)
from optimizer.schema.dynamics import Dynamics
from optimizer.schema.prices import StatedUnitPrice
from optimizer.schema.supply import AiModel, Pool
from optimizer.schema.usage import ObservedUsage, Unattended

Channel = Literal["consumer", "enterprise", "api"]
Window = Literal["3h", "5h", "day", "week", "month"]
Grade = Literal["1", "2", "3", "D"]
Cap = Requests | Literal["unlimited"]
Edges = Annotated[tuple[Number, ...], BeforeValidator(as_tuple)]


class Source(Base):
    """Where numbers were read."""

    text: str
    """Who said it, where, when."""
    url: str | None = None
    """Address of the page, where there is one."""
    grade: Grade
    """1 the maker's own page or filing; 2 named press; 3 retelling, use as a range; D derived here by arithmetic."""


class Classes(Base):
    """How the heavy tails are cut into customer types; quantile edges between 0 and 1."""

    usage: Edges
    """Edges of the usage classes, e.g. [0, 0.5, 0.8, 0.95, 0.99, 1]."""
    willingness_to_pay: Edges
    """Edges of the willingness-to-pay classes, from the least willing to the most."""

    @model_validator(mode="after")
    def _edges(self) -> Classes:
        for edges in (self.usage, self.willingness_to_pay):
            if len(edges) < 2 or edges[0] != 0.0 or edges[-1] != 1.0 or sorted(set(edges)) != list(edges):
                raise ValueError("edges must rise from 0 to 1")
        return self


class WindowSigmas(Base):
    """Sigma of one customer's demand from window to window (log scale), by window length."""

    short: Sigma
    """Windows of 3 and 5 hours."""
    day: Sigma
    week: Sigma
    month: Sigma


class Usage(Base):
    """What a segment would use if nothing were capped."""

    requests: RequestsPerMonth
    """Mean over the segment's potential customers."""
    sigma: Sigma
    """Sigma of the lognormal spread between customers."""
    active_days: Days
    """Days a month on which a customer uses the service."""
    windows_per_day: Windows
    """Windows of 3 or 5 hours with use on an active day."""
    window_sigmas: WindowSigmas
    ai_models: dict[str, Fraction]
    """Share of the requests wanted from each AI model; sums to 1."""
    hours: dict[str, Fraction]
    """Share of the requests in each hour block; sums to 1."""
    unattended: Unattended | None = None
    """A second stream of requests that some of the customers have; none where absent."""


class Segment(Base):
    """A group of customers alike in taste."""

    title: str
    channel: Channel
    """Whose reach curve the segment follows: consumer, or enterprise (api counts as enterprise)."""
    potential: Customers
    """Persons, seats or accounts who could use such a service."""
    usage: Usage
    value_of_use: Utility
    """Utility of a unit of ln(1 + quality-weighted requests a month)."""
    price_coefficient: PricePerUsd
    """Median over the segment of 1 / (scale of what a customer would pay a month)."""
    price_sigma: Sigma
    """Sigma of the lognormal spread of the price coefficient."""
    usage_correlation: Correlation
    """Correlation of usage and willingness to pay (log scales)."""
    decision_rate_sensitivity: Positive
    """Kappa: the decision rate is multiplied by exp(-kappa x change in utility)."""
    word_of_mouth: Positive | None = None
    """Multiplies the plans' referral; 1 where absent."""
    seats_per_account: Positive | None = None
    """Typical seats of one account, for plans with a seat minimum."""
    price_elasticity: Positive | None = None
    """By how many per cent a customer's metered use falls when unit prices rise by one per cent, from what it is at
    today's unit prices; a positive number. Where absent metered use follows from the value of use."""
    impression_disutility: UtilityPerImpression | None = None
    """What an advertisement shown takes from a customer's utility of the month; nothing where absent."""


class Offer(Base):
    """What a plan gives and takes: the form shared by our plans and the rivals'."""

    title: str
    price: UsdPerMonth
    """Monthly fee per customer or seat."""
    allowances: dict[str, dict[Window, Cap]] = Field(default_factory=dict)
    """AI model -> window -> requests; ``{}`` = no cap, a missing AI model = not included."""
    fallback: str | None = None
    """AI model that serves what a cap refuses."""
    fallback_limit: dict[Window, Cap] = Field(default_factory=dict)
    """Cap on the fallback, in the window of the cap it follows; ``{}`` = none."""
    credits: UsdPerMonth | None = None
    """Spend at the unit prices that the fee includes each month; used first, not carried over."""
    decided_by: Literal["customer", "account"] = "customer"
    """``account``: all seats of an account choose together, by the mean utility of its users."""
    unit_prices: dict[str, StatedUnitPrice] = Field(default_factory=dict)
    """AI model -> price beyond the allowance, per request or per token (input and output alike); or prices by kind of
    token: ``{input: ..., cached: ..., output: ...}``. What a cap refuses is bought where that is worth its price to the
    customer; else the fallback serves it."""
    least_spend: UsdPerMonth | None = None
    """What a customer is billed at least for metered use in a month, beside the fee."""
    included_spend: UsdPerMonth | None = None
    """Metered use, at the unit prices, that the fee includes: the fee is then the price of a package."""


class Plan(Offer):
    """A plan the company sells or could sell."""

    channel: Channel
    """Where its revenue is booked."""
    segments: Names
    """Segments it is offered to."""
    decision_rate: PerMonth | None = None
    """Share of its customers who decide anew in a month, at today's menu; who does may stay.

    Where today's retention or renewal rate is observed the rate is solved, and this one may be left out; where both are
    there, only how it differs between segments counts."""
    decision_rate_by_segment: dict[str, PerMonth] = Field(default_factory=dict)
    leave_rate: PerMonth | None = None
    """For a plan nobody bought yet, in place of ``decision_rate``: the share of its customers expected to leave in a
    month. It decides anew as its analogue does, times this by the analogue's rate of leaving."""
    decision_rate_least: PerMonth
    decision_rate_most: PerMonth
    """Range to which the decision rate is held when the plan gets better or worse."""
    referral: Positive
    """Persons of the same type whom a customer brings into reach in the long run."""
    support_cost: UsdPerMonth
    advertising: UsdPerRequest | None = None
    """Advertising revenue per served request, whatever is shown with it."""
    impressions: ImpressionsPerRequest | None = None
    """Advertisements shown with a served request, fewer where an AI model's own ``impressions`` say so; none where
    absent."""
    advertising_price: UsdPerThousandImpressions | None = None
    """What a thousand impressions earn."""
    impression_disutility: UtilityPerImpression | None = None
    """What an impression takes from its customers' utility of the month; as their segments state it where absent."""
    annual_share: Fraction | None = None
    """Share of customers who pay by the year."""
    annual_discount: Fraction | None = None
    annual_sensitivity: Positive | None = None
    """Rise of the log-odds of paying by the year for each unit of discount: 10 = a discount higher by 0.1 multiplies
    the odds by e. Where absent the share stays as stated, whatever the discount."""
    annual_decision_factor: Fraction | None = None
    """Decision rate of a customer who pays by the year, as a share of one's who pays by the month; above 0, 1 where
    absent. Matters where ``annual_sensitivity`` moves the share."""
    regional_price: dict[str, LocalPrice] = Field(default_factory=dict)
    """Segment -> fee there in place of ``price``, in usd or in a currency of ``currencies``."""
    seat_minimum: Positive | None = None
    """Fewest seats an account must buy."""
    fixed_cost: UsdPerMonth | None = None
    """Cost of having the plan on the menu at all."""
    analogue: str | None = None
    """For a plan nobody bought yet: the plan whose alternative constant it takes."""
    constant_shift: Utility | None = None
    """Added to the analogue's constant."""


class MarketNest(Base):
    """Plans that customers see as variants of one thing: who leaves one of them goes to another of them first."""

    plans: Names
    """Two or more of our plans, each in at most one nest."""
    dissimilarity: Dissimilarity
    """Lambda: 1 = the plans are as different from each other as from anything else; near 0 = copies of each other."""


class Alternative(Offer):
    """A rival's plan or open weights run locally; quality relative to our AI models."""

    kind: Literal["rival", "open_weights"]
    quality: Positive
    """Its quality relative to ours, multiplying the quality of each AI model."""
    segments: Names
    decision_rate: PerMonth
    """Share of its customers who decide anew in a month."""


class ReachCurve(Base):
    """Share of a channel's potential reached at a spend: base + (most - base)(1 - exp(-spend / scale))."""

    base: Fraction
    most: Fraction
    scale: UsdPerMonth

    @model_validator(mode="after")
    def _order(self) -> ReachCurve:
        if self.base.value > self.most.value or self.scale.value <= 0.0:
            raise ValueError("base must not exceed most, and scale must be positive")
        return self


class GoToMarket(Base):
    """The go-to-market budget and what it reaches."""

    budget: UsdPerMonth
    enterprise_share: Fraction
    """Today's share of the budget spent on the enterprise channel."""
    consumer: ReachCurve
    enterprise: ReachCurve


class Fees(Base):
    """What it costs to be paid, by channel."""

    payment: Fraction
    """Share of the bill that goes to payment and store fees."""
    payment_fixed: UsdPerMonth
    """Fixed payment fee of a customer who is billed."""


class Finance(Base):
    """Costs that follow revenue, and what the accounts call them."""

    fees: dict[Channel, Fees]
    other_cost_of_revenue: Fraction
    """Share of revenue spent on other cost of revenue."""
    free_serving_elsewhere: Fraction
    """Share of the free customers' serving cost that the accounts book outside cost of revenue."""


class TodayPlan(Base):
    """Observed customers of a plan."""

    customers: Customers
    """Total count; reproduced exactly."""
    by_segment: dict[str, Customers] = Field(default_factory=dict)
    """Counts by segment where known."""
    own_constants: bool = False
    """True: each counted segment has a constant of its own (counts reproduced exactly)."""
    retention_12_months: Fraction | None = None
    """Share of those who come to the plan that are still on it twelve months later; the decision rate is solved from
    it. State this or ``renewal_rate``."""
    renewal_rate: Fraction | None = None
    """Share of a day's customers who are still on the plan a month later: 1 less the rate of leaving; the decision rate
    is solved from it."""


class Observed(Base):
    """A figure the company reported, which the calibrated market must give back."""

    figure: str
    value: Quantity
    tolerance: Number
    """Largest relative difference allowed, a fraction."""
    plan: str | None = None
    channel: Channel | None = None
    balanced_by: Names = ()
    """Paths of numbers that a draw scales together until the figure comes out: free numbers that stand behind it."""


class Today(Base):
    """What is observed today."""

    plans: dict[str, TodayPlan]
    """Plans on today's menu; a plan of the market that is missing here is not sold today."""
    alternatives: dict[str, dict[Channel, Customers]]
    """Customers of each alternative by channel of their segment."""
    observed: Annotated[tuple[Observed, ...], BeforeValidator(as_tuple)]
    usage: ObservedUsage | None = None
    """Requests per customer and month as observed, told beside the model's; not calibrated to."""
    segment_tolerance: Number = 0.05
    """Largest relative residual allowed on counts by segment that are shrunk."""
    shrinkage: Number = 1e5
    """Customers at which a segment's own deviation counts for half."""


class Evidence(Base):
    """A credibility check: what the calibrated market must look like to be believed."""

    check: Literal[
        "own_price_elasticity",
        "metered_elasticity_requests",
        "metered_elasticity_revenue",
        "cap_binding_share",
        "cost_per_free_customer",
        "diversion_to_paid",
        "heavy_user_loss_share",
    ]
    plan: str
    low: Number
    high: Number
    source: str | None = None
    assumption: str | None = None
    blocks: bool = True
    """False: told, but a miss does not stop the run."""


class NumberGroup(Base):
    """Numbers that are high together and low together."""

    paths: Names
    """Paths into the market; ``*`` stands for any one name."""


class Market(Base):
    """Everything a case needs to know about a market; every number with unit and source."""

    title: str
    description: str
    margin_definition: str
    """Which definition of margin the company's reported figure follows."""
    sources: dict[str, Source]
    currencies: dict[str, Quantity] = Field(default_factory=dict)
    """Code of a currency (ISO 4217) -> usd for one unit of it, e.g. ``INR: 0.0113 usd/INR``."""
    classes: Classes
    hours: dict[str, Hours]
    """Hour blocks and their hours a month; sums to 730."""
    segments: dict[str, Segment]
    ai_models: dict[str, AiModel]
    pools: dict[str, Pool] = Field(default_factory=dict)
    """None where all tokens are bought."""
    plans: dict[str, Plan]
    nests: dict[str, MarketNest] = Field(default_factory=dict)
    """Plans that customers see as variants of one thing; a plan in none stands alone."""
    alternatives: dict[str, Alternative]
    nothing_decision_rate: PerMonth
    """Share of the people who use nothing who decide anew in a month."""
    outside_decisions: PerMonth | None = None
    """No longer used: who leaves the company follows from what the alternatives are worth."""
    go_to_market: GoToMarket
    finance: Finance
    today: Today
    evidence: Annotated[tuple[Evidence, ...], BeforeValidator(as_tuple)]
    dynamics: Dynamics | None = None
    """How it moves from month to month, for cases over months."""
    groups: dict[str, NumberGroup] = Field(default_factory=dict)
    """Numbers that move together where the market is drawn; each number follows the first group that names it."""
