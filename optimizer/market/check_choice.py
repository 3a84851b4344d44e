"""Checks of what a market says about how customers choose: nests, and how often they decide anew."""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.schema.market import Market, TodayPlan


def check_nests(market: Market, document: Document) -> Iterator[Finding]:
    """Nests of fewer than two plans, and plans in more than one."""
    of: dict[str, str] = {}
    for name, nest in market.nests.items():
        path = f"nests.{name}.plans"
        if len(set(nest.plans)) < len(nest.plans):
            yield document.finding("nest", path, "names a plan twice", "name each plan once")
        elif len(nest.plans) < 2:
            yield document.finding("nest", path, "holds fewer than two plans", "name two or more, or remove the nest")
        for plan in dict.fromkeys(nest.plans):
            if plan in of:
                message = f"{plan} is in the nest {of[plan]} already"
                yield document.finding("nest", path, message, "leave it in one of them")
            of.setdefault(plan, name)


def check_rates(market: Market, document: Document, name: str) -> Iterator[Finding]:
    """Decision rates of a plan: one way of knowing them, and a range."""
    plan, path, today = market.plans[name], f"plans.{name}", market.today.plans.get(name)
    by_segment = plan.decision_rate_by_segment
    rates = {
        "decision_rate": plan.decision_rate,
        "leave_rate": plan.leave_rate,
        "decision_rate_least": plan.decision_rate_least,
        **{f"decision_rate_by_segment.{s}": q for s, q in by_segment.items()},
    }
    for field, rate in rates.items():
        if rate is not None and rate.value <= 0.0:
            yield document.finding("not-positive", f"{path}.{field}", "must be above 0", "state a monthly rate")
    if plan.decision_rate_least.value > plan.decision_rate_most.value:
        yield document.finding("range", f"{path}.decision_rate_least", "lies above decision_rate_most", "swap them")
    if today is not None and plan.leave_rate is not None:
        cure = f"state today.plans.{name}.renewal_rate, 1 less the share that leaves in a month"
        message = "the plan is sold today, so how many leave is observed"
        yield document.finding("rate", f"{path}.leave_rate", message, cure)
    elif plan.leave_rate is not None and (plan.decision_rate is not None or by_segment):
        message = "both leave_rate and decision_rate are stated"
        yield document.finding("rate", f"{path}.leave_rate", message, "keep one of them")
    if plan.decision_rate is not None or plan.leave_rate is not None:
        return
    if today is None:
        cure = "state decision_rate, or leave_rate: the share of its customers expected to leave in a month"
        yield document.finding("rate", f"{path}.decision_rate", "how often customers decide anew is not stated", cure)
    elif today.retention_12_months is None and today.renewal_rate is None:
        cure = f"state it, or today.plans.{name}.retention_12_months or renewal_rate, from which it is solved"
        yield document.finding("rate", f"{path}.decision_rate", "how often customers decide anew is not stated", cure)
    elif by_segment and set(plan.segments) - set(by_segment):
        message = f"there is none for {', '.join(s for s in plan.segments if s not in by_segment)}"
        cure = "state decision_rate, which holds for the other segments, or one for each of them"
        yield document.finding("rate", f"{path}.decision_rate_by_segment", message, cure)


def check_staying(document: Document, path: str, today: TodayPlan) -> Iterator[Finding]:
    """Retention or renewal of a plan sold today: one of the two, between 0 and 1."""
    if today.retention_12_months is not None and today.renewal_rate is not None:
        message = "both renewal_rate and retention_12_months are stated"
        yield document.finding("rate", f"{path}.renewal_rate", message, "keep the one that is better known")
    for field, share in (("retention_12_months", today.retention_12_months), ("renewal_rate", today.renewal_rate)):
        if share is not None and not 0.0 < share.value < 1.0:
            message = f"{share.value:g} would mean that {'none' if share.value <= 0.0 else 'all'} stay"
            yield document.finding("range", f"{path}.{field}", message, "state a share between 0 and 1")
