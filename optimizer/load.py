"""From files to validated inputs: a case, its market as it is today, and the market the case asks about."""

from __future__ import annotations

import copy
import difflib
import fnmatch
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from optimizer.errors import Finding, InputError, bad_argument
from optimizer.io import Document, merge, read_numbers_csv, read_yaml, to_findings
from optimizer.io.numbers_csv import parse_number
from optimizer.io.workbook import is_workbook, workbook_documents
from optimizer.library import case_path, market_path
from optimizer.schema.case import Case, Change
from optimizer.schema.market import Market

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Inputs:
    """Everything a run starts from."""

    name: str
    case: Case
    market: Market
    """As observed today; calibration sees this one."""
    changed: Market
    """With the case's changes; what the menu will meet."""
    case_document: Document
    market_document: Document
    changed_document: Document
    hash: str
    """SHA-256 of ``stated``, hexadecimal."""
    stated: str
    """Name, case, market and overrides as JSON: all that an answer depends on."""


def validate(model: type[Model], document: Document) -> Model:
    """The document as a schema object. Raises InputError with all findings."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise InputError(to_findings(error, document, model=model)) from None


def read_market(folder: Path) -> Document:
    """All YAML and CSV files of a market folder as one document. Raises InputError."""
    documents: list[Document] = []
    findings: list[Finding] = []
    for pattern, read in (("*.y*ml", read_yaml), ("*.csv", read_numbers_csv)):
        for path in sorted(folder.glob(pattern)):
            try:
                documents.append(read(path))
            except InputError as error:
                findings += error.findings
    if findings:
        raise InputError(findings)
    whole = documents[0]
    for extra in documents[1:]:
        whole = merge(whole, extra)
    return whole


def load_market(name: str | PathLike[str], relative_to: str | PathLike[str] | None = None) -> tuple[Market, Document]:
    """A market by shipped name or folder. Raises InputError with all findings."""
    document = read_market(market_path(str(name), relative_to))
    return validate(Market, document), document


Changes = Mapping[str, "Change | float | str"]
"""Path -> change; a number sets it, ``"x0.5"`` multiplies, ``"+5"`` adds."""


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
    """A quantity with its value changed; low and high move with it."""
    new = dict(quantity)
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


def _put(data: dict[str, Any], path: list[str], value: Any) -> bool:
    """Place a value, making the groups on the way; False where something else is in the way."""
    node: Any = data
    for key in path[:-1]:
        node = node.setdefault(key, {})
        if not isinstance(node, dict):
            return False
    if not isinstance(node.get(path[-1], {}), dict):
        return False
    node[path[-1]] = value
    return True


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
    data = copy.deepcopy(document.data)
    findings = []
    for path, change in changes.items():
        found = 0
        for target in _targets(data, path.split(".")):
            node: Any = data
            for key in target:
                node = node[key]
            if isinstance(node, dict) and "value" in node:
                _put(data, list(target), _changed(node, change))
                found += 1
        if not found and change.to is not None and change.unit is not None and "*" not in path:
            made = {
                "value": change.to,
                "unit": change.unit,
                "assumption": "set by the case",
                "low": change.to,
                "high": change.to,
            }
            found = _put(data, path.split("."), made)
        if not found:
            near = difflib.get_close_matches(path, list(_numbers(document.data)), 1, 0.8)
            cure = f"did you mean {near[0]!r}?" if near else "name a number of the market, e.g. plans.plus.price"
            cure += "; * stands for any name; a new number needs a unit"
            message = f"no number of the market is at {path!r}"
            findings.append(where.finding("change-path", prefix + path, message, cure))
    if findings:
        raise InputError(findings)
    return Document(data, document.lines, document.file, document.files)


def _blamed(finding: Finding, case: Case, document: Document, sets: Mapping[str, Change]) -> Finding:
    """A finding about the changed market, told where the change was asked for."""
    parts = finding.field.split(".")
    for path in [*sets, *case.changes]:
        pattern = path.split(".")
        if len(parts) >= len(pattern) and all(map(fnmatch.fnmatchcase, parts, pattern)):
            file, line = ("", None) if path in sets else document.place(f"changes.{path}")
            field = ("--set " if path in sets else "changes.") + path
            message = finding.message if path == finding.field else f"{finding.field}: {finding.message}"
            return replace(finding, file=file, line=line, field=field, message=message)
    return finding


def load_inputs(
    case: str | PathLike[str] | Case,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
) -> Inputs:
    """A case and its market, validated. ``sets`` are further changes, applied after the case's own.

    Raises:
        InputError: all findings of case and market at once.
    """
    if isinstance(case, Case):
        document = Document(case.model_dump(mode="json", exclude_none=True), {}, "")
        name, base = case.title, Path("." if folder is None else folder)
        parsed = case
    else:
        path = case_path(case)
        if is_workbook(path):
            return _from_workbook(path, sets or {})
        document = read_yaml(path)
        name, base = path.stem, path.parent
        parsed = _both(document, base)
    market_document = read_market(market_path(parsed.market, base))
    changes = {path: as_change(path, value) for path, value in (sets or {}).items()}
    return assemble(name, parsed, document, market_document, changes)


def _from_workbook(path: Path, sets: Changes) -> Inputs:
    """A case and its market out of one workbook. Raises InputError with all findings about both."""
    document, market_document = workbook_documents(path)
    findings: list[Finding] = []
    for model, part in ((Case, document), (Market, market_document)):
        try:
            validate(model, part)
        except InputError as error:
            findings += error.findings
    if findings:
        raise InputError(findings)
    changes = {name: as_change(name, value) for name, value in sets.items()}
    return assemble(path.stem, validate(Case, document), document, market_document, changes)


def _both(document: Document, base: Path) -> Case:
    """The case; where it or its market is wrong, all findings about both. Raises InputError."""
    findings: list[Finding] = []
    parsed: Case | None = None
    try:
        parsed = validate(Case, document)
    except InputError as error:
        findings += error.findings
    name = document.data.get("market")
    if isinstance(name, str):
        try:
            folder = market_path(name, base)
        except InputError as error:
            file, line = document.place("market")
            findings += [replace(f, code="case-market", file=file, line=line) for f in error.findings]
            raise InputError(findings) from None
        if findings:
            try:
                validate(Market, read_market(folder))
            except InputError as error:
                findings += error.findings
    if parsed is None or findings:
        raise InputError(findings)
    return parsed


def load_case(case: str | PathLike[str] | Case, folder: str | PathLike[str] | None = None) -> Inputs:
    """A case and its market by shipped name or path, validated. Raises InputError with all findings."""
    return load_inputs(case, None, folder)


def assemble(
    name: str, case: Case, case_document: Document, market_document: Document, sets: Mapping[str, Change]
) -> Inputs:
    """Inputs from documents already read. Raises InputError."""
    market = validate(Market, market_document)
    changed_document = market_document
    findings: list[Finding] = []
    for changes, where, prefix in ((case.changes, case_document, "changes."), (sets, Document({}, {}, ""), "--set ")):
        try:
            changed_document = apply_changes(changed_document, changes, where, prefix)
        except InputError as error:
            findings += error.findings
    if findings:
        raise InputError(findings)
    stated = {
        "name": name,
        "case": case.model_dump(mode="json", exclude_none=True),
        "market": market_document.data,
        "sets": {k: c.model_dump(mode="json", exclude_none=True) for k, c in sets.items()},
    }
    text = json.dumps(stated, ensure_ascii=False)
    same = changed_document.data == market_document.data
    try:
        changed = market if same else validate(Market, changed_document)
    except InputError as error:
        blamed = (_blamed(f, case, case_document, sets) for f in error.findings)
        raise InputError(list(dict.fromkeys(blamed))) from None
    return Inputs(
        name,
        case,
        market,
        changed,
        case_document,
        market_document,
        changed_document,
        hashlib.sha256(text.encode()).hexdigest(),
        text,
    )


def inputs_from_text(text: str, file: str) -> Inputs:
    """Inputs from what a result folder saved. Raises InputError."""
    try:
        stated = json.loads(text)
        name, case_data, market_data, sets = stated["name"], stated["case"], stated["market"], stated["sets"]
    except (ValueError, KeyError, TypeError):
        raise bad_argument("inputs.json", f"{file} is not what --out saved", "run the case again with --out") from None
    case_document, market_document = Document(case_data, {}, file), Document(market_data, {}, file)
    case = validate(Case, case_document)
    changes = {k: validate(Change, Document(v, {}, file)) for k, v in sets.items()}
    return assemble(name, case, case_document, market_document, changes)
