"""A saved answer of rivals is made anew: what was forged in it is found, and named."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rival_cases import case_model, rivals

from optimizer.cli.main import main
from optimizer.errors import NotTrustedError
from optimizer.model.case_model import CaseModel
from optimizer.optimise.outcome import Settings
from optimizer.studies.rivalry import Rivalry, rivalry_of
from optimizer.studies.rivalry_retold import retold
from optimizer.studies.rivals import RivalsStudy, rivals_document
from optimizer.studies.rivals_saved import PROOF, SAVED, verify_rivals

Document = dict[str, Any]


@pytest.fixture(scope="module")
def m(factory: ModuleType) -> CaseModel:
    return case_model(factory)


@pytest.fixture(scope="module")
def found(m: CaseModel) -> Rivalry:
    return rivalry_of(m, Settings(gap=1e-6, cross_check=False))


def documents(found: Rivalry) -> tuple[Document, Document]:
    """What is told, and its proof, as files hold them."""
    told = json.loads(json.dumps(rivals_document(found)))
    return told, json.loads(RivalsStudy().files(found)[PROOF])


def test_it_is_made_anew_as_it_was(m: CaseModel, found: Rivalry) -> None:
    told, proof = documents(found)
    again = json.loads(json.dumps(rivals_document(retold(m, told, proof))))
    assert {**again, "seconds": None} == {**told, "seconds": None}
    assert again["equilibrium"] is not None and len(proof["path"]) == len(told["path"]) >= 2
    assert len(proof["profiles"]) == 6


def least(told: Document, proof: Document) -> None:
    told["bound"] = told["value"] - 1e-3 * abs(told["value"])


def fewer(told: Document, proof: Document) -> None:
    proof["profiles"].pop()


def twice(told: Document, proof: Document) -> None:
    """Another profile's proof in place of its own."""
    searched = [p for p in proof["profiles"] if not p["proof"].get("always_left")]
    proof["profiles"] = [p if p["proof"].get("always_left") else {**searched[0], "profile": p["profile"]}
                         for p in proof["profiles"]]  # fmt: skip
    for one in proof["profiles"]:
        one["proof"] = {"always_left": True}


def elsewhere(told: Document, proof: Document) -> None:
    proof["profile"] = [(proof["profile"][0] + 1) % 3, proof["profile"][1]]


def beyond(told: Document, proof: Document) -> None:
    proof["levels"][0] = -1


def unknown(told: Document, proof: Document) -> None:
    proof["path"][-1]["prices"] = [7, 0]


def left_out(told: Document, proof: Document) -> None:
    del proof["path"][0]


def untrue(told: Document, proof: Document) -> None:
    """A proof of the path that leaves out the best menu."""
    step = proof["path"][-1]
    step["proof"] = {**step["proof"], "excluded": [[step["levels"], step["mix"]]]}


FORGED: list[tuple[Callable[[Document, Document], None], str]] = [
    (least, "the certificate proves"),
    (fewer, "leaves out 1 profiles"),
    (twice, "some rival always leaves"),
    (elsewhere, "gains by leaving"),
    (beyond, "none of the case's"),
    (unknown, "on no ladder"),
    (left_out, "does not begin at today's prices"),
    (untrue, "leaves out a menu"),
]


@pytest.mark.parametrize(("forge", "words"), FORGED, ids=[forge.__name__ for forge, _ in FORGED])
def test_a_forged_proof_is_refused(
    m: CaseModel, found: Rivalry, forge: Callable[[Document, Document], None], words: str
) -> None:
    told, proof = copy.deepcopy(documents(found))
    forge(told, proof)
    with pytest.raises(NotTrustedError, match=words):
        retold(m, told, proof)


def test_another_menu_on_the_path_is_refused(factory: ModuleType, m: CaseModel, found: Rivalry) -> None:
    """It is not proven to be the best at the prices there, or misses a condition."""
    told, proof = documents(found)
    best = (tuple(proof["path"][0]["levels"]), proof["path"][0]["mix"])
    others = [choice for choice in factory.every_choice(m) if choice != best]
    assert len(others) > 10
    for levels, mix in others[::5]:
        proof["path"][0] |= {"levels": list(levels), "mix": mix}
        with pytest.raises(NotTrustedError, match=r"not proven to be the best|misses a condition"):
            retold(m, told, proof)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda told: told.update(value=told["value"] * 1.01), "value"),
        (lambda told: told.update(equilibrium=None), "equilibrium"),
        (lambda told: told["equilibrium"].update(expected=1.0), "equilibrium"),
        (lambda told: told["profile"]["big"].update(margin=1.0), "profile"),
        (lambda told: told["stable"].clear(), "stable"),
        (lambda told: told["costs"].update(low=[]), "costs"),
        (lambda told: told["figures"]["revenue"].update(value=1.0), "figures"),
        (lambda told: told["notes"].pop(), "notes"),
        (lambda told: told["mix"].update(enterprise_share=0.123), "mix"),
        (lambda told: told.update(gap=0.5), "gap"),
    ],
)
def test_a_forged_answer_is_found(saved: Path, change: Callable[[Document], Any], part: str) -> None:
    told = json.loads((saved / SAVED).read_text())
    change(told)
    (saved / SAVED).write_text(json.dumps(told))
    report = verify_rivals(saved)
    wrong = {row["what"] for row in report["checks"] if not row["passed"]}
    assert not report["passed"] and wrong >= {f"file {SAVED}", part}, wrong


@pytest.fixture(scope="module")
def made(factory: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of a saved answer."""
    folder = tmp_path_factory.mktemp("rivals")
    data = factory.market()
    case = factory.case(rivals=rivals())
    path = factory.write(folder, data, case)
    assert main(["rivals", str(path), "--json", "--out", str(folder / "out")]) == 0
    return {file.name: file.read_text() for file in (folder / "out").iterdir()}


@pytest.fixture
def saved(made: dict[str, str], tmp_path: Path) -> Path:
    for name, text in made.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_command_verifies_it(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(saved)]) == 0
    assert "ok   bound: proven at 6 combinations" in capsys.readouterr().out
    proof = json.loads((saved / PROOF).read_text())
    del proof["profiles"][0]
    (saved / PROOF).write_text(json.dumps(proof))
    assert main(["verify", str(saved), "--json"]) == 3
    failed = [row["what"] for row in json.loads(capsys.readouterr().out)["checks"] if not row["passed"]]
    assert failed == [f"file {PROOF}", "proof"]
    (saved / PROOF).write_text("[]")
    assert main(["verify", str(saved)]) == 2
