"""What was removed by which bound, as plain data."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from optimizer.errors import NotTrustedError
from optimizer.typing import Array, Ints
from optimizer.uncertainty.arrays import Draws

Node = dict[str, Any]
"""A proof is [reference menu, number in the table ``multipliers``, 1 or 0: whether the aim counts], or [reference menu]
for the requirements alone, each by itself.

``steps``: [[proof, [[plan, levels dropped], ...]], ...], applied in order, then one of
``bound``: a proof, for all that is left;
``split``: [plan, levels kept on the left], with ``left`` and ``right``;
``enumerate``: every menu left was evaluated;
``terms``: nothing was looked at; no menu is worth more than all its terms in absolute value;
``empty``: the rules leave nothing."""


class DrawRecorder:
    """Collects the tree during the search."""

    def __init__(self, draws: Draws, levels: tuple[Ints, ...] | None = None) -> None:
        """``levels``: by plan, what the draws' levels stand for in the certificate; None: themselves."""
        self.roots: list[dict[str, Any]] = []
        self._draws = draws
        self._levels = levels
        self._known: dict[str, int] = {}

    def goes_on(self, other: DrawRecorder) -> None:
        """Write on what another one has begun."""
        self.roots, self._known = other.roots, other._known

    def root(self, mix: int) -> Node:
        """A new root for one mix level."""
        node: Node = {}
        self.roots.append({"mix": mix, "node": node})
        return node

    def proof(self, reference: Ints, multiplier: Array | None = None, aim: bool = True) -> list[Any]:
        """As plain data; without a multiplier, of the requirements alone."""
        menu = [int(self._told(j, np.array([column]))[0]) for j, column in enumerate(reference)]
        return [menu] if multiplier is None else self.packed(menu, multiplier, aim)

    def packed(self, menu: Sequence[int], multiplier: Array, aim: bool = True) -> list[Any]:
        """A proof around a menu as the certificate states it."""
        packed = base64.b64encode(multiplier.astype("<f8").tobytes()).decode("ascii")
        return [list(menu), self._known.setdefault(packed, len(self._known)), int(aim)]

    def drop(self, node: Node, proof: list[Any], gone: list[tuple[int, Ints]]) -> None:
        """Columns of plans dropped by a proof."""
        drop(node, proof, [(plan, self._told(plan, columns)) for plan, columns in gone])

    def split(self, node: Node, plan: int, left: Ints) -> tuple[Node, Node]:
        """The two children."""
        node["split"] = [plan, self._told(plan, left).tolist()]
        node["left"], node["right"] = {}, {}
        return node["left"], node["right"]

    def _told(self, plan: int, columns: Ints) -> Ints:
        own = columns - self._draws.starts[plan]
        return np.asarray(own if self._levels is None else self._levels[plan][own])

    def data(self, bound: float) -> dict[str, Any]:
        """The finished certificate."""
        return {
            "bound": bound if np.isfinite(bound) else None,
            "multipliers": list(self._known),
            "roots": self.roots,
        }


def drop(node: Node, proof: list[Any], gone: list[tuple[int, Ints]]) -> None:
    """Levels of plans dropped by a proof."""
    node.setdefault("steps", []).append([proof, [[plan, levels.tolist()] for plan, levels in gone]])


def unpacked(packed: str, size: int) -> Array:
    """A multiplier of a certificate. Raises NotTrustedError where it is not finite, negative or of another size."""
    vector = np.frombuffer(base64.b64decode(packed), dtype="<f8").astype(np.float64)
    if len(vector) != size or not np.isfinite(vector).all() or (vector < 0.0).any():
        raise NotTrustedError("a multiplier is negative, not finite or of the wrong length")
    return vector
