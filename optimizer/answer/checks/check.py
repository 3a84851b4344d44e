"""What a check of an answer says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class CheckName(StrEnum):
    """The checks, in the order in which they are told."""

    CLONE = "clone"
    """What an exact copy of a plan would bring, and whether a launch or withdrawal brings more than that."""
    DOMINATED_COPY = "dominated_copy"
    """What a dearer copy of a plan would bring: it should be nothing."""
    NEST_RANGE = "nest_range"
    """Whether the answer holds over the stated range of a nest's dissimilarity."""
    LADDER_END = "ladder_end"
    """Whether an answer that stands on the end of a ladder would go beyond it."""
    MISSING_LEVER = "missing_lever"
    """What a lever that the case does not offer would bring."""


USUAL = (CheckName.CLONE, CheckName.LADDER_END, CheckName.MISSING_LEVER)
"""Those that follow every answer."""


class CheckVerdict(StrEnum):
    """What a check found."""

    PASS = "pass"
    MARK = "mark"
    """The answer stands, and readers should know."""
    UNDECIDED = "undecided"
    """The market cannot tell whether this decision is right."""


@dataclass(frozen=True)
class Checked:
    """One row of the checks."""

    check: CheckName
    plan: str | None
    """None: the row is about no single plan."""
    value: float | None
    """What was measured; None where nothing was."""
    unit: str
    verdict: CheckVerdict
    words: str
    """One sentence, or a few."""
    blocks: bool = False
    """Whether the answer may not be called the best: more of the same, within the evidence, is better."""

    def document(self) -> dict[str, Any]:
        """The row as plain data."""
        return {
            "check": str(self.check),
            "plan": self.plan,
            "value": self.value,
            "unit": self.unit,
            "verdict": str(self.verdict),
            "words": self.words,
            "blocks": self.blocks,
        }


def read_checked(row: Mapping[str, Any]) -> Checked:
    """A row of :meth:`Checked.document`. Raises KeyError, TypeError or ValueError where it is not well formed."""
    plan, value, words = row["plan"], row["value"], row["words"]
    if not (plan is None or isinstance(plan, str)) or not isinstance(words, str):
        raise TypeError(f"not a row of checks: {row}")
    made = None if value is None else float(value)
    check, verdict = CheckName(row["check"]), CheckVerdict(row["verdict"])
    return Checked(check, plan, made, str(row["unit"]), verdict, words, row["blocks"] is True)
