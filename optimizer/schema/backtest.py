"""A back-test: a dated event, the market as it was known before, and what was then observed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimizer.schema.base import Base, Names, Number
from optimizer.schema.case import Change
from optimizer.schema.horizon import Month
from optimizer.schema.market import Channel, Source

RECALIBRATE = "recalibrate:"
Measure = Literal["relative_change", "difference", "value", "sign"]
Kind = Literal["observed", "forecast", "reported"]


class Situation(Base):
    """What is different from the market as its file has it."""

    changes: dict[str, Change] = Field(default_factory=dict)
    """Path into the market -> change; with ``recalibrate:`` before it a belief about today, in ``before`` only."""
    launched: Names = ()
    """Plans that the market describes and that go on sale."""
    withdrawn: Names = ()
    """Plans taken off the menu."""


class Predicted(Base):
    """Which figure is predicted, of the whole or of a plan, a segment or a channel."""

    figure: str
    """Name of the figure, e.g. customers."""
    plan: str | None = None
    segment: str | None = None
    channel: Channel | None = None
    measure: Measure
    """``relative_change`` after / before - 1; ``difference`` after - before; ``value`` after; ``sign``: the probability
    that it rises."""

    @model_validator(mode="after")
    def _one_part(self) -> Predicted:
        if sum(x is not None for x in (self.plan, self.segment, self.channel)) > 1:
            raise ValueError("give at most one of plan, segment, channel")
        return self


class Observation(Base):
    """What came of it, in the measure of the prediction."""

    value: Number
    """For a sign: 1 = it rose, 0 = it fell."""
    low: Number | None = None
    """The least it could have been, as far as sources tell."""
    high: Number | None = None
    kind: Kind
    """``observed``: counted by the maker or others; ``forecast``: what the maker expected; ``reported``: told, or read
    from what the maker did."""
    unverified: bool = False
    """Whether it rests on one weak source, or on an inference from what was done."""
    text: str
    """What was told, and how the number was read from it."""

    @model_validator(mode="after")
    def _order(self) -> Observation:
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError(f"value {self.value:g} lies outside low {low:g} to high {high:g}")
        return self


class Prior(Base):
    """What is said of an event that the market's vocabulary does not reach: anything in a wide range, alike likely."""

    low: Number
    high: Number
    why: str
    """What cannot be said, and so is not predicted."""

    @model_validator(mode="after")
    def _order(self) -> Prior:
        if not self.low < self.high:
            raise ValueError("low must lie below high")
        return self


class Backtest(Base):
    """A dated event that asks whether the model would have known."""

    title: str
    number: Annotated[int, Field(ge=1)]
    """Its place in the list of events."""
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """When it took effect, year-month-day."""
    market: str
    """Name of a shipped market, or of a folder."""
    stands_in: str | None = None
    """For whom the market stands, where it is not the one the event happened in."""
    horizon_months: Month | None = None
    """Months after the change at which it was looked at: that month is predicted, by the path from those who were
    there before. Absent: the observation has no date, and the run rate in the long run is predicted."""
    before: Situation = Field(default_factory=Situation)
    """The market as it was known before the event."""
    change: Situation = Field(default_factory=Situation)
    """What was done; customers answer to it."""
    predicted: Predicted
    observed: Observation
    prior: Prior | None = None
    """In place of ``change`` where that cannot be expressed."""
    tuned_on: dict[str, str] = Field(default_factory=dict)
    """Number of the market -> how this event's observation went into it. Such an event is scored, and left out of the
    summary."""
    sharpened_by: str | None = None
    """What else the market would have to say for a sharper prediction."""
    words: str
    """What the result means, in plain words."""
    sources: dict[str, Source]

    @model_validator(mode="after")
    def _expressed(self) -> Backtest:
        done = bool(self.change.changes or self.change.launched or self.change.withdrawn)
        if done == (self.prior is not None):
            raise ValueError("give either a change or a prior")
        beliefs = [path for path in self.change.changes if path.startswith(RECALIBRATE)]
        if beliefs:
            raise ValueError(f"{beliefs[0]}: a belief about today belongs under before")
        if self.predicted.measure == "sign" and self.observed.value not in (0.0, 1.0):
            raise ValueError("an observed sign is 1 (it rose) or 0 (it fell)")
        return self
