"""Sets of plans that are too many for the people offered them, against every set of plans."""

from __future__ import annotations

import itertools

import numpy as np

from optimizer.market.room import MOST, overfull
from optimizer.typing import Array, Bools


def by_hand(need: Array, offered: Bools, room: Array) -> list[tuple[int, ...]]:
    """Every set that needs at least its room and holds no other such set."""
    found: list[tuple[int, ...]] = []
    for size in range(1, len(need) + 1):
        for chosen in itertools.combinations(range(len(need)), size):
            if not any(set(known) <= set(chosen) for known in found):
                people = room[offered[:, list(chosen)].any(axis=1)].sum()
                if need[list(chosen)].sum() >= people:
                    found.append(chosen)
    return found


def test_agrees_with_every_set_of_plans() -> None:
    tight = several = 0
    for seed in range(400):
        g = np.random.default_rng(seed)
        plans, classes = int(g.integers(1, 8)), int(g.integers(1, 6))
        offered = g.random((classes, plans)) < g.uniform(0.3, 0.9)
        offered[g.integers(classes, size=plans), np.arange(plans)] = True
        room = g.uniform(10.0, 100.0, classes).round()
        need = g.uniform(1.0, 60.0, plans).round() * g.choice([0.5, 1.0, 2.0])
        wanted, found = by_hand(need, offered, room), overfull(need, offered, room)
        some = [s for s in wanted if len(s) > 1]
        if len(some) <= MOST:
            assert found == wanted, f"seed {seed}"
        else:
            assert set(found) <= set(wanted) and len(found) == len(wanted) - len(some) + MOST, f"seed {seed}"
        tight += bool(wanted)
        several += len(wanted) > 1 and max(map(len, wanted)) > 1
    assert tight > 100 and several > 40 and tight < 400


def test_a_set_that_just_fits_and_one_that_just_does_not() -> None:
    """Plans 0 and 1 share 100 people: 60 + 40 take all of them, which leaves no room for the others' share."""
    offered = np.array([[True, True, False], [False, False, True]])
    room = np.array([100.0, 50.0])
    assert overfull(np.array([60.0, 40.0, 10.0]), offered, room) == [(0, 1)]
    assert overfull(np.array([60.0, 39.99, 10.0]), offered, room) == []
    assert overfull(np.array([60.0, 100.0, 50.0]), offered, room) == [(1,), (2,)]
    assert overfull(np.array([np.inf, 1.0, 1.0]), offered, room) == [(0,)]


def test_customers_that_have_to_make_room() -> None:
    """Plan 0 fits in either class, plan 1 in the first alone: together only if plan 0 moves over."""
    offered = np.array([[True, True], [True, False]])
    assert overfull(np.array([40.0, 50.0]), offered, np.array([60.0, 60.0])) == []
    assert overfull(np.array([80.0, 50.0]), offered, np.array([60.0, 60.0])) == [(0, 1)]


def test_many_plans_and_classes() -> None:
    g = np.random.default_rng(5)
    plans, classes = 60, 60
    offered = g.random((classes, plans)) < 0.2
    room = g.uniform(10.0, 100.0, classes)
    need = np.full(plans, 0.8 * room.sum() / plans)
    assert overfull(need, offered, room) == []
    need[:] = 1.2 * room.sum() / plans
    found = overfull(need, offered, room)
    assert len(found) == MOST
    for chosen in found:
        assert need[list(chosen)].sum() >= room[offered[:, list(chosen)].any(axis=1)].sum()
