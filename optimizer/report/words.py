"""Numbers and names as readers write them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from optimizer.answer.words import amount, further_words
from optimizer.errors import Finding
from optimizer.units import display

if TYPE_CHECKING:
    from optimizer.answer.menu import PlanChoice
    from optimizer.market.diversion import Diversion

_CAPITALS = {"gpu": "GPU", "gpus": "GPUs", "api": "API"}
_OWNERS = {"segments": "", "plans": " plan", "alternatives": " (rival)", "ai_models": " model", "pools": " GPUs"}


AS_TODAY = "as today"
_MINUS = re.compile(r"(?<![\w.\u2212-])-(?=\.?\d)")


def typeset(text: str) -> str:
    """Text as it is printed: a minus before a number is one, and no hyphen."""
    return _MINUS.sub("\u2212", text)


def exact(value: float, unit: str) -> str:
    """A number in the unit that readers see, without the unit, with all the digits that matter."""
    if display(unit).decimals is not None:
        return f"{100.0 * value:.8g}"
    return f"{value:,.2f}" if abs(value) >= 1000.0 else f"{value:.8g}"


def change(value: float, unit: str) -> str:
    """A change against today, ``as today`` where it rounds to none; points for shares and rates."""
    if math.isnan(value):
        return ""
    decimals = display(unit).decimals
    told = f"{value:+.1%}" if decimals is None else f"{100 * value:+.{decimals}f} pt"
    return told if any(digit in told for digit in "123456789") else AS_TODAY


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


def inclusions_text(p: PlanChoice, today: bool = False) -> str:
    """A plan's allowances and further terms in one line, the chosen ones or today's."""
    allowances, further = (p.today_allowances, p.today_further_terms) if today else (p.allowances, p.further_terms)
    pieces = (allowances_text(allowances), printable(further_words(p.shown_further(further), p.further_units)))
    return ", ".join(piece for piece in pieces if piece)


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
