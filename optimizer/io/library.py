"""Where the shipped markets and cases are, and how a name in a case finds its market."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optimizer.errors import InputError, bad_argument
from optimizer.io.documents import Document
from optimizer.io.text import read_text

_SUFFIXES = (".yaml", ".yml")
_FIRST_TITLE = re.compile(r"(?:#[^\n]*\n|\n)*title: +(?P<words>[^\W\d_][^\n]*?) *\n(?=\S|\Z)")
"""A title that starts with a letter in the first line that is no comment; no blank or indented line follows."""


def data_folder() -> Path:
    """The folder that holds ``models`` and ``cases``: inside an installed wheel, else the checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent


def list_cases() -> list[str]:
    """Names of the shipped cases, sorted."""
    folder = data_folder() / "cases"
    return sorted(p.stem for p in folder.glob("*.yaml")) if folder.is_dir() else []


def list_backtests() -> list[str]:
    """Names of the shipped back-tests, sorted."""
    folder = data_folder() / "cases" / "backtests"
    return sorted(p.stem for p in folder.glob("*.yaml")) if folder.is_dir() else []


def list_markets() -> list[str]:
    """Names of the shipped markets, sorted."""
    folder = data_folder() / "models"
    return sorted(p.name for p in folder.iterdir() if _is_market(p)) if folder.is_dir() else []


def case_path(name_or_path: str | os.PathLike[str]) -> Path:
    """The file of a case, given by a shipped name or by a path.

    Raises:
        InputError: there is no such case; the nearest names are told.
    """
    text = os.fspath(name_or_path)
    path = Path(text)
    named = not path.suffix.lower().endswith(_SUFFIXES) and path.name == text
    if named and text in list_cases():
        return data_folder() / "cases" / f"{text}.yaml"
    if text and "\x00" not in text and path.is_file():
        return path
    if text and "\x00" not in text and path.is_dir():
        from optimizer.io.kinds import kind_of_folder

        raise bad_argument("case", *kind_of_folder(path))
    if named:
        raise _unknown("case", text, list_cases(), "or name a file, e.g. my-case.yaml")
    nearby = sorted(str(p) for p in path.parent.glob("*") if p.suffix in _SUFFIXES) if "\x00" not in text else []
    raise bad_argument(
        "case", f"no file {text!r}", _nearest(path.stem if path.suffix else text, [*list_cases(), *nearby])
    )


def backtest_path(name_or_path: str | os.PathLike[str]) -> Path:
    """The file of a back-test, given by a shipped name or by a path. Raises InputError, with the list of them."""
    text, known = os.fspath(name_or_path), list_backtests()
    if text in known:
        return data_folder() / "cases" / "backtests" / f"{text}.yaml"
    if text and "\x00" not in text and Path(text).is_file():
        return Path(text)
    raise bad_argument("backtest", f"no back-test is named {text!r}", f"any of {', '.join(known)}, or name a file")


def market_path(name: str, relative_to: str | os.PathLike[str] | None = None) -> Path:
    """The folder of a market that a case names.

    Args:
        name: a market's name, or a folder relative to the case's folder.
        relative_to: folder of the case file. A market in ``../models`` beside it, or in the folder
            itself, wins over a shipped one of the same name.

    Raises:
        InputError: there is no such market; the nearest names are told.
    """
    base = Path(os.curdir if relative_to is None else relative_to)
    found = local_market(name, base) or shipped_market(name)
    if found is not None:
        return found
    local = base / ".." / "models"
    beside = sorted(p.name for p in local.iterdir() if _is_market(p)) if local.is_dir() else []
    cure = f"or name a folder with the market's YAML files, relative to {str(base)!r}"
    raise _unknown("market", name, [*beside, *list_markets()], cure)


def local_market(name: str, base: Path) -> Path | None:
    """The folder of a market beside a folder of cases (``../models``) or in it; None where there is none."""
    if not name or "\x00" in name:
        return None
    beside = base.parent / "models" / name if _has_name(base) else base / ".." / "models" / name
    candidates = [beside, base / name] if _names_a_folder(name) else [base / name]
    return next((folder for folder in candidates if _is_market(folder)), None)


def shipped_market(name: str) -> Path | None:
    """The folder of a shipped market; None where there is none of this name."""
    folder = data_folder() / "models" / name
    return folder if _names_a_folder(name) and _is_market(folder) else None


def _names_a_folder(name: str) -> bool:
    """Whether a market's name is that of a folder, and no path."""
    return bool(name) and "\x00" not in name and Path(name).name == name and name not in (".", "..")


def case_document(name_or_path: str | os.PathLike[str]) -> Document:
    """Read a case by shipped name or path.

    Raises:
        InputError: unknown name, or a file that is not allowed YAML or not a case.
    """
    from optimizer.io.kinds import read_case_document

    return read_case_document(case_path(name_or_path))


def case_title(name_or_path: str | os.PathLike[str]) -> Any:
    """The title of a case. Read from the first lines where plain words stand there: the whole file is slow to read.

    Raises:
        InputError: unknown name, or a file that is not allowed YAML.
    """
    found = _FIRST_TITLE.match(read_text(case_path(name_or_path)))
    if found is not None and _is_plain(found["words"]):
        return found["words"]
    return case_document(name_or_path).data.get("title")


def _is_plain(words: str) -> bool:
    """Whether YAML takes words that start with a letter, and that no line goes on, for this very text."""
    marked = ": " in words or " #" in words or words.endswith(":")
    return words.isprintable() and not marked and words.lower() not in ("true", "false", "null")


def _has_name(folder: Path) -> bool:
    """Whether the parent can be told from the path alone, for readable results."""
    return folder.name not in ("", "..", ".") and not folder.is_symlink()


def _is_market(folder: Path) -> bool:
    """A folder with at least one YAML file in it."""
    return folder.is_dir() and any(p.suffix in _SUFFIXES for p in folder.iterdir())


def _nearest(text: str, known: Sequence[str]) -> str:
    """The names most like a text, as a cure."""
    close = difflib.get_close_matches(text, list(dict.fromkeys(known)), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else "see 'optimizer list'"


def _unknown(kind: str, name: str, known: Sequence[str], otherwise: str) -> InputError:
    return bad_argument(kind, f"no {kind} is named {name!r}", f"{_nearest(name, known)} {otherwise}")
