"""The solver's process: reads programs from standard input, writes outcomes to standard output.

Started by ``optimizer.solve.workers``; imports numpy and HiGHS only. It ends when its input closes or its parent dies.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import threading
import time
from typing import Any, BinaryIO

from optimizer.errors import SolverError
from optimizer.solve import wire
from optimizer.solve.outcome import Progress, SolveOptions
from optimizer.solve.session import Session, load_solver

BEAT = 1.0
"""Seconds between two signs of life."""


class Speaker(logging.Handler):
    """Writes messages to the caller, one at a time; also carries log lines."""

    def __init__(self, stream: BinaryIO):
        super().__init__()
        self.stream, self.turn = stream, threading.Lock()

    def say(self, *message: Any) -> None:
        data = wire.pack(message)
        try:
            with self.turn:
                self.stream.write(data)
                self.stream.flush()
        except (OSError, ValueError):
            os._exit(1)  # nobody listens

    def emit(self, record: logging.LogRecord) -> None:
        self.say("log", record.levelno, record.getMessage())


def main() -> None:
    """Serve until the input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    speaker, commands = Speaker(_own_output()), queue.Queue[Any]()
    cancel = threading.Event()
    threading.Thread(target=_listen, args=(commands, cancel), daemon=True).start()
    threading.Thread(target=_beat, args=(speaker, os.getppid()), daemon=True).start()
    log = logging.getLogger("optimizer.highs")
    log.addHandler(speaker)
    log.propagate = False
    speaker.say("ready", sorted(set(sys.modules) & {"pyomo", "pandas", "pydantic"}))
    load_solver()
    while True:
        job = commands.get()
        cancel.clear()
        log.setLevel(logging.DEBUG if job["log"] else logging.WARNING)
        try:
            _solve(job, speaker, cancel)
        except SolverError as error:
            speaker.say("failed", str(error))
        except Exception as error:  # anything else is told, too: the caller must not wait for it
            speaker.say("failed", f"{type(error).__name__}: {error}")


def _solve(job: dict[str, Any], speaker: Speaker, cancel: threading.Event) -> None:
    def progress(p: Progress) -> None:
        speaker.say("progress", p.seconds, p.objective, p.bound, p.nodes)

    session = Session(wire.program_in(job["program"]), SolveOptions(**job["options"]))
    try:
        start = None if job["start"] is None else tuple(wire.array_in(part) for part in job["start"])
        outcome = session.solve(
            start,
            cancelled=cancel.is_set,
            progress=progress,
            improved=lambda values, p: speaker.say("improved", wire.array_out(values), p.objective, p.bound),
        )
    finally:
        session.close()
    speaker.say("done", wire.outcome_out(outcome))


def _own_output() -> BinaryIO:
    """Standard output for messages alone: whatever else prints goes to standard error."""
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return stream


def _listen(commands: queue.Queue[Any], cancel: threading.Event) -> None:
    try:
        while True:
            message = wire.read(sys.stdin.buffer)
            if message[0] == "solve":
                commands.put(message[1])
            elif message[0] == "cancel":
                cancel.set()
    except BaseException:
        os._exit(0)  # the caller is gone; HiGHS may still be running


def _beat(speaker: Speaker, parent: int) -> None:
    while True:
        time.sleep(BEAT)
        if os.getppid() != parent:
            os._exit(0)
        speaker.say("beat")


if __name__ == "__main__":
    main()
