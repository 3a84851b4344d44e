"""What was removed by which bound, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Bools, Ints

PathNode = dict[str, Any]
"""``steps``: [[reference, share, [[stage, plan, levels dropped], ...]], ...] in order: the mixed path, the ancestors'
where there is one, moves by a share towards a path of the table ``paths`` (levels by stage and plan), and the levels
are dropped by what the form around it says. Where there are limits, a step's fourth entry is the number of its rows
[aim, multipliers] in the table ``rows``: with aim 1 the form bounds the value, with aim 0 it is taken around the path
alone, and a path at which it is below 0 misses a limit. Then one of

``split``: [stage, plan, levels kept on the left], with ``left`` and ``right``;
``enumerate``: every path left was evaluated;
nothing: what is left is worth no more than the least bound so far, its ancestors' included, or all misses a limit."""


class PathRecorder:
    """Collects the tree during a search."""

    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._paths: dict[bytes, int] = {}
        self._listed: list[list[list[int]]] = []
        self.root: PathNode = {}

    def step(self, node: PathNode, reference: Ints, share: float, dropped: Bools, rows: int | None = None) -> None:
        """A move of the mixed path, the columns (K, N) that its form drops, and the number of its multipliers."""
        h, drops = self._horizon, []
        for k in np.flatnonzero(dropped.any(axis=1)):
            columns = np.flatnonzero(dropped[k])
            for j in np.unique(h.group[columns]):
                levels = columns[h.group[columns] == j] - h.first[j]
                drops.append([int(k), int(j), levels.tolist()])
        step = [self._known(reference), share, drops]
        node.setdefault("steps", []).append(step if rows is None else [*step, rows])

    def split(self, node: PathNode, stage: int, plan: int, left: Ints) -> tuple[PathNode, PathNode]:
        """The two children; ``left`` in columns."""
        node["split"] = [stage, plan, (left - self._horizon.first[plan]).tolist()]
        node["left"], node["right"] = {}, {}
        return node["left"], node["right"]

    def enumerated(self, node: PathNode) -> None:
        """Every path of the node's box was evaluated."""
        node["enumerate"] = True

    def data(self, bound: float, rows: Sequence[Array] = ()) -> dict[str, Any]:
        """The finished certificate; its bound is None where no path keeps the limits."""
        more = {"rows": [row.tolist() for row in rows]} if len(rows) else {}
        return {"bound": bound if bound > -np.inf else None, "paths": self._listed, **more, "root": self.root}

    def _known(self, path: Ints) -> int:
        levels = path - self._horizon.first[:-1]
        key = levels.tobytes()
        if key not in self._paths:
            self._paths[key] = len(self._listed)
            self._listed.append(levels.tolist())
        return self._paths[key]
