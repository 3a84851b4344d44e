"""Fields of a market that have another name by now: read as before, and told."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from optimizer.errors import Finding, InputError
from optimizer.io.documents import Document

RENAMED = {
    "plans.*.churn": "decision_rate",
    "plans.*.churn_by_segment": "decision_rate_by_segment",
    "plans.*.churn_least": "decision_rate_least",
    "plans.*.churn_most": "decision_rate_most",
    "segments.*.churn_sensitivity": "decision_rate_sensitivity",
    "alternatives.*.churn": "decision_rate",
    "nothing_churn": "nothing_decision_rate",
}
"""Path of an old name, ``*`` for any, and the new name of its last part."""
CODE = "renamed-field"


@lru_cache(maxsize=1 << 14)
def new_path(path: str) -> str:
    """A path, or a pattern of paths with ``*``, with the names of today."""
    parts = path.split(".")
    for old, name in RENAMED.items():
        pattern = old.split(".")
        *above, last = pattern
        if (
            len(parts) >= len(pattern)
            and parts[len(above)] == last
            and all(a == "*" or fnmatch.fnmatchcase(a, p) for a, p in zip(above, parts, strict=False))
        ):
            return ".".join([*parts[: len(above)], name, *parts[len(pattern) :]])
    return path


def renamed(document: Document) -> tuple[Document, list[Finding]]:
    """A market's document with the names of today, and a warning for each kind of old name; the very same without any.

    Raises InputError where a field has both names.
    """
    warnings, both = [], []
    for old, name in RENAMED.items():
        paths = list(_present(document.data, old.split(".")))
        if paths:
            warnings.append(_told(document, paths, name))
            both += [document.finding(CODE, p, _twice(p, new_path(p)), "keep one") for p, twice in paths if twice]
    if both:
        raise InputError(both)
    if not warnings:
        return document, []
    lines = {new_path(path): line for path, line in document.lines.items()}
    files = {new_path(path): file for path, file in document.files.items()}
    data = _with_new_names(document.data, "")
    return Document(data, lines, document.file, files, document.changed), warnings


def old_changes(changes: Iterable[str], document: Document, prefix: str) -> list[Finding]:
    """Warnings about changes asked for by old names, and errors about those asked for by both."""
    asked = {path: new_path(path) for path in changes}
    found, kinds = [], dict[str, str]()
    for path, new in asked.items():
        if new == path:
            continue
        if new in asked:
            found.append(document.finding(CODE, prefix + path, _twice(path, new), "keep one"))
        else:
            kinds.setdefault(new.rpartition(".")[2], path)
    for path in kinds.values():
        message = f"has another name by now: {asked[path]}"
        found.append(document.finding(CODE, prefix + path, message, f"write {asked[path]}", "warning"))
    return found


def _twice(old: str, new: str) -> str:
    return f"is the old name of {new}, which is stated too"


def _present(data: Any, pattern: list[str], path: str = "") -> Iterator[tuple[str, bool]]:
    """Paths at which an old name stands, and whether the new one stands beside it."""
    key, *rest = pattern
    if not isinstance(data, Mapping):
        return
    for name in data if key == "*" else [key] if key in data else ():
        here = f"{path}.{name}" if path else str(name)
        if rest:
            yield from _present(data[name], rest, here)
        else:
            yield here, new_path(here).rpartition(".")[2] in data


def _told(document: Document, paths: list[tuple[str, bool]], name: str) -> Finding:
    first = min((path for path, _ in paths), key=lambda p: document.place(p)[1] or 0)
    more = f", here and in {len(paths) - 1} more places" if len(paths) > 1 else ""
    message = f"{first.rpartition('.')[2]} has another name by now: {name}{more}"
    return document.finding(CODE, first, message, f"write {name}; the old name is still read", "warning")


def _with_new_names(data: Any, path: str) -> Any:
    """A copy with the names of today, in the same order."""
    if not isinstance(data, dict) or "value" in data:
        return data
    found = {}
    for key, item in data.items():
        here = new_path(f"{path}.{key}" if path else key)
        found[here.rpartition(".")[2]] = _with_new_names(item, here)
    return found
