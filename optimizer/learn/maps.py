"""Maps from known exports to our columns: small files that a user can copy and edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optimizer.errors import Finding, InputError, bad_argument
from optimizer.io.documents import Document
from optimizer.io.yaml_reader import read_yaml
from optimizer.learn.tables import TABLES

FOLDER = Path(__file__).parent / "maps"
FIELDS = {"title", "table", "columns", "constants", "scale", "values", "zone", "rows", "where"}


@dataclass(frozen=True)
class ColumnMap:
    """How an export's columns become ours."""

    name: str
    title: str
    table: str
    columns: Mapping[str, tuple[str, ...]]
    """Our column -> theirs; of several the first that is not empty. Dots lead into nested data."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Our column -> what stands in every row."""
    scale: Mapping[str, float] = field(default_factory=dict)
    """Our column -> factor, e.g. 0.01 for cents."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Our column -> their word -> our word."""
    zone: str | None = None
    """Zone of times that state none."""
    rows: str = ""
    """Where rows are in nested data, e.g. ``data[].results[]``; ``{}`` goes through a mapping, its key is ``@key``."""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Their column -> the words of the rows that are meant; others are no rows of this table."""

    def fits(self, header: tuple[str, ...]) -> bool:
        """Whether all that our table needs is in the header."""
        there = set(header)
        needed = [c for c in TABLES[self.table].required if c not in self.constants]
        return all(any(part in there for part in self.columns.get(c, ())) for c in needed)


def shipped_maps() -> list[str]:
    """Names of the maps that come with the package."""
    return sorted(p.stem for p in FOLDER.glob("*.yaml"))


def read_map(name: str) -> ColumnMap:
    """A shipped map by name, or a map file by path. Raises InputError."""
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        path = Path(name)
        if not path.is_file():
            raise bad_argument("--map", f"there is no map {name!r}", f"shipped: {', '.join(shipped_maps())}; or a file")
    document = read_yaml(path)
    findings = list(_wrong(document))
    if findings:
        raise InputError(findings)
    data = document.data
    return ColumnMap(
        name=path.stem,
        title=str(data.get("title", path.stem)),
        table=str(data["table"]),
        columns={ours: _words(theirs) for ours, theirs in data["columns"].items()},
        constants={k: str(v) for k, v in data.get("constants", {}).items()},
        scale={k: float(v) for k, v in data.get("scale", {}).items()},
        values={k: {str(a).lower(): str(b) for a, b in v.items()} for k, v in data.get("values", {}).items()},
        zone=data.get("zone"),
        rows=str(data.get("rows", "")),
        where={k: _words(v) for k, v in data.get("where", {}).items()},
    )


def _words(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _wrong(document: Document) -> Iterator[Finding]:
    data = document.data
    table = str(data.get("table"))
    if table not in TABLES:
        yield document.finding("map-table", "table", f"no table is named {table!r}", f"one of {', '.join(TABLES)}")
        return
    if not isinstance(data.get("columns"), dict):
        yield document.finding("map-columns", "columns", "no columns are mapped", "write 'customer: Customer ID' ...")
        return
    for name in data:
        if name not in FIELDS:
            yield document.finding("map-field", name, f"unknown field {name!r}", f"one of {', '.join(sorted(FIELDS))}")
    for part in ("constants", "scale", "values", "where"):
        if not isinstance(data.get(part, {}), dict):
            yield document.finding("map-field", part, f"{part} must be a mapping", "write 'column: ...' below it")
    known = TABLES[table].columns
    for part in ("columns", "constants", "scale", "values"):
        named = data.get(part) or {}
        for column in named if isinstance(named, dict) else ():
            if column not in known:
                message = f"the table {table} has no column {column!r}"
                yield document.finding("map-column", f"{part}.{column}", message, f"one of {', '.join(known)}")
    for column, factor in (data.get("scale") or {}).items():
        if isinstance(factor, bool) or not isinstance(factor, int | float):
            yield document.finding("map-scale", f"scale.{column}", "must be a number", "write 0.01 for cents")


def nested_rows(data: Any, steps: str) -> Iterator[dict[str, Any]]:
    """The rows of nested data: ``a[].b[]`` goes through the lists a and b; rows carry the values above them.

    ``[]`` alone is a list at the top, ``{}`` a mapping whose keys become ``@key``. What is not there has no rows.
    """
    yield from _descend(data, [s for s in steps.replace("[]", ".[]").replace("{}", ".{}").split(".") if s], {})


def _descend(data: Any, steps: list[str], above: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not steps:
        if isinstance(data, dict):
            yield {**above, **data}
        return
    step, *rest = steps
    if step == "[]":
        for item in data if isinstance(data, list) else [data] if isinstance(data, dict) else []:
            yield from _descend(item, rest, above)
    elif step == "{}":
        for key, item in data.items() if isinstance(data, dict) else ():
            yield from _descend(item, rest, {**above, "@key": key})
    elif isinstance(data, dict) and step in data:
        plain = {k: v for k, v in data.items() if not isinstance(v, dict | list)}
        yield from _descend(data[step], rest, {**above, **plain})


def value_at(row: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; of a list of conditional ones the first without a condition, of tiers the base."""
    value: Any = row
    for part in path.split("."):
        if isinstance(value, list):
            plain = [v for v in value if isinstance(v, dict) and not v.get("constraint")]
            value = plain[0] if plain else None
            if isinstance(value, dict) and part not in value:
                value = value.get("prices")
        value = value.get(part) if isinstance(value, dict) else None
    return value.get("base") if isinstance(value, dict) else value
