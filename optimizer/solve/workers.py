"""Solver processes that can be stopped: started on demand, reused, killed when they overrun, crash or hang."""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from optimizer.errors import SolverError
from optimizer.execution.ending import at_end
from optimizer.solve import wire
from optimizer.solve.outcome import Outcome, Progress, SolveOptions, relative_gap
from optimizer.solve.program import Program
from optimizer.solve.session import Start, log
from optimizer.typing import Array, Status

READY_SECONDS = 60.0
"""A worker that is not up by then is taken for hung."""
SILENCE_SECONDS = 30.0
"""A worker that gives no sign of life for so long is taken for hung; it beats every second."""
CANCEL_SECONDS = 0.8
"""How long a cancelled worker may take to hand over its incumbent."""
POLL = 0.05

# `python -m optimizer.solve.worker_main` would do, but would import the whole package first, and find it only where
# PYTHONPATH or an installation says so: here the caller's own copy and search path are used.
_BOOT = (
    "import sys, types; sys.path[:] = sys.argv[2:]; p = types.ModuleType('optimizer'); "
    "p.__path__ = [sys.argv[1]]; sys.modules['optimizer'] = p; "
    "from optimizer.solve.worker_main import main; main()"
)


class WorkerError(SolverError):
    """A worker crashed, hung or sent garbage."""


def worker_command() -> list[str]:
    """The command line of a worker. Raises SolverError where the interpreter is unknown."""
    if not sys.executable:
        raise SolverError("a solver process cannot be started: the Python interpreter's path is unknown")
    return [sys.executable, "-I", "-c", _BOOT, str(Path(__file__).parent.parent), *sys.path]


def overrun(limit: float) -> float:
    """Seconds after the limit at which a worker is killed: half of the promised max(2 s, 10 %)."""
    return 0.5 * max(2.0, 0.1 * limit)


class Worker:
    """One solver process and the thread that reads from it. One solve at a time."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        apart: dict[str, Any] = (
            {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            if os.name == "nt"
            else {"start_new_session": True}  # Ctrl-C goes to the caller alone
        )
        try:
            self.process = subprocess.Popen(
                worker_command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # numpy starts a thread a core, for nothing here
                **apart,
            )
        except OSError as error:
            self._errors.close()
            raise SolverError(f"a solver process cannot be started: {error}") from error
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._ready = False
        self._listener = threading.Thread(target=self._listen, name="optimizer-worker", daemon=True)
        self._listener.start()

    def solve(
        self,
        program: Program,
        options: SolveOptions,
        start: Start | None,
        cancelled: Callable[[], bool] | None,
        progress: Callable[[Progress], None] | None,
    ) -> Outcome:
        """Raises WorkerError where the process fails, SolverError where it refuses; it is to be killed then."""
        watch = _Watch(program, options.time_limit)
        job = {
            "program": wire.program_out(program),
            "options": wire.options_out(options),
            "start": None if start is None else [wire.array_out(part) for part in start],
            "log": log.isEnabledFor(logging.DEBUG),
        }
        self._send_aside(("solve", job))
        return self._wait(watch, cancelled, progress)

    def _wait(
        self,
        watch: _Watch,
        cancelled: Callable[[], bool] | None,
        progress: Callable[[Progress], None] | None,
    ) -> Outcome:
        while True:
            try:
                message = self._inbox.get(timeout=POLL)
            except queue.Empty:
                message = None
            now = time.perf_counter()
            if message is not None:
                watch.heard = now
                done = self._take(message, watch, progress)
                if done is not None:
                    return done
            if cancelled is not None and watch.cancelled_at is None and cancelled():
                watch.cancelled_at = now
                self._send_aside(("cancel",))
            if watch.cancelled_at is not None and now > watch.cancelled_at + CANCEL_SECONDS:
                self.kill()
                return watch.stopped(Status.INTERRUPTED, "the solver did not stop when asked and was ended")
            if now > watch.end:
                self.kill()
                return watch.stopped(Status.FEASIBLE, "the solver overran its time limit and was ended")
            silence = SILENCE_SECONDS if self._ready else READY_SECONDS
            if now > watch.heard + silence:
                raise WorkerError(f"the solver process gave no sign of life for {silence:.0f} s")

    def _take(self, message: Any, watch: _Watch, progress: Callable[[Progress], None] | None) -> Outcome | None:
        if isinstance(message, Exception):
            raise WorkerError(f"the solver process ended or failed: {self._epitaph(message)}")
        try:
            kind = message[0]
            if kind == "ready":
                self._ready = True
            elif kind == "log":
                log.log(message[1], "%s", message[2])
            elif kind == "progress":
                watch.told(message[3])
                if progress is not None:
                    progress(Progress(*message[1:]))
            elif kind == "improved":
                watch.values, watch.objective = wire.array_in(message[1]), float(message[2])
                watch.told(message[3])
            elif kind == "failed":
                raise SolverError(str(message[1]))
            elif kind == "done":
                return wire.outcome_in(message[1])
            elif kind != "beat":
                raise wire.Garbage(f"unknown message {kind!r}")
        except (wire.Garbage, TypeError, ValueError, LookupError) as error:
            raise WorkerError(f"the solver process sent garbage: {error}") from error
        return None

    def _epitaph(self, error: Exception) -> str:
        if not isinstance(error, EOFError):
            return str(error)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()
        return f"exit code {self.process.poll()}" + (f", {said[-500:]}" if said else "")

    def _listen(self) -> None:
        assert self.process.stdout is not None
        try:
            while True:
                self._inbox.put(wire.read(self.process.stdout))
        except Exception as error:
            self._inbox.put(error)

    def _send_aside(self, message: Any) -> None:
        """In a thread: a hung worker reads nothing, and a full pipe must not hold the caller."""
        stream = self.process.stdin
        assert stream is not None

        def send() -> None:
            with contextlib.suppress(OSError, ValueError):
                stream.write(wire.pack(message))
                stream.flush()

        threading.Thread(target=send, name="optimizer-send", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """End the process at once; safe to call twice."""
        with contextlib.suppress(OSError):
            self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
        self._listener.join(0.2)  # it ends with the stream
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None and not (stream is self.process.stdout and self._listener.is_alive()):
                    stream.close()


class _Watch:
    """The clock of one solve, and what the worker has told so far."""

    def __init__(self, program: Program, limit: float | None):
        self.program = program
        self.began = self.heard = time.perf_counter()
        self.end = math.inf if limit is None else self.began + limit + overrun(limit)
        self.cancelled_at: float | None = None
        self.bound = math.inf if program.maximise else -math.inf
        self.values: Array | None = None
        self.objective: float | None = None

    def told(self, bound: float | None) -> None:
        if bound is not None:
            self.bound = float(bound)

    def stopped(self, status: Status, message: str) -> Outcome:
        """The outcome of a solve that was ended by force: the last incumbent and bound that were told."""
        if self.values is None and status is Status.FEASIBLE:
            status = Status.NO_ANSWER
        seconds = time.perf_counter() - self.began
        gap = relative_gap(self.objective, self.bound)
        return Outcome(status, self.values, self.objective, self.bound, gap, seconds, message=message)


class _Pool:
    """The workers of this process; those not in use wait for the next solve."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.idle: list[Worker] = []
        self.all: list[Worker] = []

    def borrow(self) -> Worker:
        with self.turn:
            while self.idle:
                worker = self.idle.pop()
                if worker.alive:
                    return worker
                self.all.remove(worker)
        worker = Worker()
        with self.turn:
            self.all.append(worker)
        return worker

    def warm(self) -> None:
        """One worker at least waits, or is on its way."""
        with self.turn:
            if not self.idle:
                self.idle.append(Worker())
                self.all.append(self.idle[-1])

    def give_back(self, worker: Worker) -> None:
        with self.turn:
            if worker not in self.all:
                return
            if worker.alive:
                self.idle.append(worker)
            else:
                self.all.remove(worker)

    def close(self) -> None:
        with self.turn:
            mine, self.all, self.idle = self.all, [], []
        for worker in mine:
            worker.kill()

    def forget(self) -> None:
        """After a fork the workers belong to the parent, and the lock may be held by a thread that is not here."""
        self.turn = threading.Lock()
        self.all, self.idle = [], []


_pool = _Pool()


def solve_in_worker(
    program: Program,
    options: SolveOptions,
    start: Start | None = None,
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[Progress], None] | None = None,
    check: Callable[[Outcome], None] | None = None,
) -> Outcome:
    """One solve in a process of its own; the process is kept for the next solve. Raises SolverError.

    check: raises SolverError for an outcome that cannot be true; the process is then not used again.
    """
    began = time.perf_counter()
    worker = _pool.borrow()
    if options.time_limit is not None:
        options = replace(options, time_limit=max(0.0, options.time_limit - (time.perf_counter() - began)))
    try:
        outcome = worker.solve(program, options, start, cancelled, progress)
        if check is not None:
            check(outcome)
    except BaseException:
        worker.kill()
        raise
    finally:
        _pool.give_back(worker)
    return replace(outcome, seconds=time.perf_counter() - began)


def warm_worker() -> None:
    """Start a process, unless one waits already, for a solve that is likely to come: it loads while others work."""
    with contextlib.suppress(SolverError):  # the solve will tell
        _pool.warm()


def close_workers() -> None:
    """End all solver processes. Called at exit; a solve that is under way elsewhere fails and is tried again."""
    _pool.close()


atexit.register(close_workers)
at_end(close_workers)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.forget)
