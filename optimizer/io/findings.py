"""What a schema found wrong, in words with file, line, field, cause and cure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from optimizer.errors import Finding
from optimizer.io.documents import Document

_ABSENT = object()
_PHRASES = {
    "float_type": "a number", "float_parsing": "a number", "int_type": "a whole number",
    "int_parsing": "a whole number", "int_from_float": "a whole number", "bool_type": "true or false",
    "bool_parsing": "true or false", "string_type": "text", "dict_type": "a mapping", "mapping_type": "a mapping",
    "model_type": "a mapping", "model_attributes_type": "a mapping", "dataclass_type": "a mapping",
    "list_type": "a list", "tuple_type": "a list", "set_type": "a list", "frozen_set_type": "a list",
    "none_required": "empty (null)", "finite_number": "a finite number", "date_type": "a date",
    "date_parsing": "a date such as 2025-12-31", "date_from_datetime_parsing": "a date such as 2025-12-31",
    "missing_argument": "a mapping",
}  # fmt: skip
_CHOICES = ("literal_error", "enum")
_COMPARISONS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
    "multiple_of": ("multiple_of", "a multiple of"),
}
_CURES = (
    (r"is below (\S+)$", r"write a value of \1 or more"),
    (r"is above (\S+)$", r"write a value of \1 or less; 50 per cent is 0.5 fraction, or 50 percent"),
    (r"unit '.*' does not measure what '(.*)' measures", r"use a unit such as \1"),
    (r"unknown unit", "use one of the known units, joined by /"),
    (r"neither source nor assumption", "add the source, or the assumption with low and high"),
    (r"assumption needs low and high", "add 'low' and 'high': the least and the most it could reasonably be"),
    (r"lies outside low", "correct the value, or its low and high"),
    (r"edges must rise", "write e.g. [0, 0.5, 0.9, 1]"),
    (r"give exactly one of (\w+),", r"keep one of them, e.g. \1"),
    (r"give at most one of (.+)", r"keep one of \1"),
    (r"give (\w+) or (\w+)$", r"add '\1: ...' or '\2: ...'"),
    (r"base must not exceed most", "correct base, most or scale"),
)
"""What a validator says, as a pattern, and the cure."""
_LENGTHS = {
    "too_short": ("min_length", "at least", "items"),
    "too_long": ("max_length", "at most", "items"),
    "string_too_short": ("min_length", "at least", "characters"),
    "string_too_long": ("max_length", "at most", "characters"),
}


def to_findings(
    exc: ValidationError, document: Document, root: str = "", model: type[BaseModel] | None = None
) -> list[Finding]:
    """All errors of a validation as findings, in the order of the file.

    Args:
        exc: what pydantic raised.
        document: the document that was validated.
        root: dotted path of the validated part within the document.
        model: the schema, for suggestions; found by its name where it is not given.
    """
    schema = model or _model_named(exc.title)
    start = _at(document.data, root.split(".") if root else [])
    grouped: dict[str, list[dict[str, Any]]] = {}
    for error in exc.errors(include_url=False):
        parts = _real_path(error["loc"], start, error["type"] == "missing")
        grouped.setdefault(".".join(parts), []).append({**error, "path": parts})
    findings: list[Finding] = []
    above = {".".join(errors[0]["path"][:k]) for errors in grouped.values() for k in range(len(errors[0]["path"]))}
    for path, errors in grouped.items():
        field = ".".join(part for part in (root, path) if part)
        for code, message, cure in _explain(errors, path in above, schema):
            findings.append(document.finding(code, field, message, cure))
    unique = list(dict.fromkeys(findings))
    return sorted(unique, key=lambda f: (f.file != document.file, f.file, f.line or 0))


def _explain(
    errors: list[dict[str, Any]], deeper: bool, schema: type[BaseModel] | None
) -> Iterator[tuple[str, str, str]]:
    """Code, cause and cure of the errors at one field, alternatives of a union put together.

    ``deeper``: whether there are errors below the field as well.
    """
    value = errors[0]["input"]
    group = isinstance(value, dict | list)
    kinds = set(_PHRASES) | (set(_CHOICES) if len(errors) > 1 or group else set())
    types = [error for error in errors if error["type"] in kinds]
    rest = [error for error in errors if error["type"] not in kinds]
    if types and not rest and not (group and deeper):
        wanted = " or ".join(dict.fromkeys(_phrase(error) for error in types))
        yield "schema-type", f"must be {wanted}, but is {_shown(value)}", _type_cure(wanted, value)
    for error in rest:
        yield _explain_one(error, schema)


def _phrase(error: dict[str, Any]) -> str:
    """What an alternative of a union would have accepted."""
    return _PHRASES.get(error["type"]) or str(error.get("ctx", {}).get("expected", "one of the allowed values"))


def _explain_one(error: dict[str, Any], schema: type[BaseModel] | None) -> tuple[str, str, str]:
    """Code, cause and cure of an error that is not about the type of value."""
    kind, context, value, path = error["type"], error.get("ctx", {}), error["input"], error["path"]
    name = path[-1] if path else ""
    if kind == "missing":
        where = f" under {'.'.join(path[:-1])!r}" if path[:-1] else ""
        return "schema-missing", "the field is missing", f"add '{name}: ...'{where}"
    if kind == "extra_forbidden":
        return "schema-unknown-field", f"unknown field {name!r}", _nearest_field(path, value, schema)
    if kind in _COMPARISONS:
        key, words = _COMPARISONS[kind]
        bound = _plain(context.get(key))
        return "schema-range", f"must be {words} {bound}, but is {_shown(value)}", f"write a value {words} {bound}"
    if kind in _LENGTHS:
        key, words, unit = _LENGTHS[kind]
        count = context.get(key)
        unit = unit[:-1] if count == 1 else unit
        wanted = f"{words} {count} {unit}"
        return "schema-length", f"must have {wanted}, but is {_shown(value)}", f"lengthen or shorten it to {wanted}"
    if kind in _CHOICES:
        allowed = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return "schema-choice", f"must be {_either(allowed, context)}, but is {_shown(value)}", _choose(value, allowed)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        key = str(context.get("discriminator", "")).strip("'")
        allowed = re.findall(r"'([^']*)'", str(context.get("expected_tags", "")))
        if kind == "union_tag_not_found":
            return "schema-missing", f"the field {key!r} is missing", f"add '{key}: ...'"
        tag = context.get("tag")
        return "schema-choice", f"{key!r} must be {_either(allowed, context)}, but is {tag!r}", _choose(tag, allowed)
    message = re.sub(r"^(Value error|Assertion failed), ", "", error["msg"])
    cure = context.get("cure", "")
    if not cure and kind == "string_pattern_mismatch":
        message, cure = f"{_shown(value)} is not an allowed name here", f"it must match {context.get('pattern')}"
    if not cure:
        found = ((re.search(pattern, message), words) for pattern, words in _CURES)
        cure = next((match.expand(words) for match, words in found if match), "correct the value")
    return "schema-value", message, str(cure)


def _real_path(loc: tuple[int | str, ...], start: Any, missing: bool) -> list[str]:
    """The parts of pydantic's location that are in the data; tags of unions and validators are not."""
    path: list[str] = []
    current = start
    for position, part in enumerate(loc):
        inner = _step(current, part)
        if inner is not _ABSENT:
            path.append(str(part))
            current = inner
        elif missing and position == len(loc) - 1:
            path.append(str(part))
    return path


def _step(data: Any, part: int | str) -> Any:
    """The item of a mapping or list, or ``_ABSENT``."""
    if isinstance(data, dict):
        return data.get(str(part), _ABSENT)
    text = str(part)
    if isinstance(data, list | tuple) and text.isdecimal() and int(text) < len(data):
        return data[int(text)]
    return _ABSENT


def _at(data: Any, parts: list[str]) -> Any:
    for part in parts:
        data = _step(data, part)
    return data


def _shown(value: Any) -> str:
    """A value as a user would recognise it, short."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"a mapping ({', '.join(list(map(str, value))[:4])})" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = f"the text {value!r}" if isinstance(value, str) else f"the number {value}"
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(bound: Any) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


def _type_cure(wanted: str, value: Any) -> str:
    """What to write instead of a value of the wrong type."""
    if "a mapping" in wanted and isinstance(value, int | float) and not isinstance(value, bool):
        return "write it as a mapping, a number with its unit and source"
    if "number" in wanted and isinstance(value, str):
        share = re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?)\s*%\s*", value)
        if share:
            return f"write a fraction: {float(share.group(1)) / 100:g}"
        bare = re.sub(r"(?<=\d)[ ,_'](?=\d{3}\b)", "", value.strip())
        number = re.search(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?", bare)
        if number:
            plain = number.group().replace(",", ".")
            return f"write the bare number, e.g. {plain}, without quotes, signs or separators"
        return f"write {wanted}, a number without quotes" if " or " in wanted else "write a number without quotes"
    if "text" in wanted and isinstance(value, int | float):
        return "put it in quotes"
    if value is None:
        return f"write {wanted}, or remove the field"
    if "a list" in wanted:
        return "write items in brackets, e.g. [1, 2], or one to a line after '- '"
    return f"write {wanted}"


def _either(allowed: list[str], context: Mapping[str, Any]) -> str:
    if not allowed:
        return str(context.get("expected", "one of the allowed values"))
    return f"one of {', '.join(allowed)}" if len(allowed) > 1 else allowed[0]


def _choose(value: Any, allowed: list[str]) -> str:
    if not isinstance(value, str) and str(value) in allowed:
        return "put it in quotes"
    close = difflib.get_close_matches(str(value).lower(), allowed, n=1)
    return f"did you mean {close[0]!r}?" if close else "use one of the allowed values"


def _nearest_field(path: list[str], value: Any, schema: type[BaseModel] | None) -> str:
    """A cure for an unknown field: the nearest known one, or all of them."""
    known = sorted(_fields_at(schema, path[:-1])) if schema else []
    close = difflib.get_close_matches(path[-1], known, n=1) if path else []
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known here: {', '.join(known)}" if known else "remove it, or correct its name"


def _fields_at(schema: type[BaseModel], path: list[str]) -> set[str]:
    """Names of the fields that the schema knows at a path; of all alternatives where there are several."""
    current: list[Any] = [schema]
    for part in path:
        following: list[Any] = []
        for annotation in current:
            following.extend(_inside(annotation, part))
        current = following
    names: set[str] = set()
    for kind in current:
        if _is_model(kind):
            names.update(field.alias or name for name, field in kind.model_fields.items())
    return names


def _inside(kind: Any, part: str) -> list[Any]:
    """The types that an item or field of this type can have."""
    if _is_model(kind):
        for name, field in kind.model_fields.items():
            if part in (name, field.alias):
                return list(_alternatives(field.annotation))
        return []
    arguments = get_args(kind)
    if get_origin(kind) is not None and arguments:
        chosen = arguments[1:] if issubclass(get_origin(kind), Mapping) else arguments
        return [alternative for argument in chosen for alternative in _alternatives(argument)]
    return []


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The members of a union, with annotations taken off."""
    origin = get_origin(annotation)
    if hasattr(annotation, "__metadata__"):
        yield from _alternatives(annotation.__origin__)
    elif hasattr(annotation, "__value__"):
        yield from _alternatives(annotation.__value__)
    elif origin is Union or str(origin) == "<class 'types.UnionType'>":
        for member in get_args(annotation):
            yield from _alternatives(member)
    else:
        yield annotation


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _model_named(name: str) -> type[BaseModel] | None:
    """The schema of this name, if there is exactly one."""
    found, todo = [], list(BaseModel.__subclasses__())
    while todo:
        kind = todo.pop()
        todo.extend(kind.__subclasses__())
        if kind.__name__ == name and kind not in found:
            found.append(kind)
    return found[0] if len(found) == 1 else None
