"""The answer to a case over months as one plain document, and as files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from optimizer.answer.menu import menu_document
from optimizer.answer.path import PathSolution, StageMenu
from optimizer.answer.path_bridge import bridge_document, margin_bridge
from optimizer.answer.solution import SCHEMA_VERSION
from optimizer.economics.figures import HEADLINES, Selection, unit_of
from optimizer.io.plain import csv_table, dumps

KIND = "path"


def path_document(solution: PathSolution) -> dict[str, Any]:
    """Everything about a path, ``seconds`` last: all else is the same in every run."""
    asked = solution.timeline.asked
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "input_hash": solution.input_hash,
        "case": solution.case,
        "title": solution.title,
        "question": solution.question,
        "verdict": solution.verdict,
        "verdict_text": solution.verdict_text,
        "status": solution.status,
        "objective": {**asdict(solution.objective), "held": solution.held_value},
        "horizon": {"months": asked.months, "tail": asked.tail, "holders": asked.holders},
        "stages": [_stage(solution, stage) for stage in solution.stages],
        "path": {
            name: {"unit": unit_of(name), "values": solution.series(name), "held": solution.held_series(name)}
            for name in HEADLINES
        },
        "customers": {
            plan: solution.series("customers", Selection(plan)) for plan in solution.timeline.m.choices.plans
        },
        "margin_bridge": bridge_document(margin_bridge(solution)),
        "cash": solution.cash,
        "orders": [asdict(order) for order in solution.orders],
        "gpus": solution.gpus,
        "gpu_hour_usd": [asdict(price) for price in solution.gpu_prices] or None,
        "worlds": [
            {"month": w.month, "title": w.title, "changes": {p: c.model_dump(exclude_none=True) for p, c in
                                                             w.changes.items()}}
            for w in asked.worlds
        ],
        "customer_value": [asdict(worth) for worth in solution.worth],
        "audit": {
            "largest_relative_difference": solution.largest_difference,
            "conditions": [asdict(c) for c in solution.conditions],
        },
        "findings": [f.document() for f in solution.findings],
        "paths": str(solution.paths),
        "work": {"boxes": solution.boxes},
        "versions": solution.versions,
        "seconds": solution.seconds,
    }  # fmt: skip


def _stage(solution: PathSolution, stage: StageMenu) -> dict[str, Any]:
    era = next(e for e in solution.timeline.eras if e.months.start == stage.months.start - 1)
    told = menu_document(stage.chosen, era.m.prepared.market)
    decisions = {p.plan: p.decision for p in stage.menu}
    return {
        "first_month": stage.months.start,
        "last_month": stage.months.stop - 1,
        "menu": {name: {"decision": decisions[name], **terms} for name, terms in told["menu"].items()},
        "mix": told["mix"],
    }


def path_files(solution: PathSolution) -> dict[str, bytes]:
    """File name -> content of a result folder."""
    months = [
        {"month": t, **{name: solution.figure(name, t) for name in HEADLINES}}
        for t in range(1, solution.timeline.months + 1)
    ]
    customers = [
        {"month": t, **{plan: solution.figure("customers", t, plan) for plan in solution.timeline.m.choices.plans}}
        for t in range(1, solution.timeline.months + 1)
    ]
    menus = [
        {"first_month": s.months.start, "last_month": s.months.stop - 1, "plan": p.plan, "offered": p.offered,
         "price_usd_per_month": p.price, "today_price_usd_per_month": p.today_price}
        for s in solution.stages for p in s.menu
    ]  # fmt: skip
    files = {
        "path.csv": csv_table(months),
        "customers.csv": csv_table(customers),
        "stages.csv": csv_table(menus),
        "customer_value.csv": csv_table([asdict(worth) for worth in solution.worth]),
        "inputs.json": solution.inputs,
        "certificate.json": dumps({"schema_version": SCHEMA_VERSION, "kind": KIND, "proof": solution.certificate}),
        "result.json": dumps(path_document(solution)),
    }
    return {name: content.encode() for name, content in files.items()}
