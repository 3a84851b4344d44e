"""What pydantic says, in words for people."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from optimizer.errors import Finding
from optimizer.io.documents import Document
from optimizer.io.findings import to_findings
from optimizer.io.yaml_reader import parse_yaml


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Amount(Strict):
    value: float
    unit: str

    @model_validator(mode="after")
    def _unit(self) -> Amount:
        if self.unit == "furlong":
            raise ValueError("unknown unit 'furlong'")
        return self


Money = Annotated[Amount, AfterValidator(lambda amount: amount)]


class Flat(Strict):
    kind: Literal["flat"]
    fee: Money


class Metered(Strict):
    kind: Literal["metered"]
    unit_price: Money


class Offer(Strict):
    title: str = Field(min_length=2)
    price: Money
    cap: Money | Literal["unlimited"] = "unlimited"
    tariff: Annotated[Flat | Metered, Field(discriminator="kind")] | None = None
    grade: Literal["1", "2", "D"] = "1"
    share: float = Field(0.5, ge=0.0, lt=1.0)
    seats: int | None = None
    steps: list[float] = Field([1.0], min_length=1)
    code: str = Field("a", pattern=r"^[a-z]+$")


class Catalogue(Strict):
    offers: dict[str, Offer]
    date: str = "today"


def explain(text: str, root: str = "") -> tuple[Finding, ...]:
    document = parse_yaml(text, "m.yaml")
    data = document.data[root] if root else document.data
    with pytest.raises(ValidationError) as caught:
        Catalogue.model_validate(data)
    return tuple(to_findings(caught.value, document, root))


@pytest.mark.parametrize(
    ("line", "field", "code", "message", "cure"),
    [
        ("tilte: Plus", "tilte", "schema-unknown-field", "unknown field 'tilte'", "did you mean 'title'?"),
        ("zzz: 1", "zzz", "schema-unknown-field", "unknown field", "known here: cap, code, grade, price"),
        ("share: 1.5", "share", "schema-range", "must be less than 1, but is the number 1.5", "less than 1"),
        ("share: -1", "share", "schema-range", "must be at least 0", "at least 0"),
        ("share: '0.5'", "share", "schema-type", "must be a number, but is the text '0.5'", "bare number, e.g. 0.5"),
        ("share: 1 000", "share", "schema-type", "must be a number", "e.g. 1000"),
        ("share: $20", "share", "schema-type", "must be a number", "e.g. 20"),
        ("share: lots", "share", "schema-type", "must be a number", "without quotes"),
        ("share:", "share", "schema-type", "must be a number, but is empty", "or remove the field"),
        ("share: true", "share", "schema-type", "must be a number, but is true", "write a number"),
        ("seats: 2.5", "seats", "schema-type", "must be a whole number", "whole number"),
        ("seats: {a: 1}", "seats", "schema-type", "is a mapping (a)", "whole number"),
        ("grade: 1", "grade", "schema-choice", "one of 1, 2, D, but is the number 1", "put it in quotes"),
        ("grade: d", "grade", "schema-choice", "one of 1, 2, D", "allowed values"),
        ("code: A", "code", "schema-value", "'A' is not an allowed name", "[a-z]+"),
        ("steps: []", "steps", "schema-length", "at least 1 item,", "lengthen"),
        ("steps: 3", "steps", "schema-type", "must be a list", "brackets"),
        ("steps: [1, a]", "steps.1", "schema-type", "must be a number, but is the text 'a'", "number"),
        ("cap: 5", "cap", "schema-type", "must be a mapping or 'unlimited', but is the number 5", "its unit"),
        ("cap: unlimted", "cap", "schema-type", "a mapping or 'unlimited'", "write a mapping or 'unlimited'"),
        ("cap: {value: 5}", "cap.unit", "schema-missing", "the field is missing", "add 'unit: ...'"),
        ("cap: {value: 5, unit: furlong}", "cap", "schema-value", "unknown unit 'furlong'", ""),
        ("tariff: {fee: 5}", "tariff", "schema-missing", "the field 'kind' is missing", "add 'kind: ...'"),
        ("tariff: {kind: flatt}", "tariff", "schema-choice", "'kind' must be one of flat, metered", "'flat'"),
        ("tariff: {kind: flat}", "tariff.fee", "schema-missing", "the field is missing", "under 'offers.plus.tariff'"),
        ("tariff: {kind: flat, fee: {value: 1, units: x, unit: y}}", "tariff.fee.units", "schema-unknown-field",
         "unknown field", "did you mean 'unit'?"),
    ],
)  # fmt: skip
def test_one_fault(line: str, field: str, code: str, message: str, cure: str) -> None:
    text = "offers:\n  plus:\n    title: Plus\n    price: {value: 20, unit: usd}\n    " + line + "\n"
    (finding,) = explain(text)
    assert (finding.code, finding.field) == (code, f"offers.plus.{field}")
    assert (finding.file, finding.line, finding.severity) == ("m.yaml", 5, "error")
    assert message in finding.message
    assert cure in finding.cure


def test_all_faults_in_the_order_of_the_file() -> None:
    found = explain("date: 5\noffers:\n  plus:\n    title: P\n    price: 20\n  pro:\n    title: Pro\n")
    assert [(f.line, f.field) for f in found] == [
        (1, "date"),
        (4, "offers.plus.title"),
        (5, "offers.plus.price"),
        (6, "offers.pro.price"),
    ]
    assert found[2].cure == "write it as a mapping, a number with its unit and source"


def test_a_part_of_a_document() -> None:
    (finding,) = explain("x: 1\nmarket:\n  offers: {}\n  dates: x\n", root="market")
    assert (finding.line, finding.field, finding.cure) == (4, "market.dates", "did you mean 'date'?")


def test_message_and_cure_from_a_validator() -> None:
    document = Document({"price": {"value": 1.0, "unit": "furlong"}}, {}, "")
    with pytest.raises(ValidationError) as caught:
        Amount.model_validate(document.data["price"])
    (finding,) = to_findings(caught.value, document, "price")
    assert (finding.field, finding.message, finding.line) == ("price", "unknown unit 'furlong'", None)


def test_many_findings_take_time_in_proportion() -> None:
    """20,000 wrong fields: comparing each with all others took half an hour."""

    class Row(Strict):
        a: int
        b: int

    class Rows(Strict):
        rows: dict[str, Row]

    data = {"rows": {f"r{k}": {"a": "x", "b": "y"} for k in range(10_000)}}
    with pytest.raises(ValidationError) as raised:
        Rows.model_validate(data)
    began = time.process_time()
    found = to_findings(raised.value, Document(data, {}, ""), model=Rows)
    assert time.process_time() - began < 10.0
    assert len(found) == 20_000
    assert found[0].message == "must be a whole number, but is the text 'x'"
