"""A solver process that crashes, hangs, talks nonsense or lies ends in a typed error or a good retry."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import optimizer.solve
from optimizer.errors import SolverError
from optimizer.solve import workers
from optimizer.solve.outcome import SolveOptions
from optimizer.solve.program import Program
from optimizer.solve.solving import solve
from optimizer.solve.workers import close_workers
from optimizer.typing import Status

FAULTS = ["exit", "crash", "garbage", "pickle", "infeasible-point", "low-bound", "wrong-objective", "odd-fields"]

Use = Callable[..., Path]


def program() -> Program:
    return Program(
        costs=np.array([5.0, 4.0, 3.0]),
        lower=np.zeros(3),
        upper=np.ones(3),
        integer=np.ones(3, dtype=bool),
        starts=np.array([0, 3]),
        indices=np.arange(3),
        coefficients=np.array([2.0, 3.0, 1.0]),
        row_lower=np.array([-math.inf]),
        row_upper=np.array([4.0]),
    )


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Use]:
    """Puts the fake program with the given modes in the worker's place; returns the file that counts starts."""
    close_workers()
    counter = tmp_path / "starts"
    counter.write_text("")
    package = Path(optimizer.solve.__file__).parent.parent
    monkeypatch.setenv("FAKE_WORKER_PATH", os.pathsep.join(sys.path))

    def put(*modes: str) -> Path:
        command = [sys.executable, str(Path(__file__).parent / "fake_worker.py"), str(package), str(counter), *modes]
        monkeypatch.setattr(workers, "worker_command", lambda: command)
        return counter

    yield put
    close_workers()


@pytest.mark.parametrize("fault", [*FAULTS, "short-values"])
def test_a_fault_and_then_a_good_retry(use: Use, fault: str) -> None:
    counter = use(fault, "honest")
    found = solve(program(), worker=True)
    assert (found.status, found.objective) == (Status.OPTIMAL, 8.0)
    assert counter.read_text() == "xx", "a process that failed is not asked again"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_twice_is_a_typed_error(use: Use, fault: str) -> None:
    use(fault)
    with pytest.raises(SolverError, match="no usable answer"):
        solve(program(), worker=True)


def test_the_reason_of_a_crash_is_told(use: Use) -> None:
    use("exit")
    with pytest.raises(SolverError, match=r"exit code 3, segmentation fault, or so"):
        solve(program(), worker=True)


def test_a_hung_worker_is_killed_at_the_limit(use: Use) -> None:
    use("hang")
    began = time.monotonic()
    found = solve(program(), SolveOptions(time_limit=0.5))
    assert (found.status, found.values, found.bound) == (Status.NO_ANSWER, None, math.inf)
    assert time.monotonic() - began < 5 * 2.5


def test_a_hung_worker_without_a_limit_is_noticed(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    use("hang", "honest")
    monkeypatch.setattr(workers, "READY_SECONDS", 1.0)
    assert solve(program(), worker=True).objective == 8.0


def test_a_hung_worker_is_killed_on_cancel(use: Use) -> None:
    use("hang")
    began = time.monotonic()
    found = solve(program(), cancelled=lambda: time.monotonic() > began + 0.3)
    assert found.status is Status.INTERRUPTED
    assert time.monotonic() - began < 10.0


def test_a_worker_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    close_workers()
    monkeypatch.setattr(workers, "worker_command", lambda: ["/nonexistent/python"])
    with pytest.raises(SolverError, match="cannot be started"):
        solve(program(), worker=True)
