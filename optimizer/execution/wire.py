"""Messages between an executor and its workers: a length, then a pickle."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, Any

_LENGTH = struct.Struct("!Q")
STOP = b""
"""From the caller: the task that runs is no longer wanted."""


@dataclass(frozen=True)
class News:
    """From a task that runs: how far it is."""

    told: Any


@dataclass(frozen=True)
class Held:
    """Stands for a shared value in a task's arguments."""

    key: int


def write(stream: IO[bytes], message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def read(stream: IO[bytes]) -> bytes:
    """Raises EOFError where the stream ends."""
    return _exactly(stream, _LENGTH.unpack(_exactly(stream, _LENGTH.size))[0])


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
