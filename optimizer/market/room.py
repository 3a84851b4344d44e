"""Sets of plans with more customers than there are people who are offered any of them.

There is none if and only if all customers can be placed, each among the people offered his plan: a maximum flow from
plans to classes of people (Gale 1957). Where some are left over, the plans they could be exchanged with are too many.
Smallest sets come by leaving plans out one after another, further ones by leaving out one plan of each set that is
known (the hitting set tree of Reiter 1987). Polynomial in plans and classes, for a given number of sets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from optimizer.execution import clock
from optimizer.typing import Array, Bools

MOST = 4
"""Sets of several plans that are named."""
TRIED = 200
"""Ways to leave plans out that are tried for further sets."""
EDGE = 1e-9
"""Part of the room that must stay free."""


def overfull(need: Array, offered: Bools, room: Array) -> list[tuple[int, ...]]:
    """The smallest sets of plans that need at least the room of the classes offered any of them; at most ``MOST``.

    need: (J,) people each plan takes up. offered: (C, J) which class is offered which plan. room: (C,) people.
    No set holds another; fewest plans first. Raises SolverError when the time limit is up.
    """
    classes = [[c for c, given in enumerate(offered[:, j]) if given] for j in range(len(need))]
    alone = [j for j, own in enumerate(classes) if need[j] >= room[own].sum()]
    others = frozenset(range(len(need))) - set(alone)
    place = _Places([float(n) for n in need], classes, [float(r) * (1.0 - EDGE) for r in room])
    found: list[frozenset[int]] = []
    left_out, seen = deque([frozenset[int]()]), {frozenset[int]()}
    for _ in range(TRIED):
        if not left_out or len(found) >= MOST:
            break
        out = left_out.popleft()
        chosen = next((known for known in found if not known & out), None)
        if chosen is None:
            chosen = place.smallest(others - out)
            if chosen is None:
                continue
            found.append(chosen)
        for j in sorted(chosen):
            if out | {j} not in seen:
                seen.add(out | {j})
                left_out.append(out | {j})
    return sorted([*((j,) for j in alone), *(tuple(sorted(s)) for s in found)], key=lambda s: (len(s), s))


class _Places:
    """Customers placed among classes of people."""

    def __init__(self, need: list[float], classes: list[list[int]], room: list[float]) -> None:
        self.need, self.classes, self.room = need, classes, room

    def smallest(self, plans: Collection[int]) -> frozenset[int] | None:
        """A set of too many among the plans of which none can be spared, the smaller plans left out first."""
        found = self.too_many(plans)
        if found is None:
            return None
        for j in sorted(found, key=lambda j: (self.need[j], j)):
            if j in found:
                found = self.too_many(found - {j}) or found
        return found

    def too_many(self, plans: Collection[int]) -> frozenset[int] | None:
        """A set of too many among the plans; None where all customers find a place."""
        clock.check("it was clear which plans have too many customers")
        left, free = {j: self.need[j] for j in sorted(plans)}, self.room.copy()
        held: list[dict[int, float]] = [{} for _ in free]
        for j in left:  # those that find a place at once
            for c in self.classes[j]:
                _move([j, c], left, free, held)
        for j in sorted(plans):
            while left[j] > 1e-12 * self.need[j]:
                way, reached = self._way(j, free, held)
                if not way:
                    return frozenset(reached)
                _move(way, left, free, held)
        return None

    def _way(self, start: int, free: list[float], held: list[dict[int, float]]) -> tuple[list[int], Collection[int]]:
        """The shortest way from a plan to a class with room: plan, class, plan whose customers there move on, class,
        ...; empty where there is none. And all plans reached."""
        over: dict[int, int] = {}  # class -> the plan before it
        into: dict[int, int] = {start: -1}  # plan -> the class before it
        queue = deque([start])
        while queue:
            j = queue.popleft()
            for c in self.classes[j]:
                if c in over:
                    continue
                over[c] = j
                if free[c] > 0.0:
                    way = [c, j]
                    while way[-1] != start:
                        way += [into[way[-1]], over[into[way[-1]]]]
                    return way[::-1], into
                for k in held[c]:
                    if k not in into:
                        into[k] = c
                        queue.append(k)
        return [], into


def _move(way: list[int], left: dict[int, float], free: list[float], held: list[dict[int, float]]) -> None:
    """As many customers as may be along the way."""
    forward = list(zip(way[::2], way[1::2], strict=True))
    back = list(zip(way[2::2], way[1::2], strict=False))
    count = min([left[way[0]], free[way[-1]], *(held[c][j] for j, c in back)])
    if count <= 0.0:
        return
    left[way[0]] -= count
    free[way[-1]] -= count
    for j, c in back:
        held[c][j] -= count
        if held[c][j] <= 0.0:
            del held[c][j]
    for j, c in forward:
        held[c][j] = held[c].get(j, 0.0) + count
