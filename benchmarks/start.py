"""How long commands take to start, against an interpreter that imports nothing but typer and rich."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ("python -c 'import typer, rich'", ("-c", "import typer, rich"))
COMMANDS = ("--version", "list", "check", "evaluate", "run")
CASE = "openai-2025-margin"


def rows(repeats: int) -> list[tuple[str, float, float, float]]:
    """(what, seconds of CPU, seconds of wall, CPU against the reference): medians of runs that take turns."""
    asked = dict([REFERENCE])
    for verb in COMMANDS:
        words = (verb, CASE) if verb in ("check", "evaluate", "run") else (verb,)
        asked[" ".join(("optimizer", *words))] = ("-m", "optimizer", *words)
    runs: dict[str, list[tuple[float, float]]] = {what: [] for what in asked}
    for turn in range(repeats + 1):
        for what, arguments in asked.items():
            took = _took(arguments)
            if turn:  # the first one compiles
                runs[what].append(took)
    medians = {what: tuple(map(statistics.median, zip(*took, strict=True))) for what, took in runs.items()}
    unit = medians[REFERENCE[0]][0]
    return [(what, cpu, wall, cpu / unit) for what, (cpu, wall) in medians.items()]


def _took(arguments: tuple[str, ...]) -> tuple[float, float]:
    """User seconds of a process and of those it started, and wall seconds. Raises CalledProcessError."""
    import optimizer

    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    if Path(optimizer.__file__).resolve().parent.parent == ROOT:
        environment["PYTHONPATH"] = str(ROOT)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime, time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, time.perf_counter() - began
