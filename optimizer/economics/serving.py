"""What serving a request takes in GPU time."""

from __future__ import annotations

from optimizer.typing import Array


def gpu_seconds_per_request(
    input_tokens: float, cached: float, prefill: float, output_tokens: float, decode: float
) -> float:
    """GPU seconds of useful work: input x (1 - cached) / prefill + output / decode.

    Unit: GPU seconds per request; tokens per request and tokens per second and GPU in.
    Source: prefill and decode throughput, DeepSeek-V3/R1 inference system overview (2025).
    """
    return input_tokens * (1.0 - cached) / prefill + output_tokens / decode


def token_cost_per_request(
    input_tokens: float,
    cached: float,
    output_tokens: float,
    input_price: float,
    cached_price: float,
    output_price: float,
) -> float:
    """Cost of tokens bought: input x (1 - cached) x price + input x cached x cached price + output x output price.

    >>> round(token_cost_per_request(1000.0, 0.5, 200.0, 2e-6, 0.2e-6, 10e-6), 6)
    0.0031

    Unit: usd per request; tokens per request and usd per token in. Source: definition, as API price lists bill.
    """
    read = input_tokens * ((1.0 - cached) * input_price + cached * cached_price)
    return read + output_tokens * output_price


def gpu_hours(requests: Array, seconds: float, utilisation: float) -> Array:
    """Paid GPU hours a month: requests x seconds / 3600 / utilisation.

    Index: any. Unit: GPU-hours/month. Source: definition.
    """
    return requests * (seconds / 3600.0 / utilisation)


def gpus_busy(hours_of_gpu: Array, share: Array, block_hours: float) -> Array:
    """GPUs needed throughout an hour block: paid GPU hours x share of use in the block / hours of the block.

    Index: any. Unit: GPU. Source: definition.
    """
    return hours_of_gpu * share / block_hours
