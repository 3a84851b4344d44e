"""Limits as users state them, with rewards of their own, as streams of the horizon and ``PathLimit``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from optimizer.errors import bad_argument
from optimizer.execution.arrays import each, finite, number
from optimizer.horizon.building import GroupLayout
from optimizer.horizon.instance import Horizon
from optimizer.horizon.limits import PathLimit
from optimizer.model.measures import TOLERANCE
from optimizer.typing import Array


@dataclass(frozen=True)
class HorizonLimit:
    """A bound on the sum over months of ``weight`` x ``reward`` x customers, decided at 1e-6 relative.

    A ratio in a window is such a sum: a margin of 60 % is margin - 0.6 revenue, at least 0, at weight 1 in its months.
    Cash at a date is contribution at weight 1 up to it, at least what was spent less what there was.
    """

    weight: ArrayLike
    """(T,) of every month, 0 outside the window."""
    at_least: float | None = None
    at_most: float | None = None
    reward: Sequence[ArrayLike] | None = None
    """Per plan (I, L_j) per customer and month; the problem's own where absent."""
    again: Sequence[ArrayLike] | None = None
    """Per plan (I, L_j), beside ``reward``: per customer and month x the probability that a customer of the plan who
    decides in the month takes it again. A bound on leaving at a rate r is reward decision_rate - r with again
    -decision_rate, at most 0; nothing where absent."""
    name: str = ""
    """What to call it; its number where empty."""


def with_limits(horizon: Horizon, layout: GroupLayout, limits: Any) -> tuple[Horizon, tuple[PathLimit, ...]]:
    """The horizon with the limits' rewards as further streams, and the limits. Raises InputError."""
    asked = each(limits, None, "limits", "limit")
    for k, limit in enumerate(asked):
        if not isinstance(limit, HorizonLimit):
            raise bad_argument(f"limits[{k}]", f"is not a HorizonLimit, but {type(limit).__name__}")
    rewards, again, own = [horizon.reward], [np.zeros_like(horizon.reward)], list[int]()
    for k, limit in enumerate(asked):
        own.append(len(rewards) if limit.reward is not None or limit.again is not None else 0)
        if own[-1]:
            rewards.append(horizon.reward if limit.reward is None
                           else _reward(horizon, layout, limit.reward, f"limits[{k}].reward"))  # fmt: skip
            again.append(np.zeros_like(horizon.reward) if limit.again is None
                         else _reward(horizon, layout, limit.again, f"limits[{k}].again"))  # fmt: skip
    made = []
    for k, limit in enumerate(asked):
        weight = np.zeros((len(rewards), horizon.months))
        weight[own[k]] = finite(limit.weight, (horizon.months,), f"limits[{k}].weight")
        made += _sides(limit, k, weight)
    more = np.zeros((len(rewards), horizon.months))
    more[0] = horizon.weight[0]
    some = any(limit.again is not None for limit in asked)
    whole = replace(horizon, reward=np.concatenate(rewards, axis=1), weight=more,
                    again=np.concatenate(again, axis=1) if some else None)  # fmt: skip
    for array in (whole.reward, whole.weight, whole.again, *(limit.weight for limit in made)):
        if array is not None:
            array.setflags(write=False)
    return whole, tuple(made)


def _reward(horizon: Horizon, layout: GroupLayout, reward: Any, name: str) -> Array:
    """(1, 1, E, I)"""
    given = zip(each(reward, len(layout.levels), name), layout.levels, strict=True)
    parts = [finite(r, (horizon.types, n), f"{name}[{j}]") for j, (r, n) in enumerate(given)]
    return np.ascontiguousarray(np.concatenate(parts, axis=1).T)[layout.level_place][None, None]


def _sides(limit: HorizonLimit, k: int, weight: Array) -> list[PathLimit]:
    """At least, and at most; the tolerance inside."""
    name: Any = limit.name
    if not isinstance(name, str):
        raise bad_argument(f"limits[{k}].name", f"is no name: {name!r}")
    given = {s: getattr(limit, s) for s in ("at_least", "at_most") if getattr(limit, s) is not None}
    values = {side: number(value, f"limits[{k}].{side}") for side, value in given.items()}
    if not values:
        raise bad_argument(f"limits[{k}]", "has neither at_least nor at_most")
    if len(values) == 2 and values["at_least"] > values["at_most"]:
        raise bad_argument(f"limits[{k}]", "at_least lies above at_most", "swap them")
    signs = {"at_least": 1.0, "at_most": -1.0}
    return [
        PathLimit(f"{name or f'limit {k}'} {side.replace('_', ' ')} {value:g}", signs[side] * weight,
                  signs[side] * value - TOLERANCE * abs(value))
        for side, value in values.items()
    ]  # fmt: skip
