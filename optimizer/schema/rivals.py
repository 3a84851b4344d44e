"""Rivals who answer: what they own in the market, which prices they may ask, and what customers cost them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from optimizer.schema.base import Base, Fraction, UsdPerMonth
from optimizer.schema.prices import Ladder


class RivalOffer(Base):
    """An alternative that a rival owns. Without prices to choose from it stays as the market has it."""

    price: Ladder | None = None
    """Monthly fees that the rival may ask, usd/month."""
    unit_prices: dict[str, Ladder] = Field(default_factory=dict)
    """AI model -> unit prices that the rival may ask, in the unit of the market's own unit price."""
    times: Ladder | None = None
    """In place of both: factors on its fee and on all its unit prices."""
    cost_share: Fraction | None = None
    """Share of its customers' bills that serving and selling cost the rival."""
    cost_per_customer: UsdPerMonth | None = None
    """What a customer costs the rival besides."""

    @model_validator(mode="after")
    def _stated(self) -> RivalOffer:
        if self.times is not None and (self.price is not None or self.unit_prices):
            raise ValueError("give times, or price and unit_prices")
        if self.cost_share is None and self.cost_per_customer is None:
            raise ValueError("give cost_share, cost_per_customer or both")
        return self


class CaseRival(Base):
    """A company that sets the prices of its own alternatives for the most margin of its own."""

    title: str | None = None
    alternatives: Annotated[dict[str, RivalOffer], Field(min_length=1)]
    """Alternative of the market -> what the rival may ask for it, and what it costs."""
