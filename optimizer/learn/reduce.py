"""From tables to statistics: read, clean, count. Customers' ids stay in the database, which goes away."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from optimizer.errors import Finding, InputError, bad_argument
from optimizer.io.text import refused
from optimizer.learn.cleaning import CleaningOptions, a_month, in_usd
from optimizer.learn.engine import Tell, database, silent, step
from optimizer.learn.maps import read_map
from optimizer.learn.queries import reduction
from optimizer.learn.rules import RULES
from optimizer.learn.sources import TableFile, table_files
from optimizer.learn.staging import RowCount, stage
from optimizer.learn.stats import TABLES_OF_STATS, Stats, Taste, read_rows, typed_rows
from optimizer.learn.surveys import OUTSIDE, ChoiceSurvey, TasteFit, choice_survey, fit_logit, fit_mixed
from optimizer.learn.tables import TABLES

LEAST = 5
"""Fewest customers of a cell that is shown."""
_TYPES = {"id": "VARCHAR", "name": "VARCHAR", "text": "VARCHAR", "interval": "VARCHAR", "flag": "BOOLEAN",
          "day": "DATE", "time": "DATE", "count": "BIGINT", "hour": "BIGINT"}  # fmt: skip


@dataclass(frozen=True)
class ReduceOptions:
    """How tables are reduced."""

    cleaning: CleaningOptions = field(default_factory=CleaningOptions)
    maps: Sequence[str] = ()
    """Shipped maps by name, others by file."""
    others: str = "free"
    """The plan of customers of the log who have no subscription."""
    sample: int = 10_000
    """Customers of each plan and segment whose log is read by the hour."""
    memory: float = 4.0
    """GB."""
    spill: Path | None = None
    """Where what does not fit is put meanwhile; the system's temporary folder by default."""
    results: Path | None = None
    """Folder of what a warehouse gave for the queries of the reduction: CSV files, which take the place of ours."""


@dataclass(frozen=True)
class Reduced:
    """Statistics, and what is to be told of the tables."""

    stats: Stats
    counts: tuple[RowCount, ...]
    findings: tuple[Finding, ...]


def reduce_tables(
    tables: Sequence[str | os.PathLike[str]], options: ReduceOptions | None = None, tell: Tell = silent
) -> Reduced:
    """The statistics of a company's tables.

    Raises:
        InputError: a file or its header cannot be read, or no row of a table can be used; all findings.
    """
    options = options or ReduceOptions()
    _check(options)
    if not tables and options.results is None:
        raise bad_argument("TABLES", "there are no tables", "name a folder of CSV or parquet files")
    maps = [read_map(name) for name in options.maps]
    with database(options.memory, options.spill) as (connection, scratch):
        with step(tell, "reading and checking"):
            sources = table_files([Path(t) for t in tables], maps, scratch, connection) if tables else []
            counts, findings = stage(connection, sources, options.cleaning, scratch)
        if any(f.severity == "error" for f in findings):
            raise InputError(findings)
        connection.execute("SET preserve_insertion_order = false")  # rows have told their lines
        findings += _inputs(connection, {c.table for c in counts}, options)
        made = _reduced(connection, options, tell) | _results(options.results)
        findings += _across(connection)
        made |= _counted(connection, options)
        tastes, fits = _surveyed(connection, sources, options, findings, tell)
        about = {**_about(connection, options), "files": [asdict(c) for c in counts], "surveys": fits}
    return Reduced(Stats(about, **made, tastes=tastes), tuple(counts), tuple(findings))


def _check(options: ReduceOptions) -> None:
    if not 0.25 <= options.memory <= 4096.0:
        raise bad_argument("--memory", f"{options.memory:g} GB is not between 0.25 and 4096", "give GB, e.g. 4")
    if options.sample < 100:
        raise bad_argument("--sample", f"{options.sample} is less than 100 customers", "give e.g. 10000")
    for name, rate in options.cleaning.rates.items():
        if not 0.0 < rate < float("inf"):
            raise bad_argument("--rate", f"the rate of {name} must be above 0", "write EUR=1.08")


def _inputs(connection: Any, given: set[str], options: ReduceOptions) -> list[Finding]:
    """Empty tables for those not given, and the two that the queries want in their own form."""
    for table in TABLES:
        if table not in given:
            columns = ", ".join(
                f'CAST(NULL AS {_TYPES.get(c.kind, "DOUBLE")}) AS "{n}"' for n, c in TABLES[table].columns.items()
            )
            connection.execute(f"CREATE VIEW {table} AS SELECT {columns} WHERE FALSE")
    price = a_month(in_usd("price", options.cleaning))
    connection.execute("ALTER VIEW subscriptions RENAME TO stated_subscriptions; ALTER VIEW caps RENAME TO stated_caps")
    connection.execute(
        f"CREATE TABLE subscriptions AS SELECT DISTINCT * REPLACE ({price} AS price, "
        "coalesce(quantity, 1) AS quantity, coalesce(trial, FALSE) AS trial) FROM stated_subscriptions"
    )
    connection.execute(
        "CREATE TABLE caps AS SELECT DISTINCT plan, ai_model, "
        "CASE \"window\" WHEN '3h' THEN '5h' ELSE \"window\" END AS cap_window, cap, fallback FROM stated_caps"
    )
    repeated = _one(
        connection, "SELECT (SELECT count(*) FROM stated_subscriptions) - (SELECT count(*) FROM subscriptions)"
    )
    return [_mended("repeated", repeated)] if repeated else []


def _one(connection: Any, query: str) -> Any:
    return connection.execute(query).fetchone()[0]


def _mended(kind: str, count: int) -> Finding:
    rule = RULES[kind]
    return Finding(
        f"row-{kind}", "warning", "subscriptions", None, "", f"{count:,} rows mended: {rule.message}", rule.cure
    )


def _reduced(connection: Any, options: ReduceOptions, tell: Tell) -> dict[str, tuple[Any, ...]]:
    """The results of the reduction's queries."""
    windows = {w for (w,) in connection.execute('SELECT DISTINCT "window" FROM stated_caps').fetchall()}
    hours = 3 if "3h" in windows and "5h" not in windows else 5
    made = {}
    for query in reduction(options.sample, options.others.strip().lower(), LEAST, hours):
        if query.is_result:
            cursor = connection.execute(query.text)
            names = [column[0] for column in cursor.description]
            made[query.name] = typed_rows(TABLES_OF_STATS[query.name], names, cursor.fetchall())
        elif query.name in ("learn_scan", "learn_totals", "learn_detail", "learn_cells"):
            with step(tell, query.note.split(":")[0].rstrip(".")):
                connection.execute(f"CREATE TABLE {query.name} AS {query.text}")
        else:
            connection.execute(f"CREATE TABLE {query.name} AS {query.text}")
    return made


def _results(folder: Path | None) -> dict[str, tuple[Any, ...]]:
    """The results of a warehouse, by name. Raises InputError."""
    if folder is None:
        return {}
    names = [q.name for q in reduction(0, "", LEAST, 5) if q.is_result and (folder / f"{q.name}.csv").is_file()]
    if not names:
        message, cure = "there are no results of the reduction", "save each as a CSV file named as the script says"
        raise refused("results-missing", str(folder), None, message, cure)
    files = {name: folder / f"{name}.csv" for name in names}
    return {n: read_rows(TABLES_OF_STATS[n], p.read_text(encoding="utf-8-sig"), str(p)) for n, p in files.items()}


def _across(connection: Any) -> list[Finding]:
    """What only shows when rows are seen together: overlaps, renewals, customers without a plan, plans renamed."""
    overlaps = (
        "SELECT count(*) FROM (SELECT ended, lead(started) OVER (PARTITION BY customer ORDER BY started, "
        "ended NULLS LAST) AS following FROM subscriptions) WHERE following < coalesce(ended, DATE '9999-12-31')"
    )
    counted = {
        "overlap": _one(connection, overlaps),
        "joined": _one(connection, "SELECT sum(parts - 1) FROM learn_spells"),
    }
    findings = [_mended(kind, count) for kind, count in counted.items() if count]
    unknown = _one(connection, "SELECT count(*) FROM learn_unsubscribed")
    if unknown and _one(connection, "SELECT count(*) FROM subscriptions"):
        message = f"{unknown:,} customers used the service on days without a subscription: taken for --others"
        findings.append(Finding("usage-unsubscribed", "warning", "usage", None, "", message, "say which plan they had"))
    renamed = connection.execute(
        "SELECT plan_before, plan, count(*) AS moved FROM learn_neighbours WHERE ended_before = started "
        "AND plan <> plan_before GROUP BY ALL HAVING count(*) >= 5 AND count(*) >= 0.8 * (SELECT count(*) FROM "
        "learn_spells AS s WHERE s.plan = plan_before) AND count(DISTINCT started) = 1 ORDER BY ALL"
    ).fetchall()
    for old, new, moved in renamed:
        message = f"{moved:,} customers went from {old!r} to {new!r} on one day, nearly all it had: it looks renamed"
        findings.append(
            Finding("plan-renamed", "warning", "subscriptions", None, "plan", message, f"give --plan {old}={new}")
        )
    return findings


def _counted(connection: Any, options: ReduceOptions) -> dict[str, tuple[Any, ...]]:
    """The tables that are counts already; numbers of fewer than ``LEAST`` people are held back."""
    shown = f"CASE WHEN {{0}} BETWEEN 1 AND {LEAST - 1} THEN NULL ELSE {{0}} END"
    usd = {c: in_usd(c, options.cleaning, "coalesce(currency, 'USD')") for c in ("input", "cached", "output")}
    queries = {
        "experiments": "SELECT arm, segment, exposed, eligible, changes, plan, months, "
        f"{shown.format('chosen')} AS chosen",
        "rivals": f'SELECT alternative, segment, {shown.format("count")} AS "count", share, n',
        "switching": f'SELECT plan, "to", segment, {shown.format("count")} AS "count", share, n',
        "survey": f'SELECT question, answer, segment, {shown.format("count")} AS "count", share, n',
        "prices": f"SELECT ai_model, seller, {', '.join(f'{sql} AS {c}' for c, sql in usd.items())}",
        "ledger": "SELECT DISTINCT number, value, unit",
        "caps": "SELECT plan, ai_model, \"window\" AS cap_window, cap, fallback",
    }  # fmt: skip
    made = {}
    for name, query in queries.items():
        cursor = connection.execute(f"{query} FROM {'stated_caps' if name == 'caps' else name}")
        names = [column[0] for column in cursor.description]
        made[name] = typed_rows(TABLES_OF_STATS[name], names, cursor.fetchall())
    return made


def _surveyed(
    connection: Any, sources: Sequence[TableFile], options: ReduceOptions, findings: list[Finding], tell: Tell
) -> tuple[tuple[Taste, ...], list[dict[str, Any]]]:
    """Tastes of the choice survey: answers of single persons do not leave, what is estimated from all of them does."""
    attributes = tuple(dict.fromkeys(a for s in sources if s.table == "choices" for a in s.attributes))
    if not attributes and not _one(connection, "SELECT count(*) FROM choices"):
        return (), []
    price = in_usd("price", options.cleaning)
    wanted = ["segment", "person", "task", "chosen", f"{price} AS price", "coalesce(outside, FALSE) AS outside"]
    named = [f'"{a}"' for a in attributes]
    over = "OVER (PARTITION BY segment, person, task)"
    good = f"count(*) FILTER (chosen) {over} = 1 AND count(*) {over} > 1"
    rows = connection.execute(f"SELECT {', '.join(wanted + named)} FROM choices QUALIFY {good} ORDER BY ALL").fetchall()
    left_out = _one(connection, "SELECT count(*) FROM choices") - len(rows)
    if left_out:
        message = f"{left_out:,} rows left out: {RULES['task'].message}"
        findings.append(Finding("row-task", "warning", "choices", None, "chosen", message, RULES["task"].cure))
    tastes, documents = list[Taste](), list[dict[str, Any]]()
    for segment in dict.fromkeys(row[0] for row in rows):
        columns = list(zip(*(row[1:] for row in rows if row[0] == segment), strict=True))
        persons = len(set(columns[0]))
        if persons < 20:
            message = f"{persons} persons of {segment!r} answered: tastes are not estimated from fewer than 20"
            findings.append(Finding("survey-small", "warning", "choices", None, "", message, "ask more people"))
            continue
        parts: Mapping[str, Any] = dict(zip(attributes, columns[5:], strict=True))
        survey = choice_survey(columns[0], columns[1], columns[2], np.array(columns[3], float), dict(parts), columns[4])
        with step(tell, f"tastes of the choice survey, {segment}"):
            fits = [fit_logit(survey), fit_mixed(survey)]
        tastes += [replace(taste, segment=segment) for fit in fits for taste in fit.tastes]
        documents += [_survey_document(survey, segment, fit) for fit in fits]
    return tuple(tastes), documents


def _survey_document(survey: ChoiceSurvey, segment: str, fit: TasteFit) -> dict[str, Any]:
    """What is told of a survey and a form fitted to it."""
    return {
        "form": fit.form, "log_likelihood": fit.log_likelihood, "converged": fit.converged, "persons": survey.persons,
        "tasks": len(survey.chosen), "no_preference": survey.no_preference, "outside_option": OUTSIDE in survey.names,
        "segment": segment,
    }  # fmt: skip


def _about(connection: Any, options: ReduceOptions) -> dict[str, Any]:
    watched = connection.execute("SELECT watched_from, as_of FROM learn_as_of").fetchone()
    cleaning = options.cleaning
    return {
        "watched_from": str(watched[0]) if watched and watched[0] else None,
        "as_of": str(watched[1]) if watched and watched[1] else None,
        "log": bool(_one(connection, "SELECT last_day IS NOT NULL FROM learn_period")),
        "zone": cleaning.zone, "assume_zone": cleaning.assume_zone, "currency": cleaning.currency,
        "rates": dict(cleaning.rates), "renamed": dict(cleaning.renamed), "others": options.others,
        "sample": options.sample, "least": LEAST,
    }  # fmt: skip
