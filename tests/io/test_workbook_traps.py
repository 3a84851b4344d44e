"""Every trap of a spreadsheet is refused with sheet, row, cause and cure, and quickly."""

from __future__ import annotations

import builtins
import datetime
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import Finding, InputError
from optimizer.inputs.load import load_case
from optimizer.io.documents import Document
from optimizer.io.workbook import workbook_documents, write_case_workbook
from optimizer.io.workbook_cells import MAX_CELLS
from optimizer.io.workbook_paths import split_path

SHEET = "xl/worksheets/sheet{}.xml"
HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


def findings(path: Path) -> list[Finding]:
    try:
        workbook_documents(path)
    except InputError as error:
        return list(error.findings)
    return []


def put(sheet: str, cell: str, value: Any) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        book[sheet][cell] = value

    return change


def add(sheet: str, *cells: Any) -> Callable[[Any], None]:
    return lambda book: book[sheet].append(list(cells))


def merge(book: Any) -> None:
    book["numbers"].merge_cells("D3:D6")


def hide(book: Any) -> None:
    book["numbers"].sheet_state = "hidden"


def very_hide(book: Any) -> None:
    book["market"].sheet_state = "veryHidden"


def percent_date(book: Any) -> None:
    book["numbers"]["B3"].number_format = "dd/mm/yyyy"


def remove(book: Any) -> None:
    del book["numbers"]


def rename(book: Any) -> None:
    book["sources"].title = "sources (2)"


TRAPS = {
    "formula": (put("numbers", "B4", "=2*35"), "workbook-formula", "numbers", 4),
    "formula in a source": (put("sources", "B2", '=HYPERLINK("http://x")'), "workbook-formula", "sources", 2),
    "formula in the case": (put("case", "B2", "=A1"), "workbook-formula", "case", 2),
    "date": (put("numbers", "B3", datetime.date(2025, 5, 1)), "workbook-date", "numbers", 3),
    "number shown as a date": (percent_date, "workbook-date", "numbers", 3),
    "time in a ladder": (put("case", "B7", datetime.time(12, 30)), "workbook-date", "case", 7),
    "boolean as a number": (put("numbers", "B5", True), "workbook-number", "numbers", 5),
    "error value": (put("numbers", "B5", "#N/A"), "workbook-error", "numbers", 5),
    "decimal comma": (put("numbers", "B5", "1,5"), "workbook-number", "numbers", 5),
    "thousands": (put("numbers", "B5", "3 000 000"), "workbook-number", "numbers", 5),
    "unit with the number": (put("numbers", "B5", "20 usd"), "workbook-number", "numbers", 5),
    "not available": (put("numbers", "B5", "n/a"), "workbook-number", "numbers", 5),
    "value missing": (put("numbers", "B5", None), "workbook-value", "numbers", 5),
    "value missing in the case": (put("case", "B3", None), "workbook-value", "case", 3),
    "path missing": (put("numbers", "A5", None), "workbook-path", "numbers", 5),
    "path with a space": (put("numbers", "A5", "plans.plus.price "), "workbook-path", "numbers", 5),
    "path with an empty part": (put("numbers", "A5", "plans..price"), "workbook-path", "numbers", 5),
    "path without end": (put("numbers", "A5", "a." * 4_000 + "b"), "workbook-path", "numbers", 5),
    "stray bracket": (put("case", "A5", "plans.[plus].price"), "workbook-path", "case", 5),
    "space after a source": (put("numbers", "D5", "calendar "), "workbook-space", "numbers", 5),
    "duplicate number": (add("numbers", "plans.plus.price", 12, "usd"), "workbook-duplicate", "numbers", None),
    "duplicate in the case": (add("case", "title", "again"), "workbook-duplicate", "case", None),
    "duplicate source": (add("sources", "calendar", "again"), "workbook-duplicate", "sources", 3),
    "a number in two sheets": (add("market", "plans.plus.price", 12), "merge-conflict", "numbers", None),
    "path inside a number": (add("numbers", "plans.plus.price.low", 1, "usd"), "workbook-path", "numbers", None),
    "path inside a value": (add("case", "title.more", 1), "workbook-path", "case", None),
    "thousands or a list": (put("case", "B7", "1,200"), "workbook-value", "case", 7),
    "empty item": (put("case", "B7", "8, , 9"), "workbook-value", "case", 7),
    "broken brackets": (put("case", "B7", "[8, 9"), "workbook-value", "case", 7),
    "deep brackets": (put("case", "B7", "[" * 30_000), "workbook-value", "case", 7),
    "gap in a list": (add("case", "conditions.5.figure", "revenue"), "workbook-list", "case", None),
    "unknown column": (put("numbers", "C1", "units"), "workbook-column", "numbers", 1),
    "column twice": (put("numbers", "C1", "value"), "workbook-column", "numbers", 1),
    "column missing": (put("numbers", "B1", None), "workbook-column", "numbers", 1),
    "cell under no header": (put("numbers", "K9", "see mail"), "workbook-column", "numbers", 9),
    "merged": (merge, "workbook-merged", "numbers", 3),
    "hidden": (hide, "workbook-hidden", "numbers", None),
    "very hidden": (very_hide, "workbook-hidden", "market", None),
    "sheet missing": (remove, "workbook-sheet", "", None),
    "sheet renamed": (rename, "workbook-sheet", "", None),
}  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS)
def test_trap(trap: str, cut: Callable[..., Path]) -> None:
    change, code, sheet, row = TRAPS[trap]
    path = cut(change)
    found = [f for f in findings(path) if f.code == code]
    assert found, findings(path)
    first = found[0]
    assert first.file == (f"{path}[{sheet}]" if sheet else str(path))
    assert row is None or first.line == row
    assert first.message and first.cure


def test_a_cached_value_is_told(original: Path, repacked: Callable[..., Path]) -> None:
    with zipfile.ZipFile(original) as archive:
        sheet = archive.read(SHEET.format(4))
    start = sheet.index(b'<c r="B2"')
    end = sheet.index(b"</c>", start)
    sheet = sheet[:start] + b'<c r="B2"><f>300+4</f><v>304</v>' + sheet[end:]
    (found,) = findings(repacked({SHEET.format(4): sheet}))
    assert "=300+4" in found.message and found.cure.endswith("304")


def test_all_findings_at_once(spoilt: Callable[..., Path]) -> None:
    def change(book: Any) -> None:
        for trap in ("formula", "formula in a source", "value missing in the case", "decimal comma"):
            TRAPS[trap][0](book)

    assert {f.file.partition("[")[2] for f in findings(spoilt(change))} == {"case]", "numbers]", "sources]"}


def test_a_flood_of_findings_is_cut(spoilt: Callable[..., Path]) -> None:
    def change(book: Any) -> None:
        for row in range(2, 90):
            book["numbers"].cell(row, 2).value = "?"

    assert len(findings(spoilt(change))) == 50


def test_column_note_and_rows_with_a_cross_are_the_users_own(spoilt: Callable[..., Path]) -> None:
    def change(book: Any) -> None:
        book["numbers"]["H1"] = "Note"
        book["numbers"]["H5"] = "=1+1"
        book["numbers"].append(["# total", "=SUM(B2:B9)"])

    assert findings(spoilt(change)) == []


FEE = "finance.fees.consumer.payment"
SHOWN = {
    # format, unit of the row, what the cell holds -> what is read; None: refused
    "per cent of a per cent": ("0%", "percent", 0.03, 3.0),
    "two decimals": ("0.00%", "percent", 0.0325, 3.25),
    "no float noise": ("0%", "percent", 0.07, 7.0),
    "no float noise, small": ("0.00%", "percent", 0.0029, 0.29),
    "percents": ("0%", "percents", 0.03, 3.0),
    "per cent with a colour": ("0%;[Red]-0%", "percent", 0.03, 3.0),
    "per cent of a fraction": ("0%", "fraction", 0.03, 0.03),
    "per cent of 1": ("0.0%", "1", 0.03, 0.03),
    "a rate a month": ("0%", "percent/month", 0.03, 3.0),
    "a rate a month as a fraction": ("0%", "1/month", 0.03, 0.03),
    "a plain per cent": ("0.00", "percent", 3.0, 3.0),
    "a plain fraction": ("General", "fraction", 0.03, 0.03),
    "per cent of money": ("0%", "usd/month", 20.0, None),
    "per cent of people": ("0%", "million customers", 0.03, None),
    "per cent of requests": ("0%", "requests", 3.0, None),
    "a sign that is only text": ('0"%"', "fraction", 0.03, None),
    "a sign that is only text, escaped": ("0\\%", "fraction", 0.03, None),
    "two signs": ("0%%", "percent", 0.0003, None),
    "thousands": ("#,##0,", "customers", 3000.0, None),
    "millions": ("0.0,,", "million customers", 3e6, None),
    "millions with a letter": ('0.0,,"M"', "customers", 3e6, None),
    "a letter alone": ('0.0"M"', "customers", 3.0, None),
    "a word alone": ('0.0 "billion"', "usd/month", 3.0, None),
    "euro": ("#,##0.00 [$€-407]", "usd/month", 20.0, None),
    "pounds": ('"£"0.00', "usd/month", 20.0, None),
    "dollars": ("$#,##0.00", "usd/month", 20.0, 20.0),
    "dollars of a country": ("[$$-409]#,##0.00", "usd/month", 20.0, 20.0),
    "digits grouped": ("#,##0", "customers", 3000.0, 3000.0),
    "accounting": (r'_(* #,##0.00_);_(* \(#,##0.00\);_(* "-"??_);_(@_)', "usd/month", 20.0, 20.0),
    "hidden": (";;;", "usd/month", 20.0, None),
    "a text for a number": ('"free"', "usd/month", 20.0, None),
    "hours": ("[h]", "hours/month", 20.0, None),
    "scientific": ("0.00E+00", "customers", 3000.0, 3000.0),
}


@pytest.mark.parametrize("column", ["value", "low", "high"])
def test_a_number_is_read_as_it_is_shown(column: str, cut: Callable[..., Path]) -> None:
    """Or refused with its place, where what is shown is not what the unit makes of it."""

    def build(kept: list[str]) -> Callable[[Any], None]:
        def change(book: Any) -> None:
            for name in kept:
                shown, unit, held, _ = SHOWN[name]
                book["numbers"].append([f"shown.{name}", 1.0, unit, None, "test", 1.0, 1.0])
                cell = book["numbers"].cell(book["numbers"].max_row, {"value": 2, "low": 6, "high": 7}[column])
                cell.value, cell.number_format = held, shown

        return change

    right = {name: wanted for name, (*_, wanted) in SHOWN.items()}
    found = {f.field: f for f in findings(cut(build(list(SHOWN))))}
    assert set(found) == {f"shown.{name}.{column}" for name, wanted in right.items() if wanted is None}
    assert {f.code for f in found.values()} == {"workbook-number-format", "workbook-date"}
    assert all(f.line and f.message and f.cure for f in found.values())
    read = {name: wanted for name, wanted in right.items() if wanted is not None}
    _, market = workbook_documents(cut(build(list(read))))
    assert {name: market.data["shown"][name][column] for name in read} == read


@pytest.mark.parametrize(
    ("path", "read"),
    [("conditions.1.at_least", True), ("mix.enterprise_share", True), ("options.gap", True),
     ("changes.plans.plus.price.times", True), ("rules.price_change.0.at_most", True), ("scenarios.a.weight", True),
     ("changes.finance.fees.consumer.payment.to", False), ("changes.plans.plus.price.plus", False),
     ("options.time_limit", False), ("plans.plus.price.least", False), ("conditions.1.denominator_floor", False)],
)  # fmt: skip
def test_a_percentage_in_the_case_is_a_share(path: str, read: bool, cut: Callable[..., Path]) -> None:
    """Or refused: the unit of a change is the market's, and a price is no share."""

    def change(book: Any) -> None:
        sheet = book["case"]
        for row in range(sheet.max_row, 1, -1):
            if sheet.cell(row, 1).value == path:
                sheet.delete_rows(row)
        sheet.append([path, 0.5])
        sheet.cell(sheet.max_row, 2).number_format = "0%"

    book = cut(change)
    found = findings(book)
    if not read:
        assert [(f.code, f.field) for f in found] == [("workbook-value", path)] and "50%" in found[0].message
        return
    assert found == []
    data: Any = workbook_documents(book)[0].data
    for part in split_path(path):
        data = data[int(part)] if isinstance(data, list) else data[part]
    assert data in (0.5, [0.5])


def test_a_percentage_typed_over_a_fee_is_the_fee(spoilt: Callable[..., Path]) -> None:
    """3 %, with 2 % and 9 %: what the shipped case states as 0.03."""

    def change(book: Any) -> None:
        for row in book["numbers"].iter_rows(min_row=2):
            if row[0].value == FEE:
                row[2].value = "percent"
                for cell, value in ((row[1], 0.03), (row[5], 0.02), (row[6], 0.09)):
                    cell.value, cell.number_format = value, "0%"

    fee = load_case(spoilt(change)).market.finance.fees["consumer"].payment
    assert (fee.value, fee.low, fee.high) == pytest.approx((0.03, 0.02, 0.09), rel=1e-12)


@pytest.mark.parametrize("name", ["a.xlsm", "a.xls", "a.xlsb", "a.ods", "a.XLTX"])
def test_other_formats(name: str, copied: Path) -> None:
    path = copied.rename(copied.with_name(name))
    (found,) = findings(path)
    assert found.code == "workbook-format" and ".xlsx" in found.cure


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "workbook-format"),
        (b"PK\x03\x04 no archive", "workbook-damaged"),
        (b"PK\x05\x06" + 18 * b"\0", "workbook-damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + 600 * b"\0", "workbook-format"),
        (b"path,value\ntitle,x\n", "workbook-format"),
        (b"PK" + 2_100_000 * b"x", "file-size"),
    ],
    ids=["empty", "torn", "empty archive", "password or xls", "csv", "large"],
)
def test_no_workbook_at_all(content: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    (found,) = findings(path)
    assert found.code == code and found.cure


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert findings(tmp_path / "no.xlsx")[0].code == "file-missing"
    (tmp_path / "folder.xlsx").mkdir()
    assert findings(tmp_path / "folder.xlsx")[0].code == "file-kind"


def bomb() -> dict[str, bytes]:
    return {SHEET.format(9): HEAD + 20_000_000 * b" "}


def entities() -> dict[str, bytes]:
    lines = b"".join(b'<!ENTITY a%d "%s">' % (k, b"&a%d;" % (k - 1) * 10) for k in range(1, 12))
    return {"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a0 "lol">' + lines + b"]><workbook>&a11;</workbook>"}


BOMBS = {
    "zip bomb": (bomb, "workbook-size"),
    "entities": (entities, "workbook-xml"),
    "other encoding": (lambda: {"xl/workbook.xml": "<!DOCTYPE x []><workbook/>".encode("utf-16")}, "workbook-xml"),
    "many cells": (lambda: {SHEET.format(2): HEAD + (MAX_CELLS + 1) * b"<c/>" + b"</worksheet>"}, "workbook-size"),
    "many tags": (lambda: {SHEET.format(2): HEAD + 1_600_000 * b"<a/>" + b"</worksheet>"}, "workbook-size"),
    "many parts": (lambda: {f"x{k}.xml": b"<a/>" for k in range(600)}, "workbook-size"),
    "macros": (lambda: {"xl/vbaProject.bin": b"x"}, "workbook-macros"),
    "broken sheet": (lambda: {SHEET.format(2): HEAD + b"<row"}, "workbook-damaged"),
    "no sheet list": (lambda: {"xl/workbook.xml": b"<workbook/>"}, "workbook-sheet"),
    "shared text missing": (
        lambda: {SHEET.format(2): HEAD + b'<row r="1"><c t="s"><v>7</v></c></row></worksheet>'}, "workbook-damaged"),
    "a number that is none": (
        lambda: {SHEET.format(2): HEAD + b"<row><c><v>twelve</v></c></row></worksheet>"}, "workbook-damaged"),
    "a number without end": (
        lambda: {SHEET.format(2): HEAD + b'<row r="1"><c><v>1e999</v></c></row></worksheet>'}, "workbook-column"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_archive(name: str, repacked: Callable[..., Path]) -> None:
    parts, code = BOMBS[name]
    path = repacked(parts())
    began = time.process_time()
    assert code in [f.code for f in findings(path)]
    assert time.process_time() - began < 2.0


def test_a_merged_range_over_the_whole_sheet_costs_nothing(repacked: Callable[..., Path], original: Path) -> None:
    with zipfile.ZipFile(original) as archive:
        sheet = archive.read(SHEET.format(4))
    merged = b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>'
    began = time.process_time()
    found = findings(repacked({SHEET.format(4): sheet.replace(b"</worksheet>", merged)}))
    assert [f.code for f in found] == ["workbook-merged"] and time.process_time() - began < 2.0


def test_links_to_other_files_are_not_followed(repacked: Callable[..., Path], original: Path) -> None:
    with zipfile.ZipFile(original) as archive:
        relations = archive.read("xl/_rels/workbook.xml.rels")
    link = (b'<Relationship Id="rId77" TargetMode="External" Target="http://example.invalid/styles.xml" '
            b'Type="http://x/relationships/styles"/></Relationships>')  # fmt: skip
    path = repacked({"xl/_rels/workbook.xml.rels": relations.replace(b"</Relationships>", link)})
    assert findings(path) == []


def test_without_openpyxl_a_workbook_is_read_but_not_written(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def no_openpyxl(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "openpyxl":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", no_openpyxl)
    case, market = workbook_documents(original)
    with pytest.raises(InputError, match=r"optimizer\[excel\]"):
        write_case_workbook(tmp_path / "x.xlsx", Document(case.data, {}, ""), market)
