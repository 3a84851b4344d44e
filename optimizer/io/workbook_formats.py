"""What a number format makes of the number in a cell: itself, a percentage, a date, or something else altogether."""

from __future__ import annotations

import re

_PERCENT_IDS = frozenset([9, 10])
_DATE_IDS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
"""Formats that every spreadsheet knows by number."""
_TEXT = re.compile(r'"([^"]*)"|\\(.)|\[([^\]]*)\]|_.|\*.', re.DOTALL)
"""Quoted and escaped text, what stands in brackets, and signs that only make room."""
_SCALED = re.compile(r"[0#?],+(?![0#?,])")
_SCALE_WORDS = {"k", "tsd", "m", "mn", "mm", "mio", "mill", "b", "bn", "mrd", "t", "tn"}
_SCALE_WORDS |= {"thousand", "million", "billion", "trillion"}
_CURRENCY = re.compile(r"[€£¥₹₽₩]|\b(eur|gbp|chf|jpy|cny|inr)\b")
_BRACKET_CURRENCY = re.compile(r"\$([^-]*)")


def number_format(number: int, code: str) -> tuple[str, str]:
    """``number``, ``percent``, ``date`` or ``disguised``, and for the last one how the number is shown.

    Args:
        number: the format's number in the file.
        code: its text; empty for formats that every spreadsheet knows by number.
    """
    if number in _DATE_IDS:
        return "date", ""
    if not code or re.fullmatch(r"General|@", code, re.IGNORECASE):
        return ("percent" if number in _PERCENT_IDS else "number"), ""
    found = _TEXT.findall(code.casefold())
    words, brackets = "|".join(part[0] + part[1] for part in found), [part[2] for part in found]
    bare = _TEXT.sub("", code.casefold()).replace("general", "0")
    if re.search("[ymdhs]", bare.partition(";")[0]) or any(re.fullmatch("h+|m+|s+", part) for part in brackets):
        return "date", ""
    if why := _disguise(bare, words, brackets):
        return "disguised", why
    return ("percent" if "%" in bare else "number"), ""


def _disguise(bare: str, words: str, brackets: list[str]) -> str:
    """How a format shows another number than the cell holds; empty where it does not.

    Args:
        bare: the format without its texts, all in small letters.
        words: its texts.
        brackets: what stands in brackets: currencies, colours, conditions.
    """
    if not re.search("[0#?]", bare.partition(";")[0]):
        return "not at all"
    if _SCALED.search(bare) or _SCALE_WORDS & {word.rstrip("s.") for word in re.findall(r"[a-z]+\.?", words)}:
        return "in thousands, millions or the like"
    if ("%" not in bare and re.search("%|per ?cent", words)) or re.search("%.*%|‰", bare.partition(";")[0] + words):
        return "with a per-cent sign that is only text, or in parts of a thousand"
    signs = [match[1].strip() for part in brackets if (match := _BRACKET_CURRENCY.match(part))]
    if _CURRENCY.search(f"{bare} {words}") or any(sign not in ("", "$", "us$", "usd") for sign in signs):
        return "in a currency that is not usd"
    return ""
