"""What was removed by which bound, as plain data."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer.screening.bounds import Multiplier
from optimizer.screening.problem import Ints, Problem

Node = dict[str, Any]
"""``steps``: [[reference, multiplier, [[plan, levels dropped], ...]], ...], applied in order, then one of
``bound``: [reference, multiplier], for all that is left;
``split``: [plan, levels kept on the left], with ``left`` and ``right``;
``sift``: [[reference, multiplier], ...], every menu was evaluated that none of these bounds puts below the
certificate's bound or (aim weight 0) proves infeasible;
``enumerate``: every menu left was evaluated;
``empty``: the rules leave nothing."""


class Recorder:
    """Collects the tree during the search."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self.multipliers: list[list[list[float]]] = []
        self.roots: list[dict[str, Any]] = []
        self._known: dict[bytes, int] = {}

    def root(self, mix: int) -> Node:
        """A new root for one mix level."""
        node: Node = {}
        self.roots.append({"mix": mix, "node": node})
        return node

    def drop(self, node: Node, reference: Ints, multiplier: Multiplier, dropped: list[tuple[int, Ints]]) -> None:
        """Levels (columns) dropped by the bound of this reference and multiplier."""
        levels = [[plan, sorted(int(k) for k in self.problem.level[columns])] for plan, columns in dropped]
        node.setdefault("steps", []).append([*self._proof(reference, multiplier), levels])

    def bound(self, node: Node, reference: Ints, multiplier: Multiplier) -> None:
        """All that is left lies below this bound."""
        node["bound"] = self._proof(reference, multiplier)

    def sift(self, node: Node, proofs: list[tuple[Ints, Multiplier]]) -> None:
        """Every menu left that none of these bounds settles was evaluated."""
        node["sift"] = [self._proof(*proof) for proof in proofs]

    def split(self, node: Node, plan: int, left: Ints) -> tuple[Node, Node]:
        """The two children."""
        node["split"] = [plan, sorted(int(k) for k in self.problem.level[left])]
        node["left"], node["right"] = {}, {}
        return node["left"], node["right"]

    def data(self, bound: float, box: tuple[Ints, ...], excluded: list[list[Any]]) -> dict[str, Any]:
        """The finished certificate."""
        return {
            "bound": bound if np.isfinite(bound) else None,
            "box": [sorted(int(k) for k in self.problem.level[c]) for c in box],
            "excluded": excluded,
            "multipliers": self.multipliers,
            "roots": self.roots,
        }

    def _proof(self, reference: Ints, multiplier: Multiplier) -> list[Any]:
        key = multiplier.rows.tobytes() + multiplier.gpus.tobytes()
        if key not in self._known:
            self._known[key] = len(self.multipliers)
            self.multipliers.append([multiplier.rows.tolist(), multiplier.gpus.tolist()])
        return [list(self.problem.menu(reference)), self._known[key]]
