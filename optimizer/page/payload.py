"""Plain data and arrays as one text: a head in JSON and a block of numbers, packed and in base64."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np

KINDS = {"float64": "f8", "uint16": "u2", "uint8": "u1"}


def packed(facts: Any) -> str:
    """Base64 of the deflated bytes: length of the head (8 bytes), the head, and the arrays it points into.

    An array stands in the head as ``{"$": [first byte, numbers, kind]}``; infinity and nan are numbers of arrays alone.
    """
    blocks: list[bytes] = []
    head = json.dumps(_pointed(facts, blocks), ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    whole = len(head).to_bytes(8, "little") + head + b"".join(blocks)
    return deflated(whole)


def deflated(whole: bytes) -> str:
    """Bytes packed as a browser unpacks them, in base64."""
    return base64.b64encode(zlib.compress(whole, 9)).decode()


def _pointed(value: Any, blocks: list[bytes]) -> Any:
    """Plain data with arrays moved to blocks."""
    if isinstance(value, np.ndarray):
        kind = KINDS[value.dtype.name]
        raw = np.ascontiguousarray(value, dtype=f"<{kind}").tobytes()
        raw += b"\0" * (-len(raw) % 8)
        first = sum(map(len, blocks))
        if raw in blocks:  # arrays of many plans are alike
            first = sum(map(len, blocks[: blocks.index(raw)]))
        else:
            blocks.append(raw)
        return {"$": [first, int(value.size), kind]}
    if isinstance(value, dict):
        return {key: _pointed(part, blocks) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_pointed(part, blocks) for part in value]
    return value
