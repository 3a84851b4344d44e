"""Ways of writing a good company, each by a named variation: the same inputs to the last digit, and no finding."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from optimizer.inputs.load import load_case
from optimizer.market.check import check_inputs

BOM = b"\xef\xbb\xbf"


def rewritten(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def marked(*files: str) -> Callable[[Any], None]:
    """A byte order mark before the files."""
    return lambda company: [rewritten(getattr(company, f), lambda content: BOM + content) for f in files] and None


def windows(company: Any) -> None:
    for path in (company.case, company.market, company.numbers):
        rewritten(path, lambda content: BOM + content.replace(b"\n", b"\r\n"))


def quoted(company: Any) -> None:
    """As spreadsheets save it: quotes everywhere, empty columns at the end."""
    rows = list(csv.reader(io.StringIO(company.numbers.read_text(encoding="utf-8"))))
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([[*row, "", ""] for row in rows] + [[""] * 9])
    company.numbers.write_text("\ufeff" + out.getvalue(), encoding="utf-8")


def ladder_alias(company: Any) -> None:
    """Two plans with the same ladder, by an alias and written out."""
    company.edit(company.case, "[10, 12, 15]", "&ladder [10, 12, 15]")
    company.edit(company.case, "{price: [20, 25, 30]}", "{price: *ladder}")


def ladder_written(company: Any) -> None:
    company.edit(company.case, "{price: [20, 25, 30]}", "{price: [10, 12, 15]}")


def scripted(company: Any) -> None:
    """A market dumped by a script: whatever is one object in it gets an anchor and aliases."""
    safe = YAML(typ="safe")
    data = safe.load(company.market.read_text(encoding="utf-8"))
    shared = [data["plans"]["plus"]["segments"], data["plans"]["team"]["segments"]]
    data["plans"]["free"]["segments"] = data["plans"]["plus"]["segments"]
    assert shared[0] != shared[1]
    with open(company.market, "w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(data, stream)
    assert "&id001" in company.market.read_text(encoding="utf-8")


def scripted_apart(company: Any) -> None:
    """The same market without anchors."""
    safe = YAML(typ="safe", pure=True)
    data = safe.load(company.market.read_text(encoding="utf-8"))
    data["plans"]["free"]["segments"] = list(data["plans"]["plus"]["segments"])
    with open(company.market, "w", encoding="utf-8") as stream:
        safe.dump(data, stream)
    assert "&id001" not in company.market.read_text(encoding="utf-8")


# name -> variation, and what it must equal
GOOD: dict[str, tuple[Callable[[Any], object], Callable[[Any], object]]] = {
    "marked": (marked("case", "market", "numbers"), lambda company: None),
    "marked-numbers": (marked("numbers"), lambda company: None),
    "windows": (windows, lambda company: None),
    "quoted": (quoted, lambda company: None),
    "ladder-alias": (ladder_alias, ladder_written),
    "scripted": (scripted, scripted_apart),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_input_is_read(name: str, company: Any, tmp_path: Path) -> None:
    vary, same = GOOD[name]
    kept = {path: path.read_bytes() for path in (company.case, company.market, company.numbers)}
    same(company)
    wanted = load_case(company.case)
    for path, content in kept.items():
        path.write_bytes(content)
    vary(company)
    got = load_case(company.case)
    assert (got.case, got.market, got.changed) == (wanted.case, wanted.market, wanted.changed)
    assert check_inputs(got) == []
