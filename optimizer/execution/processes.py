"""Tasks in local processes. One thread a worker hands it tasks one at a time, so it is known what a lost worker did.

A pool of the standard library breaks as a whole when one of its processes dies, leaves its processes behind when the
caller is killed, and imports the caller's script anew, which then needs a main guard.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, replace
from typing import IO, Any, TypeVar

from optimizer.execution import clock, wire
from optimizer.execution.ending import at_end
from optimizer.execution.executor import IN_WORKER, Executor, Shared, WorkerLostError

Result = TypeVar("Result")
Value = TypeVar("Value")

ATTEMPTS = 2
END_SECONDS = 5.0
"""Within this a worker that was told to end has ended, or is killed."""

_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from optimizer.execution.worker import main; main()"


class _WorkerEndedError(Exception):
    """A worker's process is no longer there."""


@dataclass(frozen=True)
class _Job:
    """A task as it is sent."""

    name: str
    pickled: bytes
    """Task, arguments and named arguments."""
    shared: tuple[Shared[Any], ...]
    deadline: float | None


class _Worker:
    """One process that runs one task at a time."""

    def __init__(self) -> None:
        # Ctrl-C goes to the caller alone
        apart: dict[str, Any] = (
            {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            if os.name == "nt"
            else {"start_new_session": True}
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, IN_WORKER: "1"},
            **apart,
        )
        self.holds: set[int] = set()
        """Keys of the shared values that it has."""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def run(self, job: _Job) -> Any:
        """The task's result. Raises its error, or _WorkerEndedError."""
        fresh = {a.key: a.pickled for a in job.shared if a.key not in self.holds}
        left = None if job.deadline is None else job.deadline - time.monotonic()
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            wire.write(self.process.stdin, pickle.dumps((fresh, job.pickled, left)))
            answer = wire.read(self.process.stdout)
        except (OSError, EOFError, ValueError) as error:
            raise _WorkerEndedError from error
        done, result, held = pickle.loads(answer)
        self.holds = set(held)
        if not done:
            raise result
        return result

    def end(self, at_once: bool) -> None:
        """Close its input, on which it ends; or kill it. Safe to call twice, and while another thread waits for it."""
        with contextlib.suppress(OSError):
            self.process.kill() if at_once else self._close(self.process.stdin)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._close(self.process.stdin)
        self._close(self.process.stdout)

    def _close(self, stream: IO[bytes] | None) -> None:
        with contextlib.suppress(OSError, ValueError):
            if stream is not None:
                stream.close()


def _sent(argument: Any) -> Any:
    return wire.Held(argument.key) if isinstance(argument, Shared) else argument


class ProcessExecutor(Executor):
    """Tasks in processes of their own, started as they are needed.

    A task whose process ends under it is tried once more in another, then fails with ``WorkerLostError``; no other task
    is touched. A time limit in force holds in the workers, too. They ignore Ctrl-C, and end when this executor is shut
    down or the caller dies.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._threads = futures.ThreadPoolExecutor(workers, "optimizer-executor")
        self._turn = threading.Lock()
        self._all: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._closed = False
        _open.add(self)

    def submit(self, task: Callable[..., Result], /, *args: Any, **kwargs: Any) -> futures.Future[Result]:
        """Raises RuntimeError after ``shutdown``, ValueError for a task that a worker cannot import, and what pickle
        raises for arguments that it does not know."""
        if getattr(task, "__module__", None) in (None, "__main__"):
            raise ValueError(f"{task!r} is not a function of a module, so no worker process could import it")
        pickled = pickle.dumps((task, tuple(map(_sent, args)), {k: _sent(a) for k, a in kwargs.items()}))
        shared = tuple(a for a in (*args, *kwargs.values()) if isinstance(a, Shared))
        job = _Job(getattr(task, "__name__", str(task)), pickled, shared, clock.deadline())
        return self._threads.submit(self._attempt, job)

    def share(self, value: Value) -> Shared[Value]:
        return replace(super().share(value), pickled=pickle.dumps(value))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers: after their tasks, or with ``cancel_futures`` at once, dropping what is not done."""
        self._threads.shutdown(wait=False, cancel_futures=cancel_futures)
        if cancel_futures:
            self.close(at_once=True)
        if wait:
            self._threads.shutdown(wait=True)
            self.close(at_once=False)
        else:
            threading.Thread(target=self.shutdown, name="optimizer-shutdown").start()

    def close(self, at_once: bool) -> None:
        """End the workers, at once or when their input ends; nothing starts afterwards."""
        with self._turn:
            self._closed = True
            mine, self._all, self._idle = self._all, [], []
        for worker in mine:
            worker.end(at_once)

    def _attempt(self, job: _Job) -> Any:
        code = None
        for _ in range(ATTEMPTS):
            worker = self._borrowed()
            try:
                return worker.run(job)
            except _WorkerEndedError:
                worker.end(at_once=True)
                code = worker.process.returncode
            finally:
                self._give_back(worker)
        raise WorkerLostError(f"the process that ran {job.name} ended {ATTEMPTS} times, last with exit code {code}")

    def _borrowed(self) -> _Worker:
        """A worker that lives. Raises CancelledError after the executor was closed."""
        with self._turn:
            if self._closed:
                raise futures.CancelledError
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                self._drop(worker)
            worker = _Worker()
            self._all.append(worker)
            return worker

    def _give_back(self, worker: _Worker) -> None:
        with self._turn:
            if worker not in self._all:
                return
            if worker.alive:
                self._idle.append(worker)
            else:
                self._drop(worker)

    def _drop(self, worker: _Worker) -> None:
        self._all.remove(worker)
        worker.end(at_once=True)


_open: weakref.WeakSet[ProcessExecutor] = weakref.WeakSet()


def _end_workers() -> None:
    for executor in list(_open):
        executor.close(at_once=True)


at_end(_end_workers)
