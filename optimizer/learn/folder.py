"""The folder of a learned market: a case and its market as ``optimizer copy`` makes them, with the numbers learned."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from optimizer.economics.figures import Selection, unit_of
from optimizer.errors import bad_argument
from optimizer.inputs.load import load_inputs
from optimizer.inputs.moved import quantity_at
from optimizer.io.copying import copy_case
from optimizer.io.numbers_csv import COLUMNS
from optimizer.io.saving import write_atomic
from optimizer.learn.results import LearnedMarket, LearnedNumber
from optimizer.market.credibility import measured, reported
from optimizer.model.case_model import CaseModel
from optimizer.schema.case import Case
from optimizer.uncertainty.draws_file import draws_text
from optimizer.units import convert

DRAWS = "draws.csv"
DIGITS = 10
"""Of numbers in files: so few that they can be read, so many that the market is the same."""
NOT_LEARNED = "Not identified by the data given; as assumed before."
GIVEN_BACK = "learned-market"
"""Source of what the learned market gives back."""
_SOURCES = {
    "usage": "Fitted to the usage log", "subscriptions": "Fitted to the subscriptions", "survey": "Fitted to a survey",
    "price test": "Fitted to a test of prices", "cap test": "Fitted to a test of limits",
    "switching": "Fitted to second choices", "rivals": "Fitted to a market study", "accounts": "Fitted to the accounts",
    "choices": "Fitted to a choice survey", "prices": "From a price list",
    "ledger": "From the company's own books",
}  # fmt: skip


@dataclass(frozen=True)
class Rewritten:
    """What becomes of a number's row; in the unit that the file states."""

    value: float
    low: float | None
    high: float | None
    source: str | None
    """None: the assumption stays."""
    assumption: str | None = None


def source_of(table: str) -> str:
    """Key of the market's sources for what a table taught."""
    return f"learned-{table.replace(' ', '-')}"


def check_out(case: str | os.PathLike[str] | Case, out: Path) -> str | os.PathLike[str]:
    """The case, which has a file. Raises InputError where it has none, or the folder is there already."""
    if isinstance(case, Case):
        raise bad_argument("case", "a folder is written for a case with a file", "save the case, and give its path")
    if os.path.lexists(out):
        raise bad_argument("--out", f"{out} exists already", "name another folder, or remove it first")
    return case


def write_learned(learned: LearnedMarket, m: CaseModel, case: str | os.PathLike[str] | Case, out: Path) -> Path:
    """Write the folder, visible only once whole; the path of its case. ``m``: the case as it was believed.

    Raises InputError like :func:`check_out`.
    """
    case = check_out(case, out)
    out.parent.mkdir(parents=True, exist_ok=True)
    hidden = Path(mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        made = copy_case(case, hidden / "made")
        market = hidden / "made" / "models" / Path(learned.market).name
        _rewrite(learned, m, market)
        load_inputs(made)  # what cannot be read again is not shown
        if learned.draws is not None:
            write_atomic(hidden / "made" / DRAWS, draws_text(learned.draws, DRAWS))
        os.rename(hidden / "made", out)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return out / "cases" / made.name


def _rewrite(learned: LearnedMarket, m: CaseModel, folder: Path) -> None:
    """Numbers, sources and checks in the files of a market."""
    rows = _rows(learned, m)
    sources = {row.source for row in rows.values() if row.source}
    for path in sorted(folder.glob("*.csv")):
        text, done = _csv_with(path.read_text(encoding="utf-8-sig"), rows)
        rows = {key: row for key, row in rows.items() if key not in done}
        write_atomic(path, text)
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        _yaml_with(path, rows, sources, _failing(learned))


def _rows(learned: LearnedMarket, m: CaseModel) -> dict[str, Rewritten]:
    """Path -> what becomes of it."""
    found = {n.path: _in_file(n, m) for n in learned.numbers}
    for path, value in learned.known.items():
        found[path] = _stated(path, value, m, source_of(_told_by(path)))
    for k, (row, stated) in enumerate(
        zip(reported(learned.case_model.today), m.inputs.market.today.observed, strict=True)
    ):
        if row.passed and stated.value.source:
            continue
        path = f"today.observed.{k}.value"
        selection = Selection(stated.plan, None, (stated.channel,) if stated.channel else None)
        value = learned.case_model.today.figure(stated.figure, selection)
        found[path] = _stated(path, convert(value, unit_of(stated.figure), stated.value.unit), m, GIVEN_BACK)
    return found


def _told_by(path: str) -> str:
    """The table that a number is known from."""
    if path.startswith("today."):
        return "subscriptions"
    return "prices" if "_prices." in path else "ledger"


def _in_file(n: LearnedNumber, m: CaseModel) -> Rewritten:
    stated = _statement(m, n.path)
    value, low, high = (convert(x, n.unit, stated["unit"]) for x in (n.value, n.low, n.high))
    if n.identified:
        return Rewritten(value, low, high, source_of(n.table))
    before = [convert(x, n.unit, stated["unit"]) for x in n.before[1:]]
    said = str(stated.get("assumption") or stated.get("source") or "")
    words = said if n.value == n.before[0] or said.startswith(NOT_LEARNED) else f"{NOT_LEARNED} {said}".strip()
    return Rewritten(value, min(before[0], value), max(before[1], value), None, words)


def _stated(path: str, value: float, m: CaseModel, source: str) -> Rewritten:
    """A number that is known as it is; ``value`` in the schema's unit."""
    unit = quantity_at(m.inputs.market, path).unit
    return Rewritten(convert(value, unit, _statement(m, path)["unit"]), None, None, source)


def _statement(m: CaseModel, path: str) -> Mapping[str, Any]:
    """A number as the market's files state it."""
    stated: Any = m.inputs.market_document.data
    for key in path.split("."):
        stated = stated[int(key)] if isinstance(stated, list) else stated[key]
    return dict(stated)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.{DIGITS}g}"


def _csv_with(text: str, rows: Mapping[str, Rewritten]) -> tuple[str, set[str]]:
    """A table of numbers with some rewritten, and which; all columns are there then."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    out, done = io.StringIO(), set[str]()
    writer = csv.DictWriter(out, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in reader:
        new = rows.get(row["path"])
        if new is not None:
            done.add(row["path"])
        writer.writerow(row if new is None else row | _cells(new))
    return out.getvalue(), done


def _cells(new: Rewritten) -> dict[str, str]:
    """A number's cells but for its path and unit."""
    words = {"source": new.source or "", "assumption": "" if new.source else new.assumption or ""}
    return {"value": _number(new.value), "low": _number(new.low), "high": _number(new.high), **words}


def _failing(learned: LearnedMarket) -> set[int]:
    """Places of checks that the learned market does not pass."""
    evidence = learned.case_model.inputs.market.evidence
    kept = [k for k, e in enumerate(evidence) if e.plan in learned.case_model.inputs.market.today.plans]
    return {k for k, row in zip(kept, measured(learned.case_model.today), strict=True) if not row.passed}


def _yaml_with(path: Path, rows: Mapping[str, Rewritten], sources: set[str], failing: set[int]) -> None:
    """A YAML file of the market with its numbers, sources and checks; comments stay."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 4096, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    data = yaml.load(path.read_text(encoding="utf-8"))
    for key, new in rows.items():
        node = _node(data, key.split("."))
        if isinstance(node, dict):
            node["value"] = float(_number(new.value))
            for name, bound in (("low", new.low), ("high", new.high)):
                node.pop(name, None)
                if bound is not None:
                    node[name] = float(_number(bound))
            for name, words in (("source", new.source), ("assumption", new.assumption)):
                node.pop(name, None)
                if words:
                    node[name] = words
    if "sources" in data:
        for source in sorted(sources):
            data["sources"].setdefault(source, {"text": _words(source), "grade": "D"})
    for k in failing:
        if isinstance(data.get("evidence"), list):
            data["evidence"][k]["blocks"] = False
    out = io.StringIO()
    yaml.dump(data, out)
    write_atomic(path, out.getvalue())


def _words(source: str) -> str:
    if source == GIVEN_BACK:
        return "What the learned market gives back at today's menu; state what your accounts say."
    table = source.removeprefix("learned-").replace("-", " ")
    return f"{_SOURCES.get(table, 'Fitted to ' + table)}, all tables together."


def _node(data: Any, keys: list[str]) -> Any:
    """What stands at a path of a YAML file; None where there is nothing."""
    for key in keys:
        if isinstance(data, list):
            data = data[int(key)] if key.isdigit() and int(key) < len(data) else None
        else:
            data = data.get(key) if isinstance(data, dict) else None
    return data
