"""The README's Python runs as it stands, and its commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
COMMANDS = sorted(set(re.findall(r"^optimizer ([a-z]+)", README.read_text(encoding="utf-8"), re.M)))


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_blocks_run(number: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKS[number]], cwd=README.parent, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from optimizer.cli.main import main

    assert main([command, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_there_is_something_to_run() -> None:
    assert len(BLOCKS) >= 2
    assert {"run", "evaluate", "frontier", "compare", "explain", "sensitivity", "verify"} <= set(COMMANDS)
