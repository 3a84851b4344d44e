"""A Case object knows where it came from: its market is the one it was loaded with."""

from __future__ import annotations

import copy
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import optimizer
from optimizer.errors import InputError
from optimizer.inputs.load import load_case, load_inputs
from optimizer.io.copying import copy_case
from optimizer.io.library import data_folder
from optimizer.io.workbook import write_case_workbook
from optimizer.schema.case import Case

NAME = "assistant-startup-today"
SHIPPED, MINE = 12.0, 13.5


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a shipped case whose market has another price; the working directory is somewhere else."""
    path = copy_case(NAME, tmp_path / "mine")
    numbers = tmp_path / "mine" / "models" / "assistant-startup" / "numbers.csv"
    text = numbers.read_text(encoding="utf-8")
    assert "plans.plus.price,12," in text
    numbers.write_text(text.replace("plans.plus.price,12,", "plans.plus.price,13.5,"), encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return path


def price(case: Any, **more: Any) -> float:
    return float(load_inputs(case, **more).market.plans["plus"].price.value)


def test_a_case_object_has_the_market_it_was_loaded_with(mine: Path) -> None:
    case = load_case(mine).case
    assert price(mine) == price(case) == MINE
    assert price(load_case(NAME).case) == SHIPPED
    revenue = optimizer.evaluate_case(case).figure("revenue")
    assert revenue == optimizer.evaluate_case(mine).figure("revenue")
    assert revenue != optimizer.evaluate_case(NAME).figure("revenue")
    assert optimizer.solve_case(case).figure("revenue") == revenue
    assert optimizer.check_case(case) == []


WAYS: dict[str, Callable[[Case], Case]] = {
    "copy": lambda case: case.model_copy(),
    "deep copy": lambda case: case.model_copy(deep=True),
    "another title": lambda case: case.model_copy(update={"title": "Another"}),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "pickle": lambda case: pickle.loads(pickle.dumps(case)),
    "loaded again": lambda case: load_case(case).case,
    "copy of a copy": lambda case: case.model_copy(update={"plans": {}}).model_copy(update={"mix": None}),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_survives(way: str, mine: Path) -> None:
    assert price(WAYS[way](load_case(mine).case)) == MINE


def test_it_is_no_part_of_the_data(mine: Path) -> None:
    here, shipped = load_case(mine).case, load_case(NAME).case
    assert here == shipped and here.model_dump() == shipped.model_dump()
    assert repr(here) == repr(shipped) and here.model_dump_json() == shipped.model_dump_json()
    assert here != here.model_copy(update={"title": "Another"})
    assert here == Case.model_validate(here.model_dump())
    assert load_inputs(mine).hash == load_inputs(str(mine)).hash
    assert load_inputs(shipped).hash == load_inputs(Case.model_validate(shipped.model_dump())).hash


def test_another_working_directory(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case loaded by a relative path is found again from everywhere."""
    monkeypatch.chdir(mine.parent)
    case = load_case(mine.name).case
    monkeypatch.chdir(mine.parents[2] / "elsewhere")
    assert price(case) == MINE


def test_another_market_by_name(mine: Path) -> None:
    """A copy with another market looks where the first one lay, then among the shipped ones."""
    case = load_case(mine).case
    assert load_inputs(case.model_copy(update={"market": "openai-2025"})).market.title != load_inputs(case).market.title
    shutil.copytree(mine.parents[1] / "models" / "assistant-startup", mine.parents[1] / "models" / "other")
    assert price(case.model_copy(update={"market": "other"})) == MINE
    assert price(case.model_copy(update={"market": "../models/other"})) == MINE
    with pytest.raises(InputError, match="no market is named 'assistant-statrup'"):
        load_inputs(case.model_copy(update={"market": "assistant-statrup"}))


def test_a_case_from_text_means_a_shipped_market_or_the_folder_told(mine: Path) -> None:
    data = YAML(typ="safe").load(mine.read_text(encoding="utf-8"))
    case = Case.model_validate(data)
    assert case.origin.file is None
    assert price(case) == SHIPPED
    assert price(case, folder=mine.parent) == price(case, folder=str(mine.parent)) == MINE
    assert optimizer.evaluate_case(case, folder=mine.parent).figure("revenue") == pytest.approx(
        optimizer.evaluate_case(mine).figure("revenue"), rel=1e-12
    )
    data["market"] = "other"
    with pytest.raises(InputError, match="no market is named 'other'"):
        load_inputs(Case.model_validate(data))
    shutil.copytree(mine.parents[1] / "models" / "assistant-startup", mine.parents[1] / "models" / "other")
    assert price(Case.model_validate(data), folder=mine.parent) == MINE


def test_a_name_that_is_here_and_shipped_is_an_error(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless both are the same, or the folder is told, or only one of them is there."""
    by_hand = Case.model_validate(load_case(mine).case.model_dump())
    monkeypatch.chdir(mine.parent)
    with pytest.raises(InputError, match="among the shipped ones, and the case does not say which") as caught:
        load_inputs(by_hand)
    assert "folder=" in caught.value.findings[0].cure
    assert price(by_hand, folder=".") == MINE
    assert price(by_hand, folder=data_folder() / "cases") == SHIPPED
    assert price(load_case(mine).case) == MINE and price(load_case(NAME).case) == SHIPPED
    other = by_hand.model_copy(update={"market": "other"})
    shutil.copytree(mine.parents[1] / "models" / "assistant-startup", mine.parents[1] / "models" / "other")
    assert price(other) == MINE
    shutil.rmtree(mine.parents[1] / "models" / "assistant-startup")
    shutil.copytree(data_folder() / "models" / "assistant-startup", mine.parents[1] / "models" / "assistant-startup")
    assert price(by_hand) == SHIPPED


def test_the_folder_told_comes_before_the_origin(mine: Path, tmp_path: Path) -> None:
    case = load_case(NAME).case
    assert price(case, folder=mine.parent) == MINE
    assert price(load_case(mine).case, folder=data_folder() / "cases") == SHIPPED
    (tmp_path / "empty").mkdir()
    assert price(load_case(mine).case, folder=tmp_path / "empty") == MINE


def test_a_folder_beside_a_file_or_a_name_is_refused(mine: Path) -> None:
    for case in (mine, str(mine), NAME):
        with pytest.raises(InputError, match="folder"):
            load_inputs(case, folder=mine.parent)


def test_a_case_from_a_workbook(mine: Path, tmp_path: Path) -> None:
    inputs = load_case(mine)
    path = tmp_path / "plan.xlsx"
    write_case_workbook(path, inputs.case_document, inputs.market_document)
    case = load_case(path).case
    assert price(path) == price(case) == price(case.model_copy(update={"title": "Another"})) == MINE
    assert load_inputs(case).hash == load_inputs(Case.model_validate(case.model_dump()), folder=mine.parent).hash
    other = load_inputs(case.model_copy(update={"market": "openai-2025"}))
    assert other.market.title != load_inputs(case).market.title
    path.unlink()
    with pytest.raises(InputError, match=r"plan.xlsx"):
        load_inputs(case)


def test_a_market_that_is_gone(mine: Path) -> None:
    """The shipped one of the same name takes its place no more than another one would."""
    case = load_case(mine).case
    shutil.rmtree(mine.parents[1] / "models")
    with pytest.raises(InputError, match="market"):
        load_inputs(case)


def test_studies_take_it(mine: Path) -> None:
    case = load_case(mine).case.model_copy(update={"scenarios": {}})
    settings = {"gap": 1e-3}
    assert optimizer.sensitivity_case(case, top=0, paths=["plans.plus.decision_rate"], **settings).base == pytest.approx(
        optimizer.evaluate_case(mine).objective.value, rel=1e-12
    )


def test_hidden_files_of_a_market_are_not_read(mine: Path) -> None:
    """What editors and file managers leave there; a table named in capitals is read."""
    folder = mine.parents[1] / "models" / "assistant-startup"
    for name in ("._market.yaml", ".#numbers.csv", "~$numbers.csv"):
        (folder / name).write_bytes(b"\x00\x05\x16\x07")
    (folder / "numbers.csv").rename(folder / "NUMBERS.CSV")
    assert price(mine) == MINE
