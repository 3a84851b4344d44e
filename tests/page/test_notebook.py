"""The live page in a notebook: a frame that holds it, alive, silent and apart from the notebook around it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from devtools import Browser

import optimizer
from optimizer.answer.solution import Solution
from optimizer.page.notebook import PageFrame

CASE = "assistant-startup-margin"
SHELL = "<!doctype html><title>A notebook</title><script>document.documentElement.dataset.drawn = 'yes';</script>"
FRAME = r'<iframe title="(.*?)" sandbox="([^"]*)" style="[^"]*height:700px[^"]*" srcdoc="([^"]*)"></iframe>'
MARGIN = "live.world.figure(live.e, 'contribution_margin')"


@pytest.fixture(scope="module")
def solution() -> Solution:
    return optimizer.solve_case(CASE)


@pytest.fixture(scope="module")
def frame(solution: Solution) -> PageFrame:
    found = solution.explore(height=700)
    assert isinstance(found, PageFrame)
    return found


def test_the_frame_holds_the_whole_page_and_asks_no_server(frame: PageFrame, solution: Solution) -> None:
    html = frame._repr_html_()
    held = re.fullmatch(FRAME, html, re.DOTALL)
    assert held is not None
    assert held[1] == solution.title and "allow-same-origin" not in held[2]
    assert unescape(held[3]) == frame.page and frame.page.startswith("<!doctype html>")
    assert "unsafe" not in frame.page.split("</head>")[0] and solution.input_hash[:12] in frame.page


def test_it_is_alive_in_a_frame(browser: Browser, frame: PageFrame, tmp_path: Path) -> None:
    book = tmp_path / "book.html"
    book.write_text(SHELL + frame._repr_html_(), encoding="utf-8")
    browser.open(book, 1200)
    with browser.in_frame():
        browser.wait("document.documentElement.dataset.curves !== undefined")
        assert browser.run("live.facts.case.name") == CASE
        value = browser.run(MARGIN)
        browser.run(
            "document.querySelector('#plans input[type=range]').dispatchEvent(new KeyboardEvent('keydown',"
            " { key: 'ArrowRight', bubbles: true }))"
        )
        browser.wait("document.documentElement.dataset.curves === String(live.moved) && live.moved > 0")
        assert browser.run(MARGIN) != value
        browser.run("document.getElementById('share').click()")
        browser.wait("document.getElementById('state').textContent.includes('address')")
    assert browser.complaints() == []
    assert [a for a in browser.requests() if not a.startswith(("data:", "blob:", "file:", "about:"))] == []


def test_results_show_their_chart_and_their_table(solution: Solution) -> None:
    html = solution._repr_html_()
    assert html.count("<img") == 1 and "data:image/svg+xml;base64," in html and html.count("<table") == 2
    assert 'alt="Contribution margin' in html
