"""The types that every floor shares: arrays, menus, choices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]
LevelIndices = tuple[int, ...]
"""One level index a plan; has a meaning only beside the levels it was chosen among."""
Choice = tuple[LevelIndices, int]
"""A menu and the index of a mix level."""
