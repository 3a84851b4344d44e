"""What a market or a case states and what has no effect: warnings, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from optimizer.economics import figures
from optimizer.errors import Finding
from optimizer.inputs.load import Inputs
from optimizer.io.documents import Document
from optimizer.market.check_further import idle_further
from optimizer.market.check_prices import idle_prices
from optimizer.market.check_usage import idle_usage
from optimizer.market.idle_advertising import idle_advertising
from optimizer.schema.base import Quantity
from optimizer.schema.case import Case, Change, PlanLadders
from optimizer.schema.market import Market, Plan
from optimizer.schema.supply import AiModel

CODE = "no-effect"


def idle_inputs(inputs: Inputs) -> Iterator[Finding]:
    """Warnings about inputs that are right otherwise: what nobody pays, wants, serves or can choose."""
    market, case, document = inputs.changed, inputs.case, inputs.market_document
    for name in _usable(market, case):
        ladders = case.plans.get(name, PlanLadders())
        yield from _overage(market, name, ladders, inputs)
        yield from _plan(market, name, ladders, document)
    yield from idle_further(market, case, document, inputs.case_document)
    yield from _demand(market, case, document)
    yield from idle_usage(market, document)
    yield from idle_advertising(inputs)
    yield from _supply(market, document)
    yield from _nests(market, case, document)
    if market.outside_decisions is not None:
        message = "it is no longer used: who leaves the company follows from what the alternatives are worth"
        yield _idle(document, "outside_decisions", message, "remove it")
    yield from idle_prices(market, document, CODE)
    yield from _observed(market, document)
    yield from _case(inputs)


def _idle(document: Document, path: str, message: str, cure: str) -> Finding:
    return document.finding(CODE, path, message, cure, "warning")


def _usable(market: Market, case: Case) -> list[str]:
    """Plans that are sold today or that the case may launch."""
    return [name for name in market.plans if name in market.today.plans or name in case.plans]


def _wanted(market: Market, plan: Plan, ai_model: str) -> list[str]:
    """Segments of a plan that want an AI model."""
    shares = {name: market.segments[name].usage.ai_models.get(ai_model) for name in plan.segments}
    return [name for name, share in shares.items() if share is not None and share.value > 0.0]


def _limited(plan: Plan, ladders: PlanLadders, ai_model: str) -> bool:
    """Whether the plan caps an AI model, or the case may."""
    stated = any(isinstance(cap, Quantity) for cap in plan.allowances.get(ai_model, {}).values())
    steps = ladders.allowances.get(ai_model, {}).values()
    return stated or any(step != "unlimited" for each in steps for step in each)


def _included(plan: Plan, ladders: PlanLadders, ai_model: str) -> bool:
    return ai_model in plan.allowances or ai_model in ladders.allowances


def _overage(market: Market, name: str, ladders: PlanLadders, inputs: Inputs) -> Iterator[Finding]:
    """Unit prices that nobody pays, because nothing is refused or the fallback serves it as well."""
    plan = market.plans[name]
    held = any(isinstance(limit, Quantity) for limit in plan.fallback_limit.values())
    for ai_model in plan.unit_prices:
        included, limited = _included(plan, ladders, ai_model), _limited(plan, ladders, ai_model)
        document = inputs.case_document if ai_model in ladders.unit_prices else inputs.market_document
        path = f"plans.{name}.unit_prices.{ai_model}"
        if included and not limited:
            message = f"nobody pays this price: the plan includes {ai_model} without a cap"
            yield _idle(document, path, message, f"cap {ai_model} under allowances, or remove the price")
        elif plan.fallback is not None and not (held and limited) and _no_better(market, ai_model, plan.fallback):
            message = f"nobody pays this price: the fallback {plan.fallback} serves what {ai_model} refuses as well"
            yield _idle(document, path, message, "remove the fallback or the price, or cap the fallback")


def _no_better(market: Market, ai_model: str, fallback: str) -> bool:
    """Whether a fallback does as well as the AI model that it stands in for."""
    qualities = (market.ai_models[name].quality.value for name in (ai_model, fallback))
    return fallback != ai_model and next(qualities) <= next(qualities)


def _plan(market: Market, name: str, ladders: PlanLadders, document: Document) -> Iterator[Finding]:
    """Terms of a plan that come to nothing."""
    plan, path = market.plans[name], f"plans.{name}"
    if plan.fallback is None and plan.fallback_limit:
        yield _idle(document, f"{path}.fallback_limit", "there is no fallback that it limits", "add the fallback")
    share, discount = plan.annual_share, plan.annual_discount
    if (share is None) != (discount is None) and (share is None or ladders.annual_discount is None):
        there, missing = ("share", "discount") if discount is None else ("discount", "share")
        message = f"without annual_{missing} nobody pays less by the year"
        yield _idle(document, f"{path}.annual_{there}", message, f"add annual_{missing}")
    for field in ("analogue", "constant_shift") if name in market.today.plans else ():
        if getattr(plan, field) is not None:
            yield _idle(document, f"{path}.{field}", "the plan is sold today, and has its own constant", "remove it")
    for segment in set(plan.decision_rate_by_segment) - set(plan.segments):
        message = f"the plan is not offered to {segment}"
        yield _idle(
            document, f"{path}.decision_rate_by_segment.{segment}", message, "add the segment, or remove its rate"
        )


def _demand(market: Market, case: Case, document: Document) -> Iterator[Finding]:
    """Requests that are wanted of an AI model and that a plan, or every plan, leaves unserved."""
    usable = [(name, market.plans[name], case.plans.get(name, PlanLadders())) for name in _usable(market, case)]

    def serves(plan: Plan, ladders: PlanLadders, ai_model: str) -> bool:
        replaced = plan.fallback not in (None, ai_model)
        return replaced or ai_model in plan.unit_prices or _included(plan, ladders, ai_model)

    unserved: set[tuple[str, str]] = set()
    for name, segment in market.segments.items():
        for ai_model, share in segment.usage.ai_models.items():
            offered = [(plan, ladders) for _, plan, ladders in usable if name in plan.segments]
            if share.value > 0.0 and offered and not any(serves(*each, ai_model) for each in offered):
                unserved.add((name, ai_model))
                message = f"{share.value:.0%} of its requests are lost: no plan offered to it serves {ai_model}"
                cure = f"include, meter or replace {ai_model} in a plan of {name}, or move the share"
                yield _idle(document, f"segments.{name}.usage.ai_models.{ai_model}", message, cure)
    for name, plan, ladders in usable:
        for ai_model in market.ai_models:
            lost = [s for s in _wanted(market, plan, ai_model) if (s, ai_model) not in unserved]
            if lost and not serves(plan, ladders, ai_model):
                message = f"requests for {ai_model} are lost on this plan, which does not serve it: {', '.join(lost)}"
                cure = f"add {ai_model} to its allowances or unit prices, or a fallback; leave it so if that is meant"
                yield _idle(document, f"plans.{name}", message, cure)


def _supply(market: Market, document: Document) -> Iterator[Finding]:
    """AI models that nobody wants, and pools that serve none."""
    wanted = {a for s in market.segments.values() for a, share in s.usage.ai_models.items() if share.value > 0.0}
    fallbacks = {offer.fallback for offers in (market.plans, market.alternatives) for offer in offers.values()}
    for name in market.ai_models:
        if name not in wanted | fallbacks:
            cure = "give it a share in segments.*.usage.ai_models, or make it a fallback"
            yield _idle(document, f"ai_models.{name}", "no segment wants it, and no plan falls back to it", cure)
    for name, ai_model in market.ai_models.items():
        yield from _tokens(document, f"ai_models.{name}", ai_model)
    for name in set(market.pools) - {ai_model.pool for ai_model in market.ai_models.values()}:
        yield _idle(document, f"pools.{name}", "no AI model is served by this pool", "name it as an AI model's pool")


def _tokens(document: Document, path: str, ai_model: AiModel) -> Iterator[Finding]:
    """Throughputs without a pool, and a cached price of tokens of which none is read from a cache."""
    for field in ("prefill", "decode") if ai_model.pool is None else ():
        if getattr(ai_model, field) is not None:
            yield _idle(document, f"{path}.{field}", "no pool serves it: its tokens are bought", "remove it")
    prices = ai_model.token_prices
    if prices is not None and prices.cached is not None and ai_model.cached.value == 0.0:
        yield _idle(document, f"{path}.token_prices.cached", "no input token is read from a cache", "state cached")


def _nests(market: Market, case: Case, document: Document) -> Iterator[Finding]:
    """Nests between whose plans nobody chooses."""
    usable = _usable(market, case)
    for name, nest in market.nests.items():
        segments = [s for plan in nest.plans if plan in usable for s in set(market.plans[plan].segments)]
        if len(segments) == len(set(segments)):
            message = "no customer is offered two of its plans, so the nest makes no difference"
            yield _idle(document, f"nests.{name}", message, "name plans that are offered to the same segments")


def _observed(market: Market, document: Document) -> Iterator[Finding]:
    """Observations and checks that are not looked at."""
    for name, today in market.today.plans.items():
        if today.own_constants and not today.by_segment:
            message = "no count by segment is stated that could have a constant of its own"
            yield _idle(document, f"today.plans.{name}.own_constants", message, "add by_segment, or remove it")
    for index, check in enumerate(market.evidence):
        if check.plan not in market.today.plans:
            message = f"{check.plan} is not sold today, so the check is not made"
            yield _idle(document, f"evidence.{index}", message, "name a plan sold today, or remove it")
    for name, alternative in market.alternatives.items():
        counted = market.today.alternatives.get(name, {})
        for segment in alternative.segments:
            channel = market.segments[segment].channel
            if channel not in counted:
                message = f"today.alternatives.{name} has no count for {channel}, so nobody in {segment} takes it"
                cure = f"add the count for {channel}, or remove the segment"
                yield _idle(document, f"alternatives.{name}.segments", message, cure)


def _case(inputs: Inputs) -> Iterator[Finding]:
    """Choices, rules and changes of a case that come to nothing."""
    case, market, document = inputs.case, inputs.changed, inputs.case_document
    for name, ladders in case.plans.items():
        if name in market.today.plans and not ladders.model_fields_set:
            yield _idle(document, f"plans.{name}", "nothing about the plan can be chosen", "add a ladder, or remove it")
        for ai_model in ladders.allowances:
            used = _wanted(market, market.plans[name], ai_model)
            if not used and ai_model != market.plans[name].fallback:
                message = f"no segment of the plan wants {ai_model}, so its caps make no difference"
                yield _idle(document, f"plans.{name}.allowances.{ai_model}", message, "remove the ladder")
    priced = {name for name, ladders in case.plans.items() if ladders.price is not None}
    metered = {name for name, ladders in case.plans.items() if ladders.unit_prices}
    curves = market.go_to_market.consumer, market.go_to_market.enterprise
    if case.mix and all(curve.base.value == curve.most.value for curve in curves):
        yield _idle(document, "mix", "no spend moves either reach curve", "let base lie below most in one of them")
    for index, rule in enumerate(case.rules.price_change):
        if rule.plan not in priced | metered:
            path = f"rules.price_change.{index}"
            yield _idle(document, path, f"the price of {rule.plan} cannot change", "give it a price ladder")
    for index, order in enumerate(case.rules.plan_order):
        if len(set(order) & set(_usable(market, case))) < 2:
            message = "fewer than two of the plans are on any menu, so there is no order to keep"
            yield _idle(document, f"rules.plan_order.{index}", message, "name plans that are sold or can be launched")
    if case.rules.charm_prices and not priced:
        yield _idle(document, "rules.charm_prices", "no price can be chosen", "give a plan a price ladder")
    for index, condition in enumerate(case.conditions):
        if condition.denominator_floor is not None and condition.figure not in figures.RATIOS:
            message = f"{condition.figure} is no ratio and has no denominator"
            yield _idle(document, f"conditions.{index}.denominator_floor", message, "remove it")
    yield from _changes(inputs)


def _changes(inputs: Inputs) -> Iterator[Finding]:
    """Changes to what is observed today: the market was calibrated to it before."""
    case, document = inputs.case, inputs.case_document
    asked: list[tuple[Document, str, Mapping[str, Change]]] = [
        (document, "changes.", case.changes),
        (Document({}, {}, ""), "--set ", inputs.sets),
        *((document, f"scenarios.{name}.changes.", s.changes) for name, s in case.scenarios.items()),
        (document, "grid.", {path: steps[0] for path, steps in case.grid.items() if steps}),
    ]
    for where, prefix, changes in asked:
        for path in changes:
            if path.partition(".")[0] == "today":
                message = "the market is calibrated to today's counts before the changes, so this one has no effect"
                cure = "change the count in the market's own files, or what it should come from"
                yield _idle(where, prefix + path, message, cure)
