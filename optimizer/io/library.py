"""Where the shipped markets and cases are, and how a name in a case finds its market."""

from __future__ import annotations

import difflib
import filecmp
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from optimizer.errors import InputError, bad_argument
from optimizer.execution.ending import undivided
from optimizer.io.documents import Document
from optimizer.io.kinds import kind_of_folder, read_case_document
from optimizer.io.saving import write_atomic
from optimizer.io.workbook_cells import SUFFIXES

_SUFFIXES = (".yaml", ".yml")


def data_folder() -> Path:
    """The folder that holds ``models`` and ``cases``: inside an installed wheel, else the checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent


def list_cases() -> list[str]:
    """Names of the shipped cases, sorted."""
    folder = data_folder() / "cases"
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
        raise bad_argument("case", *kind_of_folder(path))
    if named:
        raise _unknown("case", text, list_cases(), "or name a file, e.g. my-case.yaml")
    nearby = sorted(str(p) for p in path.parent.glob("*") if p.suffix in _SUFFIXES) if "\x00" not in text else []
    raise bad_argument(
        "case", f"no file {text!r}", _nearest(path.stem if path.suffix else text, [*list_cases(), *nearby])
    )


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
    candidates: list[Path] = []
    if name and "\x00" not in name:
        plain = Path(name).name == name and name not in (".", "..")
        if plain:
            candidates = [base.parent / "models" / name if _has_name(base) else base / ".." / "models" / name]
        candidates.append(base / name)
        if plain:
            candidates.append(data_folder() / "models" / name)
    for folder in candidates:
        if _is_market(folder):
            return folder
    local = base / ".." / "models"
    beside = sorted(p.name for p in local.iterdir() if _is_market(p)) if local.is_dir() else []
    cure = f"or name a folder with the market's YAML files, relative to {str(base)!r}"
    raise _unknown("market", name, [*beside, *list_markets()], cure)


@undivided
def copy_case(name: str | os.PathLike[str], folder: str | os.PathLike[str]) -> Path:
    """Copy a case with its market to ``folder/cases/x.yaml`` and ``folder/models/<market>/``; the copy's path.

    A market that is there already is kept if it is the same.

    Raises:
        InputError: unknown name, or something in the way; nothing has been written then.
    """
    source = case_path(name)
    if source.suffix.lower() in SUFFIXES:
        raise bad_argument("name", f"{source} is a workbook", "copy the file itself: it holds the case and its market")
    document = read_case_document(source)
    market = document.data.get("market")
    if not isinstance(market, str):
        cure = "write 'market: ' and the market's name"
        raise InputError([document.finding("case-market", "market", "the case does not name its market", cure)])
    market_folder = market_path(market, source.parent)
    plain = Path(market).name
    if market not in (plain, f"../models/{plain}"):
        message = f"the market is given by the path {market!r}, which the copy would not find"
        raise InputError([document.finding("case-market", "market", message, f"name it {plain!r}")])
    root = Path(folder)
    case_target, market_target = root / "cases" / source.name, root / "models" / plain
    same_market = market_target.is_dir() and _same_files(market_folder, market_target)
    for target, clash in ((case_target, True), (market_target, not same_market)):
        if clash and os.path.lexists(target):
            raise bad_argument("dir", f"{target} exists already", "name another folder, or remove it first")
    for parent in (root, root / "cases", root / "models"):
        if parent.exists() and not parent.is_dir():
            raise bad_argument("dir", f"{parent} is a file, not a folder", "name another folder")
    for parent in (case_target.parent, market_target.parent):
        parent.mkdir(parents=True, exist_ok=True)
    if not same_market:
        _copy_folder(market_folder, market_target)
    write_atomic(case_target, source.read_bytes())
    return case_target


def case_document(name_or_path: str | os.PathLike[str]) -> Document:
    """Read a case by shipped name or path.

    Raises:
        InputError: unknown name, or a file that is not allowed YAML or not a case.
    """
    return read_case_document(case_path(name_or_path))


def _has_name(folder: Path) -> bool:
    """Whether the parent can be told from the path alone, for readable results."""
    return folder.name not in ("", "..", ".") and not folder.is_symlink()


def _is_market(folder: Path) -> bool:
    """A folder with at least one YAML file in it."""
    return folder.is_dir() and any(p.suffix in _SUFFIXES for p in folder.iterdir())


def _copy_folder(source: Path, target: Path) -> None:
    """Copy the ordinary files of a folder tree, visible only once complete."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        shutil.copytree(source, temporary, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        os.rename(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _same_files(one: Path, other: Path) -> bool:
    """Whether two folders hold the same visible files with the same content."""

    def names(folder: Path) -> list[Path]:
        found = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
        return sorted(p for p in found if not any(part.startswith(".") for part in p.parts))

    files = names(one)
    return files == names(other) and all(filecmp.cmp(one / f, other / f, shallow=False) for f in files)


def _nearest(text: str, known: Sequence[str]) -> str:
    """The names most like a text, as a cure."""
    close = difflib.get_close_matches(text, list(dict.fromkeys(known)), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else "see 'optimizer list'"


def _unknown(kind: str, name: str, known: Sequence[str], otherwise: str) -> InputError:
    return bad_argument(kind, f"no {kind} is named {name!r}", f"{_nearest(name, known)} {otherwise}")
