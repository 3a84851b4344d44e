"""Where a market's numbers come from, and the costs that a reader may assume otherwise."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from optimizer.economics import advertising, choice, decisions, finance, overage, reach, serving, usage
from optimizer.report.words import heading, path_words
from optimizer.schema.market import Market

Data = dict[str, Any]
Place = tuple[str | int, ...]

EQUATIONS = (
    choice.systematic_utility, choice.attraction, choice.nested, choice.stock, choice.stays, choice.customers,
    reach.reach_share, usage.limited_mean, usage.served, overage.spend, finance.effective_fee, finance.bill,
    finance.payment_cost, serving.gpu_seconds_per_request, serving.gpu_hours, serving.token_cost_per_request,
    serving.gpus_busy, decisions.decision_rate, decisions.leaving, advertising.revenue, advertising.disutility,
)  # fmt: skip
"""Those that stand behind the figures of the page."""
SHAPES = ("usage.hours", "usage.window_sigmas")
"""Numbers of every segment that are alike and are left out."""


def equation_texts() -> dict[str, str]:
    """Name -> formula, index, unit and source."""
    return {f"{f.__module__.rpartition('.')[2]}.{f.__name__}": inspect.getdoc(f) or "" for f in EQUATIONS}


def number_rows(market: Market) -> list[Data]:
    """Every number with unit, range, and source or assumption."""
    found = []
    for path, q in _quantities(market.model_dump(mode="json", exclude_none=True)):
        if any(shape in path for shape in SHAPES):
            continue
        row = {"path": path, "value": q["value"], "unit": q["unit"]}
        row |= {k: q[k] for k in ("low", "high", "source") if k in q}
        found.append(row | ({"why": q["assumption"]} if "assumption" in q else {}))
    return found


def _quantities(data: Any, path: str = "") -> Iterator[tuple[str, Data]]:
    if not isinstance(data, dict):
        return
    if "value" in data and "unit" in data:
        yield path, data
        return
    for key, part in data.items():
        yield from _quantities(part, f"{path}.{key}" if path else str(key))


def source_rows(market: Market) -> dict[str, Data]:
    """Text, address and grade by key."""
    return {
        key: {"text": s.text, "grade": s.grade, **({"url": s.url} if s.url else {})}
        for key, s in market.sources.items()
    }


def assumption_rows(market: Market) -> list[Data]:
    """Costs and speeds that move without calibrating anew: path, where it stands in the facts, value and range."""
    stated = dict(_quantities(market.model_dump(mode="json", exclude_none=True)))
    return [
        {
            "path": path,
            "at": list(place),
            "group": _group(path),
            "label": path_words(path) if path.startswith("plans.") else path_words(path).partition(": ")[2],
            "unit": _unit(stated[path]["unit"]),
            "value": stated[path]["value"],
            **{k: stated[path][k] for k in ("low", "high") if k in stated[path]},
        }
        for path, place in _places(market)
        if path in stated
    ]


def _group(path: str) -> str:
    """Whose number it is, in words."""
    owner, _, rest = path_words(path).partition(": ")
    return "What plans cost us" if path.startswith("plans.") else owner if rest else heading(path.partition(".")[0])


def _unit(unit: str) -> str:
    """A unit as readers see it: nothing for a plain number."""
    return "" if unit in ("fraction", "1") else unit.replace("/", " a ", 1)


def _places(market: Market) -> Iterator[tuple[str, Place]]:
    """Path into the market -> place in the facts."""
    for p, name in enumerate(market.pools):
        yield f"pools.{name}.price", ("pools", p, "price")
        yield f"pools.{name}.utilisation", ("pools", p, "utilisation")
        for part in ("reserved", "burst_limit", "burst_price"):
            yield f"pools.{name}.capacity.{part}", ("pools", p, "capacity", part)
    for a, name in enumerate(market.ai_models):
        for part in ("input_tokens", "output_tokens", "cached", "prefill", "decode"):
            yield f"ai_models.{name}.{part}", ("ai_models", a, part)
        for part in ("input", "cached", "output"):
            yield f"ai_models.{name}.token_prices.{part}", ("ai_models", a, "token_prices", part)
    for channel in market.finance.fees:
        yield f"finance.fees.{channel}.payment", ("finance", "fees", channel, "payment")
    yield "finance.other_cost_of_revenue", ("finance", "other_cost_of_revenue")
    for j, name in enumerate(market.plans):
        yield f"plans.{name}.support_cost", ("plans", j, "support_cost")
        yield f"plans.{name}.fixed_cost", ("plans", j, "fixed_cost")
