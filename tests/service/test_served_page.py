"""The page with Python behind it, in a real browser: prove from here, take over, save, open again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from devtools import Browser
from running_service import Service

from optimizer.io.yaml_reader import read_yaml
from optimizer.model.case_model import prepare_case
from optimizer.page.write import page_html

CASE = "assistant-startup-margin"
READY = "document.readyState === 'complete' && globalThis.live?.served !== undefined"
OFF_LADDER = 13.37
"""A price of Plus that no ladder has."""
DRAG = f"""(() => {{
  const j = live.facts.market.plans.findIndex((p) => p.name === 'plus');
  live.begin();
  live.move({{ menu: live.state.menu.with(j, live.levers[j][0].set(live.state.menu[j], {OFF_LADDER})) }});
  live.lock(j, true);
}})()"""
CLICK = "document.getElementById({}).click()"
NARROW = """[...document.querySelectorAll('.served, .served *')]
  .filter((e) => e.checkVisibility() && e.clientWidth > 0 && !e.closest('svg, .scroll, select, input')
    && e.scrollWidth > e.clientWidth + 1).map((e) => [e.tagName, e.className, e.textContent.slice(0, 40)])"""
"""What is wider than its place."""


class Visited:
    """A browser that has the service's page open."""

    def __init__(self, browser: Browser, service: Service) -> None:
        self.browser, self.service, self.run = browser, service, browser.run

    def open(self, path: str = "/", width: int = 1440) -> None:
        self.browser.events.clear()
        self.browser.call("Emulation.setScriptExecutionDisabled", value=False)
        self.browser.call("Emulation.setEmulatedMedia", media="screen", features=[])
        self.browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
                          mobile=width < 600)  # fmt: skip
        self.browser.call("Page.navigate", url="about:blank")
        self.browser.call("Page.navigate", url=self.service.base + path)
        self.browser.wait(READY)

    def click(self, name: str) -> None:
        self.run(CLICK.format(json.dumps(name)))

    def prove(self) -> dict[str, Any]:
        """The outcome of a click."""
        self.run("live.proved = undefined; null")
        self.click("prove")
        self.browser.wait("live.proved !== undefined")
        return dict(self.run("live.proved"))

    def told(self, name: str) -> str:
        return str(self.run(f"document.getElementById({json.dumps(name)}).textContent"))

    def study(self, name: str, kind: str) -> None:
        self.run("live.studied = undefined; null")
        self.click(name)
        self.browser.wait(f"live.studied === '{kind}'")


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    service = Service(tmp_path_factory.mktemp("served"), CASE)
    found = Visited(browser, service)
    found.open(f"/?ticket={service.ticket}")
    yield found
    service.end()


@pytest.fixture
def page(opened: Visited) -> Iterator[Visited]:
    opened.open()
    yield opened
    assert opened.browser.complaints() == []


def test_a_menu_is_proven_around_a_price_that_no_ladder_has(page: Visited) -> None:
    page.run(DRAG)
    outcome = page.prove()
    document = outcome["document"]
    assert document["verdict"] == "proved" and document["menu"]["plus"]["price"] == OFF_LADDER
    asked = {"case": CASE, "locks": {"plus": {"price": [OFF_LADDER], "withdraw": False}}}
    there = page.service.ask("solve", **asked)["outcome"]["document"]
    assert document["objective"]["value"] == pytest.approx(there["objective"]["value"], rel=1e-12)
    free = page.service.ask("solve", case=CASE)["outcome"]["document"]
    assert document["objective"]["value"] < free["objective"]["value"]
    assert "Proven best" in page.told("proof-state") and "Plus as dragged" in page.told("proof-detail")
    assert page.run("document.querySelector('#closing .bound').getAttribute('d').length") > 3
    page.click("proof-take")
    page.browser.wait("document.documentElement.dataset.curves === String(live.moved)")
    assert page.run("live.world.aim(live.e)") == pytest.approx(document["objective"]["value"], rel=1e-11)
    assert page.run("live.judged.broken") == []
    page.click("undo")
    assert page.run("live.state.menu.map((t) => t?.price)").count(OFF_LADDER) == 1


def test_the_bound_is_finite_from_the_first_event_and_closes(page: Visited) -> None:
    page.run("""(() => { globalThis.told = []; const real = EventSource.prototype.addEventListener;
      EventSource.prototype.addEventListener = function (kind, f) {
        real.call(this, kind, (e) => { if (kind === 'progress') told.push(JSON.parse(e.data)); f(e); });
      }; })()""")
    page.run("live.ask(0, live.facts.case.conditions[0].bound * 0.97)")  # a question that nobody asked before
    page.prove()
    told = page.run("told")
    assert told and all(t["value"] is not None and t["bound"] >= t["value"] for t in told)
    bounds = [t["bound"] for t in told]
    assert bounds == sorted(bounds, reverse=True)


def test_conditions_costs_and_the_split_go_along(page: Visited) -> None:
    page.run("""(() => { live.assume({ 'pools.main.price': 2.9 }); live.ask(0, 0.03);
      live.move({ share: 0.33 }); live.lockSplit(true); })()""")
    outcome = page.prove()
    document = outcome["document"]
    assert document["mix"]["enterprise_share"] == 0.33
    assert document["audit"]["conditions"][0]["bound"] == pytest.approx(0.03, rel=1e-12)
    page.click("proof-take")
    page.browser.wait("document.documentElement.dataset.curves === String(live.moved)")
    assert page.run("live.world.aim(live.e)") == pytest.approx(document["objective"]["value"], rel=1e-11)


def test_what_cannot_be_met_is_told(page: Visited) -> None:
    page.run("live.ask(0, 0.9)")
    page.click("prove")
    page.browser.wait(
        "document.getElementById('proof-stop').hidden && document.getElementById('proof-state').textContent"
    )
    assert "no menu meets the conditions" in page.told("proof-state")
    assert page.run("document.getElementById('proof-take').hidden")


def test_a_frontier_point_is_put_on_the_page(page: Visited) -> None:
    page.study("ask-frontier", "frontier")
    count = page.run("document.querySelectorAll('#trade .dot').length")
    assert count > 3
    for k in range(count):
        page.run(f"document.querySelectorAll('#trade .dot')[{k}].dispatchEvent(new KeyboardEvent('keydown',"
                 " { key: 'Enter' }))")  # fmt: skip
        page.browser.wait("document.documentElement.dataset.curves === String(live.moved)")
        share, margin = page.run("['market_share', 'contribution_margin'].map((n) => live.world.figure(live.e, n))")
        told = page.run(f"document.querySelectorAll('#trade .dot')[{k}].getAttribute('aria-label')")
        assert page.run(f"{json.dumps(told)}.includes(({share * 100}).toFixed(1))"), told
        assert margin != 0.0


def test_worlds_are_compared(page: Visited) -> None:
    page.click("ask-compare")
    assert "keep them as a world" in page.told("study-state")
    page.run("live.assume({ 'pools.main.price': 4 })")
    page.click("keep-world")
    page.study("ask-compare", "compare")
    assert page.run("[...document.querySelectorAll('#study tbody tr')].length") >= 2
    assert page.run("[...document.querySelectorAll('#study thead th')].length") == 5


def test_a_robust_menu_with_its_range(page: Visited) -> None:
    page.run("live.served.studies.begin('robust', { options: { draws: 6, fresh: 6, alone: true } })")
    page.browser.wait("live.studied === 'robust'")
    assert "draws" in page.told("study")
    assert page.run("document.querySelectorAll('#study tbody td').length") >= 5
    before = page.run("live.moved")
    page.run("document.querySelector('#study button.link').click()")
    assert page.run("live.moved") > before


def test_the_report_is_a_page_of_its_own(page: Visited) -> None:
    page.study("ask-report", "report")
    link = page.run("document.getElementById('report-link').getAttribute('href')")
    text = page.service.client.get(link).text
    assert text.startswith("<!doctype html>") and "Proven best" in text and "connect-src" not in text


def test_a_case_over_months_is_told_with_its_report(page: Visited) -> None:
    page.open("/?case=assistant-startup-cash")
    page.browser.wait("document.getElementById('months-report') !== null")
    assert "Proven" in page.told("months-state")
    link = page.run("document.getElementById('months-report').getAttribute('href')")
    assert "Two years" in page.service.client.get(link).text


def test_what_is_saved_is_the_menu_of_the_page(page: Visited) -> None:
    page.run(DRAG)
    page.run("document.getElementById('case-name').value = 'from the page'; null")
    page.click("case-save")
    page.browser.wait("document.getElementById('case-state').textContent !== ''")
    assert "a name has letters" in page.told("case-state")
    page.run("document.getElementById('case-name').value = 'mine'; null")
    page.click("case-save")
    page.browser.wait("document.getElementById('case-state').textContent.startsWith('Saved')")
    page.browser.wait("[...document.getElementById('case-choice').options].some((o) => o.value === 'mine')")
    aim = page.run("live.world.aim(live.e)")
    told = page.service.ask("solve", case="mine")["outcome"]["document"]
    assert told["menus"] == 1 and told["objective"]["value"] == pytest.approx(aim, rel=1e-11)
    page.open("/?case=mine")
    assert page.run("live.levers[1][0].ladder") == [OFF_LADDER]


def test_a_run_is_listed_and_opened_again(page: Visited) -> None:
    page.run(DRAG)
    value = page.prove()["document"]["objective"]["value"]
    page.run("document.getElementById('runs-box').open = true; null")
    page.browser.wait("document.querySelector('#runs tbody tr') !== null")
    assert "proved" in page.told("runs")
    key = next(r["key"] for r in page.service.client.get("/v1/runs").json() if r["value"] == value)
    page.open(f"/?run={key}")
    page.browser.wait("live.opened !== undefined && document.documentElement.dataset.curves === String(live.moved)")
    assert page.run("live.world.aim(live.e)") == pytest.approx(value, rel=1e-11)
    assert "Proven best" in page.told("proof-state")


def test_what_customers_are_like_is_calibrated_anew(page: Visited) -> None:
    path = "segments.individuals.usage.sigma"
    assert page.run(f"live.served.beliefs.rows.some((n) => n.path === '{path}')")
    page.run(f"""(() => {{ document.getElementById('belief').value = '{path}';
      document.getElementById('belief-value').value = 'x1.1'; }})()""")
    page.click("belief-go")
    page.browser.wait(f"location.search !== '' && {READY}")
    there = prepare_case(CASE, sets={f"recalibrate:{path}": "x1.1"})
    for name in ("market_share", "contribution_margin", "serving_cost"):
        value = page.run(f"live.world.figure(live.e, '{name}')")
        assert value == pytest.approx(there.today.figure(name), rel=1e-11), name
    assert path in page.run("live.exported()")
    assert page.prove()["document"]["input_hash"] == there.inputs.hash
    page.run("document.querySelector('#beliefs button').click()")
    page.browser.wait(f"!location.search.includes('change') && {READY}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_it_fits_and_can_be_reached_by_keyboard(page: Visited, width: int, scheme: str) -> None:
    page.open("/", width)
    page.browser.call("Emulation.setEmulatedMedia", media="screen",
                      features=[{"name": "prefers-color-scheme", "value": scheme}])  # fmt: skip
    page.prove()
    page.run("document.getElementById('runs-box').open = true; null")
    page.browser.wait("document.querySelector('#runs tbody tr') !== null")
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    assert page.run(NARROW) == []
    unreachable = page.run("""[...document.querySelectorAll('.served button, .served a, .served select, .served input')]
      .filter((e) => e.checkVisibility() && !e.disabled)
      .filter((e) => { e.focus(); return document.activeElement !== e; })
      .map((e) => e.outerHTML.slice(0, 80))""")
    assert unreachable == []


def test_only_the_served_page_may_ask() -> None:
    case_model = prepare_case(CASE)
    file, served = page_html(case_model), page_html(case_model, served={"ask": {"case": CASE}, "run": None})
    assert "connect-src" not in file and "default-src 'none'" in file
    assert "connect-src 'self'" in served and "unsafe" not in served
    assert len(served.encode()) < 130_000


def test_a_saved_file_can_be_read(page: Visited) -> None:
    """What is taken along as a file is what the command runs."""
    text = page.service.client.post(
        "/v1/file", params={"form": "yaml"}, json={"case": CASE, "sets": {"pools.main.price": 3}}
    )
    path = page.service.workspace / "taken.yaml"
    path.write_text(text.text, encoding="utf-8")
    assert read_yaml(path).data["changes"] == {"pools.main.price": {"to": 3.0}}
    assert prepare_case(path).inputs.changed.pools["main"].price.value == 3.0
    book = page.service.client.post("/v1/file", params={"form": "xlsx"}, json={"case": CASE})
    file = page.service.workspace / "taken.xlsx"
    file.write_bytes(book.content)
    assert prepare_case(file).inputs.case.objective.maximise == "contribution_margin"
