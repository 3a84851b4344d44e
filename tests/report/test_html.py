"""The report as text: nothing loads, nothing breaks out, the same input gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import altair as alt
import pytest

from optimizer.economics.figures import FIGURES
from optimizer.report import charts
from optimizer.report.html import data_block, report_html, runtime
from optimizer.report.html_tables import safe_link
from optimizer.report.words import heading

from .conftest import EVIL

LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "xlink:href", "ping"}


class Outline(HTMLParser):
    """Tags with attributes, and the text of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)


@pytest.fixture(scope="module")
def texts(files: dict[str, Path]) -> dict[str, str]:
    return {name: path.read_text(encoding="utf-8") for name, path in files.items()}


@pytest.mark.parametrize("name", ["full", "plain", "hostile"])
def test_nothing_is_loaded_from_outside(texts: dict[str, str], name: str) -> None:
    outline = Outline(texts[name])
    for tag, attributes in outline.tags:
        for key, value in attributes.items():
            if key in LOADING or (key == "href" and tag != "a"):
                assert str(value).startswith("data:"), (tag, key, value)
            assert not key.startswith("on"), (tag, key)
            if key == "href" and tag == "a":
                assert str(value).startswith(("https://", "http://", "#s-"))
        assert tag not in ("iframe", "object", "embed", "base", "form", "audio", "video")
    styles = "".join(re.findall(r"<style>(.*?)</style>", texts[name], re.DOTALL))
    assert "url(" not in styles and "@import" not in styles


@pytest.mark.parametrize("name", ["full", "plain", "hostile"])
def test_only_our_two_scripts_may_run(texts: dict[str, str], name: str) -> None:
    outline = Outline(texts[name])
    policy = next(str(a["content"]) for t, a in outline.tags if t == "meta" and "http-equiv" in a)
    running = [text for attributes, text in outline.scripts if "type" not in attributes]
    assert len(running) == 2
    for text in running:
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
    assert "default-src 'none'" in policy and "unsafe-eval" not in policy
    for attributes, text in outline.scripts:
        if attributes.get("type") == "application/json":
            json.loads(text)


def test_names_stay_text(texts: dict[str, str]) -> None:
    text = texts["hostile"]
    outline = Outline(text)
    assert "<img src=x" not in text
    assert not any(t == "img" and a.get("src") == "x" for t, a in outline.tags)
    assert len(outline.scripts) == len(Outline(texts["full"]).scripts)
    ours = text.replace(runtime(), "")
    assert not [c for c in ours if not c.isprintable() and c != "\n"]
    assert r"\x07\x1b[31m\x202e" in text


def test_the_same_input_gives_the_same_bytes(studies: dict[str, Any], texts: dict[str, str]) -> None:
    assert report_html(**studies) == texts["full"]


def test_size(files: dict[str, Path]) -> None:
    for name, path in files.items():
        assert path.stat().st_size < 3e6, name
    assert len(runtime()) < 1.5e6


def test_sections_without_data_are_left_out(texts: dict[str, str]) -> None:
    for section in (
        "If the world turns out differently",
        "Which numbers matter most",
        "How customers answer",
        "Runners-up",
    ):
        assert section in texts["full"]
        assert section not in texts["plain"]
    assert "The menu against today" in texts["plain"] and "Verdict and provenance" in texts["plain"]


def test_numbers_are_those_of_the_solution(studies: dict[str, Any], texts: dict[str, str]) -> None:
    solution = studies["solution"]
    assert solution.input_hash in texts["full"]
    assert solution.verdict_text in texts["full"]
    assert f"{solution.objective.value:,.2f}" in texts["full"]


def test_figures_tell_what_they_are(texts: dict[str, str], studies: dict[str, Any]) -> None:
    definition = FIGURES["contribution_margin"].definition
    hints = [str(a["title"]) for t, a in Outline(texts["full"]).tags if t == "abbr"]
    assert sum(hint.startswith(definition) for hint in hints) >= 4  # a tile, two tables, headings
    assert all(hint.endswith(" is better.") for hint in hints)
    glossary = texts["plain"].split('id="s-what-the-figures-mean"')[1].split("</dl>")[0]
    names = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", glossary)
    assert [name for name, _ in names] == [heading(f.name) for f in studies["solution"].figures]
    assert dict(names)["Leave rate"].endswith("In % a month; less is better.")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://example.org/a?b=1", True),
        ("http://example.org", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("JaVaScRiPt:alert(1)", False),
        ("https://", False),
        ("https://[", False),
        ("https://a\nb", False),
        ("//example.org", False),
        ("", False),
        (None, False),
    ],
)
def test_links(address: str | None, kept: bool) -> None:
    assert (safe_link(address) is not None) == kept


def test_data_block_ends_nowhere() -> None:
    block = data_block({"a": EVIL, "b": "<!--", "c": float("nan"), "d": "\u2028"})
    assert not set(block) & set("<>&\u2028\x07")
    assert json.loads(block) == {"a": EVIL, "b": "<!--", "c": None, "d": "\u2028"}


def test_charts_are_valid_altair_objects(studies: dict[str, Any]) -> None:
    solution, explanation = studies["solution"], studies["explanation"]
    made = [
        charts.waterfall_chart(solution),
        charts.frontier_chart(studies["frontier"]),
        charts.frontier_chart(studies["frontier"], solution),
        charts.comparison_chart(studies["comparison"]),
        charts.comparison_chart(studies["comparison"], what="value"),
        charts.tornado_chart(studies["tornado"]),
        charts.response_chart(explanation),
        charts.usage_chart(solution),
        charts.channel_chart(solution),
        charts.segments_chart(explanation),
    ]
    for chart in made:
        assert isinstance(chart, alt.TopLevelMixin)
        chart.to_dict()
