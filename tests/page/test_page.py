"""The page as a reader has it: alive, silent, offline, by mouse and by keyboard, shared and exported."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from devtools import Browser

from optimizer.answer.run import evaluate_model, solve_case_model
from optimizer.economics.figures import FIGURES
from optimizer.io.yaml_reader import read_yaml
from optimizer.market.evaluate import evaluate_menu
from optimizer.model.case_model import CaseModel, prepare_case, with_changes
from optimizer.optimise.outcome import Settings
from optimizer.page.facts import page_terms
from optimizer.page.write import page_html, write_page
from optimizer.schema.case import Change

CASE = "assistant-startup-margin"
SIZES = {"desktop": 1440, "phone": 390}
MOST_BYTES = 130_000
NARROW = """[...document.querySelectorAll('.tile, td, th, .bar, .what, output, button, p, li, h3')]
  .filter(e => e.checkVisibility() && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1)
  .map(e => [e.className, e.textContent.slice(0, 40)])"""
NAMELESS = """(() => {
  const of = (e) => e.getAttribute('aria-label') || [...(e.labels ?? [])].map(l => l.textContent).join('')
    || (e.getAttribute('aria-labelledby') ?? '').split(' ').map(i => document.getElementById(i)?.textContent).join('')
    || e.textContent;
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  return [...[...document.querySelectorAll('button, a, input, select, summary, [role=button]')]
    .filter(e => e.checkVisibility() && !of(e).trim()).map(e => e.outerHTML.slice(0, 80)),
    ...ids.filter((id, k) => ids.indexOf(id) !== k)];
})()"""
FAINT = """(() => {
  const numbers = (s) => s.match(/[\\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, k) => sum + x * [0.2126, 0.7152, 0.0722][k], 0);
  const paper = (e) => {
    const c = numbers(getComputedStyle(e).backgroundColor);
    return (c[3] ?? 1) > 0.99 ? c : paper(e.parentElement);
  };
  return [...document.querySelectorAll('main *')]
    .filter(e => e.checkVisibility() && !e.disabled && !e.closest('svg')
      && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
    .map(e => [light(numbers(getComputedStyle(e).color)), light(paper(e)), e.textContent.slice(0, 30)])
    .filter(([a, b]) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5);
})()"""
FIGURES_NOW = "Object.fromEntries(%s.map((n) => [n, live.world.figure(live.e, n)]))"


@pytest.fixture(scope="module")
def case_model() -> CaseModel:
    return prepare_case(CASE)


@pytest.fixture(scope="module")
def file(case_model: CaseModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("page") / "page.html", case_model)


@pytest.fixture
def page(browser: Browser, file: Path) -> Browser:
    browser.open(file, 1440)
    return browser


def settled(page: Browser) -> None:
    """Until everything that was moved is drawn, the curves too."""
    page.wait("document.documentElement.dataset.curves === String(live.moved)")


def figures(page: Browser, names: list[str]) -> dict[str, float]:
    found = page.run(FIGURES_NOW % names)
    assert len(found) == len(names) > 0
    return dict(found)


@pytest.mark.parametrize("size", SIZES)
def test_it_is_silent_and_asks_for_nothing(browser: Browser, file: Path, size: str) -> None:
    browser.open(file, SIZES[size])
    settled(browser)
    assert browser.complaints() == []
    asked = [address for address in browser.requests() if not address.startswith(("data:", "blob:"))]
    assert len(asked) == 1 and asked[0].startswith("file:")
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    assert browser.run(NARROW) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_everything_has_a_name_and_can_be_read(browser: Browser, file: Path, size: str, scheme: str) -> None:
    browser.open(file, SIZES[size])
    try:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.call("Emulation.setEmulatedMedia", media="screen", features=features)
        browser.run("live.move({ share: 0.77 })")  # off the ladder, and against a condition
        settled(browser)
        assert browser.run("document.querySelectorAll('main *').length") > 300
        assert browser.run(NAMELESS) == []
        assert browser.run(FAINT) == []
    finally:
        browser.call("Emulation.setEmulatedMedia", media="screen", features=[])


def test_the_policy_lets_nothing_else_run(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None and "unsafe" not in policy[1] and "default-src 'none'" in policy[1]
    assert len(text.encode()) < MOST_BYTES


def test_the_largest_shipped_page_is_small() -> None:
    assert len(page_html(prepare_case("openai-2025-margin")).encode()) < MOST_BYTES


def test_today_is_as_the_evaluator_has_it(page: Browser, case_model: CaseModel) -> None:
    names = [n for n, f in FIGURES.items() if f.headline]
    for name, value in figures(page, names).items():
        assert value == pytest.approx(case_model.today.figure(name), rel=1e-11), name


def test_a_dragged_price_changes_the_figures(page: Browser, case_model: CaseModel) -> None:
    page.run("(() => { const s = document.getElementById('plan1-0-range'); s.value = 300;"
             " s.dispatchEvent(new Event('pointerdown')); s.dispatchEvent(new Event('input')); })()")  # fmt: skip
    settled(page)
    price = page.run("live.state.menu[1].price")
    name, terms = case_model.prepared.plans[1].name, dict(case_model.prepared.today_menu())
    assert price != terms[name].price
    there = evaluate_menu(case_model.prepared, {**terms, name: replace(terms[name], price=price)})
    for figure, value in figures(page, ["revenue", "contribution_margin", "market_share"]).items():
        assert value == pytest.approx(there.figure(figure), rel=1e-11), figure
    assert page.run("document.querySelector('.tile .change').textContent") != "as today"
    page.run("document.getElementById('undo').click()")
    settled(page)
    assert page.run("live.state.menu[1].price") == terms[name].price
    page.run("document.getElementById('redo').click()")
    settled(page)
    assert page.run("live.state.menu[1].price") == price


def test_arrow_keys_walk_the_ladder(page: Browser) -> None:
    ladder = page.run("live.levers[1][0].ladder")
    page.run("document.getElementById('plan1-0-range').focus()")
    walked = [page.run("live.state.menu[1].price")]
    for _ in range(3):
        for kind in ("keyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", type=kind, key="ArrowRight", code="ArrowRight")
        walked.append(page.run("live.state.menu[1].price"))
    at = ladder.index(walked[0])
    assert walked == ladder[at : at + 4]


def test_what_is_shared_comes_back(browser: Browser, file: Path) -> None:
    browser.open(file, 1440)
    browser.run("(() => { live.begin(); live.move({ share: 0.42 }); live.sell(0, false);"
                " live.assume({ [live.facts.assumptions[0].path]: 1.5 }); })()")  # fmt: skip
    settled(browser)
    address, told = browser.run("location.hash"), figures(browser, ["contribution_margin"])
    assert "mix=0.42" in address and "=off" in address
    browser.call("Page.navigate", url="about:blank")
    browser.call("Page.navigate", url=file.resolve().as_uri() + address)
    browser.wait("document.documentElement?.dataset.drawn !== undefined")
    assert figures(browser, ["contribution_margin"]) == pytest.approx(told, rel=1e-12)


@pytest.mark.parametrize(
    "address",
    [
        "v=1&plus=1,2",
        "v=1&plus=<img>",
        "v=2",
        "v=1&nobody=3",
        "v=1&mix=7",
        "%",
        "v=1&" + "x" * 5000,
        "v=1&if.x=3",
        "v=1&asked.9=1",
    ],
)
def test_an_address_that_does_not_fit_is_left_alone(page: Browser, address: str) -> None:
    page.run("new Promise((done) => { addEventListener('hashchange', done, { once: true });"
             f" location.hash = {json.dumps(address)}; }}).then(() => null)")  # fmt: skip
    assert page.run("live.state.share === live.facts.market.reach.enterprise_share")
    assert page.complaints() == []


def test_the_exported_case_gives_the_figures_of_the_page(page: Browser, tmp_path: Path) -> None:
    page.run("(() => { const { state } = live; live.begin(); live.move({ share: 0.3, menu: state.menu.with(1,"
             " live.levers[1][0].set(state.menu[1], 17.25)) });"
             " live.assume({ 'pools.main.price': 1.75 }); })()")  # fmt: skip
    settled(page)
    text = page.run("live.exported()")
    path = tmp_path / "menu.yaml"
    path.write_text(text, encoding="utf-8")
    assert read_yaml(path).data["mix"]["enterprise_share"] == [0.3]
    case_model = prepare_case(path)
    menus = case_model.choices
    assert menus.menus == 1
    there = case_model.evaluate(menus.menu((tuple(0 for _ in menus.composites.parts), 0)))
    for figure, value in figures(page, ["contribution_margin", "market_share", "gpu_hours"]).items():
        assert value == pytest.approx(there.figure(figure), rel=1e-11), figure


def test_costs_that_are_otherwise_are_as_python_has_them(page: Browser, case_model: CaseModel) -> None:
    rows = page.run("live.facts.assumptions.map((a) => [a.path, a.value])")
    assert len(rows) > 15
    moved = {path: value * 1.2 for path, value in rows if value and "cached" not in path}
    page.run(f"live.assume({moved})")
    there = with_changes(case_model, {path: Change(to=value) for path, value in moved.items()}).unchanged
    settled(page)
    for figure, value in figures(page, ["contribution_margin", "serving_cost", "gpu_hours", "revenue"]).items():
        assert value == pytest.approx(there.figure(figure), rel=1e-11), figure


def test_conditions_are_as_the_audit_has_them(browser: Browser, factory: Any, tmp_path: Path) -> None:
    asked = [
        {"figure": "market_share", "at_least": 0.9, "relative_to": "today"},
        {"figure": "revenue", "channel": "enterprise", "at_most": 1.0, "relative_to": "today"},
        {"figure": "leave_rate", "plan": "plus", "at_least": 0.5},
        {"figure": "leave_rate", "plan": "lite", "at_most": 0.01},
        {"figure": "gross_margin_rate", "segment": "pros", "at_least": -9.0, "at_most": -8.0},
    ]
    case_model = factory.problem(None, factory.case(conditions=asked))
    browser.open(write_page(tmp_path / "page.html", case_model), 1440)
    told = browser.run("live.judged.conditions.map((c) => [c.state, c.value])")
    checks = evaluate_model(case_model).audit.conditions
    assert len(told) == len(checks) == 6
    for (state, value), c in zip(told, checks, strict=True):
        assert value is None if math.isnan(c.value) else value == pytest.approx(c.value, rel=1e-11)
        assert state == ("broken" if not c.met else "tight" if c.binding else "met"), c.name
    assert {state for state, _ in told} == {"met", "tight", "broken"}


def test_a_condition_can_ask_something_else(page: Browser, case_model: CaseModel, tmp_path: Path) -> None:
    ask = "(() => { const i = document.querySelector('#conditions input'); i.value = %s; i.onchange(); })()"
    bound = page.run("live.judged.conditions[0].bound")
    page.run(ask % "'2.8%'")
    settled(page)
    assert page.run("[live.judged.conditions[0].bound, live.judged.conditions[0].state]") == [0.028, "met"]
    page.run("live.find(60000)")
    page.wait("live.found !== undefined")
    settled(page)
    assert page.run("live.judged.conditions[0].value") >= 0.028 * (1 - 1e-6)
    path = tmp_path / "menu.yaml"
    path.write_text(page.run("live.exported()"), encoding="utf-8")
    asked = prepare_case(path).bounds[0]
    assert asked.value == pytest.approx(0.028, rel=1e-12)
    address = page.run("location.hash")
    assert "asked.0=0.028" in address
    page.run(ask % "'nonsense'")
    assert page.run("document.querySelector('#conditions input').getAttribute('aria-invalid')") == "true"
    page.run(ask % "''")
    settled(page)
    assert page.run("live.judged.conditions[0].bound") == bound == case_model.bounds[0].value


def test_plan_orders_are_as_the_choices_have_them(browser: Browser, tmp_path: Path) -> None:
    """Which levels of two plans may stand together, as the rule of the case says."""
    case_model = prepare_case("anthropic-2025-margin")
    browser.open(write_page(tmp_path / "page.html", case_model), 1440)
    choices, market = case_model.choices, case_model.inputs.changed
    none, compared = json.dumps([None] * len(choices.plans)), 0
    for rule in choices.rules:
        pair = rule.first, rule.second
        small, large = (json.dumps([page_terms(market, choices.plans[j], t) for t in choices.levels[j]]) for j in pair)
        together = f"live.world.orders({none}.with({pair[0]}, a).with({pair[1]}, b)).length === 0"
        found = browser.run(f"{small}.map((a) => {large}.map((b) => {together}))")
        assert found == rule.allowed.tolist(), rule.name
        compared += rule.allowed.size
    assert compared > 100


def test_a_good_menu_is_found_and_not_called_proven(page: Browser, case_model: CaseModel) -> None:
    best = solve_case_model(case_model, Settings(gap=1e-9, cross_check=False)).objective.value
    page.run("document.getElementById('find').click()")
    page.wait("live.found !== undefined")
    settled(page)
    found = page.run("live.found")
    assert found["missed"] <= 1e-9
    assert found["value"] == pytest.approx(best, rel=1e-9)
    assert figures(page, ["contribution_margin"])["contribution_margin"] == pytest.approx(best, rel=1e-9)
    assert "Not proven best" in page.run("document.getElementById('state').textContent")


def test_what_is_locked_stays(page: Browser) -> None:
    page.run("(() => { live.lock(1, true); live.lockSplit(true); live.find(500); })()")
    page.wait("live.found !== undefined")
    assert page.run("live.state.menu[1] === live.facts.market.plans[1].terms")
    assert page.run("live.state.share === live.facts.market.reach.enterprise_share")


def test_without_scripts_it_can_be_read(browser: Browser, file: Path) -> None:
    browser.open(file, 1440, scripts=False)
    try:
        text = browser.run("document.body.innerText")
        assert "Today’s menu" in text and "Scripts are off" in text and "contribution" in text
        assert "Find a good menu" not in text
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_a_number_tells_what_is_behind_it(page: Browser) -> None:
    page.run("document.querySelector('.tile .value').click()")
    text = page.run("document.getElementById('explained').innerText")
    for word in ("Made of", "By plan", "Equations", "Inputs, with source and grade"):
        assert word in text
    assert page.run("document.querySelectorAll('#explained .grade').length") > 20
    page.run("document.querySelector('#explained button').click()")
    assert not page.run("document.getElementById('explain').open")


def test_names_stay_text(browser: Browser, factory: Any, tmp_path: Path) -> None:
    evil = "</script><img src=x onerror=\"document.title='broken'\">"
    data = factory.market()
    for group in ("plans", "segments", "ai_models"):
        for thing in data[group].values():
            thing["title"] = evil
    case = factory.case(title=evil, question=evil)
    browser.open(write_page(tmp_path / "page.html", factory.problem(data, case)), 1440)
    settled(browser)
    assert browser.run("document.images.length") == 0
    assert browser.run("document.title") == evil
    assert browser.complaints() == []


def test_two_minutes_print_on_one_page(page: Browser, tmp_path: Path) -> None:
    page.run("document.getElementById('minutes').click()")
    settled(page)
    assert page.run("document.querySelectorAll('#decision li').length") > 0
    page.pdf(tmp_path / "page.pdf")
    printed = (tmp_path / "page.pdf").read_bytes()
    assert printed.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
