"""Which executor runs the work: this process, as many of its own as are worth their start, or a cluster."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from optimizer.errors import bad_argument
from optimizer.execution.executor import IN_WORKER, Executor, Result, SerialExecutor

WORTH_SECONDS = 3.0
"""Work below this is done sooner in one process: a worker takes about 0.7 s to import what studies need."""


def make_executor(workers: int | None = None, seconds: float = math.inf, cluster: str | None = None) -> Executor:
    """Local processes, as many as there are cores unless told; serial for one worker, small work, or inside a worker.

    Args:
        workers: how many tasks may run at once; a number above 1 is kept to whatever the work.
        seconds: a guess of what all tasks take together.
        cluster: the address of a Dask scheduler, e.g. ``tcp://10.0.0.5:8786``: its workers run the tasks.

    Raises:
        InputError: fewer than one worker; a cluster that is not there, or with workers of another version.
    """
    if cluster is not None:
        if workers is not None:
            raise bad_argument("workers", "a cluster has workers of its own", "leave one of the two out")
        from optimizer.execution.cluster import ClusterExecutor

        return ClusterExecutor(cluster)
    if workers is not None and workers < 1:
        raise bad_argument("workers", f"is {workers}", "at least 1")
    count = workers or (cores() if seconds >= WORTH_SECONDS else 1)
    if count == 1 or IN_WORKER in os.environ:
        return SerialExecutor()
    from optimizer.execution.processes import ProcessExecutor

    return ProcessExecutor(count)


@contextmanager
def borrowed(executor: Executor | None, seconds: float) -> Iterator[Executor]:
    """The executor, left open; or for None one made for about so much work, and shut down afterwards."""
    if executor is not None:
        yield executor
        return
    with make_executor(seconds=seconds) as made:
        yield made


def run_all(
    task: Callable[..., Result],
    *arguments: Iterable[Any],
    executor: Executor | None = None,
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Result]:
    """Like ``Executor.gather``; without an executor the first task runs here, and its time says where the others do."""
    if executor is not None:
        return executor.gather(task, *arguments, cancelled=cancelled, progress=progress)
    jobs = list(zip(*arguments, strict=False))
    began = time.perf_counter()
    results = SerialExecutor().gather(task, *zip(*jobs[:1], strict=True), cancelled=cancelled, progress=progress)
    if not results or len(jobs) == 1:
        return results
    told = None if progress is None else lambda done: progress(1 + done)
    with borrowed(None, (time.perf_counter() - began) * (len(jobs) - 1)) as made:
        return results + made.gather(task, *zip(*jobs[1:], strict=True), cancelled=cancelled, progress=told)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
