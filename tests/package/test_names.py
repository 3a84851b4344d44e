"""One word for one thing: class names are unique, and what a source cites is in the repository."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for p in (ROOT / "optimizer").rglob("*.py") if "_data" not in p.parts)


def repeated_classes(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Class name -> the files that define it, where there are several; from pairs of a file and its text."""
    found: dict[str, list[str]] = defaultdict(list)
    for path, text in sources:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(path)
    return {name: paths for name, paths in found.items() if len(paths) > 1}


def test_class_names_are_unique() -> None:
    texts = [(p.relative_to(ROOT).as_posix(), p.read_text(encoding="utf-8")) for p in SOURCES]
    assert sum(text.count("\nclass ") for _, text in texts) > 150
    assert repeated_classes(texts) == {}


def test_the_scan_sees_a_second_class() -> None:
    texts = [("a.py", "class Box: ...\nclass Cell: ..."), ("b.py", "def f():\n    class Box: ...")]
    assert repeated_classes(texts) == {"Box": ["a.py", "b.py"]}


def test_sources_cite_only_documents_that_are_here() -> None:
    documents = {p.name for p in ROOT.rglob("*.md")}
    assert {"README.md", "searching.md"} <= documents
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        missing = set(re.findall(r"\b[\w-]+\.md\b", text)) - documents
        assert not missing, f"{path.name} cites {missing}"
        assert not re.search(r"§|\bsection \d", text), f"{path.name} cites a section by number"
