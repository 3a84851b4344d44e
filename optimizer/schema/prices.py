"""Prices of metered use: by kind of token, above a context length; and the ladders a case gives them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from optimizer.schema.base import Base, Fraction, Number, Quantity, TokensPerRequest


class PricesAbove(Base):
    """Prices of requests whose context is longer than a length."""

    tokens: TokensPerRequest
    """Length of the context, input tokens, from which these prices hold for the whole request."""
    input: Quantity
    """Price of an input token that is read anew, e.g. usd/Mtok."""
    cached: Quantity | None = None
    """Price of an input token that is read from a cache; that of ``input`` where absent."""
    output: Quantity
    """Price of an output token."""


class UnitPricesByKind(Base):
    """Prices by kind of token. The price of a request follows from the AI model's tokens per request."""

    input: Quantity
    """Price of an input token that is read anew, e.g. usd/Mtok."""
    cached: Quantity | None = None
    """Price of an input token that is read from a cache; that of ``input`` where absent."""
    output: Quantity
    """Price of an output token."""
    above: PricesAbove | None = None
    """Other prices for requests with a long context; the AI model's ``long_context`` says how many those are."""


def _stated_as(value: Any) -> str:
    """Which form of a unit price is meant, so that only its errors are told."""
    if isinstance(value, dict):
        return "by-kind" if {"input", "cached", "output", "above"} & set(value) else "one-price"
    return "by-kind" if isinstance(value, UnitPricesByKind) else "one-price"


StatedUnitPrice = Annotated[
    Annotated[Quantity, Tag("one-price")] | Annotated[UnitPricesByKind, Tag("by-kind")], Discriminator(_stated_as)
]


class LongContext(Base):
    """Requests of an AI model with a long context, which some plans bill at other prices."""

    share: Fraction
    """Share of all requests to the AI model."""
    input_tokens: TokensPerRequest
    """Mean of those requests; the AI model's own ``input_tokens`` is the mean of all, these included."""
    output_tokens: TokensPerRequest
    """Mean of those requests."""


def as_ladder(value: Any) -> Any:
    """A single step may be written without brackets."""
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, int | float | str) and not isinstance(value, bool) else value


Ladder = Annotated[tuple[Number, ...], BeforeValidator(as_ladder), Field(min_length=1)]


class AboveLadders(Base):
    """Prices above a context length to choose from, in the units of the market."""

    input: Ladder | None = None
    """usd per token in the unit of the market."""
    cached: Ladder | None = None
    """usd per token in the unit of the market."""
    output: Ladder | None = None
    """usd per token in the unit of the market."""


class UnitPriceLadders(Base):
    """Steps for all prices of an AI model together (``times``), or for each kind of token."""

    times: Ladder | None = None
    """Factors on today's price, or on today's prices of all kinds of tokens; 1 = as today."""
    input: Ladder | None = None
    """Prices of input tokens in the unit of the market."""
    cached: Ladder | None = None
    """Prices of cached input tokens in the unit of the market."""
    output: Ladder | None = None
    """Prices of output tokens in the unit of the market."""
    above: AboveLadders | None = None
    """Prices above the context length."""

    @model_validator(mode="after")
    def _some(self) -> UnitPriceLadders:
        kinds = [x for x in (self.input, self.cached, self.output, self.above) if x is not None]
        if (self.times is None) == (not kinds):
            raise ValueError("give either times, or ladders for input, cached, output or above")
        return self
