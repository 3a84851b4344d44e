"""The report as part of the page: it opens at the answer, draws its charts, and reads without scripts and on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from devtools import Browser

from optimizer.answer.run import solve_case_model
from optimizer.answer.solution import Solution
from optimizer.model.case_model import CaseModel, prepare_case
from optimizer.optimise.outcome import Settings
from optimizer.page.sheets import scoped
from optimizer.page.write import write_page
from optimizer.report.html import report_parts
from optimizer.studies.frontier import frontier_of

CASE = "assistant-startup-margin"
HIDDEN = """[...document.querySelectorAll('.report td, .report th')]
  .filter(e => e.textContent.trim() && !e.checkVisibility()).map(e => e.textContent)"""


@pytest.fixture(scope="module")
def case_model() -> CaseModel:
    return prepare_case(CASE)


@pytest.fixture(scope="module")
def solution(case_model: CaseModel) -> Solution:
    return solve_case_model(case_model, Settings(gap=1e-9, cross_check=False))


@pytest.fixture(scope="module")
def file(case_model: CaseModel, solution: Solution, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("report") / "report.html"
    return write_page(target, case_model, solution, report_parts(solution))


@pytest.mark.parametrize("width", [1440, 390])
def test_it_opens_at_the_answer(browser: Browser, file: Path, solution: Solution, width: int) -> None:
    browser.open(file, width)
    for name in ("contribution_margin", "market_share", "gpu_hours"):
        value = browser.run(f"live.world.figure(live.e, '{name}')")
        assert value == pytest.approx(solution.figure(name), rel=1e-9), name
    assert solution.verdict_text in browser.run("document.getElementById('state').textContent")
    drawn = browser.run("[...document.querySelectorAll('.chart')].map(c => c.querySelectorAll('svg path').length)")
    assert len(drawn) == 7 and all(drawn)
    assert browser.complaints() == []
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    assert browser.run(HIDDEN) == []


def test_a_dot_of_the_frontier_puts_its_menu_on_the_page(
    browser: Browser, case_model: CaseModel, solution: Solution, tmp_path: Path
) -> None:
    settings = Settings(gap=1e-4, cross_check=False)
    found = frontier_of(case_model, "market_share", "contribution_margin", settings, 4)
    browser.open(write_page(tmp_path / "page.html", case_model, solution, frontier=found), 1440)
    assert browser.run("document.querySelectorAll('#frontier .dot').length") == len(found.points) > 2
    for k, point in enumerate(found.points):
        browser.run(f"document.querySelectorAll('#frontier .dot')[{k}].dispatchEvent(new Event('click'))")
        shown = "['market_share', 'contribution_margin'].map((n) => live.world.figure(live.world.at(live.state), n))"
        told = browser.run(shown)
        assert told == pytest.approx([point.x, point.y], rel=1e-9)


def test_a_proven_menu_is_proven_under_what_the_case_states(browser: Browser, file: Path, solution: Solution) -> None:
    browser.open(file, 1440)
    browser.run("(() => { live.assume({ 'pools.main.price': 9 }); live.ask(0, 0.01);"
                " document.getElementById('minutes').click(); })()")  # fmt: skip
    browser.wait("document.getElementById('brief-state').textContent.includes('Assumed: pools.main.price 9')")
    assert "Asked: market share at least 1.0%" in browser.run("document.getElementById('brief-state').textContent")
    assert "Proven" not in browser.run("document.getElementById('state').textContent")
    browser.run("document.getElementById('best').click()")
    browser.wait("document.getElementById('state').textContent.includes('Proven')")
    assert browser.run("[live.state.assumed, live.state.bounds]") == [{}, {}]
    value = browser.run("live.world.figure(live.e, 'contribution_margin')")
    assert value == pytest.approx(solution.figure("contribution_margin"), rel=1e-9)


def test_its_policy_lets_nothing_else_run(file: Path) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', file.read_text(encoding="utf-8"))
    assert policy is not None and "unsafe" not in policy[1]


def test_without_scripts_the_whole_report_is_there(browser: Browser, file: Path) -> None:
    browser.open(file, 1440, scripts=False)
    try:
        text = browser.run("document.body.innerText")
        assert "The menu against today" in text and "Verdict and provenance" in text and "Find a good" not in text
        assert browser.run(HIDDEN) == []
        assert browser.run("[...document.images].filter(i => i.naturalWidth > 0).length") == 7
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_it_prints_whole(browser: Browser, file: Path) -> None:
    browser.open(file, 680, paper=True)
    assert browser.run(HIDDEN) == []
    assert browser.run("document.querySelector('.board .tiles').checkVisibility()")
    for said_in_the_report in ("document.querySelector('.brief-only')", "document.getElementById('plans')"):
        assert not browser.run(f"{said_in_the_report}.checkVisibility()")


def test_rules_of_one_sheet_hold_within_an_element() -> None:
    css = ":root { a: b; }\nmain, td.x { c: d; } @page { size: A4; }\n@media print { .y { e: f; } }\n"
    css += ".paper .z, #tip { g: h; }"
    assert scoped(css, ".in").split("\n") == [
        ".in { a: b; }",
        ".in, .in td.x { c: d; }",
        "@media print {",
        ".in .y { e: f; }",
        "}",
        ".paper .in .z, #tip { g: h; }",
        "",
    ]
