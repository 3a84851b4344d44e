"""What a worker of a cluster does for an executor elsewhere: it runs each task in a process of its own, as at home.

So a task that ends its process leaves the worker standing, and one that nobody waits for any more can be ended. What
goes to and fro is plain data, as the worker may be of another version, which is found out here.
"""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any, TypeAlias

from optimizer.execution.worker_process import Job, WorkerEndedError, WorkerProcess
from optimizer.versions import package_version, source_hash, versions

LOOK = 0.2
"""Seconds between two looks at whether a task is still wanted."""
IDLE_SECONDS = 10.0
"""A process without a task ends after so long."""
TOPIC = "optimizer-started"
"""Under this a worker tells that it starts a task."""
WANTED = ("executing", "long-running")
"""States of a task that somebody waits for."""

Outcome: TypeAlias = tuple[str, Any]
"""``answer``, and the process's; ``ended``, and its exit code; ``refused``, and who refuses with which versions."""

_turn = threading.Lock()
_idle: list[_Kept] = []
_reaper: list[threading.Thread] = []


class _Kept(WorkerProcess):
    """The process of one executor; others do not get it, so what it holds is theirs alone."""

    def __init__(self, session: str, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.session = session
        self.since = time.monotonic()
        """When it was last given back."""


def fingerprint() -> dict[str, str]:
    """All that must agree for results to be the same, as it is on the disk now: new processes start from there."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {**versions(), "python": python, "numba": package_version("numba"), "source": source_hash()}


def kept(value: bytes) -> bytes:
    """The value; as the result of a task it stays on the cluster, and is made anew where it is lost."""
    return value


def carry(made_for: Mapping[str, str], order: Mapping[str, Any], *values: bytes) -> Outcome:
    """Run a task in a process here; ``values``: those of its shared arguments, pickled."""
    address, wanted = _begun()
    process = _borrowed(order["session"])
    if process is None:
        here = fingerprint()
        if here != made_for:
            return "refused", (address, here)
        process = _Kept(order["session"], order["variables"])
    job = Job(order["name"], order["pickled"], dict(zip(order["keys"], values, strict=True)), _deadline(order))
    try:
        answer = _asked(process, job, wanted)
    except WorkerEndedError:
        process.end(at_once=True)
        return "ended", process.process.returncode
    _give_back(process)
    return "answer", answer


def _deadline(order: Mapping[str, Any]) -> float | None:
    """In ``time.monotonic()`` seconds here: when the caller's clock says so, at the latest what was left at first."""
    if order["left"] is None:
        return None
    return time.monotonic() + float(min(order["left"], order["ends"] - time.time()))


def _asked(process: WorkerProcess, job: Job, wanted: Callable[[], bool]) -> bytes:
    """The answer of a process, which is ended once it is not wanted. Raises WorkerEndedError."""
    answer: futures.Future[bytes] = futures.Future()

    def ask() -> None:
        try:
            answer.set_result(process.ask(job))
        except BaseException as error:
            answer.set_exception(error)

    # a daemon: the worker may end in mid-task
    threading.Thread(target=ask, name="optimizer-task", daemon=True).start()
    while not futures.wait([answer], LOOK).done:
        if not wanted():
            process.end(at_once=True)
    return answer.result()


def _begun() -> tuple[str, Callable[[], bool]]:
    """Tell that this thread's task starts; the worker's address, and whether the task is still wanted: not cancelled,
    and its caller is there."""
    from distributed import get_worker
    from distributed.utils import sync

    worker = get_worker()
    key = worker.get_current_task()
    # the scheduler has heard of it before the task can take the worker with it
    sync(worker.loop, worker.scheduler.log_event, topic=TOPIC, msg=key)

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state in WANTED

    return str(worker.address), wanted


def _borrowed(session: str) -> WorkerProcess | None:
    with _turn:
        found = next((p for p in _idle if p.session == session and p.alive), None)
        if found is not None:
            _idle.remove(found)
        return found


def _give_back(process: Any) -> None:
    with _turn:
        process.since = time.monotonic()
        _idle.append(process)
        if not _reaper:
            _reaper.append(threading.Thread(target=_reap, name="optimizer-idle", daemon=True))
            _reaper[0].start()


def _reap() -> None:
    while True:
        time.sleep(IDLE_SECONDS / 10)
        end_idle(IDLE_SECONDS)


def end_idle(seconds: float) -> None:
    """End the processes that have had no task for so long."""
    with _turn:
        old = [p for p in _idle if time.monotonic() - p.since >= seconds]
        _idle[:] = [p for p in _idle if p not in old]
    for process in old:
        process.end(at_once=False)
