"""axe-core in the test browser: what it finds against a page, by the rules of WCAG 2.1 A and AA and its best practices.

The package axe-core-python is used for the script that it carries, and for nothing else.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from devtools import Browser

SERIOUS = ("serious", "critical")
RUN = """axe.run(document, { resultTypes: ['violations'], rules: { 'color-contrast': { enabled: true } } })
  .then(({ violations, passes }) => ({
    rules: violations.length + passes.length,
    found: violations.map(({ id, impact, nodes }) => [id, impact, nodes.map(n => n.html.slice(0, 120)).slice(0, 4)]),
  }))"""


def faults(browser: Browser) -> list[Any]:
    """Rule, impact and places of everything that axe-core finds."""
    script = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    browser.run(f"{script};true")
    result = browser.run(RUN)
    assert result["rules"] > 20, "axe-core checked next to nothing"
    return list(result["found"])


def serious(browser: Browser) -> list[Any]:
    """Of these the serious ones."""
    return [fault for fault in faults(browser) if fault[1] in SERIOUS]
