"""The public entrances: maximise, enumerate_menus, local_search."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence

import numpy as np

from optimizer.errors import bad_argument
from optimizer.model.instance import Figure, Instance, Limit
from optimizer.search.engine import BestFirst, Clock, GapRule, SearchStatus
from optimizer.search.kernels import ChosenKernel
from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import Reference
from optimizer.search.levels.enumeration import Incumbent, best_of_box
from optimizer.search.levels.incumbents import find, near
from optimizer.search.levels.layout import Box
from optimizer.search.levels.question import MenuQuestion, ask, plain
from optimizer.search.levels.result import Screened
from optimizer.search.levels.run import MenuRun
from optimizer.search.levels.search import MenuSearch
from optimizer.search.levels.shared import SharedSearch
from optimizer.search.levels.state import OpenBox
from optimizer.search.levels.surviving import surviving_box
from optimizer.search.proof.certificate import Recorder
from optimizer.search.tuning import DEFAULT, Tuning
from optimizer.typing import Choice, LevelIndices


def maximise(
    instance: Instance, aim: Figure, limits: Sequence[Limit] = (), *, gap: float = 1e-4, scale: float = 1.0,
    deadline: float | None = None, max_boxes: int | None = None, seeds: Sequence[Choice] = (),
    box: Box | None = None, excluded: Collection[Choice] = (), cancelled: Callable[[], bool] | None = None,
    progress: Callable[[float, float, int], None] | None = None, near: bool = False, shared: SharedSearch | None = None,
    survivors: bool = True, tuning: Tuning = DEFAULT, floor: float = -math.inf,
) -> Screened:  # fmt: skip
    """The choice with the largest aim among those with every limit >= 0, all rules kept and burst within its limits.

    ``gap`` is relative: proven when bound - value <= gap max(|value|, scale). ``deadline`` in ``time.monotonic()``
    seconds. ``seeds``: choices to start from. ``excluded``: choices that may not be returned. ``progress`` is told
    the incumbent's aim, the bound and the boxes processed. Same input, same result, unless a stop cuts it short.
    ``near``: ascent begins at the seeds and draws no starts unless nothing comes of them. ``shared``: with searches
    of the same instance under other constants. ``survivors``: whether the surviving box is wanted. ``floor``: a value
    known from elsewhere; where nothing is worth more than it by the gap, a closed search may return no menu.
    """
    if not (np.isfinite(gap) and gap >= 0.0 and np.isfinite(scale) and scale >= 0.0 and floor < math.inf):
        raise bad_argument("gap", "and scale must be finite and not negative, and floor a number")
    if shared is not None and box is None and not excluded:
        asked = shared.ask(instance, aim, limits)
    else:
        asked, shared = ask(instance, aim, limits, box, excluded).switched(), None
    work = asked.choices * instance.types * len(asked.layout.rows.fixed)
    if asked.choices <= tuning.whole_choices and work <= tuning.whole_numbers:
        return _enumerate(asked, tuning.chunk_numbers, None)
    tree = BestFirst[OpenBox, Incumbent](
        GapRule(gap, scale), Clock(deadline, cancelled), most_boxes=max_boxes, floor=floor
    )
    asked = asked if shared is not None else asked.stated()
    kernel = ChosenKernel(tuning, deadline) if shared is None else shared.kernel(tuning, deadline)
    kernel.expect(asked.layout, asked.columns)
    run = MenuRun(
        asked.layout, asked.truth, tree, kernel, tuning, Recorder(tuning.pair_sweeps), multipliers.none(asked.layout),
        asked.columns,
    )  # fmt: skip
    search = MenuSearch(run, progress)
    thresholds = None if shared is None else shared.tree(asked, tree.rule, kernel, tuning)
    begun = None if thresholds is None else thresholds.begin(run, asked, plain(seeds))
    if begun is None:
        _start(search, asked, plain(seeds), not near and floor == -math.inf)
    else:
        search.stretched = True
        for root in begun:
            search.push(root, root.bound)
    search.tell()
    tree.run(search)
    if thresholds is not None:
        thresholds.end(run, asked, search.led)
    return _finish(search, asked, survivors)


def enumerate_menus(
    instance: Instance, aim: Figure, limits: Sequence[Limit] = (), box: Box | None = None,
    chunk: int = DEFAULT.chunk_numbers, *,
    excluded: Collection[Choice] = (), stopped: Callable[[], bool] | None = None,
) -> Screened:  # fmt: skip
    """The same by complete evaluation of every choice; ``chunk`` numbers at a time. Exact: the bound is the value.

    ``stopped`` is asked between chunks; when it says so, the status is ``interrupted`` and the bound infinite.
    """
    if chunk < 1:
        raise bad_argument("chunk", "must be at least 1")
    return _enumerate(ask(instance, aim, limits, box, excluded), chunk, stopped)


def local_search(
    instance: Instance, aim: Figure, limits: Sequence[Limit] = (), *, starts: int = 16, seed: int = 0,
    seeds: Sequence[Choice] = (), box: Box | None = None, tuning: Tuning = DEFAULT, deadline: float | None = None,
) -> tuple[LevelIndices, int, float] | None:  # fmt: skip
    """The best choice that coordinate ascent finds from ``seeds`` and ``starts`` drawn menus (a fixed ``seed``).

    Returns menu, mix level and true aim; None where no choice that keeps all conditions was found. Proves nothing.
    """
    asked = ask(instance, aim, limits, box, ())
    if not asked.choices:
        return None
    given = [(asked.layout.columns(menu), mix) for menu, mix in plain(seeds)]
    best = find(asked.layout, asked.truth, asked.columns, asked.mixes, given, starts, seed, tuning, Clock(deadline))
    return None if best is None else (best.menu, best.mix, best.value)


def _enumerate(asked: MenuQuestion, chunk: int, stopped: Callable[[], bool] | None) -> Screened:
    """Every choice, evaluated."""
    best: Incumbent | None = None
    recorder = Recorder()
    count = 0
    cut = False
    for mix in asked.mixes if asked.choices else ():
        node = asked.root(recorder, mix)
        try:
            best = best_of_box(asked.layout, asked.truth, asked.columns, mix, best, chunk, stopped)
        except InterruptedError:
            cut = True
            break
        node["enumerate"] = True
        count += asked.choices // len(asked.mixes)
    value = -np.inf if best is None else best.value
    ended = SearchStatus.INFEASIBLE if best is None else SearchStatus.CLOSED
    return Screened(
        menu=None if best is None else best.menu,
        mix=None if best is None else best.mix,
        value=value,
        bound=np.inf if cut else value,
        status=SearchStatus.INTERRUPTED if cut else ended,
        boxes=len(asked.mixes),
        open_boxes=0,
        enumerated=count,
        seconds=time.monotonic() - asked.began,
        surviving=None if best is None else Box(tuple(np.array([k], dtype=np.intp) for k in best.menu), best.mix),
        certificate=asked.certificate(recorder, value),
    )


def _start(search: MenuSearch, asked: MenuQuestion, seeds: list[Choice], drawn: bool) -> None:
    """Find incumbents and queue a root box per mix level, each with a first bound: what is shown is finite."""
    if not asked.choices:
        return
    run, layout, truth, columns = search.run, asked.layout, asked.truth, asked.columns
    mixes, tuning = asked.mixes, search.run.tuning
    given = [(layout.columns(menu), mix) for menu, mix in seeds]
    work, most = layout.rows.matrix.size * len(mixes), tuning.first_numbers
    starts = int(min(tuning.first_starts, max(1, most // work)))
    tried = mixes if work <= most else mixes[:: max(1, len(mixes) // 2)]
    clock = run.tree.clock.with_grace()
    lines = run.kernel.line_values
    best = near(layout, truth, columns, given, tuning, clock, lines) if given and not drawn else None
    floored = run.tree.floor > -math.inf  # then what would be drawn is most likely worth less
    if best is None and not floored:
        best = find(layout, truth, columns, tried, given, starts, 0, tuning, clock, lines)
    run.tree.incumbent, run.aim = best, float(best is not None or floored)
    middle = np.array([c[len(c) // 2] for c in columns], dtype=np.intp)
    reference = Reference(middle if best is None else layout.columns(best.menu))
    for mix in mixes:
        record, first = asked.root(run.recorder, mix), multipliers.none(layout, run.aim)
        root = OpenBox(layout, columns, mix, np.inf, reference, first, [], record, root=True)
        if not run.tree.clock.stop():
            run.prove(root, multipliers.none(layout))
        search.push(root, np.inf)


def _finish(search: MenuSearch, asked: MenuQuestion, survivors: bool) -> Screened:
    run, tree = search.run, search.run.tree
    best, bound = tree.incumbent, tree.bound
    nothing = best is None and bound == -math.inf
    return Screened(
        menu=None if best is None else best.menu,
        mix=None if best is None else best.mix,
        value=tree.value,
        bound=bound,
        status=tree.stopped or (SearchStatus.INFEASIBLE if nothing else SearchStatus.CLOSED),
        boxes=tree.boxes,
        open_boxes=len(tree.waiting),
        enumerated=run.enumerated,
        seconds=time.monotonic() - asked.began,
        surviving=surviving_box(run, asked.columns) if best is not None and survivors and not tree.stopped else None,
        certificate=asked.certificate(run.recorder, bound),
    )
