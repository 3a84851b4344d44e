"""How much is tried: a third of the random instances in the quick suite, all of them at length."""

from __future__ import annotations

import os

LENGTH = 1 if os.environ.get("OPTIMIZER_TESTS_AT_LENGTH") else 3


def some(seeds: range) -> range:
    """Every third seed; all of them at length."""
    return seeds[::LENGTH]


def few(count: int) -> int:
    """A third of so many examples, or of what a loop over ``some`` must at least have met; all of them at length."""
    return max(count // LENGTH, 1)
