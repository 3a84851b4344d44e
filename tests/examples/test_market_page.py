"""The command that the page on markets names runs, and says what the page says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from optimizer.cli.main import main

PAGE = (Path(__file__).resolve().parents[2] / "models" / "README.md").read_text(encoding="utf-8")


def test_advertising_is_one_number_away(capsys: pytest.CaptureFixture[str]) -> None:
    """Advertising brings revenue, and some free customers leave for it."""
    (command,) = re.findall(r"`optimizer (evaluate .*)`", PAGE)
    assert main([*shlex.split(command), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert figures["revenue"]["value"] > 1.001 * figures["revenue"]["today"]
    assert figures["customers"]["value"] < figures["customers"]["today"]
