"""The arguments of a ``HorizonProblem``, checked, as frozen arrays."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from optimizer.economics import dynamics
from optimizer.errors import bad_argument
from optimizer.execution.arrays import LARGEST, dimensions, each, finite, refuse
from optimizer.horizon.building import MOST_COLUMNS, GroupLayout
from optimizer.horizon.instance import Horizon, Reach
from optimizer.horizon.shock import Shock, with_shock
from optimizer.model.composites import checked_nests
from optimizer.typing import Array, Ints

SMALLEST = 1e-30
"""Attractions of the alternatives below it are refused: what is divided by them would overflow."""


def horizon_of(
    start: Any, attraction: Any, decision_rate: Any, reward: Any, weight: Any, outside_attraction: Any,
    outside_decision_rate: Any, entrants: Any, stage: Any, steps: Any, origin: Any, habit: Any, nests: Any,
    word: tuple[Any, Any, Any], holders: Any, today: Any, shock: Any,
) -> tuple[Horizon, GroupLayout]:  # fmt: skip
    """Frozen arrays, and how plans and levels lie in them. Raises InputError: names the argument and the place."""
    plans = each(attraction, None, "attraction")
    if not plans:
        raise bad_argument("attraction", "has no plan")
    customers = finite(start, (len(plans) + 1, None), "start", least=0.0)
    types, months = customers.shape[1], len(finite(weight, (None,), "weight"))
    attractions = [finite(a, (types, None), f"attraction[{j}]", least=0.0) for j, a in enumerate(plans)]
    levels = [a.shape[1] for a in attractions]
    habits, origins = _classes(habit, origin, len(plans) + 1)
    one = np.zeros((months, types)) if entrants is None else finite(entrants, (months, types), "entrants", least=0.0)
    rates = _stacked([_rate(r, (types, n), f"decision_rate[{j}]")
                      for j, (r, n) in enumerate(_each_level(decision_rate, levels, "decision_rate"))])  # fmt: skip
    rewards = _stacked([finite(r, (types, n), f"reward[{j}]")
                        for j, (r, n) in enumerate(_each_level(reward, levels, "reward"))])  # fmt: skip
    away = finite(outside_attraction, (months, types), "outside_attraction", least=SMALLEST)
    stages, most = _stages(stage, months), _steps(steps, levels)
    layout = _layout(levels, nests)
    made = Horizon(
        start=customers,
        choice_weight=layout.choice_weights(_stacked(attractions), habits)[None],
        decision_rate=rates[layout.level_place][None],
        reward=rewards[layout.level_place][None, None],
        weight=finite(weight, (None,), "weight")[None],
        outside_weight=dynamics.choice_weights(away[:, None], habits[:, :1])[:, :, 0].swapaxes(0, 1).copy(),
        outside_decision_rate=_rate(outside_decision_rate, (types,), "outside_decision_rate"),
        entrants=one,
        stage=stages,
        first=layout.first,
        group_of=layout.group_of,
        level=layout.level,
        moves=(layout.moves(most),),
        origin=origins,
        allowed=np.ones((int(stages[-1]) + 1, layout.first[-1]), dtype=np.bool_),
        reach=_reach(word, len(plans), months, types),
        keeps=_keeps(holders),
        today=_today(today, holders, shock, layout),
    )
    if made.reach is not None and not made.people.max() <= LARGEST:
        raise bad_argument("referral", f"brings more than {LARGEST:g} people within the months", "give smaller ones")
    return _frozen(made), layout


def _frozen(horizon: Horizon) -> Horizon:
    for part in (horizon, horizon.reach):
        for field in () if part is None else fields(part):
            if isinstance(array := getattr(part, field.name), np.ndarray):
                array.setflags(write=False)
    return horizon


def _reach(word: tuple[Any, Any, Any], plans: int, months: int, types: int) -> Reach | None:
    """From ``base_reach``, ``reach_speed`` and ``referral``."""
    base, speed, referral = word
    if speed is None:
        for name, value in (("base_reach", base), ("referral", referral)):
            if value is not None:
                raise bad_argument(name, "is given without reach_speed", "say how fast reach moves")
        return None
    if base is None:
        raise bad_argument("base_reach", "is missing", "say how many people are reached without word of mouth")
    one = [speed] * types if dimensions(speed) == 0 else speed
    none = np.zeros((plans + 1, types))
    return Reach(
        _rate(one, (types,), "reach_speed"),
        finite(base, (months, types), "base_reach", least=0.0),
        none if referral is None else finite(referral, (plans + 1, types), "referral", least=0.0),
    )


def _keeps(holders: Any) -> bool:
    if holders not in ("migrate", "keep"):
        raise bad_argument("holders", f'is neither "migrate" nor "keep": {holders!r}')
    return bool(holders == "keep")


def _today(today: Any, holders: Any, shock: Any, layout: GroupLayout) -> Ints | None:
    if today is None:
        return None
    if not _keeps(holders) and shock is None:
        raise bad_argument("today", "is given, but holders do not keep their terms", 'say holders="keep", or a shock')
    levels = _whole(today, (len(layout.levels),), "today")
    refuse(levels, levels >= np.array(layout.levels), "today", "is not a level of its plan")
    return np.asarray(layout.columns_of(levels.astype(np.intp)[None])[0])


def shocked(horizon: Horizon, shock: Any, layout: GroupLayout) -> Horizon:
    """Some decide at once as their plan's level changes; as the first stage begins, from that of ``today``.

    Raises InputError.
    """
    if shock is None:
        return horizon
    if horizon.keeps:
        raise bad_argument("shock", "is of customers who move to changed terms, and holders keep theirs")
    share = _rate([shock] * horizon.plans if dimensions(shock) == 0 else shock, (horizon.plans,), "shock")
    changed = tuple(~np.eye(n, dtype=np.bool_) for n in layout.levels)
    of_today = horizon.today
    if of_today is None:
        return _frozen(with_shock(horizon, Shock(share, (changed,))))
    today = tuple(own[level] for own, level in zip(changed, horizon.levels(of_today), strict=True))
    return _frozen(with_shock(replace(horizon, today=None), Shock(share, (changed,), today)))


def _layout(levels: list[int], nests: Any) -> GroupLayout:
    made = GroupLayout(tuple(levels), () if nests is None else checked_nests(nests, len(levels)))
    if (found := made.too_many()) is not None:
        nest, count = found
        raise bad_argument(f"nests[{nest}]", f"has {count} combinations of levels, more than {MOST_COLUMNS}")
    return made


def path_of(horizon: Horizon, layout: GroupLayout, path: Any) -> Ints:
    """(K, G) columns of a path of levels. Raises InputError for a level that is not there."""
    spelling = horizon.spelling
    stages = horizon.stages if spelling is None else len(spelling.began)
    levels = _whole(path, (stages, horizon.plans), "path")
    refuse(levels, levels >= np.array(layout.levels), "path", "is not a level of its plan")
    columns = layout.columns_of(levels.astype(np.intp))
    return columns if spelling is None else spelling.spelled(columns)


def levels_of(horizon: Horizon, path: Ints) -> Ints:
    """(K, J) levels of a path of columns, a row a stage as it was given."""
    levels = horizon.levels(path)
    return levels if horizon.spelling is None else levels[horizon.spelling.began]


def _stacked(parts: list[Array]) -> Array:
    """(N, I) from (I, L) per plan."""
    return np.ascontiguousarray(np.concatenate(parts, axis=1).T)


def _each_level(value: Any, levels: list[int], name: str) -> list[tuple[Any, int]]:
    return list(zip(each(value, len(levels), name), levels, strict=True))


def _rate(value: Any, shape: tuple[int, ...], name: str) -> Array:
    """Shares of customers who decide in a month: from 0 to 1."""
    rate = finite(value, shape, name, least=0.0)
    refuse(rate, rate > 1.0, name, "must be 1 or less", "give the share of customers who decide anew in a month")
    return rate


def _whole(value: Any, shape: tuple[int | None, ...], name: str) -> Array:
    """Whole numbers from 0."""
    array = finite(value, shape, name, least=0.0)
    refuse(array, array != np.floor(array), name, "is not a whole number")
    return array


def _stages(stage: Any, months: int) -> Ints:
    if stage is None:
        return np.zeros(months, dtype=np.intp)
    array = _whole(stage, (months,), "stage")
    jumps = np.diff(array, prepend=0.0)
    cure = "number the stages from 0 in the order of the months"
    refuse(array, (jumps != 0.0) & (jumps != 1.0) | (np.arange(months) == 0) & (array != 0.0), "stage",
           "does not follow on the stage of the month before", cure)  # fmt: skip
    return array.astype(np.intp)


def _steps(steps: Any, levels: list[int]) -> Ints:
    most = np.array(levels, dtype=np.intp) - 1
    if steps is None:
        return most
    given = np.repeat(_whole([steps], (1,), "steps"), len(levels)) if dimensions(steps) == 0 else None
    array = _whole(steps, (len(levels),), "steps") if given is None else given
    return np.minimum(array, most).astype(np.intp)


def _classes(habit: Any, origin: Any, rows: int) -> tuple[Array, Ints]:
    """Habit (C, J+1), and the class of every row: one for all and no habit where absent."""
    factors = None if habit is None else finite(habit, (None, rows), "habit", least=0.0)
    if factors is not None:
        low = factors < SMALLEST
        low[:, 1:] = False
        refuse(factors, low, "habit", f"must be {SMALLEST:g} or more for the alternatives")
    if origin is None:
        if factors is not None and len(factors) > 1:
            raise bad_argument(
                "origin", "is missing", "say which row of habit holds for the alternatives and each plan"
            )
        return np.ones((1, rows)) if factors is None else factors, np.zeros(rows, dtype=np.intp)
    classes = _whole(origin, (rows,), "origin")
    if factors is not None:
        refuse(classes, classes >= len(factors), "origin", f"is not a row of habit, which has {len(factors)}")
    else:
        refuse(classes, classes >= rows, "origin", f"is not a class from 0 to {rows - 1}")
    return np.ones((int(classes.max()) + 1, rows)) if factors is None else factors, classes.astype(np.intp)
