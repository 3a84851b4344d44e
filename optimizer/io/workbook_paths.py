"""Paths and values of a case or market in cells, with the schema as the guide.

A path is written as findings write it: names joined by dots, list items counted from 0
(``conditions.0.figure``). A name with a dot, bracket or quote in it is written ``["gpt-4.5"]``. The path into the
market that ``changes`` and ``grid`` hold needs no such quoting: ``changes.plans.plus.price.times``.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from optimizer.io.numbers_csv import _GROUPED, _NUMBER, MAX_PARTS
from optimizer.io.workbook_cells import Cell

Parts = tuple[str, ...]
EMPTY_GROUP, EMPTY_LIST = "{}", "[]"

_SHARES = {"at_least", "at_most", "enterprise_share", "gap", "continuous_gap", "give", "times", "weight"}
_SHARES |= {"tolerance", "segment_tolerance"}
"""Fields of case and market that are fractions or multiples, so that 60% and 0.6 are one."""

_PART = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|([^.\[\]"]+)')
_BLANK = re.compile(r'"\s*"')
_PLAIN = re.compile(r'[^.\[\]"\s#](?:[^.\[\]"]*[^.\[\]"\s])?')
_LISTED = re.compile(r"[^,;\[\]\"\n\t ](?:[^,;\[\]\"\n\t]*[^,;\[\]\"\n\t ])?")


def split_path(text: str) -> Parts:
    """The parts of a path. Raises ValueError with the reason."""
    parts: list[str] = []
    position = 0
    while True:
        found = _PART.match(text, position)
        if found is None or (found[2] is not None and found[2] != found[2].strip()):
            raise ValueError(f"the path {text!r} has a stray space, an empty part or a stray bracket")
        parts.append(found[2] if found[2] is not None else json.loads(f'"{found[1]}"'))
        position = found.end()
        if len(parts) > MAX_PARTS:
            raise ValueError(f"the path {text[:40]!r} has more than {MAX_PARTS} parts")
        if position == len(text):
            return _joined(parts)
        if text[position] != ".":
            raise ValueError(f"the path {text!r} has a stray bracket")
        position += 1


def join_path(parts: Parts) -> str:
    """The path that :func:`split_path` takes apart."""
    plain = ".".join(parts)
    with contextlib.suppress(ValueError):
        if split_path(plain) == parts and not plain.startswith("#"):
            return plain
    return ".".join(p if _PLAIN.fullmatch(p) else f"[{json.dumps(p, ensure_ascii=False)}]" for p in parts)


def _joined(parts: list[str]) -> Parts:
    """The parts with the market path of a change put together again."""
    at = 2 if parts[0] == "scenarios" and len(parts) > 2 else 0
    tail = {"changes": 1, "grid": 2}.get(parts[at], 0)
    if tail and len(parts) > at + 2 + tail:
        key = ".".join(parts[at + 1 : -tail])
        return (*parts[: at + 1], key, *parts[-tail:])
    return tuple(parts)


class Shape:
    """What a schema allows at a path."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._root = model.model_json_schema()
        self._defs = self._root.get("$defs", {})

    def _options(self, node: Any) -> Iterator[dict[str, Any]]:
        """The alternatives at a node, references followed."""
        if not isinstance(node, dict):
            return
        if "$ref" in node:
            yield from self._options(self._defs[node["$ref"].rpartition("/")[2]])
        elif "anyOf" in node or "oneOf" in node:
            for option in node.get("anyOf") or node["oneOf"]:
                yield from self._options(option)
        else:
            yield node

    def _at(self, parts: Parts) -> list[dict[str, Any]]:
        """The nodes that a path may lead to, as written in the schema."""
        nodes = [self._root]
        for part in parts:
            inner: list[Any] = []
            for option in (o for node in nodes for o in self._options(node)):
                if part in option.get("properties", {}):
                    inner.append(option["properties"][part])
                elif "items" in option and part.isdecimal():
                    inner.append(option["items"])
                else:
                    inner.append(option.get("additionalProperties"))
            nodes = [node for node in inner if isinstance(node, dict)]
        return nodes

    def kinds(self, parts: Parts) -> set[str]:
        """JSON types allowed at a path; empty where the schema knows no such path."""
        return {str(o.get("type")) for node in self._at(parts) for o in self._options(node)}

    def item_kinds(self, parts: Parts) -> set[str]:
        """JSON types allowed in the list at a path."""
        options = (o for node in self._at(parts) for o in self._options(node))
        items = (item for o in options for item in (o.get("items"), *o.get("prefixItems", ())))
        return {str(inner.get("type")) for item in items for inner in self._options(item)}

    def names(self, parts: Parts, text: str) -> bool:
        """Whether a text is one of the words that a path may have beside a list."""
        return any(text in o.get("enum", ()) for node in self._at(parts) for o in self._options(node))

    def note(self, parts: Parts) -> str:
        """What the schema says about a field."""
        return next((str(n["description"]) for n in self._at(parts) if n.get("description")), "").replace("``", "")


def cell_value(cell: Cell, parts: Parts, shape: Shape) -> Any:
    """The value that a text, number or bool cell stands for at a path. Raises ValueError with cause and cure."""
    kinds = shape.kinds(parts)
    value = cell.value
    if cell.kind == "percent":
        if parts[-1] not in _SHARES and parts[0] != "evidence":
            message = f"the cell shows {100.0 * value:g}%, and {parts[-1]} is no share"
            raise ValueError(message, "format the cell as a number, and type the value again")
        return [value] if "array" in kinds and "number" not in kinds else value
    if cell.kind == "number":
        if "array" in kinds and "number" not in kinds:
            return [value]
        return str(value) if kinds - {"null"} == {"string"} and isinstance(value, int) else value
    if cell.kind == "bool":
        return value
    text = str(value).strip()
    if text == EMPTY_GROUP and "object" in kinds:
        return {}
    if _BLANK.fullmatch(text):
        return text[1:-1]
    if "array" in kinds and not shape.names(parts, text):
        return _list(text, bool({"number", "integer"} & shape.item_kinds(parts)))
    if _NUMBER.fullmatch(text) and kinds & {"number", "integer"}:
        return _number(text)
    if text.lower() in ("true", "false") and "boolean" in kinds:
        return text.lower() == "true"
    return value


def _list(text: str, numbers: bool) -> Any:
    """The items of a comma-separated cell."""
    if text.startswith("["):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list) or any(isinstance(item, dict | list) for item in found):
            raise ValueError("the list in brackets cannot be read", "write the items separated by commas")
        return found
    if numbers and _GROUPED.fullmatch(text):
        one = re.sub(r"[^0-9.+-]", "", text)
        message = f"{text!r} may be one number or several"
        raise ValueError(message, f"write {one} for one number, or several with a space after each comma")
    items = [item.strip() for item in re.split(r"[;\n]" if ";" in text else r"[,\n]", text)]
    if "" in items:
        raise ValueError("the list has an empty item", "remove the comma too many")
    return [_number(i) if numbers and _NUMBER.fullmatch(i) else i for i in items]


def _number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"[-+]?\d{1,15}", text, re.ASCII) else float(text)


def list_text(items: list[Any]) -> Any:
    """A list of plain values as one cell."""
    if not items:
        return EMPTY_LIST
    if len(items) == 1 and isinstance(items[0], int | float) and not isinstance(items[0], bool):
        return items[0]
    pieces = [repr(i) if isinstance(i, int | float) and not isinstance(i, bool) else i for i in items]
    plain = all(isinstance(p, str) and _LISTED.fullmatch(p) for p in pieces)
    mixed = any(isinstance(i, str) and _NUMBER.fullmatch(i) for i in items)
    text = ", ".join(map(str, pieces))
    if plain and not mixed and not _GROUPED.fullmatch(text):
        return text
    return json.dumps(items, ensure_ascii=False)
