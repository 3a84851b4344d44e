"""YAML 1.2 into plain data with line numbers, built on the parser's events.

Values follow the core schema (``no`` and ``12:30`` are text, ``1e3`` is a number). An alias stands for a copy of
the whole value that its anchor names, within ``MAX_VALUES``; the fields below it keep the lines where they are
written. Refused: duplicate keys, merge keys ``<<`` (YAML 1.2 has none, and which field wins would be hidden), tags,
several documents, keys that are not text, numbers that are not finite, nesting beyond ``MAX_DEPTH``. The C parser
of ruamel.yaml.clib is used where it is installed.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from optimizer.errors import Finding, InputError
from optimizer.io.documents import Document
from optimizer.io.text import HIDDEN, read_text

MAX_DEPTH = 32
"""Deepest nesting of mappings and lists."""
MAX_VALUES = 200_000
"""Most fields and list items in a file, those that aliases stand for included."""
MAX_CHARACTERS = 20_000_000
"""Most characters in the paths of all values and in the texts that aliases stand for."""
MAX_FINDINGS = 50
"""A file with more faults than this is not read further."""

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NUMBER_STARTS = frozenset("0123456789+-.")
_LARGEST_INT = 10**18

_SYNTAX_CURES = (
    ("mapping values are not allowed", "indent with the same number of spaces; put text that contains ': ' in quotes"),
    ("\\t", "indent with spaces, not with tabs"),
    ("could not find expected ':'", "write 'name: value'; the colon is missing, or the line is indented wrongly"),
    ("unexpected end of stream", "close the quote or bracket that is still open"),
    ("did not find expected key", "check the indentation, and that quotes are closed"),
    ("expected <block end>", "check the indentation, and that quotes are closed"),
    ("',' or", "close the bracket, and separate the items by commas"),
    ("cannot start any token", "put text that starts with a special character in quotes"),
    ("unknown escape", "use single quotes around text with a backslash"),
)


@dataclass(frozen=True)
class _Anchored:
    """A value with an anchor."""

    value: Any
    lines: tuple[tuple[str, int], ...]
    """Path of each field below it, seen from it, and its line."""
    depth: int
    """Levels of mappings and lists in it."""
    characters: int
    """In its texts and keys."""


def _anchored(value: Any, lines: tuple[tuple[str, int], ...]) -> _Anchored:
    return _Anchored(value, lines, *_measured(value))


def _measured(value: Any) -> tuple[int, int]:
    """Levels of mappings and lists in a value, and characters in its texts and keys."""
    if isinstance(value, str):
        return 0, len(value)
    if not isinstance(value, dict | list):
        return 0, 0
    inner = [_measured(item) for item in (value.values() if isinstance(value, dict) else value)]
    keys = sum(map(len, value)) if isinstance(value, dict) else 0
    return 1 + max((depth for depth, _ in inner), default=0), keys + sum(size for _, size in inner)


def _copied(value: Any) -> Any:
    """A copy that shares no mapping and no list."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


class _YamlStop(Exception):
    """Reading further makes no sense; the findings say why."""


def read_yaml(path: str | os.PathLike[str]) -> Document:
    """Read a YAML file whose top level is a mapping.

    Raises:
        InputError: the file cannot be read or is not allowed YAML; every finding has file and line.
    """
    return parse_yaml(read_text(path), os.fspath(path))


def parse_yaml(text: str, file: str = "") -> Document:
    """Read YAML text whose top level is a mapping; ``file`` is what findings name.

    Raises:
        InputError: the text is not allowed YAML; every finding has file and line.
    """
    builder = _Builder(file)
    data: Any
    try:
        data = builder.build(_events(text))
    except _YamlStop:
        data = None
    except MarkedYAMLError as error:
        builder.note_syntax(error, text)
    except (YAMLError, ValueError, RecursionError) as error:
        builder.note("yaml-syntax", None, "", f"the file is not valid YAML: {_one_line(error)}", "check its syntax")
    if not builder.findings and not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else "empty" if data is None else "a single value"
        builder.note("yaml-top-level", 1, "", f"the top level is {kind}, not a mapping", "write 'name: value' lines")
    if builder.findings:
        raise InputError(builder.findings)
    assert isinstance(data, dict)
    return Document(data, builder.lines, file)


def _events(text: str) -> Iterator[Any]:
    """The parser's events, from the C parser if there is one."""
    return iter(YAML(typ="safe").parse(text))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


class _Builder:
    """Plain data, lines and findings from a stream of events."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[str, int] = {}
        self.order: list[str] = []
        self.findings: list[Finding] = []
        self.characters = 0
        self.anchors: dict[str, _Anchored | None] = {}

    def note(self, code: str, line: int | None, field: str, message: str, cure: str) -> None:
        """Add a finding; give up when there are too many."""
        self.findings.append(Finding(code, "error", self.file, line, field, message, cure))
        if len(self.findings) >= MAX_FINDINGS:
            raise _YamlStop

    def note_syntax(self, error: MarkedYAMLError, text: str) -> None:
        """Turn the parser's complaint into a finding."""
        mark = error.problem_mark or error.context_mark
        problem = " ".join((error.problem or "it cannot be read").split())
        if "cannot start any token" in problem and mark is not None:
            source = "".join(text.split("\n")[mark.line : mark.line + 1])
            problem += f" ({source[mark.column : mark.column + 1]!r})"
        cure = next((c for words, c in _SYNTAX_CURES if words in problem), "check the indentation, quotes and colons")
        line = None if mark is None else mark.line + 1
        self.findings.append(
            Finding("yaml-syntax", "error", self.file, line, "", f"the file is not valid YAML: {problem}", cure)
        )

    def build(self, events: Iterator[Any]) -> Any:
        """The data of the one document."""
        documents = 0
        result: Any = None
        for event in events:
            kind = type(event)
            if kind is DocumentStartEvent:
                documents += 1
                if documents > 1:
                    line = event.start_mark.line + 1
                    self.note("yaml-documents", line, "", "a second document starts here", "keep one document per file")
                    raise _YamlStop
            elif kind in (MappingStartEvent, SequenceStartEvent, ScalarEvent, AliasEvent):
                result = self._value(event, events, "", 0)
        return result

    def _mapping(self, events: Iterator[Any], path: str, depth: int) -> dict[str, Any]:
        """The mapping whose start event was just read."""
        result: dict[str, Any] = {}
        prefix = f"{path}." if path else ""
        for event in events:
            if type(event) is MappingEndEvent:
                break
            line = event.start_mark.line + 1
            key = self._key(event, path, line)
            here = prefix + key
            if key in result:
                message = f"the key {key!r} is given twice; it was first given in line {self.lines[here]}"
                self.note("yaml-duplicate-key", line, here, message, "keep one of the two")
            else:
                self._place(here, line)
            result[key] = self._value(next(events), events, here, depth)
        return result

    def _sequence(self, events: Iterator[Any], path: str, depth: int) -> list[Any]:
        """The list whose start event was just read."""
        result: list[Any] = []
        prefix = f"{path}." if path else ""
        for event in events:
            if type(event) is SequenceEndEvent:
                break
            here = f"{prefix}{len(result)}"
            self._place(here, event.start_mark.line + 1)
            result.append(self._value(event, events, here, depth))
        return result

    def _value(self, event: Any, events: Iterator[Any], path: str, depth: int) -> Any:
        """The value that starts with this event, at a depth counted from 0; remembered where it has an anchor."""
        kind = type(event)
        if kind is AliasEvent:
            return self._alias(event, path, depth)
        if event.anchor is None:
            return self._scalar(event, path) if kind is ScalarEvent else self._group(event, events, path, depth)
        self.anchors[event.anchor] = None  # an alias inside would stand for itself
        start = len(self.order)
        value = self._scalar(event, path) if kind is ScalarEvent else self._group(event, events, path, depth)
        skip = len(path) + 1 if path else 0
        lines = tuple((inner[skip:], self.lines[inner]) for inner in self.order[start:])
        self.anchors[event.anchor] = _anchored(value, lines)
        return value

    def _group(self, event: Any, events: Iterator[Any], path: str, depth: int) -> Any:
        """The mapping or list whose start event was just read."""
        line = event.start_mark.line + 1
        self._refuse_tag(event, path)
        self._refuse_depth(depth, line)
        if type(event) is MappingStartEvent:
            return self._mapping(events, path, depth + 1)
        return self._sequence(events, path, depth + 1)

    def _alias(self, event: Any, path: str, depth: int) -> Any:
        """A copy of what the alias stands for."""
        line = event.start_mark.line + 1
        named = self.anchors.get(event.anchor)
        if named is None:
            inside = event.anchor in self.anchors
            message = (
                f"the alias *{event.anchor} stands inside the value that it names"
                if inside
                else (f"no value above has the anchor &{event.anchor}")
            )
            self.note("yaml-alias", line, path, message, "write the value out where it is used")
            return None
        self._refuse_depth(depth + named.depth - 1, line)
        self.characters += named.characters
        for inner, written in named.lines:
            self._place(f"{path}.{inner}", written, line)
        return _copied(named.value)

    def _refuse_depth(self, depth: int, line: int) -> None:
        """Stop at the deepest nesting."""
        if depth >= MAX_DEPTH:
            message = f"the nesting is deeper than {MAX_DEPTH} levels"
            self.note("yaml-depth", line, "", message, "check the indentation and the brackets")
            raise _YamlStop

    def _key(self, event: Any, path: str, line: int) -> str:
        """The text of a mapping's key."""
        if type(event) is not ScalarEvent:
            message = "a key must be plain text, not a list, a mapping or an alias"
            self.note("yaml-key", line, path, message, "write 'name: value'; put text with brackets in quotes")
            raise _YamlStop
        key: str = event.value
        if event.anchor is not None:
            self.anchors[event.anchor] = _anchored(key, ())
        self._refuse_tag(event, f"{path}.{key}" if path else key)
        if not key.strip() or (not event.style and key in ("~", "null", "Null", "NULL")):
            self.note("yaml-key", line, path, "a key is empty", "write a name before the colon")
        elif key == "<<" and not event.style:
            cure = "write the fields out; an alias may stand for a whole value"
            self.note("yaml-merge-key", line, path, "the merge key '<<' is not part of YAML 1.2", cure)
        elif event.style and HIDDEN.search(key):
            self.note("yaml-control-character", line, path, "a key contains a control character", "remove the escape")
        return key

    def _place(self, path: str, line: int, where: int | None = None) -> None:
        """Note where a value is written; stop at the largest number of values. ``where`` is what a stop names."""
        self.lines[path] = line
        self.order.append(path)
        self.characters += len(path)
        if len(self.lines) > MAX_VALUES or self.characters > MAX_CHARACTERS:
            message = f"the file has more than {MAX_VALUES:,} values, or too long names and texts for that many"
            cure = "split it, or check that it is the right file; an alias counts as all that it stands for"
            self.note("yaml-size", line if where is None else where, "", message, cure)
            raise _YamlStop

    def _refuse_tag(self, event: Any, path: str) -> None:
        """Tags are findings."""
        if event.tag is not None:
            line = event.start_mark.line + 1
            message = f"the tag {event.tag} is not allowed"
            self.note("yaml-tag", line, path, message, "remove it; put text that looks like a number in quotes")

    def _scalar(self, event: Any, path: str) -> Any:
        """The value of a scalar by the core schema of YAML 1.2."""
        text: str = event.value
        self._refuse_tag(event, path)
        if event.style:
            if HIDDEN.search(text):
                line = event.start_mark.line + 1
                self.note("yaml-control-character", line, path, "the text contains a control character", "remove it")
            return text
        if text[:1] in _NUMBER_STARTS:
            return self._number(text, event, path)
        return _WORDS.get(text, text)

    def _number(self, text: str, event: Any, path: str) -> int | float | str | None:
        """The number that plain text stands for, or the text itself."""
        value: float = math.inf
        if _INT.fullmatch(text):
            value = int(text) if len(text) < 20 else math.inf
        elif _FLOAT.fullmatch(text):
            value = float(text)
        elif _BASED.fullmatch(text):
            value = int(text, 0) if len(text) < 24 else math.inf
        elif not _NOT_FINITE.fullmatch(text):
            return text
        if math.isinf(value) or (isinstance(value, int) and abs(value) >= _LARGEST_INT):
            shown = text if len(text) <= 24 else text[:20] + "..."
            line = event.start_mark.line + 1
            message = f"{shown} is not a finite number of usable size"
            self.note("yaml-number", line, path, message, "write a finite number; null where there is no limit")
            return None
        return value
