"""The numbers that the formulas work on: customer types, AI models, plan terms. No files, no pydantic."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optimizer.typing import Array

Caps = tuple[tuple[str, float], ...]
"""(window, requests) pairs, the shorter window first; empty = no cap."""


@dataclass(frozen=True, eq=False)
class Demand:
    """What the customers of each (segment, usage class) cell ask for. Equal where every number is, so usable as a key.

    What the caps of an offer let through depends on nothing else.
    """

    requests: Array
    """(C,) requests a month if nothing is capped."""
    split: Array
    """(C, A) share of the requests wanted from each AI model."""
    windows: dict[str, Array]
    """Window -> (C,) active windows a month."""
    sigmas: dict[str, Array]
    """Window -> (C,) log-sigma of demand from window to window."""
    content: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        arrays = (self.requests, self.split, *self.windows.values(), *self.sigmas.values())
        names = repr((self.split.shape, *self.windows, *self.sigmas)).encode()
        object.__setattr__(self, "content", names + b"".join(a.tobytes() for a in arrays))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Demand) and self.content == other.content

    def __hash__(self) -> int:
        return hash(self.content)


@dataclass(frozen=True)
class Population:
    """Customer types: segment (with or without an unattended stream) x usage class x willingness-to-pay class."""

    segments: tuple[str, ...]
    segment: NDArray[np.intp]
    """(I,) index into ``segments``."""
    usage_class: NDArray[np.intp]
    payment_class: NDArray[np.intp]
    """(I,) willingness-to-pay class, from the least willing."""
    cell: NDArray[np.intp]
    """(I,) index of the (segment, with or without an unattended stream, usage class) cell, C of them."""
    potential: Array
    """(I,) customers."""
    value_of_use: Array
    price_coefficient: Array
    """(I,) utility per usd/month."""
    decision_rate_sensitivity: Array
    word_of_mouth: Array
    seats: Array
    """(I,) seats of the account the customer belongs to."""
    requests: Array
    """(C,) requests a month if nothing is capped."""
    split: Array
    """(C, A) share of the requests wanted from each AI model."""
    windows: dict[str, Array]
    """Window -> (C,) active windows a month."""
    sigmas: dict[str, Array]
    """Window -> (C,) log-sigma of demand from window to window."""
    hours: Array
    """(I, H) share of use in each hour block."""
    price_elasticity: Array | None = None
    """(I,) by how many per cent metered use falls when unit prices rise by one per cent; nan where it follows from the
    value of use. None where it does so for all."""
    unattended: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    """(I,) whether a second stream of requests runs without the customer; empty where no type has one."""

    @property
    def size(self) -> int:
        return int(self.potential.size)

    @cached_property
    def demand(self) -> Demand:
        """What the cells ask for."""
        return Demand(self.requests, self.split, self.windows, self.sigmas)


@dataclass(frozen=True)
class AiModels:
    """What the AI models are worth and what a request takes."""

    names: tuple[str, ...]
    quality: Array
    """(A,)."""
    gpu_hours: Array
    """(A, P) paid GPU hours of a request in each pool."""
    token_cost: Array
    """(A,) usd a request for tokens bought at a price list."""
    impressions: Array
    """(A,) share of a plan's impressions per request that are shown where the AI model answers."""


@dataclass(frozen=True)
class Pools:
    """GPUs and hours."""

    names: tuple[str, ...]
    price: Array
    """(P,) usd per paid GPU hour."""
    reserved: Array
    """(P,) GPUs; nan where hours are paid as used."""
    burst_limit: Array
    burst_price: Array
    blocks: tuple[str, ...]
    hours: Array
    """(H,) hours a month of each block."""

    @property
    def contracted(self) -> NDArray[np.bool_]:
        """(P,) whether the pool is reserved rather than paid as used."""
        return ~np.isnan(self.reserved)


@dataclass(frozen=True)
class Terms:
    """One complete setting of an offer: a level of its plan."""

    price: float
    """usd/month."""
    caps: tuple[Caps | None, ...]
    """Per AI model; None = not included."""
    unit_prices: tuple[float | None, ...]
    """Per AI model, usd per request; None = not sold beyond the cap."""
    fallback: int | None = None
    """AI model that serves what a cap refuses."""
    fallback_limit: float = float("inf")
    """Requests per window of the cap it follows."""
    least_spend: float = 0.0
    """usd/month billed for metered use at least."""
    included_spend: float = 0.0
    """usd/month of metered use that the fee includes."""
    prices_by_kind: tuple[tuple[float, ...] | None, ...] = ()
    """Per AI model, its prices by kind of token as the market states them, for telling; empty where there are none.
    What counts is ``unit_prices``."""

    impressions: float = 0.0
    """Advertisements shown with a served request."""
    annual_discount: float | None = None
    """On the fee of who pays by the year; None = as the plan's facts have it."""
    regional: tuple[tuple[int, float], ...] = ()
    """(segment, usd/month) pairs by segment: the fee there in place of ``price``."""
    credits: float = 0.0
    """usd/month of spend at the unit prices that the fee includes, used first."""

    def with_unit_prices(self, prices: tuple[float | None, ...]) -> Terms:
        """The same at other unit prices; those by kind of token move in proportion."""
        told = self.prices_by_kind and tuple(
            kinds if kinds is None or not new or not old else tuple(kind * new / old for kind in kinds)
            for kinds, new, old in zip(self.prices_by_kind, prices, self.unit_prices, strict=True)
        )
        return replace(self, unit_prices=prices, prices_by_kind=told)


@dataclass(frozen=True)
class PlanFacts:
    """What is known of a plan besides its terms."""

    name: str
    channel: str
    offered: NDArray[np.bool_]
    """(I,) whether the type is offered the plan."""
    decision_rate: Array
    """(I,) reference monthly rate of deciding anew."""
    decision_rate_least: float
    decision_rate_most: float
    referral: Array
    """(I,) persons brought into reach per customer, psi (1 - rho)."""
    support_cost: float
    advertising: float
    """usd per served request."""
    annual_share: float
    """Of today's customers, at ``annual_discount``."""
    annual_discount: float
    """Today's."""
    seat_minimum: float
    payment_share: float
    payment_fixed: float
    other_share: float
    fixed_cost: float
    api_prices: Array
    """(A,) usd per request at API prices, for the value of what a customer draws."""
    constant: Array
    """(I,) alternative constant; nan where not offered."""
    reference_utility: Array
    """(I,) utility at which the rate of deciding is the reference; nan where not offered."""
    reference_prices: tuple[float | None, ...] | None = None
    """(A,) unit prices, usd per request, that today's metered use was observed at; None before calibration."""
    advertising_price: float = 0.0
    """usd per thousand impressions."""
    impression_disutility: Array = field(default_factory=lambda: np.zeros(1))
    """(I,) utility an impression takes; (1,) where it is the same for all."""
    annual_sensitivity: float | None = None
    """Log-odds of paying by the year per unit of discount; None = ``annual_share`` whatever the discount."""
    annual_decision_factor: float = 1.0
    """Decision rate of who pays by the year over that of who pays by the month."""
    by_account: bool = False
    """Whether all seats of an account choose together."""


@dataclass(frozen=True)
class AlternativeFacts:
    """What is known of a rival's plan or of open weights run locally."""

    name: str
    rival: bool
    """True for a rival's plan, False for the customer's own hardware."""
    offered: NDArray[np.bool_]
    terms: Terms
    quality: float
    decision_rate: float
    constant: Array
    """(I,); nan where not offered."""
    by_account: bool = False
    """As of plans."""
    reference_prices: tuple[float | None, ...] | None = None
    """As of plans."""
