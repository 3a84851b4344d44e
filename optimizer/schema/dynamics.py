"""How a market moves from month to month; a case over months alone uses it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optimizer.schema.base import Base, Customers, PerMonth, Utility


class StatedHabit(Base):
    """What those who decide anew owe to what they have: utility on top of what strangers see in a plan."""

    familiarity: Utility
    """Of every plan of ours to who is with us already."""
    upgrade: Utility | None = None
    """Of plans that are paid for to who is on a free plan, besides; none where absent."""
    loyalty: Utility | None = None
    """Of plans that are paid for to who is on one, besides; none where absent."""


class ObservedRise(Base):
    """Payers who came on balance over some months: what the habit numbers are held against."""

    before: Customers
    """Who paid at the start."""
    after: Customers
    """Who paid at the end."""
    months: Annotated[int, Field(ge=1)]
    """Between the two."""
    free: Customers
    """Customers on plans that cost nothing, on average of these months."""


class Dynamics(Base):
    """Numbers of the months. Where one is absent, what it would move does not move."""

    habit: StatedHabit | None = None
    """Without it everybody who decides is alike. With it the constants of plans are solved anew, so that today is at
    rest."""
    payers_rise: ObservedRise | None = None
    """Told by ``optimizer check`` beside what the market can move; nothing is solved from it."""
    growth: dict[str, PerMonth] = Field(default_factory=dict)
    """Segment -> people who come into reach in a month, as a share of those reached today; they decide at once. Never
    more come than the segment has people."""
    reach_speed: PerMonth | None = None
    """Share of the way that a month's word of mouth goes to the reach that customers bring in the long run."""
