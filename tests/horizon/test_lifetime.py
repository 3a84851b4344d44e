"""What customers are worth: by hand, as the simulated path has it, and parts that add up."""

from __future__ import annotations

import numpy as np
import pytest
from horizons import draw_arguments, draw_limited, draw_wide_arguments

from optimizer import HorizonProblem
from optimizer.horizon.arguments import path_of
from optimizer.horizon.lifetime import lifetime_values, net_revenue_retention


def columns_of(problem: HorizonProblem, seed: int) -> np.ndarray:
    h = problem.horizon
    return np.random.default_rng(seed).integers(0, problem.layout.levels, (h.stages, h.plans)) + h.first[:-1]


def free_and_paid() -> HorizonProblem:
    """A free plan that costs 1 and a paid one that earns 10, no alternatives to speak of, two months.

    Who is on free decides every month: half stay, half pay; who pays never decides.
    """
    return HorizonProblem(
        [[0.0], [10.0], [0.0]], [[[1.0]], [[1.0]]], [[[1.0]], [[0.0]]], [[[-1.0]], [[10.0]]], [1.0, 1.0],
        np.full((2, 1), 1e-12), [0.0],
    )  # fmt: skip


def test_a_free_user_by_hand() -> None:
    """Months: half at -1 and half at 10; then a quarter at -1 and three quarters at 10. Elsewhere nobody decides."""
    problem = free_and_paid()
    found = lifetime_values(problem.horizon, columns_of(problem, 0))
    assert found.total[0, 0] == pytest.approx(-0.5 + 5.0 - 0.25 + 7.5)
    assert found.own[0, 0, 0] == pytest.approx(-0.75)
    assert found.later[0, 0, 0] == pytest.approx(12.5)
    assert found.total[1, 0] == pytest.approx(20.0) and found.later[0, 1, 0] == pytest.approx(0.0)


def test_it_is_what_the_simulated_path_gains_and_parts_add_up() -> None:
    for seed in range(40):
        problem = draw_limited(seed)  # with further streams
        given, h = draw_arguments(seed), problem.horizon
        path = columns_of(problem, seed)
        found = lifetime_values(h, path)
        assert found.parts.sum(axis=(0, 1)) == pytest.approx(found.total, abs=1e-12), seed
        assert (found.own + found.later).sum(axis=0) == pytest.approx(found.total, abs=1e-12), seed
        more = {**given, "start": given["start"].copy()}
        less = {**given, "start": given["start"].copy()}
        j, i = seed % h.plans, seed % h.types
        more["start"][j + 1, i] += 1.0
        less["start"][0, i] += 1.0
        levels = path - h.first[:-1]
        gained = HorizonProblem(**more).value(levels) - HorizonProblem(**less).value(levels)
        assert gained == pytest.approx(found.total[j, i], abs=1e-11), seed


def test_word_of_mouth_is_told_apart() -> None:
    """With nests, people who are brought, and terms that are kept."""
    brought = kept_terms = 0
    for seed in range(40):
        given = draw_wide_arguments(seed)
        problem = HorizonProblem(**given)
        h = problem.horizon
        levels = np.random.default_rng(seed).integers(0, problem.layout.levels, (h.stages, h.plans))
        found = lifetime_values(h, path_of(h, problem.layout, levels))
        together = found.parts.sum(axis=(0, 1)) + found.brought
        assert together == pytest.approx(found.total, abs=1e-11), seed
        more = {**given, "start": given["start"].copy()}
        less = {**given, "start": given["start"].copy()}
        j, i = seed % h.plans, seed % h.types
        more["start"][j + 1, i] += 1.0
        less["start"][0, i] += 1.0
        gained = HorizonProblem(**more).value(levels) - HorizonProblem(**less).value(levels)
        assert gained == pytest.approx(found.total[j, i], abs=1e-10), seed
        brought += bool(np.abs(found.brought).max() > 1e-6)
        kept_terms += h.keeps
    assert brought > 10 and kept_terms > 10


def test_net_revenue_retention_by_hand() -> None:
    """After the first month 5 free and 5 paid at 10; after the second 2.5 have upgraded: 75 over 50."""
    problem = free_and_paid()
    revenue = np.ones((1, 2))
    positive = HorizonProblem(
        [[0.0], [10.0], [0.0]], [[[1.0]], [[1.0]]], [[[1.0]], [[0.0]]], [[[0.0]], [[10.0]]], [1.0, 1.0],
        np.full((2, 1), 1e-12), [0.0],
    )  # fmt: skip
    assert net_revenue_retention(positive.horizon, columns_of(problem, 0), revenue, 0, 1) == pytest.approx(1.5)
    assert np.isnan(net_revenue_retention(positive.horizon, columns_of(problem, 0), revenue, 0, 12))


def test_retention_follows_those_who_were_there() -> None:
    """As the path of today's customers alone, without anybody elsewhere and without entrants."""
    checked = 0
    for seed in range(40):
        given = draw_arguments(seed)
        given["reward"] = [np.abs(r) for r in given["reward"]]
        problem = HorizonProblem(**given)
        h, months = problem.horizon, problem.horizon.months
        if months < 3:
            continue
        path, span = columns_of(problem, seed), months - 2
        held = problem.simulate(path - h.first[:-1])[0]
        held[0] = 0.0
        stage = h.stage[1:] - h.stage[1]
        last, away = (np.arange(months - 1) == span - 1) * 1.0, given["outside_attraction"][1:]
        alone = {"start": held, "outside_attraction": away, "entrants": None, "stage": stage, "weight": last}
        rest = HorizonProblem(**{**given, **alone})
        later = rest.value((path - h.first[:-1])[h.stage[1] :])
        before = (held[1:] * h.reward[0, 0, path[0]]).sum()
        found = net_revenue_retention(h, path, np.ones((1, months)), 0, span)
        assert found == pytest.approx(later / before, rel=1e-9), seed
        checked += 1
    assert checked > 20
