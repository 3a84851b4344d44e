"""The built wheel: what is in it, and that it works away from the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import optimizer.errors

ROOT = Path(__file__).resolve().parent.parent.parent
SKIPPED = {"__pycache__"}


def build(kind: str, target: Path, source: Path = ROOT) -> Path:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", target], cwd=source, check=True)
    (built,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def data_files() -> list[str]:
    return sorted(
        p.relative_to(ROOT).as_posix()
        for folder in ("models", "cases")
        for p in (ROOT / folder).rglob("*")
        if p.is_file() and not p.name.startswith(".") and not SKIPPED & set(p.parts)
    )


def test_only_one_name_is_importable(names: list[str]) -> None:
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"optimizer"}


def test_markets_and_cases_are_inside(names: list[str]) -> None:
    shipped = sorted(n.removeprefix("optimizer/_data/") for n in names if n.startswith("optimizer/_data/"))
    assert [n for n in shipped if not n.split("/")[-1].startswith(".")] == data_files()


def test_every_module_the_type_marker_and_the_licence_are_inside(names: list[str]) -> None:
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "optimizer").rglob("*.py")}
    assert modules <= set(names)
    assert "optimizer/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_metadata(wheel: Path, names: list[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        texts = {n.split("/")[-1]: archive.read(n).decode() for n in names if ".dist-info/" in n}
    assert "optimizer = optimizer.__main__:main" in texts["entry_points.txt"]
    assert "Requires-Python: >=3.11" in texts["METADATA"]
    assert "Requires-Dist: highspy<1.17,>=1.16" in texts["METADATA"]
    assert "License-Expression: MIT" in texts["METADATA"]


def run_in(folder: Path, wheel: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this Python on the unpacked wheel, away from the checkout."""
    unpacked = folder / "unpacked"
    if not unpacked.exists():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked)
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_library_finds_its_data_in_the_wheel(wheel: Path, tmp_path: Path) -> None:
    code = "from optimizer.io.library import *\nprint(data_folder()); print(*list_cases()); print(*list_markets())"
    done = run_in(tmp_path, wheel, "-c", code)
    assert done.returncode == 0, done.stderr
    folder, cases, markets = done.stdout.split("\n")[:3]
    assert Path(folder) == tmp_path / "unpacked" / "optimizer" / "_data"
    assert cases.split() == sorted(p.stem for p in (ROOT / "cases").glob("*.yaml"))
    assert markets.split() == sorted(
        {Path(n).parts[1] for n in data_files() if n.startswith("models/") and n.count("/") > 1}
    )


@pytest.mark.skipif(not (ROOT / "optimizer" / "__main__.py").is_file(), reason="no command line yet")
def test_python_minus_m(wheel: Path, tmp_path: Path) -> None:
    done = run_in(tmp_path, wheel, "-m", "optimizer", "--version")
    assert done.returncode == 0, done.stderr
    assert "0.1.0" in done.stdout


def test_the_source_archive_builds_the_same_wheel(tmp_path: Path, names: list[str]) -> None:
    archive = build("sdist", tmp_path / "sdist")
    with tarfile.open(archive) as packed:
        packed.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
        packed.extractall(tmp_path)
    (source,) = tmp_path.glob("pricing_strategy_optimizer-*")
    for needed in ("Makefile", "bootstrap.py", "constraints.txt", "tests/conftest.py", "LICENSE", "README.md"):
        assert (source / needed).is_file(), needed
    again = build("wheel", tmp_path / "again", source)
    with zipfile.ZipFile(again) as packed_again:
        assert sorted(packed_again.namelist()) == sorted(names)
    shutil.rmtree(source)


@pytest.mark.skipif("OPTIMIZER_TESTS_USE_WHEEL" not in os.environ, reason="only 'make test' runs on the wheel")
def test_the_tests_run_against_the_installed_wheel() -> None:
    place = Path(optimizer.errors.__file__).resolve()
    assert "site-packages" in place.parts
    assert place.parent != ROOT / "optimizer"
