"""Parts of the business at one menu as plain rows: usage classes, compute, the most a customer can draw."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from optimizer.economics.figures import LINEAR, Selection
from optimizer.economics.finance import largest_draw
from optimizer.market.evaluate import Evaluation
from optimizer.market.prepare import MONTH_HOURS, WINDOW_HOURS


def draw_multiples(evaluation: Evaluation) -> dict[str, float | None]:
    """Plan -> the most a customer can draw at API prices as a multiple of the fee; infinite without caps, None without
    a fee or an API price."""
    found: dict[str, float | None] = {}
    prepared = evaluation.prepared
    for name in evaluation.plans:
        terms = evaluation.menu[name]
        prices = prepared.plans[prepared.plan_index(name)].api_prices
        if terms is None or terms.price <= 0.0:
            found[name] = None
            continue
        draws = [
            largest_draw([(MONTH_HOURS / WINDOW_HOURS[w], cap) for w, cap in caps], float(price))
            for caps, price in zip(terms.caps, prices, strict=True)
            if caps is not None and not math.isnan(price)
        ]
        found[name] = sum(draws) / terms.price if draws else None
    return found


def compute_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """GPUs busy by pool and hour block, with what is reserved and burst."""
    pools = evaluation.prepared.pools
    return [
        {
            "pool": pool,
            "hours": block,
            "gpus_busy": float(evaluation.busy[p, h]),
            "gpus_reserved": None if math.isnan(pools.reserved[p]) else float(pools.reserved[p]),
            "gpus_burst": float(evaluation.burst[p, h]) if pools.contracted[p] else None,
        }
        for p, pool in enumerate(pools.names)
        for h, block in enumerate(pools.blocks)
    ]


def net_changes(today: Evaluation, evaluation: Evaluation) -> list[dict[str, Any]]:
    """Customers of every plan, of every rival's plan, of own hardware and of nothing, today and at the menu.

    Net: a logit tells how many there are, not who went where.
    """
    titles = evaluation.prepared.market.plans
    rows = [
        {"name": p.name, "title": titles[p.name].title, "whose": "ours",
         "today": today.figure("customers", Selection(plan=p.name)),
         "customers": evaluation.figure("customers", Selection(plan=p.name))}
        for p in evaluation.prepared.plans
    ]  # fmt: skip
    then, now = ((e.prepared.alternative_share * e.elsewhere[:, None]).sum(axis=0) for e in (today, evaluation))
    others = [(a.name, "rival" if a.rival else "own hardware") for a in evaluation.prepared.alternatives]
    for k, (name, whose) in enumerate([*others, ("nothing", "nothing")]):
        known = evaluation.prepared.market.alternatives.get(name)
        title = "Nothing" if known is None else known.title
        rows.append({"name": name, "title": title, "whose": whose, "today": float(then[k]), "customers": float(now[k])})
    return rows


def market_places(today: Evaluation, evaluation: Evaluation) -> list[dict[str, Any]]:
    """Every plan of ours and of the rivals by what a customer pays on average and how many customers it has."""
    bills = evaluation.prepared.alternative_bill
    paid = dict(zip((a.name for a in evaluation.prepared.alternatives), bills.T, strict=False))
    share = dict(zip(paid, evaluation.prepared.alternative_share.T, strict=False))
    rows = []
    for row in net_changes(today, evaluation):
        if row["whose"] == "ours":
            part = Selection(plan=row["name"])
            bill = evaluation.figure("revenue", part) / row["customers"] if row["customers"] else None
            before = today.figure("revenue", part) / row["today"] if row["today"] else None
        elif row["whose"] == "rival":
            held = share[row["name"]] * evaluation.elsewhere
            bill = before = float((held * paid[row["name"]]).sum() / held.sum()) if held.sum() > 0.0 else None
        else:
            continue
        rows.append({**row, "paid_a_month": bill, "paid_a_month_today": before})
    return rows


def parts(evaluation: Evaluation, kind: str) -> list[tuple[str, Selection]]:
    """Names and selections of the parts of a business."""
    if kind == "plan":
        return [(p.name, Selection(plan=p.name)) for p in evaluation.prepared.plans]
    if kind == "segment":
        return [(s, Selection(segment=s)) for s in evaluation.prepared.population.segments]
    if kind == "channel":
        return [(c, Selection(channels=(c,))) for c in ("consumer", "enterprise", "api")]
    raise KeyError(kind)


def usage_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Per plan and usage class: customers, margin a customer, the share who cost more than they bring, and the value at
    API prices of what they draw, as a multiple of the bill. Customers with an unattended stream are a class of their
    own."""
    import numpy as np

    pop = evaluation.prepared.population
    edges = evaluation.prepared.market.classes.usage
    alone = ~pop.unattended if pop.unattended.size else np.ones(pop.size, dtype=bool)
    classes = {f"{a:.0%} to {b:.0%}": alone & (pop.usage_class == k) for k, (a, b) in enumerate(pairwise(edges))}
    if pop.unattended.size:
        classes["unattended"] = pop.unattended
    rows = []
    for j, name in enumerate(evaluation.plans):
        margin = LINEAR["gross_margin"].amount(evaluation.per[j])
        per, held = evaluation.per[j], evaluation.customers[:, j]
        for label, mask in classes.items():
            count = float(held[mask].sum())
            if count <= 0.0:
                continue
            billed = float((held * per.bill)[mask].sum())
            value = (held * per.api_value)[mask]
            rows.append(
                {
                    "plan": name,
                    "usage_class": label,
                    "customers": count,
                    "requests_per_customer": float((held * per.requests)[mask].sum()) / count,
                    "gross_margin_per_customer": float((held * margin)[mask].sum()) / count,
                    "under_water_share": float(held[mask & (per.serving > per.revenue)].sum()) / count,
                    "cap_binding_share": float((held * per.binds)[mask].sum()) / count,
                    "api_value_multiple": float(np.nansum(value)) / billed
                    if billed > 0.0 and not np.isnan(value).all()
                    else None,
                }
            )
    return rows
