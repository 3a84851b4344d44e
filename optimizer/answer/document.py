"""A solution as one plain document: what ``--json`` prints and ``--out`` saves."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from optimizer.answer.menu import PlanChoice, advertised
from optimizer.answer.parts import compute_rows, draw_multiples, parts, usage_rows
from optimizer.answer.solution import SCHEMA_VERSION, Solution
from optimizer.economics.figures import ALIASES, PART_FIGURES
from optimizer.io.plain import clean, csv_table, dumps


def solution_document(solution: Solution) -> dict[str, Any]:
    """Everything about a solution, ``seconds`` last: all else is the same in every run."""
    return {
        "schema_version": SCHEMA_VERSION,
        "input_hash": solution.input_hash,
        "case": solution.case,
        "title": solution.title,
        "question": solution.question,
        "verdict": solution.verdict,
        "verdict_text": solution.verdict_text,
        "status": solution.status,
        "checks": [c.document() for c in solution.checks],
        "objective": asdict(solution.objective),
        "stages": [asdict(s) for s in solution.stages],
        "changes": list(solution.changes),
        "menus": solution.menus,
        "menu": {p.plan: _plan(p, solution) for p in solution.menu},
        "mix": _mix(solution),
        "figures": _named(
            {
                f.name: {
                    "value": f.value,
                    "unit": f.unit,
                    "today": f.today,
                    "unchanged": f.unchanged,
                    "change": f.change,
                }
                for f in solution.figures
            }
        ),
        "parts": {
            kind: {name: _named(figures) for name, figures in _parts(solution, kind).items()}
            for kind in ("plan", "segment", "channel")
        },
        "leave_rate": solution.leave_rates[0],
        "company_churn_rate": solution.leave_rates[1],
        "usage_classes": usage_rows(solution.evaluation),
        "draw_multiples": draw_multiples(solution.evaluation),
        "compute": compute_rows(solution.evaluation),
        "audit": {
            "largest_relative_difference": solution.audit.largest_difference,
            "conditions": [asdict(c) for c in solution.audit.conditions],
        },
        "outside_evidence": list(solution.outside_evidence),
        "findings": [f.document() for f in solution.findings],
        "work": {
            "boxes": solution.work.boxes,
            "enumerated": solution.work.enumerated,
            "steps": solution.work.steps,
            "notes": list(solution.work.notes),
            "rows": solution.work.rows,
            "columns": solution.work.columns,
        },
        "versions": solution.versions,
        "seconds": {**solution.seconds, "build": solution.work.build_seconds, "highs": solution.work.solve_seconds},
    }


def _mix(solution: Solution) -> dict[str, float]:
    """The go-to-market budget: its split, and its size where that is a choice."""
    told = {"enterprise_share": solution.enterprise_share, "today": solution.today_enterprise_share}
    budget, today = solution.budget, solution.today.budget
    return told if budget is None or today is None else {**told, "budget": budget, "budget_today": today}


def _plan(p: PlanChoice, solution: Solution) -> dict[str, Any]:
    """A plan of the menu."""
    shown = advertised(solution.evaluation.prepared.market, p.plan, p.impressions if p.offered else None)
    return {
        "title": p.title,
        "decision": solution.decisions[p.plan],
        "offered": p.offered,
        "price": p.price,
        "allowances": p.allowances,
        "unit_prices": p.unit_prices,
        "unit_price_units": p.unit_price_units,
        "further_terms": p.further_terms,
        "today_offered": p.today_offered,
        "today_price": p.today_price,
        "today_unit_prices": p.today_unit_prices,
        "today_allowances": p.today_allowances,
        "today_further_terms": p.today_further_terms,
        "outside_evidence": list(p.notes),
        **(shown | {"today_impressions": p.today_impressions} if shown else {}),
    }


def _named(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures by name, also by the other names that they are known by."""
    return figures | {other: figures[name] for other, name in ALIASES.items() if name in figures}


def _parts(solution: Solution, kind: str) -> dict[str, dict[str, float]]:
    """Figures by plan, segment or channel."""
    return {
        name: {figure: solution.evaluation.figure(figure, selection) for figure in PART_FIGURES}
        for name, selection in parts(solution.evaluation, kind)
    }


def solution_files(solution: Solution) -> dict[str, bytes]:
    """File name -> content of a result folder; ``result.json`` is the one to trust last."""
    menu = [
        {
            "plan": p.plan,
            "title": p.title,
            "offered": p.offered,
            "price_usd_per_month": p.price,
            "today_price_usd_per_month": p.today_price,
            "allowances": json.dumps(clean(p.allowances)),
            "unit_prices": json.dumps(clean(p.unit_prices)),
            "further_terms": json.dumps(clean(p.further_terms)),
            "outside_evidence": "; ".join(p.notes),
        }
        for p in solution.menu
    ]
    figures = [
        {"figure": f.name, "unit": f.unit, "value": f.value, "today": f.today, "unchanged": f.unchanged}
        for f in solution.figures
    ]
    files = {"menu.csv": csv_table(menu), "figures.csv": csv_table(figures)}
    for kind in ("plan", "segment", "channel"):
        files[f"by_{kind}.csv"] = csv_table(
            [{kind: name, **figures} for name, figures in _parts(solution, kind).items()]
        )
    files["usage_classes.csv"] = csv_table(usage_rows(solution.evaluation))
    files["inputs.json"] = solution.inputs
    files["certificate.json"] = dumps({"schema_version": SCHEMA_VERSION, **solution.certificate})
    files["result.json"] = dumps(solution_document(solution))
    return {name: content.encode() for name, content in files.items()}
