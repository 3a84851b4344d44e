"""Levers whose chosen step is the end of its ladder, and what lies one step beyond."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from optimizer.answer.checks.answered import Answered, Resolved
from optimizer.answer.checks.check import Checked, CheckName, CheckVerdict
from optimizer.answer.checks.levers import Lever, LeverKind, ladders
from optimizer.answer.evidence import FAR
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Level
from optimizer.optimise.price_ranges import has_ranges
from optimizer.units import SAME, same

COUNTED = (LeverKind.CAP, LeverKind.FALLBACK)
EVEN = (LeverKind.PRICE, LeverKind.DISCOUNT, LeverKind.CREDITS, LeverKind.REGIONAL)
"""Whose next step is as wide as the last one."""


@dataclass(frozen=True)
class LadderEnd:
    """A chosen step that is an end of its ladder."""

    lever: Lever
    value: float
    top: bool
    beyond: float | None
    """The next step there would be; None: nothing lies beyond."""
    held: bool
    """Whether a rule of the case forbids it."""


def ends(a: Answered) -> tuple[LadderEnd, ...]:
    """Every lever of the menu that stands on an end."""
    found = []
    for lever, steps in ladders(a.m.choices).items():
        if lever.plan is not None and a.menu.terms[lever.plan] is None:
            continue
        value = lever.value(a.menu)
        if same(value, steps[0]) or same(value, steps[-1]):
            top = same(value, steps[-1])
            step = beyond(lever.kind, steps if top else steps[::-1])
            found.append(LadderEnd(lever, value, top, step, step is not None and _held(a, lever, step)))
    return tuple(found)


def beyond(kind: LeverKind, towards: Sequence[float]) -> float | None:
    """The step after the last one of a ladder; None where nothing can lie there."""
    before, last = towards[-2:]
    if math.isinf(last) or last == 0.0 or (kind is LeverKind.MIX and last >= 1.0):
        return None
    if kind is LeverKind.MIX:
        return float(f"{min(1.0, max(0.0, 2.0 * last - before)):.12g}")
    ratio = 0.5 if math.isinf(before) else 2.0 if before == 0.0 else last / before
    if kind in COUNTED:
        return _counted(last, ratio)
    even = 2.0 * last - before
    step = even if kind in EVEN and even > 0.0 else last * ratio
    return None if kind is LeverKind.DISCOUNT and step >= 1.0 else float(f"{step:.12g}")


def _counted(last: float, ratio: float) -> float:
    """Whole requests beyond the last step, where that is one; nothing below one request."""
    if ratio < 1.0:
        return 0.0 if last <= 1.0 else float(min(max(1.0, round(last * ratio)), last - 1.0 if last > 2.0 else 1.0))
    return float(max(round(last * ratio), last + 1.0))


def _held(a: Answered, lever: Lever, value: float) -> bool:
    """Whether a rule on how far a price or the mix may move forbids a value."""
    base, rules = a.m.calibrated.prepared, a.m.inputs.case.rules
    if lever.kind is LeverKind.MIX:
        return rules.mix_change is not None and abs(value - base.today_mix) > rules.mix_change + SAME
    if lever.kind not in (LeverKind.PRICE, LeverKind.UNIT_PRICE, LeverKind.REGIONAL) or lever.plan is None:
        return False
    today = lever.of(base.terms[lever.plan])
    limits = [rule.at_most for rule in rules.price_change if rule.plan == lever.plan]
    return any(abs(value - today) > (most + SAME) * today for most in limits)


def inside_evidence(a: Answered, lever: Lever, value: float) -> bool:
    """Whether a value lies within a factor of today's; what is not sold today has none."""
    menu = a.m.before
    if lever.plan is not None and menu.terms[lever.plan] is None:
        return False
    today = lever.value(menu)
    return math.isfinite(today) and today > 0.0 and today / FAR <= value <= today * FAR


def ladder_end(a: Answered, search: bool = True) -> Iterator[Checked]:
    """A row for every lever that stands on an end; unless ``search``, without another answer."""
    found = ends(a)
    if not found:
        words = "No choice stands on an end of its ladder."
        yield Checked(CheckName.LADDER_END, None, None, a.unit, CheckVerdict.PASS, words)
        return
    steps = {end.lever: end.beyond for end in found if end.beyond is not None and not end.held}
    ranges = has_ranges(a.m)
    longer = a.resolved(extended(a, steps)) if steps and search and not ranges else None
    note = "" if longer is not None or ranges else " All longer ladders together were not solved in time."
    for end in found:
        yield _row(a, end, longer, note)


def extended(a: Answered, steps: dict[Lever, float]) -> CaseModel:
    """The case with one more step at the end of each of these ladders."""
    longer: list[tuple[Level, ...]] = []
    for plan, levels in zip(a.m.choices.plans, a.m.choices.levels, strict=True):
        made: dict[Level, None] = dict.fromkeys(levels)
        for lever, step in steps.items():
            if lever.plan == plan:
                end = lever.value(a.menu)
                made |= {lever.at(terms, step): None for terms in made if same(lever.of(terms), end)}
        longer.append(tuple(made))
    splits = dict.fromkeys(a.m.choices.splits)
    for lever, step in steps.items():
        if lever.kind is LeverKind.MIX:
            splits |= dict.fromkeys((step, budget) for _, budget in tuple(splits))
        elif lever.kind is LeverKind.BUDGET:
            splits |= dict.fromkeys((share, step) for share, _ in tuple(splits))
    return a.m.with_levels(longer, tuple(splits))


def _row(a: Answered, end: LadderEnd, longer: Resolved | None, note: str) -> Checked:
    market, lever = a.m.inputs.changed, end.lever
    side = "highest" if end.top else "lowest"
    stands = f"{_capital(lever.words(market))} is the {side} step of its ladder ({lever.told(end.value, market)})"
    if end.beyond is None or end.held:
        why = "the case's limit on price changes holds it there" if end.held else "nothing lies beyond"
        return _made(a, end, None, CheckVerdict.PASS, f"{stands}; {why}.")
    gain = max(_alone(a, lever, end.beyond), _among_longer(a, end, longer))
    step = lever.told(end.beyond, market)
    if gain <= a.least_gain:
        return _made(a, end, 0.0, CheckVerdict.PASS, f"{stands}; {step} would bring no more.{note}")
    if inside_evidence(a, lever, end.beyond):
        words = f"{stands}; {step} would bring {a.amount(gain)}: the case should offer a longer ladder."
        return _made(a, end, gain, CheckVerdict.MARK, words, blocks=True)
    words = f"{stands}; {step} would bring {a.amount(gain)}, outside the evidence: a test would tell."
    return _made(a, end, gain, CheckVerdict.MARK, words)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _made(
    a: Answered, end: LadderEnd, gain: float | None, verdict: CheckVerdict, words: str, blocks: bool = False
) -> Checked:
    return Checked(CheckName.LADDER_END, end.lever.plan, gain, a.unit, verdict, words, blocks)


def _alone(a: Answered, lever: Lever, step: float) -> float:
    """What one step beyond brings by itself; minus infinity where a condition or a rule forbids it."""
    menu = lever.moved(a.menu, step)
    evaluation = a.m.evaluate(menu)
    gain = a.gain(evaluation)
    return gain if gain > a.least_gain and a.allows(menu, evaluation) else -math.inf


def _among_longer(a: Answered, end: LadderEnd, longer: Resolved | None) -> float:
    """What one step beyond brings on the best menu of all longer ladders; minus infinity where that does without it."""
    menu = None if longer is None else longer.menu
    if longer is None or menu is None or end.beyond is None:
        return -math.inf
    if (end.lever.plan is not None and menu.terms[end.lever.plan] is None) or not same(
        end.lever.value(menu), end.beyond
    ):
        return -math.inf
    back = end.lever.moved(menu, end.value)
    evaluation = a.m.evaluate(back)
    total = a.objective.sense * (longer.value - a.value)
    if not a.allows(back, evaluation):
        return total
    return min(total, -a.gain(evaluation, longer.value))
