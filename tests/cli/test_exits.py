"""Exit codes with planted faults: every fault ends in a typed end, with one JSON object where that was asked for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import alive, busy, children, needs_proc, soon

from optimizer.answer import solving
from optimizer.answer.menu import read_menu
from optimizer.errors import NotTrustedError, SolverError
from optimizer.model import case_model
from optimizer.optimise import objectives


def test_infeasible_is_one(case: Path, call: Any) -> None:
    case.write_text(case.read_text().replace("at_least: 0.5", "at_least: 0.999"))
    told = call("run", case, "--json", "--out", case.parent / "out")
    body = told.json
    assert (told.code, told.err) == (1, "")
    assert (body["status"], body["exit_code"], body["verdict"]) == ("infeasible", 1, None)
    assert body["diagnosis"]["clashing"] == ["gross_margin_rate"]
    assert not (case.parent / "out").exists()
    plain = call("run", case)
    assert (plain.code, plain.out) == (1, "")
    assert "gross_margin_rate at least" in plain.err


FAULTS: dict[str, tuple[Exception, str]] = {
    "solver": (SolverError("the solver crashed"), "no_answer"),
    "not-trusted": (NotTrustedError("program 1, evaluation 2"), "error"),
    "unexpected": (ZeroDivisionError("planted"), "error"),
    "memory": (MemoryError(), "error"),
    "recursion": (RecursionError("planted"), "error"),
    "system": (OSError(28, "No space left on device", "x.tmp"), "error"),
    "assertion": (AssertionError(), "error"),
    "overflow": (OverflowError("planted"), "error"),
    "unicode": (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "planted"), "error"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize(
    "where", [(objectives, "best"), pytest.param((solving, "_solve_stage"), marks=pytest.mark.full)]
)
def test_planted_errors_are_three(
    name: str, where: tuple[Any, str], case: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    error, status = FAULTS[name]

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(*where, fail)
    out = case.parent / "out"
    told = call("run", case, "--json", "--out", out)
    body = told.json
    assert (told.code, told.err) == (3, "")
    assert (body["status"], body["exit_code"]) == (status, 3)
    assert body["message"]
    assert body["verdict"] == ("not_trusted" if name == "not-trusted" else None)
    assert "objective" not in body and "figures" not in body
    assert not out.exists()
    plain = call("run", case, "--out", out)
    assert (plain.code, plain.out) == (3, "")
    assert plain.err.strip()


@pytest.mark.parametrize("factor", [1.0 + 1e-7, 1.01, 2.0, -1.0, float("nan")])
def test_an_evaluator_that_disagrees_is_not_trusted(
    factor: float, case: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value of the search and the one of the evaluator are not the same: no number is shown."""
    true = objectives.best

    def lies(*arguments: Any, **more: Any) -> Any:
        from dataclasses import replace

        answer = true(*arguments, **more)
        return replace(answer, value=answer.value * factor)

    monkeypatch.setattr(objectives, "best", lies)
    told = call("run", case, "--json", "--out", case.parent / "out")
    body = told.json
    assert told.code == 3
    assert (body["status"], body["verdict"]) == ("error", "not_trusted")
    assert "figures" not in body and "menu" not in body
    assert not (case.parent / "out").exists()
    plain = call("run", case)
    assert (plain.code, plain.out) == (3, "")
    assert plain.err.startswith("not trusted")


def test_a_search_that_names_a_menu_that_misses_a_condition(
    case: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time a menu is refused it is cut off; where all are, nothing is shown."""
    case.write_text(case.read_text().replace("at_least: 0.5", "at_least: 0.999"))
    true = objectives.best

    def blind(instance: Any, measure: Any, sense: Any, limits: Any, *more: Any, **options: Any) -> Any:
        return true(instance, measure, sense, (), *more, **options)

    monkeypatch.setattr(objectives, "best", blind)
    told = call("run", case, "--json")
    assert told.code == 3
    assert told.json["verdict"] == "not_trusted"
    assert "figures" not in told.json


def test_interrupted_in_the_middle(case: Path, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(solving, "_solve_stage", stop)
    told = call("run", case, "--json", "--out", case.parent / "out")
    assert (told.code, told.json["status"], told.json["exit_code"]) == (130, "interrupted", 130)
    assert not (case.parent / "out").exists()
    plain = call("run", case)
    assert (plain.code, plain.out, plain.err) == (130, "", "interrupted\n")


SITE = """
import sys
if "-m" in sys.orig_argv:
    import optimizer.answer.solving as solving
    {body}
"""


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ("solving._solve_stage = lambda *a, **k: 1 / 0", 3, "error"),
        ("solving.audit = lambda *a, **k: (_ for _ in ()).throw(solving.NotTrustedError('they differ'))", 3, "error"),
        ("solving._solve_stage = lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt())", 130, "interrupted"),
    ],
)
def test_planted_in_a_process(body: str, code: int, status: str, case: Path, run_process: Any) -> None:
    told = run_process("run", case, "--json", site=SITE.format(body=body))
    assert (told.code, told.err, told.json["status"]) == (code, "", status)


def test_a_wrong_value_from_the_solver_in_a_process(case: Path, run_process: Any) -> None:
    """The whole program handed to HiGHS, and its value tampered with on the way back."""
    body = """
    from dataclasses import replace
    from optimizer.optimise import objectives
    true = objectives.best
    objectives.best = lambda *a, **k: (lambda r: replace(r, value=1.001 * r.value))(true(*a, **k))
    """
    told = run_process("run", case, "--json", "--no-screen", site=SITE.format(body=body.strip()))
    assert (told.code, told.json["verdict"]) == (3, "not_trusted")


HARD = """\
title: Hard
question: Can it be stopped?
market: small
plans:
  free: {{allowances: {{large: {{day: {caps}}}}}, withdraw: true}}
  plus: {{price: {prices}, allowances: {{large: {{day: [60, 90, 120, unlimited]}}}}, withdraw: true}}
  team: {{price: {prices}, withdraw: true}}
  api: {{unit_prices: {{large: {units}, small: {units}}}, withdraw: true}}
mix: {{enterprise_share: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]}}
conditions:
  - {{figure: gross_margin_rate, at_least: 0.6}}
  - {{figure: decision_rate, at_most: 0.08}}
"""


@pytest.fixture
def hard(case: Path) -> Path:
    path = case.with_name("hard.yaml")
    prices = [round(5 + 0.37 * k, 2) for k in range(90)]
    units = [round(0.4 + 0.31 * k, 2) for k in range(16)]
    path.write_text(HARD.format(caps=list(range(2, 40)), prices=prices, units=units))
    return path


@needs_proc
@pytest.mark.parametrize("limit", [[], pytest.param(["--time-limit", "300"], marks=pytest.mark.full)])
@pytest.mark.parametrize("seconds", [4.0, pytest.param(3.0, marks=pytest.mark.full)])
def test_ctrl_c_in_the_solver(limit: list[str], seconds: float, hard: Path, tmp_path: Path) -> None:
    interrupted_after(seconds, ["run", str(hard), "--no-screen", *limit], _environment(), tmp_path)


@needs_proc
def test_ctrl_c_in_python(case: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    slow = "solving._solve_stage = lambda *a, **k: sum(1 for _ in iter(int, 1))"
    (site / "sitecustomize.py").write_text(SITE.format(body=slow), encoding="utf-8")
    environment = _environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(site), environment["PYTHONPATH"]])
    interrupted_after(2.5, ["run", str(case)], environment, tmp_path)


def interrupted_after(seconds: float, arguments: list[str], environment: dict[str, str], folder: Path) -> None:
    """130, at once, one object, nothing saved, and no process left."""
    command = [sys.executable, "-m", "optimizer", *arguments, "--json", "--out", str(folder / "out")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder
    )
    assert soon(lambda: busy(process.pid) >= seconds or process.poll() is not None, 120.0)
    assert process.poll() is None, "the case is too easy to be interrupted"
    below = children(process.pid)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    took = time.monotonic() - sent
    assert soon(lambda: not any(alive(p) for p in below), 5.0)
    assert process.returncode == 130, err
    assert took < 10.0
    assert err == ""
    body = json.loads(out)
    assert (body["status"], body["exit_code"]) == ("interrupted", 130)
    assert not (folder / "out").exists()


def _environment() -> dict[str, str]:
    import optimizer

    root = str(Path(__file__).parents[2])
    paths = [os.environ.get("PYTHONPATH", ""), *([] if "site-packages" in str(optimizer.__file__) else [root])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in paths if p)}


def test_the_numbers_shown_are_the_evaluators(case: Path, call: Any) -> None:
    body = call("run", case, "--json").json
    problem = case_model.prepare_case(case)
    evaluation = problem.evaluate(read_menu(body, problem.prepared))
    for name, row in body["figures"].items():
        value = evaluation.figure(name)
        assert (row["value"] is None and np.isnan(value)) or row["value"] == value, name
