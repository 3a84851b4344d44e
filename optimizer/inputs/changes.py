"""Changes to a market's numbers: what they are, how they are written, and how they are applied."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from optimizer.errors import Finding, InputError, bad_argument
from optimizer.inputs.renamed import new_path
from optimizer.io.documents import Document
from optimizer.io.numbers_csv import MAX_PARTS, parse_number
from optimizer.schema.base import known_exactly
from optimizer.schema.case import Case, Change

Changes = Mapping[str, "Change | float | str"]
"""Path -> change; a number sets it, ``"x0.5"`` multiplies, ``"+5"`` adds.

A change is what will be different from today: it is made after calibration, and customers answer to it. With the prefix
``recalibrate:`` before its path it is another belief about today instead: it is made before calibration, as if the
market's file said so. Both mean the same in ``--set``, in a case's ``changes``, in scenarios and in Python; the tornado
moves beliefs about today.
"""
RECALIBRATE = "recalibrate:"


def beliefs(changes: Mapping[str, Change]) -> dict[str, Change]:
    """The changes of what is believed of today, by path with its prefix."""
    return {path: c for path, c in changes.items() if path.startswith(RECALIBRATE)}


def before_calibration(changes: Mapping[str, Change]) -> dict[str, Change]:
    """The changes of what is believed of today, by plain path."""
    return {path.removeprefix(RECALIBRATE): c for path, c in beliefs(changes).items()}


def after_calibration(changes: Mapping[str, Change]) -> dict[str, Change]:
    """The changes of what will be different."""
    return {path: c for path, c in changes.items() if not path.startswith(RECALIBRATE)}


def as_change(path: str, value: Change | float | str) -> Change:
    """A change from a number, or from ``25``, ``x0.5`` or ``+5``. Raises InputError."""
    if isinstance(value, Change):
        return value
    text = str(value).strip()
    kind = {"x": "times", "*": "times", "+": "plus"}.get(text[:1], "to")
    number = parse_number(text if kind == "to" else text[1:])
    if not path or number is None:
        cure = "write PATH=NUMBER, PATH=xFACTOR or PATH=+NUMBER, e.g. plans.plus.price=25"
        problem = f"{text!r} is not a finite number" if path else "no path is given"
        raise bad_argument(f"--set {path}".strip(), problem, cure)
    return Change.model_validate({kind: number})


def parse_change(text: str) -> tuple[str, Change]:
    """``path=25``, ``path=x0.5`` or ``path=+5`` from the command line. Raises InputError."""
    path, sign, value = text.partition("=")
    if not sign:
        raise bad_argument("--set", f"{text!r} has no '='", "write PATH=NUMBER, e.g. plans.plus.price=25")
    return path.strip(), as_change(path.strip(), value)


def _targets(data: Any, pattern: list[str], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not pattern:
        return [path]
    if not isinstance(data, dict):
        return []
    return [
        found
        for key in data
        if fnmatch.fnmatchcase(key, pattern[0])
        for found in _targets(data[key], pattern[1:], (*path, key))
    ]


def _changed(quantity: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """A quantity with its value changed; low and high move with it (and are cut to what is legal when validated)."""
    new = dict(known_exactly(quantity))
    old = float(quantity["value"])
    for key in ("value", "low", "high"):
        if new.get(key) is None:
            continue
        number = float(new[key])
        if change.times is not None:
            new[key] = number * change.times
        elif change.plus is not None:
            new[key] = number + change.plus
        elif change.to is not None:
            new[key] = change.to if key == "value" or old == 0.0 else number * (change.to / old)
    if new.get("low") is not None and new.get("high") is not None:
        new["low"], new["high"] = min(new["low"], new["high"], new["value"]), max(new["low"], new["high"], new["value"])
    return new


def placed(data: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any] | None:
    """A copy with a value placed, groups on the way made, all else shared; None where something else is in the way."""
    if len(path) > MAX_PARTS:
        return None
    key, *rest = path
    below = data.get(key, {})
    if not isinstance(below, dict):
        return None
    inner = placed(below, rest, value) if rest else value
    return None if inner is None else {**data, key: inner}


def _numbers(data: Any, path: str = "") -> Iterator[str]:
    """Paths of all numbers of a market's document."""
    if isinstance(data, dict):
        if "value" in data:
            yield path
        for key, item in data.items():
            yield from _numbers(item, f"{path}.{key}" if path else key)


def apply_changes(
    document: Document, changes: Mapping[str, Change], where: Document, prefix: str = "changes."
) -> Document:
    """The market's document with numbers changed; ``prefix`` and path name a change in findings.

    Raises:
        InputError: paths that name no number.
    """
    data = document.data
    findings = []
    for asked, change in changes.items():
        path, found = new_path(asked), 0
        for target in _targets(data, path.split(".")):
            node: Any = data
            for key in target:
                node = node[key]
            if isinstance(node, dict) and "value" in node:
                data = placed(data, target, _changed(node, change)) or data
                found += 1
        if not found and change.to is not None and change.unit is not None and "*" not in path:
            made = {
                "value": change.to,
                "unit": change.unit,
                "assumption": "set by the case",
                "low": change.to,
                "high": change.to,
            }
            with_it = placed(data, path.split("."), made)
            data, found = with_it or data, with_it is not None
        if not found:
            near = difflib.get_close_matches(path, list(_numbers(document.data)), 1, 0.8)
            cure = f"did you mean {near[0]!r}?" if near else "name a number of the market, e.g. plans.plus.price"
            cure += "; * stands for any name; a new number needs a unit"
            message = f"no number of the market is at {path!r}"
            findings.append(where.finding("change-path", prefix + asked, message, cure))
    if findings:
        raise InputError(findings)
    return replace(document, data=data, changed=True)


def blamed(finding: Finding, case: Case, document: Document, sets: Mapping[str, Change]) -> Finding:
    """A finding about the changed market, told where the change was asked for."""
    parts = finding.field.split(".")
    for path in [*sets, *case.changes]:
        pattern = new_path(path.removeprefix(RECALIBRATE)).split(".")
        if len(parts) >= len(pattern) and all(map(fnmatch.fnmatchcase, parts, pattern)):
            file, line = ("", None) if path in sets else document.place(f"changes.{path}")
            field = ("--set " if path in sets else "changes.") + path
            message = (
                finding.message
                if new_path(path.removeprefix(RECALIBRATE)) == finding.field
                else f"{finding.field}: {finding.message}"
            )
            return replace(finding, file=file, line=line, field=field, message=message)
    return finding


def change_rows(stated: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the case and the caller change about the market, from :attr:`Inputs.stated` read back; a row a change."""
    return [
        {"asked_by": who, "path": path, "kind": kind, "number": change[kind], "unit": change.get("unit")}
        for who, changes in (("case", stated["case"].get("changes", {})), ("call", stated["sets"]))
        for path, change in changes.items()
        for kind in ("to", "times", "plus")
        if kind in change
    ]
