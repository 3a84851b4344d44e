"""Best-first branch and bound over (stage, plan): boxes of levels, cut by the separable bound of ``bounds``.

Source: the one loop of ``search.engine``; levels that no path above the cutoff takes are dropped by the bound's
max-marginals, and a box is split at the (stage, plan) whose level adds most to the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.horizon.ascent import ascend, best_constant
from optimizer.horizon.bounds import PathBound, Separable, told, whole_box
from optimizer.horizon.certificate import PathNode, PathRecorder
from optimizer.horizon.instance import Horizon
from optimizer.horizon.kernel import PathKernel
from optimizer.horizon.limits import Limited, PathLimit, best_of, kept, limited
from optimizer.horizon.memory import forgotten, remembering, worth_remembering
from optimizer.horizon.multipliers import PathPool, alone, anywhere, clashing, most_missed, nearby
from optimizer.horizon.paths import all_paths, count_paths, is_empty, nearest, reachable
from optimizer.horizon.pricing import Pricing
from optimizer.horizon.shares import pure, toward, within
from optimizer.horizon.simulate import values
from optimizer.horizon.tuning import DEFAULT, PathTuning
from optimizer.horizon.within import ascend_within, exchange
from optimizer.search.engine import BestFirst, Clock, GapRule, SearchStatus
from optimizer.typing import Array, Bools, Ints

YARDSTICK = 1e-6
"""Share of the largest a path could be worth that gaps are relative to, where the value is next to nothing."""


@dataclass(frozen=True)
class PathIncumbent:
    """A path (K, J) of columns and its value by the simulation."""

    path: Ints
    value: float


@dataclass(frozen=True)
class PathBox:
    """Levels that are left, and the mixed path that the next bound is taken around."""

    columns: Bools
    """(K, N) reachable."""
    bound: float
    favoured: Ints
    """(K, G) the path that the last form, of this box or of one around it, favours in it."""
    shares: Array
    """(K, N) of the last bound's mixed path."""
    step: float
    """By how much shares move towards a favoured path."""
    node: PathNode
    rows: int = 0
    """Number of the multipliers of the last bound."""


@dataclass(frozen=True)
class SearchedPath:
    """What a search found and proved."""

    incumbent: PathIncumbent | None
    """None where no path keeps the limits, or none was found in time."""
    bound: float
    """-inf where it is proven that no path keeps the limits."""
    status: SearchStatus
    boxes: int
    bounds: int
    certificate: dict[str, Any]


def search_paths(
    horizon: Horizon,
    gap: float,
    clock: Clock,
    tuning: PathTuning = DEFAULT,
    limits: Sequence[PathLimit] = (),
    seed: Ints | None = None,
    floor: float = -np.inf,
) -> SearchedPath:
    """The best path that keeps all limits, within a gap relative to its value, unless the clock stops the search.

    seed: (K, J) a path that keeps them, where one is known. floor: a value that is known from elsewhere: paths that are
    worth no more need not be found, and the bound holds for whatever is worth more.
    """
    if limits or not worth_remembering(horizon, tuning.memory):  # ascents within limits know of no memory
        return _searched(limited(horizon, limits), gap, clock, tuning, seed, floor)
    wide = remembering(horizon)
    found = _searched(limited(wide, ()), gap, clock, tuning, floor=floor)
    assert found.incumbent is not None
    best = PathIncumbent(forgotten(wide, found.incumbent.path), found.incumbent.value)
    return replace(found, incumbent=best, certificate={**found.certificate, "memory": True})


def _searched(
    limited: Limited, gap: float, clock: Clock, tuning: PathTuning, seed: Ints | None = None, floor: float = -np.inf
) -> SearchedPath:
    """Over columns as they are."""
    rule = GapRule(gap, YARDSTICK * limited.horizon.magnitude)
    engine: BestFirst[PathBox, PathIncumbent] = BestFirst(rule, clock, floor=floor)
    search = _Search(limited, engine, tuning)
    search.begin(seed)
    engine.run(search)
    found, bound = engine.incumbent, engine.bound
    none = found is None and bound == -np.inf
    status = engine.stopped or (SearchStatus.INFEASIBLE if none else SearchStatus.CLOSED)
    return SearchedPath(found, bound, status, engine.boxes, search.bounds, search.certificate(bound))


class _Search:
    """Meets ``search.engine.Branching``."""

    def __init__(self, limited: Limited, engine: BestFirst[PathBox, PathIncumbent], tuning: PathTuning) -> None:
        self._limited, self._horizon, self._engine, self._tuning = limited, limited.horizon, engine, tuning
        self._kernel = PathKernel(limited.horizon, tuning, engine.clock.deadline)
        self._pricing = Pricing(limited, self._kernel.forms)
        self._pool = PathPool(limited)
        self._free = not limited.limits
        self._usual = 0
        """Number of the root's multipliers."""
        self._offered: set[bytes] = set()
        self.recorder = PathRecorder(limited.horizon)
        self.bounds = 0

    def certificate(self, bound: float) -> dict[str, Any]:
        """Of all that was removed."""
        return self.recorder.data(bound, () if self._free else self._pricing.rows)

    def begin(self, seed: Ints | None = None) -> None:
        """The first incumbent, and the root with a first bound."""
        clock = self._engine.clock.with_grace()
        path, value = ascend(self._horizon, best_constant(self._horizon, clock), self._tuning.sweeps, clock)
        box, root = whole_box(self._horizon), self.recorder.root
        shares = pure(self._horizon, path)
        found = told(self._horizon, self._form(box, shares, 0))
        self._record(root, path, 1.0, np.zeros_like(box), 0)
        if self._free:
            self._engine.incumbent = PathIncumbent(path, value)
        else:
            found, shares = self._first_within(path, found, clock)
            if seed is not None:
                self._take(*ascend_within(self._limited, seed, self._tuning.sweeps, clock))
        self._engine.push(PathBox(box, found.total, found.path, shares, self._tuning.step, root, self._usual))

    def _first_within(self, path: Ints, found: PathBound, clock: Clock) -> tuple[PathBound, Array]:
        """An incumbent that keeps the limits, from a path that may not; the best form at multipliers for them, and its
        mixed path."""
        box, pool, node, best = (
            whole_box(self._horizon),
            self._pool,
            self.recorder.root,
            (found, pure(self._horizon, path)),
        )
        pool.assess(path)
        for _ in range(self._tuning.envelope_rounds):
            rows = anywhere(pool.within(box))
            if rows is None or clock.stop() is not None:
                break
            self._usual, reference, before = self._pricing.number(rows), pool.best_by(rows), len(pool.paths)
            shares = pure(self._horizon, reference)
            found = told(self._horizon, self._form(box, shares, self._usual))
            self._record(node, reference, 1.0, np.zeros_like(box), self._usual)
            best = (found, shares)
            pool.assess(found.path)
            if len(pool.paths) == before:
                break
        for start in pool.promising(self._pricing.rows[self._usual]):
            self._take(*ascend_within(self._limited, start, self._tuning.sweeps, clock))
        return best

    def _record(self, node: PathNode, reference: Ints, share: float, dropped: Bools, rows: int) -> None:
        self.recorder.step(node, reference, share, dropped, None if self._free else rows)

    def branch(self, boxes: list[PathBox]) -> None:
        """Bound and cut; what is left is pushed in two halves."""
        for box in boxes:
            self._cut(box)

    def proven(self, box: PathBox) -> bool:
        """A box closes at the least bound of its steps."""
        return True

    def leave(self, box: PathBox) -> None:
        """The node stays as it is: its bound is on the way to it."""

    def _form(self, box: Bools, shares: Array, rows: int) -> Separable:
        self.bounds += 1
        return self._pricing.form(rows, box, shares)

    def _cut(self, box: PathBox) -> None:
        h, tuning, cutoff = self._horizon, self._tuning, self._engine.cutoff
        columns, path, bound, rows, step = box.columns, box.favoured, box.bound, box.rows, box.step
        if count_paths(h, columns) <= tuning.enumerated:
            self._evaluate(box.node, columns)
            return
        if not self._free:
            columns = self._within_limits(box.node, columns, path)
            if is_empty(h, columns):
                return
            path, rows = nearest(h, columns, path), self._next_rows(columns, rows)
        turns = tuning.rounds if box.node is not self.recorder.root else tuning.root_rounds
        shares, moved, found = within(h, columns, box.shares), 0.0, None
        for turn in range(turns + 1):
            if found is not None and self._engine.clock.stop() is not None:
                break
            tried = toward(shares, path, moved)
            made = told(h, self._form(columns, tried, rows))
            if found is not None and not made.total < found.total:
                step, moved = step * tuning.shorter, step * tuning.shorter
                if step < tuning.least_share:
                    break
                continue
            gained = np.inf if found is None else found.total - made.total
            self._offer(made.path)
            cutoff, bound = self._engine.cutoff, min(bound, made.total)
            dropped = columns & (made.through <= cutoff)
            if bound <= cutoff:
                self._record(box.node, path, moved, np.zeros_like(columns), rows)
                self._engine.close(bound)
                return
            self._record(box.node, path, moved, dropped, rows)
            if dropped.any():
                self._engine.close(min(bound, float(made.through[dropped].max())))
                columns = reachable(h, columns & ~dropped)
                if is_empty(h, columns):
                    return
            found, path, shares = made, made.path, within(h, columns, tried)
            if dropped.any():
                found = told(h, made.form.inside(columns))
                bound, path = min(bound, found.total), found.path
            moved = step
            if turn and gained < tuning.worthwhile * (bound - cutoff) and not dropped.any():
                break
        assert found is not None
        self._split(replace(box, columns=columns, bound=bound, shares=shares, step=step, rows=rows), found)

    def _next_rows(self, columns: Bools, rows: int) -> int:
        """Multipliers for a box, from the paths in it that were simulated."""
        known, usual = self._pricing.rows[rows], self._pricing.rows[self._usual]
        made = nearby(self._pool.within(columns), known, usual, self._engine.cutoff, self._tuning)
        return rows if made is known else self._pricing.number(made)

    def _within_limits(self, node: PathNode, columns: Bools, reference: Ints) -> Bools:
        """What is left of a box without the levels at which a limit cannot be met, by forms of limits alone."""
        assessed = self._pool.assess(reference)
        missed = most_missed(assessed, self._limited.sizes[1:])
        tries = [] if missed is None else [alone(len(self._limited.limits), missed)]
        if tries and self._engine.incumbent is None and (both := clashing(self._pool.within(columns))) is not None:
            tries.append(both)
        for made in tries:
            rows = self._pricing.number(made)
            form = self._form(columns, pure(self._horizon, reference), rows)
            found, margin = told(self._horizon, form), self._pricing.margin(rows)
            dropped = columns & (found.through < -margin)
            if dropped.any():
                self._record(node, reference, 1.0, dropped, rows)
                columns = reachable(self._horizon, columns & ~dropped)
                if is_empty(self._horizon, columns):
                    break
                reference = nearest(self._horizon, columns, reference)
        return columns

    def _evaluate(self, node: PathNode, columns: Bools) -> None:
        """Every path of a small box."""
        paths = np.concatenate(list(all_paths(self._horizon, columns, self._tuning.enumerated)))
        found = self._limited.assess(paths)
        self.recorder.enumerated(node)
        best = best_of(found)
        if best is not None:
            if found[best, 0] > self._engine.value:
                self._engine.incumbent = PathIncumbent(paths[best], float(found[best, 0]))
            self._engine.close(float(found[best, 0]))

    def _offer(self, path: Ints) -> None:
        """Take a path as the incumbent, after a short ascent, where it is better."""
        clock, sweeps = self._engine.clock, self._tuning.later_sweeps
        if path.tobytes() in self._offered:
            return
        self._offered.add(path.tobytes())
        if self._free:
            if float(values(self._horizon, path[None])[0]) > self._engine.value:
                better = PathIncumbent(*ascend(self._horizon, path, sweeps, clock))
                if better.value > self._engine.value:
                    self._engine.incumbent = better
            return
        assessed = self._pool.assess(path)
        good = kept(assessed[None])[0] and assessed[0] > self._engine.value
        if good or self._engine.incumbent is None:
            self._take(*ascend_within(self._limited, path, sweeps, clock))

    def _take(self, path: Ints, assessed: Array) -> None:
        """Take a path as the incumbent where it keeps the limits and is better, after exchanges."""
        self._pool.add(path, assessed)
        if kept(assessed[None])[0] and assessed[0] > self._engine.value:
            path, assessed = exchange(self._limited, path, assessed, self._engine.clock)
            self._pool.add(path, assessed)
            self._engine.incumbent = PathIncumbent(path, float(assessed[0]))

    def _split(self, box: PathBox, found: PathBound) -> None:
        stage, plan = _loosest(self._horizon, box.columns, found)
        inside = np.flatnonzero(box.columns[stage] & (self._horizon.group == plan))
        left, right = inside[: len(inside) // 2], inside[len(inside) // 2 :]
        nodes = self.recorder.split(box.node, stage, plan, left)
        for child, others in zip(nodes, (right, left), strict=True):
            part = box.columns.copy()
            part[stage, others] = False
            part = reachable(self._horizon, part)
            if not is_empty(self._horizon, part):
                own = told(self._horizon, found.form.inside(part))
                bound = min(box.bound, own.total)
                self._engine.push(replace(box, columns=part, bound=bound, favoured=own.path, node=child))


def _loosest(horizon: Horizon, columns: Bools, found: PathBound) -> tuple[int, int]:
    """The (stage, group) with a choice left where the form is loosest at the path that it favours."""
    h, path = horizon, found.path
    choices = np.add.reduceat(columns, h.first[:-1], axis=1, dtype=np.intp)
    loose = np.take_along_axis(found.form.spread, path, axis=1)
    for k, spread in enumerate(found.form.arc_spread):
        taken = h.arcs_between(k).taken(path[k], path[k + 1])
        loose[k + 1, taken >= 0] += spread[taken[taken >= 0]]
    early = np.linspace(1.5, 1.0, h.stages)[:, None]  # what is settled early narrows every later month
    gain = np.where(choices > 1, early * loose, -np.inf)
    stage, group = np.unravel_index(int(gain.argmax()), gain.shape)
    return int(stage), int(group)
