"""Numbers as readers write them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from optimizer.units import display

ROUNDED_UP = 0.9995
"""From this part of a scale on three digits round to the whole of it: 999.6 k is 1 M."""
_SCALES = ((1e9, " bn"), (1e6, " M"), (1e3, " k"))

DISCOUNT, CREDITS, REGIONAL = "annual_discount", "credits", "regional_price."
"""Names of terms beyond fee, caps and unit prices; the last with the segment."""


def amount(value: float) -> str:
    """A number with three significant digits and a scale word."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "unlimited"
    for size, word in _SCALES:
        if abs(value) >= size * ROUNDED_UP:
            return _three(value / size) + word
    return _three(value)


def _three(value: float) -> str:
    return f"{value:,.3g}" if abs(value) < 99.5 else f"{value:,.0f}"


def bare(value: float, unit: str) -> str:
    """A number without the unit that its heading names; shares and rates per cent."""
    shown = display(unit)
    if shown.decimals is None or math.isnan(value):
        return amount(value)
    return f"{value:.{shown.decimals}%}"


def quantity(value: float, unit: str) -> str:
    """A figure in its unit, where the name says what is counted; money in usd, shares and rates per cent."""
    shown = display(unit)
    if math.isnan(value):
        return "-"
    if shown.decimals is not None:
        return f"{bare(value, unit)} {shown.per}".rstrip()
    return f"{amount(value)} usd" if shown.what == "usd" else amount(value)


def stated(value: float, unit: str) -> str:
    """A number with its whole unit, where no name says what is counted."""
    shown = display(unit)
    return quantity(value, unit) if shown.decimals is not None else f"{amount(value)} {shown.words}".rstrip()


def further_words(told: Mapping[str, float], units: Mapping[str, str] | None = None) -> str:
    """These terms in one line."""
    parts = []
    for name, value in told.items():
        if name == DISCOUNT:
            parts.append(f"{100.0 * value:.3g}% off by the year")
        elif name == CREDITS:
            parts.append(f"{value:.4g} usd of credits")
        else:
            currency = (units or {}).get(name, "").partition("/")[0]
            parts.append(f"{name.removeprefix(REGIONAL)} {value:.4g} {currency}".rstrip())
    return ", ".join(parts)
