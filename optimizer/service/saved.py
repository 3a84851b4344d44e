"""Cases kept under a name in the workspace, and cases as files: YAML or a workbook."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from optimizer.errors import InputError, bad_argument
from optimizer.io.documents import Document
from optimizer.io.library import case_document, list_cases
from optimizer.io.plain import clean
from optimizer.io.saving import write_atomic
from optimizer.market.check import check_inputs
from optimizer.service.asking import Ask, asked_inputs, saved_cases, saved_document, saved_path

WIDTH = 120


def case_rows(workspace: Path | None) -> list[dict[str, Any]]:
    """Every case with its title, those of the workspace first."""
    own = saved_cases(workspace)
    named = [(name, True) for name in own] + [(name, False) for name in list_cases() if name not in own]
    return [{"name": name, "saved": saved, **_about(name, saved, workspace)} for name, saved in named]


def _about(name: str, saved: bool, workspace: Path | None) -> dict[str, Any]:
    """Title, market, and whether it asks over months; nothing of a case that cannot be read."""
    try:
        data = saved_document(name, workspace).data if saved else case_document(name).data
    except InputError:
        return {"title": "cannot be read", "market": None, "months": False, "scenarios": False}
    told = {"title": str(data.get("title", name)), "market": data.get("market")}
    return told | {"months": "horizon" in data, "scenarios": bool(data.get("scenarios") or data.get("grid"))}


def save_case(name: str, ask: Ask, workspace: Path) -> None:
    """Save a case under a name; what was there is replaced whole. Raises InputError for one that cannot be asked."""
    path, document = saved_path(name, workspace), whole_case(ask, workspace)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, yaml_text(document))


def whole_case(ask: Ask, workspace: Path | None) -> dict[str, Any]:
    """The case with all that was changed beyond it, as its file would say it. Raises InputError."""
    inputs = asked_inputs(ask, workspace)
    errors = [f for f in check_inputs(inputs) if f.severity == "error"]
    if errors:
        raise InputError(errors)
    document: dict[str, Any] = inputs.case.model_dump(
        mode="json", exclude_none=True, exclude_defaults=True, by_alias=True
    )
    sets = {path: change.model_dump(mode="json", exclude_none=True) for path, change in inputs.sets.items()}
    if sets:
        document["changes"] = {**document.get("changes", {}), **sets}
    found: dict[str, Any] = clean(document)
    return found


def yaml_text(document: dict[str, Any]) -> str:
    """A case as people read it: groups in lines, lists in brackets."""
    writer, out = YAML(), io.StringIO()
    writer.default_flow_style, writer.width, writer.allow_unicode = None, WIDTH, True
    writer.dump(document, out)
    return out.getvalue()


def as_yaml(ask: Ask, workspace: Path | None) -> bytes:
    """A case file. Raises InputError."""
    return yaml_text(whole_case(ask, workspace)).encode()


def as_workbook(ask: Ask, workspace: Path | None) -> bytes:
    """The case with its market. Raises InputError."""
    from optimizer.io.workbook import write_case_workbook

    case, market = whole_case(ask, workspace), asked_inputs(ask, workspace).market_document
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.xlsx"
        write_case_workbook(path, Document(case, {}, "case"), market)
        return path.read_bytes()


FORMS: dict[str, tuple[str, Callable[[Ask, Path | None], bytes]]] = {
    "yaml": ("application/yaml", as_yaml),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_workbook),
}
"""By suffix: what a file is, and what makes it."""


def case_file(form: str, ask: Ask, workspace: Path | None) -> tuple[str, bytes]:
    """Media type and content of a case as a file. Raises InputError."""
    if form not in FORMS:
        raise bad_argument("form", f"is {form[:20]!r}", f"one of {', '.join(FORMS)}")
    kind, made = FORMS[form]
    return kind, made(ask, workspace)
