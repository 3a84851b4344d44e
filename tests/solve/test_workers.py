"""The solver process: promises about time, interruption, callers of every kind, and hard programs."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import optimizer.solve
from optimizer.solve import workers
from optimizer.solve.outcome import Progress, SolveOptions
from optimizer.solve.program import Program
from optimizer.solve.session import read_mps
from optimizer.solve.solving import solve
from optimizer.solve.workers import close_workers
from optimizer.typing import Status

ROOT = Path(optimizer.solve.__file__).parents[2]
HARD = Path(__file__).parents[1] / "hard"

posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield
    close_workers()


def open_ended() -> Program:
    """Correlated knapsacks: a good incumbent at once, a small gap, no proof for minutes."""
    g = np.random.default_rng(11)
    rows, n = 8, 120
    weights = g.integers(100, 1000, (rows, n)).astype(float)
    return Program(
        costs=weights.mean(0) + g.uniform(0.0, 50.0, n),
        lower=np.zeros(n),
        upper=np.ones(n),
        integer=np.ones(n, dtype=bool),
        starts=np.arange(rows + 1) * n,
        indices=np.tile(np.arange(n), rows),
        coefficients=weights.ravel(),
        row_lower=np.full(rows, -math.inf),
        row_upper=np.floor(weights.sum(1) / 2),
    )


def test_hard_corpus() -> None:
    program = read_mps(str(HARD / "m26.mps"))
    found = solve(program, SolveOptions(gap=1e-9, time_limit=60.0))
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(14601958.2994, abs=1e-3)
    assert found.versions["highs"]


def test_workers_are_reused_and_light() -> None:
    program = read_mps(str(HARD / "m26.mps"))
    solve(program, worker=True)
    process = workers._pool.all[0].process.pid
    solve(program, worker=True)
    assert [w.process.pid for w in workers._pool.all] == [process]
    command = workers.worker_command()
    command[3] = command[3].replace("main()", "print([m for m in ('pyomo', 'pandas', 'pydantic') if m in sys.modules])")
    assert subprocess.run(command, capture_output=True, text=True).stdout.strip() == "[]"


def test_module_runs_by_name_too() -> None:
    # the end of its input ends it
    done = subprocess.run(
        [sys.executable, "-m", "optimizer.solve.worker_main"], input=b"", capture_output=True, cwd=ROOT, timeout=30
    )
    assert done.returncode == 0


def test_same_answer_inside_and_outside() -> None:
    program = read_mps(str(HARD / "m26.mps"))
    inside, outside = solve(program, worker=False), solve(program, worker=True)
    assert inside.values is not None and outside.values is not None
    assert np.array_equal(inside.values, outside.values)
    assert inside.bound == outside.bound


def test_time_limit_holds_with_incumbent_and_bound() -> None:
    seen: list[Progress] = []
    found = solve(open_ended(), SolveOptions(gap=0.0, time_limit=1.5), progress=seen.append)
    assert found.status is Status.FEASIBLE
    assert found.values is not None and found.objective is not None
    assert found.objective <= found.bound < 2.0 * found.objective
    assert found.seconds < 1.5 + 5 * 2.0
    assert seen


def test_cancel_keeps_the_incumbent() -> None:
    began = time.monotonic()
    found = solve(open_ended(), SolveOptions(gap=0.0), cancelled=lambda: time.monotonic() > began + 1.5)
    assert found.status is Status.INTERRUPTED
    assert found.values is not None
    assert time.monotonic() - began < 1.5 + 5.0


def test_a_killed_worker_leaves_what_it_had_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # killed before it can answer: incumbent and bound are those told on the way
    monkeypatch.setattr(workers, "overrun", lambda limit: -0.5)
    found = solve(open_ended(), SolveOptions(gap=0.0, time_limit=3.0))
    assert "ended" in found.message
    assert found.status is Status.FEASIBLE
    assert found.values is not None
    assert math.isfinite(found.bound)


@posix
def test_a_worker_killed_from_outside_is_replaced() -> None:
    program = read_mps(str(HARD / "m26.mps"))
    solve(program, worker=True)
    os.kill(workers._pool.all[0].process.pid, signal.SIGKILL)
    assert solve(program, worker=True).status is Status.OPTIMAL


SCRIPT = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from optimizer.solve.outcome import SolveOptions
from optimizer.solve.session import read_mps
from optimizer.solve.solving import solve
found = solve(read_mps({str(HARD / "m26.mps")!r}), SolveOptions(time_limit=60.0))
print(round(found.objective, 3))
"""


def test_a_script_without_a_main_guard(tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    path.write_text(SCRIPT)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("14601958.299\n", "", 0)


def test_a_program_on_standard_input() -> None:
    done = subprocess.run([sys.executable, "-"], input=SCRIPT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("14601958.299\n", "", 0)


def slow_script(tmp_path: Path) -> Path:
    path = tmp_path / "slow.py"
    path.write_text(
        textwrap.dedent(f"""
        import importlib.util, sys
        sys.path.insert(0, {str(ROOT)!r})
        spec = importlib.util.spec_from_file_location("cases", {__file__!r})
        cases = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(cases)
        from optimizer.solve import workers
        from optimizer.solve.outcome import SolveOptions
        from optimizer.solve.solving import solve
        def told(progress):
            print("pid", workers._pool.all[0].process.pid, flush=True)
        solve(cases.open_ended(), SolveOptions(gap=0.0, time_limit=60.0), progress=told)
        """)
    )
    return path


def running(tmp_path: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, str(slow_script(tmp_path))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.match(r"pid (\d+)", line)
    if not found:
        process.kill()
        raise AssertionError(line + process.communicate()[1])
    return process, int(found.group(1))


def gone(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        try:
            if ") Z" in Path(f"/proc/{pid}/stat").read_text():
                return True
        except OSError:
            pass
        time.sleep(0.02)
    return False


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL", "SIGTERM"])
def test_no_process_is_left(tmp_path: Path, name: str) -> None:
    process, worker = running(tmp_path)
    began = time.monotonic()
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=10)
    assert gone(worker, 5.0)
    # promised: 1 s; this machine may be busy
    assert time.monotonic() - began < 5.0
    assert process.returncode == -getattr(signal, name)
    if name == "SIGINT":
        assert "KeyboardInterrupt" in err
