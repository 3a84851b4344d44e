"""Tasks on a cluster that is there already: Dask carries them to its workers, each of which runs them as at home.

Dask runs again what was on a worker that is gone, until four are; here it is counted how often a task starts, so that
one that takes workers with it ends sooner, and its neighbours are not blamed. A task that ends its process ends no
worker, and is run again from here.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from optimizer.errors import Finding, InputError, OptimizerError, bad_argument
from optimizer.execution import cluster_worker
from optimizer.execution.executor import Executor, Shared, WorkerLostError
from optimizer.execution.worker_process import ATTEMPTS, Job, job_of, opened_answer

Result = TypeVar("Result")
Value = TypeVar("Value")

CONNECT_SECONDS = 5.0
"""A scheduler answers within this, or is not there."""
WORKER_SECONDS = 10.0
"""The first worker has joined within this."""
LONELY_SECONDS = 60.0
"""A cluster that loses all its workers may be without any for so long."""
FIELD = "cluster"
START = "start one: dask scheduler, and dask worker with its address"
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""How many threads add up a sum may change its last digit: there they are as many as here, one if nothing is said."""


class ClusterError(OptimizerError):
    """The cluster is gone, or could not run a task."""


class ClusterExecutor(Executor):
    """Tasks on the workers of a Dask cluster; ``address`` is its scheduler's, e.g. ``tcp://10.0.0.5:8786``.

    A worker of another version is refused. A task whose process or worker ends under it is tried once more, then fails
    with ``WorkerLostError``. What is cancelled, or whose caller is gone, is ended on the workers within a second.

    Raises:
        InputError: no cluster there, none of its workers, or one of another version; or Dask is not installed.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._client = _connected(address)
        try:
            self._made_for = cluster_worker.fingerprint()
            _greet(self._client, address, self._made_for)
            self.workers = sum(self._client.nthreads().values())
        except BaseException:
            self._client.close(CONNECT_SECONDS)
            raise
        self._session = uuid.uuid4().hex
        self._values: dict[int, Any] = {}
        """Shared values by key, as Dask keeps them."""
        self._running: dict[futures.Future[Any], Any] = {}
        """Ours and Dask's."""
        self._starts: Counter[str] = Counter()
        """How often each task of Dask's was started."""
        self._closed = threading.Event()
        self._client.subscribe_topic(cluster_worker.TOPIC, self._started)
        threading.Thread(target=self._watch, name="optimizer-cluster", daemon=True).start()

    def submit(self, task: Callable[..., Result], /, *args: Any, **kwargs: Any) -> futures.Future[Result]:
        """Raises RuntimeError after ``shutdown``, ValueError for a task that a worker cannot import, and what pickle
        raises for arguments that it does not know."""
        if self._closed.is_set():
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: futures.Future[Result] = futures.Future()
        self._start(job_of(task, args, kwargs), future, 1)
        future.add_done_callback(self._settled)
        return future

    def share(self, value: Value) -> Shared[Value]:
        shared = replace(super().share(value), pickled=pickle.dumps(value))
        key = f"optimizer-shared-{self._session}-{shared.key}"
        self._values[shared.key] = self._sent(key, cluster_worker.kept, shared.pickled)
        return shared

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster: after the tasks, or with ``cancel_futures`` at once, ending what is not done."""
        if not wait:
            threading.Thread(target=partial(self.shutdown, cancel_futures=cancel_futures)).start()
            return
        if cancel_futures:
            for future in list(self._running):
                future.cancel()
        futures.wait(list(self._running))
        if not self._closed.is_set():
            self._closed.set()
            self._values.clear()
            self._client.close(CONNECT_SECONDS)

    def _start(self, job: Job, future: futures.Future[Any], attempt: int) -> None:
        left = None if job.deadline is None else job.deadline - time.monotonic()
        order = {
            "session": self._session,
            "name": job.name,
            "pickled": job.pickled,
            "keys": tuple(job.shared),
            "left": left,
            "ends": None if left is None else time.time() + left,
            "variables": {name: os.environ.get(name, "1") for name in THREADS},
        }
        values = [self._values[key] for key in job.shared]
        key = f"optimizer-{job.name}-{uuid.uuid4().hex}"
        running = self._running[future] = self._sent(key, cluster_worker.carry, self._made_for, order, *values)
        running.add_done_callback(partial(self._done, job, future, attempt))
        if future.cancelled():  # in the meantime
            self._drop(future)

    def _sent(self, key: str, task: Callable[..., Any], *args: Any) -> Any:
        """Dask's future of a task."""
        import dask

        # a case travels with its task where it is the task's own; Dask would warn of its size
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TiB"}):
            return self._client.submit(task, *args, key=key, pure=False)

    def _done(self, job: Job, future: futures.Future[Any], attempt: int, running: Any) -> None:
        """Take the result of a task, or run it again; called by Dask in a thread of its own."""
        try:
            if future.done():
                return
            kind, value = _outcome(job, running, self.address)
            if kind == "ended" and attempt < ATTEMPTS:
                self._start(job, future, attempt + 1)
                return
            result = _result(job, kind, value, self._made_for)
        except BaseException as error:
            with contextlib.suppress(futures.InvalidStateError):
                future.set_exception(error)
        else:
            with contextlib.suppress(futures.InvalidStateError):
                future.set_result(result)

    def _started(self, event: tuple[float, str]) -> None:
        """Told of every task that starts on the cluster; called in Dask's loop, which must not wait."""
        self._starts[event[1]] += 1
        if self._starts[event[1]] > ATTEMPTS:
            threading.Thread(target=self._end_task, args=(event[1],)).start()

    def _end_task(self, key: str) -> None:
        """Fail a task that took its workers with it."""
        future = next((ours for ours, running in list(self._running.items()) if running.key == key), None)
        if future is not None:
            with contextlib.suppress(futures.InvalidStateError):
                future.set_exception(WorkerLostError(f"{ATTEMPTS} workers were lost while they ran {key}"))

    def _settled(self, future: futures.Future[Any]) -> None:
        """Nothing of a task stays on the cluster, whether it is done or cancelled."""
        if future.cancelled():
            future.set_running_or_notify_cancel()
        self._drop(future)

    def _drop(self, future: futures.Future[Any]) -> None:
        running = self._running.pop(future, None)
        if running is not None and not running.done():
            with contextlib.suppress(Exception):  # the cluster may be gone
                running.cancel()

    def _watch(self) -> None:
        """Fail what waits for workers where there have been none for too long."""
        seen = time.monotonic()
        while not self._closed.wait(1.0):
            with contextlib.suppress(Exception):  # a scheduler that is gone is told by Dask
                if self._client.nthreads():
                    seen = time.monotonic()
            if time.monotonic() - seen > LONELY_SECONDS:
                self._fail(ClusterError(f"the cluster at {self.address} has had no workers for {LONELY_SECONDS:.0f} s"))

    def _fail(self, error: Exception) -> None:
        for future in list(self._running):
            with contextlib.suppress(futures.InvalidStateError):
                future.set_exception(error)


def _connected(address: str) -> Any:
    """Dask's client. Raises InputError within seconds."""
    if not re.fullmatch(r"((tcp|tls)://.+:\d+|inproc://.+)", str(address)):
        cure = "write the scheduler's, e.g. tcp://10.0.0.5:8786"
        raise bad_argument(FIELD, f"{address!r} is no address of a cluster", cure)
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        cure = "pip install 'pricing-strategy-optimizer[cluster]'"
        raise bad_argument(FIELD, f"a cluster needs the package {error.name}", cure) from None
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        told = f"no cluster answers at {address} within {CONNECT_SECONDS:.0f} s"
        raise bad_argument(FIELD, told, START) from error


def _greet(client: Any, address: str, made_for: Mapping[str, str]) -> None:
    """Meet the workers. Raises InputError where there is none, and for all that are of another version."""
    try:
        client.wait_for_workers(1, WORKER_SECONDS)
    except TimeoutError:
        told = f"the cluster at {address} has no workers"
        raise bad_argument(FIELD, told, f"start some: dask worker {address}") from None
    found = client.run(cluster_worker.fingerprint, on_error="return")
    refused = [_refused(worker, here, made_for) for worker, here in found.items() if here != made_for]
    if refused:
        raise InputError(refused)


def _refused(worker: str, here: Any, made_for: Mapping[str, str]) -> Finding:
    """How a worker differs; ``here``: its versions, or the error that came instead."""
    cure = "install the same versions everywhere (constraints.txt), and start that worker again"
    if not isinstance(here, Mapping):
        return bad_argument(FIELD, f"worker {worker} cannot load this package: {here}", cure).findings[0]
    names = [name for name in {**made_for, **here} if made_for.get(name) != here.get(name)]
    told = ", ".join(f"{name} {here.get(name, 'unknown')} instead of {made_for.get(name, 'unknown')}" for name in names)
    return bad_argument(FIELD, f"worker {worker} has {told}", cure).findings[0]


def _outcome(job: Job, running: Any, address: str) -> cluster_worker.Outcome:
    """What a worker gave back. Raises WorkerLostError or ClusterError."""
    from distributed.scheduler import KilledWorker

    try:
        kind, value = running.result()
    except KilledWorker as error:
        raise WorkerLostError(f"every worker that ran {job.name} was lost, last {error.last_worker.address}") from error
    except futures.CancelledError as error:
        raise ClusterError(f"the cluster at {address} is gone") from error
    except Exception as error:
        raise ClusterError(f"a worker could not run {job.name}: {type(error).__name__}: {error}") from error
    return kind, value


def _result(job: Job, kind: str, value: Any, made_for: Mapping[str, str]) -> Any:
    """The task's result. Raises the task's error, WorkerLostError, or InputError for a worker of another version."""
    if kind == "answer":
        return opened_answer(value)
    if kind == "refused":
        worker, here = value
        raise InputError([_refused(worker, here, made_for)])
    raise WorkerLostError(f"the process that ran {job.name} ended {ATTEMPTS} times, last with exit code {value}")
