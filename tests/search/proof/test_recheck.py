"""A certificate can be verified without searching, and one that was tampered with fails."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from optimizer.errors import NotTrustedError
from optimizer.search import Box, maximise, recheck


def _nodes(node):
    yield node
    for key in ("left", "right", "merged"):
        if key in node:
            yield from _nodes(node[key])


def test_recheck_reproduces_the_bound(assorted, oracle, search_only):
    checked = 0
    for small in (1, 8):
        tuning = search_only(small)
        for seed in range(small * 100, small * 100 + 33):
            drawn = assorted(seed)
            best = oracle(drawn)
            found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=(1e-2, 1e-5)[seed % 2], tuning=tuning)
            bound = recheck(drawn.instance, drawn.aim, drawn.limits, json.loads(json.dumps(found.certificate)))
            if best is None:
                assert bound == -np.inf, seed
            else:
                checked += 1
                tiny = 1e-9 * (1.0 + abs(best))
                assert best - tiny <= bound <= found.bound + tiny, seed
    assert checked > 20


def test_recheck_of_a_stopped_search_and_of_a_box(instances):
    drawn = instances.draw(3, types=12, plans=6, levels=40, mixes=2, limits="rf", spread=1.5)
    for kept in (None, Box(tuple(np.arange(n // 2) for n in drawn.instance.levels), 1)):
        found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-6, max_boxes=25, box=kept)
        bound = recheck(drawn.instance, drawn.aim, drawn.limits, found.certificate, kept)
        assert found.value - 1e-9 * abs(found.value) <= bound <= found.bound + 1e-9 * (1.0 + abs(found.bound))
    with pytest.raises(NotTrustedError, match="leaves out"):
        recheck(drawn.instance, drawn.aim, drawn.limits, found.certificate)


def test_recheck_does_not_count_excluded_choices(assorted, choices, search_only):
    tuning = search_only(1)
    checked = 0
    for seed in range(200, 220):
        drawn = assorted(seed)
        ranked = sorted(choices(drawn), reverse=True)
        if len(ranked) < 2:
            continue
        checked += 1
        excluded = [(ranked[0][1], ranked[0][2])]
        found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, excluded=excluded, tuning=tuning)
        bound = recheck(drawn.instance, drawn.aim, drawn.limits, json.loads(json.dumps(found.certificate)))
        assert bound >= ranked[1][0] - 1e-9 * (1.0 + abs(ranked[1][0]))
        assert bound <= found.bound + 1e-9 * (1.0 + abs(found.bound))
    assert checked > 5


def test_a_certificate_with_a_part_missing_is_refused(assorted, search_only):
    tuning = search_only(1)
    tried = 0
    for seed in range(0, 60, 2):
        drawn = assorted(seed)
        found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, tuning=tuning)
        for root in range(len(found.certificate["roots"])):
            data = copy.deepcopy(found.certificate)
            del data["roots"][root]
            with pytest.raises(NotTrustedError):
                recheck(drawn.instance, drawn.aim, drawn.limits, data)
            data = copy.deepcopy(found.certificate)
            for node in _nodes(data["roots"][root]["node"]):
                if "right" in node:
                    del node["right"]
                    tried += 1
                    with pytest.raises(NotTrustedError):
                        recheck(drawn.instance, drawn.aim, drawn.limits, data)
                    break
    assert tried > 5


def test_a_certificate_that_claims_too_much_is_found_out(assorted, oracle, search_only):
    """Whatever is dropped, split, called infeasible or weighed negatively: the bound stays valid, or it is refused."""
    tuning = search_only(1)
    refused = raised = 0
    for seed in range(0, 150, 3):
        drawn = assorted(seed)
        best = oracle(drawn)
        if best is None:
            continue
        g = np.random.default_rng(seed)
        data = copy.deepcopy(maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-4, tuning=tuning).certificate)
        honest = recheck(drawn.instance, drawn.aim, drawn.limits, data)
        for rows, gpus in data["multipliers"]:
            kind = int(g.integers(3))
            if kind == 0:
                rows[:] = [0.0, *rows[1:]]
            elif kind == 1 and len(rows) > 1:
                rows[1] = -1.0
            else:
                gpus[:] = [2.0 * p + 1.0 for p in gpus]
        menu = [int(g.integers(n)) for n in drawn.instance.levels]
        for node in (n for root in data["roots"] for n in _nodes(root["node"])):
            if "enumerate" in node and data["multipliers"]:
                del node["enumerate"]
                node["bound"] = [menu, 0]
            for step in node.get("steps", ()):
                step[0][0] = menu
                step[1] = [[j, list(range(n))] for j, n in enumerate(drawn.instance.levels)]
        try:
            bound = recheck(drawn.instance, drawn.aim, drawn.limits, data)
        except NotTrustedError:
            refused += 1
            continue
        assert bound >= best - 1e-9 * (1.0 + abs(best)), seed
        raised += bound > honest + 1e-9 * (1.0 + abs(honest))
    assert refused > 5 and raised > 2


@pytest.mark.parametrize("broken", [{}, {"box": [[0]], "excluded": [], "multipliers": [], "roots": 3}])
def test_nonsense_is_refused(assorted, broken):
    drawn = assorted(3)
    with pytest.raises(NotTrustedError):
        recheck(drawn.instance, drawn.aim, drawn.limits, broken)
