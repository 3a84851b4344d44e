"""A cluster on this machine: a scheduler and workers as processes of their own, as a user starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import executor_tasks
from processes import soon

import optimizer

PATHS = [str(Path(str(optimizer.__file__)).parents[1]), str(Path(executor_tasks.__file__).parent)]
"""What a worker imports from: the package under test, and the tasks of the tests."""
COMMAND = [sys.executable, "-m", "dask"]
SETTINGS = {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error", "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s"}
"""Quiet; and results of a worker that is gone are soon made anew."""


@contextmanager
def started(log: Path, *command: str, path: list[str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block; what it tells goes to a file."""
    environment = {**os.environ, **SETTINGS, "PYTHONPATH": os.pathsep.join(PATHS if path is None else path)}
    with log.open("wb") as told:
        process = subprocess.Popen(command, stdout=told, stderr=told, env=environment, cwd=log.parent)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def worker_command(file: Path) -> list[str]:
    """A worker of one task at a time, without a nanny, which would start it again."""
    how = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(file.parent / "space")]
    return [*COMMAND, "worker", "--scheduler-file", str(file), "--host", "127.0.0.1", *how]


@contextmanager
def scheduler(folder: Path) -> Iterator[tuple[str, Path]]:
    """Its address, and the file in which it stands."""
    file = folder / "scheduler.json"
    command = [*COMMAND, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    with started(folder / "scheduler.log", *command, "--scheduler-file", str(file)):
        assert soon(lambda: file.exists() and bool(file.read_text()), 60.0), (folder / "scheduler.log").read_text()
        yield json.loads(file.read_text())["address"], file


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The scheduler's address, and its workers."""
    from distributed import Client

    with ExitStack() as stack:
        address, file = stack.enter_context(scheduler(folder))
        command = worker_command(file)
        logs = [folder / f"worker{k}.log" for k in range(workers)]
        found = [stack.enter_context(started(log, *command)) for log in logs]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, 60)
        yield address, found
