"""What a market serves with becomes numbers: GPU pools, and what a request of each AI model takes."""

from __future__ import annotations

import math

import numpy as np

from optimizer.economics import serving
from optimizer.economics.population import AiModels, Pools
from optimizer.schema.market import Market
from optimizer.schema.supply import AiModel
from optimizer.typing import Array


def pools_of(market: Market) -> Pools:
    """GPUs and hour blocks."""
    pools = list(market.pools.values())
    nan = math.nan

    def of(values: list[float]) -> Array:
        return np.array(values, dtype=float)

    return Pools(
        names=tuple(market.pools),
        price=of([p.price.value for p in pools]),
        reserved=of([nan if p.capacity is None else p.capacity.reserved.value for p in pools]),
        burst_limit=of([nan if p.capacity is None else p.capacity.burst_limit.value for p in pools]),
        burst_price=of([nan if p.capacity is None else p.capacity.burst_price.value for p in pools]),
        blocks=tuple(market.hours),
        hours=of([h.value for h in market.hours.values()]),
    )


def ai_models_of(market: Market) -> AiModels:
    """Quality, paid GPU hours and cost of tokens bought, a request."""
    pools, models = list(market.pools), list(market.ai_models.values())
    hours = np.zeros((len(models), len(pools)))
    for a, m in enumerate(models):
        if m.pool is None or m.prefill is None or m.decode is None:
            continue
        seconds = serving.gpu_seconds_per_request(
            m.input_tokens.value, m.cached.value, m.prefill.value, m.output_tokens.value, m.decode.value
        )
        one = serving.gpu_hours(np.ones(1), seconds, market.pools[m.pool].utilisation.value)
        hours[a, pools.index(m.pool)] = float(one[0])
    return AiModels(
        names=tuple(market.ai_models),
        quality=np.array([m.quality.value for m in models]),
        gpu_hours=hours,
        impressions=np.array(
            [1.0 if m.impressions is None else m.impressions.value for m in market.ai_models.values()]
        ),
        token_cost=np.array([_token_cost(m) for m in models]),
    )


def _token_cost(m: AiModel) -> float:
    """usd a request for tokens bought; 0 where none are."""
    if m.token_prices is None:
        return 0.0
    fresh, read, written = m.token_prices.input.value, m.token_prices.cached, m.token_prices.output.value
    cached = fresh if read is None else read.value
    tokens = m.input_tokens.value, m.cached.value, m.output_tokens.value
    return serving.token_cost_per_request(*tokens, fresh, cached, written)
