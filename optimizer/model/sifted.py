"""Combinations of unit prices sifted: those kept that no other one beats in everything a case asks.

The plan's customers are offered no other plan of ours, so that what combination l brings of figure q is

    R_ql = sum_i n_i (outside_qi + amount_qil w_il) / (1 + e_il),

whatever else is on the menu, and every figure is R_ql plus what does not depend on l. Aims and conditions are stated
so that more is better. Where R_ql' >= R_ql for all q, a menu with l' keeps all conditions that one with l keeps, and is
worth no less: l need not be looked at. Utility and amounts add up over AI models (``economics.metered``), so R of all
combinations comes from two tables of halves. A combination is left out only where it is beaten by more than rounding
can be, in every figure; the proof of the menus that are left is then one of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from optimizer.economics import choice, decisions, reach
from optimizer.economics.figures import RATIOS, TOTAL
from optimizer.errors import bad_argument
from optimizer.execution import clock
from optimizer.market.combinations import Combinations
from optimizer.model.choices import Choices, Level
from optimizer.model.instance import Figure, combine
from optimizer.model.measures import measure, selection_of
from optimizer.typing import Array, Ints

if TYPE_CHECKING:
    from optimizer.model.case_model import CaseModel

MOST_KEPT = 6000
"""Combinations kept beyond which the menus would not fit into memory."""
DRAWN = 64
"""Combinations at which it is seen that amounts add up over AI models."""
ROUNDING = 1e-11
"""Share of a figure's terms that rounding cannot take."""
STEP = "combinations of unit prices were compared"


def sift(m: CaseModel, made: Choices) -> Choices:
    """The choices with the levels of plans that are to be sifted. Raises InputError where they cannot be."""
    if not made.sifted:
        return made
    aims = _aims(m)
    levels = list(made.levels)
    for name, combinations in made.sifted.items():
        j = made.plans.index(name)
        kept = [combinations.picks(int(number)) for number in _kept(m, made, combinations)]
        off: tuple[Level, ...] = (None,) if None in made.levels[j] else ()
        picked = dict.fromkeys([*combinations.single_steps(), *kept])
        levels[j] = (*(combinations.terms(picks) for picks in picked), *off)
    asked = {(name, TOTAL) for name, _ in aims}
    asked |= {(c.figure, selection_of(c)) for c in m.inputs.case.conditions}
    known = {(part, of) for name, of in asked for part in _parts(name)}
    return replace(made, levels=tuple(levels), asked=frozenset(known), aims=frozenset(aims))


def _parts(name: str) -> tuple[str, ...]:
    ratio = RATIOS.get(name)
    return (name,) if ratio is None else (name, ratio.numerator, ratio.denominator)


def _aims(m: CaseModel) -> list[tuple[str, int]]:
    """Name and sense of every stage's figure."""
    o = m.inputs.case.objective
    pairs = [(s.maximise, s.minimise) for s in o.lexicographic] if o.lexicographic else [(o.maximise, o.minimise)]
    return [(str(most or least), 1 if most else -1) for most, least in pairs]


@dataclass(frozen=True)
class _SingleSteps:
    """The plan at every single step, for the types it is offered to: what all combinations are made of."""

    utility: list[Array]
    """By AI model (options, I): the first, then what an option adds to it."""
    amounts: list[Array]
    """The same of each figure's amounts, (options, Q, I)."""
    first: tuple[Array, Array]
    """(I,) utility and (Q, I) amounts of the first combination."""
    outside: Array
    """(Q, I)."""
    people: Array
    """(M, I)."""


def _kept(m: CaseModel, made: Choices, combinations: Combinations) -> Ints:
    """The numbers of the combinations that none beats."""
    steps = combinations.single_steps()
    drawn = [tuple(int(k) for k in row) for row in _drawn(combinations)]
    small, figures = _small(m, made, combinations, [*steps, *drawn])
    built, plan = small.built, made.plans.index(combinations.plan)
    facts = small.prepared.plans[plan]
    part = next(p for p, each in enumerate(made_parts(small)) if each == (plan,))
    types = np.flatnonzero(facts.offered)
    people = built.instance.customers[:, types]
    people = people[:1] if _alike(people) else people
    utility = np.stack([p.utility[types] for p in built.per[plan] if p is not None])
    amounts = np.stack([f.amounts[part].T[:, types] for f in figures], axis=1)
    if any(a[types].any() for p, a in enumerate(built.instance.attraction) if p != part):
        raise bad_argument(f"plans.{combinations.plan}.segments", "another plan is offered to its customers")
    tables = _tables(combinations, utility, amounts, np.stack([f.outside[types] for f in figures]), people)
    weigh = _Weigh(small, plan, types)
    size = _size(built.instance.attraction[part].T[:, types], amounts, tables.outside, people)
    _check(combinations, tables, [*steps, *drawn], utility, amounts, weigh, built.instance.attraction[part].T[:, types])
    told = [bool(tables.outside[q].any() or amounts[:, q].any()) for q in range(len(figures))]
    tables, numbers = _that_count(combinations, tables)
    rows = _rows(tables, weigh)
    room = ROUNDING * np.repeat(size[None, :], len(people), axis=0).ravel()
    matter = np.tile(np.array(told), len(people))
    return np.asarray(numbers[unbeaten(rows[:, matter], room[matter])])


def _that_count(combinations: Combinations, tables: _SingleSteps) -> tuple[_SingleSteps, Ints]:
    """The tables with one option of the AI models whose price changes nothing, as nobody buys of them; and the numbers
    of the combinations that are left."""
    idle = [not v.any() and not c.any() for v, c in zip(tables.utility, tables.amounts, strict=True)]
    utility = [v[:1] if alone else v for v, alone in zip(tables.utility, idle, strict=True)]
    amounts = [c[:1] if alone else c for c, alone in zip(tables.amounts, idle, strict=True)]
    grid = np.indices([len(v) for v in utility]).reshape(len(utility), -1)
    numbers = np.ravel_multi_index(tuple(grid), combinations.counts)
    return replace(tables, utility=utility, amounts=amounts), np.asarray(numbers)


def made_parts(m: CaseModel) -> list[tuple[int, ...]]:
    """The plans of each composite."""
    return [part.plans for part in m.choices.composites.parts]


def _small(
    m: CaseModel, made: Choices, combinations: Combinations, picks: Sequence[tuple[int, ...]]
) -> tuple[CaseModel, list[Figure]]:
    """The case with these combinations of the plan and one level of all others; all that is asked, more is better."""
    levels = [
        tuple(combinations.terms(pick) for pick in picks) if name == combinations.plan else _one(own)
        for name, own in zip(made.plans, made.levels, strict=True)
    ]
    plain = replace(made, levels=tuple(levels), rules=(), sifted={})
    small = replace(m, other_choices=plain)
    built = small.built
    figures = [_signed(measure(built, name, TOTAL, m.today.figure).numerator, sense) for name, sense in _aims(m)]
    figures += [limit.figure for limit in small.limits]
    figures += [_signed(block.use, -1) for block in built.instance.blocks]
    if any(f.again or bool((f.burst > 0.0).any()) for f in figures):
        message = (
            f"so many combinations of unit prices of {combinations.plan} cannot be sifted by leaving, or burst gains"
        )
        raise bad_argument(f"plans.{combinations.plan}.unit_prices", message, "shorten the ladders")
    return small, figures


def _one(levels: tuple[Level, ...]) -> tuple[Level, ...]:
    """One level, on the menu where there is such a one."""
    return (next((level for level in levels if level is not None), None),)


def _signed(figure: Figure, sense: int) -> Figure:
    return combine([(float(sense), figure)])


def _drawn(combinations: Combinations) -> Ints:
    random = np.random.default_rng(0)
    return np.stack([random.integers(count, size=DRAWN) for count in combinations.counts], axis=1)


def _alike(people: Array) -> bool:
    """Whether all splits of the budget reach the types in the same proportions."""
    shares = people / people.sum(axis=1, keepdims=True)
    return bool(np.allclose(shares, shares[:1], rtol=1e-13, atol=0.0))


def _tables(combinations: Combinations, utility: Array, amounts: Array, outside: Array, people: Array) -> _SingleSteps:
    adds_utility, adds_amounts, at = [], [], 1
    for count in combinations.counts:
        mine = [0, *range(at, at + count - 1)]
        adds_utility.append(utility[mine] - utility[0])
        adds_amounts.append(amounts[mine] - amounts[0])
        at += count - 1
    return _SingleSteps(adds_utility, adds_amounts, (utility[0], amounts[0]), outside, people)


class _Weigh:
    """Stock attraction and denominator weight of the plan at any utility, by type."""

    def __init__(self, m: CaseModel, plan: int, types: Ints) -> None:
        facts, prepared = m.prepared.plans[plan], m.prepared
        self._rate, self._kappa = facts.decision_rate[types], prepared.population.decision_rate_sensitivity[types]
        reference = facts.reference_utility[types]
        self._reference = np.where(np.isfinite(reference), reference, 0.0)
        self._known = np.isfinite(reference)
        self._range = facts.decision_rate_least, facts.decision_rate_most
        self._outside, self._referral = prepared.outside[types], facts.referral[types]

    def __call__(self, utility: Array) -> tuple[Array, Array]:
        change = np.where(self._known, utility - self._reference, 0.0)
        rate = decisions.decision_rate(self._rate, self._kappa, change, *self._range)
        weight = choice.stock_attraction(choice.stock(choice.attraction(utility), rate), self._outside)
        return weight, reach.denominator_weight(weight, self._referral)


def _size(weight: Array, amounts: Array, outside: Array, people: Array) -> Array:
    """(Q,) the terms of each figure in absolute value, at the largest of the single steps."""
    terms = np.abs(outside) + np.abs(amounts) * weight[:, None, :]
    return np.asarray((terms @ people.max(axis=0)).max(axis=0))


def _check(
    combinations: Combinations, tables: _SingleSteps, picks: Sequence[tuple[int, ...]], utility: Array, amounts: Array,
    weigh: _Weigh, weight: Array,
) -> None:  # fmt: skip
    """Raises InputError where sums over AI models are not what the plan does at a combination."""
    for row, pick in enumerate(picks):
        v = tables.first[0] + sum(t[k] for t, k in zip(tables.utility, pick, strict=True))
        c = tables.first[1] + sum(t[k] for t, k in zip(tables.amounts, pick, strict=True))
        scale = np.abs(amounts).max(axis=0)
        near = np.allclose(v, utility[row], rtol=1e-11, atol=1e-11) and bool(
            (np.abs(c - amounts[row]) <= 1e-12 * scale + 1e-300).all()
        )
        if not near or not np.allclose(weigh(v)[0], weight[row], rtol=1e-10, atol=1e-300):
            message = "what is asked does not add up over AI models, so that many combinations cannot be sifted"
            raise bad_argument(f"plans.{combinations.plan}.unit_prices", message, "shorten the ladders")


def _halves(tables: _SingleSteps) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """(combinations, I) utility and (combinations, Q, I) amounts of the first AI models, and of the others."""
    sizes = np.cumsum([np.log(len(t)) for t in tables.utility])
    cut = max(1, int(np.searchsorted(sizes, 0.5 * sizes[-1] + 1e-9)))
    return _sums(tables, slice(0, cut), tables.first), _sums(tables, slice(cut, None), None)


def _sums(tables: _SingleSteps, models: slice, first: tuple[Array, Array] | None) -> tuple[Array, Array]:
    v = np.zeros_like(tables.first[0])[None] if first is None else first[0][None]
    c = np.zeros_like(tables.first[1])[None] if first is None else first[1][None]
    for more_v, more_c in zip(tables.utility[models], tables.amounts[models], strict=True):
        v = (v[:, None] + more_v).reshape(-1, *v.shape[1:])
        c = (c[:, None] + more_c).reshape(-1, *c.shape[1:])
    return v, c


def _rows(tables: _SingleSteps, weigh: _Weigh) -> Array:
    """(combinations, M x Q) what each combination brings of every figure, by split of the budget."""
    (first_v, first_c), (other_v, other_c) = _halves(tables)
    mixes, figures = len(tables.people), tables.outside.shape[0]
    found = np.empty((len(first_v), len(other_v), mixes, figures))
    for k, (v, c) in enumerate(zip(first_v, first_c, strict=True)):
        clock.check(STEP)
        weight, below = weigh(v + other_v)
        for x, people in enumerate(tables.people):
            staying = people / (1.0 + below)
            held = weight * staying
            for q in range(figures):
                # the amounts of both halves, without a table of their sums
                found[k, :, x, q] = (
                    staying @ tables.outside[q] + held @ c[q] + np.einsum("li,li->l", other_c[:, q], held)
                )
    return found.reshape(-1, mixes * figures)


def unbeaten(rows: Array, room: Array) -> Ints:
    """Numbers of the rows that no other one exceeds by ``room`` in every column. Raises InputError for too many."""
    if rows.shape[1] == 0:
        return np.zeros(1, dtype=np.intp)
    left = np.arange(len(rows))
    span = np.maximum(np.ptp(rows, axis=0), 1e-300)
    order = np.argsort(-((rows - rows.min(axis=0)) / span).sum(axis=1), kind="stable")
    left, kept = left[order], []
    while len(left):
        clock.check(STEP)
        kept.append(int(left[0]))
        if len(kept) > MOST_KEPT:
            message = f"more than {MOST_KEPT:,} combinations of unit prices are not beaten in all that is asked"
            raise bad_argument("plans", message, "shorten the ladders, or leave a condition out")
        best = rows[left[0]] - room
        left = left[1:][(rows[left[1:]] > best).any(axis=1)]
    return np.array(sorted(kept), dtype=np.intp)
