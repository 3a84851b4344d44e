"""maximise equals complete enumeration from the definition."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from amount import few, some

from optimizer.model.instance import Figure, Rule, evaluate, follows_rules, within_burst
from optimizer.search import Box, Tuning, local_search, maximise


def _close(value, best):
    return abs(value - best) <= 1e-9 * (1.0 + abs(best))


@pytest.mark.parametrize("small", [1, 4, 32])
@pytest.mark.parametrize("gap", [1e-9, 1e-4, 1e-2])
def test_search_equals_enumeration(assorted, oracle, search_only, small, gap):
    tuning = search_only(small)
    infeasible = 0
    for seed in some(range(small * 1000, small * 1000 + 45)):
        drawn = assorted(seed)
        best = oracle(drawn)
        found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=gap, tuning=tuning)
        if best is None:
            infeasible += 1
            assert (found.status, found.menu, found.bound) == ("infeasible", None, -np.inf), seed
            continue
        allowed = gap * max(abs(found.value), 1.0)
        assert found.status == "closed", seed
        assert found.bound >= best - 1e-9 * (1.0 + abs(best)), seed
        assert found.value >= best - allowed - 1e-9 * (1.0 + abs(best)), seed
        assert found.bound - found.value <= allowed * (1.0 + 1e-9) + 1e-12, seed
    assert 0 < infeasible < few(40)


def test_the_incumbent_keeps_all_conditions_by_the_definition(assorted, search_only, definition):
    tuning = search_only(1)
    checked = 0
    for seed in range(5000, 5060):
        drawn = assorted(seed)
        found = maximise(drawn.instance, drawn.aim, drawn.limits, tuning=tuning)
        if found.menu is None:
            continue
        checked += 1
        figures = {str(k): limit.figure for k, limit in enumerate(drawn.limits)} | {"aim": drawn.aim}
        values = evaluate(drawn.instance, figures, found.menu, found.mix)
        assert values.pop("aim") == found.value
        assert min(values.values(), default=0.0) >= 0.0
        assert follows_rules(drawn.instance, found.menu) and within_burst(drawn.instance, found.menu, found.mix)
        assert _close(found.value, definition(drawn.instance, [drawn.aim], found.menu, found.mix)[0][0])
    assert checked > 20


def test_small_problems_are_enumerated_exactly(assorted, oracle):
    for seed in range(6000, 6040):
        drawn = assorted(seed)
        best = oracle(drawn)
        found = maximise(drawn.instance, drawn.aim, drawn.limits)
        assert found.value == found.bound
        assert found.enumerated > 0 or best is None
        assert (found.menu is None) if best is None else _close(found.value, best)


def test_excluded_choices_are_not_returned(assorted, choices, search_only):
    checked = 0
    for small in (0, 1, 16):
        tuning = search_only(small) if small else Tuning()
        for seed in some(range(7000, 7025)):
            drawn = assorted(seed)
            ranked = sorted(choices(drawn), reverse=True)
            if len(ranked) < 4:
                continue
            checked += 1
            excluded = [(menu, mix) for _, menu, mix in ranked[:3]]
            found = maximise(
                drawn.instance, drawn.aim, drawn.limits, gap=1e-9, excluded=excluded, seeds=excluded[:1], tuning=tuning
            )
            assert (found.menu, found.mix) not in excluded
            assert found.status == "closed"
            assert found.value >= ranked[3][0] - 1e-6 * (1.0 + abs(ranked[3][0]))
    assert checked > few(20)


def test_boxes_restrict_levels_and_mix(assorted, choices, search_only):
    tuning = search_only(2)
    checked = 0
    for seed in range(8000, 8040):
        drawn = assorted(seed)
        levels = tuple(np.arange(n)[n > 2 :] for n in drawn.instance.levels)
        box = Box(levels, 0)
        inside = [
            value
            for value, menu, mix in choices(drawn)
            if mix == 0 and all(k in a for k, a in zip(menu, levels, strict=True))
        ]
        found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, box=box, tuning=tuning)
        if not inside:
            assert found.status == "infeasible"
            continue
        checked += 1
        assert abs(found.value - max(inside)) <= 1e-8 * (1.0 + abs(max(inside)))
        assert all(k in a for k, a in zip(found.menu, levels, strict=True)) and found.mix == 0
        assert all(k in a for k, a in zip(found.menu, found.surviving.levels, strict=True))
        assert found.surviving.mix == found.mix
    assert checked > 10


def _large(instances):
    return instances.draw(3, types=12, plans=6, levels=40, mixes=2, limits="rf", spread=1.5)


def test_stops_keep_a_valid_bound(instances):
    drawn = _large(instances)
    best = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-2, deadline=time.monotonic() + 2.0)
    few = maximise(drawn.instance, drawn.aim, drawn.limits, gap=0.0, max_boxes=3)
    assert few.status == "open" and few.open_boxes > 0 and few.boxes == 3
    assert few.bound >= best.value
    late = maximise(drawn.instance, drawn.aim, drawn.limits, gap=0.0, deadline=time.monotonic())
    assert late.status == "open" and best.value <= late.bound < np.inf
    told = []
    ended = maximise(
        drawn.instance, drawn.aim, drawn.limits, gap=0.0, cancelled=lambda: len(told) >= 4,
        progress=lambda value, bound, boxes: told.append((value, bound, boxes)),
    )  # fmt: skip
    assert ended.status == "interrupted" and len(told) == 4
    assert [boxes for _, _, boxes in told] == [0, 1, 2, 3]
    assert all(np.isfinite(bound) for _, bound, _ in told)  # every root is bounded before the first is cut
    assert all(a[0] <= b[0] and a[1] >= b[1] - 1e-9 for a, b in itertools.pairwise(told))


def test_seeds_are_used(instances):
    drawn = _large(instances)
    best = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-3, max_boxes=60)
    seeded = maximise(drawn.instance, drawn.aim, drawn.limits, gap=0.0, max_boxes=0, seeds=[(best.menu, best.mix)])
    assert seeded.value >= best.value


PROGRAM = """
import sys; sys.path[:0] = {path!r}
import random_instances
from optimizer.search import maximise
d = random_instances.draw(3, types=12, plans=6, levels=40, mixes=2, blocks=1, limits="rf", spread=1.5)
f = maximise(d.instance, d.aim, d.limits, gap=1e-3, max_boxes=40)
print(repr((f.menu, f.mix, f.value, f.bound, f.status, f.boxes, f.open_boxes, f.enumerated, f.certificate)))
"""


@pytest.mark.full
def test_the_same_input_gives_the_same_result_whatever_the_hash_seed(instances):
    path = [str(p) for p in (os.path.dirname(instances.__file__), os.getcwd())]
    outputs = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        program = [sys.executable, "-c", PROGRAM.format(path=path)]
        done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
        outputs.add(done.stdout)
    assert len(outputs) == 1


def test_local_search_finds_feasible_choices_and_never_more_than_the_best(assorted, oracle):
    missed = 0
    for seed in range(9000, 9060):
        drawn = assorted(seed)
        best = oracle(drawn)
        found = local_search(drawn.instance, drawn.aim, drawn.limits, starts=8)
        if best is None:
            assert found is None
        elif found is None:
            missed += 1
        else:
            menu, mix, value = found
            assert value <= best + 1e-9 * (1.0 + abs(best))
            assert evaluate(drawn.instance, {"aim": drawn.aim}, menu, mix)["aim"] == value
            missed += value < best - 1e-9 * (1.0 + abs(best))
    assert missed <= 12


def test_enormous_and_tiny_attractions(instances, oracle, search_only):
    tuning, checked = search_only(1), 0
    for seed in range(30):
        drawn = instances.draw(seed, types=3, plans=3, levels=4, mixes=1, blocks=1, limits="r", spread=12.0)
        best = oracle(drawn)
        found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-7, tuning=tuning)
        if best is None:
            assert found.status == "infeasible"
        else:
            checked += 1
            assert found.bound >= best - 1e-9 * (1.0 + abs(best))
            assert found.value >= best - 2e-7 * max(1.0, abs(best))
    assert checked > 10


def test_menus_that_lose_money_and_are_hard_to_reach_are_not_called_infeasible(instances, oracle, search_only):
    """No conditions, few allowed pairs of levels, an aim below zero everywhere: ascent finds no menu to start from."""
    tuning = search_only(1)
    missed = 0
    for seed in range(30):
        g = np.random.default_rng([seed, 5])
        drawn = instances.draw(seed, types=3, plans=4, levels=8, mixes=1, limits="")
        bare, rules = drawn.instance, []
        kept = [int(g.integers(n)) for n in bare.levels]
        for first, second in itertools.combinations(range(bare.plans), 2):
            allowed = g.random((bare.levels[first], bare.levels[second])) < 0.3
            allowed[kept[first], kept[second]] = True
            rules.append(Rule(f"{first} {second}", first, second, allowed))
        instance = replace(bare, rules=tuple(rules))
        loss = Figure(
            amounts=tuple(-1.0 - g.random(w.shape) for w in bare.attraction),
            outside=np.zeros(bare.types), fixed=tuple(np.zeros(n) for n in bare.levels),
            mix=np.zeros(bare.mixes), constant=-1.0, burst=np.zeros(0),
        )  # fmt: skip
        best = oracle(replace(drawn, instance=instance, aim=loss))
        missed += local_search(instance, loss, starts=4) is None
        found = maximise(instance, loss, gap=1e-9, tuning=tuning)
        assert best is not None and found.status == "closed", seed
        assert _close(found.value, best), seed
    assert missed > 5
