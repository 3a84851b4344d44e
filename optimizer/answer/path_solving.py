"""A case over months solved or evaluated; the evaluator has the last word."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.answer.audit import TRUST, ConditionCheck, difference
from optimizer.answer.menu import plan_choices
from optimizer.answer.path import GpuOrder, GpuPrice, PathSolution, StageMenu
from optimizer.answer.path_mixes import best_of_mixes
from optimizer.answer.solution import ObjectiveValue
from optimizer.economics.orders import hour_price
from optimizer.errors import InfeasibleError, NotTrustedError, SolverError
from optimizer.horizon.bounds import whole_box
from optimizer.horizon.buying import cheapest
from optimizer.horizon.diagnosis import diagnosed
from optimizer.horizon.fleet import Fleet
from optimizer.horizon.gpus import Supply, load_of, supply_of
from optimizer.horizon.instance import Horizon
from optimizer.horizon.joint import OrderingCase
from optimizer.horizon.limits import limited
from optimizer.horizon.orders import order_path, which_clash
from optimizer.horizon.paths import count_paths, stepping
from optimizer.horizon.question import CashDate, PathCondition, PathQuestion, question_of
from optimizer.horizon.search import YARDSTICK, search_paths
from optimizer.horizon.simulate import values
from optimizer.horizon.timeline import timeline_of
from optimizer.horizon.worth import customer_worth
from optimizer.market.months import MonthEvaluation
from optimizer.market.prepare import Prepared
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Menu, own_menu
from optimizer.model.measures import TOLERANCE
from optimizer.optimise.outcome import Settings, reached, relative_gap
from optimizer.search.engine import Clock, SearchStatus
from optimizer.typing import Status, Verdict
from optimizer.versions import versions

_Followed = tuple[tuple[MonthEvaluation, ...], Supply | None]


@dataclass(frozen=True)
class Claim:
    """What was found and is said of it."""

    levels: tuple[tuple[int, ...], ...]
    """By stage and plan; empty where today's menu is held."""
    bound: float
    """In the objective's unit and direction."""
    status: Status
    gap_asked: float
    boxes: int
    certificate: Mapping[str, Any]
    lots: tuple[float, ...] = ()
    """Of every order of GPUs that may be placed."""


def solve_path(m: CaseModel, settings: Settings) -> PathSolution:
    """The best path of menus. Raises InputError, InfeasibleError, SolverError, NotTrustedError."""
    began = time.perf_counter()
    if len(m.choices.splits) > 1:
        found = best_of_mixes(m, settings)
        question = found.question
        claim = Claim(found.levels, question.aim.sense * found.bound, _status(found.status), settings.gap, found.boxes,
                      found.certificate)  # fmt: skip
    else:
        question = question_of(timeline_of(m))
        claim = best_claim(question, settings)
    return path_solution(question, claim, time.perf_counter() - began)


def best_claim(question: PathQuestion, settings: Settings, seed: Sequence[Sequence[int]] | None = None) -> Claim:
    """The best path of menus as the search has it. Raises InputError, InfeasibleError, SolverError.

    seed: levels by stage and plan of a path that meets the conditions, where one is known.
    """
    horizon = replace(question.posed.horizon, weight=question.weight)
    clock = Clock(settings.deadline, settings.cancelled)
    if question.timeline.fleet is not None and not question.free_of_gpus:
        return _ordered(question, horizon, question.timeline.fleet, settings, clock)
    known = None if seed is None else question.posed.path(seed)
    found = search_paths(horizon, settings.gap, clock, limits=question.limits, seed=known)
    if found.status is SearchStatus.INFEASIBLE:
        told = diagnosed(limited(horizon, question.limits), found.certificate)
        raise InfeasibleError(f"{told.text}.")
    if found.incumbent is None:
        raise SolverError("no path that meets the conditions was found in time")
    levels = question.posed.levels(found.incumbent.path)
    sense = question.aim.sense
    return Claim(levels, sense * (found.bound + question.constant), _status(found.status), settings.gap,
                 found.boxes, found.certificate)  # fmt: skip


def _ordered(question: PathQuestion, horizon: Horizon, fleet: Fleet, settings: Settings, clock: Clock) -> Claim:
    """The best path with its orders of GPUs. Raises InfeasibleError, SolverError where there is none."""
    use, limits, charges = question.posed.use, question.limits, question.charges
    found = order_path(horizon, use, fleet, settings.gap, clock, limits, charges)
    if found is None:
        assert charges is not None
        clash = which_clash(OrderingCase(horizon, use, fleet, limits, charges), settings.gap, clock)
        if clash:
            told = "cannot be kept" if len(clash) < len(limits) or len(clash) == 1 else "clash"
            raise InfeasibleError(
                f"No path keeps all limits with any orders (proven). These {told}: {'; '.join(clash)}."
            )
        raise SolverError("no path and orders were found whose load GPUs can carry and that meet the conditions")
    status = Status.OPTIMAL if found.verdict is Verdict.PROVED else Status.FEASIBLE
    levels = question.posed.levels(found.path)
    bound = question.aim.sense * (found.bound + question.constant)
    return Claim(levels, bound, status, settings.gap, 0, found.certificate, tuple(found.lots.tolist()))


def followed(question: PathQuestion, menus: Sequence[Menu], lots: Sequence[float] | None) -> _Followed:
    """Every month of menus, with orders of GPUs where there are any to place: those told, or the cheapest."""
    timeline = question.timeline
    if timeline.fleet is None or timeline.pool is None:
        return timeline.follow(menus), None
    fleet = timeline.fleet
    if lots is None:
        endless = replace(fleet, burst_limit=np.inf)  # too much burst is told, not refused
        bought = cheapest(endless, load_of(timeline.follow(menus), timeline.pool))
        assert bought is not None
        lots = bought.lots.tolist()
    if len(lots) != len(fleet.orders) or any(not 0.0 <= n <= most for n, most in zip(lots, fleet.most, strict=True)):
        raise NotTrustedError("the orders of GPUs are none that the case allows")
    supply = supply_of(fleet, np.array(lots), timeline.pool)
    return timeline.follow(menus, supply), supply


def evaluate_path(m: CaseModel) -> PathSolution:
    """Today's plans at the terms of the case's market, held for all months; nothing is optimised."""
    began = time.perf_counter()
    question = question_of(timeline_of(m, 0))
    value = question.aim.value(followed(question, _held(question), None)[0])
    claim = Claim((), value, Status.EVALUATED, 0.0, 0, {})
    return path_solution(question, claim, time.perf_counter() - began)


def _status(found: SearchStatus) -> Status:
    if found is SearchStatus.INTERRUPTED:
        return Status.INTERRUPTED
    return Status.OPTIMAL if found is SearchStatus.CLOSED else Status.FEASIBLE


def _held(question: PathQuestion) -> list[Menu]:
    """Today's menu in every era, at the terms of its world; at today's split and budget where they are a choice."""
    timeline = question.timeline
    made = [own_menu(timeline.m.inputs.case, era.m.prepared) for era in timeline.eras]
    if len(timeline.m.choices.splits) > 1:
        return made
    return [replace(menu, enterprise_share=timeline.split[0], budget=timeline.budget) for menu in made]


def path_solution(question: PathQuestion, claim: Claim, seconds: float) -> PathSolution:
    """Everything a reader sees; every figure from the evaluator. Raises NotTrustedError where it disagrees."""
    timeline, aim, m = question.timeline, question.aim, question.timeline.m
    evaluated = claim.status is Status.EVALUATED
    menus = _held(question) if evaluated else timeline.menus(claim.levels)
    held, held_supply = followed(question, _held(question), None)
    months, supply = (held, held_supply) if evaluated else followed(question, menus, claim.lots)
    value = aim.value(months)
    differs = 0.0 if evaluated else _differs(question, claim, value, months)
    conditions = tuple(checked(c, months, supply) for c in question.conditions)
    if not evaluated and any(not c.met for c in conditions):
        missed = ", ".join(c.name for c in conditions if not c.met)
        raise NotTrustedError(f"the evaluator finds that the path misses {missed}; no number is shown")
    if not evaluated:
        _carried(timeline.m.prepared, months)
    scale = _scale(question)
    gap = relative_gap(aim.sense * value, aim.sense * claim.bound, scale)
    objective = ObjectiveValue(
        aim.name, "most" if aim.sense > 0 else "least", aim.unit, value, claim.bound, gap, claim.gap_asked,
        claim.status, "evaluated" if evaluated else "screened", 0, 0, None,
    )  # fmt: skip
    paths = 1 if evaluated else _paths(question)
    verdict, words = _verdict(objective, paths, conditions)
    return PathSolution(
        case=m.inputs.name,
        title=m.inputs.case.title,
        question=m.inputs.case.question,
        verdict=verdict,
        verdict_text=words,
        status=claim.status,
        objective=objective,
        held_value=aim.value(held),
        stages=_stages(question, menus),
        levels=claim.levels,
        timeline=timeline,
        months=months,
        held=held,
        today=m.today,
        conditions=conditions,
        largest_difference=differs,
        orders=_orders(question, claim),
        supply=supply,
        gpu_prices=_gpu_prices(question, claim),
        worth=() if evaluated else customer_worth(timeline, claim.levels),
        findings=tuple(m.findings),
        paths=paths,
        boxes=claim.boxes,
        certificate=claim.certificate,
        input_hash=m.inputs.hash,
        inputs=m.inputs.stated,
        versions=versions(),
        seconds={**m.seconds, "solve": seconds},
    )


def _paths(question: PathQuestion) -> int:
    """That the case allows."""
    horizon = question.posed.horizon
    return len(question.timeline.m.choices.splits) * count_paths(horizon, whole_box(horizon))


def _orders(question: PathQuestion, claim: Claim) -> tuple[GpuOrder, ...]:
    """What is ordered."""
    fleet = question.timeline.fleet
    if fleet is None or not claim.lots:
        return ()
    pairs = zip(fleet.orders, claim.lots, strict=True)
    return tuple(GpuOrder(v.name, month + 1, int(n), int(n) * v.lot) for (v, month), n in pairs)


def _gpu_prices(question: PathQuestion, claim: Claim) -> tuple[GpuPrice, ...]:
    """By month of the horizon, what the bound's prices say of a GPU hour; empty where nothing was ordered ahead."""
    fleet, told = question.timeline.fleet, claim.certificate.get("prices")
    if fleet is None or told is None:
        return ()
    worth = hour_price(np.array(told), fleet.hours, question.timeline.discount)
    hired = fleet.burst_bill.sum(axis=1) / fleet.hours.sum()
    rows = zip(worth, fleet.rent, hired, strict=True)
    return tuple(GpuPrice(*map(float, row)) for row in itertools.islice(rows, question.timeline.months))


def _scale(question: PathQuestion) -> float:
    """Least size that a gap is relative to."""
    return YARDSTICK * replace(question.posed.horizon, weight=question.weight).magnitude


def _differs(question: PathQuestion, claim: Claim, value: float, months: Sequence[MonthEvaluation]) -> float:
    """Relative difference of the arrays from the evaluator. Raises NotTrustedError beyond ``TRUST``, and for a path
    that is none of the case's."""
    horizon = replace(question.posed.horizon, weight=question.weight)
    path = question.posed.path(claim.levels)[None]
    if not stepping(horizon, path)[0]:
        raise NotTrustedError("the path takes a step that the case does not allow")
    by_arrays = float(values(horizon, path)[0]) + question.constant
    fleet, pool, charges = question.timeline.fleet, question.timeline.pool, question.charges
    if fleet is not None and pool is not None and charges is not None:
        lots = np.array(claim.lots)
        by_arrays -= float(charges.taken(lots, fleet.over(lots, load_of(months, pool)))[0])
    programmed = question.aim.sense * by_arrays
    off = difference(programmed, value, _scale(question))
    if not off <= TRUST:
        name = question.aim.name
        raise NotTrustedError(f"{name}: arrays {programmed:.10g}, evaluator {value:.10g}; no number is shown")
    return off


def checked(
    c: PathCondition | CashDate, path: Sequence[MonthEvaluation], supply: Supply | None = None
) -> ConditionCheck:
    """A condition on a path and its GPUs, decided by the evaluator at 1e-6 relative."""
    value = c.value(path, supply)
    slack, scale = c.sense * (value - c.bound), c.have if isinstance(c, CashDate) else abs(c.bound)
    return ConditionCheck(
        name=f"{c.name}, {c.words}", figure=c.figure, part=c.selection.label,
        sense="at least" if c.sense > 0 else "at most", bound=c.bound, value=value, slack=slack,
        met=slack >= -TOLERANCE * scale * (1.0 + 1e-9), binding=abs(slack) <= 0.005 * max(scale, 1e-12),
    )  # fmt: skip


def overloaded(prepared: Prepared, path: Sequence[MonthEvaluation]) -> int | None:
    """The first month, from 1, that needs more GPUs than may be hired; None where there is none."""
    for t, month in enumerate(path, start=1):
        limit = month.prepared.pools.burst_limit
        over = month.burst > np.where(np.isnan(limit), np.inf, limit)[:, None] * (1.0 + TOLERANCE)
        if over[prepared.pools.contracted].any():
            return t
    return None


def _carried(prepared: Prepared, path: Sequence[MonthEvaluation]) -> None:
    """Raises NotTrustedError where a month needs more GPUs than may be hired."""
    t = overloaded(prepared, path)
    if t is not None:
        message = f"month {t} needs more GPUs than may be hired at the peak; no number is shown"
        raise NotTrustedError(f"{message} (raise burst_limit, or shorten ladders at their cheap end)")


def _verdict(objective: ObjectiveValue, paths: int, conditions: Sequence[ConditionCheck]) -> tuple[Verdict, str]:
    if objective.status is Status.EVALUATED:
        missed = [c.name for c in conditions if not c.met]
        told = f" It misses: {', '.join(missed)}." if missed else ""
        return Verdict.EVALUATED, f"Today's menu, held for all months; nothing was optimised.{told}"
    if objective.status is not Status.OPTIMAL or not reached(objective.gap, objective.gap_asked):
        return Verdict.BEST_FOUND, f"Best found; the best possible is at most {objective.gap:.2%} better."
    how = "the rest was ruled out by bounds, and the path was re-evaluated month by month"
    return Verdict.PROVED, f"Proven within {objective.gap:.1e} of the best of {_count(paths)} paths: {how}."


def _count(paths: int) -> str:
    return f"{paths:,}" if paths < 10**9 else f"10^{len(str(paths)) - 1}"


def _stages(question: PathQuestion, menus: Sequence[Menu]) -> tuple[StageMenu, ...]:
    timeline, found = question.timeline, []
    m, first = timeline.m, dict[int, int]()
    for k, era in enumerate(timeline.eras):
        first.setdefault(era.stage, k)
    for stage, k in first.items():
        span, there = timeline.stages[stage], timeline.eras[k].m.inputs.changed
        months = range(span.start + 1, min(span.stop, timeline.months) + 1)
        told = plan_choices(m.inputs.market, there, m.before.terms, menus[k].terms, {})
        found.append(StageMenu(months, told, menus[k]))
    return tuple(found)
