"""What customers use beyond what they ask for themselves, and what was observed of their use."""

from __future__ import annotations

from pydantic import Field

from optimizer.schema.base import Base, Days, Fraction, Number, RequestsPerMonth, Sigma, Windows


class Unattended(Base):
    """A second stream of requests that runs without a person: agents, loops, jobs left to themselves."""

    share: Fraction
    """Share of the customers of each type who have such a stream."""
    requests: RequestsPerMonth
    """Mean over those who have it, on top of what they ask for themselves."""
    sigma: Sigma | None = None
    """Sigma of the lognormal spread between them; as for their own requests where absent. Who asks for more himself
    leaves more running."""
    active_days: Days | None = None
    """Days a month on which they use the service, both streams together; as without where absent."""
    windows_per_day: Windows | None = None
    """Windows of 3 or 5 hours with use on such a day; as without where absent."""


class ObservedUsage(Base):
    """What customers were observed to use today, to be compared with what the model has them use."""

    plans: dict[str, RequestsPerMonth] = Field(default_factory=dict)
    """Requests served per customer of a plan sold today."""
    segments: dict[str, RequestsPerMonth] = Field(default_factory=dict)
    """Requests served per customer in a segment, over all our plans."""
    tolerance: Number = 0.25
    """Largest relative difference that is not told, a fraction; a larger one is a warning."""
