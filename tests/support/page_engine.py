"""The page's formulas in a browser, fed with markets and menus."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devtools import Browser
from page_worlds import World

from optimizer.economics.figures import FIGURES
from optimizer.market.prepare import Prepared
from optimizer.page.facts import figure_facts, market_facts
from optimizer.page.payload import packed

AT_MENUS = """(async () => {
  const facts = await engine.unpack('%s'), market = engine.market(facts.market);
  return %s.map(({ menu, share, budget, parts }) => {
    const e = engine.atMenu(market, menu, share, budget);
    const names = Object.keys(facts.figures);
    const figures = parts.map((part) => names.map((name) => engine.figureOf(facts.figures, e, name, part)));
    return { figures, busy: e.busy.map((x) => [...x]), burst: e.burst.map((x) => [...x]), cost: e.capacityCost };
  });
})()"""


@dataclass
class Engine:
    """The formulas as the page has them."""

    browser: Browser

    def at_menus(self, prepared: Prepared, worlds: Sequence[World], parts: Sequence[Sequence[Any]]) -> list[Any]:
        """Figures by part, and GPUs, of a market at menus."""
        facts = packed({"market": market_facts(prepared), "figures": figure_facts(FIGURES)})
        asked = [
            {"menu": w.menu, "share": w.enterprise_share, "budget": w.budget, "parts": list(p)}
            for w, p in zip(worlds, parts, strict=True)
        ]
        found = self.browser.run(AT_MENUS % (facts, json.dumps(asked)))
        assert isinstance(found, list)
        return found
