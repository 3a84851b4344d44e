"""Files of a market with some numbers rewritten: tables, YAML, sources and checks."""

from __future__ import annotations

from pathlib import Path

from optimizer.io.numbers_csv import COLUMNS
from optimizer.io.yaml_reader import read_yaml
from optimizer.learn.folder import Rewritten, _csv_with, _yaml_with, source_of

LEARNED = Rewritten(0.25, 0.2, 0.3, "learned-usage")
KEPT = Rewritten(3.0, 2.0, 5.0, None, "Not identified by the data given; as assumed before. A guess.")


def test_a_table_of_numbers() -> None:
    text = "path,value,unit,assumption,low,high\na.b,0.5,fraction,A guess.,0.1,0.9\nc,4,1,A guess.,2,5\nd,1,1,x,1,1\n"
    made, done = _csv_with(text, {"a.b": LEARNED, "c": KEPT, "elsewhere": KEPT})
    assert done == {"a.b", "c"}
    assert made.splitlines() == [
        ",".join(COLUMNS),
        "a.b,0.25,fraction,learned-usage,,0.2,0.3",
        "c,3,1,,Not identified by the data given; as assumed before. A guess.,2,5",
        "d,1,1,,x,1,1",
    ]


def test_numbers_that_stand_in_yaml(tmp_path: Path) -> None:
    path = tmp_path / "market.yaml"
    path.write_text(
        "# What stays.\nsources:\n  paper: {text: Read, grade: '1'}\n"
        "a:\n  b: {value: 0.5, unit: fraction, assumption: A guess., low: 0.1, high: 0.9}   # beside it\n"
        "list:\n  - {value: 4, unit: '1', source: paper}\n"
        "evidence:\n  - {check: x, low: 1}\n  - {check: y, low: 2}\n"
    )
    _yaml_with(path, {"a.b": LEARNED, "list.0": KEPT, "c": KEPT}, {"learned-usage"}, {1})
    data = read_yaml(path).data
    assert data["a"]["b"] == {"value": 0.25, "unit": "fraction", "low": 0.2, "high": 0.3, "source": "learned-usage"}
    assert data["list"][0] == {"value": 3.0, "unit": "1", "low": 2.0, "high": 5.0, "assumption": KEPT.assumption}
    assert list(data["sources"]) == ["paper", "learned-usage"] and data["sources"]["learned-usage"]["grade"] == "D"
    assert data["evidence"] == [{"check": "x", "low": 1}, {"check": "y", "low": 2, "blocks": False}]
    text = path.read_text()
    assert "# What stays." in text and "# beside it" in text


def test_sources_are_named_after_their_table() -> None:
    assert source_of("price test") == "learned-price-test"
