"""Saved proofs of price ranges hold when they are read again; gaps and limits are refused alike by every command."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import optimizer
from optimizer.cli.main import main
from optimizer.schema.case import Scenario

MARKET = Path(__file__).parents[1] / "corpus" / "market"
RANGES = {
    "continuum": ("{least: 8, most: 16}", ""),
    "steps": ("{least: 8, most: 16, step: 0.5}", ""),
    "charm": ("{least: 8, most: 16}", "charm_prices: true"),
    "change": ("{least: 3, most: 40}", "price_change: [{plan: plus, at_most: 0.1}]"),
    "one price": ("{least: 3, most: 40}", "price_change: [{plan: plus, at_most: 0}]"),
    "all": ("{least: 3, most: 40, step: 0.01}", "charm_prices: true, price_change: [{plan: plus, at_most: 0.5}]"),
    "order": ("{least: 8, most: 30}", "plan_order: [[plus, team]]"),
}


def folder(at: Path, price: str, rules: str) -> Path:
    (at / "cases").mkdir()
    shutil.copytree(MARKET, at / "models" / "small")
    case = at / "cases" / "question.yaml"
    case.write_text(
        "title: A range\nquestion: Which price?\nmarket: small\n"
        f"plans: {{plus: {{price: {price}}}, team: {{price: [20, 25]}}}}\n"
        f"rules: {{{rules}}}\n"
        "conditions: [{figure: market_share, at_least: 0.9, relative_to: today}]\n",
        encoding="utf-8",
    )
    return case


@pytest.mark.parametrize("name", RANGES)
def test_a_saved_proof_over_ranges_verifies(name: str, tmp_path: Path) -> None:
    case = folder(tmp_path, *RANGES[name])
    assert main(["run", str(case), "--out", str(tmp_path / "out")]) == 0
    assert main(["verify", str(tmp_path / "out")]) == 0


@pytest.mark.parametrize("command", ["run", "frontier", "compare", "explain", "sensitivity"])
@pytest.mark.parametrize("gap", ["nan", "inf", "-1", "1.5"])
def test_commands_refuse_a_gap_alike(command: str, gap: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "assistant-startup-today", "--gap", gap]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "--gap: must be a number between 0 and 1" in told


@pytest.mark.parametrize("command", ["run", "frontier"])
@pytest.mark.parametrize("limit", ["nan", "inf", "-1", "0"])
def test_commands_refuse_a_time_limit_alike(command: str, limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "assistant-startup-today", "--time-limit", limit]) == 2
    assert "--time-limit: must be a number of seconds above 0" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("gap", [float("nan"), float("inf"), -1.0, True, "x"], ids=repr)
def test_studies_refuse_a_gap_alike(gap: Any) -> None:
    case = "assistant-startup-margin"
    for call in (optimizer.solve_case, optimizer.frontier_case, optimizer.explain_case, optimizer.sensitivity_case):
        with pytest.raises(optimizer.InputError, match="gap: must be a number between 0 and 1"):
            call(case, gap=gap)
    with pytest.raises(optimizer.InputError, match="gap: must be a number between 0 and 1"):
        optimizer.compare_case(case, scenarios={"a": Scenario(changes={}), "b": Scenario(changes={})}, gap=gap)


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), -1.0, 0.0, True, "x"], ids=repr)
def test_studies_refuse_a_time_limit_alike(limit: Any) -> None:
    for call in (optimizer.solve_case, optimizer.frontier_case):
        with pytest.raises(optimizer.InputError, match="time_limit: must be a number of seconds above 0"):
            call("assistant-startup-margin", time_limit=limit)
