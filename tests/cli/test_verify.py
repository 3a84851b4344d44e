"""``verify`` against forgeries: whatever single field of a saved result is changed is found, or the file refused."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from amount import few
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.answer.verify import UNTOLD, verify_folder
from optimizer.cli.main import main
from optimizer.errors import InputError

QUESTION = """title: A question
question: Which prices earn the most?
market: small
plans: {plus: {price: [10, 12, 15]}, team: {price: [20, 25]}}
"""
OBJECTIVES = {
    "figure": "objective: contribution_margin\n"
    "conditions: [{figure: market_share, at_least: 0.5, relative_to: today}]\n",
    "ratio": "objective: gross_margin_rate\n",
    "blend": "objective: {blend: {contribution_margin: 1, gross_margin_rate: 0.5}}\n",
    "stages": "objective: {lexicographic: [{maximise: customers, give: 0.05}, {minimise: serving_cost}]}\n",
    "range": "objective: contribution_margin\n",
}


@pytest.fixture(scope="module", params=OBJECTIVES)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result folder of every kind of objective."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "cases").mkdir()
    text = QUESTION + OBJECTIVES[request.param]
    if request.param == "range":
        text = text.replace("[10, 12, 15]", "{least: 8, most: 16, step: 0.5}")
    (folder / "cases" / "question.yaml").write_text(text, encoding="utf-8")
    shutil.copytree(Path(__file__).parents[1] / "corpus" / "market", folder / "models" / "small")
    assert main(["run", str(folder / "cases" / "question.yaml"), "--out", str(folder / "out")]) == 0
    return folder / "out"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all values that are told and recomputed."""
    if isinstance(value, dict | list) and value:
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            if path or key not in UNTOLD:
                yield from leaves(part, (*path, key))
    else:
        yield path


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def forged(value: Any, how: int) -> Any:
    """Another value of the same kind, or of another."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return [value + 1, value * 1.001 + 1e-6, -value - 1, 0.123, math.nan, "7"][how]
    if isinstance(value, str):
        return [value + " ", "", "proved by hand", value[::-1] + "x", None, 5][how]
    return [1.0, "word", [1], {"a": 1}, True, -1][how]


def passes(folder: Path) -> bool:
    try:
        return bool(verify_folder(folder)["passed"])
    except InputError:
        return False


def with_hashes_made_good(folder: Path) -> None:
    """What a forger would do: the manifest says what now stands there."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["result.json"] = hashlib.sha256((folder / "result.json").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_an_honest_result_passes(saved: Path) -> None:
    told = verify_folder(saved)
    assert told["passed"], [row for row in told["checks"] if not row["passed"]]
    assert {row["what"] for row in told["checks"]} >= {"inputs", "figures", "menu", "parts", "figures.csv"}
    assert any(row["what"].startswith("bound") for row in told["checks"])


def as_version_2(document: dict[str, Any]) -> dict[str, Any]:
    """A result as it was saved before leaving and deciding anew were told apart."""
    figures = {n: f for n, f in document["figures"].items() if n not in ("leave_rate", "people_share")}
    figures["churn_rate"] = {**document["figures"]["leave_rate"], "value": 0.9}
    figures["payers_churn_rate"] = {**figures["payers_churn_rate"], "value": 0.8}
    return {**document, "schema_version": 2, "figures": figures, "parts": {}, "leave_rate": 0.5}


def test_a_result_of_an_earlier_version(saved: Path, tmp_path: Path) -> None:
    """What still means the same is compared, the rest is told not to be."""
    folder = tmp_path / "out"
    shutil.copytree(saved, folder)
    document = as_version_2(json.loads((folder / "result.json").read_text(encoding="utf-8")))

    def told() -> dict[str, Any]:
        (folder / "result.json").write_text(json.dumps(document), encoding="utf-8")
        with_hashes_made_good(folder)
        return verify_folder(folder)

    rows = told()
    assert rows["passed"], [row for row in rows["checks"] if not row["passed"]]
    (version,) = [row for row in rows["checks"] if row["what"] == "version"]
    assert "schema_version 2" in version["detail"] and "not compared" in version["detail"]
    assert any(row["what"].startswith("bound") for row in rows["checks"])
    document["figures"]["revenue"]["value"] *= 1.01
    assert [row["what"] for row in told()["checks"] if not row["passed"]] == ["figures"]


def check_forgery(saved: Path, place: Path, path: tuple[Any, ...], how: int) -> None:
    """One field changed, hashes made good: it is found. Some claims of how it was found are the run's own word."""
    document = json.loads((saved / "result.json").read_text(encoding="utf-8"))
    parent, key = at(document, path[:-1]), path[-1]
    parent[key] = forged(parent[key], how)
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(saved, place)
    (place / "result.json").write_text(json.dumps(document), encoding="utf-8")
    assert not passes(place), f"{path} altered with its hash left: {parent[key]!r}"
    with_hashes_made_good(place)
    claim = path[-1] in ("enumerated", "gap_asked", "method", "cells", "rounding_loss")
    assert claim or not passes(place), f"{path} forged as {parent[key]!r}"


@settings(max_examples=few(15))
@given(data=st.data())
def test_every_single_field(saved: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    paths = list(leaves(json.loads((saved / "result.json").read_text(encoding="utf-8"))))
    assert len(paths) > 100
    path, how = data.draw(st.sampled_from(paths)), data.draw(st.integers(0, 5))
    check_forgery(saved, tmp_path_factory.getbasetemp() / f"forged-{saved.parent.name}", path, how)


@pytest.mark.full
@settings(max_examples=100)
@given(data=st.data())
def test_many_single_fields(saved: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    paths = list(leaves(json.loads((saved / "result.json").read_text(encoding="utf-8"))))
    path, how = data.draw(st.sampled_from(paths)), data.draw(st.integers(0, 5))
    check_forgery(saved, tmp_path_factory.getbasetemp() / f"forged-{saved.parent.name}", path, how)


def test_a_bound_that_no_certificate_proves(saved: Path, tmp_path: Path) -> None:
    """Value, bound and gap forged together, so that they agree with one another."""
    place = tmp_path / "out"
    shutil.copytree(saved, place)
    document = json.loads((place / "result.json").read_text())
    sense = 1 if document["objective"]["sense"] == "most" else -1
    for claim in (document["objective"], document["stages"][-1]):
        claim["bound"] = claim["value"] - sense * 1e-3 * abs(claim["value"])
        claim["gap"] = 0.0
    (place / "result.json").write_text(json.dumps(document))
    with_hashes_made_good(place)
    assert not passes(place)


def test_a_certificate_that_leaves_out_a_good_menu(saved: Path, tmp_path: Path) -> None:
    place = tmp_path / "out"
    shutil.copytree(saved, place)
    certificate = json.loads((place / "certificate.json").read_text())
    proof = certificate["stages"][-1]["proof"]
    inner = next(part for part in (proof, proof.get("step"), proof.get("high", {}).get("step"), proof.get("relaxed"))
                 if part and "excluded" in part)  # fmt: skip
    levels = [0] * len(inner["box"])
    inner["excluded"].append([levels, 0])
    (place / "certificate.json").write_text(json.dumps(certificate))
    failed = [row["what"] for row in verify_folder(place)["checks"] if not row["passed"]]
    assert any(what.startswith("bound") for what in failed), failed


@pytest.mark.parametrize("saved", ["figure", "range"], indirect=True)
def test_tables_that_were_altered_or_removed(saved: Path, tmp_path: Path) -> None:
    for name in sorted(p.name for p in saved.glob("*.csv")):
        place = tmp_path / name
        shutil.copytree(saved, place)
        text = (place / name).read_text(encoding="utf-8")
        assert "1" in text, name
        (place / name).write_text(text.replace("1", "7"), encoding="utf-8")
        told = verify_folder(place)
        assert {row["what"] for row in told["checks"] if not row["passed"]} == {f"file {name}", name}
        (place / name).unlink()
        with pytest.raises(InputError):
            verify_folder(place)


@pytest.mark.parametrize("saved", ["figure"], indirect=True)
@pytest.mark.parametrize("content", ["{", "[]", "[" * 3000, "null", "7", '{"stages": 5}', '{"stages": [{}, {}, {}]}'])
@pytest.mark.parametrize("name", ["certificate.json", "result.json", "inputs.json"])
def test_files_that_are_not_well_formed(saved: Path, tmp_path: Path, name: str, content: str) -> None:
    shutil.copytree(saved, tmp_path / "out")
    (tmp_path / "out" / name).write_text(content)
    assert main(["verify", str(tmp_path / "out"), "--json"]) == 2
