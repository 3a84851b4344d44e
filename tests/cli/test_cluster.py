"""``--cluster``: the same answers, refusals in one document, and nothing left running however the caller ends."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import children, needs_proc, soon

PATIENCE = 120.0
WORLDS = """\
scenarios:
  dear: {changes: {pools.main.price: {times: 1.5}}}
  cheap: {changes: {pools.main.price: {times: 0.5}}}
"""
Workers = tuple[str, list["subprocess.Popen[bytes]"]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """A cluster of two workers: its address, and they."""
    pytest.importorskip("distributed")
    from clusters import cluster

    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


def below(workers: list[subprocess.Popen[bytes]]) -> set[int]:
    """Processes of tasks."""
    return {pid for worker in workers for pid in children(worker.pid)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "CASE", "CASE2", "--cluster", "localhost"], "'localhost' is no address of a cluster"),
        (["frontier", "CASE", "--cluster", "tcp://localhost:8786"], "a single frontier is solved step by step"),
        (["run", "CASE", "--cluster", "tcp://localhost:8786"], "only studies run there"),
        (
            ["run", "CASE", "--parquet", "x", "--with", "none", "--cluster", "tcp://localhost:1"],
            "only studies run there",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], message: str, case: Path, call: Any) -> None:
    again = case.with_name("again.yaml")
    again.write_text(case.read_text(encoding="utf-8"), encoding="utf-8")
    told = call(*({"CASE": case, "CASE2": again}.get(word, word) for word in arguments), "--json")
    assert told.code == 2
    (finding,) = told.json["findings"]
    assert message in finding["message"] and finding["cure"]


def test_a_cluster_that_is_not_there_is_told(case: Path, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    from optimizer.execution import cluster

    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)
    told = call("explain", case, "--json", "--cluster", "tcp://127.0.0.1:1")
    assert told.code == 2
    assert "no cluster answers at tcp://127.0.0.1:1" in told.json["message"]


def without_seconds(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: without_seconds(value) for key, value in document.items() if key != "seconds"}
    return [without_seconds(value) for value in document] if isinstance(document, list) else document


SPREAD: dict[str, list[str]] = {
    "compare": ["CASE", "--scenarios", "WORLDS"],
    "sensitivity": ["CASE", "--top", "1", "--path", "pools.main.price"],
    "explain": ["CASE"],
    "frontier": ["CASE", "--points", "4", "--family", "pools.main.price=0.5,0.8"],
    "draws": ["assistant-startup-margin", "--draws", "20"],
    "robust": ["assistant-startup-margin", "--draws", "4", "--fresh", "4"],
    "backtest": [],
}
"""Every command whose tasks run where an executor says, and what is asked of it here; ``run`` has a test of its own."""


def test_all_that_is_spread_is_known_here(call: Any) -> None:
    from optimizer.studies.study import studies

    verbs = {study.verb for study in studies() if study.spread}
    assert verbs <= set(SPREAD)
    for verb in {*SPREAD, "run"}:
        assert "--cluster" in call(verb, "--help").out, verb


@pytest.mark.full
@needs_proc
@pytest.mark.parametrize("verb", SPREAD)
def test_a_study_tells_the_same(verb: str, case: Path, running: Workers, start_process: Any) -> None:
    address, workers = running
    worlds = case.with_name("worlds.yaml")
    worlds.write_text(WORLDS, encoding="utf-8")
    asked = [{"CASE": case, "WORLDS": worlds}.get(word, word) for word in SPREAD[verb]]

    def told(*where: str) -> Any:
        process = start_process(verb, *asked, "--json", *where)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        return without_seconds(json.loads(out))

    there = told("--cluster", address)
    assert below(workers), "nothing ran on the cluster"
    assert there == told()


@pytest.mark.full
@needs_proc
def test_a_report_holds_the_same(case: Path, running: Workers, start_process: Any) -> None:
    address, workers = running
    for folder, where in (("here", []), ("there", ["--cluster", address])):
        parquet = case.with_name(folder)
        process = start_process("run", case, "--parquet", parquet, "--with", "explanation,frontier", *where)
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
    from pandas import read_parquet
    from pandas.testing import assert_frame_equal

    names = sorted(p.name for p in case.with_name("here").glob("*.parquet"))
    studies = [name for name in names if name.startswith(("frontier", "runners", "condition"))]
    assert len(studies) >= 3 and names == sorted(p.name for p in case.with_name("there").glob("*.parquet"))
    for name in studies:
        assert_frame_equal(*(read_parquet(case.with_name(f) / name) for f in ("here", "there")), check_exact=True)
    assert below(workers), "nothing ran on the cluster"


@pytest.mark.full
@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running(number: signal.Signals, running: Workers, start_process: Any) -> None:
    """Ctrl-C keeps what is done; however the caller ends, the cluster works for it no longer."""
    address, workers = running
    before = below(workers)
    prices = ",".join(str(1.0 + 0.1 * k) for k in range(40))
    family = ["--family", f"pools.main.price={prices}", "--points", "40", "--cluster", address]
    process = start_process("frontier", "openai-2025-margin", "--json", *family)
    assert soon(lambda: len(below(workers) - before) == 2, PATIENCE), process.poll()
    process.send_signal(number)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    assert soon(lambda: below(workers) <= before, 20.0), "a task is left"
    if number == signal.SIGINT:
        assert len(json.loads(out)["family"]) < 40
