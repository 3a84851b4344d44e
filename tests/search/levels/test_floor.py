"""A value known from elsewhere: what is worth no more is ruled out by bounds alone, and nothing that is better is."""

from __future__ import annotations

import numpy as np
import pytest
from amount import few, some

from optimizer.errors import InputError
from optimizer.search import maximise, recheck


@pytest.mark.parametrize("small", [1, 4])
def test_a_floor_rules_out_what_is_worth_no_more(assorted, oracle, search_only, small):
    tuning, gap = search_only(small), 1e-6
    above = below = 0
    for seed in some(range(small * 7000, small * 7000 + 60)):
        drawn = assorted(seed)
        best = oracle(drawn)
        size = 1e-9 * (1.0 + abs(best or 0.0))
        for move in (-0.5, 0.5):
            floor = (best or 0.0) + move * (1.0 + abs(best or 0.0))
            found = maximise(
                drawn.instance, drawn.aim, drawn.limits, gap=gap, floor=floor, tuning=tuning, survivors=False
            )
            allowed = gap * max(abs(max(floor, found.value)), 1.0)
            assert found.status == ("infeasible" if found.bound == -np.inf else "closed"), seed
            assert best is None or max(found.bound, floor + allowed) >= best - size, seed
            assert found.bound <= max(found.value, floor) + allowed + size, seed
            proven = recheck(drawn.instance, drawn.aim, drawn.limits, found.certificate, tuning=tuning)
            assert proven <= found.bound + size, seed
            if best is not None and move < 0.0:
                below += 1
                assert found.value >= best - allowed - size, seed
            elif best is not None:
                above += 1
                assert found.menu is None or found.value <= best + size, seed
    assert below > few(30) and above > few(30)


def test_no_floor_at_all_is_no_number(assorted):
    drawn = assorted(1)
    for floor in (np.inf, np.nan):
        with pytest.raises(InputError, match="floor"):
            maximise(drawn.instance, drawn.aim, drawn.limits, floor=floor)
