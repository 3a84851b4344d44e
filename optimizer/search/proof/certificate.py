"""What was removed by which bound, as plain data."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any

import numpy as np

from optimizer.model.instance import Instance
from optimizer.search.levels.bounds import Multiplier, Reference
from optimizer.search.levels.layout import Layout
from optimizer.search.tuning import DEFAULT
from optimizer.typing import Array, Choice, Ints

Node = dict[str, Any]
"""A proof is [reference menu, multiplier], [.., shift] or [.., shift, slopes], all but the first numbers in the tables
``multipliers``, ``shifts`` and ``slopes`` (base64 of (J, I) and (I,) single-precision numbers, little end first); a
shift of None is zero. With slopes it is the bound of ``levels.pairs``, after ``sweeps`` rounds of messages.

``steps``: [[proof, [[plan, levels dropped], ...]], ...], applied in order, also
[proof, [], [[type, price, size], ...]]: no menu worth more than the bound has a larger size, 1 + the weights of all
plans, for the type (price below 0: a smaller one), see ``levels.confining``; and
[null, [[plan, levels dropped], ...]]: levels with which no size within the spans can be met; then one of
``bound``: a proof, for all that is left;
``told``: what ``over`` says above; ``over``, a proof beside a split, a share or a merge, bounds all below it, and of a
split every part by the levels it keeps;
``split``: [plan, levels kept on the left], with ``left`` and ``right``;
``merge``: [[plan, ...], ...], the plans taken together, with ``merged`` for the box stated so: a level of a merged plan
counts through the levels left of its plans, the last plan's fastest, and all levels below are of merged plans;
``share``: [type, size], with ``left`` for the menus at which one plus the weights of all plans is at most the size for
the type, and ``right`` for those at which it is at least that;
``alike``: [[plan, ...], ...] with ``merged`` in the same way: of two or more plans that attract alike, level k has the
first k at their second levels (those of larger denominators), see ``levels.alike``;
``restated``: the same box, with figures that have an ``again`` part stated over it, see ``levels.again``; a root's are
stated over the certificate's box, those of merged plans over their box;
``sift``: [proof, ...], every menu was evaluated that none of these bounds puts below the
certificate's bound or (aim weight 0) proves infeasible;
``enumerate``: every menu left was evaluated;
``terms``: nothing was looked at; no menu is worth more than all its terms in absolute value;
``empty``: the rules leave nothing."""


class Recorder:
    """Collects the tree during the search."""

    def __init__(self, sweeps: int = DEFAULT.pair_sweeps) -> None:
        self.sweeps = sweeps
        self.multipliers: list[list[list[float]]] = []
        self.roots: list[dict[str, Any]] = []
        self._known: dict[bytes, int] = {}
        self._shifts: dict[bytes, int] = {}
        self._slopes: dict[bytes, int] = {}

    def root(self, mix: int) -> Node:
        """A new root for one mix level."""
        node: Node = {}
        self.roots.append({"mix": mix, "node": node})
        return node

    def drop(
        self, layout: Layout, node: Node, reference: Reference, multiplier: Multiplier,
        dropped: list[tuple[int, Ints]],
    ) -> None:  # fmt: skip
        """Levels (columns) dropped by the bound of this reference and multiplier."""
        levels = [[plan, _levels(layout, columns)] for plan, columns in dropped]
        node.setdefault("steps", []).append([self._proof(layout, reference, multiplier), levels])

    def confine(
        self, layout: Layout, node: Node, reference: Reference, multiplier: Multiplier, sizes: list[list[float]]
    ) -> None:
        """Sizes beyond which the bound of this reference and multiplier leaves nothing: [type, price, size]."""
        node.setdefault("steps", []).append([self._proof(layout, reference, multiplier), [], sizes])

    def unfit(self, layout: Layout, node: Node, dropped: list[tuple[int, Ints]]) -> None:
        """Levels (columns) dropped with which no size within the spans can be met."""
        levels = [[plan, _levels(layout, columns)] for plan, columns in dropped]
        node.setdefault("steps", []).append([None, levels])

    def bound(self, layout: Layout, node: Node, reference: Reference, multiplier: Multiplier) -> None:
        """All that is left lies below this bound."""
        node["bound"] = self._proof(layout, reference, multiplier)

    def over(self, layout: Layout, node: Node, reference: Reference, multiplier: Multiplier) -> None:
        """What is left lies below this bound, and so do its parts."""
        node["over"] = self._proof(layout, reference, multiplier)

    def told(self, node: Node) -> None:
        """All that is left lies below what was shown above."""
        node["told"] = True

    def terms(self, node: Node) -> None:
        """No time was left for a bound: what all terms add up to is one."""
        node["terms"] = True

    def sift(self, layout: Layout, node: Node, proofs: list[tuple[Reference, Multiplier]]) -> None:
        """Every menu left that none of these bounds settles was evaluated."""
        node["sift"] = [self._proof(layout, *proof) for proof in proofs]

    def split(self, layout: Layout, node: Node, plan: int, left: Ints) -> tuple[Node, Node]:
        """The two children."""
        node["split"] = [plan, _levels(layout, left)]
        node["left"], node["right"] = {}, {}
        return node["left"], node["right"]

    def share(self, node: Node, kind: int, size: float) -> tuple[Node, Node]:
        """The two children, cut by the size of a type."""
        node["share"] = [kind, size]
        node["left"], node["right"] = {}, {}
        return node["left"], node["right"]

    def merge(self, node: Node, groups: tuple[tuple[int, ...], ...]) -> Node:
        """The same box with plans taken together."""
        merged: Node = {}
        node["merge"], node["merged"] = [list(group) for group in groups], merged
        return merged

    def alike(self, node: Node, groups: tuple[tuple[int, ...], ...]) -> Node:
        """The same box with plans that attract alike taken together."""
        merged: Node = {}
        node["alike"], node["merged"] = [list(group) for group in groups], merged
        return merged

    def restate(self, node: Node) -> Node:
        """The same box with figures stated over what is left of it."""
        restated: Node = {}
        node["restated"] = restated
        return restated

    def data(self, layout: Layout, bound: float, box: tuple[Ints, ...], excluded: list[list[Any]]) -> dict[str, Any]:
        """The finished certificate."""
        return {
            "bound": bound if np.isfinite(bound) else None,
            "box": [_levels(layout, c) for c in box],
            "excluded": excluded,
            "multipliers": self.multipliers,
            "shifts": [base64.b64encode(packed).decode("ascii") for packed in self._shifts],
            "slopes": [base64.b64encode(packed).decode("ascii") for packed in self._slopes],
            "sweeps": self.sweeps,
            "roots": self.roots,
        }

    def _proof(self, layout: Layout, reference: Reference, multiplier: Multiplier) -> list[Any]:
        key = multiplier.rows.tobytes() + multiplier.gpus.tobytes()
        if key not in self._known:
            self._known[key] = len(self.multipliers)
            self.multipliers.append([multiplier.rows.tolist(), multiplier.gpus.tolist()])
        proof: list[Any] = [layout.level[reference.columns].tolist(), self._known[key]]
        if reference.shift is not None or reference.slopes is not None:
            proof.append(None if reference.shift is None else _number(self._shifts, reference.shift))
        if reference.slopes is not None:
            proof.append(_number(self._slopes, reference.slopes))
        return proof


def _number(known: dict[bytes, int], table: Array) -> int:
    """The number of a table among those known, which it joins."""
    return known.setdefault(table.astype("<f4").tobytes(), len(known))


def _levels(layout: Layout, columns: Ints) -> list[int]:
    levels: list[int] = np.sort(layout.level[columns]).tolist()
    return levels


def unsearched(instance: Instance, bound: float, excluded: Collection[Choice]) -> dict[str, Any]:
    """The certificate where nothing was searched: ``bound`` is what all terms of a menu add up to."""
    return {
        "bound": bound,
        "box": [list(range(count)) for count in instance.levels],
        "excluded": [[list(menu), mix] for menu, mix in excluded],
        "multipliers": [],
        "shifts": [],
        "roots": [{"mix": mix, "node": {"terms": True}} for mix in range(instance.mixes)],
    }
