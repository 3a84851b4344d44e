"""Figures with an ``again`` part: exact answers and proofs, against complete enumeration from the definition."""

from __future__ import annotations

import copy
import itertools
import json

import numpy as np
import pytest
from amount import few, some

from optimizer.errors import InputError, NotTrustedError
from optimizer.model.instance import combine, evaluate
from optimizer.model.measures import Measure, magnitude, measure_limits
from optimizer.optimise.outcome import Settings
from optimizer.optimise.ratio import best, recheck_ratio
from optimizer.search import enumerate_menus, evaluate_many, maximise, recheck
from optimizer.search.levels.again import stated
from optimizer.search.levels.layout import prepare
from optimizer.search.proof.statement import above, with_numerators

KINDS = ("", "f", "c", "rf", "ff", "fb", "g", "cfb")


@pytest.fixture
def drawn_of(instances):
    def draw(seed):
        kind = KINDS[seed % len(KINDS)]
        blocks = 1 + seed % 2 if {"b", "g"} & set(kind) else 0
        plain = instances.draw(
            seed, types=1 + seed % 5, plans=2 + seed % 3, levels=5, mixes=1 + (seed // 3) % 2, blocks=blocks,
            rules=(seed // 2) % 3, limits=kind, spread=(0.5, 1.0, 3.0)[seed % 3],
        )  # fmt: skip
        return instances.with_again(plain, seed)

    return draw


def _agrees(drawn, wanted, tuning, gap, seed):
    """One case: value, bound and certificate. Returns whether there is an answer."""
    found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=gap, tuning=tuning)
    proven = recheck(drawn.instance, drawn.aim, drawn.limits, json.loads(json.dumps(found.certificate)))
    if wanted is None:
        assert (found.status, found.menu, found.bound) == ("infeasible", None, -np.inf), seed
        assert proven == -np.inf, seed
        return False
    tiny = 1e-9 * (1.0 + abs(wanted))
    assert found.status == "closed", seed
    figures = {str(k): limit.figure for k, limit in enumerate(drawn.limits)} | {"aim": drawn.aim}
    values = evaluate(drawn.instance, figures, found.menu, found.mix)
    assert values.pop("aim") == found.value and min(values.values(), default=0.0) >= 0.0, seed
    assert found.value >= wanted - gap * max(abs(found.value), 1.0) - tiny, seed
    assert wanted - tiny <= proven <= found.bound + tiny, seed
    return True


@pytest.mark.parametrize("small", [1, 4, 32])
def test_search_equals_enumeration(drawn_of, oracle, search_only, small):
    seeds = some(range(small * 1000, small * 1000 + 110))
    answers = sum(
        _agrees(drawn, oracle(drawn), search_only(small), (1e-9, 1e-4)[seed % 2], seed)
        for seed, drawn in ((seed, drawn_of(seed)) for seed in seeds)
    )
    assert few(40) < answers < len(seeds)


@pytest.mark.full
@pytest.mark.parametrize("small", [1, 2, 4, 32])
def test_search_equals_enumeration_at_length(drawn_of, oracle, search_only, small):
    answers = 0
    for seed in range(50_000 + small * 1000, 50_000 + small * 1000 + 500):
        drawn = drawn_of(seed)
        answers += _agrees(drawn, oracle(drawn), search_only(small), (1e-9, 1e-5)[seed % 2], seed)
    assert answers > 200


def test_enumeration_and_evaluation_know_the_part(drawn_of, oracle, definition):
    for seed in range(40):
        drawn = drawn_of(seed)
        wanted = oracle(drawn)
        found = enumerate_menus(drawn.instance, drawn.aim, drawn.limits)
        assert found.value == pytest.approx(-np.inf if wanted is None else wanted, rel=1e-9, abs=1e-9), seed
        menus = list(itertools.product(*(range(n) for n in drawn.instance.levels)))[::7]
        got = evaluate_many(drawn.instance, {"aim": drawn.aim}, menus)["aim"]
        assert got == pytest.approx([definition(drawn.instance, [drawn.aim], m, 0)[0][0] for m in menus], rel=1e-9)
        sizes = [abs(definition(drawn.instance, [drawn.aim], m, 0)[0][0]) for m in menus]
        if not drawn.instance.blocks:
            assert max(sizes) <= magnitude(drawn.instance, drawn.aim) * (1 + 1e-12), seed


def test_linear_figures_lie_above_and_meet_where_one_plan_is_left(drawn_of):
    """In the search and, written anew, in the recheck; both the same at every level, to rounding."""
    g = np.random.default_rng(7)
    met = 0
    for seed in range(40):
        drawn = drawn_of(seed)
        instance, (aim,) = with_numerators(drawn.instance, [drawn.aim])
        free = seed % instance.plans
        wide = tuple(np.sort(g.permutation(n)[: int(g.integers(1, n + 1))]) for n in instance.levels)
        for box in (wide, tuple(part if j == free else part[:1] for j, part in enumerate(wide))):
            (straight,) = above(instance, [aim], box)
            layout = prepare(drawn.instance, drawn.aim)
            layout = stated(layout, tuple(c[p] for c, p in zip(layout.column, box, strict=True)))
            for j, columns in enumerate(layout.column):
                held = (straight.amounts[j] * instance.attraction[j]).T
                assert layout.rows.matrix[0][columns] == pytest.approx(held, rel=1e-12, abs=1e-12), seed
            for menu in itertools.product(*(part[:3] for part in box)):
                high, true = (evaluate(instance, {"v": f}, menu)["v"] for f in (straight, aim))
                assert high >= true - 1e-9 * (1.0 + abs(true)), seed
                if box is not wide:
                    met += 1
                    assert high == pytest.approx(true, rel=1e-9, abs=1e-9), seed
    assert met > 60


def test_a_ratio_of_such_figures_equals_enumeration(drawn_of, instances, choices, search_only):
    """Both as the aim, most and least, and as a condition."""
    compared = 0
    for seed in some(range(9000, 9040)):
        drawn = drawn_of(seed)
        instance = drawn.instance
        below = combine([(1.0, drawn.aim)], 0.0)
        people = type(below)(
            tuple(np.ones_like(w) for w in instance.attraction), np.ones(instance.types),
            tuple(np.zeros(n) for n in instance.levels), np.zeros(instance.mixes), 0.0, np.zeros(len(instance.blocks)),
        )  # fmt: skip
        ratio = Measure("ratio", None, drawn.aim, people, 1e-3)
        kept = [(menu, mix) for _, menu, mix in choices(drawn)]
        values = []
        for menu, mix in kept:
            v = evaluate(instance, {"n": drawn.aim, "d": people}, menu, mix)
            values.append(v["n"] / v["d"])
        for sense in (1, -1):
            answer = best(instance, ratio, sense, drawn.limits, Settings(gap=1e-7, cross_check=False))
            if not kept:
                assert answer.status == "infeasible", seed
                continue
            compared += 1
            wanted = max(sense * v for v in values)
            assert answer.value == pytest.approx(wanted, rel=1e-6, abs=1e-6), seed
            proven = recheck_ratio(instance, ratio, sense, drawn.limits, answer.certificate)
            assert answer.value - 1e-9 * (1 + abs(wanted)) <= proven <= answer.bound + 1e-9 * (1 + abs(wanted)), seed
        if kept:
            middle = float(np.median(values))
            limits = (*drawn.limits, *measure_limits("ratio", ratio, -1, middle))
            wanted = min(v for v in values if v <= middle + 1e-6 * abs(middle))
            asked = instances.Drawn(instance, combine([(-1.0, drawn.aim)]), limits)
            top = max(value for value, _, _ in choices(asked))
            _agrees(asked, top, search_only(4), 1e-9, seed)
    assert compared > few(30)


def test_a_tampered_certificate_fails(drawn_of, oracle, search_only):
    """A false claim that a part is infeasible, a part left out, and a box stated anew where it is not."""
    refused = 0
    for seed in range(60):
        drawn = drawn_of(seed)
        if oracle(drawn) is None:
            continue
        found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, tuning=search_only(1))
        data = copy.deepcopy(found.certificate)
        data["multipliers"] = [[[0.0, *rows[1:]], gpus] for rows, gpus in data["multipliers"]]
        split = copy.deepcopy(found.certificate)
        nodes = [root["node"] for root in split["roots"]]
        while nodes:
            node = nodes.pop()
            nodes += [node[key] for key in ("left", "right", "merged", "restated") if key in node]
            if "right" in node:
                node["right"] = {}
        for altered in (data, split):
            if altered == found.certificate:
                continue
            try:
                proven = recheck(drawn.instance, drawn.aim, drawn.limits, altered)
            except NotTrustedError:
                refused += 1
            else:  # what is left of it may still prove the bound
                assert proven >= found.value - 1e-9 * (1.0 + abs(found.value)), seed
    assert refused > 20


def test_boxes_are_stated_anew(instances, search_only):
    plain = instances.draw(3, types=6, plans=4, levels=8, mixes=1, limits="f", spread=1.0)
    drawn = instances.with_again(plain, 3)
    found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, tuning=search_only(1))
    assert '"restated"' in json.dumps(found.certificate)


def test_what_cannot_be_is_refused(drawn_of):
    drawn = drawn_of(1)
    from dataclasses import replace

    figure = next(f for f in (drawn.aim, *(limit.figure for limit in drawn.limits)) if f.again)
    with pytest.raises(InputError, match="odds"):
        maximise(replace(drawn.instance, odds=()), figure)
    with pytest.raises(InputError, match="negative"):
        maximise(replace(drawn.instance, odds=tuple(-o - 1.0 for o in drawn.instance.odds)), figure)
