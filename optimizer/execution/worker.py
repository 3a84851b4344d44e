"""A worker's process: reads tasks from standard input, writes results to standard output.

It ends when its input closes, even in mid-task: then the caller has ended it, or is gone.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from typing import Any, BinaryIO

from optimizer.execution import clock, wire

_stop = threading.Event()
_output: BinaryIO | None = None


def tell(news: Any) -> None:
    """Let the caller of the task that runs here know how far it is; nowhere to be heard where it runs in no worker."""
    if _output is not None:
        wire.write(_output, pickle.dumps(wire.News(news)))


def asked_to_stop() -> bool:
    """Whether the caller no longer wants the task that runs here."""
    return _stop.is_set()


def main() -> None:
    """Serve until the input closes."""
    global _output  # noqa: PLW0603 - a process has one
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    output, messages = _own_output(), queue.SimpleQueue[bytes]()
    _output = output
    threading.Thread(target=_listen, args=(messages,), daemon=True).start()
    held: dict[int, Any] = {}
    while True:
        message = messages.get()
        _stop.clear()
        wire.write(output, _answer(message, held))


def _answer(message: bytes, held: dict[int, Any]) -> bytes:
    """Keys of the shared values held, and the pickled pair of whether it succeeded and its result or error."""
    try:
        fresh, job, left = pickle.loads(message)
        held |= {key: pickle.loads(value) for key, value in fresh.items()}
        task, args, kwargs = pickle.loads(job)

        def own(argument: Any) -> Any:
            return held[argument.key] if isinstance(argument, wire.Held) else argument

        with clock.until(None if left is None else time.monotonic() + left):
            result = task(*map(own, args), **{k: own(a) for k, a in kwargs.items()})
        answer = pickle.dumps((True, result))
    except BaseException as error:
        answer = _failed(error)
    return pickle.dumps((tuple(held), answer))


def _failed(error: BaseException) -> bytes:
    """The error as the caller will see it, with where it came from; in words where it cannot be pickled."""
    told = "".join(traceback.format_exception(error))
    try:
        error.add_note(f"in a worker process:\n{told}")
        answer = pickle.dumps((False, error))
        pickle.loads(answer)
    except Exception:
        answer = pickle.dumps((False, RuntimeError(told)))
    return answer


def _own_output() -> BinaryIO:
    """Standard output for results alone: whatever else prints goes to standard error."""
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return stream


def _listen(messages: queue.SimpleQueue[bytes]) -> None:
    try:
        while True:
            message = wire.read(sys.stdin.buffer)
            if message == wire.STOP:
                _stop.set()
            else:
                messages.put(message)
    except BaseException:
        os._exit(0)


if __name__ == "__main__":
    main()
