"""Where to cut a box in two."""

from __future__ import annotations

import numpy as np

from optimizer.search.levels.layout import Layout
from optimizer.search.tuning import Tuning
from optimizer.typing import Array, Ints


def cut(layout: Layout, box: tuple[Ints, ...], mix: int, tuning: Tuning) -> tuple[int, int]:
    """The plan to cut and how many of its levels (weakest first) go to the left.

    The bound's error is the uncertainty of the people on the alternatives, so the plan whose levels make them vary
    most is cut, where its levels' mean share is half-way between the weakest and the strongest.
    """
    people = layout.customers[mix]
    parts = [layout.weight[c] for c in box]
    least = np.array([p.min(axis=0) for p in parts])
    base: Array = 1.0 + least.sum(axis=0)
    wide = [j for j in range(len(box)) if len(box[j]) > 1]
    spread = [float(people @ (1.0 / base - 1.0 / (base + parts[j].max(axis=0) - least[j]))) for j in wide]
    plan = wide[int(np.argmax(spread))]
    share = (parts[plan] / (base + parts[plan])) @ people
    edge = max(1, len(share) // tuning.smaller_part)
    middle = int(np.searchsorted(share, 0.5 * (share[0] + share[-1])))
    return plan, min(max(middle, edge), len(share) - edge)
