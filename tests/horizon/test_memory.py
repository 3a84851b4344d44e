"""Columns that know the one before: the same paths and values, tighter bounds, certificates that say so."""

from __future__ import annotations

import json

import numpy as np
import pytest
from horizons import draw_arguments, draw_wide_arguments

from optimizer import HorizonProblem
from optimizer.horizon.ascent import ascend, best_constant
from optimizer.horizon.bounds import Parted, bound_box, numpy_potentials, told, whole_box
from optimizer.horizon.instance import Horizon
from optimizer.horizon.memory import forgotten, remembering, worth_remembering
from optimizer.horizon.paths import all_paths, count_paths
from optimizer.horizon.shares import pure
from optimizer.horizon.simulate import values
from optimizer.search.engine import Clock


def drawn(seed: int) -> HorizonProblem:
    """Three stages or more, one step between them."""
    for more in range(100):
        given = draw_wide_arguments(seed + 1000 * more)
        if given["stage"][-1] >= 2 and given.get("holders") != "keep":
            break
    return HorizonProblem(**{**given, "steps": 1})


def paths_of(horizon: Horizon) -> np.ndarray:
    return np.concatenate(list(all_paths(horizon, whole_box(horizon), 4096)))


def test_paths_and_values_stay_the_same() -> None:
    checked = 0
    for seed in range(40):
        h = drawn(seed).horizon
        assert worth_remembering(h, np.inf), seed
        wide = remembering(h)
        count = count_paths(h, whole_box(h))
        assert count == count_paths(wide, whole_box(wide)), seed
        if count < 3000:
            paths = paths_of(wide)
            bare = forgotten(wide, paths)
            assert {p.tobytes() for p in bare} == {p.tobytes() for p in paths_of(h)}, seed
            assert values(wide, paths) == pytest.approx(values(h, bare), rel=1e-12, abs=1e-13), seed
            checked += 1
    assert checked > 15


def test_the_ascent_is_the_same() -> None:
    """From the same path; it moves a group in one stage, and what the next one knows."""
    for seed in range(40):
        h = drawn(seed).horizon
        wide = remembering(h)
        start = best_constant(wide, Clock())
        path, value = ascend(wide, start, 20, Clock())
        _, other = ascend(h, forgotten(wide, start), 20, Clock())
        assert value == pytest.approx(other, rel=1e-9, abs=1e-12), seed
        assert float(values(h, forgotten(wide, path)[None])[0]) == pytest.approx(value, rel=1e-9, abs=1e-12), seed


def test_bounds_are_no_looser() -> None:
    tighter = 0
    for seed in range(40):
        h = drawn(seed).horizon
        wide = remembering(h)
        path = best_constant(wide, Clock())
        found = []
        for one, reference in ((h, forgotten(wide, path)), (wide, path)):
            form = bound_box(Parted(one, 10**9, 1), whole_box(one), pure(one, reference), numpy_potentials)
            found.append(told(one, form).total)
        assert found[1] <= found[0] + 1e-9 * (1.0 + abs(found[0])), seed
        tighter += found[1] < found[0] - 1e-6 * (1.0 + abs(found[0]))
    assert tighter > 10


def test_certificates_say_so_and_are_replayed() -> None:
    said = 0
    for seed in range(30):
        problem = drawn(seed)
        if count_paths(problem.horizon, whole_box(problem.horizon)) > 100_000:
            continue
        best, found = problem.enumerate(), problem.solve(1e-6)
        size = max(abs(best.value), 1e-6 * problem.horizon.magnitude)
        assert best.value - 1e-11 <= found.bound <= best.value + 1.1e-6 * size + 1e-11, seed
        certificate = json.loads(json.dumps(found.certificate))
        assert best.value - 1e-11 <= problem.replay(certificate) <= found.bound + 1e-10 * (1.0 + size), seed
        said += certificate.get("memory") is True
    assert said > 10


def test_where_columns_may_follow_freely_nothing_is_remembered() -> None:
    given = draw_arguments(3, stages=3)
    free = HorizonProblem(**{**given, "steps": None})
    assert not worth_remembering(free.horizon, 1.0)
    assert not worth_remembering(HorizonProblem(**{**given, "holders": "keep", "steps": 1}).horizon, 4.0)
