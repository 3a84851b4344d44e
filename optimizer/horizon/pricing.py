"""Forms of a horizon at multipliers for its limits: valid for every path that keeps them, of whatever multipliers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimizer.horizon.bounds import Separable, rounding_slack
from optimizer.horizon.instance import Horizon
from optimizer.horizon.kernel import Forms
from optimizer.horizon.limits import Limited
from optimizer.typing import Array, Bools

MOST_PRICED = 24
"""Horizons at multipliers that are kept, with their tables."""


class Pricing:
    """The rows [aim, multipliers] in use, by number; number 0 is the aim alone."""

    def __init__(self, limited: Limited, forms: Callable[[Horizon], Forms]) -> None:
        self._limited, self._forms = limited, forms
        self.rows: list[Array] = [np.eye(1, 1 + len(limited.limits))[0]]
        self._ready: OrderedDict[int, Forms] = OrderedDict()

    def number(self, rows: Array) -> int:
        """Of rows, new or known."""
        for k, known in enumerate(self.rows):
            if np.array_equal(known, rows):
                return k
        self.rows.append(rows)
        return len(self.rows) - 1

    def margin(self, number: int) -> float:
        """More than bounds of these rows differ by, worked out in another order."""
        return 4.0 * rounding_slack(self._limited.priced(self.rows[number]))

    def form(self, number: int, box: Bools, shares: Array) -> Separable:
        """Around a mixed path at these rows: no path of the box that keeps the limits lies above it."""
        rows = self.rows[number]
        if number not in self._ready:
            self._ready[number] = self._forms(self._limited.priced(rows) if len(rows) > 1 else self._limited.horizon)
            if len(self._ready) > MOST_PRICED:
                self._ready.popitem(last=False)
        self._ready.move_to_end(number)
        form = self._ready[number](box, shares)
        return replace(form, base=form.base + (self._limited.constant(rows) if len(rows) > 1 else 0.0))
