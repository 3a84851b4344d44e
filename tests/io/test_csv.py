"""Tables of numbers: what is read, and every refusal with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimizer.errors import Finding, InputError
from optimizer.io.documents import Document
from optimizer.io.numbers_csv import read_numbers_csv

HEADER = "path,value,unit,source,assumption,low,high\n"


def read(folder: Path, text: str | bytes) -> Document:
    path = folder / "numbers.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_numbers_csv(path)


def refused(folder: Path, text: str | bytes) -> tuple[Finding, ...]:
    with pytest.raises(InputError) as caught:
        read(folder, text)
    assert all(f.severity == "error" and f.file.endswith("numbers.csv") and f.cure for f in caught.value.findings)
    return caught.value.findings


def test_rows_become_quantities(tmp_path: Path) -> None:
    text = HEADER + 'plans.plus.price,20,usd/month,"a, b",,,\n\nplans.plus.decision_rate,4.5e-2,1/month,,"why\nso",0.03,+.06\n'
    document = read(tmp_path, text + "plans.free.price,0,,,,,\r\n")
    assert document.data == {
        "plans": {
            "plus": {
                "price": {"value": 20.0, "unit": "usd/month", "source": "a, b"},
                "decision_rate": {"value": 0.045, "unit": "1/month", "assumption": "why\nso", "low": 0.03, "high": 0.06},
            },
            "free": {"price": {"value": 0.0}},
        }
    }
    assert document.lines["plans"] == document.lines["plans.plus.price.value"] == 2
    assert document.lines["plans.plus.decision_rate.low"] == 4
    assert document.lines["plans.free"] == document.lines["plans.free.price.value"] == 6


@pytest.mark.parametrize(
    ("cell", "cure"),
    [
        ("NA", "must be known"), ("None", "must be known"), ("nan", "must be known"), ("-inf", "must be known"),
        ("Infinity", "must be known"), ("#N/A", "must be known"), ("#DIV/0!", "must be known"), ("1e999", "a number"),
        ('"1,000"', "thousands: 1000"), ('"12,345,678.5"', "thousands: 12345678.5"), ("1 000", "thousands: 1000"),
        ("1'000", "thousands: 1000"), ('"3,5"', "point: 3.5"), (" 3", "stray space"), ("3 ", "stray space"),
        ("$20", "unit"), ("5%", "unit"), ("20 usd", "unit"), ("=1+1", "formula"), ("abc", "a number"),
        ("1_000", "thousands: 1000"), ("0x10", "a number"), ("٣", "a number"), ("", "write a number"),
    ],
)  # fmt: skip
def test_cells_that_are_no_numbers(tmp_path: Path, cell: str, cure: str) -> None:
    (finding,) = refused(tmp_path, f"path,value\na.b,1\nc.d,{cell}\n")
    assert (finding.code, finding.line, finding.field) == ("csv-number", 3, "c.d.value")
    assert cure in finding.cure


@pytest.mark.parametrize(
    ("text", "code", "line", "cure"),
    [
        ("\ufeff" + HEADER + "a,1,\ufeffusd,,,,\n", "file-control-character", 2, "delete"),
        (("\ufeff" + HEADER).encode("utf-16-le"), "file-encoding", 1, "CSV UTF-8"),
        ((HEADER + "a,1,,,,,\n").encode("utf-16"), "file-encoding", 1, "CSV UTF-8"),
        ((HEADER + "a,1,,,,,\n").encode("utf-16-be"), "file-encoding", 1, "CSV UTF-8"),
        ((HEADER + "a,1,,,,,\n").encode("utf-32"), "file-encoding", 1, "CSV UTF-8"),
        ((HEADER + "a,1,,ü,,,\n").encode("cp1252"), "file-encoding", 2, "UTF-8"),
        (("\ufeff" + HEADER).encode() + b"a,1,,,\n\xfc,,\n", "file-encoding", 3, "UTF-8"),
        ("path,value\ra,1\r", "file-control-character", 1, "line ends"),
        ("path,value,\na,1,x\n", "csv-cells", 2, "quotes"),
        ("path,,value\na,,1\n", "csv-column", 1, "allowed"),
        (HEADER.replace(",", ";") + "a;1;;;;;\n", "csv-delimiter", 1, "commas"),
        (HEADER.replace(",", "\t"), "csv-delimiter", 1, "commas"),
        ("path, value\na,1\n", "csv-column", 1, "'value'"),
        ("Path,value\na,1\n", "csv-column", 1, "'path'"),
        ("path,value,sorce\na,1,x\n", "csv-column", 1, "'source'"),
        ("path,value,colour\na,1,x\n", "csv-column", 1, "allowed"),
        ("path,value,value\na,1,2\n", "csv-column", 1, "one of the two"),
        ("path,unit\na,usd\n", "csv-column", 1, HEADER.strip()),
        ("path,value\na,1,5\n", "csv-cells", 2, "point"),
        ("path,value\na\n", "csv-cells", 2, "quotes"),
        ("path,value\n,1\n", "csv-path", 2, "name the field"),
        ("path,value\na..b,1\n", "csv-path", 2, "plans.plus.price"),
        ("path,value\na .b,1\n", "csv-path", 2, "plans.plus.price"),
        ("path,value\n" + "a." * 20_000 + "b,1\n", "csv-path", 2, "plans.plus.price"),
        ("path,value\na.b,1\nc,1\na.b,1\n", "csv-duplicate", 4, "one of the two"),
        ("path,value\na.b,1\na.b.low,1\n", "csv-path", 3, "columns"),
        ("path,value\na.b,1\na,1\n", "csv-path", 3, "another name"),
        ("path,value,unit\na,1, usd\n", "csv-space", 2, "remove"),
        ('path,value,source\na,1,x\nb,1,"open\nc,2,y\n', "csv-syntax", 3, "quote"),
        ('path,value,source\na,1,"x"y\n', "csv-syntax", 2, "quote"),
        (HEADER + "a,1\x00,,,,,\n", "file-control-character", 2, "delete"),
        ("", "file-empty", 1, "content"),
    ],
)
def test_tables_refused(tmp_path: Path, text: str, code: str, line: int, cure: str) -> None:
    first = refused(tmp_path, text)[0]
    assert (first.code, first.line) == (code, line)
    assert cure in first.cure


def test_all_findings_at_once_and_no_cascade(tmp_path: Path) -> None:
    found = refused(tmp_path, "path,value,low\na.b,x,y\na,1,2\na.c,1,2\n")
    assert [(f.line, f.field) for f in found] == [(2, "a.b.value"), (2, "a.b.low"), (3, "a")]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffpath,value,unit\r\na.b,1.5,usd\r\n",
        "\ufeffpath,value,unit\na.b,1.5,usd\n",
        "\ufeff\n\npath,value,unit\na.b,1.5,usd",
        '\ufeff"path","value","unit"\r\n"a.b","1.5","usd"\r\n',
        "\ufeffpath,value,unit,,\r\na.b,1.5,usd,,\r\n,,,,\r\n",
        "path,value,unit,,\na.b,1.5,usd,\n",
        "path,value,unit\na.b,1.5,usd,,,\n",
    ],
)
def test_what_a_spreadsheet_saves_is_read(tmp_path: Path, text: str) -> None:
    """A byte order mark, line ends of Windows, quotes everywhere, empty columns and rows at the end."""
    assert read(tmp_path, text).data == {"a": {"b": {"value": 1.5, "unit": "usd"}}}


def test_a_mark_does_not_move_lines(tmp_path: Path) -> None:
    (finding,) = refused(tmp_path, "\ufeffpath,value\r\na,1\r\nb,x\r\n")
    assert (finding.code, finding.line, finding.field) == ("csv-number", 3, "b.value")


def test_a_huge_cell_is_a_finding(tmp_path: Path) -> None:
    assert refused(tmp_path, "path,value,source\na,1," + "x" * 200_000 + "\n")[0].code == "csv-syntax"
