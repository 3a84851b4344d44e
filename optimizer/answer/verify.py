"""A saved result, recomputed from its saved inputs without a solver, and compared with all that a reader sees.

Taken from the result are the menu and what was claimed of it (bound, status); everything else is computed anew. The
claimed bound is proven again from the certificate.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from optimizer.answer.agreement import compared
from optimizer.answer.audit import audit
from optimizer.answer.checks.check import Checked, read_checked
from optimizer.answer.checks.recheck import recheck
from optimizer.answer.document import solution_document, solution_files
from optimizer.answer.menu import read_menu
from optimizer.answer.path_verify import is_path, verify_path
from optimizer.answer.saved import CURE, Difference, SavedResult, csv_rows, differences, read_saved
from optimizer.answer.solution import SCHEMA_VERSION
from optimizer.answer.stages import Stage, solution_of
from optimizer.errors import InputError, NotTrustedError, OptimizerError, bad_argument
from optimizer.inputs.load import inputs_from_text
from optimizer.io.plain import clean
from optimizer.model.case_model import CaseModel, as_it_stands, case_model_of
from optimizer.model.choices import Menu
from optimizer.optimise.objectives import FigureObjective, Found, Lexicographic, Objective, objective_of
from optimizer.optimise.outcome import Work
from optimizer.optimise.price_ranges import within_ranges
from optimizer.typing import Status, Verdict

ROOM = 1e-9
"""Relative difference between a claimed and a proven bound that rounding explains."""
UNTOLD = ("seconds", "versions", "work", "checks")
"""What a run took and ran on: told, and not to be recomputed; checks are looked at by themselves."""
CHECKED = "recomputed at this menu; what took another search is taken as told"
EARLIER = ("verdict", "status", "objective", "stages", "menu", "mix")
"""What is compared of a result of an earlier version, besides figures that mean the same."""
MEANT_OTHERWISE = ("churn_rate", "churned_customers", "churned_payers", "payers_churn_rate")
"""Figures that counted who decides anew as leaving, up to version 2."""
LATER = ("gap_asked", "method", "enumerated", "cells", "rounding_loss")
"""What the first version did not save of an objective."""


def verify_folder(folder: Path) -> dict[str, Any]:
    """Recompute a saved result: every number and word of its documents and tables, its conditions and its bounds.

    Returns plain data: ``passed`` and a list ``checks`` of what was checked.

    Raises:
        InputError: the folder is not one that ``--out`` made, or a file in it is not well formed.
    """
    saved = read_saved(folder)
    inputs = inputs_from_text(saved.inputs, str(folder / "inputs.json"))
    checks = [_row("inputs", inputs.hash == saved.result.get("input_hash"), f"hash {inputs.hash[:12]}")]
    checks += [_row(f"file {Path(f.file).name}", False, f.message) for f in saved.altered]
    if is_path(saved):
        return _report([*checks, *verify_path(saved, case_model_of(inputs, strict=False))])
    try:
        m, stages = _claimed(saved, case_model_of(inputs, strict=False))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        message = f"{folder / 'result.json'} is not what --out saves: {type(error).__name__}: {error}"
        raise bad_argument("DIR", message, CURE) from None
    except NotTrustedError as error:
        return _report([*checks, _row("menu", False, str(error))])
    checks += _recomputed(saved, m, stages)
    checks += [_row(f"condition {c.name}", c.met or _evaluated(stages), f"{c.value:.6g}, {c.sense} {c.bound:.6g}")
               for c in stages[-1].audit.conditions]  # fmt: skip
    return _report([*checks, *_bounds(saved, m, stages)])


def _row(what: str, passed: bool, detail: str) -> dict[str, Any]:
    return {"what": what, "passed": passed, "detail": detail}


def _report(checks: list[dict[str, Any]]) -> dict[str, Any]:
    return {"passed": all(c["passed"] for c in checks), "checks": checks}


def _evaluated(stages: Sequence[Stage]) -> bool:
    """Whether nothing was optimised."""
    return stages[-1].found.status is Status.EVALUATED


def _claimed(saved: SavedResult, m: CaseModel) -> tuple[CaseModel, list[Stage]]:
    """The case model and the stages as the result claims them, each at its own menu.

    Raises KeyError, TypeError or ValueError where the result is not well formed; NotTrustedError where a menu is not
    one of the case's, or instance and evaluator disagree at it.
    """
    wanted = objective_of(m.inputs.case.objective, m.today)
    told = _told(saved, len(wanted.stages))
    claims = [*saved.result["stages"][:-1], saved.result["objective"]]
    if len(claims) != len(wanted.stages):
        raise ValueError(f"{len(claims)} stages for an objective with {len(wanted.stages)}")
    if saved.result["verdict"] == Verdict.EVALUATED:
        m = as_it_stands(m)
    menus = [read_menu(stage if "menu" in stage else saved.result, m.prepared) for stage in told[:-1]]
    menus.append(read_menu(saved.result, m.prepared))
    return m, [
        _stage(m, objective, menu, claim, stage)
        for (objective, _), menu, claim, stage in zip(wanted.stages, menus, claims, told, strict=True)
    ]


def _told(saved: SavedResult, count: int) -> list[Mapping[str, Any]]:
    """What the certificate says of every stage."""
    if saved.version > 1:
        stages = saved.certificate["stages"]
        if not isinstance(stages, list) or len(stages) != count:
            raise ValueError("the certificate has another number of stages")
        return list(stages)
    last = {"reached": saved.result["objective"]["value"], "proof": saved.certificate["certificate"]}
    return [{} for _ in range(count - 1)] + [last]


def _stage(m: CaseModel, objective: Objective, menu: Menu, claim: Mapping[str, Any], told: Mapping[str, Any]) -> Stage:
    """One stage: its menu evaluated anew, and what was claimed of it. Raises like :func:`_claimed`."""
    if not m.choices.allows(menu) and not within_ranges(m, menu):
        raise NotTrustedError("the saved menu is not one that the case allows")
    evaluation = m.evaluate(menu)
    value = objective.value(evaluation)
    loss = claim.get("rounding_loss")
    found = Found(
        Status(claim["status"]), menu, float(told.get("reached", value)), float(claim["bound"]),
        float(claim.get("gap_asked", m.inputs.case.options.gap)), str(claim.get("method", "screened")),
        Work(enumerated=int(claim.get("enumerated", 0))), told.get("proof"), int(claim.get("cells", 0)),
        None if loss is None else float(loss),
    )  # fmt: skip
    audited = audit(evaluation, m.bounds, compared(m, objective, menu, found.value, evaluation))
    return Stage(objective, found, menu, evaluation, audited, objective.scale(m))


def _recomputed(saved: SavedResult, m: CaseModel, stages: Sequence[Stage]) -> list[dict[str, Any]]:
    """The documents and tables computed anew against the saved ones, a row for each part."""
    solution = solution_of(m, stages, 0.0)
    told = _checks_told(saved)
    wrong = list(recheck(m, solution, told))
    solution = solution.checked(told)
    wanted, given = _comparable(clean(solution_document(solution)), saved), _comparable(saved.result, saved)
    if saved.version < SCHEMA_VERSION:
        return _of_an_earlier_version(wanted, given, saved.version)
    found = differences(wanted, given)
    if any(d.shape for d in found):
        where = next(d for d in found if d.shape)
        raise bad_argument("DIR", f"{saved.folder / 'result.json'}: {where.path} {where.words}", CURE)
    rows = [_compared(part, [d for d in found if _part(d) == part]) for part in wanted]
    for name, content in solution_files(solution).items():
        if name.endswith(".csv"):
            rows.append(_compared(name, differences(csv_rows(content.decode()), csv_rows(saved.text(name)))))
    return [*rows, _row("checks", not wrong, "; ".join(wrong[:3]) or CHECKED)] if told else rows


def _checks_told(saved: SavedResult) -> list[Checked]:
    """The checks as the result tells them. Raises InputError where they are not well formed."""
    try:
        return [read_checked(row) for row in saved.result.get("checks", ())]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"{saved.folder / 'result.json'}: checks: {type(error).__name__}: {error}"
        raise bad_argument("DIR", message, CURE) from None


def _of_an_earlier_version(wanted: Mapping[str, Any], given: Mapping[str, Any], version: int) -> list[dict[str, Any]]:
    """What an earlier version told and means the same by now: the answer, and figures."""
    told = (
        f"schema_version {version}: it counted who decides anew as leaving, so that figures of churn mean something "
        "else by now; parts, tables and words are not compared"
    )
    rows = [_row("version", True, told)]
    rows += [_compared(part, differences(wanted[part], given[part], part)) for part in EARLIER]
    names = [n for n in given["figures"] if n in wanted["figures"] and n not in MEANT_OTHERWISE]
    now, then = ({n: document["figures"][n] for n in names} for document in (wanted, given))
    return [*rows, _compared("figures", differences(now, then, "figures"))]


def _part(difference: Difference) -> str:
    return difference.path.split(".")[0].split("[")[0]


def _compared(what: str, found: Sequence[Difference]) -> dict[str, Any]:
    detail = "recomputed" if not found else "; ".join(f"{d.path} {d.words}" for d in found[:3])
    return _row(what, not found, detail)


def _comparable(document: Mapping[str, Any], saved: SavedResult) -> dict[str, Any]:
    """The parts of a document that can be computed anew; of the first version, those that it had."""
    kept = {key: part for key, part in document.items() if key not in UNTOLD}
    kept["findings"] = [{k: v for k, v in f.items() if k not in ("file", "line")} for f in kept["findings"]]
    if "checks" not in saved.result:
        for part in kept["menu"].values():
            part.pop("decision", None)  # told since there are checks
    if saved.version > 1:
        return kept
    for key in ("schema_version", "changes", "verdict_text"):
        kept.pop(key, None)
    for part in (kept["objective"], *kept["stages"], *kept["menu"].values(), kept["mix"]):
        for key in (*LATER, "level"):
            part.pop(key, None)
    for condition in kept["audit"]["conditions"]:
        condition.pop("denominator_floor", None)
    return json.loads(json.dumps(kept))  # type: ignore[no-any-return]


def _bounds(saved: SavedResult, m: CaseModel, stages: Sequence[Stage]) -> list[dict[str, Any]]:
    """The proof of every stage, rechecked without search."""
    wanted = objective_of(m.inputs.case.objective, m.today)
    if _evaluated(stages):
        return []
    if saved.version == 1 and (len(stages) > 1 or type(wanted.last) is not FigureObjective):
        return []  # the first version saved no proof of these
    return [_bound(m, wanted, stages, index) for index in range(len(stages))]


def _bound(m: CaseModel, wanted: Lexicographic, stages: Sequence[Stage], index: int) -> dict[str, Any]:
    """One stage: what its certificate proves against the bound that was claimed."""
    name = "bound" if len(stages) == 1 else f"bound of stage {index + 1}"
    stage = stages[index]
    proof, claimed, objective = stage.found.certificate, stage.found.bound, stage.objective
    if not proof:
        if stage.found.method == "solver":
            return _row(name, True, f"{claimed:.10g} is the solver's word; screening would leave a proof")
        return _row(name, False, "the certificate that the verdict rests on is missing")
    try:
        limits = wanted.kept(m, [before.found.value for before in stages[:index]])
        proven = objective.recheck(m, proof, limits)
        accepted = next(_accepted(m, proof), None)
    except (OptimizerError, InputError, KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        return _row(name, False, f"the certificate does not hold: {error}")
    if accepted is not None:
        return _row(name, False, f"the certificate leaves out a menu that meets all conditions: {accepted}")
    holds = objective.sense * (claimed - proven) >= -ROOM * max(abs(claimed), objective.scale(m))
    return _row(name, holds, f"certificate proves {proven:.10g}, claimed {claimed:.10g}")


def _accepted(m: CaseModel, proof: Any) -> Iterator[str]:
    """Menus that a certificate leaves out although the evaluator finds nothing wrong with them."""
    if isinstance(proof, Mapping):
        for picks, mix in proof.get("excluded") or ():
            menu = m.choices.menu((tuple(picks), mix))
            if audit(m.evaluate(menu), m.bounds, {}).met:
                yield ", ".join(f"{plan} {terms.price:g}" for plan, terms in menu.terms.items() if terms is not None)
        for part in proof.values():
            yield from _accepted(m, part)
    elif isinstance(proof, list) and all(isinstance(part, Mapping) for part in proof):
        for part in proof:
            yield from _accepted(m, part)
