"""Answers the questions of docs/questions.md anew: files and commands stay, the lines of output are renewed.

A ``yaml`` block that starts with ``# name.yaml`` is a file. In a ``console`` block a line that starts with ``$`` is a
command, and each line below it is the next line of its output that starts with the same words, blanks shortened.
Run it where a market changed, then read the words of the page again.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

from optimizer.cli.main import main

PAGE = Path(__file__).with_name("questions.md")
FILES = re.compile(r"```yaml\n# (\S+\.yaml)\n(.*?)```", re.S)
CONSOLES = re.compile(r"(?<=```console\n).*?(?=```)", re.S)


def sections(page: str) -> list[str]:
    """The questions of a page, each from its heading on."""
    return re.split(r"(?m)^(?=## )", page)[1:]


def answered(section: str, folder: Path) -> str:
    """A question with the lines of its answer as they are now; its files are written to a folder."""
    for name, text in FILES.findall(section):
        (folder / name).write_text(text, encoding="utf-8")
    before = os.getcwd()
    os.chdir(folder)
    try:
        return CONSOLES.sub(lambda block: "".join(f"{line}\n" for line in _renewed(block[0].splitlines())), section)
    finally:
        os.chdir(before)


def _renewed(lines: list[str]) -> Iterator[str]:
    rest: list[str] = []
    for line in lines:
        if line.startswith("$ "):
            rest = _output(line)
            yield line
            continue
        at = next((k for k, new in enumerate(rest) if _key(new) == _key(line)), None)
        yield f"no line of the output from here on is: {_key(line)}" if at is None else rest[at]
        rest = rest if at is None else rest[at + 1 :]


def _output(command: str) -> list[str]:
    """What a command prints, line by line. Raises RuntimeError where it fails."""
    program, *arguments = shlex.split(command.removeprefix("$ "))
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        code = main(arguments) if program == "optimizer" else 2
    if code != 0:
        raise RuntimeError(f"{command} ended with {code}")
    return [re.sub(r" {2,}", "  ", line).rstrip() for line in told.getvalue().splitlines()]


def _key(line: str) -> str:
    """The words that tell a line: up to a colon or a column."""
    return re.split(r":|  ", line)[0].removesuffix(" *").strip()


if __name__ == "__main__":
    whole = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for part in sections(whole):
            whole = whole.replace(part, answered(part, Path(folder)))
    PAGE.write_text(whole, encoding="utf-8")
