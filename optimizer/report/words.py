"""Numbers as readers write them."""

from __future__ import annotations

import math

_SCALES = ((1e9, " bn"), (1e6, " M"), (1e3, " k"))


def amount(value: float) -> str:
    """A number with three significant digits and a scale word."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "unlimited"
    for size, word in _SCALES:
        if abs(value) >= size:
            return f"{value / size:,.3g}{word}" if abs(value) < 1e3 * size else f"{value / size:,.0f}{word}"
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"


def quantity(value: float, unit: str) -> str:
    """A figure in its unit; fractions as per cent."""
    if math.isnan(value):
        return "-"
    if unit == "fraction":
        return f"{value:.1%}"
    if unit == "1/month":
        return f"{value:.2%} a month"
    if unit == "usd/month":
        return f"{amount(value)} usd"
    return amount(value)


def change(value: float, unit: str) -> str:
    """A change against today; points for fractions."""
    if math.isnan(value):
        return ""
    if unit in ("fraction", "1/month"):
        return f"{100 * value:+.1f} pt" if unit == "fraction" else f"{100 * value:+.2f} pt"
    return f"{value:+.1%}"


def price(value: float | None) -> str:
    """A monthly fee."""
    if value is None:
        return "not offered"
    return "free" if value == 0 else f"{value:,.2f}".rstrip("0").rstrip(".")


def title(name: str) -> str:
    """A figure's name in words."""
    return name.replace("_", " ")


def printable(text: str) -> str:
    """Text with control characters made visible, so that a name cannot steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)
