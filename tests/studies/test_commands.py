"""The study commands as a user calls them: one JSON object, files, stopping and going on, nonsense refused."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from optimizer.cli.main import main
from optimizer.optimise import frontier as tracing

CASE = "assistant-startup-margin"


def asked(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    """The JSON that a command prints; nothing else may be on stdout."""
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_frontier(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "frontier", CASE, "--points", "6")
    assert found["status"] == "optimal"
    assert len(found["points"]) == 6
    assert all(p["verdict"] == "proved" and p["figures"] and p["menu"] for p in found["points"])
    shares = [p["x"] for p in found["points"]]
    margins = [p["y"] for p in found["points"]]
    assert shares == sorted(shares)
    assert margins == sorted(margins, reverse=True)


def test_the_whole_frontier(capsys: pytest.CaptureFixture[str], factory: ModuleType, tmp_path: Path) -> None:
    case = str(factory.write(tmp_path, factory.market(), factory.case()))
    few = asked(capsys, "frontier", case, "--points", "3")
    whole = asked(capsys, "frontier", case, "--all")
    assert len(whole["points"]) > len(few["points"]) == 3
    assert whole["room"] == 0 < few["room"]


def test_frontier_of_any_two_figures(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "frontier", CASE, "--x=-gpu_hours", "--y", "revenue", "--points", "5")
    hours = [p["x"] for p in found["points"]]
    assert hours == sorted(hours, reverse=True)
    assert found["x"]["sense"] == -1


def test_frontier_goes_on_where_it_stopped(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "ENUMERATED", 0)
    out = str(tmp_path / "study")
    first = asked(capsys, "frontier", CASE, "--points", "5", "--out", out)
    assert first["solves"] > 4
    again = asked(capsys, "frontier", CASE, "--points", "5", "--out", out)
    assert again["solves"] <= 1
    assert again["points"] == first["points"]
    other = asked(capsys, "frontier", CASE, "--points", "5", "--out", out, "--set", "pools.main.price=x2")
    assert other["solves"] > 4
    assert (tmp_path / "study" / "frontier.csv").read_text().startswith("market_share,")


def test_family(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "frontier", CASE, "--points", "3", "--family", "pools.main.price=1.5,4")
    cheap, dear = found["family"]
    assert cheap["label"].endswith("1.5")
    assert cheap["points"][0]["y"] > dear["points"][0]["y"]


def test_compare_scenarios_of_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    worlds = tmp_path / "worlds.yaml"
    worlds.write_text(
        "scenarios:\n  cheap: {title: Cheap GPUs, changes: {pools.*.price: {times: 0.5}}, weight: 2}\n"
        "grid:\n  segments.*.price_coefficient: [{times: 0.9}, {times: 1.1}]\n",
        encoding="utf-8",
    )
    found = asked(capsys, "compare", CASE, "--scenarios", str(worlds))
    assert len(found["scenarios"]) == 4
    assert sum(s["weight"] for s in found["scenarios"].values()) == pytest.approx(1.0)
    for scenario in found["scenarios"]:
        own = found["table"][f"best in {scenario}"][scenario]
        assert own["feasible"]
        assert own["regret"] == pytest.approx(0.0, abs=1e-3)
        for row in found["table"].values():
            if row[scenario]["feasible"]:
                assert row[scenario]["value"] <= own["value"] * (1 + 2e-4)
    assert found["least_regret"] in found["menus"]
    assert found["best_expected"] in found["menus"]


def test_compare_cases(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["copy", CASE, str(tmp_path)]) == 0
    capsys.readouterr()
    case, dear = (tmp_path / "cases" / f"{name}.yaml" for name in (CASE, "dear"))
    changed = case.read_text(encoding="utf-8") + "\nchanges: {pools.main.price: {times: 1.5}}\n"
    dear.write_text(changed, encoding="utf-8")
    found = asked(capsys, "compare", str(case), str(dear))
    assert list(found["scenarios"]) == [CASE, "dear"]
    (rows,) = {tuple(row) for row in found["table"].values()}
    assert rows == (CASE, "dear")
    dearer = found["table"][f"best in {CASE}"]
    assert dearer["dear"]["value"] < dearer[CASE]["value"]


@pytest.mark.full
def test_compare_large_cases(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "compare", "openai-2025-margin", "openai-2025-price-war")
    assert list(found["scenarios"]) == ["openai-2025-margin", "openai-2025-price-war"]


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "explain", CASE)
    chosen = {r["plan"]: r for r in found["price_responses"] if r["factor"] == 1.0}
    assert {"plus", "team", "api"} <= set(chosen)
    looser = [r for r in found["condition_costs"] if r["sense"] == "at least" and r["move"] < 0]
    assert looser
    assert all(r["change"] >= -1e-6 for r in looser)
    assert all(0 <= r["behind"] <= 0.01 for r in found["runners_up"])
    assert found["free_tier"]["serving_cost"] > 0


def test_sensitivity(capsys: pytest.CaptureFixture[str]) -> None:
    paths = ["pools.main.price", "plans.free.referral"]
    found = asked(capsys, "sensitivity", CASE, "--top", "1", *(x for p in paths for x in ("--path", p)))
    assert {d["path"] for d in found["drivers"]} == set(paths)
    first = found["drivers"][0]
    assert first["swing"] >= found["drivers"][1]["swing"]
    price = next(d for d in found["drivers"] if d["path"] == "pools.main.price")
    assert price["kept"]["low"] > price["kept"]["high"]
    assert first["best"]["low"] is not None


@pytest.mark.parametrize(
    "arguments",
    [
        ["frontier", CASE, "--x", "nonsense"],
        ["frontier", CASE, "--x", "revenue", "--y", "revenue"],
        ["frontier", CASE, "--family", "nonsense"],
        ["frontier", CASE, "--points", "1"],
        ["compare", CASE],
        ["compare", CASE, "openai-2025-margin"],
        ["compare", CASE, "--scenarios", "missing.yaml"],
        ["sensitivity", CASE, "--path", "no.such.number"],
        ["run", CASE, "--html", "x.html", "--with", "nonsense"],
    ],
)
def test_nonsense_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    found = asked(capsys, *arguments, code=2) if arguments[0] != "run" else None
    if found is None:
        assert main(arguments) == 2
    else:
        assert found["status"] == "bad_input"
        assert found["message"]


def test_workbook_round_trip(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / f"{CASE}.xlsx"
    assert main(["copy", CASE, str(file)]) == 0
    capsys.readouterr()
    there = asked(capsys, "run", str(file))
    here = asked(capsys, "run", CASE)
    assert there["input_hash"] == here["input_hash"]
    assert there["figures"] == here["figures"]
    what_if = asked(capsys, "evaluate", str(file), "--set", "plans.plus.price=15")
    assert what_if["menu"]["plus"]["price"] == 15


def test_report_and_tables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = [tmp_path / "r.html", tmp_path / "r.xlsx", tmp_path / "tables"]
    options = ["--html", str(files[0]), "--excel", str(files[1]), "--parquet", str(files[2]), "--with", "none"]
    found = asked(capsys, "run", CASE, *options)
    assert found["verdict"] == "proved"
    assert all(f.exists() for f in files)
