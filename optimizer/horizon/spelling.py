"""How the paths of one horizon stand for those of another with fewer columns and stages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.typing import Ints


@dataclass(frozen=True)
class Spelling:
    """Of K plain stages and N plain columns, in K' stages and N' columns; plain paths are (..., K, G)."""

    base: Ints
    """(N',) the plain column that each stands for."""
    stage: Ints
    """(K',) the plain stage that each is of."""
    first: Ints
    """(N,) the column in the first stage, by the plain one."""
    later: tuple[Ints, ...]
    """For every plain stage after the first, (N, N) the column by the plain one of the stage before and of its own."""
    run: Ints
    """(K,) number of the run of plain stages in which the same column must be taken."""

    @cached_property
    def began(self) -> Ints:
        """(K,) where each plain stage begins among the K'."""
        return np.flatnonzero(np.diff(self.stage, prepend=-1))

    def spelled(self, path: Ints) -> Ints:
        """(..., K', G) of plain paths."""
        made = [self.first[path[..., 0, :]]]
        made += [table[path[..., k, :], path[..., k + 1, :]] for k, table in enumerate(self.later)]
        return np.stack([made[k] for k in self.stage], axis=-2)

    def plain(self, path: Ints) -> Ints:
        """(..., K, G) of paths (..., K', G)."""
        return np.asarray(self.base[path[..., self.began, :]])

    def run_from(self, stage: int) -> Ints | None:
        """The plain stages of the run that begins at one of the K'; None where none does."""
        own = self.run[self.stage[stage]]
        stages = np.flatnonzero(self.run == own)
        return stages if self.began[stages[0]] == stage else None
