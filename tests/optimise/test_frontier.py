"""The frontier: equal to the non-dominated set by enumeration, ends lexicographic, room valid."""

from __future__ import annotations

import itertools
from functools import partial
from unittest.mock import Mock

import pytest
import random_instances
from amount import some

from optimizer import search
from optimizer.economics.figures import TOTAL
from optimizer.model.instance import Instance, evaluate, follows_rules, within_burst
from optimizer.model.measures import Measure
from optimizer.optimise import frontier as tracing
from optimizer.optimise.outcome import Settings


def drawn(seed: int) -> tuple[Instance, tracing.Side, tracing.Side]:
    import numpy as np

    instance = random_instances.draw_instance(seed, types=3, plans=3, levels=4, mixes=2, rules=seed % 2)
    g = np.random.default_rng([seed, 9])
    x = random_instances.draw_figure(g, instance, low=0.0, fixed=1.0)
    y = random_instances.draw_figure(g, instance, low=-1.0)
    return (
        instance,
        tracing.Side(Measure("x", TOTAL, x, None, 0.0), 1),
        tracing.Side(Measure("y", TOTAL, y, None, 0.0), 1),
    )


def efficient(instance: Instance, x: tracing.Side, y: tracing.Side) -> list[tuple[float, float]]:
    """Non-dominated (x, y) pairs by looping over every choice."""
    pairs = []
    for mix in range(instance.mixes):
        for menu in itertools.product(*(range(n) for n in instance.levels)):
            if follows_rules(instance, menu) and within_burst(instance, menu, mix):
                found = evaluate(instance, {"x": x.measure.numerator, "y": y.measure.numerator}, menu, mix)
                pairs.append((found["x"], found["y"]))
    return sorted(
        {p for p in pairs if not any((q[0] >= p[0] and q[1] > p[1]) or (q[0] > p[0] and q[1] >= p[1]) for q in pairs)}
    )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("enumerated", [True, False])
def test_all_efficient_menus(seed: int, enumerated: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not enumerated:
        monkeypatch.setattr(tracing, "ENUMERATED", 0)
    instance, x, y = drawn(seed)
    wanted = efficient(instance, x, y)
    found = tracing.trace(instance, x, y, (), Settings(gap=0.0), everything=True)
    got = [(s.x, s.y) for s in found.points]
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted, strict=True):
        assert a == pytest.approx(b, rel=1e-7)
    if not enumerated:
        assert found.solves <= 1.2 * len(wanted) + 3


@pytest.mark.parametrize("seed", range(8))
def test_room_covers_what_is_missing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    instance, x, y = drawn(seed)
    wanted = efficient(instance, x, y)
    for limit in (0, 10**9):
        monkeypatch.setattr(tracing, "ENUMERATED", limit)
        found = tracing.trace(instance, x, y, (), Settings(gap=1e-4), points=4)
        points = [(s.x, s.y) for s in found.points]
        for a, b in wanted:
            drawn_here = max((q for p, q in points if p >= a * (1 - 1e-9) - 1e-12), default=None)
            assert drawn_here is not None, "the frontier must reach the largest x"
            assert b - drawn_here <= found.room + 1e-7 * max(abs(b), 1.0)


@pytest.mark.parametrize("seed", some(range(12)))
@pytest.mark.parametrize("small", [1, 16])
def test_steps_that_use_one_another_are_proven_by_enumeration(
    seed: int, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "ENUMERATED", 0)
    tuned = search.Tuning(whole_choices=0, box_menus=small, left_menus=4)
    searched = Mock(wraps=partial(search.maximise, tuning=tuned))
    monkeypatch.setattr(search, "maximise", searched)
    instance, x, y = drawn(seed)
    wanted = efficient(instance, x, y)
    gap = (1e-4, 1e-2)[seed % 2]
    found = tracing.trace(instance, x, y, (), Settings(gap=gap), points=12)
    assert found.complete and searched.call_count >= len(found.steps) > 0
    for step in found.steps:
        best = max(b for a, b in wanted if a >= step.threshold - 1e-12 * abs(a))
        tiny = 1e-8 * (1.0 + abs(best))
        assert step.answer.status == "optimal"
        assert step.x >= step.threshold
        assert best - tiny <= step.bound <= step.y + gap * max(abs(step.y), 1.0) + tiny
        assert step.y <= best + tiny
    again = tracing.trace(instance, x, y, (), Settings(gap=gap), points=12)
    assert [(s.threshold, s.answer.choice, s.bound) for s in again.steps] == [
        (s.threshold, s.answer.choice, s.bound) for s in found.steps
    ]


def test_points_are_proven_and_ordered() -> None:
    instance, x, y = drawn(1)
    found = tracing.trace(instance, x, y, (), Settings(gap=1e-4), points=6)
    xs, ys = [s.x for s in found.points], [s.y for s in found.points]
    assert xs == sorted(xs)
    assert ys == sorted(ys, reverse=True)
    assert found.complete and not found.infeasible


def test_known_steps_are_not_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "ENUMERATED", 0)
    instance, x, y = drawn(2)
    first = tracing.trace(instance, x, y, (), Settings(gap=1e-4), points=5)
    again = tracing.trace(instance, x, y, (), Settings(gap=1e-4), points=5, known=first.steps)
    assert again.solves <= 1
    assert [s.x for s in again.points] == [s.x for s in first.points]


def test_stopping_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "ENUMERATED", 0)
    instance, x, y = drawn(3)
    steps: list[tracing.FrontierStep] = []
    settings = Settings(gap=1e-4, cancelled=lambda: len(steps) >= 3)
    found = tracing.trace(instance, x, y, (), settings, points=9, progress=lambda s, n: steps.append(s))
    assert not found.complete
    assert len(found.points) >= 2
