"""The commands learn reduce, fit, sql and simulate."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optimizer.io.saving import write_folder_atomic
from optimizer.learn.stats import AnswerCount, ArmCount, Stats, read_stats, stats_files


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


def test_fit(call: Callable[..., Any], tmp_path: Path) -> None:
    """Two arms and a question, which tell little: the folder loads, the page says what stays assumed."""
    arms = [ArmCount(arm, "individuals", 2000, "new", changes, plan, count, 1.0)
            for arm, changes, taken in (("as it is", "", (400, 14)), ("cheap", "plans.plus.price=9", (390, 22)))
            for plan, count in zip(("free", "plus"), taken, strict=True)]  # fmt: skip
    asked = (AnswerCount("reached", "yes", "individuals", 75, None, 1000),)
    write_folder_atomic(tmp_path / "stats", stats_files(Stats({}, experiments=tuple(arms), survey=asked)))
    arguments = ("assistant-startup-margin", tmp_path / "stats", "--worlds", "0", "--draws", "2")
    page = tmp_path / "page.html"
    ran = call("learn", "fit", *arguments, "--out", tmp_path / "one", "--html", page)
    assert ran.code == 0 and "Not identified by the data given" in ran.out and "one/cases" in ran.err
    assert "What was learned" in page.read_text(encoding="utf-8")
    case = tmp_path / "one" / "cases" / "assistant-startup-margin.yaml"
    assert call("check", case).code == 0
    draws = (tmp_path / "one" / "draws.csv").read_text(encoding="utf-8")
    assert draws.startswith("path,unit,1,2\nweight,1,1.0,1.0\n")
    ran = call("learn", "fit", *arguments, "--out", tmp_path / "two", "--json")
    assert ran.code == 0 and ran.json["draws"] == 2 and len(ran.json["figures"]) == 5
    learned = {n["path"]: n["learned"] for n in ran.json["numbers"]}
    assert learned["go_to_market.consumer.most"] > 0.3 > learned["segments.individuals.price_coefficient"] > 0.0
    assert (tmp_path / "two" / "draws.csv").read_text(encoding="utf-8") == draws  # one seed, one file


def test_fit_of_wrong_input(call: Callable[..., Any], tmp_path: Path) -> None:
    write_folder_atomic(tmp_path / "stats", stats_files(Stats({})))
    (tmp_path / "there").mkdir()
    for arguments, word in [
        (("assistant-startup-margin", tmp_path / "stats", "--out", tmp_path / "new"), "nothing in the statistics"),
        (("assistant-startup-margin", tmp_path / "stats", "--out", tmp_path / "there"), "exists already"),
        (("assistant-startup-margin", tmp_path / "nowhere", "--out", tmp_path / "new"), "no such"),
        (("no-such-case", tmp_path / "stats", "--out", tmp_path / "new"), "no case"),
    ]:
        ran = call("learn", "fit", *arguments, "--json")
        assert ran.code == 2 and word in ran.json["message"], arguments
    assert not (tmp_path / "new").exists()
