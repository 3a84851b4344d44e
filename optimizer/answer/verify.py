"""A saved result, recomputed from its saved inputs without a solver."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optimizer.answer.audit import TRUST, check_bound, difference
from optimizer.answer.menu import read_menu
from optimizer.answer.solution import SCHEMA_VERSION
from optimizer.errors import InputError, OptimizerError, bad_argument
from optimizer.inputs.load import inputs_from_text
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, case_model_of
from optimizer.model.choices import Menu
from optimizer.optimise.objectives import FigureObjective, Lexicographic, Objective, objective_of
from optimizer.optimise.price_ranges import within_ranges
from optimizer.typing import Verdict

ROOM = 1e-9
"""Relative difference between a claimed and a proven bound that rounding explains."""


def _read(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_argument(
            "DIR", f"cannot read {folder / name}: {error}", "name a folder that 'run --out' made"
        ) from None


def verify_folder(folder: Path) -> dict[str, Any]:
    """Recompute the figures, the conditions and the bound of a saved result.

    Returns plain data: ``passed`` and a list ``checks`` of what was checked.

    Raises:
        InputError: the folder is not one that ``--out`` made.
    """
    text = _read(folder, "inputs.json")
    result = _result(folder)
    inputs = inputs_from_text(text, str(folder / "inputs.json"))
    checks = [_row("inputs", inputs.hash == result.get("input_hash"), f"hash {inputs.hash[:12]}")]
    m = case_model_of(inputs)
    try:
        menu = read_menu(result, m.prepared)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return _report([*checks, _row("menu", False, f"the saved menu cannot be read: {error!r}")])
    allowed = m.choices.choice(menu) is not None or within_ranges(m, menu)
    checks.append(_row("menu", allowed, "is one that the case allows" if allowed else "is not one the case allows"))
    if not allowed:
        return _report(checks)
    evaluation = m.evaluate(menu)
    checks.append(_figures(result["figures"], evaluation))
    checks += [
        _row(f"condition {c.name}", c.met, f"{c.value:.6g}, {c.sense} {c.bound:.6g}")
        for c in (check_bound(b, evaluation) for b in m.bounds)
    ]
    return _report([*checks, *_bounds(m, menu, result, json.loads(_read(folder, "certificate.json")), evaluation)])


def _result(folder: Path) -> dict[str, Any]:
    """``result.json`` of a version that is known."""
    cure = "run the case again with --out"
    try:
        result = json.loads(_read(folder, "result.json"))
        known = result["schema_version"] in (1, SCHEMA_VERSION)
        whole = all(isinstance(result[part], dict) for part in ("menu", "mix", "figures", "objective"))
    except (ValueError, KeyError, TypeError):
        known = whole = False
    if not known or not whole:
        raise bad_argument("DIR", f"{folder / 'result.json'} is not a saved result", cure)
    return dict(result)


def _row(what: str, passed: bool, detail: str) -> dict[str, Any]:
    return {"what": what, "passed": passed, "detail": detail}


def _report(checks: list[dict[str, Any]]) -> dict[str, Any]:
    return {"passed": all(c["passed"] for c in checks), "checks": checks}


def _figures(saved: dict[str, Any], evaluation: Evaluation) -> dict[str, Any]:
    worst, where = 0.0, "none"
    for name, row in saved.items():
        value = row["value"] if isinstance(row, dict) else None
        now = evaluation.figure(name)
        if value is None and math.isnan(now):
            continue
        off = difference(float(value), now, 1e-12) if isinstance(value, int | float) else math.inf
        if off > worst:
            worst, where = off, name
    return _row(
        "figures", worst <= TRUST, f"{len(saved)} recomputed, largest relative difference {worst:.0e} ({where})"
    )


def _stages(certificate: Any) -> list[Mapping[str, Any]]:
    """The stages of a certificate; of the first version, which knew a single one, too."""
    if not isinstance(certificate, dict):
        return []
    if "stages" in certificate:
        return list(certificate["stages"])
    old = certificate.get("certificate")
    return [{"reached": None, "proof": old}] if old else []


def _bounds(
    m: CaseModel, menu: Menu, result: Mapping[str, Any], certificate: Any, evaluation: Evaluation
) -> list[dict[str, Any]]:
    """The proof of every stage, rechecked without search."""
    wanted = objective_of(m.inputs.case.objective, m.today)
    told, claimed = _stages(certificate), [*result["stages"][:-1], result["objective"]]
    if result.get("verdict") != Verdict.PROVED and not any(stage.get("proof") for stage in told):
        return []
    if result["schema_version"] == 1 and (len(wanted.stages) > 1 or type(wanted.last) is not FigureObjective):
        return []  # the first version saved no proof of these
    if len(told) != len(wanted.stages) or len(claimed) != len(wanted.stages):
        return [_row("bound", False, "the certificate that the verdict rests on is missing")]
    rows = []
    for index, (objective, _) in enumerate(wanted.stages):
        rows.append(_bound(m, wanted, told, index, objective, float(claimed[index]["bound"])))
    value = wanted.last.value(evaluation)
    off = difference(float(result["objective"]["value"]), value, wanted.last.scale(m))
    return [*rows, _row("objective", off <= TRUST, f"recomputed {value:.10g}")]


def _bound(
    m: CaseModel, wanted: Lexicographic, told: Sequence[Mapping[str, Any]], index: int, objective: Objective,
    claimed: float,
) -> dict[str, Any]:  # fmt: skip
    """One stage: what its certificate proves against the bound that was claimed."""
    name = "bound" if len(wanted.stages) == 1 else f"bound of stage {index + 1}"
    proof = told[index].get("proof")
    if not proof:
        return _row(name, False, "the certificate that the verdict rests on is missing")
    try:
        limits = wanted.kept(m, [float(stage["reached"]) for stage in told[:index]])
        proven = objective.recheck(m, proof, limits)
    except (OptimizerError, InputError, KeyError, ValueError, TypeError) as error:
        return _row(name, False, f"the certificate does not hold: {error}")
    holds = objective.sense * (claimed - proven) >= -ROOM * max(abs(claimed), objective.scale(m))
    return _row(name, holds, f"certificate proves {proven:.10g}, claimed {claimed:.10g}")
