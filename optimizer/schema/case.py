"""A case: one question to a market."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from optimizer.schema.base import Base, Names, Number, as_tuple
from optimizer.schema.change import Change as Change  # noqa: PLC0414 (known to all by this file)
from optimizer.schema.horizon import CaseHorizon, Month, Months
from optimizer.schema.market import Channel, Window
from optimizer.schema.options import Options
from optimizer.schema.prices import Ladder, UnitPriceLadders, as_ladder
from optimizer.schema.rivals import CaseRival

CapStep = Number | Literal["unlimited"]


Steps = Annotated[tuple[CapStep, ...], BeforeValidator(as_ladder), Field(min_length=1)]


class PriceRange(Base):
    """Any price between two; the answer is certified on the continuum."""

    least: Annotated[Number, Field(gt=0.0)]
    """usd/month."""
    most: Annotated[Number, Field(gt=0.0)]
    """usd/month."""
    step: Annotated[Number, Field(gt=0.0)] | None = None
    """Round the answer to multiples of this, and tell what the rounding loses; none = leave it as it is."""

    @model_validator(mode="after")
    def _order(self) -> PriceRange:
        if self.least >= self.most:
            raise ValueError("least must lie below most")
        return self


class PlanLadders(Base):
    """What may be chosen for a plan; what is not named stays as the market has it."""

    price: PriceRange | Ladder | None = None
    """Prices to choose from, usd/month; or a range ``{least: 15, most: 30}``."""
    allowances: dict[str, dict[Window, Steps]] = Field(default_factory=dict)
    """AI model -> window -> caps to choose from, requests; ``unlimited`` = no cap."""
    unit_prices: dict[str, Ladder | UnitPriceLadders] = Field(default_factory=dict)
    """AI model -> unit prices to choose from, in the unit of the market's own unit price; or ``{times: [0.8, 1]}``, or
    ladders by kind of token."""
    impressions: Ladder | None = None
    """Advertisements shown with a served request, to choose from; 0 = none."""
    annual_discount: Ladder | None = None
    """Discounts on the fee of who pays by the year to choose from, fractions."""
    credits: Ladder | None = None
    """Spend at the unit prices that the fee includes, to choose from, usd/month."""
    regional_price: dict[str, Ladder] = Field(default_factory=dict)
    """Segment -> fees to choose from, in the currency of the market's own price there, a month."""
    withdraw: bool | None = None
    """Whether taking the plan off the menu is a choice; by default only for plans not sold today."""


class Mix(Base):
    """The go-to-market budget: how it is split, and how much of it there is. What is not named stays as it is today."""

    enterprise_share: Ladder | None = None
    """Shares of the go-to-market budget spent on enterprise, fractions to choose from."""
    budget: Ladder | None = None
    """Sizes of the budget to choose from, usd/month; where there are any it is a cost (``marketing_cost``)."""

    @model_validator(mode="after")
    def _any(self) -> Mix:
        if self.enterprise_share is None and self.budget is None:
            raise ValueError("give enterprise_share, budget or both")
        return self


class CaseCondition(Base):
    """A condition that the menu must meet; by total, plan, segment or channel."""

    name: str | None = None
    """What to call it in messages; made from the figure where absent."""
    figure: str
    """Name of the figure, e.g. gross_margin_rate."""
    plan: str | None = None
    segment: str | None = None
    channel: Channel | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    relative_to: Literal["today"] | None = None
    """``today``: the bounds are multiples of today's value of the figure."""
    denominator_floor: Number | None = None
    """For a ratio: the least its denominator may be, above 0. Where absent, 1e-3 of today's, or 1e-6 of today's total
    where today has none. What is asked of a plan is met where it is off the menu; its floor is 1e-9 of the total."""
    share: Annotated[Number, Field(gt=0.0, le=1.0)] | None = Field(default=None, alias="in")
    """Over draws: the share of them, by weight, in which it must hold at least. One world alone must meet it."""
    months: Months | None = None
    """With a horizon: first and last month of the window over which it must hold as a whole: a ratio of the window's
    sums, an amount as the mean of its months. Where nothing is said of months, the window is the horizon."""
    since: Month | None = Field(default=None, alias="from")
    """With a horizon: it must hold in every month from this one on."""
    at: Annotated[tuple[Month, ...], BeforeValidator(as_tuple)] | None = None
    """With a horizon: it must hold in each of these months."""
    on: Literal["mean"] | None = None
    """``mean``: over draws, it must hold on the mean. Without this and ``in`` it must hold in every draw."""

    model_config = ConfigDict(serialize_by_alias=True)

    @model_validator(mode="after")
    def _bounded(self) -> CaseCondition:
        if self.share is not None and self.on is not None:
            raise ValueError("give at most one of in, on")
        if sum(x is not None for x in (self.months, self.since, self.at)) > 1:
            raise ValueError("give at most one of months, from, at")
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least or at_most")
        if sum(x is not None for x in (self.plan, self.segment, self.channel)) > 1:
            raise ValueError("give at most one of plan, segment, channel")
        return self


class PriceChange(Base):
    """How far a plan's prices may move from today's: its fee, and its unit prices."""

    plan: str
    at_most: Annotated[Number, Field(ge=0.0)]
    """Largest relative change against today, a fraction."""


class Rules(Base):
    """Rules on the menu itself."""

    plan_order: Annotated[tuple[Names, ...], BeforeValidator(as_tuple)] = ()
    """Lists of plans from small to large: a dearer plan costs at least as much, never allows less and
    never shows more advertising."""
    price_change: Annotated[tuple[PriceChange, ...], BeforeValidator(as_tuple)] = ()
    mix_change: Annotated[Number, Field(ge=0.0, le=1.0)] | None = None
    """Largest change of the enterprise share of the go-to-market budget against today, a fraction of the budget."""
    charm_prices: bool = False
    """Keep only prices that end in 9, 0 or 5 (whole usd), or in .99."""


class CaseStage(Base):
    """One stage of a lexicographic order."""

    maximise: str | None = None
    minimise: str | None = None
    give: Annotated[Number, Field(ge=0.0)] = 1e-4
    """How much of this stage's best a later stage may give up, relative."""

    @model_validator(mode="after")
    def _one(self) -> CaseStage:
        if (self.maximise is None) == (self.minimise is None):
            raise ValueError("give exactly one of maximise, minimise")
        return self


class CaseObjective(Base):
    """What to get the most (or least) of."""

    maximise: str | None = None
    minimise: str | None = None
    blend: dict[str, Number] | None = None
    """Figure -> weight; each figure is taken relative to today's absolute value."""
    lexicographic: Annotated[tuple[CaseStage, ...], BeforeValidator(as_tuple)] | None = None
    months: Months | None = None
    """With a horizon: first and last month whose mean counts, e.g. [24, 24] for what is reached at the end. Where
    absent the months of the horizon and of its tail count, each discounted."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"maximise": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one(self) -> CaseObjective:
        if sum(x is not None for x in (self.maximise, self.minimise, self.blend, self.lexicographic)) != 1:
            raise ValueError("give exactly one of maximise, minimise, blend, lexicographic")
        return self


class Scenario(Base):
    """A way the world may turn out: changes on top of the case's own."""

    title: str | None = None
    changes: dict[str, Change] = Field(default_factory=dict)
    """Path into the market -> change; without any the scenario is the case as it stands."""
    weight: Annotated[Number, Field(gt=0.0)] = 1.0
    """Weight in expected values; weights need not add up to 1."""


@dataclass(frozen=True)
class CaseOrigin:
    """Where a case was loaded from. All origins are equal: where a case lies is no part of what it asks."""

    file: Path | None = field(default=None, compare=False)
    """The whole path of the case; None for one made by hand or from text."""
    market: str = field(default="", compare=False)
    """The market that the case named there."""
    place: Path | None = field(default=None, compare=False)
    """The whole path of that market: its folder, or the workbook that holds it."""


class Case(Base):
    """One question: which market, what may be chosen, for what aim, under which conditions.

    A case that was loaded from a file remembers it, through copies too: its market is the one it was loaded with.
    """

    _origin: CaseOrigin = PrivateAttr(default=CaseOrigin())

    title: str
    question: str
    """The question in plain words."""
    market: str
    """Name of a shipped market, or of a folder."""
    changes: dict[str, Change] = Field(default_factory=dict)
    """Path into the market -> change, applied after calibration: what will be different from today.

    With ``recalibrate:`` before the path it is applied before calibration: another belief about today."""
    plans: dict[str, PlanLadders] = Field(default_factory=dict)
    """Plan -> what may be chosen. Plans not named stay as they are today."""
    mix: Mix | None = None
    objective: CaseObjective = Field(default_factory=lambda: CaseObjective(maximise="contribution_margin"))
    conditions: Annotated[tuple[CaseCondition, ...], BeforeValidator(as_tuple)] = ()
    rules: Rules = Field(default_factory=Rules)
    scenarios: dict[str, Scenario] = Field(default_factory=dict)
    """Named scenarios to compare."""
    grid: dict[str, Annotated[tuple[Change, ...], BeforeValidator(as_tuple)]] = Field(default_factory=dict)
    """Path -> changes; every combination is a scenario too."""
    rivals: dict[str, CaseRival] = Field(default_factory=dict)
    """Rivals who answer with prices, in the study ``rivals``; everywhere else they do not answer."""
    horizon: CaseHorizon | None = None
    """The case over months: a menu for every stage, from today's customers on. Without it the case asks for the long
    run."""
    options: Options = Field(default_factory=Options)

    @model_validator(mode="after")
    def _months(self) -> Case:
        if self.horizon is None:
            asked = [c for c in self.conditions if c.months or c.since or c.at]
            if asked or self.objective.months:
                raise ValueError("months are asked for, and the case has no horizon")
        return self

    @property
    def origin(self) -> CaseOrigin:
        """Where the case was loaded from."""
        return self._origin

    def loaded_from(self, file: Path, place: Path) -> Case:
        """The same case, which knows its file and its market's place."""
        made = self.model_copy()
        made._origin = CaseOrigin(Path(os.path.abspath(file)), self.market, Path(os.path.abspath(place)))
        return made
