"""Messages between the caller and a worker: length-prefixed pickles of builtin types only."""

from __future__ import annotations

import io
import pickle
import struct
from dataclasses import asdict
from typing import IO, Any

import numpy as np

from optimizer.solve.outcome import Outcome, SolveOptions
from optimizer.solve.program import Program
from optimizer.typing import Status

MAGIC = b"optz"
HEAD = struct.Struct("<4sQ")
LARGEST = 1 << 34
"""Bytes; a longer message is taken for garbage."""

ARRAYS = ("costs", "lower", "upper", "integer", "starts", "indices", "coefficients", "row_lower", "row_upper")


class Garbage(Exception):
    """The other side sent something that is no message."""


class _Builtin(pickle.Unpickler):
    """Nothing that is not a builtin container, number, string or bytes can be built."""

    def find_class(self, module: str, name: str) -> Any:
        raise Garbage(f"a message names {module}.{name}")


def pack(message: Any) -> bytes:
    body = pickle.dumps(message, protocol=5)
    return HEAD.pack(MAGIC, len(body)) + body


def read(stream: IO[bytes]) -> Any:
    """The next message. Raises EOFError at the end of the stream, Garbage for anything else that is no message."""
    head = _exactly(stream, HEAD.size)
    magic, length = HEAD.unpack(head)
    if magic != MAGIC or length > LARGEST:
        raise Garbage(f"not a message: {head!r}")
    try:
        return _Builtin(io.BytesIO(_exactly(stream, length))).load()
    except EOFError:
        raise
    except Exception as error:
        raise Garbage(f"a message cannot be read: {error}") from error


def _exactly(stream: IO[bytes], count: int) -> bytes:
    parts, left = [], count
    while left:
        part = stream.read(left)
        if not part:
            raise EOFError
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def array_out(array: Any) -> tuple[str, bytes] | None:
    return None if array is None else (np.asarray(array).dtype.str, np.ascontiguousarray(array).tobytes())


def array_in(data: Any) -> Any:
    """Raises Garbage where the data is no array of numbers."""
    if data is None:
        return None
    try:
        kind = np.dtype(data[0])
        if kind.kind not in "fib":
            raise TypeError(f"dtype {kind}")
        return np.frombuffer(data[1], dtype=kind).copy()
    except (TypeError, ValueError, LookupError) as error:
        raise Garbage(f"an array cannot be read: {error}") from error


def program_out(program: Program) -> dict[str, Any]:
    """Names stay with the caller."""
    plain: dict[str, Any] = {name: array_out(getattr(program, name)) for name in ARRAYS}
    return {**plain, "maximise": bool(program.maximise), "offset": float(program.offset)}


def program_in(data: dict[str, Any]) -> Program:
    arrays = {name: array_in(data[name]) for name in ARRAYS}
    return Program(**arrays, maximise=data["maximise"], offset=data["offset"])


def options_out(options: SolveOptions) -> dict[str, Any]:
    return {**asdict(options), "extra": dict(options.extra)}


def outcome_out(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status.value,
        "values": array_out(outcome.values),
        "objective": outcome.objective,
        "bound": outcome.bound,
        "gap": outcome.gap,
        "seconds": outcome.seconds,
        "nodes": outcome.nodes,
        "iterations": outcome.iterations,
        "message": outcome.message,
        "versions": dict(outcome.versions),
    }


def outcome_in(data: Any) -> Outcome:
    """Raises Garbage where a field is missing or of the wrong kind."""
    try:
        objective = data["objective"]
        return Outcome(
            status=Status(data["status"]),
            values=array_in(data["values"]),
            objective=None if objective is None else float(objective),
            bound=float(data["bound"]),
            gap=float(data["gap"]),
            seconds=float(data["seconds"]),
            nodes=int(data["nodes"]),
            iterations=int(data["iterations"]),
            message=str(data["message"]),
            versions={str(k): str(v) for k, v in data["versions"].items()},
        )
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise Garbage(f"an outcome cannot be read: {error}") from error
