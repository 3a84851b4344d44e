"""Tasks for executors: functions of a module that a worker can import."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from optimizer.errors import Finding, InputError
from optimizer.execution import clock
from optimizer.execution.choice import make_executor
from optimizer.execution.executor import SerialExecutor


def square(x: float) -> float:
    return x * x


def late_square(x: int, most: int) -> int:
    """Later ones are done sooner."""
    time.sleep(0.01 * (most - x))
    return x * x


def process() -> int:
    return os.getpid()


def taken(values: list[float], index: int) -> tuple[float, int, int]:
    """An item of a shared list, with which list and which process it was."""
    return values[index], id(values), os.getpid()


def wrong(message: str) -> None:
    raise InputError([Finding("code", "error", "file.yaml", 3, "field", message, "cure")])


class Awkward(Exception):
    """Cannot be pickled and unpickled."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} and {b}")


def awkward() -> None:
    raise Awkward(1, 2)


def count(folder: Path) -> int:
    """How often it was called with this folder, this time included."""
    (folder / f"{time.monotonic_ns()}-{os.getpid()}").touch()
    return len(list(folder.iterdir()))


def die_once(folder: Path, value: int) -> int:
    """Kills its process when first called with this folder."""
    if count(folder) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return value


def die(folder: Path) -> None:
    count(folder)
    os._exit(7)


def die_with_the_worker(folder: Path) -> None:
    """Kills what started its process."""
    count(folder)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60.0)


def wait_for(file: Path) -> bool:
    """Returns when there is such a file."""
    while not file.exists():
        time.sleep(0.01)
    return True


def announce_and_wait(started: Path, go_on: Path) -> int:
    started.write_text(str(os.getpid()))
    wait_for(go_on)
    return os.getpid()


def chatter() -> int:
    print("not a result")
    os.write(1, b"nor this\n")
    return 5


def seconds_left() -> float | None:
    """Of the time limit in force."""
    end = clock.deadline()
    return None if end is None else end - time.monotonic()


def is_serial_inside() -> bool:
    with make_executor(4) as executor:
        return isinstance(executor, SerialExecutor)
