"""Tables into the database: clean rows in views or staged files, bad rows counted by kind with examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optimizer.errors import Finding
from optimizer.learn.cleaning import CleaningOptions, cleaning_query
from optimizer.learn.rules import RULES
from optimizer.learn.sources import TableFile, quoted, scan
from optimizer.learn.tables import TABLES

EXAMPLES = 3
"""Rows of a kind that are named."""
STAGED = 50_000_000
"""Bytes of text from which a table is parsed once, into a file of columns; smaller ones stay in memory."""
_REJECTED = {
    "MISSING COLUMNS": "cells",
    "TOO MANY COLUMNS": "cells",
    "UNQUOTED VALUE": "quote",
    "INVALID ENCODING": "characters",
    "INVALID UNICODE": "characters",
}
_NUMERAL = re.compile(r"[-+0-9.,:/ %$€£()T]{1,25}")
_WORD = re.compile(r"[A-Za-z]{1,10}")
_WORDED = ("interval", "trial", "chosen", "outside", "fallback", "currency", "window")


@dataclass(frozen=True)
class RowCount:
    """How many rows of a file were read, left out and mended, by kind."""

    file: str
    table: str
    rows: int
    left_out: dict[str, int]
    mended: dict[str, int]


def stage(
    connection: Any, sources: Sequence[TableFile], options: CleaningOptions, scratch: Path
) -> tuple[list[RowCount], list[Finding]]:
    """A view of the clean rows of every table that there is, named as the table; counts, and findings to be told."""
    counts: list[RowCount] = []
    findings: list[Finding] = [note for source in sources for note in source.notes]
    parts: dict[str, list[str]] = {}
    good: set[str] = set()
    for k, source in enumerate(sources):
        name = _staged(connection, source, options, scratch, k)
        parts.setdefault(source.table, []).append(name)
        counted, told = _counted(connection, source, options, name, k)
        counts.append(counted)
        findings += told
        if not counted.left_out:
            good.add(name)
    for table, names in parts.items():
        # where no row is bad, faults are not looked for again: a large log is scanned several times
        only = {name: "" if name in good else " WHERE fault IS NULL" for name in names}
        rows = " UNION ALL BY NAME ".join(f"SELECT * FROM {name}{only[name]}" for name in names)
        connection.execute(
            f"CREATE VIEW {table} AS SELECT * EXCLUDE (fault, fault_column, fault_cell, mended) FROM ({rows})"
        )
    return counts, findings


def _staged(connection: Any, source: TableFile, options: CleaningOptions, scratch: Path, k: int) -> str:
    """The name of a relation with the cleaned rows and their faults."""
    name = f"cleaned_{k}"
    query = cleaning_query(source, options, source.of_table(scan(source, "" if source.is_parquet else f"rejects_{k}")))
    if source.is_parquet:
        connection.execute(f"CREATE VIEW {name} AS {query}")
    elif source.place.stat().st_size < STAGED:
        connection.execute(f"CREATE TABLE {name} AS {query}")
    else:
        target = scratch / f"{name}.parquet"
        connection.execute(f"COPY ({query}) TO {quoted(target)} (FORMAT parquet, COMPRESSION snappy)")
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({quoted(target)})")
    return name


def _counted(
    connection: Any, source: TableFile, options: CleaningOptions, name: str, k: int
) -> tuple[RowCount, list[Finding]]:
    grouped = connection.execute(f"SELECT fault, mended, count(*) FROM {name} GROUP BY ALL").fetchall()
    left_out: dict[str, int] = {}
    mended: dict[str, int] = {}
    for fault, mending, count in grouped:
        if fault is not None:
            left_out[fault] = left_out.get(fault, 0) + count
        elif mending is not None:
            mended[mending] = mended.get(mending, 0) + count
    examples: dict[str, list[tuple[int | None, str, str]]] = {}
    rejected: list[tuple[int, str]] = [] if source.is_parquet else _rejected(connection, k)
    for line, kind in rejected:
        left_out[kind] = left_out.get(kind, 0) + 1
        examples.setdefault(kind, []).append((line, "", ""))
    if set(left_out) - {kind for _, kind in rejected}:
        examples |= _examples(connection, source, options, "fault", {line for line, _ in rejected})
    if mended:
        examples |= _examples(connection, source, options, "mended", {line for line, _ in rejected})
    rows = sum(count for *_, count in grouped) + len(rejected)
    told = [_told(source, kind, n, rows, examples.get(kind, [])) for kind, n in {**left_out, **mended}.items()]
    if rows and sum(left_out.values()) == rows:
        message, cure = "no row of it can be used", "see the kinds of bad rows told"
        told.append(Finding("table-nothing", "error", str(source.path), None, "", message, cure))
    return RowCount(str(source.path), source.table, rows, left_out, mended), told


def _rejected(connection: Any, k: int) -> list[tuple[int, str]]:
    """Line and kind of every row that could not be read as cells."""
    query = f"SELECT line, min(CAST(error_type AS VARCHAR)) FROM rejects_{k} GROUP BY line ORDER BY line"
    return [(int(line), _REJECTED.get(kind, "cells")) for line, kind in connection.execute(query).fetchall()]


def _examples(
    connection: Any, source: TableFile, options: CleaningOptions, which: str, rejected: set[int]
) -> dict[str, list[tuple[int | None, str, str]]]:
    """Kind -> line, column and cell of the first rows of it; the file is read once more for that, in its order."""
    numbered = source.of_table(f"(SELECT *, row_number() OVER () AS position FROM {scan(source)})")
    query = cleaning_query(source, options, numbered, kept_too=("position",))
    cell, column = ("fault_cell", "fault_column") if which == "fault" else ("NULL", "NULL")
    only = "" if which == "fault" else "AND fault IS NULL"
    rows = connection.execute(
        f"SELECT position, {which}, {column}, {cell} FROM ({query}) WHERE {which} IS NOT NULL {only} "
        f"QUALIFY row_number() OVER (PARTITION BY {which} ORDER BY position) <= {EXAMPLES} ORDER BY position"
    ).fetchall()
    positions = [int(row[0]) for row in rows]
    lines = dict(zip(positions, _lines(source, positions, rejected), strict=True))
    found: dict[str, list[tuple[int | None, str, str]]] = {}
    for position, kind, named, shown in rows:
        found.setdefault(kind, []).append((lines[position], named or "", "" if shown is None else str(shown)))
    return found


def _lines(source: TableFile, positions: Sequence[int], rejected: set[int]) -> Iterator[int | None]:
    """The line of each row, which are counted from 1 without empty lines and rejected rows; None in other files."""
    if not source.has_lines:
        yield from positions
        return
    wanted, row = iter(positions), 0
    target = next(wanted, None)
    for line in _record_lines(source.place, source.data_line):
        if target is None:
            return
        if line in rejected:
            continue
        row += 1
        if row == target:
            yield line
            target = next(wanted, None)


def _record_lines(path: Path, first: int) -> Iterator[int]:
    """The line on which each record begins; quoted cells may hold line breaks."""
    inside = False
    with open(path, "rb") as stream:
        for line, text in enumerate(stream, start=1):
            if line < first or (not inside and not text.strip(b"\r\n")):
                continue
            if not inside:
                yield line
            inside ^= text.count(b'"') % 2 == 1


def _told(source: TableFile, kind: str, count: int, rows: int, examples: list[tuple[int | None, str, str]]) -> Finding:
    """A kind of bad rows in words. What a cell holds is shown only where it cannot be a name or an address."""
    rule = RULES[kind]
    named = sorted({column for _, column, _ in examples if column})
    kinds = TABLES[source.table].columns
    cells = [_shown(column, cell) for _, column, cell in examples if cell and kinds[column].kind != "id"]
    like = f", e.g. {', '.join(dict.fromkeys(cells))}" if cells else ""
    where = "line" if source.has_lines else "row"
    at = [str(line) for line, *_ in examples[:EXAMPLES]]
    places = f" ({where}{'s' if len(at) > 1 else ''} {', '.join(at)}{', ...' if count > len(at) else ''})" if at else ""
    done = "mended" if rule.mended else "left out"
    message = f"{count:,} of {rows:,} rows {done}: {rule.message}{like}{places}"
    line = examples[0][0] if examples and source.has_lines else None
    return Finding(f"row-{kind}", "warning", str(source.path), line, ", ".join(named), message, rule.cure)


def _shown(column: str, cell: str) -> str:
    told = _NUMERAL.fullmatch(cell) or (column in _WORDED and _WORD.fullmatch(cell))
    return repr(cell) if told else f"a text of {len(cell)} characters"
