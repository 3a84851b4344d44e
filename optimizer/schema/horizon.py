"""The case over months: how long, when menus may change, and how the world moves meanwhile."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from optimizer.schema.base import (
    Base,
    Fraction,
    Gpus,
    Number,
    PerYear,
    Positive,
    Usd,
    UsdPerGpu,
    UsdPerGpuMonth,
    UsdPerMonth,
    as_tuple,
)
from optimizer.schema.change import Change

Month = Annotated[int, Field(ge=1, le=240)]
"""A month of the horizon; today's customers stand before month 1."""
Months = Annotated[tuple[Month, Month], BeforeValidator(as_tuple)]
"""First and last month of a window."""


class DatedWorld(Base):
    """The world from a month on: changes on top of those before it."""

    model_config = ConfigDict(serialize_by_alias=True)

    month: Month
    """The first month in which it is so."""
    title: str | None = None
    changes: Annotated[dict[str, Change], Field(alias="set", min_length=1)]
    """Path into the market -> change, as in the case's ``changes``."""


class Announced(Base):
    """A price that was announced: in the stages from a month on the plan has no other."""

    plan: str
    month: Month
    """The first month in which it holds."""
    price: Annotated[Number, Field(ge=0.0)]
    """usd/month; one of the plan's ladder."""


class Cash(Base):
    """Money in the bank, and what is spent beside what the contribution margin counts."""

    have: Usd
    """Before the first month."""
    spend: UsdPerMonth
    """Research, administration and whatever else no contribution margin holds."""
    least: Usd | None = None
    """What must be there at the end of every month; 0 where absent."""


class GpuOffer(Base):
    """GPUs that may be ordered, in whole lots."""

    lead: Annotated[int, Field(ge=0)]
    """Months from order to service."""
    lot: Gpus
    """GPUs in a lot."""
    most: Annotated[int, Field(ge=0)]
    """Lots of an order, at most."""
    rent: UsdPerGpuMonth | None = None
    """Paid in every month of service, busy or not; what power and space cost of GPUs that are bought."""
    purchase: UsdPerGpu | None = None
    """Paid in the month of arrival. Margins count it evenly over ``life``, cash when it is paid."""
    life: Annotated[int, Field(ge=1)] | None = None
    """Months of service over which a purchase loses its worth."""
    speed: Positive | None = None
    """Work that one of these GPUs does in an hour, over that of one that stands today; 1 where absent."""
    term: Annotated[int, Field(ge=1)] | None = None
    """Months of service; to the end, the tail included, where absent."""
    months: Annotated[tuple[Month, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    """In which an order may be placed."""

    @model_validator(mode="after")
    def _told(self) -> GpuOffer:
        if self.rent is None and self.purchase is None:
            raise ValueError("an offer has a rent, a purchase, or both")
        if (self.purchase is None) != (self.life is None):
            raise ValueError("a purchase and the life over which it loses its worth go together")
        if self.speed is not None and not self.speed.value > 0.0:
            raise ValueError("speed must be above 0")
        return self


class GpuOrders(Base):
    """A pool whose GPUs are ordered ahead instead of paid as used."""

    pool: str
    standing: Gpus | None = None
    """Under contract in all months, paid at the pool's price, busy or not; instead of those that the market reserves,
    which stand until their term ends where this is absent."""
    burst_factor: Annotated[Number, Field(ge=1.0)] | None = None
    """Price of an hour on demand over the pool's price, without a limit; as the market's contract has it where
    absent."""
    offers: Annotated[dict[str, GpuOffer], Field(min_length=1)]


class CaseHorizon(Base):
    """Months, stages of one menu each, and what changes meanwhile."""

    months: Month
    """Length of the horizon."""
    stages: (
        Literal["one", "quarterly", "yearly"]
        | Annotated[tuple[Month, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    ) = "one"
    """When the menu may change: never, every three or twelve months, or at the first months that are listed."""
    steps: Annotated[int, Field(ge=0)] | dict[str, Annotated[int, Field(ge=0)]] | None = None
    """Most points of its ladder that a plan may move from one stage to the next, for all plans or by plan; no limit
    where absent. The first stage may begin anywhere."""
    tail: Annotated[int, Field(ge=0, le=600)] = 36
    """Further months under the last menu, which count in a discounted objective, so that the end is not harvested."""
    discount_rate: PerYear | None = None
    """Of a year; none where absent. The first month counts in full."""
    worlds: Annotated[tuple[DatedWorld, ...], BeforeValidator(as_tuple)] = ()
    """Changes of the market at dates, in the order of their months."""
    announced: Annotated[tuple[Announced, ...], BeforeValidator(as_tuple)] = ()
    """Prices that are no choice any more."""
    efficiency: PerYear | None = None
    """By how much of itself the GPU time of a request falls in a year; it falls a little every month. None where
    absent."""
    gpus: GpuOrders | None = None
    """GPUs ordered with the menus. Where absent, those that the market reserves stand until their term ends."""
    cash: Cash | None = None
    """A condition: it may not fall below its least at the end of any month of the horizon."""
    holders: Literal["migrate", "keep"] = "migrate"
    """What becomes of a plan's customers when its terms change: they move to the new ones, or keep those under which
    they last decided until they decide anew."""
    shock: Fraction | None = None
    """Share of a plan's customers who decide anew at once in the month in which they move to changed terms, beside
    those who do anyway; none where absent. They choose again with everybody else: a shock is a chance of leaving and of
    upgrading."""

    @model_validator(mode="after")
    def _ordered(self) -> CaseHorizon:
        if isinstance(self.stages, tuple):
            rising = sorted(set(self.stages)) == list(self.stages)
            if not rising or self.stages[0] != 1 or self.stages[-1] > self.months:
                raise ValueError("stages must rise from month 1 and begin within the horizon")
        if self.shock is not None and self.holders == "keep":
            raise ValueError("shock is of customers who move to changed terms, and holders keep theirs")
        months = [w.month for w in self.worlds]
        if months != sorted(set(months)) or any(m > self.months for m in months):
            raise ValueError("the months of worlds must rise and lie within the horizon")
        return self

    @property
    def firsts(self) -> tuple[int, ...]:
        """First months of the stages."""
        if isinstance(self.stages, tuple):
            return self.stages
        every = {"one": self.months, "quarterly": 3, "yearly": 12}[self.stages]
        return tuple(range(1, self.months + 1, every))
