"""Why no menu meets all conditions: the smallest sets of conditions to move, and by how much, each solved.

Minimal correction sets over the conditions that users named, not over algebraic rows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from optimizer.execution.clock import TimeLimitError
from optimizer.model.instance import Instance, Limit, combine, zero_figure
from optimizer.model.measures import ConditionBound, Measure, counting
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import Answer, Settings
from optimizer.optimise.ratio import best
from optimizer.typing import Choice, Status

LARGEST_SET = 3
NUDGE = 1e-9


@dataclass(frozen=True)
class Move:
    """One condition and what it would have to become."""

    name: str
    sense: str
    asked: float
    needed: float

    @property
    def text(self) -> str:
        if self.sense == "dropped":
            return f"without the {self.name}"
        factor = f" ({self.needed / self.asked:.2f} x)" if self.asked not in (0.0, float("inf")) else ""
        return f"{self.name} {self.sense} {_loose(self.needed, self.sense)} instead of {self.asked:.6g}{factor}"


def _loose(needed: float, sense: str) -> str:
    """Six digits, rounded to the side on which the condition can still be met."""
    if needed == 0.0 or not math.isfinite(needed):
        return f"{needed:g}"
    rounding = ROUND_FLOOR if sense == "at least" else ROUND_CEILING
    exact = Decimal(needed)
    digit = Decimal(1).scaleb(exact.adjusted() - 5)
    return f"{float(exact.quantize(digit, rounding)):.6g}"


@dataclass(frozen=True)
class Correction:
    """A smallest set of moves after which a menu exists; the menu was found by solving."""

    moves: tuple[Move, ...]
    choice: Choice

    @property
    def text(self) -> str:
        return " and ".join(m.text for m in self.moves)


@dataclass(frozen=True)
class Diagnosis:
    """Which conditions clash and every smallest way out."""

    clashing: tuple[str, ...]
    corrections: tuple[Correction, ...]
    uncounted: tuple[str, ...] = ()
    """Ratios that count at no menu, with their floors."""
    complete: bool = True
    """False where the time limit passed before all ways out were tried."""

    @property
    def text(self) -> str:
        head = "No menu meets all conditions (proven)."
        if self.uncounted:
            return f"{head} At no menu {'; '.join(self.uncounted)}."
        if not self.corrections and not self.complete:
            return head + " The time limit passed before a way out was found; allow more time."
        if not self.corrections:
            return head + " Even without the named conditions, compute limits and rules there is none."
        ways = "\n".join(f"  - {c.text}" for c in self.corrections)
        would = "This would do" if len(self.corrections) == 1 else "Any one of these would do"
        rest = "" if self.complete else "\nThe time limit passed before all ways out were tried."
        return f"{head} In conflict: {', '.join(self.clashing)}. {would}:\n{ways}{rest}"

    def document(self) -> dict[str, object]:
        """The diagnosis as plain data."""
        return {
            "complete": self.complete,
            "clashing": list(self.clashing),
            "corrections": [
                [{"name": m.name, "sense": m.sense, "asked": m.asked, "needed": m.needed} for m in c.moves]
                for c in self.corrections
            ],
        }


@dataclass(frozen=True)
class _Term:
    """Something that may be relaxed: a side of a condition, a burst limit, a rule."""

    name: str
    bound: ConditionBound | None = None
    block: int | None = None
    rule: int | None = None
    unit: str = ""


def diagnose(
    instance: Instance,
    bounds: tuple[ConditionBound, ...],
    settings: Settings,
    held: tuple[Limit, ...] = (),
    ratios: Sequence[Measure] = (),
    capacity: tuple[str, str] = ("compute limit of", " (GPUs)"),
) -> Diagnosis:
    """All smallest correction sets of at most three terms; where there is none, one that is larger.

    Args:
        held: limits that stay as they are.
        ratios: what is asked for; menus at which one does not count are no answer.
        capacity: what burst limits are called, and their unit.
    """
    quick = replace(settings, cross_check=False, gap=min(settings.gap, 1e-4), scale=None, progress=None)
    asked = [*ratios, *(b.measure for b in bounds if b.measure.offered is None)]
    uncounted = tuple(dict.fromkeys(words for m in asked for words in _uncounted(instance, m, quick)))
    if uncounted:
        return Diagnosis((), (), uncounted)
    held = (*held, *(limit for m in ratios for limit in counting(m)))
    terms = [_Term(b.name, bound=b) for b in bounds]
    terms += [
        _Term(f"{capacity[0]} {b.name}", block=h, unit=capacity[1])
        for h, b in enumerate(instance.blocks)
        if b.limit < float("inf")
    ]
    terms += [_Term(f"rule {r.name}", rule=k) for k, r in enumerate(instance.rules)]
    found: list[tuple[frozenset[int], Correction]] = []
    complete = True
    try:
        for each in _corrections(instance, terms, quick, held):
            found.append(each)
    except TimeLimitError:
        complete = False
    clashing = tuple(dict.fromkeys(terms[k].name for known, _ in found for k in sorted(known)))
    return Diagnosis(clashing, tuple(c for _, c in found), complete=complete)


def _corrections(
    instance: Instance, terms: Sequence[_Term], settings: Settings, held: tuple[Limit, ...]
) -> Iterator[tuple[frozenset[int], Correction]]:
    """Terms to move, and how, as they are found. Raises TimeLimitError when time is up."""
    found: list[frozenset[int]] = []
    for size in range(1, min(LARGEST_SET, len(terms)) + 1):
        for chosen in itertools.combinations(range(len(terms)), size):
            if any(known <= set(chosen) for known in found):
                continue
            correction = _correct(instance, terms, chosen, settings, held)
            if correction is not None:
                found.append(frozenset(chosen))
                yield frozenset(chosen), correction
    if not found:
        chosen = _larger(instance, terms, settings, held)
        correction = _correct(instance, terms, chosen, settings, held) if chosen else None
        if correction is not None:
            yield frozenset(chosen), correction


def _settled(answer: Answer) -> Choice | None:
    """The choice of an answer, None where there is proven to be none. Raises TimeLimitError where neither is known."""
    if answer.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    if answer.choice is None and answer.status is not Status.INFEASIBLE:
        raise TimeLimitError("the time limit passed before a way out was found; allow more time")
    return answer.choice


def _relaxed(instance: Instance, terms: Sequence[_Term], freed: Sequence[int]) -> tuple[Instance, tuple[Limit, ...]]:
    """The instance and limits without the freed terms."""
    free_blocks = {terms[k].block for k in freed} - {None}
    free_rules = {terms[k].rule for k in freed} - {None}
    blocks = tuple(replace(b, limit=float("inf")) if h in free_blocks else b for h, b in enumerate(instance.blocks))
    rules = tuple(r for k, r in enumerate(instance.rules) if k not in free_rules)
    limits = tuple(
        limit for k, t in enumerate(terms) if t.bound is not None and k not in freed for limit in t.bound.limits()
    )
    return replace(instance, blocks=blocks, rules=rules), limits


def _uncounted(instance: Instance, ratio: Measure, settings: Settings) -> Iterator[str]:
    """Words for a ratio that counts at no menu, whatever the conditions, compute limits and rules."""
    limits = counting(ratio)
    free = replace(instance, rules=(), blocks=tuple(replace(b, limit=float("inf")) for b in instance.blocks))
    if limits and maximise(free, zero_figure(instance), limits, settings).status is Status.INFEASIBLE:
        yield f"the denominator of {ratio.name} reaches {ratio.floor:.6g}, below which it does not count"


def _larger(instance: Instance, terms: Sequence[_Term], settings: Settings, held: tuple[Limit, ...]) -> tuple[int, ...]:
    """One set of terms of any size that is enough to relax and of which none can be spared; empty if there is none."""

    def enough(chosen: tuple[int, ...]) -> bool:
        open_instance, limits = _relaxed(instance, terms, chosen)
        answer = maximise(open_instance, zero_figure(instance), (*limits, *held), settings)
        return _settled(answer) is not None

    chosen = tuple(range(len(terms)))
    if not enough(chosen):
        return ()
    for k in range(len(terms)):
        fewer = tuple(x for x in chosen if x != k)
        if enough(fewer):
            chosen = fewer
    return chosen


def _correct(
    instance: Instance, terms: Sequence[_Term], chosen: tuple[int, ...], settings: Settings, held: tuple[Limit, ...]
) -> Correction | None:
    """Move the chosen terms one after another to the best each can reach; None where that does not help."""
    moves: list[Move] = []
    choice: Choice | None = None
    open_instance, limits = _relaxed(instance, terms, chosen)
    for k in chosen:
        term = terms[k]
        rest = (*limits, *held)
        if term.rule is not None:
            answer = maximise(open_instance, zero_figure(instance), rest, settings)
            if _settled(answer) is None:
                return None
            moves.append(Move(term.name, "dropped", 1.0, 0.0))
            choice = answer.choice
            continue
        if term.block is not None:
            block = instance.blocks[term.block]
            answer = maximise(open_instance, combine([(-1.0, block.use)]), rest, settings)
            if _settled(answer) is None:
                return None
            needed = -answer.value
            moves.append(Move(f"{term.name}{term.unit}", "at most", block.reserved + block.limit, needed))
            held = (*held, Limit(term.name, combine([(-1.0, block.use)], needed * (1.0 + NUDGE))))
        else:
            assert term.bound is not None
            answer = best(open_instance, term.bound.measure, term.bound.sense, rest, settings)
            if _settled(answer) is None:
                return None
            needed = term.bound.sense * answer.value
            words = "at least" if term.bound.sense > 0 else "at most"
            moves.append(Move(term.name, words, term.bound.value, needed))
            held = (*held, *term.bound.moved(needed).limits())
        choice = answer.choice
    return None if choice is None else Correction(tuple(moves), choice)
