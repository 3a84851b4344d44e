"""The commands learn reduce, sql and simulate."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optimizer.learn.stats import read_stats


def test_from_simulate_to_statistics(call: Callable[..., Any], tmp_path: Path) -> None:
    tables, stats = tmp_path / "company" / "tables", tmp_path / "company" / "stats"
    ran = call(
        "learn", "simulate", "assistant-startup-margin", "--customers", 500, "--days", 30, "--seed", 4, "--out", tables
    )
    assert ran.code == 0 and "usage" in ran.out
    with open(tables.parent / "truth.csv", newline="") as stream:
        truth = {row["path"]: float(row["value"]) for row in csv.DictReader(stream)}
    assert truth["simulated.customers"] == 500.0 and len(truth) > 100
    ran = call("learn", "reduce", tables, "--out", stats, "--memory", "0.5", "--json")
    assert ran.code == 0 and ran.json["status"] == "ok"
    assert {f["table"] for f in ran.json["files"]} == {"subscriptions", "usage", "caps", "experiments"}
    read = read_stats(stats)
    assert sum(u.customers for u in read.units) > 400
    assert "One scan of the whole log" in ran.err  # progress


def test_a_warning_names_file_and_line(call: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(
        "customer,day,ai_model,requests,input_tokens,output_tokens\na,2025-01-01,x,1,1,1\na,2025-01-01,x,-1,1,1\n"
    )
    ran = call("learn", "reduce", path, "--out", tmp_path / "stats", "--memory", "0.5")
    assert ran.code == 0 and "1 of 2 rows" in ran.out
    assert f"warning: {path}:3: requests: 1 of 2 rows left out: below 0, e.g. '-1' (line 3)" in ran.err


def test_bad_input(call: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "subscriptions.csv"
    path.write_text("customer,plan\na,plus\n")
    out = tmp_path / "stats"
    for arguments, word in [
        ((path,), "needs the column"),
        ((tmp_path / "nowhere",), "no such file"),
        ((path, "--rate", "EUR"), "NAME=VALUE"),
        ((path, "--rate", "EUR=cheap"), "the rate of EUR"),
        ((path, "--zone", "Mars/Base"), "time zone"),
        ((path, "--map", "unheard-of"), "no map"),
        ((path, "--memory", "0"), "GB"),
    ]:
        ran = call("learn", "reduce", *arguments, "--out", out, "--json")
        assert ran.code == 2 and word in ran.json["message"], arguments
    assert not out.exists()


def test_sql(call: Callable[..., Any]) -> None:
    ran = call("learn", "sql", "--dialect", "snowflake")
    assert ran.code == 0 and ran.out.startswith("-- Logs to small tables") and "CREATE TABLE learn_spells" in ran.out
    assert call("learn", "sql", "--dialect", "cobol").code == 2
