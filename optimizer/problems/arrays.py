"""Arrays as users give them, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer.errors import bad_argument
from optimizer.typing import Array


def finite(value: Any, shape: tuple[int | None, ...], name: str) -> Array:
    """A finite float array of a shape (None = any length >= 1). Raises InputError."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise bad_argument(name, "is not an array of numbers") from None
    fits = array.ndim == len(shape) and all(n is None or n == m for n, m in zip(shape, array.shape, strict=True))
    if not fits or array.size == 0:
        raise bad_argument(name, f"has shape {array.shape}, wanted {tuple('any' if n is None else n for n in shape)}")
    if not np.isfinite(array).all():
        raise bad_argument(name, "holds nan or infinity")
    return array
