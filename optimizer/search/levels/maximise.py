"""The public entrances: maximise, enumerate_menus, local_search."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from optimizer.errors import bad_argument
from optimizer.model.instance import Figure, Instance, Limit
from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import Reference
from optimizer.search.levels.enumeration import Incumbent, best_of_box
from optimizer.search.levels.evaluation import CHUNK, Truth
from optimizer.search.levels.incumbents import find, near
from optimizer.search.levels.layout import Box, Layout, checked_box, prepare
from optimizer.search.levels.past import Past
from optimizer.search.levels.result import Screened
from optimizer.search.levels.search import MenuSearch
from optimizer.search.levels.state import Open, SearchLimits
from optimizer.search.levels.surviving import surviving_box
from optimizer.search.proof.certificate import Recorder
from optimizer.typing import Choice, Ints, LevelIndices

ENUMERATED = 100_000
"""Choices up to which the whole problem is enumerated (less where that takes more than WORK numbers)."""
WORK = 3e7
SMALL = 2048
"""Menus of a box that is enumerated (less for many types)."""
SMALL_WORK = 3e5
START_WORK = 2e7
"""Numbers over which the first coordinate ascent has fewer starts, and not at every mix level."""
FEW = 2000
FEW_WORK = 1e6
"""The same for the menus of a box that its bounds leave over."""


def maximise(
    instance: Instance, aim: Figure, limits: Sequence[Limit] = (), *, gap: float = 1e-4, scale: float = 1.0,
    deadline: float | None = None, max_boxes: int | None = None, seeds: Sequence[Choice] = (),
    box: Box | None = None, excluded: Collection[Choice] = (), cancelled: Callable[[], bool] | None = None,
    progress: Callable[[float, float, int], None] | None = None, pasts: Sequence[Past] | None = None,
    survivors: bool = True,
) -> Screened:  # fmt: skip
    """The choice with the largest aim among those with every limit >= 0, all rules kept and burst within its limits.

    ``gap`` is relative: proven when bound - value <= gap max(|value|, scale). ``deadline`` in ``time.monotonic()``
    seconds. ``seeds``: choices to start from. ``excluded``: choices that may not be returned. ``progress`` is told
    the incumbent's aim, the bound and the boxes processed. Same input, same result, unless a stop cuts it short.
    ``pasts``: of runs that differed in the limits' constants alone; given (empty will do), ascent begins at the seeds
    and draws no starts unless nothing comes of them. ``survivors``: whether the surviving box is wanted.
    """
    began = time.monotonic()
    if not (np.isfinite(gap) and gap >= 0.0 and np.isfinite(scale) and scale >= 0.0):
        raise bad_argument("gap", "and scale must be finite and not negative")
    layout = prepare(instance, aim, limits)
    box = checked_box(instance, box)
    refused = _choices(excluded)
    truth = Truth(instance, aim, tuple(limits), frozenset(refused))
    mixes = [box.mix] if box.mix is not None else list(range(instance.mixes))
    columns = tuple(np.sort(c[part]) for c, part in zip(layout.column, box.levels, strict=True))
    work = box.choices * len(mixes) * instance.types * len(layout.rows.fixed)
    if box.choices * len(mixes) <= ENUMERATED and work <= WORK:
        return _enumerate(layout, truth, columns, mixes, refused, began, CHUNK, None)
    settings = SearchLimits(gap, scale, deadline, max_boxes, cancelled, progress, _small(layout), _few(layout))
    search = MenuSearch(layout, truth, settings, None, Recorder(), multipliers.none(layout))
    search.pasts = tuple(pasts or ())
    _start(search, columns, mixes, _choices(seeds), pasts is None)
    search.run()
    return _finish(search, columns, refused, began, survivors)


def enumerate_menus(
    instance: Instance, aim: Figure, limits: Sequence[Limit] = (), box: Box | None = None, chunk: int = CHUNK, *,
    excluded: Collection[Choice] = (), stopped: Callable[[], bool] | None = None,
) -> Screened:  # fmt: skip
    """The same by complete evaluation of every choice; ``chunk`` numbers at a time. Exact: the bound is the value.

    ``stopped`` is asked between chunks; when it says so, the status is ``interrupted`` and the bound infinite.
    """
    began = time.monotonic()
    if chunk < 1:
        raise bad_argument("chunk", "must be at least 1")
    layout = prepare(instance, aim, limits)
    box = checked_box(instance, box)
    refused = _choices(excluded)
    truth = Truth(instance, aim, tuple(limits), frozenset(refused))
    mixes = [box.mix] if box.mix is not None else list(range(instance.mixes))
    columns = tuple(np.sort(c[part]) for c, part in zip(layout.column, box.levels, strict=True))
    return _enumerate(layout, truth, columns, mixes, refused, began, chunk, stopped)


def local_search(
    instance: Instance, aim: Figure, limits: Sequence[Limit] = (), *, starts: int = 16, seed: int = 0,
    seeds: Sequence[Choice] = (), box: Box | None = None,
) -> tuple[LevelIndices, int, float] | None:  # fmt: skip
    """The best choice that coordinate ascent finds from ``seeds`` and ``starts`` drawn menus (a fixed ``seed``).

    Returns menu, mix level and true aim; None where no choice that keeps all conditions was found. Proves nothing.
    """
    layout = prepare(instance, aim, limits)
    box = checked_box(instance, box)
    if not box.choices:
        return None
    truth = Truth(instance, aim, tuple(limits))
    mixes = [box.mix] if box.mix is not None else list(range(instance.mixes))
    columns = tuple(np.sort(c[part]) for c, part in zip(layout.column, box.levels, strict=True))
    given = [(layout.columns(menu), mix) for menu, mix in _choices(seeds)]
    best = find(layout, truth, columns, mixes, given, starts, seed, None)
    return None if best is None else (best.menu, best.mix, best.value)


def _choices(choices: Collection[Choice]) -> list[Choice]:
    return [(tuple(int(k) for k in menu), int(mix)) for menu, mix in choices]


def _few(layout: Layout) -> int:
    """Menus left over by sifting up to which they are evaluated."""
    numbers = layout.weight.shape[1] * len(layout.rows.fixed) * layout.plans
    return int(min(FEW, max(16, FEW_WORK // numbers)))


def _small(layout: Layout) -> int:
    """Menus up to which a box is enumerated."""
    numbers = layout.weight.shape[1] * len(layout.rows.fixed)
    return int(min(SMALL, max(16, SMALL_WORK // numbers)))


def _enumerate(
    layout: Layout, truth: Truth, columns: tuple[Ints, ...], mixes: list[int], refused: list[Choice],
    began: float, chunk: int, stopped: Callable[[], bool] | None,
) -> Screened:  # fmt: skip
    best: Incumbent | None = None
    recorder = Recorder()
    count = 0
    cut = False
    for mix in mixes:
        if any(not len(c) for c in columns):
            break
        try:
            best = best_of_box(layout, truth, columns, mix, best, chunk, stopped)
        except InterruptedError:
            cut = True
            break
        recorder.root(mix)["enumerate"] = True
        count += int(np.prod([len(c) for c in columns], dtype=object))
    value = -np.inf if best is None else best.value
    status = "interrupted" if cut else "infeasible" if best is None else "closed"
    surviving = None if best is None else Box(tuple(np.array([k], dtype=np.intp) for k in best.menu), best.mix)
    return Screened(
        menu=None if best is None else best.menu,
        mix=None if best is None else best.mix,
        value=value,
        bound=np.inf if cut else value,
        status=status,
        boxes=len(mixes),
        open_boxes=0,
        enumerated=count,
        seconds=time.monotonic() - began,
        surviving=surviving,
        certificate=recorder.data(layout, value, columns, _plain(refused)),
    )


def _start(
    search: MenuSearch, columns: tuple[Ints, ...], mixes: list[int], seeds: list[Choice], drawn: bool
) -> None:  # fmt: skip
    """Find incumbents and queue a root box per mix level."""
    layout = search.layout
    if any(not len(c) for c in columns):
        return
    given = [(layout.columns(menu), mix) for menu, mix in seeds]
    work = layout.rows.matrix.size * len(mixes)
    starts = int(min(4, max(1, START_WORK // work)))
    tried = mixes if work <= START_WORK else mixes[:: max(1, len(mixes) // 2)]
    if given and not drawn:
        search.incumbent = near(layout, search.truth, columns, given)
    if search.incumbent is None:
        search.incumbent = find(layout, search.truth, columns, tried, given, starts, 0, None)
    if search.incumbent is None:
        search.aim = 0.0
    middle = np.array([c[len(c) // 2] for c in columns], dtype=np.intp)
    reference = middle if search.incumbent is None else layout.columns(search.incumbent.menu)
    for mix in mixes:
        record, first = search.recorder.root(mix), multipliers.none(layout, search.aim)
        search.push(Open(layout, columns, mix, np.inf, Reference(reference), first, [], record, root=True), np.inf)


def _finish(
    search: MenuSearch,
    columns: tuple[Ints, ...],
    refused: list[Choice],
    began: float,
    survivors: bool,
) -> Screened:
    best, layout = search.incumbent, search.layout
    bound = search.bound
    status = search.stopped or ("infeasible" if best is None else "closed")
    return Screened(
        menu=None if best is None else best.menu,
        mix=None if best is None else best.mix,
        value=-np.inf if best is None else best.value,
        bound=bound,
        status=status,
        boxes=search.boxes,
        open_boxes=len(search.open),
        enumerated=search.enumerated,
        seconds=time.monotonic() - began,
        surviving=None if best is None or not survivors else surviving_box(search, columns),
        certificate=search.recorder.data(layout, bound, columns, _plain(refused)),
        past=Past(layout, search.past),
    )


def _plain(choices: list[Choice]) -> list[list[Any]]:
    return [[list(menu), mix] for menu, mix in choices]
