"""The folder of statistics that ``learn reduce`` makes: its tables, typed, and how they are written and read.

Every table is a CSV file named by its key in ``TABLES_OF_STATS``, with the fields of its row class as columns; an empty
cell is None: not known, or held back because it counts fewer than ``least`` customers. ``stats.json`` says where the
numbers come from. No table holds a row for a customer.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from optimizer.io.folders import read_folder
from optimizer.io.plain import dumps
from optimizer.io.text import refused

SCHEMA_VERSION = 1
ABOUT = "stats.json"
Row = TypeVar("Row")


@dataclass(frozen=True)
class WindowCell:
    """Pairs of an early and a late window of the same customer by their bins [low, high); no bins = few customers."""

    segment: str
    plan: str
    time_window: str
    """5h (spells of use), day, week or month."""
    ai_model: str
    """Empty for the requests to all of them; others where they are capped in that very window."""
    low: int | None
    high: int | None
    """None where a cap was reached: the wish was ``low`` or more."""
    other_low: int | None
    other_high: int | None
    pairs: int
    customers: int | None


@dataclass(frozen=True)
class Activity:
    """Days and spells of use of the sampled customers who were seen."""

    segment: str
    plan: str
    customers: int
    days: int
    """Days watched, of all of them together."""
    used_days: int
    spells: int | None
    spelled_days: int | None
    """Days of use whose hours are known."""


@dataclass(frozen=True)
class Units:
    """Customers of a plan in the log's days."""

    segment: str
    plan: str
    customers: int
    days: int
    sampled: int


@dataclass(frozen=True)
class TokenTotals:
    """Requests and tokens of all customers."""

    segment: str
    plan: str
    ai_model: str
    customers: int
    requests: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class ConcentrationBin:
    """Customers whose requests a month of 730 hours are from 2^(bin/2) up to 2^((bin+1)/2)."""

    segment: str
    plan: str
    bin: int
    customers: int
    requests: float


@dataclass(frozen=True)
class HourCount:
    """Requests by hour of the day, of the sampled customers."""

    segment: str
    plan: str
    hour: int
    customers: int
    requests: int


@dataclass(frozen=True)
class PlanCount:
    """Subscriptions on the last day."""

    segment: str
    plan: str
    billing: str
    customers: int
    seats: int
    revenue: float
    """usd/month at the prices of the subscriptions, annual ones by the month."""
    trials: int | None


@dataclass(frozen=True)
class Flow:
    """Customers who started or ended a plan while watched, and where they came from or went."""

    segment: str
    plan: str
    kind: str
    """started or ended."""
    other: str
    """Another plan, none, or (few)."""
    customers: int


@dataclass(frozen=True)
class Exposure:
    """Months that customers spent on a plan while watched."""

    segment: str
    plan: str
    customers: int
    months: float


@dataclass(frozen=True)
class RetentionCell:
    """Of those who had held a plan for ``age`` whole months while watched: how many left in the month after."""

    segment: str
    plan: str
    billing: str
    age: int
    customers: int
    ended: int | None


@dataclass(frozen=True)
class ArmCount:
    """What an arm of a test chose."""

    arm: str
    segment: str
    exposed: int
    eligible: str
    changes: str | None
    plan: str
    chosen: int | None
    months: float


@dataclass(frozen=True)
class RivalCount:
    """Customers of an alternative: a count, or a share of n."""

    alternative: str
    segment: str
    count: int | None
    share: float | None
    n: int | None


@dataclass(frozen=True)
class SwitchCount:
    """Where those went who left a plan or could not have it."""

    plan: str
    to: str
    segment: str
    count: int | None
    share: float | None
    n: int | None


@dataclass(frozen=True)
class AnswerCount:
    """An answer to a question."""

    question: str
    answer: str
    segment: str
    count: int | None
    share: float | None
    n: int | None


@dataclass(frozen=True)
class TokenPrice:
    """usd per token on an API."""

    ai_model: str
    seller: str | None
    input: float
    cached: float | None
    output: float


@dataclass(frozen=True)
class LedgerNumber:
    """A number of the market that is known from the books."""

    number: str
    value: float
    unit: str


@dataclass(frozen=True)
class PlanCap:
    """A cap of a plan, as it was while the log was written."""

    plan: str
    ai_model: str
    cap_window: str
    cap: float
    fallback: bool | None


@dataclass(frozen=True)
class Taste:
    """A number estimated from a choice survey."""

    form: str
    """logit, or mixed: a panel mixed logit with lognormal price."""
    name: str
    """An attribute, price_median (utility per usd), price_sigma, price (logit), outside; sd of X = spread of X."""
    estimate: float
    se: float
    segment: str = "all"
    """Of those asked; all where the survey does not say."""


TABLES_OF_STATS: Mapping[str, type[Any]] = {
    "windows": WindowCell,
    "activity": Activity,
    "units": Units,
    "totals": TokenTotals,
    "concentration": ConcentrationBin,
    "hours": HourCount,
    "plans": PlanCount,
    "flows": Flow,
    "exposure": Exposure,
    "retention": RetentionCell,
    "experiments": ArmCount,
    "rivals": RivalCount,
    "switching": SwitchCount,
    "survey": AnswerCount,
    "prices": TokenPrice,
    "ledger": LedgerNumber,
    "caps": PlanCap,
    "tastes": Taste,
}


@dataclass(frozen=True)
class Stats:
    """All statistics, typed."""

    about: Mapping[str, Any]
    """Days watched, options, files with rows read, left out and mended, fit of surveys."""
    windows: tuple[WindowCell, ...] = ()
    activity: tuple[Activity, ...] = ()
    units: tuple[Units, ...] = ()
    totals: tuple[TokenTotals, ...] = ()
    concentration: tuple[ConcentrationBin, ...] = ()
    hours: tuple[HourCount, ...] = ()
    plans: tuple[PlanCount, ...] = ()
    flows: tuple[Flow, ...] = ()
    exposure: tuple[Exposure, ...] = ()
    retention: tuple[RetentionCell, ...] = ()
    experiments: tuple[ArmCount, ...] = ()
    rivals: tuple[RivalCount, ...] = ()
    switching: tuple[SwitchCount, ...] = ()
    survey: tuple[AnswerCount, ...] = ()
    prices: tuple[TokenPrice, ...] = ()
    ledger: tuple[LedgerNumber, ...] = ()
    caps: tuple[PlanCap, ...] = ()
    tastes: tuple[Taste, ...] = field(default=())


def stats_files(stats: Stats) -> dict[str, bytes | str]:
    """The folder's files by name; tables without rows have none."""
    files: dict[str, bytes | str] = {ABOUT: dumps({"schema_version": SCHEMA_VERSION, **stats.about})}
    for name, kind in TABLES_OF_STATS.items():
        rows = getattr(stats, name)
        if rows:
            files[f"{name}.csv"] = _text(kind, rows)
    return files


def _text(kind: type[Any], rows: Iterable[Any]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, [f.name for f in fields(kind)], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {k: "" if v is None else repr(v) if isinstance(v, float) else v for k, v in asdict(row).items()}
        )
    return out.getvalue()


def read_stats(folder: str | os.PathLike[str]) -> Stats:
    """The statistics of a folder that ``learn reduce`` made. Raises InputError."""
    files = read_folder(folder)
    if ABOUT not in files:
        message = f"there is no {ABOUT}: it was not made by learn reduce"
        raise refused("stats-about", os.fspath(folder), None, message, "name the folder that learn reduce made")
    about = json.loads(files[ABOUT])
    version = about.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        message = f"its version is {version!r}, not {SCHEMA_VERSION}"
        raise refused("stats-version", os.fspath(Path(folder) / ABOUT), None, message, "reduce the tables again")
    tables = {
        name: read_rows(kind, files[f"{name}.csv"].decode("utf-8"), os.fspath(Path(folder) / f"{name}.csv"))
        for name, kind in TABLES_OF_STATS.items()
        if f"{name}.csv" in files
    }
    return Stats(about, **tables)


def read_rows(kind: type[Row], text: str, file: str) -> tuple[Row, ...]:
    """The rows of a table. Raises InputError, also for a table that a warehouse wrote with other columns."""
    hints = get_type_hints(kind)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]  # some warehouses write capitals
    missing = set(hints) - set(reader.fieldnames or ())
    if missing:
        message = f"columns are missing: {', '.join(sorted(missing))}"
        raise refused("stats-columns", file, 1, message, "reduce the tables again")
    try:
        return tuple(kind(**{name: _value(hint, row[name] or "") for name, hint in hints.items()}) for row in reader)
    except ValueError as error:
        raise refused("stats-value", file, reader.line_num, str(error), "reduce the tables again") from None


def _value(hint: Any, cell: str) -> Any:
    kinds = getattr(hint, "__args__", (hint,))
    if not cell and type(None) in kinds:
        return None
    kind = kinds[0]
    if kind is bool:
        return cell.lower() in ("true", "1")
    return int(float(cell)) if kind is int else kind(cell)


def typed_rows(kind: type[Row], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> tuple[Row, ...]:
    """Rows of a query as rows of a table, in a stable order."""
    hints = get_type_hints(kind)
    wanted = [names.index(f.name) for f in fields(kind)]  # type: ignore[arg-type]
    made = [
        kind(**{name: _native(hint, row[k]) for (name, hint), k in zip(hints.items(), wanted, strict=True)})
        for row in rows
    ]
    return tuple(sorted(made, key=lambda r: tuple((v is None, v if v is not None else 0) for v in vars(r).values())))


def _native(hint: Any, value: Any) -> Any:
    kind = getattr(hint, "__args__", (hint,))[0]
    return None if value is None else kind(value)
