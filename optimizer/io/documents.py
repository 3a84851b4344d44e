"""A document: plain data that remembers the file and line each field came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optimizer.errors import Finding, InputError


@dataclass(frozen=True)
class Document:
    """Nested plain data (dict, list, str, int, float, bool, None) with the place of every field."""

    data: dict[str, Any]
    """The content; keys are always text."""
    lines: dict[str, int]
    """Dotted path (list items by index, e.g. ``plans.plus.price.value``, ``weights.0``) to 1-based line."""
    file: str
    """The file as the user named it; empty for data that did not come from a file."""
    files: dict[str, str] = field(default_factory=dict)
    """Dotted path to file, only for fields that a merge brought in from another file."""
    changed: bool = False
    """Whether numbers were changed, their lows and highs moved along: these may need to be cut to what is legal."""

    def place(self, path: str) -> tuple[str, int | None]:
        """File and line of a field, or of its nearest ancestor; line 1 of the file where none is in it."""
        while path:
            if path in self.lines:
                return self.files.get(path, self.file), self.lines[path]
            path = path.rpartition(".")[0]
        return self.file, 1 if self.file else None

    def finding(self, code: str, path: str, message: str, cure: str = "", severity: str = "error") -> Finding:
        """A finding about a field, with its file and line filled in."""
        file, line = self.place(path)
        return Finding(code, severity, file, line, path, message, cure)


def merge(base: Document, extra: Document) -> Document:
    """Both documents as one; neither may give a field that the other gives.

    A part of a path in ``extra`` that is a whole number addresses an existing item of a list in ``base``.

    Raises:
        InputError: a field is given by both (all such fields are named).
    """
    findings: list[Finding] = []
    data = _copied(base.data)
    _merge_into(data, extra.data, "", base, extra, findings)
    if findings:
        raise InputError(findings)
    files = {**base.files}
    lines = {**base.lines}
    for path, line in extra.lines.items():
        if path not in lines:
            lines[path] = line
            files[path] = extra.files.get(path, extra.file)
    return Document(data, lines, base.file, files, base.changed or extra.changed)


def _copied(value: Any) -> Any:
    """Plain data of its own."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _merge_into(
    target: dict[str, Any] | list[Any],
    source: Mapping[str, Any],
    path: str,
    base: Document,
    extra: Document,
    findings: list[Finding],
) -> None:
    """Copy ``source`` into ``target`` field by field; note every clash."""
    for key, value in source.items():
        here = f"{path}.{key}" if path else key
        if isinstance(target, list):
            if not (key.isdecimal() and int(key) < len(target)):
                message = f"the list has no item {key!r}; it has {len(target)}, counted from 0"
                findings.append(extra.finding("merge-item", here, message, "use the number of an existing item"))
                continue
            present, old = True, target[int(key)]
        else:
            present, old = key in target, target.get(key)
        if not present:
            assert isinstance(target, dict)
            target[key] = _copied(value)
        elif isinstance(old, dict | list) and isinstance(value, dict):
            _merge_into(old, value, here, base, extra, findings)
        else:
            file, line = base.place(here)
            where = f"{file}:{line}" if line is not None else file or "the other input"
            findings.append(
                extra.finding("merge-conflict", here, f"the field is already given in {where}", "keep one of the two")
            )
