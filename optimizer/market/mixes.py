"""The splits of the go-to-market budget that a case allows."""

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
    if case.mix is None:
        return (today,)
    most = case.rules.mix_change
    return tuple(m for m in case.mix.enterprise_share if most is None or abs(m - today) <= most + SAME)


def check_mix(case: Case, market: Market, document: Document) -> Iterator[Finding]:
    """Findings about a case's splits."""
    for value in case.mix.enterprise_share if case.mix else ():
        if not 0.0 <= value <= 1.0:
            message, cure = f"{value:g} is not a share", "use fractions between 0 and 1"
            yield document.finding("range", "mix.enterprise_share", message, cure)
    if not allowed_mixes(case, market):
        message, cure = "the rule on its change leaves no split", "widen the ladder or the rule"
        yield document.finding("empty-ladder", "mix.enterprise_share", message, cure)
