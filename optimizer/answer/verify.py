"""A saved result, recomputed from its saved inputs without a solver."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from optimizer import search
from optimizer.answer.audit import TRUST, check_bound, difference
from optimizer.answer.run import aims_of, evaluate_choice
from optimizer.errors import InputError, OptimizerError, bad_argument
from optimizer.inputs.load import inputs_from_text
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, case_model_of
from optimizer.model.instance import combine


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
    try:
        result = json.loads(_read(folder, "result.json"))
        menu = tuple(int(plan["level"]) for plan in result["menu"].values())
        mix = int(result["mix"]["level"])
        figures = result["figures"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise bad_argument(
            "DIR", f"{folder / 'result.json'} is not a saved result", "run the case again with --out"
        ) from None
    inputs = inputs_from_text(text, str(folder / "inputs.json"))
    checks = [_row("inputs", inputs.hash == result.get("input_hash"), f"hash {inputs.hash[:12]}")]
    case_model = case_model_of(inputs)
    levels = case_model.choices.levels
    if (
        len(menu) != len(levels)
        or any(not 0 <= x < len(n) for x, n in zip(menu, levels, strict=False))
        or not 0 <= mix < len(case_model.choices.mixes)
    ):
        return _report([*checks, _row("menu", False, "the saved levels are not among those that the case allows")])
    evaluation = evaluate_choice(case_model, (menu, mix))
    checks.append(_figures(figures, evaluation))
    checks += [
        _row(f"condition {c.name}", c.met, f"{c.value:.6g}, {c.sense} {c.bound:.6g}")
        for c in (check_bound(b, evaluation) for b in case_model.bounds)
    ]
    checks += _bound(case_model, result, folder, evaluation)
    return _report(checks)


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


def _bound(case_model: CaseModel, result: dict[str, Any], folder: Path, evaluation: Evaluation) -> list[dict[str, Any]]:
    """The certificate of a single linear aim, rechecked without search."""
    aims = aims_of(case_model.inputs.case.objective, case_model)
    measure = aims[0].measure
    if len(aims) > 1 or measure is None or measure.denominator is not None:
        return []
    saved = json.loads(_read(folder, "certificate.json")).get("certificate")
    if not saved:
        if result.get("verdict") != "proved":
            return []
        return [_row("bound", False, "the certificate that the verdict rests on is missing")]
    sense = aims[0].sense
    try:
        bound = sense * search.recheck(
            case_model.compiled.instance, combine([(float(sense), measure.numerator)]), case_model.limits, saved
        )
    except (OptimizerError, InputError, KeyError, ValueError, TypeError) as error:
        return [_row("bound", False, f"the certificate does not hold: {error}")]
    claimed = float(result["objective"]["bound"])
    room = 1e-9 * max(abs(claimed), 1.0)
    return [
        _row("bound", sense * (claimed - bound) >= -room, f"certificate proves {bound:.10g}, claimed {claimed:.10g}")
    ]
