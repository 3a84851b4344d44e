"""A solution as one plain document: what ``--json`` prints and ``--out`` saves."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from optimizer.answer.parts import compute_rows, draw_multiples, parts, usage_rows
from optimizer.answer.solution import SCHEMA_VERSION, ObjectiveValue, Solution
from optimizer.economics.figures import PART_FIGURES
from optimizer.errors import Finding


def clean(value: Any) -> Any:
    """Plain JSON data: nan becomes null, infinity a word."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else ("unlimited" if value > 0 else "-unlimited")
    if isinstance(value, dict):
        return {str(k): clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [clean(v) for v in value]
    return value


def dumps(document: dict[str, Any]) -> str:
    """One JSON object, keys in order, valid for every reader."""
    return json.dumps(clean(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def finding_row(finding: Finding) -> dict[str, Any]:
    """A finding as plain data."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "file": finding.file,
        "line": finding.line,
        "field": finding.field,
        "message": finding.message,
        "cure": finding.cure,
    }


def _objective(o: ObjectiveValue) -> dict[str, Any]:
    return {
        "name": o.name,
        "sense": o.sense,
        "value": o.value,
        "unit": o.unit,
        "bound": o.bound,
        "gap": o.gap,
        "status": o.status,
    }


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
        "objective": _objective(solution.objective),
        "stages": [_objective(s) for s in solution.stages],
        "menus": solution.menus,
        "menu": {
            p.plan: {
                "title": p.title,
                "offered": p.offered,
                "price": p.price,
                "allowances": p.allowances,
                "unit_prices": p.unit_prices,
                "unit_price_units": p.unit_price_units,
                "today_offered": p.today_offered,
                "today_price": p.today_price,
                "today_unit_prices": p.today_unit_prices,
                "today_allowances": p.today_allowances,
                "outside_evidence": list(p.notes),
            }
            for p in solution.menu
        },
        "mix": {
            "enterprise_share": solution.enterprise_share,
            "today": solution.today_enterprise_share,
        },
        "figures": {
            f.name: {"value": f.value, "unit": f.unit, "today": f.today, "unchanged": f.unchanged, "change": f.change}
            for f in solution.figures
        },
        "parts": {
            kind: {
                name: {figure: solution.evaluation.figure(figure, selection) for figure in PART_FIGURES}
                for name, selection in parts(solution.evaluation, kind)
            }
            for kind in ("plan", "segment", "channel")
        },
        "leave_rate": solution.leave_rates[0],
        "company_churn_rate": solution.leave_rates[1],
        "usage_classes": usage_rows(solution.evaluation),
        "draw_multiples": draw_multiples(solution.evaluation),
        "compute": compute_rows(solution.evaluation),
        "audit": {
            "largest_relative_difference": solution.audit.largest_difference,
            "conditions": [
                {
                    "name": c.name,
                    "figure": c.figure,
                    "part": c.part,
                    "sense": c.sense,
                    "bound": c.bound,
                    "value": c.value,
                    "slack": c.slack,
                    "met": c.met,
                    "binding": c.binding,
                }
                for c in solution.audit.conditions
            ],
        },
        "outside_evidence": list(solution.outside_evidence),
        "findings": [finding_row(f) for f in solution.findings],
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


def cell(value: Any) -> Any:
    """A table cell that no spreadsheet takes for a formula."""
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return "" if value is None else value


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if rows:
        writer.writerow(rows[0].keys())
    for row in rows:
        writer.writerow([cell(v) for v in row.values()])
    return out.getvalue()


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
            "outside_evidence": "; ".join(p.notes),
        }
        for p in solution.menu
    ]
    figures = [
        {"figure": f.name, "unit": f.unit, "value": f.value, "today": f.today, "unchanged": f.unchanged}
        for f in solution.figures
    ]
    files = {"menu.csv": table(menu), "figures.csv": table(figures)}
    for kind in ("plan", "segment", "channel"):
        files[f"by_{kind}.csv"] = table(
            [
                {kind: name, **{figure: solution.evaluation.figure(figure, selection) for figure in PART_FIGURES}}
                for name, selection in parts(solution.evaluation, kind)
            ]
        )
    files["usage_classes.csv"] = table(usage_rows(solution.evaluation))
    files["inputs.json"] = solution.inputs
    files["certificate.json"] = dumps({"schema_version": SCHEMA_VERSION, **solution.certificate})
    files["result.json"] = dumps(solution_document(solution))
    return {name: content.encode() for name, content in files.items()}
