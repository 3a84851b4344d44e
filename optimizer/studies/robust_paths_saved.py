"""A saved answer over draws to a case over months, recomputed: draws posed anew, paths followed, the proof checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from optimizer.errors import OptimizerError

if TYPE_CHECKING:
    from optimizer.answer.path_draws import CasePaths, Levels
    from optimizer.answer.saved import Difference
    from optimizer.horizon.robust import SolvedPaths

ROOM = 1e-9


def path_claims(m: Any, draws: Any, told: dict[str, Any], proof: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of what was checked: what is told of the answer, and what its certificate proves."""
    from optimizer.answer.path_draws import agreement, followed_in, posed_paths
    from optimizer.answer.path_worlds import ChosenPath, offers_of
    from optimizer.answer.saved import differences
    from optimizer.horizon.robust import recheck_draws
    from optimizer.io.plain import clean
    from optimizer.optimise.risks import Risk, caps_of, checked_weights

    weighted = bool(told["draws"]["weighted_by_evidence"])
    asked = posed_paths(m, draws, checked_weights(draws.weights if weighted else None, draws.count))
    levels = tuple(tuple(int(k) for k in menu) for menu in proof["levels"])
    offers = clean([dict(menu) for menu in offers_of(asked.first, ChosenPath(levels))])
    wrong = differences(offers, [stage["menu"] for stage in told["stages"]], "stages")
    rows = [
        _row("stages", not wrong, "; ".join(f"{d.path} {d.words}" for d in wrong[:3]) or "those of the certificate")
    ]
    risk, claim, sense = Risk(told["risk"]), _claim(asked, told, proof, levels), _sense(asked, told)
    caps = caps_of(risk, asked.draws.weights, float(told["tail"]))
    try:
        proven = recheck_draws(asked.draws, risk, caps, asked.path(levels), claim)
        followed = [followed_in(question, [levels]) for question in asked.questions]
        off = agreement(asked, levels, followed, 0)
    except OptimizerError as error:
        return [*rows, _row("value and bound", False, str(error))]
    rows.append(_row("evaluator", True, f"arrays and evaluator differ by at most {off:.0e}"))
    rows.append(_row("bound", True, f"certificate proves {sense * proven:.10g}, claimed {sense * claim.bound:.10g}"))
    rows.append(_row("value", True, f"{sense * claim.value:.10g} over the draws, and all conditions are met"))
    return [*rows, *_figures(asked, told, followed), _gap(asked, told, claim)]


def _claim(asked: CasePaths, told: dict[str, Any], proof: dict[str, Any], levels: Levels) -> SolvedPaths:
    from optimizer.horizon.robust import SolvedPaths
    from optimizer.search.engine import SearchStatus

    sense, path = _sense(asked, told), asked.path(levels)
    value, bound = sense * float(told["value"]), sense * float(told["bound"])
    return SolvedPaths(path, value, bound, SearchStatus.CLOSED, 0, (), proof["proof"])


def _sense(asked: CasePaths, told: dict[str, Any]) -> int:
    return 1 if told["risk"] == "regret" else asked.first.aim.sense


def _figures(asked: CasePaths, told: dict[str, Any], followed: Any) -> list[dict[str, Any]]:
    """What is told of the answer in the draws of the proof."""
    from optimizer.answer.path_draws import aim_name, told_conditions
    from optimizer.answer.saved import differences
    from optimizer.io.plain import clean
    from optimizer.studies.robust_menus import over_told
    from optimizer.studies.robust_told import over_document

    aim = asked.first.aim
    over = over_told(followed, asked.draws.weights, 0, aim_name(aim), aim.sense, float(told["tail"]))
    wanted = clean(over_document(over, told_conditions(asked.first)))
    own = next(path for path in told["paths"] if path["asked"])
    wrong = differences(wanted, own["proven_draws"], "proven_draws")
    return [
        _row("figures over the draws", not wrong, "; ".join(f"{d.path} {d.words}" for d in wrong[:3]) or "recomputed")
    ]


def _gap(asked: CasePaths, told: dict[str, Any], claim: SolvedPaths) -> dict[str, Any]:
    from optimizer.horizon.search import YARDSTICK
    from optimizer.typing import Verdict

    gap = abs(claim.bound - claim.value) / max(abs(claim.value), YARDSTICK * asked.draws.stacked.magnitude)
    proved = told["verdict"] != Verdict.PROVED or gap <= float(told["gap_asked"]) * (1.0 + 1e-6)
    return _row("verdict", proved, f"gap {gap:.2e}, asked {told['gap_asked']:g}")


def _compared(what: str, wrong: Sequence[Difference], same: str) -> dict[str, Any]:
    return _row(what, not wrong, "; ".join(f"{d.path} {d.words}" for d in wrong[:3]) or same)


def _row(what: str, passed: bool, detail: str) -> dict[str, Any]:
    return {"what": what, "passed": passed, "detail": detail}
