"""What axe-core finds against the page, the report and the report over months: nothing serious."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe import serious
from devtools import Browser

import optimizer
from optimizer.answer.run import solve_case_model
from optimizer.model.case_model import prepare_case
from optimizer.optimise.outcome import Settings
from optimizer.page.write import write_answer, write_page
from optimizer.report.path_html import write_path_report
from optimizer.studies.explain import explain
from optimizer.studies.frontier import frontier_of

KINDS = ("page", "report", "months")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("access")
    m, settings = prepare_case("assistant-startup-margin"), Settings(gap=1e-4, cross_check=False)
    solution = solve_case_model(m, settings)
    found = {
        "frontier": frontier_of(m, "market_share", "contribution_margin", settings, 4),
        "explanation": explain(m, solution, settings, 1),
    }
    return {
        "page": write_page(folder / "page.html", m),
        "report": write_answer(folder / "report.html", m, solution, **found),
        "months": write_path_report(folder / "months.html", optimizer.solve_case("assistant-startup-cash")),
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_serious_stands_in_the_way(browser: Browser, files: dict[str, Path], kind: str, scheme: str) -> None:
    for width in (1440, 390):
        browser.open(files[kind], width)
        try:
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.call("Emulation.setEmulatedMedia", media="screen", features=features)
            assert serious(browser) == [], (kind, scheme, width)
        finally:
            browser.call("Emulation.setEmulatedMedia", media="screen", features=[])


def test_a_fault_is_found(browser: Browser, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    ready = "<script>document.documentElement.dataset.drawn = 'yes'</script>"
    bad.write_text(f'<!doctype html><html lang="en"><title>Bad</title><main><button></button></main>{ready}</html>')
    browser.open(bad, 800)
    assert [rule for rule, *_ in serious(browser)] == ["button-name"]
