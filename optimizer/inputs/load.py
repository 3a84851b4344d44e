"""From files to validated inputs: a case, its market as it is today, and the market the case asks about."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from optimizer.errors import Finding, InputError, bad_argument
from optimizer.execution import clock
from optimizer.inputs.changes import (
    RECALIBRATE,
    Changes,
    after_calibration,
    apply_changes,
    as_change,
    before_calibration,
    blamed,
)
from optimizer.inputs.origin import market_of
from optimizer.inputs.renamed import old_changes, renamed
from optimizer.io.documents import Document, merge
from optimizer.io.findings import to_findings
from optimizer.io.formats import is_workbook
from optimizer.io.kinds import read_case_document, refuse_other_kinds
from optimizer.io.library import case_path, market_path
from optimizer.io.numbers_csv import read_numbers_csv
from optimizer.io.text import refused
from optimizer.io.yaml_reader import read_yaml
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
    sets: Mapping[str, Change] = field(default_factory=dict)
    """Changes after the case's own."""
    further: tuple[Mapping[str, Change], ...] = ()
    """Changes after those, of a scenario."""
    original: Document | None = None
    """The market's document as stated: before changes of what is believed of today, and with old names of fields; None
    where it has neither."""
    notes: tuple[Finding, ...] = ()
    """Warnings about old names, and errors about changes that ask for one number by both."""

    @cached_property
    def stated(self) -> str:
        """Name, case, market and overrides as JSON: all that an answer depends on."""
        stated = {
            "name": self.name,
            "case": self.case.model_dump(mode="json", exclude_none=True),
            "market": (self.original or self.market_document).data,
            "sets": {k: c.model_dump(mode="json", exclude_none=True) for k, c in self.sets.items()},
        }
        return json.dumps(stated, ensure_ascii=False)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of ``stated``, hexadecimal."""
        return hashlib.sha256(self.stated.encode()).hexdigest()


def validate(model: type[Model], document: Document) -> Model:
    """The document as a schema object. Raises InputError with all findings."""
    try:
        return model.model_validate(document.data, context={"changed": document.changed})
    except ValidationError as error:
        raise InputError(to_findings(error, document, model=model)) from None


def read_market(folder: Path) -> Document:
    """All YAML and CSV files of a market folder, but for hidden ones, as one document. Raises InputError."""
    documents: list[Document] = []
    findings: list[Finding] = []
    names = [name for name in sorted(os.listdir(folder) if folder.is_dir() else ()) if not name.startswith((".", "~"))]
    for suffixes, read in (((".yaml", ".yml"), read_yaml), ((".csv",), read_numbers_csv)):
        for path in (folder / name for name in names if name.lower().endswith(suffixes)):
            clock.check("the market was read")
            try:
                documents.append(read(path))
            except InputError as error:
                findings += error.findings
    if findings:
        raise InputError(findings)
    if not documents:
        message = "there is no market any more: a folder with its YAML files"
        raise refused("file-missing", str(folder), None, message, "put it back, or load the case again")
    whole = documents[0]
    for extra in documents[1:]:
        clock.check("the market was read")
        whole = merge(whole, extra)
    return whole


def load_market(name: str | PathLike[str], relative_to: str | PathLike[str] | None = None) -> tuple[Market, Document]:
    """A market by shipped name or folder. Raises InputError with all findings."""
    document, _ = renamed(read_market(market_path(str(name), relative_to)))
    return validate(Market, document), document


def load_inputs(
    case: str | PathLike[str] | Case,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
) -> Inputs:
    """A case and its market, validated. ``sets`` are further changes, applied after the case's own.

    The market of a Case object is the one it was loaded with, through copies too; ``folder`` beside which there is a
    market of that name comes before it. A case made by hand or from text, without ``folder``, means a shipped market,
    or one beside the working directory; where both have the name and differ, that is an error.

    Raises:
        InputError: all findings of case and market at once. SolverError: the time limit in force is up.
    """
    if isinstance(case, Case):
        document = Document(case.model_dump(mode="json", exclude_none=True), {}, "")
        name, parsed, place = case.title, case, market_of(case, folder)
    else:
        if folder is not None:
            raise bad_argument("folder", "it says where a Case object's market is", "leave it out for a file or a name")
        path = case_path(case)
        if is_workbook(path):
            refuse_other_kinds(path)
            return _from_workbook(path, sets or {})
        document = read_case_document(path)
        name, parsed = path.stem, _both(document, path.parent)
        place = market_path(parsed.market, path.parent)
        parsed = parsed.loaded_from(path, place)
    clock.adopt(parsed.options.time_limit)
    clock.check("the market was read")
    market_document = _market_document(place)
    changes = {path: as_change(path, value) for path, value in (sets or {}).items()}
    return assemble(name, parsed, document, market_document, changes)


def _market_document(place: Path) -> Document:
    """The market of a folder, or the one that a workbook holds. Raises InputError."""
    if not is_workbook(place):
        return read_market(place)
    from optimizer.io.workbook import workbook_documents

    return workbook_documents(place)[1]


def _from_workbook(path: Path, sets: Changes) -> Inputs:
    """A case and its market out of one workbook. Raises InputError with all findings about both."""
    from optimizer.io.workbook import workbook_documents  # with what unpacks and parses it

    document, market_document = workbook_documents(path)
    findings: list[Finding] = []
    for model, part in ((Case, document), (Market, market_document)):
        try:
            validate(model, part if model is Case else renamed(part)[0])
        except InputError as error:
            findings += error.findings
    if findings:
        raise InputError(findings)
    changes = {name: as_change(name, value) for name, value in sets.items()}
    case = validate(Case, document).loaded_from(path, path)
    return assemble(path.stem, case, document, market_document, changes)


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
                validate(Market, renamed(read_market(folder))[0])
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
    """Inputs from documents already read. Raises InputError; SolverError where the time limit in force is up."""
    clock.adopt(case.options.time_limit)
    clock.check("the market was checked")
    original, (market_document, notes) = market_document, renamed(market_document)
    market = validate(Market, market_document)
    asked = ((case.changes, case_document, "changes."), (sets, Document({}, {}, ""), "--set "))
    believed = [(before_calibration(c), where, prefix + RECALIBRATE) for c, where, prefix in asked]
    today_document = market_document
    market_document = _applied(market_document, believed)
    changed_document = _applied(market_document, [(after_calibration(c), where, prefix) for c, where, prefix in asked])
    if market_document is not today_document:
        market = _validated(market_document, case, case_document, sets)
    same = changed_document.data == market_document.data
    changed = market if same else _validated(changed_document, case, case_document, sets)
    kept = None if original is market_document else original
    notes += _old_names(case, case_document, sets)
    documents = case_document, market_document, changed_document
    return Inputs(name, case, market, changed, *documents, sets, (), kept, tuple(notes))


def _old_names(case: Case, document: Document, sets: Mapping[str, Change]) -> list[Finding]:
    """What is to be said about changes that name fields as they were called before."""
    found = old_changes((p.removeprefix(RECALIBRATE) for p in sets), Document({}, {}, ""), "--set ")
    found += old_changes((p.removeprefix(RECALIBRATE) for p in case.changes), document, "changes.")
    for name, scenario in case.scenarios.items():
        found += old_changes(scenario.changes, document, f"scenarios.{name}.changes.")
    return found + old_changes(case.grid, document, "grid.")


def _applied(document: Document, changes: Iterable[tuple[Mapping[str, Change], Document, str]]) -> Document:
    """The market's document after some changes; the very same where there are none. Raises InputError, all findings."""
    findings: list[Finding] = []
    for some, where, prefix in changes:
        try:
            document = apply_changes(document, some, where, prefix) if some else document
        except InputError as error:
            findings += error.findings
    if findings:
        raise InputError(findings)
    return document


def _validated(document: Document, case: Case, case_document: Document, sets: Mapping[str, Change]) -> Market:
    """A changed market; what is wrong with it is told where the change was asked for. Raises InputError."""
    try:
        return validate(Market, document)
    except InputError as error:
        found = (blamed(f, case, case_document, sets) for f in error.findings)
        raise InputError(list(dict.fromkeys(found))) from None


def inputs_from_text(text: str, file: str) -> Inputs:
    """Inputs from what a result folder saved. Raises InputError."""
    try:
        stated = json.loads(text)
        name, case_data, market_data, sets = stated["name"], stated["case"], stated["market"], stated["sets"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise bad_argument("inputs.json", f"{file} is not what --out saved", "run the case again with --out") from None
    case_document, market_document = Document(case_data, {}, file), Document(market_data, {}, file)
    case = validate(Case, case_document)
    changes = {k: validate(Change, Document(v, {}, file)) for k, v in sets.items()}
    return assemble(name, case, case_document, market_document, changes)
