"""A shipped case as a workbook, to be copied and spoilt."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from optimizer.inputs.load import load_case
from optimizer.io.workbook import write_case_workbook

CASE = "assistant-startup-margin"


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("original") / "plan.xlsx"
    inputs = load_case(CASE)
    write_case_workbook(path, inputs.case_document, inputs.market_document)
    return path


@pytest.fixture(scope="session")
def short(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook with few of its rows: enough to be spoilt, quick to be read."""
    book = openpyxl.load_workbook(original)
    for name in ("market", "numbers"):
        sheet = book[name]
        for row in range(sheet.max_row, 20, -1):
            if sheet.cell(row, 1).value != "plans.plus.price":
                sheet.delete_rows(row)
    path: Path = tmp_path_factory.mktemp("short") / "plan.xlsx"
    book.save(path)
    return path


def _changed(source: Path, change: Callable[[Any], object], target: Path) -> Path:
    book = openpyxl.load_workbook(source)
    change(book)
    book.save(target)
    return target


@pytest.fixture
def spoilt(original: Path, tmp_path: Path) -> Callable[[Callable[[Any], object]], Path]:
    """A copy of the workbook after a change with openpyxl."""
    return lambda change: _changed(original, change, tmp_path / "plan.xlsx")


@pytest.fixture
def cut(short: Path, tmp_path: Path) -> Callable[[Callable[[Any], object]], Path]:
    """A copy of the short workbook after a change with openpyxl."""
    return lambda change: _changed(short, change, tmp_path / "plan.xlsx")


@pytest.fixture
def repacked(original: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the workbook with parts replaced or added."""

    def make(parts: dict[str, bytes], name: str = "plan.xlsx") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(original) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for entry in source.namelist():
                if entry not in parts:
                    target.writestr(entry, source.read(entry))
            for entry, content in parts.items():
                target.writestr(entry, content)
        return path

    return make


@pytest.fixture
def copied(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(original, tmp_path / "plan.xlsx"))
