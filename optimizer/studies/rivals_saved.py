"""A saved answer of the rivals, recomputed: every number and word of it anew, its proofs checked without a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optimizer.errors import InputError, OptimizerError, bad_argument

SAVED, PROOF = "rivals.json", "rivals-certificate.json"
CURE = "run the case again with --out"
UNTOLD = ("seconds", "work")
"""What a run took: not to be recomputed."""


def is_rivals(folder: Path) -> bool:
    """Whether a folder holds an answer of rivals, and no other."""
    return (folder / SAVED).is_file() and not (folder / "result.json").exists()


def verify_rivals(folder: Path) -> dict[str, Any]:
    """Recompute a saved answer of rivals: what they answer, what we earn, the bound over all their prices, the path.

    Returns plain data: ``passed`` and a list ``checks`` of what was checked. Raises InputError where the folder is not
    one that ``--out`` made.
    """
    from optimizer.inputs.load import inputs_from_text
    from optimizer.io.folders import read_folder
    from optimizer.model.case_model import case_model_of

    told, proof = (_object(folder / name) for name in (SAVED, PROOF))
    rows = []
    try:
        read_folder(folder)
    except InputError as error:
        rows += [_row(f"file {Path(f.file).name}", False, f.message) for f in error.findings]
    inputs = inputs_from_text(_text(folder / "inputs.json"), str(folder / "inputs.json"))
    rows.append(_row("inputs", inputs.hash == told.get("input_hash"), f"hash {inputs.hash[:12]}"))
    m = case_model_of(inputs, strict=False)
    try:
        rows += _claims(m, told, proof)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise bad_argument("DIR", f"{folder}: not what --out saves: {type(error).__name__}: {error}", CURE) from None
    return {"passed": all(row["passed"] for row in rows), "checks": rows}


def _claims(m: Any, told: dict[str, Any], proof: dict[str, Any]) -> list[dict[str, Any]]:
    """The answer made anew from its menus and proofs against the one that is told."""
    from optimizer.answer.saved import differences
    from optimizer.io.plain import clean
    from optimizer.studies.rivalry_retold import retold
    from optimizer.studies.rivals import rivals_document

    try:
        made = retold(m, told, proof)
    except InputError:
        raise
    except OptimizerError as error:
        return [_row("proof", False, str(error))]
    wanted = {key: part for key, part in clean(rivals_document(made)).items() if key not in UNTOLD}
    given = {key: part for key, part in told.items() if key not in UNTOLD}
    if set(wanted) != set(given):
        raise ValueError(f"has other parts: {', '.join(sorted(set(wanted) ^ set(given)))}")
    rows = [
        _row("bound", True, f"proven at {made.profiles} combinations of rivals' prices, claimed {made.bound:.10g}"),
        _row("best responses", True, f"{len(made.path)} steps, each menu proven the best at the prices before it"),
    ]
    for part, content in wanted.items():
        found = differences(content, given[part], part)
        detail = "; ".join(f"{d.path} {d.words}" for d in found[:3]) or "recomputed"
        rows.append(_row(part, not found, detail))
    return rows


def _row(what: str, passed: bool, detail: str) -> dict[str, Any]:
    return {"what": what, "passed": passed, "detail": detail}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_argument("DIR", f"cannot read {path}: {error}", CURE) from None


def _object(path: Path) -> dict[str, Any]:
    import json

    try:
        found = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise bad_argument("DIR", f"cannot read {path}: {error}", CURE) from None
    if not isinstance(found, dict):
        raise bad_argument("DIR", f"{path} is not what --out saves", CURE)
    return found
