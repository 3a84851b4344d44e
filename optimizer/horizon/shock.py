"""A horizon in which some customers decide at once as their terms change, said in columns and stages alone.

Who decides at once hangs on the level of a plan before and now: a term of two neighbouring stages. A column becomes one
for every set of its plans whose terms may have changed on the way to it, and a stage becomes its first month and the
rest of it, with decision rates of their own. Then the term is of one column, and simulation, bounds, certificates and
their replay are those of any horizon: customers who come to changed terms lie in the hull over the columns that they
may come from, the others in that of their own terms alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.economics import dynamics
from optimizer.errors import bad_argument
from optimizer.horizon.building import MOST_COLUMNS
from optimizer.horizon.instance import Horizon
from optimizer.horizon.moves import Moves, moves_of
from optimizer.horizon.spelling import Spelling
from optimizer.typing import Array, Bools, Ints


@dataclass(frozen=True)
class Shock:
    """Who decides at once, and when."""

    share: Array
    """(J,) of a plan's customers who would not decide anyway."""
    changed: tuple[tuple[Bools, ...], ...]
    """For every stage after the first, or one for all, by plan (L, L): whether the second level is other terms than the
    first."""
    today: tuple[Bools, ...] | None = None
    """By plan (L,): whether a level is other terms than those of today; None: the first stage changes none."""

    def between(self, stage: int) -> tuple[Bools, ...]:
        """Of a stage and the next."""
        return self.changed[stage if len(self.changed) > 1 else 0]


@dataclass(frozen=True)
class _Columns:
    """Columns by what changed on the way to them."""

    base: Ints
    """(N',) plain column."""
    pattern: Ints
    """(N',) number of the set of its plans whose terms changed."""
    entries: Ints
    """(E',) plain entries, column after column."""
    changed: Bools
    """(E',) whether the plan's terms changed."""
    first: Ints
    """(G+1,)"""
    at: Ints
    """(N, 2^m) column by the plain one and the number of its pattern; -1 where there is none."""


def with_shock(horizon: Horizon, shock: Shock) -> Horizon:
    """The same paths with those who decide at once. Customers of ``horizon`` move to the terms of the menu.

    Raises InputError where it would have too many columns.
    """
    h = horizon
    first = np.zeros(h.columns, dtype=np.intp) if shock.today is None else _of_today(h, shock.today)
    kinds = [_patterns(h, changed) for changed in shock.changed]
    known, columns = _known(h, first, kinds), np.arange(h.columns)
    tables = [np.where(kind >= 0, known.at[columns, kind], -1) for kind in kinds]
    of = [k if len(kinds) > 1 else 0 for k in range(h.stages - 1)]
    some = [bool((first > 0).any()), *(bool((kinds[k] > 0).any()) for k in of)]  # on whatever steps
    stage = np.repeat(np.arange(h.stages), [1 + (some[k] and len(h.months_of[k]) > 1) for k in range(h.stages)])
    later = tuple(tables[k] for k in of)
    spelling = Spelling(known.base, stage.astype(np.intp), known.at[columns, first], later, _runs(h))
    return _spelled(h, shock, known, spelling)


def _of_today(horizon: Horizon, today: Sequence[Bools]) -> Ints:
    """(N,) number of the pattern of what changes as the first stage begins."""
    own = np.array([today[row - 1][level] for row, level in zip(horizon.entry_row, horizon.level, strict=True)])
    return np.asarray(np.add.reduceat(own * 2 ** _place(horizon), horizon.entry_first[:-1]))


def _place(horizon: Horizon) -> Ints:
    """(E,) place of an entry within its column."""
    return np.asarray(np.arange(len(horizon.entry_row)) - horizon.entry_first[horizon.entry_column])


def _patterns(horizon: Horizon, changed: Sequence[Bools]) -> Ints:
    """(N, N) number of the pattern of what changes from the first column to the second; -1 between groups."""
    h, found = horizon, np.full((horizon.columns,) * 2, -1, dtype=np.intp)
    for g, (a, b) in enumerate(itertools.pairwise(h.first)):
        found[a:b, a:b] = 0
        for place, plan in enumerate(np.flatnonzero(h.group_of == g)):
            level = h.level[h.entry_first[a:b] + place]
            found[a:b, a:b] += changed[int(plan)][np.ix_(level, level)] * 2**place
    return found


def _known(horizon: Horizon, first: Ints, patterns: Sequence[Ints]) -> _Columns:
    """The columns: as many of each plain one as there are patterns on the way to it."""
    h = horizon
    there = np.zeros((h.columns, int(2 ** h.widths.max())), dtype=np.bool_)
    there[np.arange(h.columns), first] = True
    for table in patterns:
        rows, columns = np.nonzero(table >= 0)
        there[columns, table[rows, columns]] = True
    base, pattern = np.nonzero(there)
    bounds = np.searchsorted(base, h.first).astype(np.intp)
    widest = int(np.diff(bounds).max())
    if widest > MOST_COLUMNS:
        cure = "shorten the ladders of the plans of a nest, or leave the shock out"
        raise bad_argument("shock", f"makes {widest:,} columns of what is chosen together, too many", cure)
    entries = np.concatenate([np.arange(h.entry_first[c], h.entry_first[c + 1]) for c in base])
    own = np.repeat(pattern, h.widths[h.group[base]]) >> _place(h)[entries]
    at = np.full(there.shape, -1, dtype=np.intp)
    at[base, pattern] = np.arange(len(base))
    return _Columns(base, pattern, entries, np.asarray(own % 2 == 1), bounds, at)


def _runs(horizon: Horizon) -> Ints:
    """(K,) number of the run of stages between which no column may change."""
    h = horizon
    free = [
        not np.array_equal(h.between(k).after.table, np.eye(h.columns, dtype=np.bool_)) for k in range(h.stages - 1)
    ]
    return np.concatenate([[0], np.cumsum(free)]).astype(np.intp)


def _spelled(horizon: Horizon, shock: Shock, known: _Columns, spelling: Spelling) -> Horizon:
    h, entries, stage = horizon, known.entries, spelling.stage
    begins = np.diff(stage, prepend=-1) > 0
    at_once = np.where(known.changed, shock.share[h.entry_row[entries] - 1], 0.0)[:, None]
    plain = h.decision_rate[:, entries]
    once = dynamics.rate_at_once(plain, np.broadcast_to(at_once, plain.shape))
    rate = np.stack([h.at(once if new else plain, k) for k, new in zip(stage, begins, strict=True)])
    months = np.concatenate([np.full(1 if new and not alone else len(span) - (not new), k)
                             for k, (new, alone, span) in enumerate(_spans(h, spelling))])  # fmt: skip
    allowed = h.allowed[stage][:, known.base]
    own = np.zeros(len(known.base), dtype=np.bool_)
    own[spelling.first] = True
    allowed[0] &= own
    return replace(
        h,
        choice_weight=np.ascontiguousarray(_by_stage(h.choice_weight, stage)[:, :, entries]),
        decision_rate=rate,
        reward=np.ascontiguousarray(_by_stage(h.reward, stage)[:, :, entries]),
        again=None if h.again is None else np.ascontiguousarray(_by_stage(h.again, stage)[:, :, entries]),
        stage=months.astype(np.intp),
        first=known.first,
        level=h.level[entries],
        moves=_moves(h, known, spelling),
        allowed=allowed,
        spelling=spelling,
    )


def _spans(horizon: Horizon, spelling: Spelling) -> list[tuple[bool, bool, range]]:
    """Of every stage: whether a plain one begins with it, whether it is all of that, and that one's months."""
    count = np.bincount(spelling.stage)
    begins = np.diff(spelling.stage, prepend=-1) > 0
    return [
        (bool(new), bool(count[k] == 1), horizon.months_of[k]) for k, new in zip(spelling.stage, begins, strict=True)
    ]


def _by_stage(array: Array, stage: Ints) -> Array:
    """An array with an axis S for the stages into which its own are split."""
    return array if len(array) == 1 else array[stage]


def _moves(horizon: Horizon, known: _Columns, spelling: Spelling) -> tuple[Moves, ...]:
    """Within a stage nothing changes; between two, the pattern is that of what does."""
    h, made = horizon, dict[int, Moves]()
    groups = [slice(int(a), int(b)) for a, b in itertools.pairwise(known.first)]
    same = moves_of([np.eye(own.stop - own.start, dtype=np.bool_) for own in groups])
    found = []
    for one, other in itertools.pairwise(spelling.stage.tolist()):
        key = hash((id(h.between(one)), id(spelling.later[one]))) if one < other else -1
        if one < other and key not in made:
            made[key] = moves_of([_block(h, known, spelling.later[one], one, own) for own in groups])
        found.append(same if one == other else made[key])
    return tuple(found) or (same,)


def _block(horizon: Horizon, known: _Columns, later: Ints, stage: int, own: slice) -> Bools:
    """(L, L) which column of a group may follow which."""
    base = known.base[own]
    follows = horizon.between(stage).after.table[np.ix_(base, base)]
    return np.asarray(follows & (later[np.ix_(base, base)] == np.arange(own.start, own.stop)))
