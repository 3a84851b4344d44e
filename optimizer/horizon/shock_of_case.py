"""Who decides at once in a case over months: which levels of which eras are changed terms."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from optimizer.horizon.shock import Shock
from optimizer.horizon.timeline import Timeline
from optimizer.model.choices import Level, same_level
from optimizer.typing import Bools


def shock_of(timeline: Timeline) -> Shock:
    """Of one that states a shock. The first stage's terms are changed against those of today."""
    assert timeline.asked.shock is not None
    now = timeline.m.calibrated.prepared.today_menu()
    first = timeline.eras[0].levels
    today = tuple(
        np.array([not same_level(now[name], level) for level in own])
        for name, own in zip(timeline.m.choices.plans, first, strict=True)
    )
    known: dict[tuple[int, int], tuple[Bools, ...]] = {}
    changed = []
    for one, other in itertools.pairwise(timeline.eras):
        key = id(one.levels), id(other.levels)
        if key not in known:
            known[key] = tuple(_changed(a, b) for a, b in zip(one.levels, other.levels, strict=True))
        changed.append(known[key])
    same = tuple(_changed(own, own) for own in first)
    share = np.full(len(first), timeline.asked.shock.value)
    return Shock(share, (changed[0],) if len(known) == 1 else tuple(changed) or (same,), today)


def _changed(before: Sequence[Level], after: Sequence[Level]) -> Bools:
    """(L, L) whether the second is other terms than the first; levels of a ladder are different ones."""
    if before is after:
        return ~np.eye(len(before), dtype=np.bool_)
    return np.array([[not same_level(one, other) for other in after] for one in before])
