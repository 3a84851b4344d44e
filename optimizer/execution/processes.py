"""Tasks in local processes. One thread a worker hands it tasks one at a time, so it is known what a lost worker did.

A pool of the standard library breaks as a whole when one of its processes dies, leaves its processes behind when the
caller is killed, and imports the caller's script anew, which then needs a main guard.
"""

from __future__ import annotations

import pickle
import threading
import weakref
from collections.abc import Callable
from concurrent import futures
from dataclasses import replace
from typing import Any, TypeVar

from optimizer.execution.ending import at_end
from optimizer.execution.executor import Executor, Shared, WorkerLostError
from optimizer.execution.worker_process import ATTEMPTS, Job, WorkerEndedError, WorkerProcess, job_of, opened_answer

Result = TypeVar("Result")
Value = TypeVar("Value")


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
        self._all: list[WorkerProcess] = []
        self._idle: list[WorkerProcess] = []
        self._closed = False
        _open.add(self)

    def submit(self, task: Callable[..., Result], /, *args: Any, **kwargs: Any) -> futures.Future[Result]:
        """Raises RuntimeError after ``shutdown``, ValueError for a task that a worker cannot import, and what pickle
        raises for arguments that it does not know."""
        return self._threads.submit(self._attempt, job_of(task, args, kwargs))

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

    def _attempt(self, job: Job) -> Any:
        code = None
        for _ in range(ATTEMPTS):
            worker = self._borrowed()
            try:
                return opened_answer(worker.ask(job))
            except WorkerEndedError:
                worker.end(at_once=True)
                code = worker.process.returncode
            finally:
                self._give_back(worker)
        raise WorkerLostError(f"the process that ran {job.name} ended {ATTEMPTS} times, last with exit code {code}")

    def _borrowed(self) -> WorkerProcess:
        """A worker that lives. Raises CancelledError after the executor was closed."""
        with self._turn:
            if self._closed:
                raise futures.CancelledError
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                self._drop(worker)
            worker = WorkerProcess()
            self._all.append(worker)
            return worker

    def _give_back(self, worker: WorkerProcess) -> None:
        with self._turn:
            if worker not in self._all:
                return
            if worker.alive:
                self._idle.append(worker)
            else:
                self._drop(worker)

    def _drop(self, worker: WorkerProcess) -> None:
        self._all.remove(worker)
        worker.end(at_once=True)


_open: weakref.WeakSet[ProcessExecutor] = weakref.WeakSet()


def _end_workers() -> None:
    for executor in list(_open):
        executor.close(at_once=True)


at_end(_end_workers)
