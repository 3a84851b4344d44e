"""What the compiled lowering of a box is given, goes on with and gives back; plain tuples of arrays, no numba."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from optimizer.search.levels.layout import Layout
from optimizer.search.tuning import Tuning
from optimizer.typing import Array, Ints


class Ended(IntEnum):
    """Why the loop came back."""

    PAUSED = 0
    """To go on: a menu may be the next incumbent, rules have to be kept, or the clock is to be looked at."""
    STALLED = 1
    """The bound no longer falls, or there were as many bounds as may be."""
    REMOVED = 2
    """The last bound removes the box."""
    SMALL = 3
    """So few menus are left that they are to be evaluated."""


class Priced(NamedTuple):
    """What a problem's multipliers weigh."""

    burst: Array
    """(1 + K, H) burst part of the aim and of each limit, per GPU; none above zero."""
    reserved: Array
    """(H,) GPUs."""
    room: Array
    """(H,) GPUs, inf where burst has no limit."""
    scales: Array
    """(Q,) a positive size of every figure."""
    ruled: bool
    """Whether the problem has rules between plans."""


class StackedMultipliers(NamedTuple):
    """Multipliers side by side."""

    rows: Array
    """(C, 1 + K)."""
    gpus: Array
    """(C, H)."""


class Effort(NamedTuple):
    """The numbers of ``Tuning`` that a lowering follows."""

    rounds: int
    at_once: int
    """Most bounds before the loop comes back."""
    box_menus: float
    joined_menus: float
    """-1 where sieves cannot settle a box at once."""
    least_patience: int
    patience: int
    patience_numbers: float
    falls_by: float
    wild: float
    shorter: float
    longer: float
    polyak: float
    steep: float
    pace_grows: float
    pace_falls: float
    fastest_pace: float


def effort_of(tuning: Tuning, at_once: int, box_menus: int, joined: bool) -> Effort:
    """Of a box that is no root; always of the same types, as each new one would be compiled anew."""
    return Effort(
        int(tuning.rounds),
        int(at_once),
        float(box_menus),
        float(tuning.joined_menus if joined else -1.0),
        int(tuning.least_patience),
        int(tuning.compiled_patience),
        float(tuning.compiled_patience_numbers),
        float(tuning.falls_by),
        float(tuning.wild),
        float(tuning.shorter),
        float(tuning.longer),
        float(tuning.polyak),
        float(tuning.steep),
        float(tuning.pace_grows),
        float(tuning.pace_falls),
        float(tuning.fastest_pace),
    )


class Course(NamedTuple):
    """Where a lowering stands; changed in place."""

    counts: Ints
    """(3,) bounds taken, bound at which patience began, and 1 once there is a pace."""
    numbers: Array
    """(3,) length of steps, distance to the cutoff at which patience began, lowest bound so far."""
    shift: Array
    """(J, I) of the next bound."""
    rows: Array
    """(1 + K,) multiplier of the next bound."""
    gpus: Array
    """(H,)."""
    pace: Array
    """(2, K + H) factors and signs."""
    best_shift: Array
    best_rows: Array
    best_gpus: Array
    best_cut: Array
    """(Q,)."""
    best_gradient: Array
    """(J, I)."""


class BoxAsked(NamedTuple):
    """One box to be lowered."""

    layout: Layout
    mix: int
    columns: Ints
    """(n,) of the box, plan after plan."""
    first: Ints
    """(J + 1,) where each plan begins."""
    center: Ints
    """(J,) columns of the reference."""
    spans: Array | None
    conditions: StackedMultipliers
    """To be bounded by alone, first."""
    course: Course
    effort: Effort
    cutoff: float
    value: float
    """Of the incumbent."""


class History(NamedTuple):
    """R bounds in their order, those by conditions first."""

    totals: Array
    """(R, 5) total, value, rest, fall, and 1 where the menu favoured may be the next incumbent."""
    flat: Array
    """(R, n) D of the columns that were left, side by side."""
    top: Array
    """(R, J)."""
    best: Ints
    """(R, J) columns."""
    cut: Array
    """(R, Q)."""
    at_best: Array
    """(R, Q)."""
    gradient: Array
    """(R, J, I)."""
    shift: Array
    """(R, J, I)."""
    rows: Array
    """(R, 1 + K)."""
    gpus: Array
    """(R, H)."""


class Lowered(NamedTuple):
    """What one call found."""

    ended: int
    taken: int
    """Bounds in the history, which has room for more."""
    alone: int
    """How many of them are by conditions alone."""
    closed: float
    """Largest bound of the levels dropped, those by conditions left out."""
    gone: Ints
    """(n,) the bound that dropped each of the columns given; a larger number for none."""
    history: History


def started(
    plans: int, types: int, figures: int, rows: Array, gpus: Array, shift: Array | None, length: float,
    pace: tuple[Array, Array] | None,
) -> Course:  # fmt: skip
    """Before the first bound."""
    many = len(rows) - 1 + len(gpus)
    own = np.zeros((plans, types)) if shift is None else np.array(shift)
    kept = np.ones((2, many)) if pace is None else np.array(pace).reshape(2, many)
    return Course(
        np.array([0, -1, int(pace is not None)], dtype=np.intp), np.array([length, np.inf, np.inf]), own, rows.copy(),
        gpus.copy(), kept, own.copy(), rows.copy(), gpus.copy(), np.zeros(figures), np.zeros((plans, types)),
    )  # fmt: skip
