"""The command as a process of its own, and a small company to ask about."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MARKET = Path(__file__).parents[1] / "corpus" / "market"
CASE = """\
title: A small question
question: Which prices earn the most?
market: small
plans:
  free: {allowances: {large: {day: [6, 12]}}}
  plus: {price: [10, 12, 15]}
  team: {price: [20, 25, 30]}
mix: {enterprise_share: [0.3, 0.4]}
conditions:
  - {figure: gross_margin_rate, at_least: 0.5}
"""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object that was printed, and nothing else."""
        body, end = json.JSONDecoder().raw_decode(self.out)
        assert self.out[end:] == "\n"
        assert isinstance(body, dict)
        return body


def environment(**more: str) -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONWARNINGS", "FORCE_COLOR", "NO_COLOR")}
    path = [more.pop("PYTHONPATH", ""), kept.get("PYTHONPATH", ""), "" if installed() else root]
    return {**kept, **more, "PYTHONPATH": os.pathsep.join(p for p in path if p)}


def installed() -> bool:
    """Whether the package under test is installed, rather than the checkout on the path."""
    import optimizer

    return not Path(str(optimizer.__file__)).is_relative_to(Path(__file__).parents[2] / "optimizer")


@pytest.fixture
def run_process(tmp_path: Path) -> Callable[..., Ran]:
    """Run ``python -m optimizer`` in a folder of its own; ``site`` is code that runs before it."""

    def run(*arguments: object, site: str = "", variables: dict[str, str] | None = None, **options: Any) -> Ran:
        more = dict(variables or {})
        if site:
            folder = tmp_path / "site"
            folder.mkdir(exist_ok=True)
            (folder / "sitecustomize.py").write_text(site, encoding="utf-8")
            more["PYTHONPATH"] = str(folder)
        command = [sys.executable, "-m", "optimizer", *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, env=environment(**more), **options
        )
        assert "Traceback" not in done.stdout + done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def start_process(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start ``python -m optimizer`` in a folder of its own, its output in pipes unless told otherwise."""

    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "optimizer", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(command, text=True, encoding="utf-8", cwd=tmp_path, env=environment(), **pipes)

    return start


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """The same in this process, which is quicker."""
    from optimizer.cli.main import main

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)

    return run


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A small case with its market beside it."""
    path = tmp_path / "company" / "cases" / "question.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(CASE, encoding="utf-8")
    shutil.copytree(MARKET, tmp_path / "company" / "models" / "small")
    return path
