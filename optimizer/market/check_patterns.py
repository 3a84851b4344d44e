"""Patterns of paths by which a market says which of its numbers move together, or stand behind a reported figure."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterator, Mapping, Sequence

from optimizer.errors import Finding
from optimizer.inputs.renamed import new_path
from optimizer.io.documents import Document
from optimizer.schema.base import Quantity
from optimizer.schema.market import Market


def named(path: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns names a path; ``*`` stands for any one name."""
    parts = path.split(".")
    return any(
        len(parts) == len(pattern) and all(map(fnmatch.fnmatchcase, parts, pattern))
        for pattern in (new_path(text).split(".") for text in patterns)
    )


def check_patterns(market: Market, numbers: Mapping[str, Quantity], document: Document) -> Iterator[Finding]:
    """Every pattern names a number; what balances a figure is not the figure itself. ``numbers``: all, by path."""
    for name, group in market.groups.items():
        yield from _known(f"groups.{name}.paths", group.paths, numbers, document)
    for index, stated in enumerate(market.today.observed):
        yield from _known(f"today.observed.{index}.balanced_by", stated.balanced_by, numbers, document)
        for pattern in stated.balanced_by:
            if any(path.startswith("today.observed.") and named(path, (pattern,)) for path in numbers):
                message = f"{pattern!r} is a reported figure, which stays as reported"
                cure = "name numbers that are assumed"
                yield document.finding("balanced-by", f"today.observed.{index}.balanced_by", message, cure)


def _known(
    place: str, patterns: Sequence[str], numbers: Mapping[str, Quantity], document: Document
) -> Iterator[Finding]:
    for index, pattern in enumerate(patterns):
        if not any(named(path, (pattern,)) for path in numbers):
            near = difflib.get_close_matches(pattern, list(_like(pattern, numbers)), 1)
            cure = f"did you mean {near[0]!r}?" if near else "name paths as in numbers.csv; * stands for any one name"
            message = f"no number of the market is at {pattern!r}"
            path = f"{place}.{index}" if f"{place}.{index}" in document.lines else place
            yield document.finding("unknown-path", path, message, cure)


def _like(pattern: str, numbers: Mapping[str, Quantity]) -> Iterator[str]:
    """Paths of numbers, with ``*`` where the pattern has one, each once."""
    stars = {k for k, part in enumerate(pattern.split(".")) if part == "*"}
    made = (".".join("*" if k in stars else part for k, part in enumerate(path.split("."))) for path in numbers)
    yield from dict.fromkeys(made)
