"""Whether what a market serves with can be: throughputs, pools, tokens bought."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.schema.market import Market
from optimizer.schema.supply import AiModel


def check_supply(market: Market, document: Document) -> Iterator[Finding]:
    """Findings about AI models and pools."""
    for name, ai_model in market.ai_models.items():
        yield from _served(document, f"ai_models.{name}", ai_model)
    for name, pool in market.pools.items():
        if pool.utilisation.value <= 0.0:
            yield document.finding("not-positive", f"pools.{name}.utilisation", "must be above 0", "state a fraction")


def _served(document: Document, path: str, ai_model: AiModel) -> Iterator[Finding]:
    """What serves an AI model: GPUs of a pool at two throughputs, or tokens bought."""
    if ai_model.pool is None and ai_model.token_prices is None:
        message = "nothing serves it: it has neither a pool nor token prices"
        yield document.finding("not-served", path, message, "name its pool and throughputs, or its token_prices")
    for field in ("prefill", "decode"):
        stated = getattr(ai_model, field)
        if ai_model.pool is not None and stated is None:
            message = f"{field} is needed to know the GPU time of a request"
            yield document.finding("missing-throughput", path, message, f"state {field} in tokens/s/GPU, or no pool")
    rates = [q.value for q in (ai_model.prefill, ai_model.decode) if q is not None]
    if any(rate <= 0.0 for rate in rates):
        yield document.finding("not-positive", path, "throughput must be above 0", "state tokens/s/GPU")
