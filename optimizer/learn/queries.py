"""The queries of the reduction: one source in DuckDB's dialect, printed for other warehouses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from optimizer.errors import bad_argument
from optimizer.learn.engine import missing
from optimizer.learn.sources import quoted

SOURCE = Path(__file__).with_name("reduction.sql")
DIALECTS = ("bigquery", "databricks", "duckdb", "postgres", "redshift", "snowflake", "spark", "trino")
AGES = 36
"""Months of age that retention is counted to."""


@dataclass(frozen=True)
class ReductionQuery:
    """A step of the reduction."""

    name: str
    note: str
    text: str

    @property
    def is_result(self) -> bool:
        """Whether it is saved; others are tables on the way."""
        return not self.name.startswith("learn_")


def reduction(sample: int, others: str, least: int, spell_hours: int) -> Iterator[ReductionQuery]:
    """The steps in order, with their parameters set."""
    values = {
        "sample": str(sample), "others": quoted(others), "least": str(least), "spell_hours": str(spell_hours),
        "ages": ", ".join(f"({k})" for k in range(AGES)),
    }  # fmt: skip
    for part in SOURCE.read_text(encoding="utf-8").split("-- name: ")[1:]:
        name, _, body = part.partition("\n")
        lines = body.split("\n")
        note = [line[3:] for line in lines if line.startswith("-- ")]
        text = "\n".join(line for line in lines if not line.startswith("--")).strip()
        yield ReductionQuery(name, " ".join(note), re.sub(r"\{(\w+)\}", lambda m: values[m.group(1)], text))


def script(dialect: str, sample: int, others: str, least: int, spell_hours: int = 5) -> str:
    """The reduction as a script for a warehouse. Raises InputError for a dialect that is not known."""
    if dialect not in DIALECTS:
        raise bad_argument("--dialect", f"no dialect is named {dialect!r}", f"one of {', '.join(DIALECTS)}")
    try:
        import sqlglot
    except ModuleNotFoundError as error:
        raise missing(error) from None
    ignore = sqlglot.ErrorLevel.IGNORE  # where empty cells sort does not matter here: none are sorted by
    head = SOURCE.read_text(encoding="utf-8").split("-- name: ")[0].split("-- Parameters")[0].strip()
    parts = [head, "-- Save the result of each query named 'result' as a CSV file of that name."]
    steps = list(reduction(sample, others, least, spell_hours))
    for query in steps:
        text = query.text if query.is_result else f"create table {query.name} as {query.text}"
        (printed,) = sqlglot.transpile(text, read="duckdb", write=dialect, pretty=True, unsupported_level=ignore)
        if dialect == "trino":  # its md5 takes bytes
            printed = printed.replace("MD5(customer)", "MD5(TO_UTF8(customer))")
        told = f"-- result: {query.name}.csv" if query.is_result else f"-- {query.name}"
        parts.append("\n".join([told, *([f"-- {query.note}"] if query.note else []), printed + ";"]))
    drops = [f"DROP TABLE {q.name};" for q in reversed(steps) if not q.is_result]
    return "\n\n".join([*parts, "\n".join(drops)]) + "\n"
