"""Every command and option, as users meet them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from optimizer.cli.main import main
from optimizer.io.folders import read_folder

KEYS = {
    "schema_version", "input_hash", "case", "verdict", "status", "objective", "menu", "mix", "figures", "audit",
    "versions", "seconds",
}  # fmt: skip
QUESTION = """\
title: A small question
question: Which prices earn the most?
market: small
plans: {plus: {price: [10, 12, 15]}, team: {price: [20, 25]}}
conditions: [{figure: gross_margin_rate, at_least: 0.5}]
"""
FIGURES = {
    "contribution_margin", "revenue", "serving_cost", "gross_margin_rate", "market_share", "market_share_served",
    "free_share", "customers", "paying_customers", "churn_rate", "gpu_hours", "enterprise_revenue_share",
}  # fmt: skip


def test_run_shows_a_page(case: Path, call: Any) -> None:
    told = call("run", case)
    assert (told.code, told.err) == (0, "")
    for words in (
        "A small question",
        "Contribution margin",
        "By plan",
        "By segment",
        "By channel",
        "Conditions",
        "proved",
    ):
        assert words in told.out
    assert "\x1b" not in told.out


def test_json_has_what_readers_need(case: Path, call: Any) -> None:
    told = call("run", case, "--json")
    body = told.json
    assert (told.code, told.err) == (0, "")
    assert set(body) >= KEYS
    assert set(body["figures"]) >= FIGURES
    assert all({"value", "unit", "today"} <= set(row) for row in body["figures"].values())
    assert set(body["objective"]) >= {"name", "value", "unit", "bound", "gap"}
    assert set(body["menu"]) == {"free", "plus", "team", "api"}
    assert all({"price", "allowances", "offered"} <= set(row) for row in body["menu"].values())
    assert body["audit"]["largest_relative_difference"] <= 1e-9
    assert all({"slack", "met"} <= set(row) for row in body["audit"]["conditions"])
    assert (body["verdict"], body["status"]) == ("proved", "optimal")
    assert 0.0 <= body["objective"]["gap"] <= 1e-4
    assert body["case"] == "question"


def test_module_and_pipe(case: Path, run_process: Any) -> None:
    told = run_process("run", case)
    assert (told.code, told.err) == (0, "")
    assert "\x1b" not in told.out
    assert max(map(len, told.out.splitlines())) <= 200
    quiet = run_process("run", case, "--json")
    assert (quiet.code, quiet.err) == (0, "")
    assert quiet.json["status"] == "optimal"


@pytest.mark.parametrize("arguments", [(), ("run",), ("frobnicate",), ("run", "a", "b"), ("verify",), ("--json",)])
def test_usage_errors(arguments: tuple[str, ...], call: Any) -> None:
    told = call(*arguments)
    assert told.code == 2
    assert "--help" in (told.err or told.out)
    again = call(*arguments, "--json") if "--json" not in arguments else told
    assert again.code == 2
    assert again.json["status"] == "bad_input"


@pytest.mark.parametrize(
    "command", ["run", "evaluate", "check", "list", "copy", "schema", "equations", "verify", "backtest"]
)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help(command: str, flag: str, call: Any) -> None:
    told = call(command, flag)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("Usage: optimizer")
    assert call(flag).code == 0


def test_version(call: Any) -> None:
    told = call("--version")
    assert (told.code, told.err) == (0, "")
    assert told.out.strip() and "\n" not in told.out.strip()


def test_list(call: Any) -> None:
    told = call("list")
    assert told.code == 0
    body = call("list", "--json").json
    assert {"assistant-startup", "openai-2025", "anthropic-2025"} <= set(body["markets"])
    assert len(body["cases"]) >= 13
    for row in body["cases"]:
        assert row["case"] in told.out and row["title"] and row["question"] and row["market"] in body["markets"]


@pytest.mark.parametrize("what", ["", "case", "market", "backtest"])
def test_schema(what: str, call: Any) -> None:
    arguments = ["schema", what] if what else ["schema"]
    body = call(*arguments).json
    assert call(*arguments, "--json").json == body
    whole = body if what else body["market"]
    assert whole["type"] == "object" and whole["additionalProperties"] is False
    assert all("description" in f or "$ref" in f or f for f in whole["properties"].values())
    assert call("schema", "plan", "--json").json["findings"][0]["cure"] == "case, market, figures or backtest"


def test_schema_of_figures(call: Any) -> None:
    body = call("schema", "figures").json
    assert body == call("schema").json["figures"]
    assert body["leave_rate"] == {
        "definition": "Customers who leave their plan in a month divided by customers; also called churn.",
        "kind": "ratio",
        "unit": "1/month",
        "display_unit": "% a month",
        "direction": "less",
        "headline": True,
        "by_part": True,
        "numerator": "churned_customers",
        "denominator": "customers",
    }
    assert len(body) == 63
    for name, facts in body.items():
        assert facts["definition"].endswith(".") and facts["direction"] in ("more", "less"), name


def test_equations(call: Any) -> None:
    rows = call("equations", "--json").json["equations"]
    assert len(rows) >= 10
    text = call("equations")
    assert text.code == 0
    assert all(row["name"] in text.out for row in rows)


def test_check(case: Path, call: Any) -> None:
    told = call("check", case)
    assert told.code == 0
    assert "revenue" in told.out and "MISS" not in told.out and told.out.rstrip().endswith("no findings")
    body = call("check", case, "--json").json
    assert (body["status"], body["exit_code"], body["findings"]) == ("ok", 0, [])
    assert all(row["passed"] for row in body["credibility"])
    moved = call("check", case, "--set", "plans.plus.price=-1", "--json")
    assert (moved.code, moved.json["findings"][0]["field"]) == (2, "--set plans.plus.price")


def test_copy_and_run_the_copy(tmp_path: Path, call: Any) -> None:
    told = call("copy", "assistant-startup-today", tmp_path / "mine")
    assert told.code == 0
    copied = Path(told.out.strip())
    assert copied == tmp_path / "mine" / "cases" / "assistant-startup-today.yaml"
    assert (tmp_path / "mine" / "models" / "assistant-startup" / "market.yaml").is_file()
    mine, shipped = call("run", copied, "--json").json, call("run", "assistant-startup-today", "--json").json
    assert mine["figures"] == shipped["figures"]
    again = call("copy", "assistant-startup-today", tmp_path / "mine")
    assert again.code == 2 and "exists already" in again.err
    assert call("copy", "assistant-startup-today", tmp_path / "other", "--json").json["case"].endswith("today.yaml")
    assert call("copy", "assistant-startup-tody", tmp_path / "third").code == 2
    assert not (tmp_path / "third").exists()


def test_evaluate_answers_the_commonest_question(case: Path, call: Any) -> None:
    plain = call("evaluate", case, "--json").json
    dearer = call("evaluate", case, "--set", "plans.plus.price=25", "--json").json
    assert dearer["menu"]["plus"]["price"] == 25.0
    assert dearer["menu"]["plus"]["today_price"] == 12.0
    assert plain["figures"]["revenue"]["value"] == plain["figures"]["revenue"]["today"]
    assert dearer["figures"]["revenue"]["today"] == plain["figures"]["revenue"]["today"]
    assert dearer["figures"]["customers"]["value"] < plain["figures"]["customers"]["value"]
    now, before = dearer["parts"]["plan"]["plus"], plain["parts"]["plan"]["plus"]
    assert now["customers"] < before["customers"]
    # what is paid per customer follows the price, fees and yearly discounts as before
    ratio = (now["revenue"] / now["customers"]) / (before["revenue"] / before["customers"])
    assert ratio == pytest.approx(25 / 12, rel=1e-9)
    assert dearer["parts"]["plan"]["team"] == plain["parts"]["plan"]["team"]
    assert dearer["case"] == "question"


@pytest.mark.parametrize(
    ("change", "price"),
    [("plans.plus.price=25", 25.0), ("plans.plus.price=x0.5", 6.0), ("plans.plus.price=*2", 24.0),
     ("plans.plus.price=+3", 15.0), ("plans.plus.price=+-2", 10.0), (" plans.plus.price = 1.3e1 ", 13.0)],
)  # fmt: skip
def test_ways_to_set(change: str, price: float, case: Path, call: Any) -> None:
    assert call("evaluate", case, "--set", change, "--json").json["menu"]["plus"]["price"] == price


def test_set_many_with_a_star(case: Path, call: Any) -> None:
    body = call("evaluate", case, "--set", "alternatives.*.price=x0.5", "--json").json
    before = call("evaluate", case, "--json").json
    assert body["figures"]["contribution_margin"]["value"] < before["figures"]["contribution_margin"]["value"]


def test_gap_is_stated_and_kept(case: Path, call: Any) -> None:
    for gap in ("0", "1e-4", "0.5", "1"):
        body = call("run", case, "--gap", gap, "--json").json
        assert body["objective"]["gap"] <= float(gap) + 1e-12


def test_no_screen_gives_the_same_answer(case: Path, call: Any) -> None:
    screened = call("run", case, "--json").json
    whole = call("run", case, "--no-screen", "--json").json
    assert whole["verdict"] in ("solver_proved", "proved")
    assert whole["objective"]["value"] == pytest.approx(screened["objective"]["value"], rel=1e-4)


def test_time_limit(case: Path, call: Any) -> None:
    assert call("run", case, "--time-limit", "60", "--json").json["status"] == "optimal"
    short = call("run", case, "--time-limit", "1e-9", "--json")
    assert short.code in (0, 3)
    if short.code == 3:
        assert short.json["status"] == "no_answer"
        assert "more time" in short.json["message"]


def test_two_runs_give_the_same_bytes(case: Path, tmp_path: Path, run_process: Any) -> None:
    for name, seed in (("one", "1"), ("two", "2")):
        ran = run_process("run", case, "--out", tmp_path / name, variables={"PYTHONHASHSEED": seed})
        assert ran.code == 0
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("one", "two"))
    assert set(one) == set(two) >= {"result.json", "inputs.json", "certificate.json", "menu.csv", "figures.csv"}
    for name in one:
        if name == "result.json":
            first, second = (json.loads(x[name]) for x in (one, two))
            assert first.pop("seconds") and second.pop("seconds")
            assert json.dumps(first) == json.dumps(second)
        elif name == "manifest.json":  # the hash of result.json, which tells the seconds, is another one
            first, second = (json.loads(x[name])["files"] for x in (one, two))
            assert {n for n in first if first[n] != second[n]} <= {"result.json"} and set(first) == set(second)
        else:
            assert one[name] == two[name], name


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result folder."""
    folder = tmp_path_factory.mktemp("saved")
    (folder / "cases").mkdir()
    (folder / "cases" / "question.yaml").write_text(QUESTION, encoding="utf-8")
    shutil.copytree(Path(__file__).parents[1] / "corpus" / "market", folder / "models" / "small")
    assert main(["run", str(folder / "cases" / "question.yaml"), "--out", str(folder / "out")]) == 0
    return folder / "out"


@pytest.fixture
def out(saved: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    shutil.copytree(saved, tmp_path / "out")
    return tmp_path / "out"


def test_saved_and_printed_are_one(case: Path, tmp_path: Path, call: Any) -> None:
    told = call("run", case, "--json", "--out", tmp_path / "out")
    saved = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert saved == told.json
    plain = call("run", case, "--out", tmp_path / "out")
    assert plain.code == 0 and "saved to" in plain.err


def test_verify(out: Path, call: Any) -> None:
    told = call("verify", out)
    assert told.code == 0 and "FAIL" not in told.out and told.out.count("ok") >= 3
    body = call("verify", out, "--json").json
    assert body["passed"] is True and {c["what"] for c in body["checks"]} >= {"inputs", "figures", "bound"}


def tampered(file: str, old: str, new: str) -> Any:
    def spoil(out: Path) -> None:
        text = (out / file).read_text(encoding="utf-8")
        assert old in text
        (out / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


def figure_moved(out: Path) -> None:
    body = json.loads((out / "result.json").read_text(encoding="utf-8"))
    body["figures"]["revenue"]["value"] *= 1 + 1e-6
    (out / "result.json").write_text(json.dumps(body), encoding="utf-8")


def price_moved(out: Path) -> None:
    body = json.loads((out / "result.json").read_text(encoding="utf-8"))
    ladder = [16, 20, 24]
    body["menu"]["plus"]["price"] = next(p for p in ladder if p != body["menu"]["plus"]["price"])
    (out / "result.json").write_text(json.dumps(body), encoding="utf-8")


def price_off_the_ladder(out: Path) -> None:
    body = json.loads((out / "result.json").read_text(encoding="utf-8"))
    body["menu"]["plus"]["price"] = 99
    (out / "result.json").write_text(json.dumps(body), encoding="utf-8")


def bound_lowered(out: Path) -> None:
    body = json.loads((out / "result.json").read_text(encoding="utf-8"))
    body["objective"]["bound"] *= 0.5
    (out / "result.json").write_text(json.dumps(body), encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [figure_moved, price_moved, price_off_the_ladder, bound_lowered, tampered("inputs.json", "0.5", "0.4")],
    ids=["figure", "price", "price-off-the-ladder", "bound", "inputs"],
)
def test_verify_finds_what_was_changed(spoil: Any, out: Path, call: Any) -> None:
    spoil(out)
    told = call("verify", out)
    assert told.code == 3
    assert "FAIL" in told.out
    body = call("verify", out, "--json")
    assert (body.code, body.json["passed"]) == (3, False)


NO_RESULTS = ["", "{", "[]", "null", "{}", '{"certificate": 5}', '{"certificate": {"boxes": 1}}']


@pytest.mark.parametrize("file", ["inputs.json", "result.json"])
@pytest.mark.parametrize("content", NO_RESULTS)
def test_verify_of_files_that_are_no_results(file: str, content: str, out: Path, call: Any) -> None:
    (out / file).write_text(content, encoding="utf-8")
    told = call("verify", out, "--json")
    assert (told.code, told.json["status"]) == (2, "bad_input")
    (out / file).unlink()
    assert call("verify", out, "--json").code == 2


@pytest.mark.parametrize("content", NO_RESULTS)
def test_verify_of_a_certificate_that_is_none(content: str, out: Path, call: Any) -> None:
    (out / "certificate.json").write_text(content, encoding="utf-8")
    assert call("verify", out, "--json").code in (2, 3)


def test_verify_of_no_folder(tmp_path: Path, call: Any) -> None:
    told = call("verify", tmp_path / "nowhere")
    assert told.code == 2 and "--out" in told.err


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("run", "CASE", "--out", ""), "--out"),
        (("evaluate", "CASE", "--out", ""), "--out"),
        (("evaluate", "CASE", "--out="), "--out"),
        (("evaluate", "CASE", "--out", " \t"), "--out"),
        (("frontier", "CASE", "--out", ""), "--out"),
        (("compare", "CASE", "--out", ""), "--out"),
        (("explain", "CASE", "--out", ""), "--out"),
        (("sensitivity", "CASE", "--out", ""), "--out"),
        (("run", "CASE", "--html", ""), "--html"),
        (("run", "CASE", "--excel", ""), "--excel"),
        (("run", "CASE", "--parquet", ""), "--parquet"),
        (("compare", "CASE", "--scenarios", ""), "--scenarios"),
        (("copy", "assistant-startup-today", ""), "DIR"),
        (("verify", ""), "DIR"),
        (("run", ""), "case"),
    ],
)
def test_an_empty_name_is_refused(
    arguments: tuple[str, ...], field: str, case: Path, tmp_path: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be the working directory; a shell variable that is not set gives it."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    told = call(*(str(case) if a == "CASE" else a for a in arguments))
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith(f"input: {field}: ") and told.err.count("\n") == 1
    body = call(*(str(case) if a == "CASE" else a for a in arguments), "--json").json
    assert (body["exit_code"], [f["field"] for f in body["findings"]]) == (2, [field])
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("arguments", "field", "words"),
    [
        (("run", "CASE", "--with", "frontier"), "--with", "no file"),
        (("run", "CASE", "--with", "scenario", "--parquet", "x"), "--with", "no study is named"),
        (("compare", "CASE"), "scenarios", "names no scenarios"),
        (("compare", "CASE", "CASE", "--scenarios", "x.yaml"), "--scenarios", "goes with one case"),
        (("sensitivity", "CASE", "--path", "plans.plus.price"), "paths", "has no range"),
        (("sensitivity", "CASE", "--path", "hours.day"), "paths", "has no range"),
        (("sensitivity", "CASE", "--path", "today.observed.0.value"), "paths", "was observed"),
        (("sensitivity", "CASE", "--path", "plans.plus.chrun"), "paths", "no number of the market"),
        (("frontier", "CASE", "--all", "--even"), "--even", "no effect"),
    ],
)
def test_what_would_have_no_effect_is_refused_before_the_work(
    arguments: tuple[str, ...], field: str, words: str, case: Path, tmp_path: Path, call: Any, monkeypatch: Any
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    told = call(*(str(case) if a == "CASE" else a for a in arguments), "--json")
    (found,) = told.json["findings"]
    assert (told.code, found["field"]) == (2, field)
    assert words in found["message"] and found["cure"]
    assert os.listdir() == []


def test_a_warning_is_told_and_stops_nothing(case: Path, call: Any) -> None:
    """A price that nobody pays: by check, by run, and in both their documents."""
    numbers = case.parents[1] / "models" / "small" / "numbers.csv"
    numbers.write_text(numbers.read_text() + "plans.team.unit_prices.large,5,usd/Mtok,,test,5,5\n")
    checked = call("check", case)
    assert checked.code == 0 and "warning: " in checked.out and "nobody pays this price" in checked.out
    for verb in ("check", "run"):
        body = call(verb, case, "--json").json
        assert [(f["code"], f["severity"]) for f in body["findings"]] == [("no-effect", "warning")]
    told = call("run", case)
    assert told.code == 0 and "nobody pays this price" in told.out


def test_all_numbers_without_a_range_at_once(case: Path, call: Any) -> None:
    told = call("sensitivity", case, "--path", "plans.plus.price", "--path", "hours.day", "--json")
    assert told.code == 2 and len(told.json["findings"]) == 2


def test_a_saved_folder_has_a_manifest_and_is_replaced_whole(case: Path, tmp_path: Path, call: Any) -> None:
    out = tmp_path / "out"
    assert call("run", case, "--out", out).code == 0
    first = read_folder(out)
    assert set(first) == set(os.listdir(out)) - {"manifest.json"}
    (out / "mine.txt").write_text("mine")
    assert call("run", case, "--set", "plans.team.price=26", "--out", out).code == 0
    second = read_folder(out)
    assert set(second) == set(first) and second["inputs.json"] != first["inputs.json"]
    assert (out / "mine.txt").read_text() == "mine"
    assert call("verify", out).code == 0
    assert call("frontier", case, "--points", "3", "--out", out).code == 0
    assert set(read_folder(out)) == {*second, "frontier.json", "frontier.csv"}


def test_out_that_cannot_be_saved_is_told_before_the_work(case: Path, tmp_path: Path, call: Any) -> None:
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "file", tmp_path / "file" / "below"):
        told = call("run", case, "--out", target, "--json")
        assert (told.code, told.json["findings"][0]["field"]) == (2, "--out")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix", reason="pipes as in a shell")
@pytest.mark.parametrize(
    ("unbuffered", "arguments"),
    [("", ["list"]), ("1", ["equations"]), ("1", ["run", "CASE"]), ("", ["run", "CASE", "--json"])],
)
def test_a_reader_that_leaves_early(arguments: list[str], unbuffered: str, case: Path, tmp_path: Path) -> None:
    environment = _environment() | {"PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-m", "optimizer", *(str(case) if a == "CASE" else a for a in arguments)]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [["list"], pytest.param(["equations", "--json"], marks=pytest.mark.full)])
def test_no_room_to_print(arguments: list[str], tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "optimizer", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=_environment(), cwd=tmp_path)
    assert done.returncode == 3
    assert "No space left" in done.stderr and "Traceback" not in done.stderr


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    paths = [os.environ.get("PYTHONPATH", ""), *([] if "site-packages" in _package() else [root])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in paths if p)}


def _package() -> str:
    import optimizer

    return str(optimizer.__file__)
