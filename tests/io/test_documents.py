"""Merging documents that come from several files."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimizer.errors import InputError
from optimizer.io.documents import Document, merge
from optimizer.io.numbers_csv import read_numbers_csv
from optimizer.io.yaml_reader import parse_yaml

BASE = "plans:\n  plus:\n    title: Plus\n    price: {value: 20}\nsteps:\n- {a: 1}\n"


def test_fields_are_joined_and_keep_their_place(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text("path,value\nplans.plus.decision_rate,0.04\nplans.pro.price,200\nsteps.0.b,2\n", encoding="utf-8")
    base = parse_yaml(BASE, "m.yaml")
    joined = merge(base, read_numbers_csv(path))
    assert joined.data["plans"]["plus"] == {"title": "Plus", "price": {"value": 20}, "decision_rate": {"value": 0.04}}
    assert joined.data["steps"] == [{"a": 1, "b": {"value": 2.0}}]
    assert joined.place("plans.plus.price.value") == ("m.yaml", 4)
    assert joined.place("plans.plus") == ("m.yaml", 2)
    assert joined.place("plans.plus.decision_rate.unit") == (str(path), 2)
    assert joined.place("plans.pro") == (str(path), 3)
    again = merge(joined, parse_yaml("title: x\n", "t.yaml"))
    assert again.place("plans.pro.price") == (str(path), 3)
    assert again.place("title") == ("t.yaml", 1)
    assert base.data == parse_yaml(BASE).data, "the caller's documents are left alone"


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        ("plans: {plus: {title: Other}}\n", "plans.plus.title", "merge-conflict"),
        ("plans: {plus: {title: Plus}}\n", "plans.plus.title", "merge-conflict"),
        ("plans: {plus: {price: 5}}\n", "plans.plus.price", "merge-conflict"),
        ("plans: {plus: {title: {a: 1}}}\n", "plans.plus.title", "merge-conflict"),
        ("steps: [1]\n", "steps", "merge-conflict"),
        ("steps: {1: 1}\n", "steps.1", "merge-item"),
        ("steps: {x: 1}\n", "steps.x", "merge-item"),
    ],
)
def test_conflicts_name_both_places(text: str, field: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        merge(parse_yaml(BASE, "m.yaml"), parse_yaml(text, "x.yaml"))
    (finding,) = caught.value.findings
    assert (finding.code, finding.field, finding.file, finding.line) == (code, field, "x.yaml", 1)
    assert code != "merge-conflict" or "m.yaml:" in finding.message


def test_conflict_with_data_that_has_no_file() -> None:
    with pytest.raises(InputError, match="the other input"):
        merge(Document({"a": 1}, {}, ""), Document({"a": 2}, {}, ""))
