"""Figures by distribution: what counts as closed, what an open instance counts as, and that a tiny run works."""

from __future__ import annotations

import importlib
import json
import math
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def spread() -> Any:
    """The harness, found beside the tests; the package stays the one that is tested."""
    sys.path.append(str(ROOT))
    try:
        yield importlib.import_module("benchmarks.spread")
    finally:
        sys.path.remove(str(ROOT))


def _cell(spread: Any, gap: float, seconds: float, cpu: float, **more: Any) -> Any:
    kept = {"family": "f", "instance": f"{seconds}", "asked": 0.01, "limit": 10.0, "code": "c", "wanted": 0.01}
    return spread.Measured(**kept, gap=gap, seconds=seconds, cpu=cpu, **{"rechecked": True, **more})


def test_an_instance_is_closed_by_its_gap_in_time(spread: Any) -> None:
    assert _cell(spread, 0.01, 9.9, 9.9).closed
    assert not _cell(spread, 0.011, 9.9, 9.9).closed
    assert not _cell(spread, 0.01, 10.1, 9.9).closed
    assert not _cell(spread, math.inf, 1.0, 1.0).closed


def test_open_instances_come_last_and_count_with_the_limit_at_least(spread: Any) -> None:
    """Three of five close; CPU of a closed one on two threads lies above the limit, and it still ranks as closed."""
    cells = [
        _cell(spread, 0.001, 1.0, 2.0), _cell(spread, 0.001, 8.0, 14.0), _cell(spread, 0.002, 3.0, 3.0),
        _cell(spread, 0.5, 4.0, 4.0), _cell(spread, 0.2, 10.5, 20.0),
    ]  # fmt: skip
    family = spread.Family("f", "title", 0.01, "menu")
    row = dict(zip(range(11), spread.row(family, cells), strict=True))
    assert [row[k] for k in (0, 1, 2, 3)] == ["title", "0.01", "10", "3 of 5"]
    assert [row[k] for k in (4, 5)] == ["0.2 %", "50 %"]
    assert [row[k] for k in (6, 7)] == ["8", "> 10.5"]
    assert [row[k] for k in (8, 9)] == ["14", "> 20"]
    assert row[10] == "5 of 5"


def test_the_median_of_an_even_number_is_open_where_either_in_the_middle_is(spread: Any) -> None:
    assert spread.median([(False, 1.0), (False, 3.0)]) == (False, 2.0)
    assert spread.median([(False, 1.0), (True, 10.0)]) == (True, 5.5)
    assert spread.median([(True, 10.0), (False, 1.0), (False, 2.0), (False, 4.0)]) == (False, 3.0)


def test_failed_cells_count_as_open_and_are_told(spread: Any) -> None:
    cells = [_cell(spread, 0.001, 1.0, 1.0), _cell(spread, math.inf, 10.0, 10.0, rechecked=None, note="no memory")]
    text = spread.told([spread.Family("f", "title", 0.01, "menu")], cells)
    assert "1 of 2" in text and "> 999 %" in text and "- f, 10.0: no memory" in text
    assert text.splitlines()[2].endswith("| 1 of 2 |")


def test_proofs_that_do_not_hold_are_told(spread: Any) -> None:
    text = spread.told([spread.Family("f", "t", 0.01, "menu")], [_cell(spread, 0.0, 1.0, 1.0, rechecked=False)])
    assert "0 of 1" in text and "the proof does not hold" in text


def test_cells_are_read_back_and_a_broken_line_is_left_out(spread: Any, tmp_path: Path) -> None:
    cells = [_cell(spread, 0.0, 1.0, 1.0), replace(_cell(spread, math.inf, 10.0, 10.0), rechecked=None)]
    file = tmp_path / "cells.jsonl"
    lines = [json.dumps(asdict(cell)) for cell in cells]
    file.write_text("\n".join([*lines, lines[0][:40]]), encoding="utf-8")
    assert list(spread.kept(file).values()) == cells


def test_fixed_members_draw_by_the_seeds_in_turn(spread: Any) -> None:
    family = spread.Family("f", "t", 0.01, "menu", {"untied": True}, {name: {"case": name} for name in "abc"})
    assert [one["seed"] for one in family.instances([5, 6]).values()] == [5, 6, 5]
    assert [one["seed"] for one in replace(family, members=None).instances([5, 6]).values()] == [5, 6]


def test_every_family_has_a_function(spread: Any) -> None:
    cells = importlib.import_module("benchmarks.spread_cells")
    known = spread.families()
    assert len(known) > 15
    assert all(callable(getattr(cells, family.function)) for family in known.values())
    assert all(len(family.members) >= 5 for family in known.values() if family.members is not None)


def test_proofs_are_rechecked_later_from_their_files(spread: Any, tmp_path: Path) -> None:
    """Of two instances one is told as it was found, the other with a bound that its certificate does not prove."""
    families = importlib.import_module("benchmarks.families")
    tiny, out = families.menus("random", (3, 4, 6), 1e-4), tmp_path / "cells.jsonl"
    first, other = spread.measure([tiny], [21, 22], 60.0, out=out, later=True)
    assert first.closed and other.closed and first.rechecked is None and other.rechecked is None
    assert spread.measure([tiny], [21, 22], 60.0, out=out, later=True) == [first, other]
    proofs = [spread.proof_of(out, cell.key) for cell in (first, other)]
    with out.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(replace(other, bound=0.9 * other.bound))) + "\n")
    told = spread.measure([tiny], [21, 22], 60.0, out=out)
    assert [cell.rechecked for cell in told] == [True, False]
    assert [proof.exists() for proof in proofs] == [False, True]
    assert replace(told[0], rechecked=None, recheck_cpu=0.0) == first
    text = spread.told([tiny], told)
    assert "| 1 of 2 |" in text and "seed 22: ValueError: the certificate proves" in text


def test_a_tiny_run_works_and_goes_on_where_it_stood(spread: Any, tmp_path: Path, monkeypatch: Any) -> None:
    families = importlib.import_module("benchmarks.families")
    tiny = families.menus("alike", (3, 3, 4), 1e-4)
    out = tmp_path / "cells.jsonl"
    cells = spread.measure([tiny], [21, 22], 60.0, jobs=2, out=out)
    assert [cell.instance for cell in cells] == ["seed 21", "seed 22"]
    assert all(cell.closed and cell.rechecked is True and not cell.note for cell in cells)
    assert all(0.0 < cell.cpu < 60.0 for cell in cells)
    monkeypatch.setattr(spread, "measured", lambda *_: pytest.fail("measured twice"))
    assert spread.measure([tiny], [21, 22], 60.0, out=out) == cells
    assert "| 2 of 2 |" in spread.told([tiny], cells)
