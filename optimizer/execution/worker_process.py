"""One process of its own that runs one task at a time, as its caller sees it; ``worker`` is what runs in it."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from optimizer.execution import clock, wire
from optimizer.execution.executor import IN_WORKER, Shared

ATTEMPTS = 2
"""How often a task is tried whose process ends under it."""
END_SECONDS = 5.0
"""Within this a worker that was told to end has ended, or is killed."""

_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from optimizer.execution.worker import main; main()"


class WorkerEndedError(Exception):
    """A worker's process is no longer there."""


@dataclass(frozen=True)
class Job:
    """A task as it is sent."""

    name: str
    pickled: bytes
    """Task, arguments and named arguments."""
    shared: Mapping[int, bytes]
    """Key -> pickled value of what it shares with others."""
    deadline: float | None
    """``time.monotonic()`` seconds here."""


def job_of(task: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Job:
    """A task as it is sent. Raises ValueError for one that a worker cannot import, and what pickle raises for
    arguments that it does not know."""
    if getattr(task, "__module__", None) in (None, "__main__"):
        raise ValueError(f"{task!r} is not a function of a module, so no worker process could import it")
    pickled = pickle.dumps((task, tuple(map(_sent, args)), {name: _sent(value) for name, value in kwargs.items()}))
    shared = {a.key: a.pickled for a in (*args, *kwargs.values()) if isinstance(a, Shared)}
    return Job(getattr(task, "__name__", str(task)), pickled, shared, clock.deadline())


def _sent(argument: Any) -> Any:
    return wire.Held(argument.key) if isinstance(argument, Shared) else argument


class WorkerProcess:
    """A process that runs one task at a time; ``variables`` are added to its environment."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
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
            env={**os.environ, **(variables or {}), IN_WORKER: "1"},
            **apart,
        )
        self.holds: set[int] = set()
        """Keys of the shared values that it has."""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, job: Job, hear: Callable[[Any], None] | None = None) -> bytes:
        """Whether the task succeeded, with its result or error, pickled; ``hear`` is told what the task tells on its
        way (``worker.tell``). Raises WorkerEndedError."""
        fresh = {key: value for key, value in job.shared.items() if key not in self.holds}
        left = None if job.deadline is None else job.deadline - time.monotonic()
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            wire.write(self.process.stdin, pickle.dumps((fresh, job.pickled, left)))
            while isinstance(message := pickle.loads(wire.read(self.process.stdout)), wire.News):
                if hear is not None:
                    hear(message.told)
            held, answer = message
        except (OSError, EOFError, ValueError) as error:
            raise WorkerEndedError from error
        self.holds = set(held)
        return bytes(answer)

    def stop(self) -> None:
        """Tell the task that runs that it is no longer wanted (``worker.asked_to_stop``); from any thread."""
        with contextlib.suppress(OSError, ValueError):
            assert self.process.stdin is not None
            wire.write(self.process.stdin, wire.STOP)

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


def opened_answer(answer: bytes) -> Any:
    """The result that an answer holds. Raises the error that it holds."""
    done, result = pickle.loads(answer)
    if not done:
        raise result
    return result
