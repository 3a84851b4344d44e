"""Cells of .xlsx files: written so that text stays text, read without trusting the file.

Reading takes only the parts a table needs (sheet list, shared texts, number formats, cells). The file is
refused before any XML is parsed where it is too large, encrypted, carries macros or declares entities.
"""

from __future__ import annotations

import io
import math
import os
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from optimizer.errors import InputError, bad_argument
from optimizer.io.text import HIDDEN, _read_bytes, refused
from optimizer.io.workbook_formats import number_format

MAX_PARTS, MAX_UNPACKED, MAX_TAGS, MAX_CELLS = 500, 12_000_000, 1_500_000, 100_000
MAX_TEXT = 32_767
"""Most characters of a cell."""
CREATED = datetime(2025, 1, 1)
"""Every workbook is dated so: the same content gives the same bytes."""

_SAVE_ANEW = "open it in a spreadsheet program and save it anew"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_WHOLE = re.compile(r"[-+]?\d{1,15}", re.ASCII)
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})", re.ASCII)


def plain_text(text: str) -> str:
    """Text as a cell can hold it: no control characters, not longer than a cell."""
    return HIDDEN.sub("", text)[:MAX_TEXT]


def new_workbook(title: str) -> Any:
    """An empty workbook. Raises InputError where openpyxl is not installed."""
    try:
        from openpyxl import Workbook
    except ImportError:
        cure = "install it: pip install 'pricing-strategy-optimizer[excel]'"
        raise bad_argument("excel", "writing a workbook needs the package openpyxl", cure) from None
    book: Any = Workbook()
    book.remove(book.active)
    book.properties.title = plain_text(title)
    book.properties.creator = "pricing-strategy-optimizer"
    book.properties.created = CREATED
    return book


def put(cell: Any, value: Any) -> None:
    """Write a value: text never becomes a formula, numbers keep every digit, NaN and None leave the cell empty."""
    if hasattr(value, "item"):  # of numpy
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        value = None if math.isnan(value) else ("unlimited" if value > 0 else "-unlimited")
    if value is None or value == "":
        return
    if isinstance(value, bool):
        cell.value = value
    elif isinstance(value, int | float):
        cell.value = repr(float(value)) if isinstance(value, float) else repr(int(value))
        cell.data_type = "n"
    else:
        text = plain_text(str(value))
        cell.value = _ESCAPE.sub(lambda m: f"_x005F_{m.group()[1:]}", text)[:MAX_TEXT]
        cell.data_type = "s"
        if text.startswith(_FORMULA_STARTS):
            cell.quotePrefix = True


def workbook_bytes(book: Any) -> bytes:
    """The file's content, the same for the same sheets."""
    raw, out = io.BytesIO(), io.BytesIO()
    book.save(raw)
    stamp = CREATED.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
            target.writestr(info, content)
    return out.getvalue()


@dataclass(frozen=True)
class Cell:
    """What a cell holds."""

    kind: str
    """text, number, percent (a number shown times 100 with a per-cent sign), bool, formula, date, disguised (a number
    that its format shows as another one) or error."""
    value: Any
    """For a formula its text and, if saved, the value it had; for a disguised number what its format does."""


@dataclass(frozen=True)
class Sheet:
    """The filled cells of a sheet."""

    hidden: bool
    merged: tuple[str, ...]
    rows: tuple[tuple[int, dict[int, Cell]], ...]
    """Row number and column number -> cell, both from 1; empty rows and cells left out."""


class Book:
    """A workbook file, opened for reading."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open and guard. Raises InputError."""
        self.file = os.fspath(path)
        _guard_name(self.file)
        content = _read_bytes(self.file)
        try:
            self._parts = _unpack(self.file, content)
            self._read_lists()
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
            raise self._damaged(error) from None
        except (ElementTree.ParseError, KeyError, ValueError, IndexError, LookupError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> InputError:
        detail = " ".join(str(error).split())[:80] or type(error).__name__
        message = f"the file cannot be read as a workbook ({detail})"
        return refused("workbook-damaged", self.file, None, message, _SAVE_ANEW)

    def _read_lists(self) -> None:
        """Sheets with their parts, shared texts, and which formats are dates."""
        top = self._relations("_rels/.rels", "")
        main = next((target for kind, target in top.values() if kind.endswith("/officeDocument")), "xl/workbook.xml")
        folder, _, name = main.rpartition("/")
        relations = self._relations(posixpath.join(folder, "_rels", f"{name}.rels"), folder)
        self._sheets: dict[str, tuple[str, bool]] = {}
        for sheet in _all(self._root(main), "sheet"):
            key = next(v for k, v in sheet.attrib.items() if k.endswith("}id"))
            self._sheets[sheet.attrib["name"]] = (relations[key][1], sheet.get("state", "visible") != "visible")
        by_kind = {kind.rpartition("/")[2]: target for kind, target in relations.values()}
        self._texts: list[str] = []
        self._formats: list[tuple[str, str]] = []
        if by_kind.get("sharedStrings") in self._parts:
            self._texts = [_string(item) for item in _all(self._root(by_kind["sharedStrings"]), "si")]
        if by_kind.get("styles") in self._parts:
            self._formats = _formats(self._root(by_kind["styles"]))

    def _root(self, part: str) -> ElementTree.Element:
        return ElementTree.fromstring(self._parts[part])

    def _relations(self, part: str, folder: str) -> dict[str, tuple[str, str]]:
        """Id -> kind and target of a part's relations; links to other files are left out."""
        found = {}
        for relation in _all(self._root(part), "Relationship"):
            if relation.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, relation.attrib["Target"])).lstrip("/")
                found[relation.attrib["Id"]] = (relation.attrib["Type"], target)
        return found

    @property
    def names(self) -> list[str]:
        """Sheets in the order of the file."""
        return list(self._sheets)

    def sheet(self, name: str) -> Sheet:
        """The cells of a sheet. Raises InputError for a damaged one; KeyError for an unknown name."""
        part, hidden = self._sheets[name]
        try:
            root = self._root(part)
            merged = tuple(m.attrib["ref"] for m in _all(root, "mergeCell"))
            return Sheet(hidden, merged, tuple(self._rows(root)))
        except (ElementTree.ParseError, KeyError, ValueError, IndexError) as error:
            raise self._damaged(error) from None

    def _rows(self, root: ElementTree.Element) -> Iterator[tuple[int, dict[int, Cell]]]:
        number = 0
        for row in _all(root, "row"):
            number = int(row.get("r") or number + 1)
            cells: dict[int, Cell] = {}
            column = 0
            for element in row:
                if _local(element) != "c":
                    continue
                reference = _REFERENCE.fullmatch(element.get("r", ""))
                column = _column(reference[1]) if reference else column + 1
                cell = self._cell(element)
                if cell is not None:
                    cells[column] = cell
            if cells:
                yield number, cells

    def _cell(self, element: ElementTree.Element) -> Cell | None:
        """What the cell holds; None for an empty one."""
        kind = element.get("t", "n")
        children = {_local(child): child for child in element}
        value = children["v"].text if "v" in children else None
        if "f" in children:
            return Cell("formula", ("=" + (children["f"].text or ""), value))
        if kind == "inlineStr":
            return _text_cell(_string(children["is"])) if "is" in children else None
        if value is None:
            return None
        if kind == "s":
            return _text_cell(self._texts[int(value)])
        if kind == "str":
            return _text_cell(_unescaped(value))
        if kind == "b":
            return Cell("bool", value.strip() == "1")
        if kind == "e":
            return Cell("error", value)
        style = int(element.get("s", "0"))
        shown, why = self._formats[style] if style < len(self._formats) else ("number", "")
        if kind == "d" or shown == "date":
            return Cell("date", value)
        whole = _WHOLE.fullmatch(value.strip())
        return Cell(shown, why or (int(value) if whole else float(value)))


def _guard_name(file: str) -> None:
    suffix = os.path.splitext(file)[1].lower()
    if suffix != ".xlsx":
        what = "a workbook with macros" if suffix in (".xlsm", ".xltm") else f"a {suffix or 'nameless'} file"
        raise refused("workbook-format", file, None, f"{what} is not read", "save it as an Excel workbook (.xlsx)")


def _unpack(file: str, content: bytes) -> dict[str, bytes]:
    """The XML parts of the archive, within limits and without macros or entities. Raises InputError."""

    def refuse(code: str, message: str, cure: str) -> InputError:
        return refused(code, file, None, message, cure)

    right = "save it as an Excel workbook (.xlsx) without a password"
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise refuse("workbook-format", "the file is protected by a password, or in the old .xls format", right)
    if not content.startswith(b"PK"):
        raise refuse("workbook-format", "the file is not an Excel workbook", right)
    parts: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_PARTS or sum(e.file_size for e in entries) > MAX_UNPACKED:
            message = f"the workbook unpacks to more than {MAX_UNPACKED:,} bytes or {MAX_PARTS} parts"
            raise refuse("workbook-size", message, "keep only the sheets that the case needs")
        if any(e.flag_bits & 1 for e in entries):
            raise refuse("workbook-format", "the file is encrypted", right)
        if any(e.filename.lower().endswith("vbaproject.bin") for e in entries):
            raise refuse("workbook-macros", "the workbook contains macros", "save it as .xlsx, without macros")
        for entry in entries:
            if entry.filename.endswith((".xml", ".rels")):
                parts[entry.filename] = archive.read(entry)
    tags = cells = 0
    for name, data in parts.items():
        tags += data.count(b"<")
        cells += len(re.findall(rb"<(?:\w+:)?c[\s/>]", data)) if "/worksheets/" in name else 0
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data:
            message = "the workbook declares entities or uses an unusual encoding"
            raise refuse("workbook-xml", message, _SAVE_ANEW)
    if tags > MAX_TAGS or cells > MAX_CELLS:
        message = f"the workbook has more than {MAX_CELLS:,} cells"
        raise refuse("workbook-size", message, "keep only the sheets that the case needs")
    return parts


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Elements by name, whatever their namespace."""
    return (element for element in root.iter() if _local(element) == name)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number


def _string(item: ElementTree.Element) -> str:
    """The text of a string item, its runs joined, phonetic hints left out."""
    pieces = []
    for child in item:
        if _local(child) == "t":
            pieces.append(child.text or "")
        elif _local(child) == "r":
            pieces += [t.text or "" for t in child if _local(t) == "t"]
    return _unescaped("".join(pieces))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text).replace("\r\n", "\n")


def _text_cell(text: str) -> Cell | None:
    return Cell("text", text) if text.strip() else None


def _formats(root: ElementTree.Element) -> list[tuple[str, str]]:
    """What each cell format makes of a number: the kind of cell, and for a disguised number what it does."""
    own = {int(f.attrib["numFmtId"]): f.get("formatCode", "") for f in _all(root, "numFmt")}
    styles = (style for formats in _all(root, "cellXfs") for style in formats)
    numbers = (int(style.get("numFmtId", "0")) for style in styles)
    return [number_format(number, own.get(number, "")) for number in numbers]
