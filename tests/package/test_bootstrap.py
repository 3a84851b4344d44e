"""Setting up: the lock, and what the bootstrap does on machines that lack something."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The bootstrap as a module, set to work in an empty folder."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "bootstrap.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    for name, path in {"ROOT": tmp_path, "VENV": venv, "BIN": venv / "bin", "PYTHON": venv / "bin" / "python"}.items():
        monkeypatch.setattr(module, name, path)
    monkeypatch.setattr(module, "STAMP", venv / "installed-lock.txt")
    return module


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_is_hashes_only_and_complete() -> None:
    lock = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in lock
    entry = re.compile(r"[a-z0-9-]+==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lock.splitlines() if not entry.fullmatch(line)] == []
    locked = {normal(line.split("==")[0]) for line in lock.splitlines() if "==" in line and not line.startswith(" ")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    assert {normal(re.split(r"[<>=;! ]", name)[0]) for name in wanted} <= locked
    assert re.search(r"^highspy==1\.16\.", lock, re.MULTILINE)


def test_unknown_targets_are_told_the_known_ones() -> None:
    done = subprocess.run([sys.executable, ROOT / "bootstrap.py", "tset"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "test-full" in done.stderr


def test_make_and_bootstrap_have_the_same_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^TARGETS := (.*)$", makefile, re.MULTILINE)
    assert targets is not None
    listed = re.findall(r'^        "([a-z-]+)":', (ROOT / "bootstrap.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(targets.group(1).split()) == sorted(listed)


def test_a_missing_venv_module_names_the_package(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "find_uv", lambda: None)
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"apt install python3\.\d+-venv"):
        bootstrap.make_environment()


def test_the_lock_is_installed_only_when_it_changed(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "run", lambda command, **_: steps.append([str(part) for part in command]))
    bootstrap.VENV.mkdir()
    bootstrap.install_lock()
    assert len(steps) == 1
    assert {"--require-hashes", "-r"} <= set(steps[0])
    assert bootstrap.STAMP.read_text().strip() == hashlib.sha256((ROOT / "constraints.txt").read_bytes()).hexdigest()
    bootstrap.install_lock()
    assert len(steps) == 1
    bootstrap.STAMP.write_text("another\n")
    bootstrap.install_lock()
    assert len(steps) == 2


def test_a_broken_environment_is_replaced(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "run", lambda command, **_: steps.append([str(part) for part in command]))
    bootstrap.VENV.mkdir()
    (bootstrap.VENV / "left-over").touch()
    bootstrap.make_environment()
    assert len(steps) == 1
    assert not (bootstrap.VENV / "left-over").exists()


def test_the_demo_names_its_page(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "install", lambda: None)
    monkeypatch.setattr(bootstrap, "run", lambda command, **_: steps.append([str(part) for part in command]))
    assert bootstrap.main(["demo"]) == 0
    page = str(bootstrap.ROOT / "build" / "demo" / f"{bootstrap.DEMO_CASE}.html")
    assert [step[1] for step in steps] == ["run", "page"] and page in steps[1]
    told = capsys.readouterr().out
    assert f"open {page}" in told and f"serve {bootstrap.DEMO_CASE}" in told


@pytest.mark.parametrize("code", [0, 3])
def test_a_step_beside_others_is_told_where_it_failed(
    code: int, bootstrap: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []
    command = [sys.executable, "-c", f"print('its words'); raise SystemExit({code})"]

    def both() -> None:
        with bootstrap.beside(command):
            seen.append("the tests")

    if code:
        with pytest.raises(subprocess.CalledProcessError) as error:
            both()
        assert error.value.returncode == code
    else:
        both()
    told = capsys.readouterr().out
    assert seen == ["the tests"] and "(beside the tests)" in told
    assert ("\nits words\n" in told) == bool(code)


def test_a_failing_step_is_the_exit_code(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise subprocess.CalledProcessError(3, "x")

    monkeypatch.setattr(bootstrap, "install", fail)
    assert bootstrap.main(["demo"]) == 3
    assert bootstrap.main([]) == 2
