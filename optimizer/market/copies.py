"""A market with a copy of one of its plans: what a second name for the same thing would bring."""

from __future__ import annotations

from dataclasses import replace

from optimizer.market.prepare import Prepared


def with_copy(prepared: Prepared, plan: str, name: str) -> Prepared:
    """The market with one more plan, like another in all but its name, in the same nest.

    Its fixed cost is the plan's own. Raises KeyError for an unknown plan, ValueError for a name that is taken.
    """
    if name in prepared.terms:
        raise ValueError(f"a plan is named {name!r} already")
    facts, market = prepared.plans[prepared.plan_index(plan)], prepared.market
    return replace(
        prepared,
        market=market.model_copy(update={"plans": {**market.plans, name: market.plans[plan]}}),
        plans=(*prepared.plans, replace(facts, name=name)),
        terms={**prepared.terms, name: prepared.terms[plan]},
        nests=tuple(replace(n, plans=(*n.plans, name)) if plan in n.plans else n for n in prepared.nests),
    )
