"""Style sheets of two pages in one: the rules of one hold within an element only."""

from __future__ import annotations

import re
from collections.abc import Iterator


def scoped(css: str, scope: str) -> str:
    """The same rules, for what is inside ``scope`` only; those of the page itself go to ``scope``."""
    return "".join(_rules(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL), scope))


def _rules(css: str, scope: str) -> Iterator[str]:
    at = 0
    while (opens := css.find("{", at)) >= 0:
        head, closes = css[at:opens].strip(), _closing(css, opens)
        inside = css[opens + 1 : closes]
        if head.startswith("@media"):
            yield f"{head} {{\n{''.join(_rules(inside, scope))}}}\n"
        elif not head.startswith("@page"):  # the page has its own paper
            yield f"{', '.join(_selector(one.strip(), scope) for one in head.split(','))} {{{inside}}}\n"
        at = closes + 1


def _closing(css: str, opens: int) -> int:
    """Where the bracket that opens there closes."""
    depth = 0
    for at in range(opens, len(css)):
        depth += {"{": 1, "}": -1}.get(css[at], 0)
        if depth == 0:
            return at
    raise ValueError("a style sheet with a bracket that does not close")


def _selector(one: str, scope: str) -> str:
    if one.startswith(("html:", "#tip")):
        return one
    if one in (":root", "body", "main"):
        return scope
    if one.startswith(".paper "):
        return f".paper {_selector(one.removeprefix('.paper '), scope)}"
    return f"{scope} {one}"
