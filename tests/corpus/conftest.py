"""A small company in files of its own, ways to spoil it, and the command in this process."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from optimizer.cli.main import main

MARKET = Path(__file__).parent / "market"
CASE = """\
# A small question to a small market.
title: A small question
question: >-
  Which prices earn the most?
market: small

plans:
  free:
    allowances:
      large: {day: [6, 12]}
  plus:
    price: [10, 12, 15]
  team: {price: [20, 25, 30]}
mix: {enterprise_share: [0.3, 0.4]}
objective: contribution_margin
conditions:
  - {figure: gross_margin_rate, at_least: 0.5}
  - {figure: market_share, at_least: 0.5, relative_to: today}
rules:
  price_change:
    - {plan: plus, at_most: 0.5}
options: {gap: 1e-4}
"""


@dataclass(frozen=True)
class Called:
    """What a call of the command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object that was printed, and nothing else."""
        body, end = json.JSONDecoder().raw_decode(self.out)
        assert self.out[end:] == "\n"
        assert isinstance(body, dict)
        return body


@dataclass(frozen=True)
class Company:
    """A case and its market in a folder."""

    root: Path

    @property
    def case(self) -> Path:
        return self.root / "cases" / "question.yaml"

    @property
    def market(self) -> Path:
        return self.root / "models" / "small" / "market.yaml"

    @property
    def numbers(self) -> Path:
        return self.root / "models" / "small" / "numbers.csv"

    def edit(self, file: Path, old: str, new: str) -> None:
        """Replace the first occurrence."""
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file.name}"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def rows(self) -> list[dict[str, str]]:
        with open(self.numbers, newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    def save_rows(self, rows: list[dict[str, str]]) -> None:
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        self.numbers.write_text(out.getvalue(), encoding="utf-8")

    def cell(self, path: str, **cells: str) -> None:
        """Change cells of a row of numbers.csv."""
        rows = self.rows()
        (row,) = (r for r in rows if r["path"] == path)
        row.update(cells)
        self.save_rows(rows)

    def drop(self, path: str) -> None:
        """Remove a row of numbers.csv."""
        rows = self.rows()
        assert any(r["path"] == path for r in rows)
        self.save_rows([r for r in rows if r["path"] != path])

    def scale(self, path: str, factor: float) -> None:
        """A unit error: value, low and high of a row times a factor."""
        rows = self.rows()
        (row,) = (r for r in rows if r["path"] == path)
        for column in ("value", "low", "high"):
            if row[column]:
                row[column] = repr(float(row[column]) * factor)
        self.save_rows(rows)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """A fresh copy of the small company."""
    found = Company(tmp_path / "company")
    found.case.parent.mkdir(parents=True)
    found.case.write_text(CASE, encoding="utf-8")
    shutil.copytree(MARKET, found.market.parent)
    return found


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Called]:
    """Run the command with arguments; exit code, stdout and stderr."""

    def run(*arguments: object) -> Called:
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Called(code, out, err)

    return run
