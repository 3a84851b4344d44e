"""Moves of two plans at once."""

from __future__ import annotations

import numpy as np

from optimizer.search import Tuning, maximise, recheck
from optimizer.search.levels.polishing import pair_moves


def test_moves_by_hand():
    """Plans with columns 0 1 2, 3 4 and 5: from (1, 3, 5), one place at most, 3 x 2 + 3 x 1 + 2 x 1 menus."""
    box = (np.arange(3), np.array([3, 4]), np.array([5]))
    menus = pair_moves(box, np.array([1, 3, 5]), 1)
    assert len(menus) == 11
    assert {tuple(m) for m in menus.tolist()} == {(a, b, 5) for a in (0, 1, 2) for b in (3, 4)}
    assert [tuple(m) for m in pair_moves(box, np.array([0, 4, 5]), 0).tolist()] == [(0, 4, 5)] * 3
    assert pair_moves((np.arange(2),), np.array([0]), 1).shape == (0, 1)


def test_searches_end_the_same_with_and_without(instances, oracle):
    checked = 0
    for seed in range(20):
        drawn = instances.draw(seed, types=4, plans=3, levels=5, mixes=2, limits="r")
        best = oracle(drawn)
        for boxes in (0, 10**9):
            tuning = Tuning(whole_choices=0, box_menus=1, left_menus=1, polish_boxes=boxes, merged_levels=0)
            found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, tuning=tuning)
            if best is None:
                assert found.status == "infeasible", seed
                continue
            checked += 1
            assert abs(found.value - best) <= 1e-8 * (1.0 + abs(best)), (seed, boxes)
            proven = recheck(drawn.instance, drawn.aim, drawn.limits, found.certificate)
            assert proven <= found.bound + 1e-7 * (1.0 + abs(best)), (seed, boxes)
    assert checked >= 20
