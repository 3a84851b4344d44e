"""How to solve: tolerances and limits, named once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optimizer.schema.base import Base, Number


class Options(Base):
    """Solve options of a case; the command line can override them."""

    gap: Annotated[Number, Field(ge=0.0, le=1.0)] = 1e-4
    """The answer is called optimal when (bound - value) / |value| is at most this; a fraction."""
    time_limit: Annotated[Number, Field(gt=0.0)] | None = None
    """Seconds of wall time after which the best menu found is returned with its gap; none = no limit."""
    continuous_gap: Annotated[Number, Field(gt=0.0, le=1.0)] = 1e-2
    """Gap asked for where prices are ranges; a fraction."""
    screen: bool = True
    """False hands the whole program to HiGHS (slow; the answer is the same)."""
