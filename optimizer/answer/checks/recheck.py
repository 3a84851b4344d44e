"""Saved checks against what the evaluator alone says of the same menu; what took another search is taken as told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from optimizer.answer.checks.answered import answered
from optimizer.answer.checks.check import Checked, CheckName, CheckVerdict
from optimizer.answer.checks.clone import copies_alone
from optimizer.answer.checks.dominated import dominated_copy
from optimizer.answer.checks.ladder_end import ladder_end
from optimizer.answer.checks.missing_lever import missing_lever
from optimizer.answer.solution import Solution
from optimizer.model.case_model import CaseModel
from optimizer.optimise.outcome import Settings

ROOM = 1e-6
"""Relative difference of a saved value and a recomputed one that rounding explains."""
SEVERITY = list(CheckVerdict)
SAME_VALUE = (CheckName.CLONE, CheckName.DOMINATED_COPY, CheckName.MISSING_LEVER)
"""Checks whose values need no search."""


def recheck(m: CaseModel, solution: Solution, saved: Sequence[Checked]) -> Iterator[str]:
    """What is wrong with saved rows, a sentence each; only checks that were run are looked at."""
    a, ran = answered(m, solution, Settings(), 0.0), {row.check for row in saved}
    made: list[Checked] = []
    made += copies_alone(a) if CheckName.CLONE in ran else ()
    made += dominated_copy(a) if CheckName.DOMINATED_COPY in ran else ()
    made += ladder_end(a, search=False) if CheckName.LADDER_END in ran else ()
    levers = missing_lever(a, search=False) if CheckName.MISSING_LEVER in ran else ()
    made += (row for row in levers if row.verdict is not CheckVerdict.PASS)
    for row in made:
        if not any(_answers(row, told) for told in saved):
            yield f"{row.check} of {row.plan or 'the menu'}: recomputed, it says {row.verdict}: {row.words}"


def _answers(made: Checked, told: Checked) -> bool:
    """Whether a saved row is a recomputed one, or says worse."""
    if (made.check, made.plan) != (told.check, told.plan) or made.blocks > told.blocks:
        return False
    if SEVERITY.index(told.verdict) < SEVERITY.index(made.verdict):
        return False
    if made.check not in SAME_VALUE or made.value is None:
        return True
    return told.value is not None and math.isclose(made.value, told.value, rel_tol=ROOM, abs_tol=ROOM)
