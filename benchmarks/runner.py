"""Start cells, hold their limits, and judge their answers by direct evaluation."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.cell import MARK

HERE = Path(__file__).resolve().parent
GRACE = 45.0
"""Seconds beyond the limit for imports, model building and a late stop."""


@dataclass(frozen=True)
class Contestant:
    """A function of a module, run in an environment; ``program`` says that it wants the compiled program."""

    name: str
    module: str
    function: str
    peer: str | None = None
    program: bool = False
    proves: bool = True


@dataclass(frozen=True)
class Cell:
    """What one contestant did with one instance."""

    contestant: str
    instance: str
    gap_wanted: float
    limit: float
    seconds: float = float("nan")
    value: float = float("nan")
    """By direct evaluation of the answer; nan where there is none or it breaks a condition by over 2e-6."""
    bound: float = float("nan")
    megabytes: float = float("nan")
    failed: str = ""
    note: str = ""
    extra: Mapping[str, Any] | None = None

    @property
    def gap(self) -> float:
        """(bound - value) / |value|; nan without a bound or a value."""
        if math.isnan(self.bound) or math.isnan(self.value) or not self.value:
            return float("nan")
        return max(0.0, self.bound - self.value) / abs(self.value)

    @property
    def done(self) -> bool:
        """Whether the gap was proven in time."""
        return not self.failed and self.gap <= self.gap_wanted * 1.01 + 1e-9 and self.seconds <= self.limit + 2.0


def run(
    contestant: Contestant, arrays: Mapping[str, Any], params: Mapping[str, Any], limit: float, grace: float = GRACE,
    path: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The raw answer of a cell, with ``megabytes`` and ``failed`` where it did not end well.

    ``path``: a folder in which the cell finds the project instead of around these benchmarks.
    """
    if contestant.peer and (reason := peers.ensure(contestant.peer)):
        return {"failed": reason}
    python = str(peers.python_of(contestant.peer)) if contestant.peer else sys.executable
    job = {**params, "module": contestant.module, "function": contestant.function, "limit": limit}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "job.npz"
        np.savez(file, job=np.array(json.dumps(job)), **arrays)
        environment = None if path is None else {**os.environ, "PYTHONPATH": str(path)}
        return _watched([python, str(HERE / "cell.py"), str(file)], folder, limit + grace, environment)


def _watched(
    command: list[str], folder: str, patience: float, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run with output to files; kill when patience is over; peak memory by wait4."""
    out, err = Path(folder) / "out", Path(folder) / "err"
    with out.open("wb") as o, err.open("wb") as e:
        process = subprocess.Popen(command, stdout=o, stderr=e, stdin=subprocess.DEVNULL, cwd=folder, env=environment)
        killed, usage, code = _wait(process.pid, patience)
        process.returncode = code
    lines = [x for x in out.read_text("utf-8", "replace").splitlines() if x.startswith(MARK)]
    memory = usage.ru_maxrss / (1024.0 * 1024.0 if sys.platform == "darwin" else 1024.0)
    if lines:
        return {"megabytes": memory, **json.loads(lines[-1].removeprefix(MARK))}
    last = err.read_text("utf-8", "replace").splitlines()[-1:]
    reason = "did not stop at its limit" if killed else ": ".join([f"ended with code {code}", *last])[:150]
    return {"failed": reason, "megabytes": memory, "killed": killed}


def _wait(pid: int, patience: float) -> tuple[bool, Any, int]:
    ends = time.monotonic() + patience
    killed = False
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return killed, usage, os.waitstatus_to_exitcode(status)
        if not killed and time.monotonic() > ends:
            os.kill(pid, 9)
            killed = True
        time.sleep(0.01)
