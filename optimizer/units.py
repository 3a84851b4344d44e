"""Units of measure, checked and converted: a number without a unit cannot enter a market.

A unit is written ``[scale] name[/name...]``: ``usd/month``, ``million customers``, ``usd/GPU-hour``,
``tokens/s/GPU``, ``percent``. Counts of people (customers, persons, seats) carry no dimension, so
``usd/seat/month`` and ``usd/month`` agree; requests, tokens, impressions, GPUs, money, time and utility do.
The month is 730 hours. Money is ``usd``; a price in another currency (``INR/month``) measures something else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

SAME = 1e-9
"""Relative difference up to which two stated numbers are the same."""
SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}

# name -> (factor, dimensions); time is measured in months
_NAMES: dict[str, tuple[float, dict[str, int]]] = {
    "1": (1.0, {}),
    "fraction": (1.0, {}),
    "percent": (0.01, {}),
    "customer": (1.0, {}),
    "person": (1.0, {}),
    "seat": (1.0, {}),
    "account": (1.0, {}),
    "usd": (1.0, {"money": 1}),
    "request": (1.0, {"request": 1}),
    "impression": (1.0, {"impression": 1}),
    "token": (1.0, {"token": 1}),
    "Mtok": (1e6, {"token": 1}),
    "GPU": (1.0, {"gpu": 1}),
    "GPU-hour": (1.0 / 730.0, {"gpu": 1, "time": 1}),
    "second": (1.0 / (730.0 * 3600.0), {"time": 1}),
    "s": (1.0 / (730.0 * 3600.0), {"time": 1}),
    "hour": (1.0 / 730.0, {"time": 1}),
    "day": (24.0 / 730.0, {"time": 1}),
    "week": (168.0 / 730.0, {"time": 1}),
    "window": (1.0, {}),
    "month": (1.0, {"time": 1}),
    "year": (12.0, {"time": 1}),
    "utility": (1.0, {"utility": 1}),
}

CURRENCIES = frozenset({
    "AED", "ARS", "AUD", "BDT", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
    "HUF", "IDR", "ILS", "INR", "JPY", "KES", "KRW", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN",
    "RON", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "VND", "ZAR",
})  # fmt: skip
"""Codes of ISO 4217 in which a regional price may be stated."""


@lru_cache(maxsize=1024)
def parse(unit: str) -> tuple[float, tuple[tuple[str, int], ...]]:
    """Factor to base units and the dimensions of a unit.

    Raises ValueError for an unknown name, with the names there are.
    """
    words = unit.strip().split(" ")
    factor = 1.0
    while len(words) > 1 and words[0] in SCALES:
        factor *= SCALES[words.pop(0)]
    dimensions: dict[str, int] = {}
    for position, raw in enumerate(" ".join(words).split("/")):
        pieces = raw.strip().split(" ")
        scale = 1.0
        while len(pieces) > 1 and pieces[0] in SCALES:
            scale *= SCALES[pieces.pop(0)]
        name = " ".join(pieces)
        if name not in _NAMES and name.endswith("s"):
            name = name[:-1]
        if name not in _NAMES and name not in CURRENCIES:
            raise ValueError(
                f"unknown unit {raw.strip()!r}; known: {', '.join(sorted(_NAMES))}, scales {', '.join(SCALES)}"
            )
        size, dims = _NAMES.get(name, (1.0, {name: 1}))
        sign = 1 if position == 0 else -1
        factor *= (size * scale) ** sign
        for dim, power in dims.items():
            dimensions[dim] = dimensions.get(dim, 0) + sign * power
    return factor, tuple(sorted((d, p) for d, p in dimensions.items() if p))


def same_dimension(unit: str, other: str) -> bool:
    """Whether two units measure the same thing."""
    return parse(unit)[1] == parse(other)[1]


def convert(value: float, unit: str, to: str) -> float:
    """``value`` in ``unit`` expressed in ``to``. Raises ValueError where they measure different things."""
    (factor, dims), (target, wanted) = parse(unit), parse(to)
    if dims != wanted:
        raise ValueError(f"unit {unit!r} does not measure what {to!r} measures")
    return value if unit == to else value * (factor / target)


def currency_of(unit: str) -> str | None:
    """Currency of a monthly price: ``usd`` or a code of :data:`CURRENCIES`; None where the unit is no such price."""
    for name in ("usd", *CURRENCIES):
        if same_dimension(unit, f"{name}/month"):
            return name
    return None


@dataclass(frozen=True)
class Display:
    """How readers see numbers of a unit."""

    what: str
    """``%``, ``usd``, ``GPU hours``; empty for a plain number."""
    per: str = ""
    """``a month``, or nothing."""
    decimals: int | None = None
    """Of a percentage; None for an amount, whose digits depend on its size."""

    @property
    def words(self) -> str:
        """The unit in words, e.g. ``% a month``."""
        return f"{self.what} {self.per}".strip()


_SHARES = {"fraction": Display("%", "", 1), "1/month": Display("%", "a month", 2), "1": Display("")}


@lru_cache(maxsize=1024)
def display(unit: str) -> Display:
    """How readers see numbers of a unit; a unit that is not known as it is written."""
    if unit in _SHARES:
        return _SHARES[unit]
    what, _, time = unit.rpartition("/")
    return Display(what.replace("-", " "), "a month") if time == "month" else Display(unit)


def is_share(unit: str) -> bool:
    """Whether numbers of a unit are shares or rates: readers see them per cent, and their changes in points."""
    return display(unit).decimals is not None


def same(one: float, other: float) -> bool:
    """Whether two stated numbers are the same but for rounding: 143.88 usd a year and 11.99 usd a month are."""
    return math.isclose(one, other, rel_tol=SAME, abs_tol=0.0)
