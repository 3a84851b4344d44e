"""The command that writes the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimizer.cli.main import main

CASE = "assistant-startup-margin"


def test_it_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "folder" / "page.html"
    assert main(["page", CASE, str(file)]) == 0
    assert capsys.readouterr().out == f"saved to {file}\n"
    text = file.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and "Proven best of" not in text
    again = tmp_path / "again.html"
    assert main(["page", CASE, str(again)]) == 0
    assert again.read_bytes() == file.read_bytes()


def test_it_can_hold_the_proven_menu(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    assert main(["page", CASE, str(file), "--solve", "--set", "pools.main.price=x1.2"]) == 0
    assert "Proven best of" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [["nothing", "page.html"], [CASE, ""], [CASE]])
def test_bad_arguments(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["page", *arguments]) == 2
    assert not list(tmp_path.iterdir())
