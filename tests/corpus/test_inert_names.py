"""Names with markup or formulas are not bad input: they stay text wherever they are shown."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest

NAMES = {
    "html": "<script>alert(1)</script>",
    "html-entity": "&lt;b&gt; & <img src=x onerror=alert(1)>",
    "formula": '=HYPERLINK("http://example.org","x")',
    "formula-plus": "+1+1",
    "formula-minus": "-1-1",
    "formula-at": "@SUM(A1:A9)",
    "terminal-markup": "[bold red]Plus[/bold red] [/] [link=http://example.org]x[/link]",
    "markup-not-closed": "[/nothing]",
    "emoji-code": ":smile: :boom:",
    "template": "{{ 7*7 }} ${x} %s %(x)s {0}",
    "quotes": '"it\'s" ‘so’, “so”; \\ /',
    "many-scripts": "Größe 料金 الخطة прайс",
    "brackets-in-json": '{"a": [1, null]}, "',
    "long": "x" * 300,
}


def quoted(text: str) -> str:
    """Text as a YAML scalar."""
    return json.dumps(text, ensure_ascii=False)


@pytest.fixture(params=list(NAMES))
def named(request: pytest.FixtureRequest, company: Any) -> tuple[str, Any]:
    """A name and a company in which everything that has a title, and a condition, bears it."""
    name = NAMES[request.param]
    company.edit(company.market, "title: Plus", f"title: {quoted(name)}")
    company.edit(company.market, "title: Individuals", f"title: {quoted(name)}")
    company.edit(company.case, "title: A small question", f"title: {quoted(name)}")
    company.edit(company.case, "question: >-\n  Which prices earn the most?", f"question: {quoted(name)}")
    company.edit(company.case, "at_least: 0.5}", f"at_least: 0.5, name: {quoted(name)}}}")
    return name, company


def test_names_stay_text(named: tuple[str, Any], call: Any, tmp_path: Any) -> None:
    name, company = named
    told = call("run", company.case, "--json", "--out", tmp_path / "out")
    assert (told.code, told.err) == (0, "")
    body = told.json
    assert (body["title"], body["question"], body["menu"]["plus"]["title"]) == (name, name, name)
    assert name in {c["name"] for c in body["audit"]["conditions"]}
    with open(tmp_path / "out" / "menu.csv", newline="", encoding="utf-8") as stream:
        cells = {row["plan"]: row["title"] for row in csv.DictReader(stream)}
    assert cells["plus"].lstrip("'") == name.lstrip("'")
    assert cells["plus"][0] not in "=+-@\t\r"

    plain = call("run", company.case)
    assert plain.code == 0
    assert "\x1b" not in plain.out
    shown = "".join(plain.out.split())
    assert "".join(name.split()) in shown or len(name) > 200


@pytest.mark.parametrize("name", ["<b>plus</b>", "=plus", "[red]plus", "@plus", "-plus", "plus'\"", "große"])
def test_keys_stay_text(name: str, company: Any, call: Any, tmp_path: Any) -> None:
    """The same for a plan's own name, in every table."""
    market = company.market.read_text(encoding="utf-8").replace("  plus:\n", f"  {quoted(name)}:\n", 1)
    market = market.replace("    plus: {}\n", f"    {quoted(name)}: {{}}\n").replace(
        "plan: plus,", f"plan: {quoted(name)},"
    )
    company.market.write_text(market, encoding="utf-8")
    rows = company.rows()
    for row in rows:
        row["path"] = re.sub(r"^((?:today\.)?plans)\.plus\.", lambda m: f"{m[1]}.{name}.", row["path"])
    company.save_rows(rows)
    case = company.case.read_text(encoding="utf-8").replace("  plus:\n", f"  {quoted(name)}:\n")
    company.case.write_text(case.replace("{plan: plus", f"{{plan: {quoted(name)}"), encoding="utf-8")
    told = call("run", company.case, "--json", "--out", tmp_path / "out")
    assert told.code == 0, told
    assert name in told.json["menu"]
    for table in (tmp_path / "out").glob("*.csv"):
        for cells in csv.reader(io.StringIO(table.read_text(encoding="utf-8"))):
            assert not any(re.match(r"[=@+]|-[^0-9.]", c) for c in cells), cells
    plain = call("run", company.case)
    assert plain.code == 0
    assert name in plain.out


@pytest.mark.parametrize("escape", ["\\x1b[31m", "\\a", "\\u202e", "\\x00", "\\x7f", "\\ufeff", "\\u2028"])
def test_signs_that_steer_a_terminal_are_refused_and_not_repeated(escape: str, company: Any, call: Any) -> None:
    company.edit(company.market, "title: Plus", f'title: "Plus{escape}"')
    told = call("run", company.case)
    assert told.code == 2
    assert all(c.isprintable() or c == "\n" for c in told.err)
    assert "control character" in told.err


def test_a_bad_name_on_the_command_line_is_shown_harmlessly(call: Any) -> None:
    for arguments in (["run", "\x1b[31mcase"], ["--\x1b[31m"], ["\x1b]0;x\x07"], ["run", "x", "--set", "\x1b[2J=1"]):
        told = call(*arguments)
        assert told.code == 2
        assert all(c.isprintable() or c == "\n" for c in told.err)
