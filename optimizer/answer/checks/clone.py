"""What an exact copy of a plan would bring, and whether a launch or a withdrawal brings more than that.

A copy gives customers nothing new. What it brings all the same is what the choice model credits to one more name on
the menu, so a launch that brings less than a copy of the same plan cannot be told from a mere name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from optimizer.answer.checks.answered import Answered, Resolved
from optimizer.answer.checks.check import Checked, CheckName, CheckVerdict
from optimizer.market.copies import with_copy
from optimizer.model.case_model import evaluated
from optimizer.model.choices import Level, Menu, own_menu

MOST = 0.1
"""Share of the objective that a copy may bring or take before it is marked."""
DECIDES = "Second choices of customers who cancel, or a test of the plan with a holdout, would decide it."


class Turn(StrEnum):
    """What an answer does with a plan, or could have done."""

    LAUNCH = "launch"
    WITHDRAW = "withdraw"
    COULD_LAUNCH = "could launch"
    COULD_WITHDRAW = "could withdraw"
    STAYS = "stays"

    @property
    def verb(self) -> str:
        """The decision that is in question."""
        return "withdraw" if self in (Turn.WITHDRAW, Turn.COULD_WITHDRAW) else "launch"


TAKEN = (Turn.LAUNCH, Turn.WITHDRAW)


def turns(a: Answered) -> dict[str, Turn]:
    """What the answer does with every plan that is on the menu, was on it, or could be; its own decisions first."""
    found = {}
    for plan, levels in zip(a.m.choices.plans, a.m.choices.levels, strict=True):
        on, sold = a.menu.terms[plan] is not None, plan in a.m.inputs.market.today.plans
        if on != sold:
            found[plan] = Turn.LAUNCH if on else Turn.WITHDRAW
        elif on:
            found[plan] = Turn.COULD_WITHDRAW if None in levels else Turn.STAYS
        elif any(level is not None for level in levels):
            found[plan] = Turn.COULD_LAUNCH
    return dict(sorted(found.items(), key=lambda pair: list(Turn).index(pair[1])))


def copied(a: Answered, menu: Menu, plan: str, terms: Level = None) -> float:
    """What a copy of a plan adds to the objective at a menu; at the plan's own terms, or at others."""
    name = f"{plan} (copy)"
    prepared = with_copy(a.m.prepared, plan, name)
    beside = {**menu.terms, name: terms or menu.terms[plan]}
    return a.gain(evaluated(prepared, replace(menu, terms=beside)), a.objective.value(a.m.evaluate(menu)))


@dataclass(frozen=True)
class Copies:
    """What a copy of a plan brings."""

    absolute: float
    """In the objective's unit, at the menu that counts."""
    share: float
    """The same, of the objective there."""
    today: float
    """The share at today's menu; nan where the plan is not sold."""

    @property
    def marked(self) -> bool:
        return abs(self.share) > MOST or abs(self.today) > MOST

    @property
    def words(self) -> str:
        now = "" if math.isnan(self.today) else f" ({self.today:+.1%} on today's menu)"
        return f"an exact copy of it would change the objective by {self.share:+.1%}{now}"


def copies(a: Answered, plan: str, menu: Menu) -> Copies:
    """What a copy of a plan brings at a menu with it, and today."""
    absolute = copied(a, menu, plan)
    share = absolute / a.size(a.objective.value(a.m.evaluate(menu)))
    before = own_menu(a.m.inputs.case, a.m.prepared)
    if before.terms[plan] is None:
        return Copies(absolute, share, math.nan)
    return Copies(absolute, share, copied(a, before, plan) / a.size(a.objective.value(a.m.unchanged)))


def clone(a: Answered) -> Iterator[Checked]:
    """A row for every plan that is on the menu, was on it, or could be; the answer's own decisions first."""
    for plan, turn in turns(a).items():
        yield _row(a, plan, turn)


def copies_alone(a: Answered) -> Iterator[Checked]:
    """The rows of plans on the menu as far as they can be told without another answer."""
    for plan, terms in a.menu.terms.items():
        if terms is not None:
            yield _copied(a, plan, copies(a, plan, a.menu))


def _row(a: Answered, plan: str, turn: Turn) -> Checked:
    on = a.menu.terms[plan] is not None
    if turn is Turn.STAYS:
        return _copied(a, plan, copies(a, plan, a.menu))
    levels = a.m.choices.levels[a.m.choices.plans.index(plan)]
    other = a.among(plan, [None] if on else [level for level in levels if level is not None])
    menu = a.menu if on else None if other is None else other.menu
    found = None if menu is None else copies(a, plan, menu)
    if other is None:
        return _late(a, plan, turn, found)
    if other.menu is None or found is None:
        return _copied(a, plan, found, f"no menu {'without' if on else 'with'} it meets the conditions; ")
    return _compared(a, plan, turn, found, other)


def _copied(a: Answered, plan: str, found: Copies | None, before: str = "") -> Checked:
    """Marked by what a copy brings alone."""
    marked = found is not None and found.marked
    words = f"{a.title(plan)}: {before}{'' if found is None else found.words}".rstrip("; ") + "."
    verdict = CheckVerdict.MARK if marked else CheckVerdict.PASS
    return Checked(CheckName.CLONE, plan, None if found is None else found.share, "fraction", verdict, words)


def _late(a: Answered, plan: str, turn: Turn, found: Copies | None) -> Checked:
    """The best menu without the decision was not found in time."""
    made = _copied(a, plan, found, "the best menu with another decision about it was not found in time; ")
    if turn not in TAKEN:
        return made
    words = (
        f"Whether to {turn.verb} {a.title(plan)} is undecided: what it brings was not found out in time; allow more. "
        + made.words
    )
    return replace(made, verdict=CheckVerdict.UNDECIDED, words=words)


def _compared(a: Answered, plan: str, turn: Turn, found: Copies, other: Resolved) -> Checked:
    """The best menu with the plan less the best without, against what a copy brings."""
    worth, decided = _worth(a, plan, found, other)
    size = f"{a.amount(abs(worth))} {'better' if worth >= 0.0 else 'worse'}"
    told = f"the best menu with it is {size} than the best without"
    copy = f"an exact copy of it alone would bring {a.amount(found.absolute)}"
    made = _copied(a, plan, found, f"{told}; ")
    if decided:
        words = f"{turn.verb.capitalize()} {made.words}" if turn in TAKEN else made.words
        return replace(made, words=words)
    words = f"Whether to {turn.verb} {a.title(plan)} is undecided: {told}, and {copy}. {DECIDES}"
    return replace(made, verdict=CheckVerdict.UNDECIDED, words=words)


def _worth(a: Answered, plan: str, found: Copies, other: Resolved) -> tuple[float, bool]:
    """What the plan is worth, and whether that is at least what a copy of it would bring."""
    sense, told = a.objective.sense, a.solution.objective
    here, there = (sense * told.value, sense * told.bound), (sense * other.value, sense * other.bound)
    on, off = (here, there) if a.menu.terms[plan] is not None else (there, here)
    worth, least, most = on[0] - off[0], on[0] - off[1], on[1] - off[0]
    copy = abs(found.absolute)
    if most - least <= 4.0 * a.least_gain:
        return worth, abs(worth) >= copy
    return worth, least >= copy or most <= -copy  # the search was stopped: what is proven must do
