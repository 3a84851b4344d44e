"""The page's formulas in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from devtools import Browser
from page_engine import Engine

from optimizer.page.bundle import script


@pytest.fixture(scope="session")
def engine(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The formulas alone on a page."""
    file: Path = tmp_path_factory.mktemp("engine") / "engine.html"
    ready = "document.documentElement.dataset.drawn = 'yes'"
    file.write_text(f"<!doctype html><script>{script('engine.js', 'engine')}</script><script>{ready}</script>")
    browser.open(file, 800)
    return Engine(browser)


@pytest.fixture(autouse=True)
def _silent(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing may be complained of in the browser."""
    yield
    if "engine" in request.fixturenames:
        assert request.getfixturevalue("engine").browser.complaints() == []
