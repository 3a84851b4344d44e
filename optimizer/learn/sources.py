"""Files of tables: which table each holds, how it is written, and its rows as DuckDB reads them.

Encoding, delimiter and decimal sign are found from the start of the file. Nothing is guessed where two readings are
possible: the file, or the row, is refused with what to do.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optimizer.errors import Finding, InputError
from optimizer.io.saving import MANIFEST
from optimizer.io.text import refused
from optimizer.learn.maps import ColumnMap, nested_rows, read_map, shipped_maps, value_at
from optimizer.learn.tables import TABLES

HEAD = 1 << 18
"""Bytes from which the way a file is written is found."""
DELIMITERS = ",;\t|"
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".json", ".jsonl", ".yaml", ".yml")
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class TableFile:
    """A file, understood."""

    path: Path
    """As the user named it."""
    table: str
    columns: Mapping[str, tuple[str, ...]]
    """Our column -> expressions of DuckDB over the file's columns, of which the first that is not empty counts."""
    kinds: Mapping[str, str]
    """Our column -> DuckDB's type of it; VARCHAR in text files."""
    attributes: tuple[str, ...] = ()
    """Further columns, of tables that keep them."""
    column_map: ColumnMap | None = None
    header: tuple[str, ...] = ()
    delimiter: str = ","
    data_line: int = 2
    """Line of the first row of data, in text."""
    decimal_comma: bool = False
    read_as: Path | None = None
    """The file recoded, where it was not UTF-8 text with cells."""
    notes: tuple[Finding, ...] = field(default=())
    meant: str = ""
    """SQL over the file's columns of the rows that are of this table; empty: all are."""

    def of_table(self, relation: str) -> str:
        """A relation of the file's rows without those that are not of this table."""
        return f"(SELECT * FROM {relation} WHERE {self.meant})" if self.meant else relation

    @property
    def place(self) -> Path:
        return self.read_as or self.path

    @property
    def has_lines(self) -> bool:
        """Whether rows can be named by their line."""
        return self.path.suffix.lower() not in (".parquet", ".json", ".jsonl", ".yaml", ".yml")

    @property
    def is_parquet(self) -> bool:
        return self.place.suffix == ".parquet"


def quoted(text: object) -> str:
    """A text as SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def table_files(given: Sequence[Path], maps: Sequence[ColumnMap], scratch: Path, connection: Any) -> list[TableFile]:
    """Every table among files and folders. Raises InputError with all findings where one cannot be read."""
    found: list[TableFile] = []
    findings: list[Finding] = []
    for path in _paths(given):
        try:
            found.append(_understood(path, maps, scratch, connection))
        except InputError as error:
            findings += error.findings
    if findings:
        raise InputError(findings)
    if not found:
        names = ", ".join(str(p) for p in given)
        raise refused("tables-missing", names, None, "there are no tables", "name a folder of CSV or parquet files")
    return found


def _paths(given: Sequence[Path]) -> Iterator[Path]:
    for path in given:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES)
            inside = [p for p in inside if p.name != MANIFEST]
            yield from (p for p in inside if not any(part.startswith(".") for part in p.relative_to(path).parts))
        elif path.is_file():
            yield path
        else:
            raise refused("file-missing", str(path), None, "there is no such file or folder", "check the path")


def _understood(path: Path, maps: Sequence[ColumnMap], scratch: Path, connection: Any) -> TableFile:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _parquet(path, maps, connection)
    if suffix in (".json", ".jsonl", ".yaml", ".yml"):
        return _nested(path, maps, scratch)
    return _text(path, maps, scratch)


def _parquet(path: Path, maps: Sequence[ColumnMap], connection: Any) -> TableFile:
    try:
        described = connection.execute(f"describe select * from read_parquet({quoted(path)})").fetchall()
    except Exception as error:
        problem = f"it cannot be read as parquet: {str(error).splitlines()[0]}"
        raise refused("file-parquet", str(path), None, problem, "write it again") from None
    types = {str(row[0]): str(row[1]) for row in described}
    return _assigned(path, tuple(types), maps, lambda name: '"' + name.replace('"', '""') + '"', types)


def _nested(path: Path, maps: Sequence[ColumnMap], scratch: Path) -> TableFile:
    """JSON and YAML: small, so their rows become a CSV file with our columns."""
    for used in (m for m in maps if m.rows):
        rows = [r for r in nested_rows(_data(path), used.rows) if _meant(r, used)]
        if any(value_at(r, part) is not None for r in rows for part in used.columns[TABLES[used.table].required[0]]):
            return _as_csv(path, used, rows, scratch)
    hint = ", ".join(name for name in shipped_maps() if read_map(name).rows)
    message, cure = "none of the maps given finds rows in it", f"give --map; shipped for such files: {hint}"
    raise refused("table-unknown", str(path), None, message, cure)


def _data(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        if path.suffix.lower() == ".json":
            return json.loads(text)
    except (ValueError, RecursionError) as error:
        cure = "write it again"
        raise refused("file-json", str(path), getattr(error, "lineno", None), "it is no JSON", cure) from None
    from optimizer.io.yaml_reader import read_yaml

    return read_yaml(path).data


def _meant(row: Mapping[str, Any], used: ColumnMap) -> bool:
    return all(str(value_at(row, column)) in words for column, words in used.where.items())


def _as_csv(path: Path, used: ColumnMap, rows: Sequence[Mapping[str, Any]], scratch: Path) -> TableFile:
    ours = tuple(used.columns)
    target = scratch / f"{len(list(scratch.iterdir()))}-{used.table}.csv"
    with open(target, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(ours)
        for row in rows:
            cells = ((value_at(row, part) for part in used.columns[c]) for c in ours)
            writer.writerow([next((v for v in values if v not in (None, "")), None) for values in cells])
    columns = {c: (f"c{k}",) for k, c in enumerate(ours)}
    return TableFile(path, used.table, columns, dict.fromkeys(ours, "VARCHAR"), (), used, ours, read_as=target)


def _text(path: Path, maps: Sequence[ColumnMap], scratch: Path) -> TableFile:
    with open(path, "rb") as stream:
        head = stream.read(HEAD)
    if not head.strip():
        raise refused("file-empty", str(path), 1, "the file is empty", "write its header and rows, or leave it out")
    encoding, notes = _encoding(path, head)
    place = path
    if encoding not in ("utf-8", "utf-8-sig"):
        place = _recoded(path, encoding, scratch)
        head = place.read_bytes()[:HEAD] if place.stat().st_size <= HEAD else _start(place)
    text = head.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    delimiter, header, line = _header(path, text, maps)
    found = _assigned(path, header, maps, lambda name: f"c{header.index(name)}", None)
    comma = _decimal_comma(text, delimiter, header, found)
    read_as = None if place == path else place
    return TableFile(
        path, found.table, found.columns, found.kinds, found.attributes, found.column_map, header, delimiter, line,
        comma, read_as, (*notes, *found.notes), found.meant,
    )  # fmt: skip


def _start(path: Path) -> bytes:
    with open(path, "rb") as stream:
        return stream.read(HEAD)


def _encoding(path: Path, head: bytes) -> tuple[str, list[Finding]]:
    """The encoding, and what is to be told of it."""
    for mark, name in MARKS:
        if head.startswith(mark):
            return name, [] if name == "utf-8-sig" else [_note(path, "encoding", f"read as {name.upper()}")]
    if head.count(0) > len(head) // 4:
        name = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        return name, [_note(path, "encoding", f"read as {name.upper()}, though it has no mark")]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252", [_note(path, "encoding", "not UTF-8: read as Windows-1252")]
    return "utf-8", []


def _note(path: Path, code: str, message: str, cure: str = "") -> Finding:
    return Finding(f"table-{code}", "warning", str(path), None, "", message, cure)


def _recoded(path: Path, encoding: str, scratch: Path) -> Path:
    target = scratch / f"{len(list(scratch.iterdir()))}-{path.stem}.csv"
    errors = "replace" if encoding == "cp1252" else "strict"
    try:
        with (
            open(path, encoding=encoding, errors=errors, newline="") as source,
            open(target, "w", encoding="utf-8", newline="") as out,
        ):
            while block := source.read(1 << 20):
                out.write(block)
    except UnicodeError:
        message = f"it is not {encoding.upper()} throughout"
        raise refused("file-encoding", str(path), None, message, "save it as UTF-8") from None
    return target


def _header(path: Path, text: str, maps: Sequence[ColumnMap]) -> tuple[str, tuple[str, ...], int]:
    """Delimiter, names, and the line of the first row of data."""
    known = {c for t in TABLES.values() for c in t.columns}
    known |= {part for m in maps for parts in m.columns.values() for part in parts}
    best: tuple[tuple[int, int], str, tuple[str, ...], int] | None = None
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            cells = next((row for row in reader if any(cell.strip() for cell in row)), [])
        except csv.Error:
            continue
        names = tuple(_plain(cell, known) for cell in cells)
        score = (sum(n in known for n in names), len(names))
        if best is None or score > best[0]:
            best = score, delimiter, names, reader.line_num + 1
    if best is None:
        raise refused("table-header", str(path), 1, "its header cannot be read", "start with the names of the columns")
    return best[1:]


def _plain(cell: str, known: set[str]) -> str:
    """A column's name: as it stands where that is known, else in small letters with underscores."""
    name = cell.strip()
    plain = re.sub(r"[\s\-]+", "_", name.lower())
    return plain if name not in known and plain in known else name


def _assigned(
    path: Path, header: tuple[str, ...], maps: Sequence[ColumnMap], sql: Any, types: Mapping[str, str] | None
) -> TableFile:
    """Which table the columns are of, and where each of ours is. Raises InputError."""
    used = next((m for m in maps if m.fits(header)), None)
    table = used.table if used else _table_of(path, header)
    ours: dict[str, tuple[str, ...]] = {}
    for column in TABLES[table].columns:
        theirs = (used.columns.get(column, ()) if used else ()) or (column,)
        ours[column] = tuple(part for part in theirs if part in header)
    _refuse_header(path, table, header, ours, used)
    taken = {part for parts in ours.values() for part in parts}
    rest = tuple(name for name in header if name not in taken and name)
    notes = [] if TABLES[table].extra or not rest or used else [_note(path, "columns", f"not used: {', '.join(rest)}")]
    kinds = {c: "VARCHAR" if types is None or not p else types[p[0]] for c, p in ours.items()}
    attributes = rest if TABLES[table].extra else ()
    return TableFile(
        path, table, {c: tuple(map(sql, p)) for c, p in ours.items() if p}, kinds, attributes, used, header,
        notes=tuple(notes), meant=_rows_meant(used, header, sql),
    )  # fmt: skip


def _rows_meant(used: ColumnMap | None, header: tuple[str, ...], sql: Any) -> str:
    """The rows that a map means, as SQL; a column that is not in the file leaves none out."""
    asked = {} if used is None else {c: words for c, words in used.where.items() if c in header}
    return " AND ".join(
        f"coalesce(lower(CAST({sql(column)} AS VARCHAR)), '') IN ({', '.join(quoted(w.lower()) for w in words)})"
        for column, words in asked.items()
    )


def _table_of(path: Path, header: tuple[str, ...]) -> str:
    """The table by the file's or its folder's name, else by its columns. Raises InputError."""
    for name in (path.stem.lower(), path.parent.name.lower()):
        for table in TABLES:
            if re.fullmatch(rf"{table}([\W_\d].*)?", name):
                return table
    fitting = [t for t, what in TABLES.items() if set(what.required) <= set(header)]
    if len(fitting) == 1:
        return fitting[0]
    hint = [name for name in shipped_maps() if read_map(name).fits(header)]
    cure = f"its columns look like --map {hint[0]}" if hint else f"name the file by its table: {', '.join(TABLES)}"
    raise refused("table-unknown", str(path), 1, "it is not said which table this is", cure)


def _refuse_header(
    path: Path, table: str, header: tuple[str, ...], ours: Mapping[str, tuple[str, ...]], used: ColumnMap | None
) -> None:
    given = set(used.constants) if used else set()
    findings = []
    twice = {n for parts in ours.values() for n in parts if header.count(n) > 1}
    for name in sorted(twice):
        message = f"the column {name!r} is there twice"
        findings.append(Finding("table-column-twice", "error", str(path), 1, name, message, "keep one of the two"))
    for name in TABLES[table].required:
        if not ours[name] and name not in given:
            near = difflib.get_close_matches(name, header, n=1)
            hint = [n for n in shipped_maps() if read_map(n).fits(header)]
            cure = f"rename {near[0]!r}, or map it" if near else "add it, or map the one that holds it with --map"
            cure = f"its columns look like --map {hint[0]}" if hint else cure
            message = f"the table {table} needs the column {name!r}"
            findings.append(Finding("table-column-missing", "error", str(path), 1, name, message, cure))
    if findings:
        raise InputError(findings)


def _decimal_comma(text: str, delimiter: str, header: tuple[str, ...], found: TableFile) -> bool:
    """Whether numbers have a decimal comma: some can be nothing else, and none has a decimal point."""
    numeric = ("money", "amount", "share", "count")
    wanted = {
        header.index(n)
        for c, column in TABLES[found.table].columns.items()
        if column.kind in numeric
        for n in (found.column_map.columns.get(c, (c,)) if found.column_map else (c,))
        if n in header
    }
    lines = text.split("\n")
    rows = csv.reader(lines[:-1] if len(lines) > 2 else lines, delimiter=delimiter)
    try:
        cells = [row[k] for row in rows for k in wanted if k < len(row)]
    except csv.Error:
        return False
    comma = any(re.fullmatch(r"\s*-?(\d{1,3}(\.\d{3})+|\d+),(\d{1,2}|\d{4,})\s*", cell) for cell in cells)
    point = any(re.fullmatch(r"\s*-?(\d{1,3}(,\d{3})+|\d+)?\.(\d{1,2}|\d{4,})\s*", cell) for cell in cells)
    return comma and not point


def scan(source: TableFile, rejects: str = "") -> str:
    """The file as a relation of DuckDB; its columns are named c0, c1, ... where it is text."""
    if source.is_parquet:
        return f"read_parquet({quoted(source.place)})"
    names = ", ".join(f"'c{k}': 'VARCHAR'" for k in range(len(source.header)))
    kept = (
        f", store_rejects = true, rejects_table = {quoted(rejects)}, "
        f"rejects_scan = {quoted(rejects + '_scan')}, rejects_limit = 0"
    )
    return (
        f"read_csv({quoted(source.place)}, auto_detect = false, header = false, skip = {source.data_line - 1}, "
        f"delim = {quoted(source.delimiter)}, quote = '\"', escape = '\"', columns = {{{names}}}, "
        f"max_line_size = 10000000{kept if rejects else ', ignore_errors = true'})"
    )
