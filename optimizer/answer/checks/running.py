"""Which checks follow an answer, in which order, and for how long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from optimizer.answer.checks.answered import Answered, answered
from optimizer.answer.checks.check import USUAL, Checked, CheckName, CheckVerdict
from optimizer.answer.checks.clone import TAKEN, Turn, clone, turns
from optimizer.answer.checks.dominated import dominated_copy
from optimizer.answer.checks.ladder_end import ends, ladder_end
from optimizer.answer.checks.missing_lever import missing_lever
from optimizer.answer.checks.nest_range import nest_range
from optimizer.answer.solution import Solution
from optimizer.errors import bad_argument
from optimizer.execution.clock import TimeLimitError, lifted, until
from optimizer.model.case_model import CaseModel
from optimizer.optimise.outcome import Settings
from optimizer.typing import Verdict

TIMES = 1.8
"""The usual checks may search this many times as long as the answer took: with all else it is at most twice."""
MOST_SECONDS = 27.0
"""All checks together may search so long."""
CHECKS: Mapping[CheckName, tuple[Callable[[Answered], Iterator[Checked]], float]] = {
    CheckName.DOMINATED_COPY: (dominated_copy, 0.0),
    CheckName.CLONE: (clone, 2.0),
    CheckName.LADDER_END: (ladder_end, 1.0),
    CheckName.MISSING_LEVER: (missing_lever, 1.0),
    CheckName.NEST_RANGE: (nest_range, 4.0),
}
"""In the order in which they run, with their parts of the time for further searches; what one leaves the others get."""
WORDS = ("all", "usual", "none")


def checks_named(word: str | bool) -> tuple[CheckName, ...]:
    """The checks that ``all``, ``usual`` or ``none`` means; True is ``usual``. Raises InputError."""
    word = {True: "usual", False: "none"}[word] if isinstance(word, bool) else word
    if word not in WORDS:
        raise bad_argument("checks", f"no set of checks is named {word!r}", f"any of {', '.join(WORDS)}")
    return {"all": tuple(CheckName), "usual": USUAL, "none": ()}[word]


def check_answer(m: CaseModel, solution: Solution, settings: Settings, wanted: Iterable[CheckName] = USUAL) -> Solution:
    """The answer with its checks. ``settings`` are those that it was found with; nothing is searched for longer.

    Raises: KeyboardInterrupt.
    """
    wanted = tuple(wanted)
    if not wanted or solution.verdict is Verdict.EVALUATED:
        return solution
    began = time.monotonic()
    usual = set(wanted) <= set(USUAL)
    a = answered(m, solution, settings, TIMES * sum(solution.seconds.values()) if usual else MOST_SECONDS)
    rows: list[Checked] = []
    with lifted(), until(a.settings.deadline):
        for name in (name for name in CHECKS if name in wanted):
            rows += _finished(name, CHECKS[name][0](_with_part(a, name, wanted)))
    rows += _unchecked(a, rows) if CheckName.CLONE in wanted else ()
    told = sorted(rows, key=lambda row: list(CheckName).index(row.check))
    return solution.checked(told, time.monotonic() - began)


def _with_part(a: Answered, name: CheckName, wanted: Sequence[CheckName]) -> Answered:
    """The answer, to be checked within the check's part of the time that is left."""
    now, end, names = time.monotonic(), a.settings.deadline, list(CHECKS)
    left = sum(CHECKS[other][1] for other in names[names.index(name) :] if other in wanted)
    if end is None or left == 0.0:
        return a
    return replace(a, settings=replace(a.settings, deadline=now + max(0.0, end - now) * CHECKS[name][1] / left))


def _finished(name: CheckName, rows: Iterator[Checked]) -> Iterator[Checked]:
    """The rows of a check, and one more where time was up before the last."""
    try:
        yield from rows
    except TimeLimitError:
        yield Checked(name, None, None, "", CheckVerdict.MARK, "This check was not finished in time; allow more.")


def _unchecked(a: Answered, rows: Iterable[Checked]) -> Iterator[Checked]:
    """Decisions of the answer that the time did not suffice for."""
    told = {row.plan for row in rows if row.check is CheckName.CLONE}
    for plan, turn in turns(a).items():
        if turn in TAKEN and plan not in told:
            yield _open(a, plan, turn, "it was not checked in time; allow more.")


def _open(a: Answered, plan: str, turn: Turn, why: str) -> Checked:
    words = f"Whether to {turn.verb} {a.title(plan)} is undecided: {why}"
    return Checked(CheckName.CLONE, plan, None, "fraction", CheckVerdict.UNDECIDED, words)


def before_checks(m: CaseModel, solution: Solution, settings: Settings) -> Solution:
    """The answer as it may be told before its checks are done: what they may yet overturn is left open."""
    a = answered(m, solution, settings, 0.0)
    rows = [
        replace(_open(a, plan, turn, ""), words=f"Whether to {turn.verb} {a.title(plan)}: see the checks.")
        for plan, turn in turns(a).items()
        if turn in TAKEN
    ]
    if any(end.beyond is not None and not end.held for end in ends(a)):
        rows.append(Checked(CheckName.LADDER_END, None, None, "", CheckVerdict.UNDECIDED, "see the checks"))
    return solution.checked(rows, 0.0) if rows else solution
