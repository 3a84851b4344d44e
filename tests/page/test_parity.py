"""The formulas of the page against the evaluator: every figure of every part of the business, in a real browser."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from page_engine import Engine
from page_worlds import World, figures_of, random_menu, rich_market, selections

from optimizer.answer.responses import segment_gains
from optimizer.economics import choice, decisions, finance
from optimizer.io.library import list_cases
from optimizer.market.calibrate import calibrate
from optimizer.market.prepare import Prepared
from optimizer.model.case_model import prepare_case

WITHIN = 1e-11
MENUS, SEEDS = 1, 12
FULL_MENUS, FULL_SEEDS = 25, 150


def worst(engine: Engine, prepared: Prepared, worlds: Sequence[World]) -> tuple[float, str]:
    """The largest difference between page and evaluator, and of what."""
    parts = [list(selections(w.evaluation)) for w in worlds]
    told = engine.at_menus(prepared, worlds, [[page for _, page in row] for row in parts])
    found = [(0.0, "nothing was compared")]
    for world, row, there in zip(worlds, parts, told, strict=True):
        found += list(_figures(world, row, there))
        found += list(_gpus(world, there))
    assert len(found) > 500 * len(worlds)
    return max(found)


def _figures(world: World, parts: Sequence[Any], there: Any) -> Any:
    e = world.evaluation
    for (part, _), values in zip(parts, there["figures"], strict=True):
        for (name, (here, size)), value in zip(figures_of(e, part).items(), values, strict=True):
            if value is None or math.isnan(here):
                yield float(not (value is None and math.isnan(here))), f"{name} of {part.label}"
                continue
            yield abs(value - here) / size if size else float(value != here), f"{name} of {part.label}"


def _gpus(world: World, there: Any) -> Any:
    e = world.evaluation
    for name, here in (("busy", e.busy), ("burst", e.burst)):
        size = np.maximum(np.abs(here), 1e-3 * e.busy)
        off = np.abs(np.array(there[name]).reshape(here.shape) - here)
        for at, difference in np.ndenumerate(off):
            yield float(difference / size[at]) if size[at] else float(difference > 0.0), f"{name} {at}"
    yield abs(there["cost"] - e.capacity_cost) / (e.capacity_cost or 1.0), "bill of GPUs"


def menus(prepared: Prepared, seed: int, count: int) -> list[World]:
    return [random_menu(prepared, 1000 * seed + k) for k in range(count)]


@pytest.mark.parametrize("case", list_cases())
def test_shipped_cases(engine: Engine, case: str) -> None:
    prepared = prepare_case(case).prepared
    off, what = worst(engine, prepared, menus(prepared, 1, MENUS))
    assert off < WITHIN, what


@pytest.mark.full
@pytest.mark.parametrize("case", list_cases())
def test_shipped_cases_at_many_menus(engine: Engine, case: str) -> None:
    prepared = prepare_case(case).prepared
    off, what = worst(engine, prepared, menus(prepared, 2, FULL_MENUS))
    assert off < WITHIN, what


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_markets(engine: Engine, factory: Any, seed: int) -> None:
    prepared = random_market(factory, seed)
    off, what = worst(engine, prepared, menus(prepared, seed, MENUS))
    assert off < WITHIN, what


@pytest.mark.full
@pytest.mark.parametrize("seed", range(SEEDS, FULL_SEEDS))
def test_many_random_markets(engine: Engine, factory: Any, seed: int) -> None:
    prepared = random_market(factory, seed)
    off, what = worst(engine, prepared, menus(prepared, seed, FULL_MENUS))
    assert off < WITHIN, what


def random_market(factory: Any, seed: int) -> Prepared:
    prepared: Prepared = calibrate(factory.inputs(rich_market(seed)).market).prepared
    return prepared


def test_random_markets_have_every_feature(factory: Any) -> None:
    made = [random_market(factory, seed) for seed in range(SEEDS)]
    nests, plans = [p.nests for p in made], [plan for p in made for plan in p.plans]
    terms = [t for p in made for t in p.terms.values()]
    for there in (
        [n[0].dissimilarity < 1.0 for n in nests if n],
        [p.population.price_elasticity is not None for p in made],
        [p.population.unattended.any() for p in made],
        [p.ai_models.token_cost.any() for p in made],
        [p.pools.contracted.any() for p in made],
        [plan.by_account for plan in plans],
        [plan.annual_sensitivity is not None for plan in plans],
        [plan.impression_disutility.any() for plan in plans],
        [bool(t.credits) for t in terms],
        [bool(t.regional) for t in terms],
        [bool(t.prices_by_kind) for t in terms],
        [bool(t.least_spend) for t in terms],
        [math.isfinite(t.fallback_limit) for t in terms],
    ):
        assert any(there)


def scaled(real: Any) -> Any:
    """A formula that is off by a hundred-millionth."""
    return lambda *given: real(*given) * (1.0 + 1e-8)


@pytest.mark.parametrize("formula", [(choice, "nested"), (finance, "effective_fee"), (decisions, "decision_rate")])
def test_a_formula_changed_in_python_alone_fails(engine: Engine, monkeypatch: Any, formula: Any) -> None:
    prepared = prepare_case("assistant-startup-margin").prepared
    monkeypatch.setattr(*formula, scaled(getattr(*formula)))
    off, _ = worst(engine, prepared, menus(prepared, 3, 2))
    assert off > 10 * WITHIN


GAINS = """(async () => {
  const facts = await engine.unpack('%s'), market = engine.market(facts.market);
  const [now, before] = %s.map(({ menu, share }) => engine.atMenu(market, menu, share));
  return engine.gainsOf(now, before);
})()"""


def test_who_gains_and_who_loses(engine: Engine) -> None:
    import json

    from optimizer.page.facts import market_facts
    from optimizer.page.payload import packed

    prepared = prepare_case("anthropic-2025-margin").prepared
    now, before = menus(prepared, 4, 2)
    asked = [{"menu": w.menu, "share": w.enterprise_share} for w in (now, before)]
    found = engine.browser.run(GAINS % (packed({"market": market_facts(prepared)}), json.dumps(asked)))
    here = segment_gains(*(prepared_at(prepared, w) for w in (now, before)))
    assert len(found) == len(here) > 3
    for page, row in zip(found, here, strict=True):
        assert page["surplus"] / page["people"] == pytest.approx(row["surplus_change_usd_per_person"], rel=1e-9)
        assert page["losing"] / page["people"] == pytest.approx(row["losing_share"], rel=1e-9)


def prepared_at(prepared: Prepared, world: World) -> Any:
    from optimizer.market.evaluate import evaluate_menu

    return evaluate_menu(prepared, world.evaluation.menu, world.enterprise_share)


def test_the_tail_of_the_normal_distribution(engine: Engine) -> None:
    at = [k / 100 for k in range(-600, 2600, 3)]
    found = engine.browser.run(f"{at}.map(engine.normalTail)")
    for x, value in zip(at, found, strict=True):
        assert value == pytest.approx(math.erfc(x), rel=1e-12), x
