"""What a file looks like that is given for a case and is none, and what takes it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from optimizer.errors import InputError
from optimizer.io.documents import Document
from optimizer.io.numbers_csv import COLUMNS, REQUIRED
from optimizer.io.text import MAX_BYTES, refused
from optimizer.io.yaml_reader import read_yaml

HEAD = 65_536
"""Bytes that are looked at; only JSON is read to its end."""


@dataclass(frozen=True)
class Kind:
    """Something that is not a case."""

    what: str
    cure: str


_CASE = (
    "run, evaluate and check take a case: a YAML file with title, question and market, or a workbook that copy wrote"
)
_TEMPLATE = "'optimizer copy assistant-startup-margin DIR' gives a case and a market to fill in"
_SAVED = Kind("a saved answer", "'optimizer verify FOLDER' takes the folder it is in; run takes its case")
_NUMBERS = Kind(
    "a table of a market's numbers", "leave it in the market's folder, and run a case that names the market"
)
_MARKET = Kind("a market", "run a case that names it: a file with title, question and 'market: ' and the folder's name")
_SCENARIOS = Kind("a file of scenarios", "'optimizer compare CASE --scenarios FILE' takes it")
_BACKTEST = Kind("a back-test", "'optimizer backtest FILE' takes it")
_PRICES = Kind("a price list", f"no command takes one: its prices go into a market's numbers; {_TEMPLATE}")
_USAGE = Kind(
    "a usage log or trace", f"no command takes one: what it says of requests goes into a market's usage; {_TEMPLATE}"
)
_SCHEMA = Kind("a data dictionary (JSON Schema)", f"it says what a case holds; {_TEMPLATE}")
_TABLE = Kind("a table", _TEMPLATE)
_RESULTS_BOOK = Kind("a workbook of results, as --excel writes it", "run takes the case that it was made from")

_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document, or one with a password"),
    (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"GIF8", "a picture"), (b"BM", ""),
    (b"PAR1", "a parquet table"), (b"ARROW1", "an Arrow table"), (b"Obj\x01", "an Avro table"),
    (b"SQLite format 3", "a database"), (b"\x89HDF", "an HDF5 file"), (b"\x93NUMPY", "a numpy array"),
    (b"\x1f\x8b", "a gzip archive"), (b"BZh", "a bzip2 archive"), (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"), (b"7z\xbc\xaf", "a 7z archive"), (b"Rar!", "a rar archive"),
    (b"\x7fELF", "a program"), (b"MZ", ""), (b"{\\rtf", "a text document (RTF)"), (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
)  # fmt: skip
_ZIPPED = (
    ("xl/", "an Excel workbook", "give it a name that ends in .xlsx; run takes a workbook that copy wrote"),
    ("word/", "a Word document", _TEMPLATE),
    ("ppt/", "a presentation", _TEMPLATE),
    ("content.xml", "an OpenDocument file", "save a workbook as .xlsx; run takes a workbook that copy wrote"),
)
_TEXTS = {
    ".md": "a text (Markdown)", ".rst": "a text", ".txt": "a text", ".tex": "a text", ".py": "a Python program",
    ".r": "a program", ".js": "a program", ".sql": "a database query", ".toml": "a settings file",
    ".ini": "a settings file", ".cfg": "a settings file", ".log": "a log", ".mps": "a linear program",
    ".lp": "a linear program",
}  # fmt: skip
_LOG = re.compile(
    r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d{1,3}(\.\d{1,3}){3} \S+ \S+ \[|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |"
    r"\[?(DEBUG|INFO|WARN|WARNING|ERROR)\b"
)
_KEY = re.compile(r"^[-\s]*[\"']?([A-Za-z_][\w .-]*?)[\"']?\s*:", re.MULTILINE)
_PRICE_WORDS = re.compile(r"price|pricing|preis|prix|precio|(?<![a-z])(fee|cost|usd|eur|rate|msrp)s?(?![a-z])|\$")
_NAME_WORDS = re.compile(
    r"plan|produ[ck]t|tarif|tier|sku|(?<![a-z])(model|name|item|id|service|package|edition)s?(?![a-z])"
)
_USE_WORDS = re.compile(r"token|request|prompt|latency|completion|session|usage|quer(y|ies)|(?<![a-z])calls?(?![a-z])")
_TIME_WORDS = re.compile(r"time|date|(?<![a-z])(ts|day|hour|month)(?![a-z])|created")
_OUR_TABLES = ({"figure", "unit", "today", "unchanged"}, {"customers", "revenue", "serving_cost"}, {"plan", "offered"})


def read_case_document(path: str | os.PathLike[str]) -> Document:
    """Read a case from YAML. Raises InputError: not allowed YAML, or a file of another kind."""
    refuse_other_kinds(path)
    name = os.fspath(path)
    try:
        document = read_yaml(path)
    except InputError:
        kind = kind_of_text(name)
        if kind is None:
            raise
        raise not_a_case(name, kind) from None
    kind = kind_of_data(document.data)
    if kind is not None:
        raise not_a_case(name, kind)
    return document


def refuse_other_kinds(path: str | os.PathLike[str]) -> None:
    """Refuse a file that by its content is something else than a case. Raises InputError."""
    name = os.fspath(path)
    try:
        with open(name, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        return  # told by what reads it
    kind = kind_of_content(content, os.path.splitext(name)[1].lower())
    if kind is not None:
        raise not_a_case(name, kind)


def not_a_case(file: str, kind: Kind) -> InputError:
    """The refusal of a file of another kind."""
    cure = kind.cure if kind.cure.startswith("run") else f"{kind.cure}; {_CASE}"
    return refused("not-a-case", file, None, f"this looks like {kind.what}, not like a case", cure)


def kind_of_content(content: bytes, suffix: str) -> Kind | None:
    """What the content of a file is for certain; None for what may be a case."""
    if content.startswith(b"PK\x03\x04"):
        return None if suffix == ".xlsx" else _zipped(content)
    what = next((what for mark, what in _MAGIC if what and content.startswith(mark)), "")
    if what and not (suffix.startswith(".xl") and "Office" in what):
        return Kind(what, _TEMPLATE)
    if suffix.startswith(".xl") or b"\x00" in content[:HEAD]:
        return None  # told by what reads it: no workbook, or a wrong encoding
    text = content[:HEAD].decode("utf-8-sig", "ignore").lstrip()
    if re.match(r"(?i)<!doctype html|<html", text):
        return Kind("a web page", _TEMPLATE)
    if text.startswith(("<?xml", "<svg")):
        return Kind("an XML document", _TEMPLATE)
    if text.startswith("#!"):
        return Kind("a program", _TEMPLATE)
    if text.startswith(("{", "[")):
        return _json(content, text)
    if _LOG.match(text):
        return _USAGE if _USE_WORDS.search(text.casefold()) else Kind("a log", _TEMPLATE)
    return _table(text)


def kind_of_columns(names: Iterable[str]) -> Kind | None:
    """What a table or a list of records holds, by the names of its columns; None where they do not tell."""
    columns = [re.sub(r"[^a-z0-9$]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold()) for name in names]
    plain = {name.strip().casefold() for name in names}
    if set(REQUIRED) <= plain and plain & set(COLUMNS[2:]):
        return _NUMBERS
    if any(ours <= plain for ours in _OUR_TABLES):
        return _SAVED

    prices = [column for column in columns if _PRICE_WORDS.search(column)]
    others = " | ".join(column for column in columns if column not in prices)
    if _TIME_WORDS.search(others) and _USE_WORDS.search(others):
        return _USAGE
    if prices and (_NAME_WORDS.search(others) or _USE_WORDS.search(" | ".join(prices))):
        return _PRICES
    return _USAGE if _USE_WORDS.search(others) else None


def kind_of_data(data: dict[str, Any]) -> Kind | None:
    """What a mapping is that was read from YAML or JSON; None for a case, or the attempt at one."""
    keys = {key.casefold() for key in data}
    if any({"properties", "type"} <= set(part) for part in (data, *data.values()) if isinstance(part, dict)):
        return _SCHEMA
    if keys & {"schema_version", "certificate"} or {"name", "case", "sets"} <= keys or {"hash", "tag"} <= keys:
        return _SAVED
    if not keys & {"question", "market"} and len(keys & _market_fields()) > 1:
        return _MARKET
    if {"predicted", "observed"} <= keys:
        return _BACKTEST
    if keys and keys <= {"scenarios", "grid"}:
        return _SCENARIOS
    if keys & {"title", "question", "market"}:
        return None
    if {"cells", "nbformat"} <= keys:
        return Kind("a notebook", _TEMPLATE)
    names = list(_names(data, 3))[:500]
    known = kind_of_columns(names) if names else None
    if known in (_PRICES, _USAGE):
        return known
    told = ", ".join(list(data)[:4]) or "nothing"
    return Kind(f"a file of another kind (it holds {told[:80]})", _TEMPLATE)


def kind_of_text(file: str) -> Kind | None:
    """What a file is that is not allowed YAML, by its name and its first lines; None where nothing is certain."""
    suffix = os.path.splitext(file)[1].lower()
    with open(file, "rb") as stream:
        text = stream.read(HEAD).decode("utf-8-sig", "ignore").lstrip()
    if text.startswith("- "):
        known = kind_of_columns(_KEY.findall(text))
        if known in (_PRICES, _USAGE):
            return known
    if suffix in (".csv", ".tsv"):
        return _TABLE
    return Kind(_TEXTS[suffix], _TEMPLATE) if suffix in _TEXTS else None


def kind_of_folder(folder: str | os.PathLike[str]) -> tuple[str, str]:
    """What a folder given for a case looks like, and what to do."""
    names = set(os.listdir(folder)) if os.access(folder, os.R_OK) else set()
    if names & {"result.json", "manifest.json"}:
        return (
            f"this is a folder of {_SAVED.what}, not a case file",
            "'optimizer verify DIR' takes it; run takes its case",
        )
    if names & {"market.yaml", "market.yml", "numbers.csv"}:
        return "this is the folder of a market, not a case", _MARKET.cure
    places = [os.path.join(folder, "cases"), os.fspath(folder)]
    for place in places:
        cases = sorted(n for n in (os.listdir(place) if os.path.isdir(place) else ()) if n.endswith((".yaml", ".yml")))
        if cases:
            return "this is a folder, not a case file", f"name a file in it, e.g. {os.path.join(place, cases[0])}"
    return "this is a folder, not a case file", "name a case file, e.g. my-case.yaml"


def kind_of_sheets(names: Collection[str], first_row: Iterable[str]) -> Kind:
    """What a workbook is that has none of a case's sheets."""
    if {"menu", "figures"} <= {name.casefold() for name in names}:
        return _RESULTS_BOOK
    known = kind_of_columns(list(first_row))
    told = ", ".join(map(repr, list(names)[:4]))
    return known or Kind(f"a workbook of another kind (its sheets are {told})", _TEMPLATE)


def _zipped(content: bytes) -> Kind:
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        names = []
    for start, what, cure in _ZIPPED:
        if any(name.startswith(start) for name in names):
            return Kind(what, cure)
    return Kind("a zip archive", f"unpack it; {_TEMPLATE}")


def _json(content: bytes, text: str) -> Kind | None:
    """JSON that is no case; None for what may be one (JSON is YAML), or is no JSON."""
    try:
        data = json.loads(content) if len(content) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        return kind_of_data({str(key): value for key, value in data.items()})
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return kind_of_columns(_names(data[0], 2)) or Kind("a list of records (JSON)", _TEMPLATE)
    lines = text.splitlines()[:2]
    records = len(lines) > 1 and all(re.match(r'\{\s*"', line) for line in lines)
    if records or (data is None and len(content) > MAX_BYTES):
        known = kind_of_columns(re.findall(r'"([^"\\]{1,60})"\s*:', text))
        return known or Kind("a list of records (JSON)", _TEMPLATE)
    return None


def _table(text: str) -> Kind | None:
    """A table with a header, its cells separated by commas, semicolons, tabs or bars; None for other texts."""
    lines = [line for line in text.splitlines()[:20] if line.strip() and not line.startswith("#")][:2]
    for sign in ",;\t|" if len(lines) == 2 and not re.match(r"[-?{\[] |---", lines[0]) else "":
        header, row = csv.reader([line.strip().strip("|" if sign == "|" else "") for line in lines], delimiter=sign)
        names = [cell.strip() for cell in header]
        fits = 2 <= len(names) == len(row) and not any(re.search(r":(\s|$)", cell) for cell in names)
        if fits and all(len(name) <= 60 for name in names) and sum(map(bool, names)) >= 2:
            return kind_of_columns(names) or Kind(f"{_TABLE.what} (columns {', '.join(names)[:80]})", _TABLE.cure)
    return None


def _market_fields() -> set[str]:
    """Fields that a market has and a case has not."""
    from optimizer.schema.market import Market  # only where a file is no case: it takes its time

    return set(Market.model_fields) - {"title", "plans"}


def _names(data: Any, depth: int) -> Iterable[str]:
    """Names of the fields of a value and of what is in it."""
    if isinstance(data, dict) and depth:
        for key, value in data.items():
            yield str(key)
            yield from _names(value, depth - 1)
    elif isinstance(data, list) and depth:
        for item in data[:5]:
            yield from _names(item, depth)
