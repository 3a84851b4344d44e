"""The documentation: its commands and programs run as they stand, its links lead somewhere, the site can be built."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PROGRAM = runpy.run_path(str(DOCS / "write_pages.py"))
SECTIONS = [(name, k, text) for name in PROGRAM["PAGES"] for k, text in enumerate(PROGRAM["sections"](name))]
SECTIONS = [(name, k, text) for name, k, text in SECTIONS if PROGRAM["CONSOLES"].search(text)]
QUESTIONS = [text for name, _, text in SECTIONS if name == "questions"]
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("models/**/*.md"), *ROOT.glob("examples/*.md")])
LINK = re.compile(r"\[[^]\n]*\]\(([^)\s]+)\)")
AT_LENGTH = {"learn"}
"""Pages whose commands take long; what these do is tried in their own tests."""
GENERATED = {"equations", "cases", "dictionary", "python"}


@pytest.mark.parametrize(
    ("name", "number", "told"),
    [pytest.param(*s, id="-".join(map(str, s[:2])), marks=[pytest.mark.full] if s[0] in AT_LENGTH else [])
     for s in SECTIONS],
)  # fmt: skip
def test_the_answer_is_as_told(name: str, number: int, told: str, tmp_path: Path) -> None:
    assert PROGRAM["answered"](told, tmp_path) == told, "run docs/write_pages.py, then read the words of the page"


def test_every_question_asks_something_and_gets_an_answer() -> None:
    assert len(QUESTIONS) >= 7
    for number, question in enumerate(QUESTIONS, 1):
        assert question.startswith(f"## {number}. ")
        lines = "".join(PROGRAM["CONSOLES"].findall(question)).splitlines()
        commands = [line for line in lines if line.startswith("$ optimizer ")]
        assert commands and len(lines) > len(commands)


def test_a_wrong_answer_is_seen(tmp_path: Path) -> None:
    asked = (
        "```console\n$ optimizer evaluate assistant-startup-today\nContribution margin: 1 k usd\nno such line\n```\n"
    )
    found = PROGRAM["answered"](asked, tmp_path)
    assert "85.3 k usd" in found and "no line of the output from here on is: no such line" in found


def test_links_lead_to_files() -> None:
    """Of every page, from where it stands; generated pages are known by name."""
    checked, broken = 0, []
    for page in PAGES:
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            target = link.split("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            checked += 1
            made = target.startswith("reference/") and Path(target).stem in GENERATED
            if not made and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert not broken and checked > 30


def test_programs_of_the_pages_run() -> None:
    """One process for all pages; each page from the top, as one program."""
    programs = {
        page.name: re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
        for page in DOCS.glob("*.md")
    }
    code = "".join(f"exec({chr(10).join(blocks)!r}, {{}})\n" for blocks in programs.values() if blocks)
    assert code
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """Pages that no other leads to, broken anchors and docstrings that cannot be read are warnings."""
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        str(DOCS),
        str(tmp_path / "site"),
    ]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    pages = {str(p.relative_to(tmp_path / "site")) for p in (tmp_path / "site").rglob("*.html")}
    assert {f"reference/{name}.html" for name in GENERATED} | {"index.html", "start.html", "faq.html"} <= pages
    outside = [
        p.name
        for p in (tmp_path / "site").rglob("*.html")
        if re.search(r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="(?:https?:)?//', p.read_text(encoding="utf-8"))
    ]
    assert not outside, "the site asks another machine for something"
