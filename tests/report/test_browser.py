"""The report in a real browser: drawn, silent, offline, and readable on a screen, a phone and paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from devtools import Browser

ALWAYS, PANELS = 7, 3 * 3 + 2 * 3
"""Charts of every report; small ones by price and by lever."""
REPORTS = {"full": ALWAYS + 6 + PANELS, "changed": ALWAYS + 1, "hostile": ALWAYS + 6 + PANELS}
"""Charts in each."""
SIZES = {"desktop": (1440, False), "phone": (390, False), "paper": (680, True)}
TEXTS = """(() => {
  const boxes = [];
  const seen = e => e.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const add = (text, r, box) => {
    if (r.width > 1 && r.height > 2) boxes.push([text.trim().slice(0, 40), r.left, r.top, r.right, r.bottom, box]);
  };
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const parent = node.parentElement;
    if (!node.textContent.trim() || parent.closest('svg, script, style, noscript, thead') || !seen(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects()) add(node.textContent, r, '');
  }
  for (const chart of document.querySelectorAll('.chart')) {
    for (const text of chart.querySelectorAll('svg text')) {
      if (text.textContent.trim() && seen(text)) add(text.textContent, text.getBoundingClientRect(), chart.id);
    }
  }
  return boxes;
})()"""


@pytest.fixture(scope="module", params=[(r, s) for r in REPORTS for s in SIZES], ids="-".join)
def page(request: pytest.FixtureRequest, browser: Browser, files: dict[str, Path]) -> Browser:
    """A report opened at a size."""
    report, size = request.param
    width, paper = SIZES[size]
    browser.open(files[report], width, paper=paper)
    return browser


def test_charts_are_drawn(page: Browser) -> None:
    counts = page.run(
        "[...document.querySelectorAll('.chart')].map(c => [c.id, c.querySelectorAll("
        "'svg .mark-rect path, svg .mark-symbol path, svg .mark-line path, svg .mark-rule line').length,"
        " c.getAttribute('aria-label').length])"
    )
    expected = page.run("location.pathname.split('/').pop().split('.')[0]")
    assert len(counts) == REPORTS[expected]
    for chart, marks, words in counts:
        assert marks > 0, chart
        assert words > 20, chart


def test_no_complaint_and_no_request(page: Browser) -> None:
    assert page.complaints() == []
    asked = [address for address in page.requests() if not address.startswith("data:")]
    assert len(asked) == 1 and asked[0].startswith("file:")


def test_names_stay_text(page: Browser) -> None:
    assert page.run("document.title") != "broken"
    assert page.run("document.querySelectorAll('main img[src=x], main script:not([type])').length") == 0


def test_nothing_overflows(page: Browser) -> None:
    wide = page.run("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1]
    hidden = page.run(
        "[...document.querySelectorAll('.scroll, .chart, .tile, td')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0)"
        ".map(e => [e.className, e.id, e.scrollWidth, e.clientWidth, e.textContent.slice(0, 60)])"
    )
    assert hidden == []
    cut = page.run(
        "[...document.querySelectorAll('.chart svg text')].filter(t => t.textContent.trim()).filter(t => {"
        "const r = t.getBoundingClientRect(), s = t.closest('svg').getBoundingClientRect();"
        "return r.left < s.left - 1 || r.right > s.right + 1 || r.top < s.top - 1 || r.bottom > s.bottom + 1; })"
        ".map(t => [t.closest('.chart').id, t.textContent])"
    )
    assert cut == []


def overlaps(boxes: list[list[Any]]) -> list[tuple[str, str, str]]:
    """Pairs of texts whose boxes, less a pixel or two of leading, share area."""
    boxes = sorted(boxes, key=lambda b: b[2])
    found = []
    for index, (text, left, top, right, bottom, chart) in enumerate(boxes):
        for other, left2, top2, right2, bottom2, chart2 in boxes[index + 1 :]:
            if top2 >= bottom - 3:
                break
            if min(right, right2) - max(left, left2) > 1.5 and min(bottom, bottom2) - max(top, top2) > 3:
                found.append((chart or chart2, text, other))
    return found


def test_no_texts_overlap(page: Browser) -> None:
    boxes = page.run(TEXTS)
    assert len(boxes) > 150
    assert overlaps(boxes) == []


def test_the_overlap_test_sees_overlaps() -> None:
    assert overlaps([["a", 0, 0, 30, 12, ""], ["b", 20, 4, 50, 16, ""]]) == [("", "a", "b")]
    assert overlaps([["a", 0, 0, 30, 12, ""], ["b", 31, 0, 50, 12, ""], ["c", 0, 11, 30, 23, ""]]) == []


def test_a_dot_of_the_frontier_tells_its_menu(browser: Browser, files: dict[str, Path]) -> None:
    browser.open(files["full"], 1440)
    place = browser.run(
        "(() => { const c = [...document.querySelectorAll('.chart')]"
        ".find(c => c.getAttribute('aria-label').includes('efficient menus'));"
        "c.scrollIntoView({ block: 'center' });"
        "const r = [...c.querySelectorAll('.mark-symbol path')][3].getBoundingClientRect();"
        "return [(r.left + r.right) / 2, (r.top + r.bottom) / 2]; })()"
    )
    for step in (0, 1):
        browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0] + step, y=place[1])
    browser.wait("!document.getElementById('tip').hidden")
    told = browser.run("document.getElementById('tip').textContent")
    assert "Market share" in told and "Plus" in told and "proven" in told


def test_without_scripts_still_pictures_stand_in(browser: Browser, files: dict[str, Path]) -> None:
    browser.open(files["full"], 1440, scripts=False)
    try:
        shown = browser.run("[...document.images].filter(i => i.naturalWidth > 0 && i.alt.length > 20).length")
        assert shown == browser.run("document.querySelectorAll('.chart').length") > 0
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_prints(browser: Browser, files: dict[str, Path], tmp_path: Path) -> None:
    browser.open(files["full"], 1440)
    browser.pdf(tmp_path / "report.pdf")
    printed = (tmp_path / "report.pdf").read_bytes()
    assert printed.startswith(b"%PDF") and len(printed) > 50_000
