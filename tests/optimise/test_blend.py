"""Blends of a linear figure and a ratio: equal to enumeration in any unit of money, and their certificates hold."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest
import random_instances

from optimizer import search
from optimizer.economics.figures import TOTAL
from optimizer.errors import NotTrustedError
from optimizer.model.instance import Figure, combine, evaluate, follows_rules
from optimizer.model.measures import Measure, magnitude
from optimizer.optimise.blend import best_blend, recheck_blend
from optimizer.optimise.outcome import Settings
from optimizer.typing import Status

Asked = tuple[random_instances.Drawn, Figure, float, Measure]


def draw(seed: int) -> Asked:
    """An instance, a linear figure in some money, a weight, and a ratio whose denominator has any sign."""
    g = np.random.default_rng([seed, 5])
    d = random_instances.draw(seed, types=3, plans=3, levels=4, mixes=2, rules=seed % 2, limits="f" * (seed % 3 == 0))
    money = 10.0 ** g.integers(-9, 10)
    linear = combine([(money, random_instances.draw_figure(g, d.instance))])
    above = random_instances.draw_figure(g, d.instance)
    below = random_instances.draw_figure(g, d.instance, low=float(g.choice([0, -1])), high=2)
    floor = 1e-6 * magnitude(d.instance, below) if g.random() < 0.5 else float(g.uniform(0.1, 5))
    weight = float(g.normal() * money * 10.0 ** g.integers(-2, 3))
    return d, linear, weight, Measure("r", TOTAL, above, below, floor)


def best(asked: Asked) -> float | None:
    """By every choice; None where none counts."""
    d, linear, weight, ratio = asked
    figures = {"l": linear, "n": ratio.numerator, "d": ratio.denominator}
    limits = {str(k): limit.figure for k, limit in enumerate(d.limits)}
    values = []
    for mix in range(d.instance.mixes):
        for menu in itertools.product(*(range(n) for n in d.instance.levels)):
            found = evaluate(d.instance, {**figures, **limits}, menu, mix)
            met = all(found[k] >= 0.0 for k in limits) and found["d"] >= ratio.least
            if met and follows_rules(d.instance, menu):
                values.append(found["l"] + weight * found["n"] / found["d"])
    return max(values, default=None)


def check(seed: int) -> bool:
    asked = d, linear, weight, ratio = draw(seed)
    found, wanted = best_blend(d.instance, linear, weight, ratio, d.limits, Settings(gap=1e-4)), best(asked)
    if wanted is None:
        assert found.status is Status.INFEASIBLE, seed
        return False
    size = magnitude(d.instance, linear) + abs(weight) * magnitude(d.instance, ratio.numerator) / ratio.floor
    tiny = 1e-9 * abs(wanted) + 1e-12 * size
    assert found.status is Status.OPTIMAL, seed
    assert wanted - 1.001e-4 * max(abs(wanted), 1e-6 * size) - tiny <= found.value <= wanted + tiny, seed
    assert found.bound >= wanted - tiny, seed
    assert recheck_blend(d.instance, linear, weight, ratio, d.limits, found.certificate) <= found.bound + tiny, seed
    return True


def run(seeds: range) -> None:
    answers = [check(seed) for seed in seeds]
    assert answers.count(True) >= len(answers) // 2, answers


def test_blends_equal_enumeration() -> None:
    run(range(20))


def test_by_search_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    tuned = search.Tuning(whole_choices=0, box_menus=1, left_menus=1)
    monkeypatch.setattr(search, "maximise", partial(search.maximise, tuning=tuned))
    run(range(8))


@pytest.mark.full
def test_three_hundred_equal_enumeration() -> None:
    run(range(300))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_ratio_that_never_changes(sign: float) -> None:
    """Its range is one number: the blend is the linear figure's best, moved by it."""
    d, linear, weight, ratio = draw(2)
    same = Measure("same", TOTAL, combine([(2.5, ratio.numerator)]), ratio.numerator, 1e-3)
    asked = (d, linear, sign * abs(weight), same)
    found, wanted = best_blend(d.instance, linear, asked[2], same, d.limits, Settings(gap=1e-4)), best(asked)
    assert wanted is not None and found.status is Status.OPTIMAL
    assert found.value == pytest.approx(wanted, rel=1e-4) and found.bound >= wanted * (1 - 1e-9)


def test_a_certificate_without_one_of_its_parts_does_not_hold() -> None:
    d, linear, weight, ratio = draw(1)
    found = best_blend(d.instance, linear, weight, ratio, d.limits, Settings(gap=1e-4))
    for gone in range(len(found.certificate["parts"])):
        parts = [part for k, part in enumerate(found.certificate["parts"]) if k != gone]
        with pytest.raises(NotTrustedError):
            recheck_blend(d.instance, linear, weight, ratio, d.limits, {**found.certificate, "parts": parts})
