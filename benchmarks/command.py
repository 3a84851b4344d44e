"""Where the seconds of ``optimizer run`` go: interpreter, imports, HiGHS and its process, the rest."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SELF = re.compile(rb"import time:\s+(\d+) \|")
SOLVED = "import optimizer, sys; print(optimizer.solve_case(sys.argv[1]).work.solve_seconds)"


def split(case: str, repeats: int) -> tuple[float, float, float, float, float]:
    """(wall, interpreter, imports, HiGHS, rest) in seconds; nan everywhere if the command fails."""
    run = [sys.executable, "-m", "optimizer", "run", case]
    walls = [_wall(run) for _ in range(repeats)]
    if any(w is None for w in walls):
        return (float("nan"),) * 5
    wall = statistics.median(w for w in walls if w is not None)
    start = statistics.median(_wall([sys.executable, "-c", "pass"]) or 0.0 for _ in range(repeats))
    imports = _imports(case)
    solver = _solver(case)
    return wall, start, imports, solver, wall - start - imports - solver


def _done(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run a command with the package that this process uses, installed or not."""
    import optimizer

    here = Path(optimizer.__file__).resolve().parent.parent == ROOT
    more = {"PYTHONPATH": str(ROOT)} if here else {}
    return subprocess.run(command, capture_output=True, check=False, env={**os.environ, **more})


def _wall(command: list[str]) -> float | None:
    began = time.perf_counter()
    done = _done(command)
    return time.perf_counter() - began if done.returncode == 0 else None


def _imports(case: str) -> float:
    """Self times of all modules in the command's own process."""
    command = [sys.executable, "-X", "importtime", "-m", "optimizer", "run", case]
    done = _done(command)
    return sum(int(m.group(1)) for m in SELF.finditer(done.stderr)) * 1e-6


def _solver(case: str) -> float:
    done = _done([sys.executable, "-c", SOLVED, case])
    return float(done.stdout.split()[-1]) if done.returncode == 0 else float("nan")
