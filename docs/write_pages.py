"""Runs the commands of the documentation anew: files and commands stay, the lines of output are renewed.

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

DOCS = Path(__file__).parent
PAGES = ("start", "reading", "questions", "learn")
"""Pages with commands; every section starts in a folder of its own but for ``start``, which is one walk."""
FILES = re.compile(r"```yaml\n# (\S+\.yaml)\n(.*?)```", re.S)
CONSOLES = re.compile(r"(?<=```console\n).*?(?=```)", re.S)


def sections(name: str) -> list[str]:
    """The parts of a page that are run one by one, each from its heading on."""
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    return [page] if name == "start" else re.split(r"(?m)^(?=## )", page)[name == "questions" :]


def answered(section: str, folder: Path) -> str:
    """A section with its lines of output as they are now; its files are written to a folder."""
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
    return [re.sub(r" {2,}", "  ", line.strip()) for line in told.getvalue().splitlines()]


def _key(line: str) -> str:
    """The words that tell a line: up to a colon or a column."""
    return re.split(r":|  ", line)[0].removesuffix(" *").strip()


if __name__ == "__main__":
    for name in PAGES:
        path = DOCS / f"{name}.md"
        text = path.read_text(encoding="utf-8")
        for part in sections(name):
            with tempfile.TemporaryDirectory() as folder:
                text = text.replace(part, answered(part, Path(folder)))
        path.write_text(text, encoding="utf-8")
