"""What is asked: bodies of requests, and the case model that one means. No path comes from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from optimizer.errors import bad_argument
from optimizer.inputs.changes import as_change
from optimizer.inputs.load import Inputs, assemble, load_inputs, read_market, validate
from optimizer.io.documents import Document
from optimizer.io.kinds import read_case_document
from optimizer.io.library import data_folder, list_cases, list_markets
from optimizer.io.text import refused
from optimizer.model.case_model import CaseModel, case_model_of, with_case
from optimizer.schema.case import Case

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
KEPT = 8
"""Case models that a worker keeps."""
MARKET = ("case", "market", "sets")
WHOLE = (*MARKET, "locks", "mix", "conditions", "scenarios")
"""Fields of a question that make its case."""


class Ask(BaseModel):
    """A question: a case, its market, and what is changed in either."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    case: str | dict[str, Any]
    """A shipped or saved case by name, or a case as its file would say it."""
    market: dict[str, Any] | None = None
    """The market as one document, numbers inline; else the one that the case names, shipped or saved."""
    sets: dict[str, float | str] = {}
    """Changes by path, as ``--set``: a number, ``x0.5`` or ``+5``; with ``recalibrate:`` before the path a belief."""
    locks: dict[str, dict[str, Any]] = {}
    """Plan -> its ladders in place of the case's: single values lock it, on the case's ladder or not, ``{}`` leaves it
    as it is today, and ``{off: true}`` takes it off the menu."""
    mix: dict[str, Any] | None = None
    """In place of the case's: ``enterprise_share`` and ``budget``, each a list of what may be chosen."""
    conditions: list[dict[str, Any]] | None = None
    """In place of the case's."""
    scenarios: dict[str, dict[str, Any]] = {}
    """Beside the case's: name -> ``{changes: {PATH: {times: 2}}}``."""
    gap: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    time_limit: Annotated[float, Field(gt=0.0)] | None = None
    """seconds"""
    cross_check: bool = True
    """Have HiGHS close what the search left, of ``solve``; a proof holds without it."""
    checks: str = "none"
    """``none``, ``usual`` or ``all``; of ``solve``."""
    options: dict[str, Any] = {}
    """Of a study, by name."""


def case_model(ask: Ask, workspace: Path | None) -> CaseModel:
    """The case made ready; what was asked for lately is kept. Raises InputError."""
    return _made_ready(ask.model_dump_json(include=set(WHOLE)), None if workspace is None else str(workspace))


@lru_cache(maxsize=KEPT)
def _made_ready(question: str, workspace: str | None) -> CaseModel:
    ask = Ask.model_validate_json(question)
    found = _calibrated(ask.model_dump_json(include=set(MARKET)), workspace)
    document = _asked(found.inputs.case_document, ask)
    return found if document is found.inputs.case_document else with_case(found, validate(Case, document), document)


@lru_cache(maxsize=KEPT)
def _calibrated(question: str, workspace: str | None) -> CaseModel:
    """The case as it is stated: what is locked or asked otherwise in it leaves the calibrated market as it is."""
    return case_model_of(_inputs(Ask.model_validate_json(question), None if workspace is None else Path(workspace)))


def asked_inputs(ask: Ask, workspace: Path | None) -> Inputs:
    """Case and market as asked. Raises InputError with all findings."""
    return case_model(ask, workspace).inputs


def _inputs(ask: Ask, workspace: Path | None) -> Inputs:
    if isinstance(ask.case, str) and ask.market is None and ask.case in list_cases():
        return load_inputs(ask.case, ask.sets)
    name, document = _case_document(ask.case, workspace)
    case = validate(Case, document)
    market = Document(ask.market, {}, "market") if ask.market is not None else _market(case.market, workspace)
    return assemble(name, case, document, market, {path: as_change(path, value) for path, value in ask.sets.items()})


def settled(ask: Ask, workspace: Path | None) -> Ask:
    """The same with what is saved under its names in place of them: what is saved may change. Raises InputError."""
    if isinstance(ask.case, str) and ask.case in saved_cases(workspace):
        ask = ask.model_copy(update={"case": _case_document(ask.case, workspace)[1].data})
    name = ask.case.get("market") if isinstance(ask.case, dict) else None
    if ask.market is None and isinstance(name, str) and name in saved_markets(workspace):
        ask = ask.model_copy(update={"market": _market(name, workspace).data})
    return ask


def saved_markets(workspace: Path | None) -> list[str]:
    """Names of the markets in the workspace."""
    folder = None if workspace is None else workspace / "models"
    return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder is not None and folder.is_dir() else []


def saved_cases(workspace: Path | None) -> list[str]:
    """Names of the cases in the workspace."""
    folder = None if workspace is None else workspace / "cases"
    return sorted(p.stem for p in folder.glob("*.yaml")) if folder is not None and folder.is_dir() else []


def saved_path(name: str, workspace: Path) -> Path:
    """Where a case of that name is saved. Raises InputError for a name that could lead elsewhere."""
    if not NAME.fullmatch(name):
        raise bad_argument("name", "a name has letters, digits, dots, dashes and lines", "give it another name")
    return workspace / "cases" / f"{name}.yaml"


def saved_document(name: str, workspace: Path | None) -> Document:
    """A case of the workspace as its file says it. Raises InputError."""
    assert workspace is not None
    return read_case_document(saved_path(name, workspace))


def _case_document(case: str | dict[str, Any], workspace: Path | None) -> tuple[str, Document]:
    if isinstance(case, dict):
        title = case.get("title")
        return title if isinstance(title, str) else "case", Document(case, {}, "case")
    if case in saved_cases(workspace):
        return case, saved_document(case, workspace)
    if case in list_cases():
        return case, read_case_document(data_folder() / "cases" / f"{case}.yaml")
    raise refused("case-missing", "case", None, f"no case is named {case[:80]!r}", "GET /v1/cases lists them")


def _market(name: str, workspace: Path | None) -> Document:
    """The document of a market by name. Raises InputError."""
    if workspace is not None and name in saved_markets(workspace):
        return read_market(workspace / "models" / name)
    if name in list_markets():
        return read_market(data_folder() / "models" / name)
    cure = "send the market in the body, or GET /v1/markets lists the names"
    raise refused("market-missing", "case", None, f"no market is named {name[:80]!r}", cure)


def _asked(document: Document, ask: Ask) -> Document:
    """The case with what is asked in place of its own; the very same where nothing is."""
    data = dict(document.data)
    if ask.mix is not None:
        data["mix"] = ask.mix
    if ask.conditions is not None:
        data["conditions"] = list(ask.conditions)
    if ask.scenarios:
        data["scenarios"] = {**(data.get("scenarios") or {}), **ask.scenarios}
    if ask.locks:
        data |= _locked(data, ask.locks)
    return document if data == document.data else Document(data, document.lines, document.file)


def _locked(data: Mapping[str, Any], locks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Plans and conditions of a case with other ladders for some plans."""
    plans, conditions = dict(data.get("plans") or {}), list(data.get("conditions") or ())
    for plan, ladders in locks.items():
        if ladders.get("off"):
            plans[plan] = {"withdraw": True}
            conditions.append({"name": f"{plan} is off the menu", "figure": "customers", "plan": plan, "at_most": 0.0})
        elif ladders:
            plans[plan] = dict(ladders)
        else:
            plans.pop(plan, None)
    return {"plans": plans, "conditions": conditions}
