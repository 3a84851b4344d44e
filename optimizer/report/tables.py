"""A solution and its studies as plain tables, for spreadsheets and for other people's programs."""

from __future__ import annotations

import importlib.util
import io
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from optimizer.answer.menu import text
from optimizer.answer.parts import compute_rows, draw_multiples, parts, usage_rows
from optimizer.answer.solution import Solution
from optimizer.answer.words import further_words
from optimizer.economics.figures import PART_FIGURES, USD, unit_of
from optimizer.errors import bad_argument
from optimizer.io.plain import clean, csv_table
from optimizer.io.saving import write_folder_atomic
from optimizer.io.workbook_cells import plain_text
from optimizer.report.text import decision
from optimizer.studies.study import by_study
from optimizer.studies.tables import BY_ROW, Table, table, table_of

_USAGE_UNITS = {
    "customers": "customers",
    "requests_per_customer": "requests/month",
    "gross_margin_per_customer": USD,
    "under_water_share": "fraction",
    "api_value_multiple": "times the bill",
}


def solution_tables(solution: Solution, **results: object) -> list[Table]:
    """All tables that have rows, in the order a reader wants them.

    results: what studies returned, by any name; None is left out.
    """
    found = by_study(results)
    tables = [_summary(solution, [row for study, r in found for row in study.summary(r)]), _menu(solution)]
    tables += [_checks(solution)]
    tables += [_figures(solution), *(_parts(solution, kind) for kind in ("plan", "segment", "channel"))]
    tables += [_usage(solution), _conditions(solution), _compute(solution)]
    tables += [made for study, r in found for made in study.tables(r)]
    tables += [_evidence(solution), _changes(solution), _sources(solution)]
    return [made for made in tables if made.rows]


def write_tables(
    folder: str | os.PathLike[str], solution: Solution, *, kind: str = "csv", **results: object
) -> list[str]:
    """Write every table as a file of its own into a folder, as ``csv`` or ``parquet``; the files' names.

    Raises:
        InputError: another kind, or parquet without pyarrow. OSError: it cannot be saved.
    """
    if kind not in ("csv", "parquet"):
        raise bad_argument("kind", f"no kind of table is named {kind!r}", "csv or parquet")
    if kind == "parquet" and importlib.util.find_spec("pyarrow") is None:
        cure = "install it: pip install 'pricing-strategy-optimizer[parquet]', or write csv"
        raise bad_argument("kind", "parquet needs the package pyarrow", cure)
    files: dict[str, bytes | str] = {}
    for made in solution_tables(solution, **results):
        files[f"{made.name}.{kind}"] = _csv(made) if kind == "csv" else _parquet(made)
    write_folder_atomic(folder, files)
    return list(files)


def _csv(made: Table) -> str:
    def told(value: Any) -> Any:
        return plain_text(value) if isinstance(value, str) else clean(value)

    return csv_table([dict(zip(made.fields, map(told, row), strict=True)) for row in made.rows])


def _parquet(made: Table) -> bytes:
    out = io.BytesIO()
    made.to_frame().to_parquet(out, engine="pyarrow", index=False)
    return out.getvalue()


def _summary(s: Solution, more: Iterable[tuple[str, Any, str]]) -> Table:
    o = s.objective
    rows: list[tuple[str, Any, str]] = [
        ("case", s.case, ""),
        ("title", s.title, ""),
        ("question", s.question, ""),
        ("decision", decision(s), ""),
        ("verdict", s.verdict_text, ""),
        ("verdict in one word", s.verdict, ""),
        ("status", s.status, ""),
        (f"objective: {o.sense} {o.name}", o.value, o.unit),
        ("proven bound of the objective", o.bound, o.unit),
        ("relative gap", o.gap, ""),
        ("menus the case allows", s.menus, "menus"),
        ("largest relative difference of program and evaluator", s.audit.largest_difference, ""),
        ("enterprise share of the go-to-market budget", s.enterprise_share, "fraction"),
        ("enterprise share today", s.today_enterprise_share, "fraction"),
        *([] if s.budget is None else [("go-to-market budget", s.budget, "usd/month")]),
        ("rate of leaving a plan", s.leave_rates[0], "1/month"),
        ("rate of leaving the company", s.leave_rates[1], "1/month"),
    ]
    rows += [(f"earlier stage: {x.sense} {x.name}", x.value, x.unit) for x in s.stages[:-1]]
    rows += more
    rows.append(("input hash", s.input_hash, ""))
    rows += [(f"version of {name}", version, "") for name, version in s.versions.items()]
    return table("Summary", {"item": "", "value": BY_ROW, "unit": ""}, rows)


def _menu(s: Solution) -> Table:
    multiples = draw_multiples(s.evaluation)
    columns = {
        "plan": "",
        "title": "",
        "offered": "",
        "price": USD,
        "offered_today": "",
        "price_today": USD,
        "allowances": "",
        "allowances_today": "",
        "unit_prices": "",
        "unit_prices_today": "",
        "further_terms": "",
        "further_terms_today": "",
        "largest_draw": "times the fee",
        "outside_the_evidence": "",
    }
    rows = []
    for p in s.menu:
        units = ["; ".join(f"{a}: {v:g} {p.unit_price_units[a]}" for a, v in prices.items())
                 for prices in (p.unit_prices, p.today_unit_prices)]  # fmt: skip
        caps = text(p.allowances), text(p.today_allowances)
        terms = (p.plan, p.title, p.offered, p.price, p.today_offered, p.today_price)
        further = [further_words(told, p.further_units) for told in (p.further_terms, p.today_further_terms)]
        rows.append((*terms, *caps, *units, *further, multiples.get(p.plan), "; ".join(p.notes)))
    return table("Menu", columns, rows)


def _figures(s: Solution) -> Table:
    columns = {"figure": "", "unit": "", "value": BY_ROW, "today": BY_ROW, "unchanged": BY_ROW, "change": "fraction"}
    rows = [(f.name, f.unit, f.value, f.today, f.unchanged, f.change) for f in s.figures]
    return table("Figures", columns, rows)


def _parts(s: Solution, kind: str) -> Table:
    columns = {kind: ""}
    for figure in PART_FIGURES:
        columns[figure] = columns[f"{figure}_today"] = unit_of(figure)
    rows = []
    for name, selection in parts(s.evaluation, kind):
        pairs = ((s.evaluation.figure(f, selection), s.today.figure(f, selection)) for f in PART_FIGURES)
        rows.append((name, *(value for pair in pairs for value in pair)))
    return table(f"By {kind}", columns, rows)


def _usage(s: Solution) -> Table:
    columns = {"plan": "", "usage_class": "", **_USAGE_UNITS}
    return table_of("Usage classes", columns, usage_rows(s.evaluation))


def _conditions(s: Solution) -> Table:
    columns = {"condition": "", "figure": "", "part": "", "sense": "", "unit": "", "bound": BY_ROW, "value": BY_ROW,
               "slack": BY_ROW, "met": "", "binding": ""}  # fmt: skip
    rows = [
        (c.name, c.figure, c.part, c.sense, unit_of(c.figure), c.bound, c.value, c.slack, c.met, c.binding)
        for c in s.audit.conditions
    ]
    return table("Conditions", columns, rows)


def _compute(s: Solution) -> Table:
    columns = {"pool": "", "hours": "", "gpus_busy": "GPU", "gpus_reserved": "GPU", "gpus_burst": "GPU"}
    return table_of("Compute", columns, compute_rows(s.evaluation))


def _checks(s: Solution) -> Table:
    """What marks or blocks the answer, passes included."""
    columns = {"check": "", "plan": "", "value": BY_ROW, "unit": "", "verdict": "", "words": ""}
    return table_of("Checks", columns, [c.document() for c in s.checks])


def _evidence(s: Solution) -> Table:
    """Where the answer leaves the evidence, and the warnings."""
    columns = {"kind": "", "where": "", "note": "", "cure": ""}
    rows = [("outside the evidence", "", note, "") for note in s.outside_evidence]
    rows += [(f.severity, f.field, f.message, f.cure) for f in s.findings]
    return table("Evidence notes", columns, rows)


def _changes(s: Solution) -> Table:
    """What the case and the caller change about the market."""
    columns = {"asked_by": "", "path": "", "kind": "", "number": "", "unit": ""}
    return table_of("Changes", columns, s.changes)


def _numbers(data: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Paths of all numbers of a market's document."""
    if isinstance(data, dict) and isinstance(data.get("value"), int | float):
        yield path, data
    elif isinstance(data, dict | list):
        for key, item in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _numbers(item, f"{path}.{key}" if path else str(key))


def _sources(s: Solution) -> Table:
    """Every number of today's market and where it comes from."""
    market = json.loads(s.inputs)["market"]
    columns = {"path": "", "unit": "", "value": BY_ROW, "low": BY_ROW, "high": BY_ROW, "source": "", "source_text": "",
               "url": "", "grade": "", "assumption": ""}  # fmt: skip
    rows = []
    for path, number in _numbers(market):
        source = market.get("sources", {}).get(number.get("source"), {})
        told = (number.get("source"), source.get("text"), source.get("url"), source.get("grade"))
        values = (float(number[k]) if number.get(k) is not None else None for k in ("value", "low", "high"))
        rows.append((path, number.get("unit"), *values, *told, number.get("assumption")))
    return table("Sources", columns, rows)
