"""The splits and sizes of the go-to-market budget that a case allows."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.schema.case import Case
from optimizer.schema.market import Market
from optimizer.units import SAME


def allowed_mixes(case: Case, base: Market) -> tuple[float, ...]:
    """The ladder of enterprise shares less what the rule on its change forbids; today's share where there is none."""
    today = base.go_to_market.enterprise_share.value
    if case.mix is None or case.mix.enterprise_share is None:
        return (today,)
    most = case.rules.mix_change
    return tuple(m for m in case.mix.enterprise_share if most is None or abs(m - today) <= most + SAME)


def chosen_budget(case: Case, market: Market) -> float | None:
    """The market's own budget, usd/month, where its size is a choice of the case; None where it is not."""
    return None if case.mix is None or case.mix.budget is None else market.go_to_market.budget.value


def allowed_budgets(case: Case) -> tuple[float | None, ...]:
    """The ladder of budgets, usd/month; None alone where the size is no choice."""
    return (None,) if case.mix is None or case.mix.budget is None else case.mix.budget


def check_mix(case: Case, market: Market, document: Document) -> Iterator[Finding]:
    """Findings about a case's splits."""
    shares = () if case.mix is None else case.mix.enterprise_share or ()
    for value in shares:
        if not 0.0 <= value <= 1.0:
            message, cure = f"{value:g} is not a share", "use fractions between 0 and 1"
            yield document.finding("range", "mix.enterprise_share", message, cure)
    for budget in allowed_budgets(case):
        if budget is not None and budget < 0.0:
            message, cure = f"{budget:g} is no budget", "use 0 or more, in usd/month"
            yield document.finding("range", "mix.budget", message, cure)
    if not allowed_mixes(case, market):
        message, cure = "the rule on its change leaves no split", "widen the ladder or the rule"
        yield document.finding("empty-ladder", "mix.enterprise_share", message, cure)
