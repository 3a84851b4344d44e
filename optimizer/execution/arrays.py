"""Arguments as users give them, checked: every refusal names the argument and the place in it."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from optimizer.errors import bad_argument
from optimizer.typing import Array, Bools

LARGEST = 1e30
"""Numbers beyond it are refused: their products would overflow, and an overflow proves nothing."""
_STATE = "state it in a larger unit"


def finite(
    value: Any, shape: tuple[int | None, ...], name: str, *, least: float | None = None, above: float | None = None
) -> Array:
    """A finite float array of a shape (None = any length >= 1), >= ``least``, > ``above``. Raises InputError."""
    array = _array(value, name)
    fits = array.ndim == len(shape) and all(n is None or n == m for n, m in zip(shape, array.shape, strict=True))
    if not fits or array.size == 0:
        raise bad_argument(name, f"has shape {array.shape}, wanted {tuple('any' if n is None else n for n in shape)}")
    refuse(array, ~np.isfinite(array), name, "is nan or infinite", "find and correct it")
    refuse(array, np.abs(array) > LARGEST, name, f"is beyond {LARGEST:g}", _STATE)
    if least is not None:
        refuse(array, array < least, name, f"must be {least:g} or more")
    if above is not None:
        refuse(array, array <= above, name, f"must be above {above:g}")
    return array


def dimensions(value: Any) -> int:
    """Of an array; -1 where it is none."""
    try:
        return int(np.ndim(value))
    except (TypeError, ValueError):
        return -1


def _array(value: Any, name: str) -> Array:
    """Any array of real numbers as float64; a copy."""
    if isinstance(value, str | bytes | Mapping | set | frozenset) or value is None:
        raise bad_argument(name, f"is not an array of numbers, but {type(value).__name__}")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        raise bad_argument(name, "is not an array of numbers: its rows differ in length or kind") from None
    if np.ma.isMaskedArray(value) and np.ma.getmaskarray(value).any():
        raise bad_argument(name, "has masked entries", "fill them")
    if array.dtype.kind not in "buif":
        raise bad_argument(name, f"is not an array of real numbers, but of {array.dtype}")
    with np.errstate(over="ignore"):
        return np.array(array, dtype=np.float64)


def refuse(array: Array, wrong: Bools, name: str, message: str, cure: str = "") -> None:
    """Raise InputError with the first wrong place, where there is one."""
    if wrong.any():
        place = ", ".join(str(k) for k in np.unravel_index(int(np.argmax(wrong)), array.shape))
        raise bad_argument(f"{name}[{place}]", f"{message}: {array.flat[int(np.argmax(wrong))]:g}", cure)


def each(value: Any, count: int | None, name: str, what: str = "plan") -> list[Any]:
    """A list with one entry for every plan. Raises InputError where it is none, or of another length."""
    listed = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping | set | frozenset)
    if not listed or (isinstance(value, np.ndarray) and value.ndim == 0):
        raise bad_argument(name, f"is not a list with one entry for every {what}")
    entries = list(value)
    if count is not None and len(entries) != count:
        raise bad_argument(name, f"has {len(entries)} entries, wanted {count}: one for every {what}")
    return entries


def number(
    value: Any, name: str, *, least: float | None = None, above: float | None = None, endless: bool = False
) -> float:
    """One real number, >= ``least``, > ``above``; ``endless``: infinity will do. Raises InputError."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise bad_argument(name, f"is not a number: {value!r}")
    try:
        made = float(value)
    except OverflowError:
        made = float("nan")
    if made == float("inf") and endless:
        return made
    if not np.isfinite(made):
        raise bad_argument(name, f"is {made:g}", "give a finite number")
    if abs(made) > LARGEST:
        raise bad_argument(name, f"is beyond {LARGEST:g}: {made:g}", _STATE)
    if least is not None and made < least:
        raise bad_argument(name, f"must be {least:g} or more, but is {made:g}")
    if above is not None and made <= above:
        raise bad_argument(name, f"must be above {above:g}, but is {made:g}")
    return made


def index(value: Any, count: int, name: str) -> int:
    """A whole number from 0 to count - 1. Raises InputError."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not 0 <= int(value) < count:
        raise bad_argument(name, f"is {value!r}, not a whole number from 0 to {count - 1}")
    return int(value)


def table(value: Any, shape: tuple[int, int], name: str) -> Bools:
    """A table of true and false (or 1 and 0). Raises InputError."""
    array = finite(value, shape, name)
    refuse(array, (array != 0.0) & (array != 1.0), name, "is neither true nor false")
    return np.asarray(array == 1.0)
