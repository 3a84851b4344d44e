"""A solution and its studies as plain tables, for spreadsheets and for other people's programs."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optimizer.answer.menu import text
from optimizer.answer.parts import compute_rows, draw_multiples, parts, usage_rows
from optimizer.answer.solution import Solution
from optimizer.economics.figures import PART_FIGURES, USD, unit_of
from optimizer.errors import bad_argument
from optimizer.io.plain import clean, csv_table
from optimizer.io.saving import write_folder_atomic
from optimizer.io.workbook_cells import plain_text
from optimizer.report.text import decision
from optimizer.studies.compare import Comparison
from optimizer.studies.explain import Explanation
from optimizer.studies.frontier import Frontier
from optimizer.studies.sensitivity import Tornado

if TYPE_CHECKING:
    import pandas as pd

BY_ROW = "by row"
"""Unit of a column whose unit stands in the row, in the column ``unit``."""
_USAGE_UNITS = {
    "customers": "customers",
    "requests_per_customer": "requests/month",
    "gross_margin_per_customer": USD,
    "under_water_share": "fraction",
    "api_value_multiple": "times the bill",
}
_SEGMENT_UNITS = {
    "surplus_change_usd_per_person": USD,
    "losing_share": "fraction",
    "customers_today": "customers",
    "customers": "customers",
    "contribution_today": USD,
    "contribution": USD,
}


@dataclass(frozen=True)
class Column:
    """A column and the unit of what is in it."""

    name: str
    unit: str = ""

    @property
    def field(self) -> str:
        """The name in CSV and parquet files: with the unit, where that is not a plain count or fraction."""
        name = re.sub(r"\W+", "_", self.name)
        if self.unit in ("", BY_ROW, "fraction", "customers", "1"):
            return name
        what, per, time = self.unit.partition("/")
        head = re.sub(r"\W+", "_", what).lower()
        head = "" if head == "1" or head in name else f"_{head}"
        return f"{name}{head}_per_{re.sub(r'[^A-Za-z]+', '_', time)}" if per else f"{name}{head}"


@dataclass(frozen=True)
class Table:
    """Rows under columns."""

    title: str
    """Name of the sheet; lower case with underscores it is the name of the file."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def name(self) -> str:
        return self.title.lower().replace(" ", "_").replace("-", "_")

    @property
    def fields(self) -> list[str]:
        """The columns' names in CSV and parquet files, each once."""
        found: list[str] = []
        for column in self.columns:
            same = sum(re.fullmatch(rf"{re.escape(column.field)}(_\d+)?", name) is not None for name in found)
            found.append(f"{column.field}_{same + 1}" if same else column.field)
        return found

    def to_frame(self) -> pd.DataFrame:
        """As a frame; a column of texts and numbers becomes text."""
        import pandas as pd

        frame = pd.DataFrame(list(self.rows), columns=self.fields, dtype=object)
        for name in frame.columns:
            values = [plain_text(v) if isinstance(v, str) else v for v in frame[name]]
            kinds = {type(v) for v in values if v is not None}
            if len(kinds) > 1 and str in kinds:
                values = [None if v is None else str(v) for v in values]
            frame[name] = pd.Series(values, dtype="float64" if kinds <= {int, float} and float in kinds else None)
        return frame


def solution_tables(
    solution: Solution,
    *,
    frontier: Frontier | None = None,
    comparison: Comparison | None = None,
    tornado: Tornado | None = None,
    explanation: Explanation | None = None,
) -> list[Table]:
    """All tables that have rows, in the order a reader wants them."""
    found = [_summary(solution, frontier, comparison), _menu(solution), _figures(solution)]
    found += [_parts(solution, kind) for kind in ("plan", "segment", "channel")]
    found += [_usage(solution), _conditions(solution), _compute(solution)]
    if frontier is not None:
        found.append(_frontier(frontier))
    if comparison is not None:
        found.append(_scenarios(comparison))
    if tornado is not None:
        found.append(_tornado(tornado))
    if explanation is not None:
        found += _explained(explanation)
    found += [_evidence(solution), _changes(solution), _sources(solution)]
    return [table for table in found if table.rows]


def write_tables(
    folder: str | os.PathLike[str],
    solution: Solution,
    *,
    frontier: Frontier | None = None,
    comparison: Comparison | None = None,
    tornado: Tornado | None = None,
    explanation: Explanation | None = None,
    kind: str = "csv",
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
    tables = solution_tables(
        solution, frontier=frontier, comparison=comparison, tornado=tornado, explanation=explanation
    )
    files: dict[str, bytes | str] = {}
    for table in tables:
        files[f"{table.name}.{kind}"] = _csv(table) if kind == "csv" else _parquet(table)
    write_folder_atomic(folder, files)
    return list(files)


def _csv(table: Table) -> str:
    def told(value: Any) -> Any:
        return plain_text(value) if isinstance(value, str) else clean(value)

    return csv_table([dict(zip(table.fields, map(told, row), strict=True)) for row in table.rows])


def _parquet(table: Table) -> bytes:
    out = io.BytesIO()
    table.to_frame().to_parquet(out, engine="pyarrow", index=False)
    return out.getvalue()


def _table(title: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table from column name -> unit, and rows."""
    return Table(title, tuple(Column(n, u) for n, u in columns.items()), tuple(tuple(row) for row in rows))


def _summary(s: Solution, frontier: Frontier | None, comparison: Comparison | None) -> Table:
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
        ("rate of leaving a plan", s.leave_rates[0], "1/month"),
        ("rate of leaving the company", s.leave_rates[1], "1/month"),
    ]
    rows += [(f"earlier stage: {x.sense} {x.name}", x.value, x.unit) for x in s.stages[:-1]]
    if frontier is not None:
        rows.append(("the true frontier lies above the drawn one by at most", frontier.room, frontier.y.unit))
    if comparison is not None:
        rows.append(("menu with the least largest regret", comparison.least_regret, ""))
        rows.append(("menu with the best expected value", comparison.best_expected, ""))
        rows += [("scenario in which no menu meets the conditions", name, "") for name in comparison.infeasible]
    rows.append(("input hash", s.input_hash, ""))
    rows += [(f"version of {name}", version, "") for name, version in s.versions.items()]
    return _table("Summary", {"item": "", "value": BY_ROW, "unit": ""}, rows)


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
        "largest_draw": "times the fee",
        "outside_the_evidence": "",
    }
    rows = []
    for p in s.menu:
        units = ["; ".join(f"{a}: {v:g} {p.unit_price_units[a]}" for a, v in prices.items())
                 for prices in (p.unit_prices, p.today_unit_prices)]  # fmt: skip
        caps = text(p.allowances), text(p.today_allowances)
        terms = (p.plan, p.title, p.offered, p.price, p.today_offered, p.today_price)
        rows.append((*terms, *caps, *units, multiples.get(p.plan), "; ".join(p.notes)))
    return _table("Menu", columns, rows)


def _figures(s: Solution) -> Table:
    columns = {"figure": "", "unit": "", "value": BY_ROW, "today": BY_ROW, "unchanged": BY_ROW, "change": "fraction"}
    rows = [(f.name, f.unit, f.value, f.today, f.unchanged, f.change) for f in s.figures]
    return _table("Figures", columns, rows)


def _parts(s: Solution, kind: str) -> Table:
    columns = {kind: ""}
    for figure in PART_FIGURES:
        columns[figure] = columns[f"{figure}_today"] = unit_of(figure)
    rows = []
    for name, selection in parts(s.evaluation, kind):
        pairs = ((s.evaluation.figure(f, selection), s.today.figure(f, selection)) for f in PART_FIGURES)
        rows.append((name, *(value for pair in pairs for value in pair)))
    return _table(f"By {kind}", columns, rows)


def _usage(s: Solution) -> Table:
    columns = {"plan": "", "usage_class": "", **_USAGE_UNITS}
    return _table("Usage classes", columns, ([row[c] for c in columns] for row in usage_rows(s.evaluation)))


def _conditions(s: Solution) -> Table:
    columns = {"condition": "", "figure": "", "part": "", "sense": "", "unit": "", "bound": BY_ROW, "value": BY_ROW,
               "slack": BY_ROW, "met": "", "binding": ""}  # fmt: skip
    rows = [
        (c.name, c.figure, c.part, c.sense, unit_of(c.figure), c.bound, c.value, c.slack, c.met, c.binding)
        for c in s.audit.conditions
    ]
    return _table("Conditions", columns, rows)


def _compute(s: Solution) -> Table:
    columns = {"pool": "", "hours": "", "gpus_busy": "GPU", "gpus_reserved": "GPU", "gpus_burst": "GPU"}
    return _table("Compute", columns, ([row[c] for c in columns] for row in compute_rows(s.evaluation)))


def _frontier(f: Frontier) -> Table:
    x, y = f.x, f.y
    others = [n for n in (f.points[0].figures if f.points else {}) if n not in (x.name, y.name)]
    plans = list(f.points[0].menu) if f.points else []
    columns = {"point": "", x.name: x.unit, y.name: y.unit, "bound": y.unit, "gap": "fraction", "verdict": "",
               "status": "", "enterprise_share": "fraction", **{f"price_{p}": USD for p in plans},
               **{n: unit_of(n) for n in others}}  # fmt: skip
    rows: list[tuple[Any, ...]] = [
        (
            *(str(k), p.x, p.y, p.bound, p.gap, p.verdict, p.status, p.enterprise_share),
            *(None if t is None else t.price for t in p.menu.values()),
            *(p.figures[n] for n in others),
        )
        for k, p in enumerate(f.points, start=1)
    ]
    rows.append(("today", x.today, y.today, *[None] * (len(columns) - 3)))
    return _table("Frontier", columns, rows)


def _scenarios(c: Comparison) -> Table:
    plans = list(next(iter(c.terms.values()), {}))
    columns = {"menu": "", "chosen_for": "", "expected": c.unit, "largest_regret": c.unit}
    columns |= {f"value in {s}": c.unit for s in c.scenarios} | {f"regret in {s}": c.unit for s in c.scenarios}
    columns |= {f"conditions missed in {s}": "" for s in c.scenarios} | {f"price_{p}": USD for p in plans}
    columns["enterprise_share"] = "fraction"
    rows = []
    for m in c.menus:
        cells = [c.cells[m, s] for s in c.scenarios]
        marks = {"least regret": c.least_regret, "best expected value": c.best_expected}
        chosen = ", ".join(word for word, menu in marks.items() if menu == m)
        prices = (None if t is None else t.price for t in c.terms[m].values())
        values = (*(x.value for x in cells), *(x.regret for x in cells), *("; ".join(x.missed) for x in cells))
        rows.append((m, chosen, c.expected(m), c.maximum_regret(m), *values, *prices, c.shares[m]))
    return _table("Scenarios", columns, rows)


def _tornado(t: Tornado) -> Table:
    columns = {"path": "", "unit": "", "value": BY_ROW, "low": BY_ROW, "high": BY_ROW, "assumed": "",
               "menu kept, at low": t.unit, "menu kept, at high": t.unit, "menu optimised anew, at low": t.unit,
               "menu optimised anew, at high": t.unit, "swing": t.unit, "source_or_reason": ""}  # fmt: skip
    rows = [
        (
            *(d.path, d.unit, d.value, d.low, d.high, d.assumed),
            *(d.kept_low, d.kept_high, d.best_low, d.best_high, d.swing(t.base), d.why),
        )
        for d in t.drivers
    ]
    return _table("Tornado", columns, rows)


def _explained(e: Explanation) -> list[Table]:
    """Price responses, costs of conditions, runners-up, segments."""
    unit = e.solution.objective.unit
    responses = {"plan": "", "factor": "", "price": USD, "customers": "customers", "revenue": USD,
                 "plan_contribution": USD, "contribution_margin": USD}  # fmt: skip
    costs = {"condition": "", "sense": "", "move": "fraction", "bound": "", "objective": unit, "change": unit}
    runners = {"rank": "", "value": unit, "behind": "fraction", "differs_in": ""}
    behind = ((k, r["value"], r["behind"], _differs(r["differs"])) for k, r in enumerate(e.runners_up, start=2))
    return [
        _table("Price responses", responses, ([row[c] for c in responses] for row in e.price_responses)),
        _table("Condition costs", costs, ([row[c] for c in costs] for row in e.condition_costs)),
        _table("Runners-up", runners, behind),
        _table(
            "Segments",
            {"segment": "", **_SEGMENT_UNITS},
            ([row[c] for c in ("segment", *_SEGMENT_UNITS)] for row in e.segments),
        ),
    ]


def _differs(differences: Mapping[str, Any]) -> str:
    """What another menu does otherwise, in one line."""
    told = []
    for plan, terms in differences.items():
        if not isinstance(terms, dict):
            told.append(f"{plan} {terms:g}")
        elif terms["price"] is None:
            told.append(f"{plan} not offered")
        else:
            caps = text(terms["allowances"])
            told.append(f"{plan} {terms['price']:g}" + (f" ({caps})" if caps else ""))
    return "; ".join(told)


def _evidence(s: Solution) -> Table:
    """Where the answer leaves the evidence, and the warnings."""
    columns = {"kind": "", "where": "", "note": "", "cure": ""}
    rows = [("outside the evidence", "", note, "") for note in s.outside_evidence]
    rows += [(f.severity, f.field, f.message, f.cure) for f in s.findings]
    return _table("Evidence notes", columns, rows)


def _changes(s: Solution) -> Table:
    """What the case and the caller change about the market."""
    columns = {"asked_by": "", "path": "", "kind": "", "number": "", "unit": ""}
    return _table("Changes", columns, ([row[c] for c in columns] for row in s.changes))


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
    return _table("Sources", columns, rows)
