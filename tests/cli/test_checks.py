"""The checks on the command line: where they are told, how they are asked for and left out, and what verify says."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from optimizer.answer.verify import verify_folder

KEYS = {"check", "plan", "value", "unit", "verdict", "words", "blocks"}


def test_every_check_has_rows(case: Path, call: Any) -> None:
    usual, every = (call("run", case, "--json", *more).json["checks"] for more in ((), ("--checks", "all")))
    assert {row["check"] for row in usual} == {"clone", "ladder_end", "missing_lever"}
    assert {row["check"] for row in every} == {"clone", "dominated_copy", "nest_range", "ladder_end", "missing_lever"}
    for row in every:
        assert set(row) == KEYS and row["verdict"] in ("pass", "mark", "undecided") and row["words"], row


@pytest.mark.parametrize("option", [("--no-checks",), ("--checks", "none")])
def test_they_can_be_left_out(case: Path, call: Any, option: tuple[str, ...]) -> None:
    told = call("run", case, "--json", *option).json
    assert told["checks"] == [] and "checks" not in told["seconds"]
    assert "\nChecks" not in call("run", case, *option).out


def test_evaluate_runs_none(case: Path, call: Any) -> None:
    assert call("evaluate", case, "--json").json["checks"] == []


def test_words_that_mean_none(case: Path, call: Any) -> None:
    assert call("run", case, "--checks", "some").code == 2
    assert call("run", case, "--checks", "all", "--no-checks").code == 2


def test_the_first_screen(case: Path, call: Any) -> None:
    """The head, then a line for each mark and one for those that passed, then the menu."""
    out, rows = call("run", case).out, call("run", case, "--json").json["checks"]
    lines = out.split("\nMenu (")[0].splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("Checks"))
    assert "Proven best" in "".join(lines[start - 3 : start])
    words = [line.split()[0] for line in lines[start + 1 :] if line.startswith("  ")]
    marks = sorted(row["verdict"] for row in rows if row["verdict"] != "pass")
    assert sorted(words) == sorted([*marks, "pass"]) and marks
    passed = sum(row["verdict"] == "pass" for row in rows)
    assert f"{passed} check" in out


def test_the_answer_is_told_before_its_checks(
    case: Path, call: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from optimizer.answer.checks import running

    seen: list[str] = []
    real = running.check_answer

    def watched(*arguments: Any) -> Any:
        seen.append(capsys.readouterr().out)
        return real(*arguments)

    monkeypatch.setattr(running, "check_answer", watched)
    out = call("run", case).out
    assert len(seen) == 1 and "Proven best" in seen[0] and "Checks" not in seen[0]
    assert out.startswith("Checks") and "Menu (" in out


def forged(saved: Path, place: Path, change: Any) -> dict[str, Any]:
    """What verify says once the checks are changed and the hashes made good."""
    shutil.copytree(saved, place)
    document = json.loads((place / "result.json").read_text())
    change(document["checks"])
    (place / "result.json").write_text(json.dumps(document))
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["files"]["result.json"] = hashlib.sha256((place / "result.json").read_bytes()).hexdigest()
    (place / "manifest.json").write_text(json.dumps(manifest))
    return verify_folder(place)


def test_verify_looks_at_the_checks(case: Path, call: Any, tmp_path: Path) -> None:
    saved = tmp_path / "out"
    assert call("run", case, "--checks", "all", "--out", saved, "--json").code == 0
    assert {"what": "checks", "passed": True} in [
        {k: row[k] for k in ("what", "passed")} for row in verify_folder(saved)["checks"]
    ]
    rows = json.loads((saved / "result.json").read_text())["checks"]
    marked = [k for k, row in enumerate(rows) if row["verdict"] == "mark" and row["check"] in
              ("clone", "dominated_copy")]  # fmt: skip
    assert marked
    forgeries = {
        "passed": lambda found: found[marked[0]].update(verdict="pass"),
        "smaller": lambda found: found[marked[0]].update(value=found[marked[0]]["value"] / 10),
        "gone": lambda found: found.pop(marked[0]),
    }
    for name, change in forgeries.items():
        told = forged(saved, tmp_path / name, change)
        assert [row["what"] for row in told["checks"] if not row["passed"]] == ["checks"], name


def test_a_block_cannot_be_forged_away(case: Path, call: Any, tmp_path: Path) -> None:
    saved = tmp_path / "out"
    assert call("run", case, "--out", saved, "--json").code == 0
    rows = json.loads((saved / "result.json").read_text())["checks"]
    assert any(row["blocks"] for row in rows)

    def unblocked(found: list[dict[str, Any]]) -> None:
        for row in found:
            row["blocks"] = False

    told = forged(saved, tmp_path / "unblocked", unblocked)
    assert {row["what"] for row in told["checks"] if not row["passed"]} == {"checks", "verdict_text"}


def test_a_result_without_checks_is_verified(case: Path, call: Any, tmp_path: Path) -> None:
    saved = tmp_path / "out"
    assert call("run", case, "--no-checks", "--out", saved, "--json").code == 0
    assert verify_folder(saved)["passed"]
