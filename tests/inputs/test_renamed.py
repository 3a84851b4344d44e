"""Fields by names that they had before: read as before, told once, in files, changes, workbooks and saved results."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from optimizer.errors import InputError
from optimizer.inputs.load import Inputs, inputs_from_text, load_inputs
from optimizer.inputs.moved import moved
from optimizer.inputs.renamed import CODE, RENAMED, new_path, renamed
from optimizer.io.documents import Document
from optimizer.io.workbook import write_case_workbook
from optimizer.market.check import check_inputs
from optimizer.model.case_model import case_model_of, with_changes
from optimizer.schema.case import Change
from optimizer.schema.market import Market

OLD = {"decision_rate": "churn", "decision_rate_by_segment": "churn_by_segment", "decision_rate_least": "churn_least",
       "decision_rate_most": "churn_most", "decision_rate_sensitivity": "churn_sensitivity",
       "nothing_decision_rate": "nothing_churn"}  # fmt: skip
WARNED = {"plans.free.churn", "plans.plus.churn_by_segment", "plans.free.churn_least", "plans.free.churn_most",
          "segments.students.churn_sensitivity", "alternatives.rival.churn", "nothing_churn"}  # fmt: skip


def with_old_names(data: Any) -> Any:
    """The market as it was written before."""
    if not isinstance(data, dict):
        return data
    return {OLD.get(key, key): with_old_names(item) for key, item in data.items()}


def told(inputs: Inputs) -> dict[str, tuple[str, str]]:
    return {f.field: (f.severity, f.message) for f in check_inputs(inputs) if f.code == CODE}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("plans.plus.churn", "plans.plus.decision_rate"),
        ("plans.plus.churn_by_segment.students", "plans.plus.decision_rate_by_segment.students"),
        ("plans.*.churn_least", "plans.*.decision_rate_least"),
        ("*.plus.churn", "*.plus.decision_rate"),
        ("alternatives.rival.churn.value", "alternatives.rival.decision_rate.value"),
        ("segments.pros.churn_sensitivity", "segments.pros.decision_rate_sensitivity"),
        ("nothing_churn", "nothing_decision_rate"),
        ("plans.churn.price", "plans.churn.price"),
        ("pools.main.churn", "pools.main.churn"),
        ("plans.plus.decision_rate", "plans.plus.decision_rate"),
    ],
)
def test_new_path(path: str, wanted: str) -> None:
    assert new_path(path) == wanted


def test_every_new_name_is_a_field() -> None:
    schema = json.dumps(Market.model_json_schema())
    for old, name in RENAMED.items():
        assert f'"{name}"' in schema, old
        assert f'"{old.rpartition(".")[2]}"' not in schema, old


def test_a_market_with_the_names_of_today_stays_as_it_is(factory: ModuleType) -> None:
    document = Document(factory.market(), {}, "market.yaml")
    assert renamed(document) == (document, [])
    assert renamed(document)[0] is document


def test_a_market_with_old_names_is_the_same_market(factory: ModuleType) -> None:
    inputs, plain = factory.inputs(with_old_names(factory.market())), factory.inputs()
    assert inputs.market == plain.market
    found = told(inputs)
    assert found.keys() == WARNED
    assert {severity for severity, _ in found.values()} == {"warning"}
    assert found["plans.free.churn"][1] == "churn has another name by now: decision_rate, here and in 4 more places"


def test_lines_are_those_of_the_old_names(factory: ModuleType, tmp_path: Path) -> None:
    """In the YAML file and in the table beside it; the warning is where the name stands first."""
    data = with_old_names(factory.market())
    rate = data["plans"]["team"].pop("churn")
    path = factory.write(tmp_path, data, factory.case())
    table = tmp_path / "models" / "small" / "numbers.csv"
    row = f"plans.team.churn,{rate['value']},1/month,test"
    table.write_text(f"path,value,unit,source\n{row}\n", encoding="utf-8")
    inputs = load_inputs(path)
    assert inputs.market_document.place("plans.team.decision_rate.value") == (str(table), 2)
    assert told(inputs).keys() == WARNED
    assert inputs.market == factory.inputs().market
    table.write_text(table.read_text(encoding="utf-8").replace(str(rate["value"]), "1.5"), encoding="utf-8")
    (wrong,) = [f for f in check_inputs(load_inputs(path)) if f.severity == "error"]
    assert (wrong.file, wrong.line, wrong.field) == (str(table), 2, "plans.team.decision_rate")


def test_both_names_are_refused(factory: ModuleType) -> None:
    data = factory.market()
    data["plans"]["plus"]["churn"] = data["plans"]["plus"]["decision_rate"]
    with pytest.raises(InputError) as error:
        factory.inputs(data)
    assert [(f.code, f.field) for f in error.value.findings] == [(CODE, "plans.plus.churn")]


@pytest.mark.parametrize("path", ["plans.plus.churn", "recalibrate:plans.plus.churn", "plans.*.churn"])
def test_changes_by_old_names(path: str, factory: ModuleType) -> None:
    """From the case and from the call: as by the new name, and told."""
    twice, new = Change(times=2.0), path.replace("churn", "decision_rate")
    plain = path.removeprefix("recalibrate:")
    for case, sets in ((factory.case(changes={path: {"times": 2}}), {}), (None, {path: twice})):
        inputs = factory.inputs(None, case, sets)
        assert inputs.changed == factory.inputs(None, None, {new: twice}).changed
        assert inputs.changed.plans["plus"].decision_rate.value == 0.1  # type: ignore[union-attr]
        assert list(told(inputs)) == [("--set " if sets else "changes.") + plain]


def test_a_change_by_both_names_is_refused(factory: ModuleType) -> None:
    twice = Change(times=2.0)
    inputs = factory.inputs(None, None, {"plans.plus.churn": twice, "plans.plus.decision_rate": twice})
    assert ("error", "is the old name of plans.plus.decision_rate, which is stated too") in told(inputs).values()


def test_further_changes_grids_and_numbers_moved_by_old_names(factory: ModuleType) -> None:
    case = factory.case(
        grid={"plans.plus.churn": [{"times": 1}, {"times": 2}]},
        scenarios={"more": {"title": "More", "changes": {"nothing_churn": {"times": 2}}}},
    )
    inputs = factory.inputs(None, case)
    assert told(inputs).keys() == {"grid.plans.plus.churn", "scenarios.more.changes.nothing_churn"}
    further = with_changes(case_model_of(inputs), {"plans.plus.churn": Change(times=2.0)})
    assert further.inputs.changed.plans["plus"].decision_rate.value == 0.1  # type: ignore[union-attr]
    assert moved(inputs, {"plans.plus.churn": 0.1}).market == moved(inputs, {"plans.plus.decision_rate": 0.1}).market


def test_workbooks_with_old_names(factory: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    data, case = with_old_names(factory.market()), factory.case()
    path = tmp_path / "case.xlsx"
    write_case_workbook(path, Document(case, {}, ""), Document(data, {}, ""))
    inputs = load_inputs(path)
    assert inputs.market == factory.inputs().market
    assert told(inputs).keys() == WARNED


def test_saved_inputs_with_old_names_keep_their_hash(factory: ModuleType) -> None:
    """What was stated stays as it was stated."""
    inputs = factory.inputs(with_old_names(factory.market()))
    again = inputs_from_text(inputs.stated, "inputs.json")
    assert '"churn"' in inputs.stated
    assert (again.hash, again.market) == (inputs.hash, inputs.market)
