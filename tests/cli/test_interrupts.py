"""A signal at any instant: one JSON document, the signal's exit code, no process left, nothing half saved."""

from __future__ import annotations

import json
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import alive, busy, catches, children, needs_proc, soon

Start = Callable[..., "subprocess.Popen[str]"]

pytestmark = needs_proc
WORLDS = """\
scenarios:
  dear: {changes: {pools.main.price: {times: 1.5}}}
  cheap: {changes: {pools.main.price: {times: 0.5}}}
"""
VERBS = ["run", "frontier", "compare", "sensitivity", "explain", "report"]


@pytest.fixture
def arguments(case: Path) -> Callable[[str], list[str]]:
    """What a verb is called with; everything that it can save is asked for."""
    worlds, out = case.with_name("worlds.yaml"), case.parent / "out"
    worlds.write_text(WORLDS, encoding="utf-8")
    more = {
        "frontier": ["--points", "4"],
        "compare": ["--scenarios", str(worlds)],
        "sensitivity": ["--top", "1", "--path", "pools.main.price", "--path", "plans.plus.decision_rate"],
        "report": ["--html", str(out.with_suffix(".html")), "--with", "explanation"],
    }

    def of(verb: str) -> list[str]:
        return ["run" if verb == "report" else verb, str(case), "--json", "--out", str(out), *more.get(verb, [])]

    return of


def documents(text: str) -> Iterator[Any]:
    """Every JSON document of a text. Raises ValueError for anything else in it."""
    decoder, text = json.JSONDecoder(), text.strip()
    while text:
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:].strip()


def interrupted(process: subprocess.Popen[str], number: int) -> tuple[list[Any], str]:
    """Send a signal to a process that is under way; its documents and what it told the user."""
    below = children(process.pid)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert soon(lambda: not any(alive(pid) for pid in below), 5.0), "a process is left"
    return list(documents(out)), err


def spent(start: Start, arguments: list[str]) -> float:
    """Seconds of processor time of an undisturbed run, as seen while it is there."""
    process, most = start(*arguments), 0.0
    while process.poll() is None:
        most = max(most, busy(process.pid))
    assert process.communicate()[0].lstrip().startswith("{") and process.returncode == 0
    return most


def sweep(start: Start, arguments: list[str], folder: Path, count: int, seed: int, total: float) -> None:
    """Signals at random instants, from the first on at which the command listens to ``total`` s of processor time."""
    chance, hits = random.Random(seed), 0
    for trial in range(count):
        number = signal.SIGTERM if trial % 5 == 4 else signal.SIGINT
        until = total * chance.random()
        process = start(*arguments)
        assert soon(lambda p=process: catches(p.pid, signal.SIGTERM) or p.poll() is not None)
        soon(lambda p=process, u=until: busy(p.pid) >= u or p.poll() is not None)
        told, err = interrupted(process, number)
        place = f"seed {seed}, trial {trial}, after {until:.2f} s: exit {process.returncode}, {err}"
        assert len(told) == 1, place
        assert process.returncode in (0, 128 + number), place
        assert "Traceback" not in err and "Fatal" not in err, place
        if told[0].get("status") == "interrupted":  # a message, or what a stopped study has
            assert process.returncode == 128 + number == told[0].get("exit_code", 130), place
            hits += 1
        litter = [p.name for p in folder.rglob("*") if p.name.endswith(".tmp")]
        assert not litter, f"{place}: {litter}"
    assert hits >= count // 2, f"seed {seed}: the signal came too late in {count - hits} of {count} trials"


@pytest.mark.parametrize("verb", VERBS)
def test_a_signal_at_some_instants(verb: str, start_process: Start, arguments: Any, tmp_path: Path) -> None:
    sweep(start_process, arguments(verb), tmp_path, 2, seed=VERBS.index(verb), total=0.4)


@pytest.mark.full
@pytest.mark.parametrize("verb", VERBS)
def test_a_signal_at_any_instant(verb: str, start_process: Start, arguments: Any, tmp_path: Path) -> None:
    asked = arguments(verb)
    sweep(start_process, asked, tmp_path, 40, seed=100 + VERBS.index(verb), total=spent(start_process, asked))


@pytest.mark.full
@pytest.mark.parametrize("verb", ["run", "frontier"])
def test_a_signal_while_the_solver_and_its_process_are_at_work(verb: str, start_process: Start, tmp_path: Path) -> None:
    asked = [verb, "openai-2025-margin", "--json"]
    sweep(start_process, asked, tmp_path, 40, seed=200, total=spent(start_process, asked))


@pytest.fixture
def study(start_process: Start, tmp_path: Path) -> subprocess.Popen[str]:
    """A long study that has found its first point."""
    steps = tmp_path / "out" / "frontier-steps.json"
    process = start_process("frontier", "openai-2025-margin", "--points", "300", "--json", "--out", tmp_path / "out")
    assert soon(lambda: steps.exists() or process.poll() is not None) and process.poll() is None
    return process


def test_a_stopped_study_tells_what_it_has_once(study: subprocess.Popen[str]) -> None:
    """The first Ctrl-C lets the study put out its points: that is the one document; the code is 130 all the same."""
    told, err = interrupted(study, signal.SIGINT)
    assert study.returncode == 130
    assert [d["status"] for d in told] == ["interrupted"] and told[0]["points"]
    assert "what is done is kept" in err


def test_a_second_signal_ends_a_study_at_once(study: subprocess.Popen[str]) -> None:
    study.send_signal(signal.SIGINT)
    told, _ = interrupted(study, signal.SIGTERM)
    assert study.returncode == 143
    assert [(d["status"], d["exit_code"], d["message"]) for d in told] == [("interrupted", 143, "terminated")]


DRAWN = "assistant-startup-margin"
"""A case whose market has numbers to draw."""


def test_stopped_draws_are_kept(start_process: Start, tmp_path: Path) -> None:
    """Those that were done are the one document and the file; the code is 130 all the same."""
    out = tmp_path / "draws.json"
    process = start_process("draws", DRAWN, "--draws", "5000", "--json", "--out", out)
    assert soon(lambda: catches(process.pid, signal.SIGTERM) or process.poll() is not None)
    soon(lambda: busy(process.pid) >= 1.5 or process.poll() is not None)
    told, err = interrupted(process, signal.SIGINT)
    assert process.returncode == 130, err
    assert [d["status"] for d in told] == ["interrupted"]
    kept = json.loads(out.read_text())
    assert len(kept["weights"]) == len(told[0]["weights"]) < 5000
    assert "what is done is kept" in err


def test_a_robust_answer_stopped_among_its_draws_has_none(start_process: Start, tmp_path: Path) -> None:
    """There is no answer over fewer draws than were asked for: a message, the code, and nothing saved."""
    out = tmp_path / "out"
    process = start_process("robust", DRAWN, "--draws", "5000", "--json", "--out", out)
    assert soon(lambda: catches(process.pid, signal.SIGTERM) or process.poll() is not None)
    soon(lambda: busy(process.pid) >= 1.5 or process.poll() is not None)
    told, err = interrupted(process, signal.SIGINT)
    assert process.returncode == 130, err
    assert [(d["status"], d["exit_code"]) for d in told] == [("interrupted", 130)]
    assert not out.exists()


@pytest.mark.full
def test_a_robust_answer_is_kept_without_what_is_told_beside_it(start_process: Start, tmp_path: Path) -> None:
    """Stopped among the fresh draws, after the answer: it is put out, saved and verified, and the code is 130."""
    from optimizer.studies.robust_saved import verify_robust

    out = tmp_path / "out"
    process = start_process("robust", DRAWN, "--draws", "4", "--fresh", "20000", "--json", "--out", out)
    assert soon(lambda: catches(process.pid, signal.SIGTERM) or process.poll() is not None)
    soon(lambda: busy(process.pid) >= 6.0 or process.poll() is not None, 120.0)
    told, err = interrupted(process, signal.SIGINT)
    assert process.returncode == 130, err
    assert [d["status"] for d in told] == ["interrupted"] and told[0]["verdict"] == "proved"
    assert json.loads((out / "robust.json").read_text())["value"] == told[0]["value"]
    assert verify_robust(out)["passed"]


def test_words_without_json(start_process: Start, case: Path) -> None:
    for number, word in ((signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")):
        process = start_process("run", case)
        assert soon(lambda p=process: catches(p.pid, signal.SIGTERM))
        told, err = interrupted(process, number)
        assert (process.returncode, told, err) == (128 + number, [], word + "\n")


def test_a_signal_with_nobody_to_tell(start_process: Start, case: Path, tmp_path: Path) -> None:
    """Standard output closed: the end is an end all the same, and whatever took its place is not written to."""
    process = start_process(
        "run", case, "--json", "--out", tmp_path / "out", stdout=None, preexec_fn=lambda: __import__("os").close(1)
    )
    assert soon(lambda: catches(process.pid, signal.SIGTERM))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")


def test_a_background_command_goes_on(start_process: Start, case: Path) -> None:
    """Shells let commands in the background ignore Ctrl-C."""
    process = start_process("run", case, "--json", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    assert soon(lambda: catches(process.pid, signal.SIGTERM))
    told, _ = interrupted(process, signal.SIGINT)
    assert (process.returncode, len(told), told[0]["verdict"]) == (0, 1, "proved")
