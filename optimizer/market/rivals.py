"""Rivals of a case in numbers: the prices each may ask, and what it then weighs and earns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer.economics import rivalry
from optimizer.io.documents import Document
from optimizer.market.prepare import Prepared
from optimizer.schema.base import Quantity
from optimizer.schema.case import Case, Change
from optimizer.schema.rivals import CaseRival, RivalOffer
from optimizer.typing import Array
from optimizer.units import convert

MOST_PROFILES = 10_000
"""Profiles of rivals' prices beyond which a proof would take too long."""
COSTS = ("value", "low", "high")
"""Which of the numbers that state a rival's costs is taken."""


@dataclass(frozen=True)
class RivalPrices:
    """One way for a rival to set its prices."""

    changes: Mapping[str, Change]
    """To the market, by path."""
    at_end: tuple[str, ...]
    """Paths of the prices that are the lowest or the highest of their ladders."""
    far: float
    """From the stated prices, relative, summed over ladders."""


@dataclass(frozen=True)
class _Ladder:
    """Prices of the market that move together."""

    paths: tuple[str, ...]
    changes: tuple[Change, ...]
    """Ascending."""
    factors: tuple[float, ...]
    """What each makes of the stated prices; nan where those are 0."""


def _ladders(rival: CaseRival, document: Document) -> list[_Ladder]:
    found = []
    for name, offer in rival.alternatives.items():
        path, stated = f"alternatives.{name}", document.data["alternatives"][name]
        if offer.times is not None:
            paths = (f"{path}.price", *_prices(stated.get("unit_prices", {}), f"{path}.unit_prices"))
            steps = _steps(offer.times)
            found.append(_Ladder(paths, tuple(Change(times=x) for x in steps), tuple(steps)))
        if offer.price is not None:
            unit = stated["price"]["unit"]
            prices = [convert(x, "usd/month", unit) for x in _steps(offer.price)]
            found.append(_of_prices(f"{path}.price", prices, stated["price"]["value"]))
        for a, asked in offer.unit_prices.items():
            found.append(_of_prices(f"{path}.unit_prices.{a}", _steps(asked), stated["unit_prices"][a]["value"]))
    return found


def _prices(stated: Mapping[str, Any], path: str) -> list[str]:
    """Paths of all unit prices, by kind of token where they are stated so."""
    if "value" in stated:
        return [path]
    below = [(f"{path}.{key}", part) for key, part in stated.items() if key != "tokens" and isinstance(part, dict)]
    return [found for where, part in below for found in _prices(part, where)]


def _of_prices(path: str, prices: Sequence[float], stated: float) -> _Ladder:
    factors = tuple(x / stated if stated else math.nan for x in prices)
    return _Ladder((path,), tuple(Change(to=x) for x in prices), factors)


def _steps(prices: Sequence[float]) -> list[float]:
    return sorted(set(prices))


def asked_prices(rival: CaseRival, document: Document) -> tuple[RivalPrices, ...]:
    """Every way for a rival to set its prices; one that changes nothing where it has no ladder.

    ``document``: of the market that the prices are set in.
    """
    ladders = _ladders(rival, document)
    return tuple(
        RivalPrices(
            {path: ladder.changes[k] for ladder, k in zip(ladders, places, strict=True) for path in ladder.paths},
            tuple(
                path
                for ladder, k in zip(ladders, places, strict=True)
                for path in ladder.paths
                if len(ladder.changes) > 1 and k in (0, len(ladder.changes) - 1)
            ),
            sum(_far(ladder.factors[k]) for ladder, k in zip(ladders, places, strict=True)),
        )
        for places in itertools.product(*(range(len(ladder.changes)) for ladder in ladders))
    )


def _far(factor: float) -> float:
    """How far a price is from the stated one; alike for all where that is 0."""
    return 0.0 if math.isnan(factor) else abs(factor - 1.0)


def count_profiles(case: Case) -> int:
    """Combinations of all rivals' prices."""
    offers = [offer for rival in case.rivals.values() for offer in rival.alternatives.values()]
    steps = [ladder for o in offers for ladder in (o.price, o.times, *o.unit_prices.values()) if ladder is not None]
    return math.prod(len(set(ladder)) for ladder in steps)


def weighs(rival: CaseRival, prepared: Prepared, cost: str = "value") -> tuple[Array, Array]:
    """(I,) stock of a rival's alternatives in a market, and what that stock earns: stock x margin a customer.

    ``cost``: which number of its costs counts, one of ``COSTS``.
    """
    places = [k for k, a in enumerate(prepared.alternatives) if a.name in rival.alternatives]
    names = [prepared.alternatives[k].name for k in places]
    stocks = (prepared.alternative_share[:, places] * prepared.outside[:, None]).T
    margins = np.stack([
        _margin(rival.alternatives[name], prepared.alternative_bill[:, k], cost)
        for name, k in zip(names, places, strict=True)
    ])  # fmt: skip
    total = stocks.sum(axis=0)
    return total, rivalry.margin_per_person(stocks, margins, np.ones_like(total))


def _margin(offer: RivalOffer, bill: Array, cost: str) -> Array:
    return rivalry.offer_margin(bill, _number(offer.cost_share, cost), _number(offer.cost_per_customer, cost))


def _number(quantity: Quantity | None, cost: str) -> float:
    """A cost at its value, low or high; its value where that is not stated."""
    if quantity is None:
        return 0.0
    stated = getattr(quantity, cost)
    return quantity.value if stated is None else float(stated)
