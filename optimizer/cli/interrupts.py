"""Interrupts: the work is done in a thread, and the main thread waits for it and for signals.

A signal raises nothing inside the work, where an exception in the middle of an import, a callback or a save would be
swallowed or leave something half done. The main thread tells the end and ends the process. Light to import: whatever
is heavy is imported by the work.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from optimizer.execution.ending import end_all, undivided, whole

TROUBLE = 3
PATIENCE = 5.0
"""Seconds that a document or a file under way may take to become whole once the end is asked for."""
POLL = 0.1
"""Seconds; some systems run no handler while a thread waits without end."""
WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


@dataclass
class _Command:
    """What the main thread knows of the work."""

    began: float = 0.0
    """``time.monotonic()`` seconds."""
    running: bool = False
    printed: bool = False
    """The one JSON document is on its way, or out."""
    stops: list[threading.Event] = field(default_factory=list)
    """Studies that keep what they have when asked to stop."""


_command = _Command()


def running() -> bool:
    """Whether the work is done in a thread of :func:`run`."""
    return _command.running


def printed() -> bool:
    """Whether the one JSON document has been printed."""
    return _command.printed


def began() -> float:
    """When the command began, in ``time.monotonic()`` seconds: the time limit counts from there."""
    return _command.began


def begin() -> None:
    """A new command: nothing is printed yet."""
    _command.printed = False
    if not _command.running:
        _command.began = time.monotonic()


@undivided
def print_document(text: str) -> None:
    """Print the one JSON document, whole."""
    _command.printed = True
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Inside, the first Ctrl-C asks to stop and keep what is done; the second one ends the program."""
    asked = threading.Event()
    _command.stops.append(asked)
    try:
        yield asked.is_set
    finally:
        _command.stops.remove(asked)


def run(work: Callable[[], int]) -> int:
    """The exit code of the work; 128 + the signal's number where a signal ends it, and the process."""
    _command.began = time.monotonic()
    done, codes = threading.Event(), [TROUBLE]

    def all_of_it() -> None:
        try:
            codes.append(work())
        finally:
            done.set()

    heard = [number for number in WORDS if signal.getsignal(number) is not signal.SIG_IGN]  # kept in the background
    for number in heard:
        signal.signal(number, _told)
    _command.running = True
    threading.stack_size(64 << 20)  # a thread's own may be small
    thread = threading.Thread(target=all_of_it, name="optimizer-command", daemon=True)
    thread.start()
    threading.stack_size(0)
    while not done.wait(POLL):
        pass
    for number in heard:
        signal.signal(number, signal.SIG_IGN)  # all is told
    return codes[-1]


def _told(number: int, _frame: object) -> None:
    stops = [asked for asked in _command.stops if not asked.is_set()]
    if number != signal.SIGINT or not stops:
        _end(signal.Signals(number))
    for asked in stops:
        asked.set()
    _say("stopping; what is done is kept")


def _end(number: signal.Signals) -> None:
    """Tell the end, stop all processes, and leave at once: nothing more is printed or saved."""
    for each in WORDS:
        signal.signal(each, signal.SIG_IGN)
    code = 128 + number
    if whole.acquire(timeout=PATIENCE) and not _command.printed:
        _tell(WORDS[number], code)
    end_all()
    os._exit(code)


def _tell(word: str, code: int) -> None:
    if "--json" not in sys.argv[1:]:
        _say(word)
        return
    body = {"schema_version": 1, "status": "interrupted", "verdict": None, "exit_code": code, "message": word}
    with suppress(OSError, ValueError, AttributeError):  # closed, or nobody reads it
        sys.stdout.write(json.dumps(body, indent=2) + "\n")
        sys.stdout.flush()


def _say(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
