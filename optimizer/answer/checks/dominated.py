"""What a dearer copy of a plan would bring: nobody gains by it, so it should be nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from optimizer.answer.checks.answered import Answered
from optimizer.answer.checks.check import Checked, CheckName, CheckVerdict
from optimizer.answer.checks.clone import copied
from optimizer.economics.population import Terms

DEARER = 1.5
MOST = 0.01
"""Share of the objective that a dominated copy may bring or take before it is marked."""


def dearer(terms: Terms) -> Terms | None:
    """The same for more money; None for a plan that costs nothing."""
    if terms.price > 0.0:
        return replace(terms, price=DEARER * terms.price)
    if not any(terms.unit_prices):
        return None
    return terms.with_unit_prices(tuple(None if p is None else DEARER * p for p in terms.unit_prices))


def dominated_copy(a: Answered) -> Iterator[Checked]:
    """A row for every paid plan on the menu."""
    paid = {plan: dear for plan, terms in a.menu.terms.items() if terms is not None and (dear := dearer(terms))}
    if not paid:
        yield Checked(CheckName.DOMINATED_COPY, None, None, "fraction", CheckVerdict.PASS, "No plan has a price.")
    for plan, terms in paid.items():
        share = copied(a, a.menu, plan, terms) / a.size(a.value)
        words = (
            f"{a.title(plan)}: a copy of it at {DEARER:g} times its price would change the objective by {share:+.1%}."
        )
        verdict = CheckVerdict.MARK if abs(share) > MOST else CheckVerdict.PASS
        yield Checked(CheckName.DOMINATED_COPY, plan, share, "fraction", verdict, words)
