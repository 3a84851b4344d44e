"""The version of the package, told without reading metadata."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from optimizer.versions import PACKAGES, own_version, package_version, source_hash, versions


def test_it_is_what_the_metadata_says() -> None:
    try:
        installed = version(PACKAGES[0])
    except PackageNotFoundError:
        installed = "unknown"
    assert own_version() == installed
    assert versions()[PACKAGES[0]] == installed


def test_the_first_folder_on_the_path_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place, name in (
        ("a", "pricing_strategy_optimizer_tools-1.0.dist-info"),
        ("a", "pricing_strategy_optimizer"),
        ("b", "pricing_strategy_optimizer-9.8.7rc1.dist-info"),
        ("c", "pricing_strategy_optimizer-1.2.3.dist-info"),
    ):
        (tmp_path / place / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path / place) for place in ("nowhere", "a", "b", "c")])
    assert own_version() == "9.8.7rc1"


def test_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert own_version() == "unknown"
    assert package_version("no-such-package-here") == "unknown"


def test_the_hash_is_of_names_and_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimizer.versions.__file__", str(tmp_path / "versions.py"))
    found = [source_hash()]
    for path, text in (("a.py", "x = 1"), ("b/c.py", ""), ("a.py", "x = 2"), ("b/d.py", "")):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
        found.append(source_hash())
    assert len(set(found)) == 5 and all(len(one) == 16 for one in found)
    # neither data nor what Python makes of the source
    for path in ("_data/a.py", "b/notes.txt", "b/c.pyc"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("new")
        assert source_hash() == found[-1], path
    (tmp_path / "a.py").rename(tmp_path / "z.py")
    assert source_hash() not in found
