"""Nests in array problems: search, frontier and diagnosis equal plain loops with the textbook formula."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from amount import few, some

from optimizer import Burst, Condition, InfeasibleError, InputError, MenuProblem, Nest, Ratio, search
from optimizer.model.composites import MOST_LEVELS
from optimizer.model.instance import combine
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import Settings
from optimizer.optimise.ratio import best, recheck_ratio
from optimizer.typing import Choice

SAMPLE = few(300)
ALL = 2000
Data = dict[str, Any]


def draw(seed: int) -> Data:
    """Arguments of a small problem with nests: zeros, mixes, rates, denominators, rules, conditions, burst by turns."""
    g = np.random.default_rng([seed, 43])
    types, plans, mixes = int(g.integers(1, 4)), int(g.integers(1, 6)), int(g.integers(1, 3))
    levels = [int(n) for n in g.integers(1, 4 if plans > 3 else 5, plans)]
    attraction = [np.exp(g.normal(0, 1.5, (types, n))) * (g.random((types, n)) > 0.2) for n in levels]
    for a in attraction:
        if g.random() < 0.3:
            a[:, -1] = 0.0
    rates = [g.uniform(0.02, 0.3, a.shape) for a in attraction]
    outside_rate = g.uniform(0.02, 0.3, types)
    rated = g.random() < 0.5
    alone = [a * outside_rate[:, None] / r if rated else a for a, r in zip(attraction, rates, strict=True)]
    revenue = [g.uniform(0, 30, a.shape) for a in attraction]
    cost = [g.uniform(0, 20, a.shape) for a in attraction]
    given: Data = {
        "customers": g.uniform(1, 20, (mixes, types)),
        "attraction": attraction,
        "amounts": {
            "margin": [r - c for r, c in zip(revenue, cost, strict=True)],
            "revenue": revenue,
            "use": [g.uniform(0, 5, a.shape) for a in attraction],
        },
        "mix": {"margin": g.uniform(-10, 0, mixes)},
        "nests": _nests(g, plans),
    }
    if rated:
        given |= {"decision_rate": rates, "outside_decision_rate": outside_rate}
    if g.random() < 0.5:
        given["denominators"] = [w * g.uniform(0.4, 1.0, (types, 1)) for w in alone]
    if g.random() < 0.4:
        given["outside"] = {"revenue": g.uniform(0, 1, types)}
    if g.random() < 0.4:
        given["fixed"] = {"margin": [g.uniform(-20, 5, n) for n in levels]}
    if plans > 1:
        pairs = list(itertools.combinations(range(plans), 2))
        given["rules"] = [
            (*pairs[k], g.random([levels[j] for j in pairs[k]]) < 0.75)
            for k in g.choice(len(pairs), int(g.integers(0, 3)))
        ]
    if g.random() < 0.5:
        given["burst"] = [Burst("use", float(g.uniform(2, 40)), float(g.uniform(0, 3)), "margin", g.uniform(5, 80))]
    given["conditions"] = []
    if g.random() < 0.4:
        given["conditions"].append(Condition(Ratio("margin", "revenue", 0.5), at_least=float(g.uniform(-0.5, 0.4))))
    if g.random() < 0.3:
        given["conditions"].append(Condition("use", at_most=float(g.uniform(5, 80))))
    return given


def _nests(g: np.random.Generator, plans: int) -> list[Nest]:
    """A random partition into one to three nests and plans that stand alone; some of one plan, some of lambda 1."""
    order = [int(j) for j in g.permutation(plans)]
    nests = []
    for _ in range(int(g.integers(1, 4))):
        size = min(len(order), int(g.integers(1, 4)))
        if size:
            nests.append(Nest(tuple(order[:size]), float(g.choice([1.0, 0.7, 0.5, 0.3, 0.02]))))
            order = order[size:]
    return nests


def textbook(given: Data, menu: tuple[int, ...], mix: int) -> dict[str, float]:
    """Every figure at a menu in plain loops, by the formula of the nested logit."""
    customers, types = np.atleast_2d(given["customers"])[mix], len(given["attraction"][0])
    plans = range(len(menu))
    figures = {}
    for name in given["amounts"]:
        figures[name] = float(given.get("mix", {}).get(name, np.zeros(mix + 1))[mix])
        figures[name] += sum(float(given["fixed"][name][j][menu[j]]) for j in plans if name in given.get("fixed", {}))
    for i in range(types):
        alone = [float(given["attraction"][j][i, menu[j]]) for j in plans]
        beside = list(alone)
        for nest in given["nests"]:
            offered = [j for j in nest.plans if alone[j] > 0.0]
            # relative to the largest, so that small lambda do not overflow
            top = max((alone[j] for j in offered), default=0.0)
            inclusive = sum((alone[j] / top) ** (1.0 / nest.dissimilarity) for j in offered)
            for j in offered:
                power = (alone[j] / top) ** (1.0 / nest.dissimilarity)
                beside[j] = top * power * inclusive ** (nest.dissimilarity - 1.0)
        rates, outside_rates = given.get("decision_rate"), given.get("outside_decision_rate")
        duration = [
            (outside_rates[i] if outside_rates is not None else 1.0)
            / (rates[j][i, menu[j]] if rates is not None else 1.0)
            for j in plans
        ]
        weights = [beside[j] * duration[j] for j in plans]
        below = list(weights)
        if "denominators" in given:
            below = [
                weights[j] * given["denominators"][j][i, menu[j]] / (alone[j] * duration[j]) if alone[j] > 0.0 else 0.0
                for j in plans
            ]
        stay = float(customers[i]) / (1.0 + sum(below))
        for name, amounts in given["amounts"].items():
            figures[name] += stay * float(given.get("outside", {}).get(name, np.zeros(types))[i])
            figures[name] += sum(float(amounts[j][i, menu[j]]) * weights[j] * stay for j in plans)
    for burst in given.get("burst", ()):
        figures[burst.charged_to] -= burst.price * max(0.0, figures[burst.use] - burst.reserved)
    return figures


def allowed(given: Data, menu: tuple[int, ...], figures: dict[str, float]) -> bool:
    """Whether a menu keeps rules, burst limits and conditions."""
    ruled = all(table[menu[one]][menu[other]] for one, other, table in given.get("rules", ()))
    short = all(figures[b.use] - b.reserved <= b.limit + 1e-9 * (b.reserved + b.limit) for b in given.get("burst", ()))
    return ruled and short and all(_met(c, figures) for c in given["conditions"])


def _met(condition: Condition, figures: dict[str, float]) -> bool:
    value = measured(condition.figure, figures)
    if value is None:
        return False
    for bound, sense in ((condition.at_least, 1), (condition.at_most, -1)):
        if bound is not None and sense * value < sense * bound - 1e-6 * abs(bound):
            return False
    return True


def measured(what: str | Ratio, figures: dict[str, float]) -> float | None:
    """A figure or ratio; None where the ratio does not count."""
    if isinstance(what, str):
        return figures[what]
    floor = what.floor or 0.0
    below = figures[what.denominator]
    return figures[what.numerator] / below if below >= floor * (1.0 - 1e-6) else None


def menus(given: Data) -> Iterator[Choice]:
    for mix in range(len(np.atleast_2d(given["customers"]))):
        for menu in itertools.product(*(range(a.shape[1]) for a in given["attraction"])):
            yield menu, mix


def everything(given: Data) -> dict[Choice, dict[str, float]]:
    """The figures of every allowed menu."""
    found = {choice: textbook(given, *choice) for choice in menus(given)}
    return {choice: f for choice, f in found.items() if allowed(given, choice[0], f)}


def objective_of(seed: int) -> str | Ratio:
    return ("margin", "revenue", Ratio("margin", "revenue", floor=1.0))[seed % 3]


def check(seed: int) -> bool:
    """One random problem against the loops; whether any menu is allowed."""
    given, objective = draw(seed), objective_of(seed)
    problem = MenuProblem(**given)
    values = [v for f in everything(given).values() if (v := measured(objective, f)) is not None]
    if not values:
        for call in (problem.solve, problem.enumerate):
            with pytest.raises(InfeasibleError):
                call(objective)
        return False
    wanted = max(values)
    size = max(abs(wanted), 1.0)
    for found in (problem.solve(objective, gap=1e-7), problem.enumerate(objective)):
        assert found.verdict in ("proved", "solver_proved"), seed
        assert found.value == pytest.approx(wanted, rel=2e-7, abs=2e-7), seed
        assert found.bound >= wanted - 1e-9 * size, seed
        assert problem.feasible(found.menu, found.mix), seed
        told = textbook(given, found.menu, found.mix)
        assert found.figures == {k: pytest.approx(v, rel=1e-9, abs=1e-9) for k, v in told.items()}, seed
        assert measured(objective, told) == pytest.approx(found.value, rel=1e-9, abs=1e-9), seed
    recheck(problem, objective, wanted, seed)
    return True


def recheck(problem: MenuProblem, objective: str | Ratio, wanted: float, seed: int) -> None:
    """The certificate of the composite program proves a bound above the best value, without search."""
    measure, settings = problem._asked(objective, "objective").on(problem.figures), Settings(gap=1e-7)
    if measure.denominator is None:
        aim = combine([(1.0, measure.numerator)])
        answer = maximise(problem.instance, aim, problem._limits, settings)
        proven = search.recheck(problem.instance, aim, problem._limits, answer.certificate)
    else:
        answer = best(problem.instance, measure, 1, problem._limits, settings)
        proven = recheck_ratio(problem.instance, measure, 1, problem._limits, answer.certificate)
    size = max(abs(wanted), 1.0)
    assert wanted - 1e-9 * size <= proven <= answer.bound + 1e-9 * size, seed


@pytest.mark.parametrize("start", range(0, SAMPLE, 50))
def test_equals_the_textbook(start: int) -> None:
    assert sum(check(seed) for seed in range(start, start + 50)) > 25


@pytest.mark.full
@pytest.mark.parametrize("start", range(0, ALL, 100))
def test_two_thousand_equal_the_textbook(start: int) -> None:
    assert sum(check(seed) for seed in range(start, start + 100)) > 50


def test_evaluation_equals_the_composite_program_and_the_textbook() -> None:
    """Also where a menu breaks rules inside a nest: a composite that was left out needs no level to be evaluated."""
    outside_rules = 0
    for seed in some(range(100)):
        given = draw(seed)
        problem = MenuProblem(**given)
        composites = problem._nested.composites
        for menu, mix in list(menus(given))[:40]:
            told = textbook(given, menu, mix)
            found = problem.evaluate(menu, mix)
            assert found == {k: pytest.approx(v, rel=1e-9, abs=1e-9) for k, v in told.items()}, (seed, menu)
            assert problem.feasible(menu, mix) == allowed(given, menu, told), (seed, menu)
            packed = composites.packed(menu)
            outside_rules += packed is None
            if packed is not None:
                assert composites.unpacked(packed) == menu
                there = search.evaluate_many(problem.instance, problem.figures, np.array([packed]), np.array([mix]))
                charged = {b.charged_to for b in given.get("burst", ())}
                for name in set(found) - charged:
                    assert there[name][0] == pytest.approx(found[name], rel=1e-9, abs=1e-9), (seed, menu)
    assert outside_rules > few(20)


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_the_whole_frontier_is_the_efficient_set(start: int) -> None:
    checked = 0
    for seed in some(range(start, start + 20)):
        given = draw(seed)
        pairs = {(-f["use"], f["margin"]) for f in everything(given).values()}
        problem = MenuProblem(**given)
        if not pairs:
            with pytest.raises(InfeasibleError):
                problem.frontier("use", "margin", less_x=True)
            continue
        found = problem.frontier("use", "margin", less_x=True, everything=True)
        for p in found.points:
            told = textbook(given, p.menu, p.mix)
            assert (told["use"], told["margin"]) == pytest.approx((p.x, p.y), rel=1e-7, abs=1e-7), seed
        drawn = [(-p.x, p.y) for p in found.points]
        for x, y in pairs:  # none above the drawn staircase
            assert any(a >= x - 1e-6 and b >= y - 1e-6 * max(1.0, abs(y)) for a, b in drawn), (seed, x, y)
        checked += 1
    assert checked > few(10)


def pair(**more: Any) -> Data:
    """One type of 10 people, two plans, the second level of each off the menu."""
    plan = np.array([[2.0, 0.0]])
    given: Data = {
        "customers": [10.0],
        "attraction": [plan, plan],
        "amounts": {"margin": [np.array([[3.0, 0.0]]), np.array([[1.0, 0.0]])], "n": [np.ones((1, 2))] * 2},
        "nests": [Nest((0, 1), 0.5)],
    }
    return {**given, **more}


def test_hand_computed() -> None:
    problem = MenuProblem(**pair())
    # b = 4 each, I = 8, a = 4 / sqrt(8) = sqrt(2) each
    one = 2.0**0.5
    assert problem.evaluate((0, 0))["n"] == pytest.approx(10 * 2 * one / (1 + 2 * one))
    assert problem.evaluate((0, 0))["margin"] == pytest.approx(10 * 4 * one / (1 + 2 * one))
    assert problem.evaluate((0, 1))["margin"] == pytest.approx(10 * 3 * 2 / 3)
    assert problem.evaluate((1, 1)) == {"margin": 0.0, "n": 0.0}
    found = problem.solve("margin")
    assert found.menu == (0, 1)  # 20 alone, 14.8 beside the other
    assert found.value == pytest.approx(20.0)
    # decides four times as often as people outside: a quarter of the weight
    slow = MenuProblem(**pair(decision_rate=[np.full((1, 2), 0.2)] * 2, outside_decision_rate=[0.05]))
    assert slow.evaluate((0, 1))["n"] == pytest.approx(10 * 0.5 / 1.5)
    # half of what the plan takes comes back by referral: e = w / 2, inside the nest too
    kept = MenuProblem(**pair(denominators=[np.array([[1.0, 0.0]])] * 2))
    assert kept.evaluate((0, 0))["n"] == pytest.approx(10 * 2 * one / (1 + one))


def test_a_clone_adds_less_the_more_alike_it_is() -> None:
    shares = []
    for dissimilarity in (1.0, 0.7, 0.3, 0.01):
        problem = MenuProblem(**pair(nests=[Nest((0, 1), dissimilarity)]))
        shares.append(problem.evaluate((0, 0))["n"])
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(10 * 4 / 5)
    assert shares[-1] == pytest.approx(MenuProblem(**pair()).evaluate((0, 1))["n"], rel=5e-3)


def test_dissimilarity_one_is_no_nest() -> None:
    solved = 0
    for seed in range(40):
        given = draw(seed)
        plain = MenuProblem(**{**given, "nests": ()})
        loose = MenuProblem(**{**given, "nests": [Nest(n.plans, 1.0) for n in given["nests"]]})
        near = MenuProblem(**{**given, "nests": [Nest(n.plans, 1.0 - 1e-15) for n in given["nests"]]})
        for menu, mix in list(menus(given))[:10]:
            wanted = plain.evaluate(menu, mix)
            assert loose.evaluate(menu, mix) == {k: pytest.approx(v, rel=1e-12, abs=1e-12) for k, v in wanted.items()}
            assert near.evaluate(menu, mix) == {k: pytest.approx(v, rel=1e-12, abs=1e-11) for k, v in wanted.items()}
        try:
            wanted_answer = plain.solve("margin")
        except InfeasibleError:
            continue
        assert loose.solve("margin").value == pytest.approx(wanted_answer.value, rel=1e-12)
        assert near.enumerate("margin").value == pytest.approx(plain.enumerate("margin").value, rel=1e-12)
        solved += 1
    assert solved > 20


@pytest.mark.parametrize("dissimilarity", [0.02, 1e-6, 1e-300])
def test_small_dissimilarity_and_huge_ratios_stay_finite(dissimilarity: float) -> None:
    plan = np.array([[1e30, 1e-300, 5e-324, 0.0], [1e-30, 1.0, 1e20, 0.0]])
    amounts = {"n": [np.ones((2, 4))] * 3, "margin": [np.full((2, 4), k - 1.0) for k in range(3)]}
    given = {"customers": [1.0, 2.0], "attraction": [plan, plan[:, ::-1].copy(), plan], "amounts": amounts}
    problem = MenuProblem(**given, nests=[Nest((0, 1, 2), dissimilarity)])
    for menu in itertools.product(range(4), repeat=3):
        found = problem.evaluate(menu)
        assert np.isfinite(list(found.values())).all(), menu
        assert -1e-9 <= found["n"] <= 3.0 + 1e-9
    for w, e in zip(problem.instance.attraction, problem.instance.denominators, strict=True):
        assert np.isfinite(w).all()
        assert np.isfinite(e).all()
    assert np.isfinite(problem.figures["margin"].amounts[0]).all()
    # the first type sees 1e-300 and 1e30, the second 1 and 1e-30: the lesser one plays no part
    assert problem.evaluate((1, 3, 3))["n"] == pytest.approx(1.0 + 2 * 0.5, abs=1e-9)
    assert problem.solve("margin").value == pytest.approx(problem.enumerate("margin").value)


def test_a_nest_of_all_plans_and_a_rule_that_nothing_keeps() -> None:
    never = np.zeros((2, 2), dtype=bool)
    problem = MenuProblem(**pair(rules=[(0, 1, never)]))
    for call in (problem.solve, problem.enumerate):
        with pytest.raises(InfeasibleError) as caught:
            call("margin")
        assert "without the rule 0 of plans 0 and 1" in str(caught.value)
    with pytest.raises(InfeasibleError):
        problem.frontier("n", "margin")
    assert problem.evaluate((0, 1))["margin"] == pytest.approx(20.0)
    assert not problem.feasible((0, 1))


def test_a_rule_of_a_plan_with_itself_is_kept_inside_a_nest() -> None:
    for beside in ((), (np.array([[1.0]]),)):
        plans = [np.array([[2.0, 0.0]])] * 2 + list(beside)
        problem = MenuProblem(
            [10.0], plans, {"n": [np.ones_like(a) for a in plans]}, rules=[(0, 0, [[False, True], [True, True]])],
            nests=[Nest((0, 1), 0.5)],
        )  # fmt: skip
        assert problem.solve("n").menu[0] == 1
        assert not problem.feasible((0,) * len(plans))


def freed(given: Data, moves: Any) -> bool:
    """Whether any menu is allowed once the moves of a correction are made."""
    conditions, rules = list(given["conditions"]), dict(enumerate(given.get("rules", ())))
    bursts = list(given.get("burst", ()))
    for move in moves:
        if move.sense == "dropped":
            rules.pop(int(move.name.split()[1]))
        elif move.name.startswith("burst limit"):
            bursts = [Burst(b.use, b.reserved, b.price, b.charged_to) for b in bursts]
        else:
            side = "at_least" if move.sense == "at least" else "at_most"
            asked = next(c for c in conditions if c.name == move.name)
            room = -1e-7 * abs(move.needed) if side == "at_least" else 1e-7 * abs(move.needed)
            eased = Condition(asked.figure, **{side: move.needed + room}, name=asked.name)
            conditions[conditions.index(asked)] = eased
    return bool(everything({**given, "conditions": conditions, "rules": list(rules.values()), "burst": bursts}))


def test_a_diagnosis_frees_rules_inside_nests_and_across() -> None:
    told, checked = set(), 0
    for seed in range(400):
        given = draw(seed)
        given["conditions"] = [Condition("revenue", at_least=float(40 + seed % 90), name="money")]
        plans = len(given["attraction"])
        if plans < 2:
            continue
        g = np.random.default_rng([seed, 44])
        pairs = list(itertools.combinations(range(plans), 2))
        levels = [a.shape[1] for a in given["attraction"]]
        tables = [(*pair, g.random([levels[j] for j in pair]) < 0.3) for pair in (pairs[0], pairs[-1])]
        given["rules"] = [rule for rule in tables if rule[2].any()]
        if everything(given):
            continue
        problem = MenuProblem(**given)
        with pytest.raises(InfeasibleError) as caught:
            problem.solve("margin")
        found = caught.value.diagnosis
        inside = {
            k
            for k, (one, other, _) in enumerate(given["rules"])
            if any({one, other} <= set(n.plans) and n.dissimilarity < 1.0 for n in given["nests"])
        }
        for correction in found.corrections:
            assert freed(given, correction.moves), (seed, correction.text)
            menu, _ = correction.choice
            assert len(menu) == plans
            assert all(level < n for level, n in zip(menu, levels, strict=True))
            for move in correction.moves:
                assert not freed(given, [m for m in correction.moves if m is not move]), (seed, correction.text)
                if move.sense == "dropped":
                    told.add("inside" if int(move.name.split()[1]) in inside else "across")
        checked += 1
        if checked == 40:
            break
    assert checked == 40
    assert told == {"inside", "across"}


def test_the_program_tells_its_levels() -> None:
    given = {**pair(), "attraction": [np.array([[2.0, 0.0]])] * 2 + [np.array([[1.0, 0.5, 0.1]])]}
    given["amounts"] = {"n": [np.ones_like(a) for a in given["attraction"]]}
    given["nests"] = [Nest((2, 0), 0.5)]
    problem = MenuProblem(**given)
    assert problem.instance.names == ("plan 0+plan 2", "plan 1")
    program = problem.to_pyomo("n")
    assert set(program.x) == {(0, k) for k in range(6)} | {(1, 0), (1, 1)}
    assert problem.composite_levels[0][4] == {0: 1, 2: 1}
    assert problem.composite_levels[1] == ({1: 0}, {1: 1})
    plain = MenuProblem(**{**given, "nests": ()})
    assert plain.composite_levels[2] == ({2: 0}, {2: 1}, {2: 2})
    with pytest.raises(InputError):
        problem.to_pyomo(Ratio("n", "n"))  # type: ignore[arg-type]


def test_too_large_a_nest_is_refused_with_its_count() -> None:
    plan = np.ones((1, 90))
    count = 90**3
    assert count > MOST_LEVELS
    with pytest.raises(InputError, match=f"plans 0, 1, 2 have {count:,} combinations") as caught:
        MenuProblem([1.0], [plan] * 3, {"n": [plan] * 3}, nests=[Nest((0, 1, 2), 0.5)])
    assert caught.value.findings[0].field == "nests"


TWO = np.ones((2, 2))


def spoilt(value: float) -> np.ndarray:
    array = TWO.copy()
    array[1, 0] = value
    return array


WRONG: list[tuple[Data, str]] = [
    ({"nests": 3}, "nests"),
    ({"nests": [((0, 1), 0.5)]}, "nests[0]"),
    ({"nests": [Nest((), 0.5)]}, "nests[0].plans"),
    ({"nests": [Nest(0, 0.5)]}, "nests[0].plans"),  # type: ignore[arg-type]
    ({"nests": [Nest((0, 7), 0.5)]}, "nests[0].plans[1]"),
    ({"nests": [Nest((-1,), 0.5)]}, "nests[0].plans[0]"),
    ({"nests": [Nest((0, 1, 0), 0.5)]}, "nests[0].plans[2]"),
    ({"nests": [Nest((0, 1), 0.5), Nest((2, 1), 0.5)]}, "nests[1].plans[1]"),
    ({"nests": [Nest((0,), 0.5), Nest((2, 1), 0.0)]}, "nests[1].dissimilarity"),
    ({"nests": [Nest((0, 1), 1.5)]}, "nests[0].dissimilarity"),
    ({"nests": [Nest((0, 1), float("nan"))]}, "nests[0].dissimilarity"),
    ({"nests": [Nest((0, 1), "x")]}, "nests[0].dissimilarity"),  # type: ignore[arg-type]
    ({"decision_rate": TWO[0, 0]}, "decision_rate"),
    ({"decision_rate": [TWO, TWO]}, "decision_rate"),
    ({"decision_rate": [TWO, TWO, spoilt(0.0)]}, "decision_rate[2][1, 0]"),
    ({"decision_rate": [TWO, spoilt(float("inf")), TWO]}, "decision_rate[1][1, 0]"),
    ({"decision_rate": [TWO, TWO[:, :1], TWO]}, "decision_rate[1]"),
    ({"decision_rate": [TWO, spoilt(1e-40), TWO]}, "decision_rate[1][1, 0]"),
    ({"outside_decision_rate": [1.0]}, "outside_decision_rate"),
    ({"outside_decision_rate": [1.0, -1.0]}, "outside_decision_rate[1]"),
    ({"nests": [Nest((0, 1), 0.5)], "attraction": [spoilt(0.0), TWO, TWO], "denominators": [TWO] * 3},
     "denominators[0][1, 0]"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "field"), WRONG)
def test_wrong_arguments_are_named(more: Data, field: str) -> None:
    given: Data = {"customers": [1.0, 2.0], "attraction": [TWO] * 3, "amounts": {"n": [TWO] * 3}}
    with pytest.raises(InputError) as caught:
        MenuProblem(**{**given, **more})
    assert caught.value.findings[0].field == field


def test_a_plan_that_stands_alone_keeps_its_denominator_beside_a_nest() -> None:
    """Also where it attracts nobody."""
    nobody = np.zeros((1, 2))
    given = pair(attraction=[*pair()["attraction"], nobody], amounts={"n": [np.ones((1, 2))] * 3})
    given["denominators"] = [*pair()["attraction"], np.array([[0.5, 4.0]])]
    problem = MenuProblem(**given)
    assert problem.evaluate((0, 1, 1))["n"] == pytest.approx(10 * 2 / (1 + 2 + 4))
    assert problem.solve("n").value == pytest.approx(textbook_free(problem))


def textbook_free(problem: MenuProblem) -> float:
    return max(problem.evaluate(menu)["n"] for menu in itertools.product(range(2), repeat=3))


def test_the_same_whatever_the_order_of_plans() -> None:
    solved = 0
    for seed in range(20):
        given = {**draw(seed), "rules": []}
        count = len(given["attraction"])
        order = [int(j) for j in np.random.default_rng(seed).permutation(count)]
        place = {j: at for at, j in enumerate(order)}
        turned: Data = dict(given)
        for key in ("attraction", "denominators", "decision_rate"):
            if key in given:
                turned[key] = [given[key][j] for j in order]
        for key in ("amounts", "fixed"):
            turned[key] = {name: [parts[j] for j in order] for name, parts in given.get(key, {}).items()}
        turned["nests"] = [Nest(tuple(place[j] for j in n.plans), n.dissimilarity) for n in given["nests"]]
        solve: Callable[[Data], float] = lambda data: MenuProblem(**data).enumerate("revenue").value  # noqa: E731
        try:
            wanted = solve(given)
        except InfeasibleError:
            continue
        assert solve(turned) == pytest.approx(wanted, rel=1e-9), seed
        solved += 1
    assert solved > 10
