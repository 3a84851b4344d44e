"""What a company serves with: AI models, GPUs, and tokens bought at a price list."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optimizer.schema.base import (
    Base,
    Fraction,
    Gpus,
    Positive,
    Throughput,
    TokensPerRequest,
    UsdPerGpuHour,
    UsdPerToken,
)
from optimizer.schema.prices import LongContext


class TokenPrices(Base):
    """What tokens cost that are bought at a price list."""

    input: UsdPerToken
    """Price of an input token that is not read from a cache."""
    output: UsdPerToken
    cached: UsdPerToken | None = None
    """Price of an input token read from a cache; the price of other input where absent."""


class AiModel(Base):
    """A model we serve: its quality and what a request of it costs, in GPU time, in tokens bought, or in both."""

    title: str
    quality: Positive
    """Weight of its requests in the value of use; the best model of the day is 1."""
    input_tokens: TokensPerRequest
    output_tokens: TokensPerRequest
    cached: Fraction
    """Share of the input tokens read from a cache at no GPU time."""
    impressions: Fraction | None = None
    """Share of a plan's impressions per request that are shown where this one answers; 1 where absent."""
    prefill: Throughput | None = None
    """Input tokens a GPU reads in a second while busy; needed with a pool."""
    decode: Throughput | None = None
    """Output tokens a GPU writes in a second while busy; needed with a pool."""
    pool: str | None = None
    """Which pool of GPUs serves it; none where its tokens are bought."""
    long_context: LongContext | None = None
    """Its requests with a long context, for plans that bill them at other prices."""
    token_prices: TokenPrices | None = None
    """What its tokens cost where they are bought at a price list, beside the GPU hours of its pool if it has one."""


class Capacity(Base):
    """Compute that is contracted rather than paid as used."""

    reserved: Gpus
    """GPUs paid at the pool's price whether busy or not."""
    burst_limit: Gpus
    """The most GPUs to be had on demand beyond the reserved ones, in any hour block."""
    burst_price: UsdPerGpuHour
    """Price of an hour of a burst GPU."""
    term: Annotated[int, Field(ge=0)] | None = None
    """Months from today in which the contract still runs, for cases over months; it does not end where absent."""


class Pool(Base):
    """A pool of GPUs."""

    price: UsdPerGpuHour
    """Rent or full cost of a GPU hour."""
    utilisation: Fraction
    """Share of a paid GPU hour that does useful work inside a block of hours."""
    capacity: Capacity | None = None
    """Where absent, GPU hours are paid as used at ``price``."""
