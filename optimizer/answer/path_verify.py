"""A saved path, recomputed from its saved inputs: its menus followed month by month, its bound proven again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from optimizer.answer.menu import read_level
from optimizer.answer.path_document import KIND, path_document, path_files
from optimizer.answer.path_mixes import proven_of_mixes
from optimizer.answer.path_solving import Claim, path_solution
from optimizer.answer.saved import CURE, SavedResult, csv_rows, differences
from optimizer.errors import NotTrustedError, bad_argument
from optimizer.horizon.instance import Horizon
from optimizer.horizon.orders import replay_orders
from optimizer.horizon.question import PathQuestion, question_of
from optimizer.horizon.replay import replay
from optimizer.horizon.timeline import timeline_of
from optimizer.io.plain import clean
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import same_level
from optimizer.typing import Status

ROOM = 1e-9
UNTOLD = ("seconds", "versions", "work")


def is_path(saved: SavedResult) -> bool:
    """Whether a saved result is one over months."""
    return saved.result.get("kind") == KIND


def verify_path(saved: SavedResult, m: CaseModel) -> list[dict[str, Any]]:
    """Rows of what was checked. Raises InputError where the result is not well formed."""
    try:
        question = question_of(timeline_of(m, _mix(saved, m)))
        claim = _claim(saved, question)
        solution = path_solution(question, claim, 0.0)
        wanted, given = clean(path_document(solution)), dict(saved.result)
        rows = [
            _row(part, differences(wanted[part], given.get(part), part)) for part in wanted if part not in UNTOLD
        ]  # fmt: skip
        for name, content in path_files(solution).items():
            if name.endswith(".csv"):
                rows.append(_row(name, differences(csv_rows(content.decode()), csv_rows(saved.text(name)), name)))
    except NotTrustedError as error:
        return [{"what": "path", "passed": False, "detail": str(error)}]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, StopIteration) as error:
        message = f"{saved.folder / 'result.json'} is not what --out saves: {type(error).__name__}: {error}"
        raise bad_argument("DIR", message, CURE) from None
    return rows if claim.status is Status.EVALUATED else [*rows, _bound(question, claim, m)]


def _row(what: str, found: list[Any]) -> dict[str, Any]:
    detail = "recomputed" if not found else "; ".join(f"{d.path} {d.words}" for d in found[:3])
    return {"what": what, "passed": not found, "detail": detail}


def _claim(saved: SavedResult, question: PathQuestion) -> Claim:
    """What the result says was found. Raises NotTrustedError where a menu is not one of the case's."""
    told, status = saved.result["objective"], Status(saved.result["status"])
    proof = saved.certificate["proof"]
    levels = () if status is Status.EVALUATED else tuple(
        _levels(question, k, stage) for k, stage in enumerate(saved.result["stages"])
    )  # fmt: skip
    if levels and len(levels) != len(question.timeline.stages):
        raise ValueError(f"{len(levels)} stages instead of {len(question.timeline.stages)}")
    boxes = int(saved.result["work"]["boxes"])
    lots = tuple(float(order["lots"]) for order in saved.result.get("orders", ()))
    return Claim(levels, float(told["bound"]), status, float(told["gap_asked"]), boxes, proof, lots)


def _mix(saved: SavedResult, m: CaseModel) -> int:
    """Number of the saved split and budget. Raises NotTrustedError where stages differ or the case has no such ones."""
    if len(m.choices.splits) == 1 or Status(saved.result["status"]) is Status.EVALUATED:
        return 0
    told = [(stage["mix"]["enterprise_share"], stage["mix"].get("budget")) for stage in saved.result["stages"]]
    if len(set(told)) != 1 or told[0] not in m.choices.splits:
        raise NotTrustedError("the saved split and budget are none that the case allows")
    return m.choices.splits.index(told[0])


def _levels(question: PathQuestion, stage: int, told: Mapping[str, Any]) -> tuple[int, ...]:
    """Where a saved menu stands among the levels of its stage's first world."""
    era = next(e for e in question.timeline.eras if e.stage == stage)
    found = []
    for name, own in zip(question.timeline.m.choices.plans, era.levels, strict=True):
        wanted = read_level(told["menu"][name], name, era.m.prepared)
        place = next((k for k, level in enumerate(own) if same_level(level, wanted)), None)
        if place is None:
            raise NotTrustedError(f"stage {stage + 1}: the saved terms of {name} are none that the case allows")
        found.append(place)
    return tuple(found)


def _proven(question: PathQuestion, horizon: Horizon, claim: Claim, m: CaseModel) -> float:
    fleet = question.timeline.fleet
    if len(m.choices.splits) > 1:
        return proven_of_mixes(m, claim.certificate)
    if fleet is None or question.free_of_gpus:
        return question.constant + replay(horizon, claim.certificate, question.limits)
    use, limits, charges = question.posed.use, question.limits, question.charges
    return question.constant + replay_orders(horizon, use, fleet, claim.certificate, limits, charges)


def _bound(question: PathQuestion, claim: Claim, m: CaseModel) -> dict[str, Any]:
    """What the certificate proves against what was claimed."""
    horizon = replace(question.posed.horizon, weight=question.weight)
    try:
        proven = _proven(question, horizon, claim, m)
    except NotTrustedError as error:
        return {"what": "bound", "passed": False, "detail": f"the certificate does not hold: {error}"}
    sense = question.aim.sense
    room = ROOM * max(abs(claim.bound), abs(proven))
    holds = sense * claim.bound - proven >= -room
    detail = f"certificate proves {sense * proven:.10g}, claimed {claim.bound:.10g}"
    return {"what": "bound", "passed": holds, "detail": detail}
