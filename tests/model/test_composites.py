"""Nests as composite plans: what is listed, what is left out, and where rules stand then."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.errors import InputError
from optimizer.model.composites import (
    MOST_LEVELS,
    Composed,
    Composite,
    PlanDemand,
    composites_of,
    connected,
    left_out,
)
from optimizer.model.instance import Figure, Rule, evaluate, follows_rules

RISING = Rule("rising", 0, 2, np.array([[True, True], [False, True]]))
"""Plan 2 stands no lower than plan 0, which has two levels."""
ACROSS = Rule("across", 1, 2, np.array([[True, False], [True, True], [True, True]]))
COUNTS = [2, 3, 2]


def test_levels_that_rules_forbid_are_left_out_and_packing_undoes_unpacking() -> None:
    made = composites_of(COUNTS, [(2, 0)], [RISING, ACROSS])
    assert [part.plans for part in made.parts] == [(0, 2), (1,)]
    assert made.parts[0].levels.tolist() == [[0, 0], [0, 1], [1, 1]]
    assert made.unpacked((2, 1)) == (1, 1, 1)
    assert made.packed((1, 1, 1)) == (2, 1)
    assert made.packed((1, 1, 0)) is None
    assert not made.plain
    assert composites_of(COUNTS, [], [RISING]).plain


def test_rules_can_be_listed_instead_and_one_that_nothing_keeps_is() -> None:
    assert len(composites_of(COUNTS, [(0, 2)], [RISING], leave_out=False).parts[0].levels) == 4
    never = Rule("never", 0, 2, np.zeros((2, 2), dtype=bool))
    assert len(composites_of(COUNTS, [(0, 2)], [never]).parts[0].levels) == 4
    itself = Rule("itself", 0, 0, np.array([[False, True], [True, True]]))
    assert composites_of(COUNTS, [(0, 2)], [itself]).parts[0].levels.tolist() == [[1, 0], [1, 1]]


def test_an_only_nest_gets_an_empty_plan_beside_it_for_rules_that_stay() -> None:
    made = composites_of([2, 2], [(0, 1)], [Rule("r", 0, 1, RISING.allowed)], leave_out=False)
    assert [part.plans for part in made.parts] == [(0, 1), ()]
    assert made.unpacked((3, 0)) == (1, 1)
    assert made.packed((1, 0)) == (2, 0)
    assert len(composites_of([2, 2], [(0, 1)], [Rule("r", 0, 1, RISING.allowed)]).parts) == 1
    assert Composite((), np.zeros((1, 0), dtype=np.intp)).place(()) == 0


def composed(leave_out: bool, counts: tuple[int, ...] = (2, 3, 2)) -> Composed:
    ones = tuple(np.ones((1, n)) for n in counts)
    rules = [RISING, ACROSS] if len(counts) == 3 else [Rule("rising", 0, 1, RISING.allowed)]
    nest = (0, len(counts) - 1)
    made = composites_of(counts, [nest], rules, leave_out=leave_out)
    names = ["a", "b", "c"][: len(counts)]
    return Composed(np.array([[6.0]]), PlanDemand(ones, ones, ones), made, lambda part: 0.5, rules, names)


def test_rules_between_composites_forbid_what_the_rules_of_the_plans_forbid() -> None:
    for leave_out in (True, False):
        found = composed(leave_out)
        assert found.instance.names == ("a+c", "b")
        stated = {rule.name for rule in found.instance.rules}
        assert stated == ({"across"} if leave_out else {"across", "rising"})
        for a, b, c in np.ndindex(2, 3, 2):
            place = found.composites.packed((a, b, c))
            kept = bool(RISING.allowed[a, c] and ACROSS.allowed[b, c])
            assert kept == (place is not None and follows_rules(found.instance, place)), (a, b, c)


def test_an_empty_plan_brings_nothing() -> None:
    found = composed(False, (2, 2))
    assert found.instance.names == ("a+b", "nothing")
    one = np.ones((1, 2))
    figure = Figure((one, one), np.zeros(1), (np.array([1.0, 2.0]),) * 2, np.zeros(1), 0.0, np.zeros(0))
    # two copies in a nest of lambda 0.5: b = 1 each, I = 2, together sqrt(2); 1 + 2 are due
    value = evaluate(found.instance, {"n": found.figure(figure)}, (1, 0))["n"]
    assert value == pytest.approx(6 * 2**0.5 / (1 + 2**0.5) + 3.0)
    assert not follows_rules(found.instance, (2, 0))
    assert [o.shape for o in found.odds(np.ones(1))] == [(1, 4), (1, 1)]


def test_rules_can_be_freed_where_all_combinations_can_be_listed() -> None:
    assert left_out(COUNTS, [(0, 2)], [RISING])
    assert not left_out(COUNTS, [(0, 2)], [ACROSS])
    assert not left_out(COUNTS, [], [RISING])
    assert not left_out([2, 3, MOST_LEVELS], [(0, 2)], [RISING])


def test_too_many_combinations_are_told_by_name_and_number() -> None:
    with pytest.raises(InputError, match="plans lite, plus have 640,000 combinations"):
        composites_of([800, 800], [(0, 1)], [], names=["lite", "plus"])


def test_plans_that_no_customer_sees_together_need_not_be_taken_together() -> None:
    pairs = {(0, 1), (1, 2)}
    assert connected([0, 1, 2, 3], lambda a, b: (min(a, b), max(a, b)) in pairs) == [(0, 1, 2), (3,)]
