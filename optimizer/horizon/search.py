"""Best-first branch and bound over (stage, plan): boxes of levels, cut by the separable bound of ``bounds``.

Source: the one loop of ``search.engine``; levels that no path above the cutoff takes are dropped by the bound's
max-marginals, and a box is split at the (stage, plan) whose level adds most to the bound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.horizon.ascent import ascend, best_constant
from optimizer.horizon.bounds import Separable, best_mix, mixed, told, whole_box
from optimizer.horizon.certificate import PathNode, PathRecorder
from optimizer.horizon.instance import Horizon
from optimizer.horizon.kernel import PathKernel
from optimizer.horizon.memory import forgotten, remembering, worth_remembering
from optimizer.horizon.paths import all_paths, count_paths, is_empty, nearest, reachable
from optimizer.horizon.simulate import values
from optimizer.horizon.tuning import DEFAULT, PathTuning
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
    """Levels that are left, and the path that the next bound is taken around."""

    columns: Bools
    """(K, N) reachable."""
    bound: float
    reference: Ints
    form: Separable
    """Of the last bound, of this box or of one around it."""
    node: PathNode


@dataclass(frozen=True)
class SearchedPath:
    """What a search found and proved."""

    incumbent: PathIncumbent
    bound: float
    status: SearchStatus
    boxes: int
    bounds: int
    certificate: dict[str, Any]


def search_paths(horizon: Horizon, gap: float, clock: Clock, tuning: PathTuning = DEFAULT) -> SearchedPath:
    """The best path within a gap relative to its value, unless the clock stops the search first."""
    if worth_remembering(horizon, tuning.memory):
        wide = remembering(horizon)
        found = _searched(wide, gap, clock, tuning)
        path = forgotten(wide, found.incumbent.path)
        certificate = {**found.certificate, "memory": True}
        return replace(found, incumbent=PathIncumbent(path, found.incumbent.value), certificate=certificate)
    return _searched(horizon, gap, clock, tuning)


def _searched(horizon: Horizon, gap: float, clock: Clock, tuning: PathTuning) -> SearchedPath:
    """Over columns as they are."""
    rule = GapRule(gap, YARDSTICK * horizon.magnitude)
    engine: BestFirst[PathBox, PathIncumbent] = BestFirst(rule, clock)
    search = _Search(horizon, engine, tuning)
    search.begin()
    engine.run(search)
    found = engine.incumbent
    assert found is not None
    status = engine.stopped or SearchStatus.CLOSED
    bound = engine.bound
    return SearchedPath(found, bound, status, engine.boxes, search.bounds, search.recorder.data(bound))


class _Search:
    """Meets ``search.engine.Branching``."""

    def __init__(self, horizon: Horizon, engine: BestFirst[PathBox, PathIncumbent], tuning: PathTuning) -> None:
        self._horizon, self._engine, self._tuning = horizon, engine, tuning
        self._kernel = PathKernel(horizon, tuning, engine.clock.deadline)
        self.recorder = PathRecorder(horizon)
        self.bounds = 0

    def begin(self) -> None:
        """The first incumbent, and the root with a first bound."""
        clock = self._engine.clock.with_grace()
        path, value = ascend(self._horizon, best_constant(self._horizon, clock), self._tuning.sweeps, clock)
        self._engine.incumbent = PathIncumbent(path, value)
        box, root = whole_box(self._horizon), self.recorder.root
        _, form = self._form(box, path)
        found = told(self._horizon, form)
        self.recorder.step(root, path, 1.0, np.zeros_like(box))
        self._engine.push(PathBox(box, found.total, found.path, form, root))

    def branch(self, boxes: list[PathBox]) -> None:
        """Bound and cut; what is left is pushed in two halves."""
        for box in boxes:
            self._cut(box)

    def proven(self, box: PathBox) -> bool:
        """A box closes at the least bound of its steps."""
        return True

    def leave(self, box: PathBox) -> None:
        """The node stays as it is: its bound is on the way to it."""

    def _form(self, box: Bools, reference: Ints) -> tuple[float, Separable]:
        self.bounds += 1
        return self._kernel.form(box, reference)

    def _cut(self, box: PathBox) -> None:
        columns, reference, bound, form = box.columns, box.reference, box.bound, box.form
        if count_paths(self._horizon, columns) <= self._tuning.enumerated:
            self._evaluate(box.node, columns)
            return
        tried: set[bytes] = set()
        turns = self._tuning.rounds if box.node is not self.recorder.root else self._tuning.root_rounds
        for _ in range(turns):
            tried.add(reference.tobytes())
            value, made = self._form(columns, reference)
            self._offer(reference, value)
            share = best_mix(self._horizon, form, made, self._tuning.mixes)
            found = told(self._horizon, mixed(form, made, share))
            form, before, bound = found.form, bound, min(bound, found.total)
            cutoff = self._engine.cutoff
            dropped = columns & (found.through <= cutoff)
            if bound <= cutoff:
                self.recorder.step(box.node, reference, share, np.zeros_like(columns))
                self._engine.close(bound)
                return
            self.recorder.step(box.node, reference, share, dropped)
            if dropped.any():
                self._engine.close(min(bound, float(found.through[dropped].max())))
                columns = reachable(self._horizon, columns & ~dropped)
                if is_empty(self._horizon, columns):
                    return
                tried.clear()
            reference = nearest(self._horizon, columns, found.path)
            slow = before - bound < self._tuning.worthwhile * (before - cutoff)
            if reference.tobytes() in tried or (slow and not dropped.any()):
                break
        self._split(columns, bound, form, box.node)

    def _evaluate(self, node: PathNode, columns: Bools) -> None:
        """Every path of a small box."""
        paths = np.concatenate(list(all_paths(self._horizon, columns, self._tuning.enumerated)))
        worth = values(self._horizon, paths)
        best = int(worth.argmax())
        if worth[best] > self._engine.value:
            self._engine.incumbent = PathIncumbent(paths[best], float(worth[best]))
        self.recorder.enumerated(node)
        self._engine.close(float(worth[best]))

    def _offer(self, path: Ints, value: float) -> None:
        """Take a path of about this value as the incumbent, after a short ascent, where it is better."""
        if value > self._engine.value:
            better = PathIncumbent(*ascend(self._horizon, path, self._tuning.later_sweeps, self._engine.clock))
            if better.value > self._engine.value:
                self._engine.incumbent = better

    def _split(self, columns: Bools, bound: float, form: Separable, node: PathNode) -> None:
        stage, plan = _widest(self._horizon, columns, form.potentials)
        inside = np.flatnonzero(columns[stage] & (self._horizon.group == plan))
        left, right = inside[: len(inside) // 2], inside[len(inside) // 2 :]
        nodes = self.recorder.split(node, stage, plan, left)
        for child, others in zip(nodes, (right, left), strict=True):
            part = columns.copy()
            part[stage, others] = False
            part = reachable(self._horizon, part)
            if not is_empty(self._horizon, part):
                own = Separable(form.base, np.where(part, form.potentials, -np.inf))
                found = told(self._horizon, own)
                self._engine.push(PathBox(part, min(bound, found.total), found.path, own, child))


def _widest(horizon: Horizon, columns: Bools, potentials: Array) -> tuple[int, int]:
    """The (stage, plan) with a choice left whose best level adds most to the bound."""
    first = horizon.first[:-1]
    most = np.maximum.reduceat(np.where(columns, potentials, -np.inf), first, axis=1)
    least = np.minimum.reduceat(np.where(columns, potentials, np.inf), first, axis=1)
    choices = np.add.reduceat(columns, first, axis=1, dtype=np.intp)
    early = np.linspace(1.5, 1.0, horizon.stages)[:, None]  # what is settled early narrows every later month
    gain = np.where(choices > 1, early * (np.maximum(most, 0.0) + 1e-3 * (most - least)), -np.inf)
    stage, plan = np.unravel_index(int(gain.argmax()), gain.shape)
    return int(stage), int(plan)
