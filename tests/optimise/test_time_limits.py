"""Out of time: what is known by then, a bound that nothing beats, a certificate that proves it; never a false claim."""

from __future__ import annotations

import itertools
import time
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import random_instances

from optimizer import Condition, MenuProblem, Ratio, search
from optimizer.answer.run import solve_case_model
from optimizer.errors import SolverError
from optimizer.execution.clock import GRACE
from optimizer.model.instance import Figure, evaluate
from optimizer.optimise import frontier, linear
from optimizer.optimise.diagnose import diagnose
from optimizer.optimise.objectives import objective_of
from optimizer.optimise.outcome import Settings
from optimizer.typing import Status

OBJECTIVES: dict[str, dict[str, Any]] = {
    "figure": {"maximise": "contribution_margin"},
    "least": {"minimise": "serving_cost"},
    "ratio": {"maximise": "gross_margin_rate"},
    "blend": {"blend": {"contribution_margin": 1.0, "gross_margin_rate": 0.5}},
    "stages": {"lexicographic": [{"maximise": "market_share", "give": 0.1}, {"maximise": "contribution_margin"}]},
}
LATE = {"just": 0.0, "beyond the grace": 100.0}


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("kind", OBJECTIVES)
def test_bounds_and_certificates_hold(factory: ModuleType, kind: str, late: str) -> None:
    """Against every menu, with today's among the choices: an answer at once, at the worst today's own."""
    m = factory.problem(case_data=factory.case(objective=OBJECTIVES[kind], plans=with_today(factory)))
    wanted = objective_of(m.inputs.case.objective, m.today)
    every = [m.evaluate(m.choices.menu(choice)) for choice in factory.every_choice(m)]
    settings = Settings(gap=0.0, cross_check=False, deadline=time.monotonic() - LATE[late])
    objective = wanted.stages[0][0]
    found = objective.solve(m, settings)
    best = max(objective.sense * objective.value(e) for e in every)
    assert found.menu is not None and found.status in (Status.FEASIBLE, Status.OPTIMAL)
    value, bound = objective.sense * found.value, objective.sense * found.bound
    proven, room = objective.sense * objective.recheck(m, found.certificate), 1e-9 * max(abs(best), abs(found.bound))
    assert value <= best + room and best - room <= proven <= bound + room
    solution = solve_case_model(m, settings)
    assert solution.audit.met and solution.status in (Status.FEASIBLE, Status.OPTIMAL)


def with_today(factory: ModuleType) -> dict[str, Any]:
    plans: dict[str, Any] = factory.case()["plans"]
    plans["free"] = {"allowances": {"big": {"day": [1, 3, 6]}}}
    plans["lite"] = {"price": [8], "withdraw": True}
    return plans


def test_price_ranges_out_of_time(factory: ModuleType) -> None:
    """Between the rounds of halving cells; the certificate of what was reached holds."""
    plans = {**with_today(factory), "plus": {"price": {"least": 10, "most": 30}}}
    m = factory.problem(case_data=factory.case(plans=plans))
    objective = objective_of(m.inputs.case.objective, m.today).last
    whole = objective.solve(m, Settings(gap=1e-3, cross_check=False))
    late = objective.solve(m, Settings(gap=1e-9, cross_check=False, deadline=time.monotonic()))
    assert late.menu is not None and late.status is Status.FEASIBLE
    assert late.value <= whole.bound and whole.value <= late.bound
    assert objective.recheck(m, late.certificate) <= late.bound * (1 + 1e-9)
    with pytest.raises(SolverError, match="time limit passed before"):
        objective.solve(m, Settings(cross_check=False, deadline=time.monotonic() - 100.0))


def test_roots_that_nobody_looked_at_are_bounded_by_their_terms() -> None:
    looked_at = 0
    for seed in range(30):
        d = random_instances.draw(seed, types=4, plans=3, levels=5, mixes=2, limits="f" * (seed % 3), rules=seed % 2)
        tuning = search.Tuning(whole_choices=0, box_menus=0)
        late = search.maximise(d.instance, d.aim, d.limits, deadline=time.monotonic() - 100.0, tuning=tuning)
        assert late.status == "open", seed
        looked_at += late.boxes
        bound = search.recheck(d.instance, d.aim, d.limits, late.certificate)
        assert bound == late.bound, seed
        every = itertools.product(*(range(n) for n in d.instance.levels), range(d.instance.mixes))
        assert max(value(d.aim, d.instance, choice[:-1], choice[-1]) for choice in every) <= bound, seed
    assert not looked_at


def value(figure: Figure, instance: Any, menu: tuple[int, ...], mix: int) -> float:
    return evaluate(instance, {"v": figure}, menu, mix)["v"]


def test_without_time_for_a_search_the_best_seed_is_the_answer() -> None:
    d = random_instances.draw(3, types=4, plans=3, levels=5, mixes=1, rules=0)
    seeds = [((0, 0, 0), 0), ((1, 1, 1), 0), (tuple(n - 1 for n in d.instance.levels), 0)]
    values = [value(d.aim, d.instance, *seed) for seed in seeds]
    settings = Settings(deadline=time.monotonic() - 100.0, cross_check=False)
    found = linear.maximise(d.instance, d.aim, (), settings, seeds, excluded=[seeds[values.index(max(values))]])
    assert (found.status, found.value) == (Status.FEASIBLE, sorted(values)[-2])
    assert linear.maximise(d.instance, d.aim, (), settings).status is Status.NO_ANSWER


def large(**more: Any) -> MenuProblem:
    """Too large to be evaluated whole: dearer is better for the margin and worse for the share."""
    g, prices = np.random.default_rng(2), np.linspace(5.0, 40.0, 60)
    pull = [np.exp(g.normal(1, 1, (60, 1)) - g.lognormal(-2.5, 0.9, (60, 1)) * prices) for _ in range(8)]
    amounts = {"margin": [np.tile(prices - 3.0, (60, 1))] * 8, "revenue": [np.tile(prices, (60, 1))] * 8}
    return MenuProblem(np.full(60, 100.0), pull, {**amounts, "customers": [np.ones((60, 60))] * 8}, **more)


def test_array_problems_end_in_time() -> None:
    """The limit and 2 s of processor time, as the machine may be busy with something else."""
    problem = large(conditions=[Condition(Ratio("margin", "revenue", floor=1.0), at_least=0.8)])
    asked = {
        "solve": lambda: problem.solve("revenue", gap=0.0, time_limit=0.05),
        "whole": lambda: problem.solve("revenue", gap=0.0, time_limit=0.05, screen=False),
        "ratio": lambda: problem.solve(Ratio("margin", "revenue", floor=1.0), gap=0.0, time_limit=0.05),
        "frontier": lambda: problem.frontier("revenue", "customers", time_limit=0.05, points=500),
    }
    for name, ask in asked.items():
        began = time.process_time()
        try:
            ask()
        except SolverError as error:
            assert "in time" in str(error), name
        assert time.process_time() - began < 0.05 + 2.0, name


def test_a_frontier_does_not_go_on_from_end_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    solved: list[float] = []
    true = frontier.maximise

    def slow(*arguments: Any, **more: Any) -> Any:
        solved.append(time.monotonic())
        found = true(*arguments, **more)
        while time.monotonic() < arguments[3].deadline:
            pass
        return found

    monkeypatch.setattr(frontier, "maximise", slow)
    found = large().frontier("revenue", "customers", time_limit=1.0)
    assert len(solved) == 1 and not found.complete and len(found.points) == 1


CLASH = [
    {"figure": "gross_margin_rate", "at_least": 0.999},
    {"figure": "market_share", "at_least": 5.0, "relative_to": "today"},
]


def test_a_diagnosis_out_of_time_claims_nothing_it_did_not_try(factory: ModuleType) -> None:
    m = factory.problem(case_data=factory.case(conditions=CLASH))
    whole = diagnose(m.built.instance, m.bounds, Settings())
    assert whole.complete and whole.corrections
    late = diagnose(m.built.instance, m.bounds, Settings(deadline=time.monotonic() - 100.0))
    assert not late.complete and not late.corrections
    assert "Even without" not in late.text and "time limit passed before a way out was found" in late.text
    assert late.document()["complete"] is False


def test_a_diagnosis_keeps_the_ways_out_it_found_in_time(factory: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    m = factory.problem(case_data=factory.case(conditions=[CLASH[0], {"figure": "churn_rate", "at_most": 1e-6}]))
    whole = diagnose(m.built.instance, m.bounds, Settings())
    settings = Settings(deadline=time.monotonic() - GRACE)
    calls = itertools.count()
    monkeypatch.setattr(Settings, "overdue", property(lambda self: next(calls) > 12))
    late = diagnose(m.built.instance, m.bounds, settings)
    assert not late.complete
    # a way out that works, if not the least one
    names = [{move.name for move in c.moves} for c in whole.corrections]
    assert all({move.name for move in c.moves} in names for c in late.corrections)
