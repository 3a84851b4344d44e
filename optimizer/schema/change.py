"""A change to one number of a market."""

from __future__ import annotations

from pydantic import model_validator

from optimizer.schema.base import Base, Number


class Change(Base):
    """A change to one number of the market (or all that a path with ``*`` names)."""

    to: Number | None = None
    """The new value, in the unit the market states."""
    times: Number | None = None
    """A factor on the market's value."""
    plus: Number | None = None
    """Added to the market's value, in its unit."""
    unit: str | None = None
    """With ``to``, for a number that the market does not state yet (e.g. a pool's capacity)."""

    @model_validator(mode="after")
    def _one(self) -> Change:
        if sum(x is not None for x in (self.to, self.times, self.plus)) != 1:
            raise ValueError("give exactly one of to, times, plus")
        return self
