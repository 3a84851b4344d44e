"""Numbers and names as readers write them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from optimizer.errors import Finding
from optimizer.units import display

if TYPE_CHECKING:
    from optimizer.market.diversion import Diversion

_SCALES = ((1e9, " bn"), (1e6, " M"), (1e3, " k"))
_CAPITALS = {"gpu": "GPU", "gpus": "GPUs", "api": "API"}
_OWNERS = {"segments": "", "plans": " plan", "alternatives": " (rival)", "ai_models": " model", "pools": " GPUs"}


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


def exact(value: float, unit: str) -> str:
    """A number in the unit that readers see, without the unit, with all the digits that matter."""
    if display(unit).decimals is not None:
        return f"{100.0 * value:.8g}"
    return f"{value:,.2f}" if abs(value) >= 1000.0 else f"{value:.8g}"


def change(value: float, unit: str) -> str:
    """A change against today; points for shares and rates."""
    if math.isnan(value):
        return ""
    decimals = display(unit).decimals
    return f"{value:+.1%}" if decimals is None else f"{100 * value:+.{decimals}f} pt"


def price(value: float | None) -> str:
    """A monthly fee."""
    if value is None:
        return "not offered"
    return "free" if value == 0 else f"{value:,.2f}".rstrip("0").rstrip(".")


LEAST_TOLD = 0.005
"""Share of those lost from which a destination is named."""


def diversion_text(d: Diversion) -> str:
    """Where a dearer plan's customers go, in one line."""
    told = {name: share for name, share in d.to.items() if share >= LEAST_TOLD}
    places = ", ".join(f"{printable(name)} {share:.0%}" for name, share in sorted(told.items(), key=lambda x: -x[1]))
    return f"{printable(d.plan)} {d.rise:.0%} dearer loses {d.lost:.1%} (elasticity {d.elasticity:.2f}): to {places}"


def allowances_text(found: Mapping[str, Any]) -> str:
    """Allowances in one line."""
    pieces = []
    for ai_model, value in found.items():
        if isinstance(value, str):
            pieces.append(f"{ai_model} {value}")
        else:
            pieces.append(f"{ai_model} " + " and ".join(f"{amount(cap)}/{window}" for window, cap in value.items()))
    return printable(", ".join(pieces))


def path_words(path: str) -> str:
    """A number of the market in words: whose it is, then what it is."""
    first, *rest = path.split(".")
    owner, what = (f"{rest[0]}{_OWNERS[first]}", rest[1:]) if first in _OWNERS and len(rest) > 1 else (first, rest)
    return heading(f"{owner}: {', '.join(what)}" if what else owner)


def title(name: str) -> str:
    """A figure's name in words."""
    return " ".join(_CAPITALS.get(word, word) for word in name.replace("_", " ").split(" "))


def heading(name: str) -> str:
    """A figure's name as a heading."""
    words = title(name)
    return words[:1].upper() + words[1:]


def printable(text: str) -> str:
    """Text with control characters made visible, so that a name cannot steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def findings_text(findings: list[Finding] | tuple[Finding, ...]) -> str:
    """Findings, a line each."""
    return "\n".join(f"{f.severity}: {printable(str(f))}" for f in findings)
