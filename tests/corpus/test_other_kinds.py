"""Files of other kinds where a case is expected: told for what they look like and what takes them, in one finding."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from optimizer.io.library import data_folder


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


LOG = (
    "2025-11-03 10:00:01 INFO request model=large tokens=812\n2025-11-03 10:00:02 INFO request model=large tokens=91\n"
)
TRACE = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n"
)
# name of the file, content, words of the message, words of the cure
KINDS: dict[str, tuple[str, str | bytes, str, str]] = {
    "price list": ("prices.csv", "plan,price\nplus,20\npro,200\n", "a price list", "numbers"),
    "price list in usd": ("p.csv", "Plan,Monthly fee (USD),Seats\nPlus,20,1\n", "a price list", "numbers"),
    "price list with semicolons": ("p.csv", "Produkt;Price\nPlus;20,00\n", "a price list", "numbers"),
    "price list with tabs": ("p.tsv", "model\tinput_cost\toutput_cost\nlarge\t2\t8\n", "a price list", "numbers"),
    "price list with bars": ("p.txt", "| plan | price |\n| plus | 20 |\n", "a price list", "numbers"),
    "price list with quotes": ("p.csv", '"SKU","Unit price"\n"a,b","1,5"\n', "a price list", "numbers"),
    "price list after a mark": ("p.csv", "\ufeffplan,price\r\nplus,20\r\n", "a price list", "numbers"),
    "price list named like a case": ("case.yaml", "plan,price\nplus,20\n", "a price list", "numbers"),
    "price list in JSON": (
        "p.json",
        '[{"plan": "plus", "price": 20}, {"plan": "pro", "price": 200}]',
        "a price list",
        "",
    ),
    "price list by model in JSON": (
        "p.json",
        '{"large": {"input_cost_per_token": 1e-6}, "small": {"input_cost_per_token": 1e-7}}',
        "a price list",
        "",
    ),
    "price list of a gateway": (
        "p.json",
        '{"data": [{"id": "x/large", "pricing": {"prompt": "0.000002"}}]}',
        "a price list",
        "",
    ),
    "price list in YAML": (
        "p.yaml",
        "- plan: plus\n  price: 20\n- plan: pro\n  price: 200\n",
        "a price list",
        "numbers",
    ),
    "price map in YAML": (
        "p.yaml",
        "plus: {plan: Plus, price: 20}\npro: {plan: Pro, price: 200}\n",
        "a price list",
        "",
    ),
    "trace": ("trace.csv", TRACE, "a usage log or trace", "usage"),
    "trace by user": ("u.csv", "user,requests,active_days\na,40,3\nb,7,1\n", "a usage log or trace", "usage"),
    "trace with a model": (
        "u.csv",
        "Timestamp,Model,Request tokens,Response tokens\n5,GPT-4,472,18\n",
        "a usage log",
        "",
    ),
    "trace in JSON lines": (
        "u.jsonl",
        '{"ts": 1, "prompt_tokens": 5}\n{"ts": 2, "prompt_tokens": 9}\n',
        "a usage log or trace",
        "usage",
    ),
    "large trace": ("u.csv", TRACE + "2023-11-16 18:15:50.9951690,396,109\n" * 60_000, "a usage log or trace", "usage"),
    "large JSON lines": ("u.json", '{"time": "2025-01-01", "tokens": 5}\n' * 60_000, "a usage log or trace", "usage"),
    "log": ("server.log", LOG, "a usage log or trace", "usage"),
    "log without use": ("x.log", "2025-11-03T10:00:01Z started\n2025-11-03T10:00:02Z stopped\n", "a log", ""),
    "log of a web server": ("access", '10.0.0.1 - - [03/Nov/2025:10:00:01] "GET / HTTP/1.1" 200\n', "a log", ""),
    "system log": ("syslog", "Nov  3 10:00:01 host program: started\n", "a log", ""),
    "numbers": (
        "numbers.csv",
        "path,value,unit,source\nplans.plus.price,20,usd/month,x\n",
        "a market's numbers",
        "market",
    ),
    "figures": (
        "figures.csv",
        "figure,unit,value,today,unchanged\nrevenue,usd/month,1,1,1\n",
        "a saved answer",
        "verify",
    ),
    "menu": ("menu.csv", "plan,title,offered,price_usd_per_month\nplus,Plus,True,20\n", "a saved answer", "verify"),
    "another table": ("t.csv", "country,population\nNL,18\nBE,12\n", "a table (columns country, population)", "copy"),
    "survey": ("choices.csv", "resp.id;ques;alt;qual;choice\n1;1;alt1;good;0\n", "a table (columns resp.id", "copy"),
    "one column": ("t.csv", "names\nplus\npro\n", "a table", "copy"),
    "scenarios": (
        "worlds.yaml",
        "scenarios:\n  war: {changes: {alternatives.*.price: {times: 0.5}}}\n",
        "scenarios",
        "compare",
    ),
    "grid": ("worlds.yaml", "grid:\n  pools.main.price: [{times: 0.5}, {times: 2}]\n", "scenarios", "--scenarios FILE"),
    "PDF": ("report.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document", "copy"),
    "PDF named like a case": ("case.yaml", b"%PDF-1.4\n1 0 obj\n", "a PDF document", "copy"),
    "PDF named like a workbook": ("case.xlsx", b"%PDF-1.4\n1 0 obj\n", "a PDF document", "copy"),
    "zip": ("cases.zip", zipped("cases/x.yaml"), "a zip archive", "unpack"),
    "torn zip": ("cases.zip", b"PK\x03\x04\x14\x00\x00", "a zip archive", "unpack"),
    "workbook without its name": ("case.yaml", zipped("xl/workbook.xml"), "an Excel workbook", ".xlsx"),
    "Word": ("x.docx", zipped("word/document.xml"), "a Word document", "copy"),
    "slides": ("x.pptx", zipped("ppt/presentation.xml"), "a presentation", "copy"),
    "OpenDocument": ("x.odt", zipped("content.xml"), "an OpenDocument file", "copy"),
    "old Office": ("x.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "an old Office document", "copy"),
    "picture": ("x.png", b"\x89PNG\r\n\x1a\n\x00", "a picture", "copy"),
    "photo": ("x.jpg", b"\xff\xd8\xff\xe0", "a picture", "copy"),
    "parquet": ("x.parquet", b"PAR1\x15\x00", "a parquet table", "copy"),
    "gzip": ("numbers.csv.gz", b"\x1f\x8b\x08\x00", "a gzip archive", "copy"),
    "database": ("x.db", b"SQLite format 3\x00", "a database", "copy"),
    "pickle": ("x.pkl", b"\x80\x04\x95", "a Python pickle", "copy"),
    "program file": ("x.bin", b"\x7fELF\x02", "a program", "copy"),
    "web page": ("pricing.html", "<!DOCTYPE html>\n<html><body>Plus 20 usd</body></html>", "a web page", "copy"),
    "XML": ("x.xml", '<?xml version="1.0"?><plans/>', "an XML document", "copy"),
    "script": ("run", "#!/bin/sh\noptimizer run x\n", "a program", "copy"),
    "Python": ("what_if.py", "import optimizer\nprint(optimizer.solve_case('x'))\n", "a Python program", "copy"),
    "Markdown": (
        "README.md",
        "# Title\n\nSome *text*: with, commas.\n\n- a list: of things\n",
        "a text (Markdown)",
        "copy",
    ),
    "plain text": ("notes.txt", "Ask the board about prices.\n", "a text", "copy"),
    "notebook": ("x.ipynb", '{"cells": [], "metadata": {}, "nbformat": 4}', "a notebook", "copy"),
    "settings": ("pyproject.toml", '[project]\nname = "x"\n', "a settings file", "copy"),
    "other YAML": (
        "compose.yaml",
        "services: {db: {image: postgres}}\nvolumes: {}\n",
        "it holds services, volumes",
        "copy",
    ),
    "other JSON": ("package.json", '{"name": "x", "version": "1.0.0"}', "it holds name, version", "copy"),
    "empty JSON": ("x.json", "{}", "it holds nothing", "copy"),
    "records": ("x.json", '[{"country": "NL"}, {"country": "BE"}]', "a list of records", "copy"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_kind(kind: str, tmp_path: Path, call: Any) -> None:
    name, content, words, cure = KINDS[kind]
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    told = call("run", path, "--json", "--out", tmp_path / "out")
    (found,) = told.json["findings"]
    assert (told.code, told.err, found["code"], found["file"]) == (2, "", "not-a-case", str(path))
    assert words in found["message"] and found["message"].startswith("this looks like ")
    assert cure in found["cure"] and "run" in found["cure"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["run", "evaluate", "check", "frontier", "compare", "explain", "sensitivity"])
def test_every_command_that_takes_a_case_tells_it(command: str, tmp_path: Path, call: Any) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("plan,price\nplus,20\n")
    told = call(command, path)
    assert told.code == 2
    assert f"{path}: this looks like a price list, not like a case" in told.out + told.err
    assert (told.out + told.err).count("\n") == 1
    assert call("copy", path, tmp_path / "mine").code == 2 and not (tmp_path / "mine").exists()


def test_what_the_command_itself_makes(company: Any, call: Any, tmp_path: Path) -> None:
    """Saved files, folders, a market and the schema, given back for a case."""
    out = tmp_path / "out"
    assert call("run", company.case, "--out", out, "--excel", tmp_path / "results.xlsx").code == 0
    assert call("frontier", company.case, "--points", "3", "--out", out).code == 0
    (tmp_path / "schema.json").write_text(call("schema").out)
    (tmp_path / "case-schema.json").write_text(call("schema", "case").out)
    (tmp_path / "error.json").write_text(call("run", "nowhere", "--json").out)
    saved = [p.name for p in out.iterdir() if p.name not in ("frontier.csv", "usage_classes.csv")]
    assert {"result.json", "inputs.json", "certificate.json", "manifest.json", "frontier.json", "by_plan.csv"} <= {
        *saved
    }
    wanted: list[tuple[Path, str]] = [(out / name, "a saved answer") for name in sorted(saved)]
    wanted += [
        (out / "usage_classes.csv", "this looks like"), (out / "frontier.csv", "this looks like"),
        (tmp_path / "results.xlsx", "a workbook of results"), (tmp_path / "schema.json", "a data dictionary"),
        (tmp_path / "case-schema.json", "a data dictionary"), (tmp_path / "error.json", "a saved answer"),
        (company.market, "a market,"), (company.numbers, "a market's numbers"),
    ]  # fmt: skip
    for path, words in wanted:
        told = call("check", path)
        assert told.code == 2 and words in told.out and told.out.count("\n") == 1, (path, told.out)
    for folder, words, cure in (
        (out, "a folder of a saved answer, not a case", "verify DIR"),
        (company.market.parent, "the folder of a market, not a case", "run a case that names it"),
        (company.root, "a folder, not a case", "question.yaml"),
        (company.case.parent, "a folder, not a case", "question.yaml"),
        (tmp_path, "a folder, not a case", "my-case.yaml"),
    ):
        told = call("run", folder)
        assert told.code == 2 and words in told.err and cure in told.err, (folder, told.err)


def book(first: str, *rows: list[Any]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        made = openpyxl.Workbook()
        sheet: Any = made.active
        sheet.title = first
        for row in rows:
            sheet.append(row)
        made.save(path)

    return write


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (book("Sheet1", ["Plan", "Price"], ["Plus", 20]), "a price list"),
        (book("Export", ["timestamp", "user", "tokens"], [1, "a", 5]), "a usage log or trace"),
        (book("Tabelle1", ["country", "people"], ["NL", 18]), "a workbook of another kind (its sheets are 'Tabelle1')"),
        (book("Empty"), "a workbook of another kind (its sheets are 'Empty')"),
    ],
)
def test_a_workbook_of_another_kind(write: Callable[[Path], None], words: str, tmp_path: Path, call: Any) -> None:
    path = tmp_path / "x.xlsx"
    write(path)
    (found,) = call("run", path, "--json").json["findings"]
    assert (found["code"], found["file"]) == ("not-a-case", str(path)) and words in found["message"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("title: x\nmarket: small\n", "question"), ("question: Which?\nmarket: small\n", "title"),
        ("title: x\nquestion: Which, and when?\n", "market"),
        ('{"title": "x", "market": "small"}', "question"), ("Title: x\nquestion: y\nmarket: small\n", "Title"),
        ("title: x, y\nquestion: a, b\nmarket: small\nprice: 20\n", "price"),
        ("# title, price\n# x, y\ntitle: x\nquestion: y\n", "market"),
        ("title: prices, and requests by day\nquestion: y\n", "market"),
    ],
)  # fmt: skip
def test_the_attempt_at_a_case_is_told_what_is_missing(text: str, field: str, company: Any, call: Any) -> None:
    company.case.write_text(text)
    found = call("run", company.case, "--json").json["findings"]
    assert "not-a-case" not in {f["code"] for f in found}
    assert field in {f["field"] for f in found}


def test_every_shipped_case_and_market_is_what_it_is(call: Any) -> None:
    cases = sorted((data_folder() / "cases").glob("*.yaml"))
    assert len(cases) >= 13
    rows = call("list", "--json").json["cases"]
    assert [row["case"] for row in rows] == sorted(p.stem for p in cases)
    for market in sorted((data_folder() / "models").glob("*/market.yaml")):
        assert "this looks like a market" in call("check", market).out


def test_a_case_in_JSON_is_a_case(company: Any, call: Any) -> None:
    from ruamel.yaml import YAML

    data = YAML(typ="safe").load(company.case.read_text())
    path = company.case.with_suffix(".json")
    path.write_text(json.dumps(data))
    assert call("check", path, "--json").json["findings"] == []
