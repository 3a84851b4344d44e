"""A saved answer over draws, recomputed: its draws calibrated anew, its menu evaluated, its proof checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from optimizer.errors import InputError, OptimizerError, bad_argument

SAVED = "robust.json"
CURE = "run the case again with --out"
ROOM = 1e-9


def is_robust(folder: Path) -> bool:
    """Whether a folder holds an answer over draws, and no other."""
    return (folder / SAVED).is_file() and not (folder / "result.json").exists()


def verify_robust(folder: Path) -> dict[str, Any]:
    """Recompute a saved answer over draws: its inputs, draws, menu, value and bound, without a search.

    Returns plain data: ``passed`` and a list ``checks`` of what was checked. Raises InputError where the folder is not
    one that ``--out`` made.
    """
    from optimizer.inputs.load import inputs_from_text
    from optimizer.io.folders import read_folder
    from optimizer.model.case_model import case_model_of
    from optimizer.studies.robust_paths_saved import path_claims
    from optimizer.studies.robust_paths_told import KIND
    from optimizer.uncertainty.draws_file import read_draws

    told, proof = (_object(folder / name) for name in (SAVED, "robust-certificate.json"))
    rows = []
    try:
        read_folder(folder)
    except InputError as error:
        rows += [_row(f"file {Path(f.file).name}", False, f.message) for f in error.findings]
    inputs = inputs_from_text((folder / "inputs.json").read_text(encoding="utf-8"), str(folder / "inputs.json"))
    rows.append(_row("inputs", inputs.hash == told.get("input_hash"), f"hash {inputs.hash[:12]}"))
    m = case_model_of(inputs, strict=False)
    draws = read_draws(folder / "draws.json", m)
    try:
        rows += (path_claims if told.get("kind") == KIND else _claims)(m, draws, told, proof)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise bad_argument("DIR", f"{folder}: not what --out saves: {type(error).__name__}: {error}", CURE) from None
    return {"passed": all(row["passed"] for row in rows), "checks": rows}


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise bad_argument("DIR", f"cannot read {path}: {error}", CURE) from None
    if not isinstance(found, dict):
        raise bad_argument("DIR", f"{path} is not what --out saves", CURE)
    return found


def _row(what: str, passed: bool, detail: str) -> dict[str, Any]:
    return {"what": what, "passed": passed, "detail": detail}


def _claims(m: Any, draws: Any, told: dict[str, Any], proof: dict[str, Any]) -> list[dict[str, Any]]:
    """The answer against its draws: what is told, and what its certificate proves."""
    import numpy as np

    from optimizer.answer.menu import menu_document
    from optimizer.answer.saved import differences
    from optimizer.io.plain import clean
    from optimizer.typing import Status, Verdict
    from optimizer.uncertainty.case_draws import aim_of, check_agreement, over_draws, posed_draws
    from optimizer.uncertainty.statements import RobustSolution, RobustWork

    weighted = bool(told["draws"]["weighted_by_evidence"])
    asked = over_draws(m, posed_draws(m, draws), draws.weights if weighted else None)
    aim, risk, tail = aim_of(m), str(told["risk"]), float(told["tail"])
    levels, mix = tuple(int(k) for k in proof["levels"]), int(proof["mix"])
    document = clean(menu_document(asked.draws[0].menu(levels, mix), m.inputs.changed))
    wrong = [*differences(document["menu"], told["menu"], "menu"), *differences(document["mix"], told["mix"], "mix")]
    rows = [_row("menu", not wrong, "; ".join(f"{d.path} {d.words}" for d in wrong[:3]) or "that of the certificate")]
    sense = 1 if risk == "regret" else aim.sense
    value, bound = sense * float(told["value"]), sense * float(told["bound"])
    values = np.array([aim.sense * one for one in asked.problem.evaluate(levels, mix)[aim.name]])
    claim = RobustSolution(
        levels, mix, value, bound, float(told["gap"]), Verdict(told["verdict"]), Status.OPTIMAL, 0.0, values, {}, (),
        None, None, proof["proof"], RobustWork(0, 0, 0),
    )  # fmt: skip
    try:
        check_agreement(asked.draws, levels, mix, values)
        proven = asked.problem.recheck(claim, aim.name, risk, tail, **asked.asked)
    except OptimizerError as error:
        return [*rows, _row("value and bound", False, str(error))]
    rows.append(_row("bound", True, f"certificate proves {sense * proven:.10g}, claimed {sense * bound:.10g}"))
    question = asked.problem.question(aim.name, risk, tail, **asked.asked)
    if risk != "regret":
        place = asked.draws[0].composites.packed(levels)
        found = None if place is None else question.value(place, mix)
        same = found is not None and abs(found - value) <= ROOM * max(abs(value), question.yardstick)
        rows.append(_row("value", same, f"{found!r} over the draws, claimed {value!r}"))
    own = next(menu for menu in told["menus"] if menu["asked"])
    mean = float(asked.problem.weights @ values)
    close = abs(own["proven_draws"]["aim"]["mean"] - mean) <= ROOM * max(abs(mean), question.yardstick)
    rows.append(_row("mean over the draws", close, f"{mean:.10g}"))
    gap_told = abs(bound - value) / max(abs(value), question.yardstick)
    proved = told["verdict"] != Verdict.PROVED or gap_told <= float(told["gap_asked"]) * (1.0 + 1e-6)
    rows.append(_row("verdict", proved, f"gap {gap_told:.2e}, asked {told['gap_asked']:g}"))
    return rows
