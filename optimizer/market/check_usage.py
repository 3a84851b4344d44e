"""Whether what is stated of use can be: streams that run without a person, and observed requests."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.schema.market import Market


def check_usage(market: Market, document: Document) -> Iterator[Finding]:
    """Findings about unattended streams and observed use."""
    for name, segment in market.segments.items():
        more, path = segment.usage.unattended, f"segments.{name}.usage.unattended"
        for field in ("requests", "active_days", "windows_per_day") if more is not None else ():
            stated = getattr(more, field)
            if stated is not None and stated.value <= 0.0:
                yield document.finding("not-positive", f"{path}.{field}", "must be above 0", "state a positive number")
        if more is not None and more.share.value >= 1.0:
            message, cure = "all customers would have one", "put it into the segment's own requests, or state a share"
            yield document.finding("range", f"{path}.share", message, cure)
    yield from _observed(market, document)


def _observed(market: Market, document: Document) -> Iterator[Finding]:
    """Observed use of what is not sold today, or of nobody."""
    usage = market.today.usage
    if usage is None:
        return
    sold, segments = list(market.today.plans), list(market.segments)
    for part, what, names in (("plans", "plan sold today", sold), ("segments", "segment", segments)):
        for name, stated in getattr(usage, part).items():
            path = f"today.usage.{part}.{name}"
            if name not in names:
                cure = f"known: {', '.join(names)}"
                yield document.finding("unknown-name", path, f"no {what} is named {name!r}", cure)
            elif stated.value <= 0.0:
                yield document.finding("not-positive", path, "must be above 0", "state requests a customer and month")
    if usage.tolerance <= 0.0:
        yield document.finding("not-positive", "today.usage.tolerance", "must be above 0", "state a fraction")


def idle_usage(market: Market, document: Document) -> Iterator[Finding]:
    """Unattended streams that nobody has."""
    for name, segment in market.segments.items():
        more = segment.usage.unattended
        if more is not None and more.share.value == 0.0:
            path = f"segments.{name}.usage.unattended"
            message, cure = "its share is 0, so nobody has it", "state the share who have it, or remove it"
            yield document.finding("no-effect", path, message, cure, "warning")
